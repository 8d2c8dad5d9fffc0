package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnTool;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Stock consumers replay a tiered topic from the beginning again and again, while it is written to and one thing after the other is done to it: no hole above the log start, no record that is not what was written there, no
 * object that is missing. What is in the middle of a request when something happens is tested one request at a time in {@code ReplayInFlightTest}; here clients decide when they ask.
 */
class ReaderUnderChangesIT {

    private static final int READERS = 3;
    /** Offsets in the cold tier before something is done to it: several segments. */
    private static final long COLD_RECORDS = 2_000;
    /** What DeleteRecords takes for the end of the log. */
    private static final long UP_TO_THE_END = -1;
    /** How often a replay of a table goes on behind what was the end, for an update that supersedes one. */
    private static final int FURTHER_LIMIT = 100;
    private static final int KEYS = 400;
    private static final int VALUE_BYTES = 3_000;
    private static final Map<String, String> SETTINGS = Map.of("retention.check.interval.ms", "20", "cold.delete.grace.ms", "3000");
    private static final Map<String, String> COMPACTED_TOO = Map.of("cleanup.policy", "compact,delete", "remote.storage.enable", "true", "min.cleanable.dirty.ratio", "0.3");

    /** What is done to a log under load. Ends when it shows. */
    private enum Change {
        DELETE_RECORDS {
            @Override
            void make(Topics topics, TopicPartition partition) {
                long start = topics.offset(partition, OffsetSpec.earliest());
                long middle = start + (topics.offset(partition, OffsetSpec.latestTiered()) - start) / 2;
                assertThat(deleteBefore(topics, partition, middle)).isEqualTo(middle);
            }
        },
        DELETE_ALL_RECORDS {
            @Override
            void make(Topics topics, TopicPartition partition) {
                deleteBefore(topics, partition, UP_TO_THE_END);
            }
        },
        FEWER_BYTES {
            @Override
            void make(Topics topics, TopicPartition partition) {
                cutBy(topics, partition, "retention.bytes", "1048576");
            }
        },
        SHORTER_TIME {
            @Override
            void make(Topics topics, TopicPartition partition) {
                cutBy(topics, partition, "retention.ms", "500");
            }
        },
        COPYING_PAUSED {
            @Override
            void make(Topics topics, TopicPartition partition) {
                configure(topics, partition, Map.of("remote.log.copy.disable", Optional.of("true"), "local.retention.bytes", Optional.empty()));
                long end = topics.offset(partition, OffsetSpec.latest());
                Await.until("records that are local only", () -> topics.offset(partition, OffsetSpec.latest()) > end + COLD_RECORDS);
                configure(topics, partition, Map.of("remote.log.copy.disable", Optional.of("false"), "local.retention.bytes", Optional.of("1")));
                awaitOffload(topics, partition);
            }

            @Override
            boolean cuts() {
                return false;
            }
        },
        /** With what it has in the bucket: Kafka's rules know no other way. */
        TIERING_OFF_AND_ON_AGAIN {
            @Override
            void make(Topics topics, TopicPartition partition) {
                assertThatThrownBy(() -> configure(topics, partition, Map.of("remote.storage.enable", Optional.of("false")))).isInstanceOf(InvalidConfigurationException.class);
                configure(topics, partition, Map.of("remote.storage.enable", Optional.of("false"), "remote.log.delete.on.disable", Optional.of("true")));
                Await.until("the log starts on the local disk", () -> topics.offset(partition, OffsetSpec.earliest()) == topics.offset(partition, OffsetSpec.earliestLocal()));
                configure(topics, partition, Map.of("remote.storage.enable", Optional.of("true"), "remote.log.delete.on.disable", Optional.empty()));
                awaitOffload(topics, partition);
            }
        };

        abstract void make(Topics topics, TopicPartition partition);

        /** Whether the log start passes who has just begun. */
        boolean cuts() {
            return true;
        }

        private static long deleteBefore(Topics topics, TopicPartition partition, long offset) {
            long start = Topics.done(topics.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).lowWatermarks().get(partition)).lowWatermark();
            assertThat(topics.offset(partition, OffsetSpec.earliest())).isEqualTo(start);
            return start;
        }

