package io.firn.gateway.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.Await;
import io.firn.gateway.wire.EventLoops;
import io.firn.gateway.wire.KafkaListener;
import io.firn.membership.MetadataOutcomeUnknown;
import io.firn.membership.MetadataPeers;
import io.firn.membership.MetadataPeers.Way;
import io.firn.membership.MetadataUnavailable;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.net.ServerSocket;
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
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two brokers of one process that send each other messages of the metadata over real sockets. */
class MetadataLinksTest {

    private static final int ASKER = 1;
    private static final int ASKED = 2;
    private static final Uuid ASKER_PROCESS = new Uuid(1, 1);
    private static final Uuid ASKED_PROCESS = new Uuid(2, 2);
    private static final long LONG_MS = 60_000;

    private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(2));
    private final EventLoops loops = EventLoops.of(vertx, 2);
    private final Known known = new Known();
    private final MetadataLinks asker = new MetadataLinks(vertx, loops, ASKER, ASKER_PROCESS, known);
    private final MetadataLinks asked = new MetadataLinks(vertx, loops, ASKED, ASKED_PROCESS, known);
    private final BlockingQueue<Handled> handled = new LinkedBlockingQueue<>();
    private final BlockingQueue<Integer> lost = new LinkedBlockingQueue<>();
    private final int port = freePort();
    private KafkaListener listener = listen();

    MetadataLinksTest() throws IOException {
        known.places.put(ASKER, new Whereabouts.Place(ASKER_PROCESS, new PeerAddress("127.0.0.1", 1)));
        known.places.put(ASKED, new Whereabouts.Place(ASKED_PROCESS, new PeerAddress("127.0.0.1", port)));
        asked.serve(new MetadataPeers.Handler() {
            @Override
            public CompletableFuture<byte[]> handle(int broker, byte[] message) {
                Handled one = new Handled(broker, message, new CompletableFuture<>());
                handled.add(one);
                return one.reply;
            }

            @Override
            public void lost(int broker) {
                // It asks nobody.
            }
        });
        asker.serve(new MetadataPeers.Handler() {
            @Override
            public CompletableFuture<byte[]> handle(int broker, byte[] message) {
                return CompletableFuture.failedFuture(new AssertionError("nobody asks it"));
            }

            @Override
            public void lost(int broker) {
                lost.add(broker);
            }
        });
    }

    private record Handled(int sender, byte[] message, CompletableFuture<byte[]> reply) {}

    private static final class Known implements Whereabouts {
        private final Map<Integer, Place> places = new ConcurrentHashMap<>();

        @Override
        public Optional<Place> of(int broker) {
            return Optional.ofNullable(places.get(broker));
        }

        @Override
        public boolean knows(int broker, Uuid process) {
            return of(broker).filter(place -> place.process().equals(process)).isPresent();
        }
    }

    @AfterEach
    void stop() {
        asker.close();
        asked.close();
        listener.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    private KafkaListener listen() {
        PeerApis apis = new PeerApis(asked.envelopes(), request -> request.noResponse());
        BrokerConfig config = ConfigLoader.of(Map.of("peer.port", Integer.toString(port), "kafka.request.max.bytes", "1024"));
        return KafkaListener.startForBrokers(vertx, loops, config, MetadataLinks.REQUESTS_IN_FLIGHT, MetadataLinks.REQUEST_MAX_BYTES, apis.table(), new SimpleMeterRegistry(), InstantSource.system());
    }

    private CompletableFuture<byte[]> ask(Way way, long timeoutMs) {
        return asker.request(ASKED, way, new byte[] {7}, timeoutMs);
    }

    private Handled next() throws InterruptedException {
        Handled one = handled.poll(60, TimeUnit.SECONDS);
        assertThat(one).isNotNull();
        return one;
    }

    private static Throwable failure(CompletableFuture<byte[]> future) {
        try {
            future.get(60, TimeUnit.SECONDS);
            throw new AssertionError("it was answered");
        } catch (ExecutionException failed) {
            return failed.getCause();
        } catch (InterruptedException | java.util.concurrent.TimeoutException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aMessageComesWithItsSendersIdAndItsReplyGoesBack() throws Exception {
        CompletableFuture<byte[]> reply = ask(Way.NEWS, LONG_MS);
        Handled one = next();
        assertThat(one.sender).isEqualTo(ASKER);
        assertThat(one.message).containsExactly(7);
        one.reply.complete(new byte[] {8, 9});
        assertThat(Await.get(reply)).containsExactly(8, 9);
    }

    @Test
    void theLongestMessagePassesHoweverShortRequestsOfClientsMustBe() throws Exception {
        byte[] longest = new byte[MetadataPeers.MAX_MESSAGE_BYTES];
        longest[longest.length - 1] = 5;
        CompletableFuture<byte[]> reply = asker.request(ASKED, Way.NEWS, longest, LONG_MS);
        Handled one = next();
        assertThat(one.message).isEqualTo(longest);
        one.reply.complete(longest);
        assertThat(Await.get(reply)).isEqualTo(longest);
    }

    @Test
    void aMessageForAnEarlierProcessIsNotHandled() {
        known.places.put(ASKED, new Whereabouts.Place(new Uuid(2, 99), new PeerAddress("127.0.0.1", port)));
        assertThat(failure(ask(Way.NEWS, LONG_MS))).isInstanceOf(MetadataUnavailable.class);
        assertThat(handled).isEmpty();
    }

    @Test
    void aMessageOfAProcessThatIsNotTheBrokerItSaysIsNotHandled() {
        known.places.put(ASKER, new Whereabouts.Place(new Uuid(1, 99), new PeerAddress("127.0.0.1", 1)));
        assertThat(failure(ask(Way.COMMANDS, LONG_MS))).isInstanceOf(MetadataUnavailable.class);
        assertThat(handled).isEmpty();
    }

    @Test
    void whatCannotBeSentIsCertainlyNotHandledAndTheBrokerIsToldAsLost() throws Exception {
        assertThat(failure(asker.request(99, Way.NEWS, new byte[1], LONG_MS))).isInstanceOf(MetadataUnavailable.class);
        listener.close();
        assertThat(failure(ask(Way.NEWS, LONG_MS))).isInstanceOf(MetadataUnavailable.class);
        assertThat(lost.poll(60, TimeUnit.SECONDS)).isEqualTo(ASKED);
    }

    @Test
    void ofAMessageThatWasSentAndNotAnsweredNobodyKnows() throws Exception {
        CompletableFuture<byte[]> unanswered = ask(Way.NEWS, 300);
        next();
        assertThat(failure(unanswered)).isInstanceOf(MetadataOutcomeUnknown.class);
        List<CompletableFuture<byte[]>> asked = new ArrayList<>();
        Await.until("it is dialled again", () -> {
            asked.add(ask(Way.NEWS, LONG_MS));
            return handled.poll(50, TimeUnit.MILLISECONDS) != null;
        });
        CompletableFuture<byte[]> brokenOff = asked.get(asked.size() - 1);
        lost.clear();
        listener.close();
        assertThat(failure(brokenOff)).isInstanceOf(MetadataOutcomeUnknown.class);
        assertThat(lost.poll(60, TimeUnit.SECONDS)).isEqualTo(ASKED);
    }

    @Test
    void aReceiverThatCouldNotHandleItSaysSo() throws Exception {
        CompletableFuture<byte[]> refused = ask(Way.NEWS, LONG_MS);
        next().reply.completeExceptionally(new MetadataUnavailable("closed", null));
        assertThat(failure(refused)).isInstanceOf(MetadataUnavailable.class);
        CompletableFuture<byte[]> unknown = ask(Way.NEWS, LONG_MS);
        next().reply.completeExceptionally(new IllegalStateException("who knows"));
        assertThat(failure(unknown)).isInstanceOf(MetadataOutcomeUnknown.class);
    }

    @Test
    void commandsThatWaitHoldUpNoNewsHoweverManyTheyAre() throws Exception {
        List<CompletableFuture<byte[]>> commands = new ArrayList<>();
        List<Handled> waiting = new ArrayList<>();
        for (int i = 0; i < 1024; i++) {
            commands.add(ask(Way.COMMANDS, LONG_MS));
            waiting.add(next()); // one after the other: before the connection stands there is room for few
        }
        CompletableFuture<byte[]> news = ask(Way.NEWS, LONG_MS);
        next().reply.complete(new byte[] {1});
        assertThat(Await.get(news)).containsExactly(1);
        assertThat(commands).noneMatch(CompletableFuture::isDone);
        waiting.forEach(one -> one.reply.complete(new byte[] {2}));
        commands.forEach(command -> assertThat(Await.get(command)).containsExactly(2));
    }
}
