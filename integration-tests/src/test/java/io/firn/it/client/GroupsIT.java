package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Consumer groups by both protocols: members share the partitions, take over from each other, and find their offsets again after restarts and kills. */
class GroupsIT {

    private static final int PARTITIONS = 4;
    private static final int RECORDS = 400;

    @TempDir
    static Path directory;

    private static FirnNode node;

    @BeforeAll
    static void startBroker() {
        // The defaults let a new group wait three seconds for members.
        node = FirnNode.in(directory.resolve("data"), Map.of("group.settings.group.initial.rebalance.delay.ms", "100", "group.settings.group.min.session.timeout.ms", "1000",
                "group.offsets.partitions", "5")).start();
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    private static List<TopicPartition> topic(String name) throws ExecutionException, InterruptedException {
        try (Topics topics = Topics.of(node.bootstrap())) {
            List<TopicPartition> partitions = topics.create(name, PARTITIONS, Map.of("retention.ms", "-1")); // the timestamps are of 1970
            produce(partitions, 0, RECORDS);
            return partitions;
        }
    }

    private static void produce(List<TopicPartition> partitions, int from, int to) throws ExecutionException, InterruptedException {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("linger.ms", 5))) {
            for (int i = from; i < to; i++) {
                TopicPartition partition = partitions.get(i % partitions.size());
                producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), 1_000_000L + i, null, Integer.toString(i).getBytes()));
            }
            producer.flush();
        }
    }

    private static KafkaConsumer<byte[], byte[]> member(String protocol, String group, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(Map.of("group.id", group, "group.protocol", protocol, "max.poll.records", 50));
        if (protocol.equals("classic")) {
            settings.put("session.timeout.ms", 6_000);
            settings.put("heartbeat.interval.ms", 500);
        }
        settings.putAll(more);
        return KafkaClients.consumer(node.bootstrap(), settings);
    }

    /** Polls all members in turn until the condition holds, collecting the values. */
    private static void pollUntil(String what, List<KafkaConsumer<byte[], byte[]>> members, Set<Integer> values, BooleanSupplier done) {
        Await.until(what, () -> {
            for (KafkaConsumer<byte[], byte[]> member : members) {
                for (ConsumerRecord<byte[], byte[]> record : member.poll(Duration.ofMillis(50))) {
                    values.add(Integer.parseInt(new String(record.value())));
                }
            }
            return done.getAsBoolean();
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void membersShareThePartitionsAndTakeOver(String protocol) throws Exception {
        List<TopicPartition> partitions = topic("shared-" + protocol);
        String group = "sharing-" + protocol;
        Set<Integer> values = new TreeSet<>();
        try (KafkaConsumer<byte[], byte[]> first = member(protocol, group, Map.of())) {
            first.subscribe(List.of("shared-" + protocol));
            pollUntil("first member reads all", List.of(first), values, () -> values.size() == RECORDS);
            assertThat(first.assignment()).containsExactlyInAnyOrderElementsOf(partitions);
            first.commitSync();
            try (KafkaConsumer<byte[], byte[]> second = member(protocol, group, Map.of())) {
                second.subscribe(List.of("shared-" + protocol));
                pollUntil("half of the partitions each", List.of(first, second), values, () -> first.assignment().size() == PARTITIONS / 2 && second.assignment().size() == PARTITIONS / 2);
                assertThat(first.assignment()).doesNotContainAnyElementsOf(second.assignment());
                produce(partitions, RECORDS, 2 * RECORDS);
                pollUntil("both read on from the commits", List.of(first, second), values, () -> values.size() == 2 * RECORDS);
                first.commitSync();
                second.commitSync();
            }
            pollUntil("the first takes over", List.of(first), values, () -> first.assignment().size() == PARTITIONS);
        }
        assertThat(committed(protocol, group, partitions)).allSatisfy((partition, offset) -> assertThat(offset.offset()).isEqualTo(2L * RECORDS / PARTITIONS));
    }

    private static Map<TopicPartition, OffsetAndMetadata> committed(String protocol, String group, List<TopicPartition> partitions) {
        try (KafkaConsumer<byte[], byte[]> reader = member(protocol, group, Map.of())) {
            return reader.committed(Set.copyOf(partitions), Duration.ofSeconds(60));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void offsetsOutliveRestartAndKill(String protocol) throws Exception {
        List<TopicPartition> partitions = topic("kept-" + protocol);
        String group = "keeping-" + protocol;
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        partitions.forEach(partition -> offsets.put(partition, new OffsetAndMetadata(10 + partition.partition(), "note " + partition.partition())));
        try (KafkaConsumer<byte[], byte[]> consumer = member(protocol, group, Map.of())) {
            consumer.assign(partitions);
            consumer.commitSync(offsets);
        }

        node.stop();
        node.start();
        assertThat(committed(protocol, group, partitions)).as("after a clean restart").isEqualTo(offsets);

        try (KafkaConsumer<byte[], byte[]> consumer = member(protocol, group, Map.of())) {
            consumer.subscribe(List.of("kept-" + protocol));
            Set<Integer> values = new TreeSet<>();
            int expected = partitions.stream().mapToInt(partition -> RECORDS / PARTITIONS - 10 - partition.partition()).sum();
            pollUntil("reads from the commits", List.of(consumer), values, () -> values.size() == expected);
            consumer.commitSync();
            node.kill9();
            node.start();
            produce(partitions, RECORDS, RECORDS + PARTITIONS);
            pollUntil("the member goes on after a kill", List.of(consumer), values, () -> values.size() == expected + PARTITIONS);
            consumer.commitSync();
        }
        assertThat(committed(protocol, group, partitions)).as("after a kill").allSatisfy((partition, offset) -> assertThat(offset.offset()).isEqualTo(RECORDS / PARTITIONS + 1));
    }

    @Test
    void aStaticMemberComesBackToItsPartitionsWithoutARebalance() throws Exception {
        topic("static");
        Set<Integer> values = new TreeSet<>();
        Set<TopicPartition> before;
        try (KafkaConsumer<byte[], byte[]> other = member("classic", "static", Map.of("group.instance.id", "other", "session.timeout.ms", 60_000))) {
            other.subscribe(List.of("static"));
            try (KafkaConsumer<byte[], byte[]> member = member("classic", "static", Map.of("group.instance.id", "one", "session.timeout.ms", 60_000))) {
                member.subscribe(List.of("static"));
                pollUntil("shared", List.of(other, member), values, () -> member.assignment().size() == PARTITIONS / 2 && other.assignment().size() == PARTITIONS / 2);
                before = member.assignment();
            }
            int generation = other.groupMetadata().generationId();
            try (KafkaConsumer<byte[], byte[]> back = member("classic", "static", Map.of("group.instance.id", "one", "session.timeout.ms", 60_000))) {
                back.subscribe(List.of("static"));
                pollUntil("back", List.of(other, back), values, () -> !back.assignment().isEmpty());
                assertThat(back.assignment()).isEqualTo(before);
                assertThat(other.groupMetadata().generationId()).isEqualTo(generation);
            }
        }
    }

    @Test
    void consumersSeekAndFindOffsetsByTime() throws Exception {
        TopicPartition partition = topic("sought").get(1);
        try (KafkaConsumer<byte[], byte[]> consumer = member("classic", "seeking", Map.of())) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 42);
            assertThat(Reading.toEnd(consumer, List.of(partition)).get(partition).get(0).offset()).isEqualTo(42);
            // Record n of this partition has timestamp 1,000,000 + 4 n + 1.
            assertThat(consumer.offsetsForTimes(Map.of(partition, 1_000_000L + 4 * 30)).get(partition).offset()).isEqualTo(30);
            assertThat(consumer.offsetsForTimes(Map.of(partition, 1_000_000L + 4 * 30 + 2)).get(partition).offset()).isEqualTo(31);
            assertThat(consumer.offsetsForTimes(Map.of(partition, 2_000_000L)).get(partition)).isNull();
            assertThat(consumer.beginningOffsets(List.of(partition))).containsEntry(partition, 0L);
            assertThat(consumer.endOffsets(List.of(partition))).containsEntry(partition, (long) RECORDS / PARTITIONS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"earliest", "latest"})
    void withoutACommitTheGroupBeginsWhereItIsTold(String reset) throws Exception {
        List<TopicPartition> partitions = topic("reset-" + reset);
        Set<Integer> values = new TreeSet<>();
        try (KafkaConsumer<byte[], byte[]> consumer = member("consumer", "resetting-" + reset, Map.of("auto.offset.reset", reset))) {
            consumer.subscribe(List.of("reset-" + reset));
            pollUntil("assigned and positioned", List.of(consumer), values, () -> consumer.assignment().size() == PARTITIONS
                    && partitions.stream().allMatch(partition -> consumer.position(partition) >= 0));
            produce(partitions, RECORDS, RECORDS + 8);
            int expected = reset.equals("earliest") ? RECORDS + 8 : 8;
            pollUntil("all that is due", List.of(consumer), values, () -> values.size() >= expected);
            assertThat(new ArrayList<>(values)).hasSize(expected).last().isEqualTo(RECORDS + 7);
        }
    }

    @Test
    void aMemberThatDiesIsMissedAfterItsSessionTimeout() throws Exception {
        topic("dying");
        Set<Integer> values = new TreeSet<>();
        try (KafkaConsumer<byte[], byte[]> survivor = member("classic", "dying", Map.of("session.timeout.ms", 2_000, "heartbeat.interval.ms", 300))) {
            survivor.subscribe(List.of("dying"));
            // It stops polling without leaving: max.poll.interval.ms ends its membership.
            KafkaConsumer<byte[], byte[]> dying = member("classic", "dying", Map.of("session.timeout.ms", 2_000, "heartbeat.interval.ms", 300, "max.poll.interval.ms", 2_000));
            try {
                dying.subscribe(List.of("dying"));
                pollUntil("shared", List.of(survivor, dying), values, () -> survivor.assignment().size() == PARTITIONS / 2 && dying.assignment().size() == PARTITIONS / 2);
                pollUntil("survivor has all", List.of(survivor), values, () -> survivor.assignment().size() == PARTITIONS);
            } finally {
                dying.close(CloseOptions.timeout(Duration.ZERO));
            }
        }
    }
}
