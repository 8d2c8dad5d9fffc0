package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compacted topics in the cold tier: updates and deletions under load, replays from the beginning while segments are replaced under them, and kill -9 in between. */
class CompactedTopicIT {

    private static final int KEYS = 400;
    private static final int VALUE_BYTES = 6_000;
    private static final int READERS = 3;
    /** Updates in one segment at most. */
    private static final int SEGMENT_UPDATES = 600;
    private static final Map<String, String> COMPACTED = Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "segment.bytes", "1048576", "local.retention.bytes", "1",
            "min.cleanable.dirty.ratio", "0.3", "delete.retention.ms", "600000");
    private static final Map<String, String> SETTINGS = Map.of("retention.check.interval.ms", "20", "cold.delete.grace.ms", "3000");

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3"})
    void replaysFromTheBeginningFindEveryKeysNewestValueWhileTheColdTierIsCompacted(String provider) throws Exception {
        Random random = Seed.random("CompactedTopicIT");
        ExecutorService threads = Executors.newCachedThreadPool();
        try (Buckets buckets = Buckets.open(provider, directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start()) {
            TopicPartition partition = create(node);
            AtomicBoolean writing = new AtomicBoolean(true);
            try (KeyedLoad load = KeyedLoad.start(node.bootstrap(), partition, KEYS, VALUE_BYTES, random)) {
                List<Future<Integer>> readers = new ArrayList<>();
                for (int i = 0; i < READERS; i++) {
                    readers.add(threads.submit(() -> replayWhile(writing, node, partition, load)));
                }
                Await.until("several compactions under load", Duration.ofMinutes(3), () -> load.acknowledgements() > 8_000 && passes(node) >= 4);
                load.finish();
                writing.set(false);
                for (Future<Integer> reader : readers) {
                    assertThat(reader.get(2, TimeUnit.MINUTES)).as("replays during compaction").isPositive();
                }
                assertThat(load.failures()).isEmpty();
                settle(node, buckets, partition, load);
            }
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void killsInTheMiddleOfCompactionsLoseNoKeysNewestValue() throws Exception {
        Random random = Seed.random("CompactedTopicIT.kills");
        try (Buckets buckets = Buckets.open("s3", directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start()) {
            TopicPartition partition = create(node);
            try (KeyedLoad load = KeyedLoad.start(node.bootstrap(), partition, KEYS, VALUE_BYTES, random)) {
                for (int round = 0; round < 8; round++) {
                    long target = load.acknowledgements() + 1_500;
                    Await.until("load goes on", Duration.ofMinutes(2), () -> load.acknowledgements() > target);
                    long end = System.nanoTime() + Duration.ofMillis(random.nextInt(500)).toNanos();
                    Await.until("moment of the kill", () -> System.nanoTime() - end > 0);
                    node.kill9();
                    node.start();
                    load.paused(() -> replay(node, partition, load));
                }
                load.finish();
                assertThat(load.failures()).isEmpty();
                Await.until("compacted again", Duration.ofMinutes(2), () -> passes(node) > 0);
                replay(node, partition, load);
            }
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    @Test
    void aDeletedKeyIsForgottenAfterItsTimeAndItsValueDoesNotComeBack() throws Exception {
        try (Buckets buckets = Buckets.open("file", directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start();
                KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            TopicPartition partition;
            try (Topics topics = Topics.of(node.bootstrap())) {
                Map<String, String> configs = new HashMap<>(COMPACTED);
                configs.putAll(Map.of("delete.retention.ms", "500", "min.cleanable.dirty.ratio", "0"));
                partition = topics.create("deleted", 1, configs).get(0);
            }
            put(producer, partition, "gone", new byte[100]);
            roll(producer, partition);
            put(producer, partition, "gone", null);
            AtomicBoolean hadValue = new AtomicBoolean(true);
            Await.until("neither value nor tombstone is left", Duration.ofMinutes(2), () -> {
                roll(producer, partition);
                List<ConsumerRecord<byte[], byte[]>> left = Reading.all(node.bootstrap(), partition).stream().filter(record -> new String(record.key()).equals("gone")).toList();
                assertThat(left.stream().anyMatch(record -> record.value() != null) && !hadValue.get()).as("the value came back").isFalse();
                hadValue.set(left.stream().anyMatch(record -> record.value() != null));
                return left.isEmpty();
            });
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    /** Enough of one other key to have all that was before sealed. */
    private static void roll(KafkaProducer<byte[], byte[]> producer, TopicPartition partition) throws Exception {
        for (int i = 0; i < 22; i++) {
            put(producer, partition, "other", new byte[100_000]);
        }
    }

    private static void put(KafkaProducer<byte[], byte[]> producer, TopicPartition partition, String key, byte[] value) throws Exception {
        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), key.getBytes(), value)).get(1, TimeUnit.MINUTES);
    }

    private static TopicPartition create(FirnNode node) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            return topics.create("table", 1, COMPACTED).get(0);
        }
    }

    private static double passes(FirnNode node) throws IOException {
        return node.metric("firn_cold_compaction_passes_total");
    }

    private static int replayWhile(AtomicBoolean writing, FirnNode node, TopicPartition partition, KeyedLoad load) {
        int replays = 0;
        while (writing.get()) {
            replayUnderLoad(node, partition, load);
            replays++;
        }
        return replays;
    }

    /**
     * Reads from the beginning to the end; without load. What was acknowledged must be there, each key's updates in order. Returns the records read.
     */
    private static List<ConsumerRecord<byte[], byte[]>> replay(FirnNode node, TopicPartition partition, KeyedLoad load) {
        KeyedTable table = new KeyedTable();
        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(node.bootstrap(), partition);
        read.forEach(table::take);
        load.acknowledged().forEach((key, update) -> assertThat(table.newest().get(key)).as("key %d", key).isEqualTo(update));
        return read;
    }

    /**
     * Reads from the beginning, under load. What was acknowledged before must be there or superseded: by an update that may lie behind what was the end when the reading began, so it reads on until it has found that.
     */
    private static void replayUnderLoad(FirnNode node, TopicPartition partition, KeyedLoad load) {
        Map<Integer, KeyedLoad.Update> before = load.acknowledged();
        KeyedTable table = new KeyedTable();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            Await.until("every key's newest value", () -> {
                Reading.toEnd(consumer, List.of(partition)).get(partition).forEach(table::take);
                return before.entrySet().stream().allMatch(key -> table.has(key.getKey(), key.getValue()));
            });
        }
    }

    /** Without load the cold tier becomes small: hardly more records than keys, in few objects, and nothing is left of what was superseded. */
    private static void settle(FirnNode node, Buckets buckets, TopicPartition partition, KeyedLoad load) throws IOException {
        try (Topics topics = Topics.of(node.bootstrap())) {
            alter(topics, partition.topic(), Map.of("min.cleanable.dirty.ratio", "0.01"));
            topics.awaitCold(List.of(partition), SEGMENT_UPDATES);
        }
        Await.until("compacted", () -> replay(node, partition, load).size() <= KEYS + SEGMENT_UPDATES);
        Await.until("superseded objects deleted", () -> buckets.segments("table") <= 8);
        assertThat(node.metric("firn_cold_orphans_possible_total")).isZero();
        assertThat(node.metric("firn_cold_reads_failed_total")).as("readers never met a hole").isZero();
        replay(node, partition, load);
    }

    private static void alter(Topics topics, String topic, Map<String, String> configs) {
        List<AlterConfigOp> changes = configs.entrySet().stream().map(config -> new AlterConfigOp(new ConfigEntry(config.getKey(), config.getValue()), AlterConfigOp.OpType.SET)).toList();
        Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), changes)).all());
    }
}