        private static void cutBy(Topics topics, TopicPartition partition, String name, String value) {
            long start = topics.offset(partition, OffsetSpec.earliest());
            configure(topics, partition, Map.of(name, Optional.of(value)));
            Await.until("the log start goes up by " + name, () -> topics.offset(partition, OffsetSpec.earliest()) > start);
            configure(topics, partition, Map.of(name, Optional.of("-1")));
        }

        private static void awaitOffload(Topics topics, TopicPartition partition) {
            long end = topics.offset(partition, OffsetSpec.latest());
            Await.until("offload goes on", () -> topics.offset(partition, OffsetSpec.latestTiered()) > end);
        }

        private static void configure(Topics topics, TopicPartition partition, Map<String, Optional<String>> changes) {
            List<AlterConfigOp> operations = new ArrayList<>();
            changes.forEach((name, value) -> operations.add(new AlterConfigOp(new ConfigEntry(name, value.orElse("")), value.isPresent() ? OpType.SET : OpType.DELETE)));
            Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, partition.topic()), operations)).all());
        }
    }

    @TempDir
    Path directory;

    @Test
    void replaysSeeNoHoleAndNoOtherRecordWhileTheirTopicIsCutAndSwitched() throws Exception {
        try (Buckets buckets = Buckets.open("s3", directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start(); Topics topics = Topics.of(node.bootstrap())) {
            TopicPartition partition = topics.create("cut", 1, TieredLoad.TINY_SEGMENTS).get(0);
            try (NumberedLoad load = NumberedLoad.start(node.bootstrap(), partition, 1); Readers readers = Readers.start(READERS, () -> replay(node, partition))) {
                for (Change change : Change.values()) {
                    awaitCold(topics, partition);
                    try (Replay begun = numbered(node, partition).begin()) {
                        change.make(topics, partition);
                        assertThat(begun.toEnd().cuts()).as("told that it is below the log start by %s", change).isEqualTo(change.cuts() ? 1 : 0);
                    }
                    readers.awaitNext();
                }
                load.finish();
                assertThat(load.failures()).isEmpty();
                readers.finish();
                assertThat(topics.offset(partition, OffsetSpec.latest())).isEqualTo(load.acknowledgements());
            }
            replay(node, partition);
            assertSound(buckets, node);
        }
    }

    private static Replay numbered(FirnNode node, TopicPartition partition) {
        return Replay.whole(node.bootstrap(), partition, record -> assertThat(NumberedLoad.life(record)).isOne());
    }

    private static Void replay(FirnNode node, TopicPartition partition) {
        try (Replay replay = numbered(node, partition)) {
            replay.toEnd();
            return null;
        }
    }

    @Test
    void replaysFindEveryKeysNewestValueAboveTheLogStartWhileTheirTopicIsCompactedCutAndSwitched() throws Exception {
        try (Buckets buckets = Buckets.open("s3", directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start(); Topics topics = Topics.of(node.bootstrap())) {
            Map<String, String> configs = new HashMap<>(TieredLoad.TINY_SEGMENTS);
            configs.putAll(COMPACTED_TOO);
            TopicPartition partition = topics.create("table", 1, configs).get(0);
            try (KeyedLoad load = KeyedLoad.start(node.bootstrap(), partition, KEYS, VALUE_BYTES, Seed.random("ReaderUnderChangesIT"));
                    Readers readers = Readers.start(READERS, () -> replayTable(node, partition, load))) {
                for (Change change : Change.values()) {
                    awaitCold(topics, partition);
                    double passes = passes(node);
                    Await.until("compacted", () -> passes(node) > passes);
                    change.make(topics, partition);
                    readers.awaitNext();
                }
                load.finish();
                assertThat(load.failures()).isEmpty();
                readers.finish();
                replayTable(node, partition, load);
            }
            assertSound(buckets, node);
        }
    }

    private static double passes(FirnNode node) throws Exception {
        return node.metric("firn_cold_compaction_passes_total");
    }

    /** What was acknowledged before must be there, or superseded, or below the log start by now. What supersedes it may lie behind what was the end when the replay began, so it reads on until it has found that. */
    private static Void replayTable(FirnNode node, TopicPartition partition, KeyedLoad load) {
        Map<Integer, KeyedLoad.Update> before = load.acknowledged();
        KeyedTable table = new KeyedTable();
        try (Replay replay = Replay.compacted(node.bootstrap(), partition, record -> {
            assertThat(KeyedLoad.update(record).number()).as("number of the update at %d", record.offset()).isEqualTo(record.offset() + 1);
            table.take(record);
        })) {
            Set<Integer> missing = missing(before, table, replay.toEnd().logStart());
            for (int further = 0; further < FURTHER_LIMIT && !missing.isEmpty(); further++) {
                missing = missing(before, table, replay.toEnd().logStart());
            }
            assertThat(missing).as("keys without their newest value").isEmpty();
            return null;
        }
    }

    private static Set<Integer> missing(Map<Integer, KeyedLoad.Update> before, KeyedTable table, long logStart) {
        Set<Integer> missing = new TreeSet<>();
        before.forEach((key, update) -> {
            if (update.offset() >= logStart && !table.has(key, update)) {
                missing.add(key);
            }
        });
        return missing;
    }

    private static void awaitCold(Topics topics, TopicPartition partition) {
        Await.until("several segments are cold", () -> topics.offset(partition, OffsetSpec.latestTiered()) - topics.offset(partition, OffsetSpec.earliest()) > COLD_RECORDS
                && topics.offset(partition, OffsetSpec.earliestLocal()) - topics.offset(partition, OffsetSpec.earliest()) > COLD_RECORDS);
    }

    private static void assertSound(Buckets buckets, FirnNode node) throws Exception {
        assertThat(node.metric("firn_cold_reads_failed_total")).as("reads that met a hole").isZero();
        assertThat(node.metric("firn_cold_orphans_possible_total")).isZero();
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
        assertThat(FirnTool.run(buckets.settings(), "manifest", "verify", "--deep").succeeded().output()).contains(" 0 problem(s)");
    }

    @Test
    void aTopicThatIsDeletedAndMadeAnewShowsItsReadersNothingOfTheOldOne() throws Exception {
        int lives = 3;
        try (Buckets buckets = Buckets.open("s3", directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start(); Topics topics = Topics.of(node.bootstrap())) {
            TopicPartition partition = new TopicPartition("again", 0);
            List<Uuid> ids = new ArrayList<>();
            AtomicInteger living = new AtomicInteger();
            Readers readers = null;
            try {
                for (int life = 1; life <= lives; life++) {
                    topics.create("again", 1, TieredLoad.TINY_SEGMENTS);
                    ids.add(Topics.done(topics.admin().describeTopics(List.of("again")).allTopicNames()).get("again").topicId());
                    living.set(life);
                    try (NumberedLoad load = NumberedLoad.start(node.bootstrap(), partition, life)) {
                        readers = readers == null ? Readers.start(READERS, () -> watch(node, partition, living)) : readers;
                        awaitCold(topics, partition);
                        readers.awaitNext();
                        load.finish();
                        assertThat(load.failures()).isEmpty();
                    }
                    if (life < lives) {
                        Topics.done(topics.admin().deleteTopics(List.of("again")).all());
                    }
                }
                readers.finish();
            } finally {
                if (readers != null) {
                    readers.close();
                }
            }
            assertThat(ids).doesNotHaveDuplicates();
            Await.until("nothing is left of the old ones", () -> ids.subList(0, lives - 1).stream().allMatch(id -> buckets.objects(id.toString()) == 0));
            replayOf(lives, node, partition);
            assertSound(buckets, node);
        }
    }

    private static void replayOf(int life, FirnNode node, TopicPartition partition) {
        try (Replay replay = Replay.whole(node.bootstrap(), partition, record -> assertThat(NumberedLoad.life(record)).isEqualTo(life))) {
            replay.toEnd();
        }
    }

    /** Reads on through the topic's deletion until it is at the end of the next one. It must not be shown a record of a life that was over when it began, or when it was shown one of a later life. */
    private static Void watch(FirnNode node, TopicPartition partition, AtomicInteger living) {
        int begun = living.get();
        int shown = begun;
        long next = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("max.partition.fetch.bytes", 50_000, "allow.auto.create.topics", false))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            while (consumer.position(partition) < COLD_RECORDS || shown < living.get()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    int life = NumberedLoad.life(record);
                    assertThat(life).as("the life of record %d, by a reader that began in life %d", record.offset(), begun).isGreaterThanOrEqualTo(shown);
                    assertThat(life > shown || record.offset() == next).as("record %d after %d, both of life %d", record.offset(), next - 1, life).isTrue();
                    shown = life;
                    next = record.offset() + 1;
                }
            }
            return null;
        }
    }
}
