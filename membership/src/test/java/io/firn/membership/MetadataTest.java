package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.DeleteTopic;
import io.firn.membership.Command.RegisterBroker;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The single broker's metadata from outside, on a real directory. */
@Timeout(60)
class MetadataTest {

    private static final InstantSource CLOCK = InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_000L));

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
    void whatWasAnsweredIsThereAfterReopening() {
        Uuid id = Uuid.randomUuid();
        ClusterView before;
        try (Metadata metadata = open()) {
            metadata.submit(new RegisterBroker(7, "localhost", 9092, Optional.of("a"))).join();
            metadata.submit(new CreateTopic(id, "orders", 3, -1, Map.of(), Map.of("retention.ms", "-1"))).join();
            metadata.submit(new AlterConfigs(ConfigScope.TOPIC, "orders", Map.of("segment.bytes", Optional.of("1048576")))).join();
            metadata.submit(new AlterConfigs(ConfigScope.BROKER, "", Map.of("x", Optional.of("y")))).join();
            before = metadata.submit(new AllocateProducerIds(1000)).join();
        }
        try (Metadata metadata = open()) {
            ClusterView after = metadata.view();
            assertThat(after.at(before.version(), before.controllerEpoch())).isEqualTo(before);
            assertThat(after.controllerEpoch()).isGreaterThan(before.controllerEpoch());
            assertThat(after.topic(id).orElseThrow().partitions()).hasSize(3).allMatch(p -> p.leader() == 7);
            assertThat(after.topic("orders").orElseThrow().configs()).containsOnlyKeys("retention.ms", "segment.bytes");
            assertThat(after.nextProducerId()).isEqualTo(1000);
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
