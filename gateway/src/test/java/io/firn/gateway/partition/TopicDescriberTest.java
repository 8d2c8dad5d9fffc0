package io.firn.gateway.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopicDescriberTest {

    private static final Uuid RIVERS = new Uuid(1, 2);
    private static final Uuid LAKES = new Uuid(3, 4);

    @TempDir
    Path directory;
    private Metadata metadata;
    /** Every question, and what it will be answered. */
    private final List<String> told = new ArrayList<>();
    private final Deque<CompletableFuture<Void>> answers = new ArrayDeque<>();
    private final List<Long> pauses = new ArrayList<>();
    private final Deque<Runnable> later = new ArrayDeque<>();
    private boolean throwing;
    private final TopicDescriber describer = describer(1);

    private TopicDescriber describer(int broker) {
        return new TopicDescriber(broker, (view, topic) -> !"false".equals(topic.configs().get("remote.storage.enable")) && !view.brokerConfigs().containsKey("off"), new TopicDescriber.Bucket() {
            @Override
            public CompletableFuture<?> describe(TopicView topic, long metadataVersion) {
                if (throwing) {
                    throw new IllegalStateException("thrown on purpose by a test");
                }
                told.add(topic.name() + " " + topic.partitions().size() + " " + topic.configs());
                answers.add(new CompletableFuture<>());
                return answers.peekLast();
            }

            @Override
            public CompletableFuture<?> forget(TopicView topic) {
                told.add("forget " + topic.name());
                return CompletableFuture.completedFuture(null);
            }
        }, Runnable::run, (delayMs, task) -> {
            pauses.add(delayMs);
            later.add(task);
            return () -> {};
        });
    }

    @BeforeEach
    void open() throws Exception {
        metadata = Metadata.openSingleBroker(directory, InstantSource.system(), new Random(1));
        submit(new Command.RegisterBroker(1, "127.0.0.1", 9092, Optional.empty()));
    }

    @AfterEach
    void close() {
        metadata.close();
    }

    private ClusterView submit(Command command) throws Exception {
        return metadata.submit(command).get(30, TimeUnit.SECONDS);
    }

    private ClusterView create(Uuid id, String name, Map<String, String> configs) throws Exception {
        return submit(new Command.CreateTopic(id, name, 2, 1, Map.of(), configs));
    }

    private void answer() {
        answers.poll().complete(null);
    }

    @Test
    void eachTieredTopicIsDescribedOneAfterTheOtherAndAgainWhenItChanges() throws Exception {
        create(RIVERS, "rivers", Map.of("retention.ms", "1"));
        create(new Uuid(5, 6), "local", Map.of("remote.storage.enable", "false"));
        describer.apply(create(LAKES, "lakes", Map.of()));
        assertThat(told).hasSize(1);
        answer();
        assertThat(told).containsExactlyInAnyOrder("rivers 2 {retention.ms=1}", "lakes 2 {}");
        answer();
        told.clear();
        describer.apply(submit(new Command.AllocateProducerIds(10)));
        assertThat(told).as("nothing changed").isEmpty();
        describer.apply(submit(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "rivers", Map.of("retention.ms", Optional.of("2")))));
        assertThat(told).containsExactly("rivers 2 {retention.ms=2}");
        describer.apply(submit(new Command.AddPartitions("rivers", 3, List.of())));
        assertThat(told).as("one at a time").hasSize(1);
        answer();
        assertThat(told).containsExactly("rivers 2 {retention.ms=2}", "rivers 3 {retention.ms=2}");
    }

    @Test
    void aBucketThatThrowsIsAskedAgain() throws Exception {
        throwing = true;
        describer.apply(create(RIVERS, "rivers", Map.of()));
        assertThat(pauses).hasSize(1);
        throwing = false;
        later.poll().run();
        answer();
        assertThat(told).containsExactly("rivers 2 {}");
    }

    @Test
    void aFailureIsRepeatedWithGrowingPausesAndByWhatIsTrueThen() throws Exception {
        describer.apply(create(RIVERS, "rivers", Map.of()));
        for (int i = 0; i < 8; i++) {
            answers.poll().completeExceptionally(new IllegalStateException("bucket away"));
            assertThat(answers).as("it waits").isEmpty();
            if (i < 7) {
                later.poll().run();
            }
        }
        assertThat(pauses).containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 32_000L, 60_000L, 60_000L);
        describer.apply(submit(new Command.AddPartitions("rivers", 3, List.of())));
        later.poll().run();
        assertThat(told).hasSize(9).last().isEqualTo("rivers 3 {}");
        answer();
        assertThat(answers).isEmpty();
    }

    /** By the time the bucket answers the topic is not its own any more; when it is again, another leader may have written something else. */
    @Test
    void whatWasDescribedByThenIsNotBelievedWhenLeadershipWentMeanwhile() throws Exception {
        describer.apply(create(RIVERS, "rivers", Map.of()));
        Map<String, Optional<String>> away = Map.of("remote.storage.enable", Optional.of("false"));
        describer.apply(submit(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "rivers", away)));
        answer();
        describer.apply(submit(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "rivers", Map.of("remote.storage.enable", Optional.empty()))));
        assertThat(told).containsExactly("rivers 2 {}", "rivers 2 {}");
    }

    @Test
    void aFailureIsNotRepeatedForATopicThatIsAnothersByThen() throws Exception {
        describer.apply(create(RIVERS, "rivers", Map.of()));
        describer.apply(submit(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "rivers", Map.of("remote.storage.enable", Optional.of("false")))));
        answers.poll().completeExceptionally(new IllegalStateException("bucket away"));
        later.poll().run();
        assertThat(told).containsExactly("rivers 2 {}");
    }

    @Test
    void anOldViewChangesNothing() throws Exception {
        ClusterView before = create(RIVERS, "rivers", Map.of());
        describer.apply(submit(new Command.AddPartitions("rivers", 3, List.of())));
        answer();
        describer.apply(before);
        assertThat(told).containsExactly("rivers 3 {}");
    }

    @Test
    void onlyTheLeaderOfPartitionZeroDescribes() throws Exception {
        describer(2).apply(create(RIVERS, "rivers", Map.of()));
        assertThat(told).isEmpty();
    }

    @Test
    void aTopicThatIsDeletedWhileItIsDescribedIsForgotten() throws Exception {
        describer.apply(create(RIVERS, "rivers", Map.of()));
        describer.apply(submit(new Command.DeleteTopic(RIVERS)));
        assertThat(told).hasSize(1);
        answer();
        assertThat(told).containsExactly("rivers 2 {}", "forget rivers");
    }

    @Test
    void aClosedOneAsksNoMore() throws Exception {
        create(LAKES, "lakes", Map.of());
        describer.apply(create(RIVERS, "rivers", Map.of()));
        describer.close();
        answer();
        assertThat(told).hasSize(1);
    }
}
