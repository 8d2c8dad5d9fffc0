package io.firn.gateway.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.cluster.Heartbeat;
import io.firn.gateway.cluster.HeartbeatReply;
import io.firn.gateway.cluster.HeartbeatReply.Outcome;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.Await;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.gateway.wire.PeerLimits;
import io.firn.gateway.wire.PeerReply;
import io.firn.membership.Endpoint;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransactionCollection;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsPartition;
import org.apache.kafka.common.message.ListOffsetsRequestData.ListOffsetsTopic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.ListOffsetsRequest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Heartbeats over real sockets, and what becomes known when one ends. */
class HeartbeatsTest {

    private static final int CONTROLLER = 2;
    private static final Heartbeat BEAT = new Heartbeat(1, 44, 50, true);

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));
    private final EventLoops loops = EventLoops.of(vertx, 1);
    private final BlockingQueue<Heartbeat> heard = new LinkedBlockingQueue<>();
    private final BlockingQueue<Long> ended = new LinkedBlockingQueue<>();
    private final int port;
    private volatile HeartbeatReply answer = new HeartbeatReply(Outcome.HEARD, true, false, 1L << 40);
    private final KafkaListener listener;
    private final PeerApis apis;
    private final PeerLinks links;
    private final Heartbeats heartbeats;

    HeartbeatsTest() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        apis = new PeerApis(request -> request.noResponse(), Heartbeats.handler(this::hear, (broker, epoch) -> ended.add(broker * 1_000 + epoch)));
        listener = KafkaListener.startForBrokers(vertx, loops, ConfigLoader.of(Map.of("peer.port", Integer.toString(port))), 10, 1 << 20, apis.table(), new SimpleMeterRegistry(), InstantSource.system());
        links = new PeerLinks(vertx, loops, broker -> broker == CONTROLLER ? Optional.of(new PeerAddress("127.0.0.1", port)) : Optional.empty(), "t", new PeerLimits(1 << 20, 4, 60_000));
        heartbeats = new Heartbeats(1, links, loops.first(), heartbeat -> CompletableFuture.completedFuture(HeartbeatReply.refused(Outcome.STALE)));
    }

    private CompletableFuture<HeartbeatReply> hear(Heartbeat heartbeat) {
        heard.add(heartbeat);
        return CompletableFuture.completedFuture(answer);
    }

    @AfterEach
    void stop() {
        links.close();
        listener.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void aHeartbeatArrivesAsItWasAndSoDoesEachAnswer() {
        for (HeartbeatReply each : new HeartbeatReply[] {new HeartbeatReply(Outcome.HEARD, true, false, 1L << 40), new HeartbeatReply(Outcome.HEARD, false, true, 1L << 40), HeartbeatReply.refused(Outcome.NOT_CONTROLLER),
            HeartbeatReply.refused(Outcome.STALE)}) {
            answer = each;
            assertThat(Await.get(heartbeats.send(CONTROLLER, BEAT, 60_000))).isEqualTo(each);
            assertThat(heard.poll()).isEqualTo(BEAT);
        }
    }

    @Test
    void aControllerHearsItselfWithoutANetwork() {
        assertThat(Await.get(heartbeats.send(1, BEAT, 60_000)).outcome()).isEqualTo(Outcome.STALE);
        assertThat(heard).isEmpty();
    }

    @Test
    void theEndOfTheConnectionIsToldWithTheEpochThatCameOnIt() throws Exception {
        Await.get(heartbeats.send(CONTROLLER, BEAT, 60_000));
        assertThat(ended).isEmpty();
        links.close();
        assertThat(ended.poll(60, TimeUnit.SECONDS)).isEqualTo(1_044);
    }

    @Test
    void anEmptyPortIsRefusedAndATakenOneIsNot() throws IOException {
        try (PortProbe probe = new PortProbe(vertx)) {
            assertThat(Await.get(probe.refused(new Endpoint(Endpoint.PEER, "127.0.0.1", port)))).isFalse();
            int empty;
            try (ServerSocket free = new ServerSocket(0)) {
                empty = free.getLocalPort();
            }
            assertThat(Await.get(probe.refused(new Endpoint(Endpoint.PEER, "127.0.0.1", empty)))).isTrue();
            assertThat(Await.get(probe.refused(new Endpoint(Endpoint.PEER, "no-such-host.invalid", empty)))).isFalse();
        }
    }

    @Test
    void onlyTheKernelsRefusalCounts() {
        assertThat(PortProbe.isRefusal(new java.net.ConnectException("Connection refused"))).isTrue();
        assertThat(PortProbe.isRefusal(new io.netty.channel.ConnectTimeoutException("connection timed out, refused to wait"))).isFalse();
        assertThat(PortProbe.isRefusal(new java.net.NoRouteToHostException("No route to host"))).isFalse();
        assertThat(PortProbe.isRefusal(new java.net.ConnectException("Network is unreachable"))).isFalse();
        assertThat(PortProbe.isRefusal(new IOException("Connection refused"))).isFalse();
    }

    @Test
    void whatNeedsPartitionsIsRefusedUntilTheyAreThere() {
        assertThat(refused(ListOffsetsRequest.Builder.forReplica((short) 11, 3).setTargetTimes(List.of(new ListOffsetsTopic().setName("t").setPartitions(List.of(new ListOffsetsPartition().setPartitionIndex(0)))))))
                .isEqualTo(Errors.BROKER_NOT_AVAILABLE);
    }

    /** A client that is answered BROKER_NOT_AVAILABLE gives up its transaction. */
    @Test
    void whoAsksACoordinatorThatIsStartingIsToldWhatClientsTryAgain() {
        AddPartitionsToTxnTransaction transaction = new AddPartitionsToTxnTransaction().setTransactionalId("t").setProducerId(1).setVerifyOnly(true);
        assertThat(refused(AddPartitionsToTxnRequest.Builder.forBroker(new AddPartitionsToTxnTransactionCollection(List.of(transaction).iterator())))).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
    }

    private Errors refused(AbstractRequest.Builder<?> question) {
        PeerReply reply = Await.get(links.send(CONTROLLER, loops.first(), question, 60_000));
        reply.release().run();
        return reply.response().errorCounts().keySet().iterator().next();
    }
}
