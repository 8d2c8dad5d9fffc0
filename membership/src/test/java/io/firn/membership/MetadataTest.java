package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.Command.AlterClientQuotas;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.AlterScramCredential;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.DeleteTopic;
import io.firn.membership.Command.RegisterBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The single broker's metadata from outside, on a real directory. */
@Timeout(60)
class MetadataTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_000L));

    private static final QuotaEntity LIMITED = new QuotaEntity(Map.of("user", Optional.of("u"), "client-id", Optional.empty()));
    private static final ScramCredential CREDENTIAL = new ScramCredential(4096, new byte[] {1}, new byte[] {2}, new byte[] {3});

    @TempDir
    private Path directory;

    private Metadata open() {
        return Metadata.openSingleBroker(directory.resolve("meta/data"), CLOCK, new Random(1));
    }

    @Test
    void aNewClusterHasAnIdentityThatStays() {
        String id;
        try (Metadata metadata = open()) {
            id = metadata.view().clusterId();
            assertThat(Uuid.fromString(id)).isNotEqualTo(Uuid.ZERO_UUID);
            assertThat(id).doesNotStartWith("-").hasSize(22);
        }
        try (Metadata metadata = open()) {
            assertThat(metadata.view().clusterId()).isEqualTo(id);
        }
    }

    @Test
    void metadataOfAClusterThatCannotBeOpenedCloseTheirStore() {
        SimMetadataStore store = new SimMetadataStore.Cluster().connect();
        ClusterPlan plan = new ClusterPlan(1, Set.of(1, 2, 3), MetadataTimes.DEFAULT);
        MetadataPeers nobody = new SimNetwork(new SimTime(new Random(1))).of(1);
        try (Metadata metadata = open()) {
            assertThat(metadata.view()).isNotNull();
            assertThatThrownBy(() -> Metadata.openCluster(directory.resolve("meta/data"), plan, 1, store, nobody, CLOCK, new Random(1))).isInstanceOf(MetadataOpenFailed.class);
        }
        assertThatThrownBy(() -> store.readHead(1).join()).hasCauseInstanceOf(MetadataUnavailable.class);
    }

    @Test
    void whatWasAnsweredIsThereAfterReopening() {
        Uuid id = Uuid.randomUuid();
        ClusterView before;
        try (Metadata metadata = open()) {
            metadata.submit(new RegisterBroker(7, "localhost", 9092, Optional.of("a"))).join();
            metadata.submit(new CreateTopic(id, "orders", 3, -1, Map.of(), Map.of("retention.ms", "-1"))).join();
            metadata.submit(new AlterConfigs(ConfigScope.TOPIC, "orders", Map.of("segment.bytes", Optional.of("1048576")))).join();
            metadata.submit(new AlterConfigs(ConfigScope.BROKER, "", Map.of("x", Optional.of("y")))).join();
            metadata.submit(new AlterConfigs(ConfigScope.CLIENT_METRICS, "m", Map.of("interval.ms", Optional.of("1000")))).join();
            metadata.submit(new AlterClientQuotas(LIMITED, Map.of("producer_byte_rate", Optional.of(1024.0)))).join();
            metadata.submit(new AlterScramCredential("u", ScramMechanism.SHA_512, Optional.of(CREDENTIAL))).join();
            before = metadata.submit(new AllocateProducerIds(1000)).join();
        }
        try (Metadata metadata = open()) {
            ClusterView after = metadata.view();
            assertThat(after.at(before.version(), before.controllerEpoch())).isEqualTo(before);
            assertThat(after.controllerEpoch()).isGreaterThan(before.controllerEpoch());
            assertThat(after.topic(id).orElseThrow().partitions()).hasSize(3).allMatch(p -> p.leader() == 7);
            assertThat(after.topic("orders").orElseThrow().configs()).containsOnlyKeys("retention.ms", "segment.bytes");
            assertThat(after.nextProducerId()).isEqualTo(1000);
            assertThat(after.clients()).isEqualTo(new ClientSettings(Map.of("m", Map.of("interval.ms", "1000")), Map.of(LIMITED, Map.of("producer_byte_rate", 1024.0)),
                    Map.of("u", Map.of(ScramMechanism.SHA_512, CREDENTIAL))));
        }
    }

    @Test
    void aBrokersEpochGrowsWithEachRegistration() {
        try (Metadata metadata = open()) {
            long first = metadata.submit(new RegisterBroker(1, "a", 1, Optional.empty())).join().brokers().get(1).epoch();
            BrokerView second = metadata.submit(new RegisterBroker(1, "b", 2, Optional.empty())).join().brokers().get(1);
            assertThat(second.epoch()).isGreaterThan(first);
            assertThat(second.host()).isEqualTo("b");
        }
    }

    @Test
    void anotherBrokerIdIsRefusedByTheSingleBrokersCluster() {
        try (Metadata metadata = open()) {
            metadata.submit(new RegisterBroker(1, "a", 1, Optional.empty())).join();
            assertThat(refusal(metadata.submit(new RegisterBroker(2, "a", 1, Optional.empty())))).isEqualTo(CommandRefused.Reason.UNKNOWN_BROKER);
        }
    }

    @Test
    void listenersSeeEveryChangeInOrderBeforeItsAnswer() {
        List<ClusterView> seen = new ArrayList<>();
        try (Metadata metadata = open()) {
            ClusterView start = metadata.view();
            metadata.submit(new RegisterBroker(1, "a", 1, Optional.empty())).join();
            ClusterView registered = metadata.view();
            metadata.subscribe((previous, next) -> {
                assertThat(previous).isEqualTo(seen.isEmpty() ? registered : seen.get(seen.size() - 1));
                assertThat(metadata.view()).isEqualTo(next);
                seen.add(next);
            });
            List<CompletableFuture<Void>> answers = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                answers.add(metadata.submit(new CreateTopic(Uuid.randomUuid(), "t" + i, 1, 1, Map.of(), Map.of()))
                        .thenAccept(view -> assertThat(seen.get(seen.size() - 1)).isEqualTo(view)));
            }
            answers.forEach(CompletableFuture::join);
            assertThat(seen).hasSize(50);
            assertThat(seen).extracting(ClusterView::version).isSorted();
            assertThat(start.topics()).isEmpty();
        }
    }

    @Test
    void aListenerThatThrowsHindersNeitherTheOthersNorTheAnswer() {
        List<Long> seen = new ArrayList<>();
        try (Metadata metadata = open()) {
            metadata.subscribe((previous, next) -> {
                throw new IllegalStateException("meant to fail");
            });
            metadata.subscribe((previous, next) -> seen.add(next.version()));
            ClusterView view = metadata.submit(new RegisterBroker(1, "a", 1, Optional.empty())).join();
            assertThat(seen).containsExactly(view.version());
        }
    }

    @Test
    void aRefusedCommandChangesNothing() {
        try (Metadata metadata = open()) {
            ClusterView before = metadata.view();
            assertThat(refusal(metadata.submit(new DeleteTopic(Uuid.randomUuid())))).isEqualTo(CommandRefused.Reason.UNKNOWN_TOPIC);
            assertThat(metadata.view()).isSameAs(before);
        }
    }

    @Test
    void aSecondOpeningOfTheDirectoryIsRefusedAndDoesNotDisturbTheFirst() {
        try (Metadata metadata = open()) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(this::open).isInstanceOfSatisfying(MetadataOpenFailed.class, error -> {
                    assertThat(error.reason()).isEqualTo(MetadataOpenFailed.Reason.IN_USE);
                    assertThat(error.getMessage()).contains("another broker is running on").doesNotContain("\n");
                });
            }
            metadata.submit(new RegisterBroker(1, "a", 1, Optional.empty())).join();
        }
        open().close();
    }

    @Test
    void afterClosingCommandsFailAndClosingAgainIsHarmless() {
        Metadata metadata = open();
        metadata.close();
        metadata.close();
        assertThat(metadata.submit(new AllocateProducerIds(1))).failsWithin(10, TimeUnit.SECONDS).withThrowableThat().withCauseInstanceOf(MetadataUnavailable.class);
    }

    @Test
    void blocksOfProducerIdsTakenByManyThreadsNeverOverlap() throws Exception {
        ConcurrentHashMap<Long, Boolean> taken = new ConcurrentHashMap<>();
        try (Metadata metadata = open()) {
            inThreads(4, () -> {
                for (int i = 0; i < 200; i++) {
                    long end = metadata.submit(new AllocateProducerIds(3)).join().nextProducerId();
                    for (long id = end - 3; id < end; id++) {
                        assertThat(taken.put(id, true)).isNull();
                    }
                }
            });
            assertThat(metadata.view().nextProducerId()).isEqualTo(2400);
        }
        assertThat(taken).hasSize(2400);
    }

    @Test
    void everyCommandIsAnsweredAlsoWhenItMeetsTheClosing() throws Exception {
        List<CompletableFuture<ClusterView>> answers = Collections.synchronizedList(new ArrayList<>());
        Metadata metadata = open();
        CountDownLatch busy = new CountDownLatch(50);
        metadata.subscribe((previous, next) -> busy.countDown());
        inThreads(4, () -> {
            for (int i = 0; i < 2000; i++) {
                answers.add(metadata.submit(new AllocateProducerIds(1)));
            }
        }, () -> {
            assertThat(busy.await(30, TimeUnit.SECONDS)).isTrue();
            metadata.close();
        });
        long done = 0;
        for (CompletableFuture<ClusterView> answer : answers) {
            try {
                answer.get(30, TimeUnit.SECONDS);
                done++;
            } catch (ExecutionException e) {
                assertThat(e.getCause()).isInstanceOfAny(MetadataUnavailable.class, CommandRefused.class);
            }
        }
        try (Metadata reopened = open()) {
            assertThat(reopened.view().nextProducerId()).isEqualTo(done);
        }
    }

    @Test
    void aDirectoryThatCannotBeMadeIsOneClearLine() throws Exception {
        Files.writeString(directory.resolve("meta"), "");
        assertThatThrownBy(this::open).isInstanceOfSatisfying(MetadataOpenFailed.class, error -> {
            assertThat(error.reason()).isEqualTo(MetadataOpenFailed.Reason.UNAVAILABLE);
            assertThat(error.getMessage()).contains("meta").doesNotContain("\n");
        });
    }

    private interface Work {
        void run() throws Exception;
    }

    /** Runs the first work on so many threads and the others on one each; the first failure is the test's. */
    private static void inThreads(int count, Work many, Work... others) throws Exception {
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < count + others.length; i++) {
                Work work = i < count ? many : others[i - count];
                running.add(threads.submit(() -> {
                    work.run();
                    return null;
                }));
            }
            for (Future<?> one : running) {
                one.get(50, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    static CommandRefused.Reason refusal(CompletableFuture<?> answer) {
        try {
            answer.join();
            throw new AssertionError("was not refused");
        } catch (CompletionException e) {
            assertThat(e.getCause()).isInstanceOf(CommandRefused.class);
            return ((CommandRefused) e.getCause()).reason();
        }
    }
}
