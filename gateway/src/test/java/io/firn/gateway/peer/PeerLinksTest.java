package io.firn.gateway.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ApiVersionsHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.quota.ConnectionQuotas;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.gateway.wire.PeerLimits;
import io.firn.gateway.wire.PeerReply;
import io.firn.membership.ClusterView;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.EventLoop;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.errors.DisconnectException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.DescribeClusterRequestData;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.DescribeClusterRequest;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.HeartbeatResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Links between two brokers of one process, over real sockets; and to listeners that are no good. */
class PeerLinksTest {

    private static final int BROKER = 7;
    private static final long LONG_MS = 60_000;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(3));
    private final EventLoops loops = EventLoops.of(vertx, 2);
    private final Map<Integer, PeerAddress> addresses = new ConcurrentHashMap<>();
    private final BlockingQueue<Request> handled = new LinkedBlockingQueue<>();
    private final PeerLinks links = links(new PeerLimits(1 << 20, 4, (int) LONG_MS));
    private final List<AutoCloseable> others = new ArrayList<>();

    private PeerLinks links(PeerLimits limits) {
        return new PeerLinks(vertx, loops, id -> Optional.ofNullable(addresses.get(id)), "broker-1", limits);
    }

    @AfterEach
    void stop() throws Exception {
        links.close();
        for (AutoCloseable other : others) {
            other.close();
        }
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void answersComeOnTheLoopThatAskedInTheOrderOfTheRequests() throws Exception {
        try (LeakWatch leaks = new LeakWatch()) {
            listen();
            EventLoop loop = loops.first();
            List<Integer> order = new ArrayList<>();
            List<CompletableFuture<Boolean>> answers = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                int number = i;
                answers.add(links.send(BROKER, loop, heartbeat(), LONG_MS).thenApply(reply -> {
                    order.add(number);
                    reply.release().run();
                    return loop.inEventLoop();
                }));
            }
            List<Request> requests = List.of(next(), next(), next());
            for (int i = 2; i >= 0; i--) {
                requests.get(i).respond(new HeartbeatResponseData().setThrottleTimeMs(i));
            }
            for (CompletableFuture<Boolean> answer : answers) {
                assertThat(Await.get(answer)).isTrue();
            }
            assertThat(order).containsExactly(0, 1, 2);
            assertThat(requests.get(0).header().clientId()).isEqualTo("broker-1");
            leaks.assertNoLeak();
        }
    }

    @Test
    void aBrokerThatCannotBeReachedFailsAtOnceUntilItIsDialledAgainAndFound() throws Exception {
        int port = freePort();
        addresses.put(BROKER, new PeerAddress("127.0.0.1", port));
        assertThat(failure(links.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(DisconnectException.class).hasMessageContaining("cannot connect");
        assertThat(failure(links.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(DisconnectException.class);
        listen(port);
        askUntilAnswered();
    }

    /** Some requests may fail first, and some be handled later than they are looked for. */
    private void askUntilAnswered() {
        AtomicBoolean answered = new AtomicBoolean();
        Await.until("answered", () -> {
            links.send(BROKER, loops.first(), heartbeat(), LONG_MS).thenAccept(reply -> {
                reply.release().run();
                answered.set(true);
            });
            Request request = handled.poll(50, TimeUnit.MILLISECONDS);
            if (request != null) {
                request.respond(new HeartbeatResponseData());
            }
            return answered.get();
        });
    }

    @Test
    void aBrokerNobodyKnowsIsNotDialled() {
        assertThat(failure(links.send(99, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(DisconnectException.class).hasMessageContaining("no broker 99");
    }

    @Test
    void aRequestThatIsNotAnsweredInTimeEndsTheConnectionAndTheNextOneMakesAnother() throws Exception {
        listen();
        connect();
        CompletableFuture<PeerReply> unanswered = links.send(BROKER, loops.first(), heartbeat(), 2_000);
        CompletableFuture<PeerReply> behind = links.send(BROKER, loops.first(), heartbeat(), LONG_MS);
        Request first = next();
        next();
        assertThat(failure(unanswered)).isInstanceOf(TimeoutException.class).hasMessageContaining("HEARTBEAT");
        assertThat(failure(behind)).isInstanceOf(TimeoutException.class);
        Await.until("the other side saw it end", first::abandoned);
        askUntilAnswered();
    }

    @Test
    void aListenerThatNeverSaysWhatItServesIsGivenUp() throws Exception {
        try (PeerLinks impatient = links(new PeerLimits(1 << 20, 4, 300))) {
            silent(new byte[0]);
            assertThat(failure(impatient.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(TimeoutException.class);
        }
    }

    @Test
    void aRequestThatWaitsForAConnectionFailsWhenItsOwnTimeIsOver() throws Exception {
        try (PeerLinks patient = links(new PeerLimits(1 << 20, 4, 600_000))) {
            silent(new byte[0]);
            CompletableFuture<PeerReply> other = patient.send(BROKER, loops.first(), heartbeat(), LONG_MS * 10);
            assertThat(failure(patient.send(BROKER, loops.first(), heartbeat(), 200))).isInstanceOf(TimeoutException.class).hasMessageContaining("200 ms");
            assertThat(other).as("one with more time").isNotDone();
        }
    }

    @Test
    void noiseInPlaceOfAnAnswerEndsTheConnection() throws Exception {
        silent(new byte[] {0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8});
        assertThat(failure(links.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(DisconnectException.class).hasMessageContaining("cannot be read");
    }

    @Test
    void anAnswerThatIsTooLongEndsTheConnection() throws Exception {
        silent(new byte[] {0x7f, 0, 0, 0});
        assertThat(failure(links.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(DisconnectException.class).hasMessageContaining("bytes");
    }

    @Test
    void anApiThatTheOtherBrokerDoesNotServeIsNotSent() throws Exception {
        listen();
        assertThat(failure(links.send(BROKER, loops.first(), new DescribeClusterRequest.Builder(new DescribeClusterRequestData()), LONG_MS))).isInstanceOf(UnsupportedVersionException.class);
    }

    @Test
    void requestsOverTheLimitOfOneConnectionFailAtOnceAndTheOthersGoOn() throws Exception {
        listen();
        List<CompletableFuture<PeerReply>> within = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            within.add(links.send(BROKER, loops.first(), heartbeat(), LONG_MS));
        }
        List<Request> requests = List.of(next(), next(), next(), next());
        assertThat(failure(links.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(TimeoutException.class).hasMessageContaining("4 requests");
        requests.forEach(request -> request.respond(new HeartbeatResponseData()));
        within.forEach(reply -> Await.get(reply).release().run());
    }

    @Test
    void aBrokerThatHasMovedIsReachedAtItsNewAddress() throws Exception {
        listen();
        connect();
        CompletableFuture<PeerReply> unanswered = links.send(BROKER, loops.first(), heartbeat(), LONG_MS);
        next();
        listen(freePort()); // listeners of one Vert.x that take any port share one
        CompletableFuture<PeerReply> after = links.send(BROKER, loops.first(), heartbeat(), LONG_MS);
        next().respond(new HeartbeatResponseData().setThrottleTimeMs(2));
        PeerReply reply = Await.get(after);
        assertThat(((HeartbeatResponse) reply.response()).throttleTimeMs()).isEqualTo(2);
        reply.release().run();
        assertThat(failure(unanswered)).isInstanceOf(DisconnectException.class).hasMessageContaining("moved");
    }

    @Test
    void closingFailsWhatWaitsAndWhateverComesLater() throws Exception {
        listen();
        CompletableFuture<PeerReply> waiting = links.send(BROKER, loops.first(), heartbeat(), LONG_MS);
        next();
        links.close();
        assertThat(failure(waiting)).isInstanceOf(DisconnectException.class);
        assertThat(failure(links.send(BROKER, loops.first(), heartbeat(), LONG_MS))).isInstanceOf(DisconnectException.class);
    }

    private static AbstractRequest.Builder<?> heartbeat() {
        return new HeartbeatRequest.Builder(new HeartbeatRequestData().setGroupId("g").setMemberId("m"));
    }

    private static Throwable failure(CompletableFuture<PeerReply> future) {
        try {
            return new AssertionError("answered: " + future.get(60, TimeUnit.SECONDS));
        } catch (ExecutionException failed) {
            return failed.getCause();
        } catch (Exception e) {
            throw new AssertionError("future", e);
        }
    }

    /** So that a request with a short time does not have to wait for the connection as well. */
    private void connect() throws InterruptedException {
        CompletableFuture<PeerReply> first = links.send(BROKER, loops.first(), heartbeat(), LONG_MS);
        next().respond(new HeartbeatResponseData());
        Await.get(first).release().run();
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    private Request next() throws InterruptedException {
        Request request = handled.poll(60, TimeUnit.SECONDS);
        assertThat(request).isNotNull();
        return request;
    }

    private void listen() {
        listen(0);
    }

    private void listen(int port) {
        ApiTable[] table = new ApiTable[1];
        table[0] = new ApiTable(List.of(ServedApi.of(ApiKeys.API_VERSIONS, new ApiVersionsHandler(() -> table[0])), ServedApi.of(ApiKeys.HEARTBEAT, handled::add)));
        BrokerConfig.Kafka config = new BrokerConfig.Kafka("127.0.0.1", port, Optional.empty(), 0, 1, 1 << 20, 1 << 20, 8, 600_000, 60_000, 100);
        KafkaListener listener = KafkaListener.start(vertx, EventLoops.of(vertx, 1), config, table[0], new SimpleMeterRegistry(), new ClientQuotas(() -> ClusterView.EMPTY, InstantSource.system()),
                new ConnectionQuotas(() -> ClusterView.EMPTY, InstantSource.system(), Runnable::run));
        others.add(listener);
        addresses.put(BROKER, new PeerAddress("127.0.0.1", listener.port()));
    }

    /** A listener that answers every connection with these bytes, whatever is asked. */
    private void silent(byte[] answer) throws IOException {
        ServerSocket server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        others.add(server);
        addresses.put(BROKER, new PeerAddress("127.0.0.1", server.getLocalPort()));
        Thread thread = new Thread(() -> {
            try {
                Socket socket = server.accept();
                others.add(socket);
                new DataOutputStream(socket.getOutputStream()).write(answer);
            } catch (IOException closed) {
                // the test is over
            }
        });
        thread.setDaemon(true);
        thread.start();
    }
}
