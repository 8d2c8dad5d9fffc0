package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Letter;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The life of tiered records with each provider of the cold tier: written, sealed, offloaded, deleted locally, read back, and deleted for good. */
class ColdTierIT {

    private static final int PARTITIONS = 3;
    private static final int MEGABYTES = 4;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3", "minio"})
    void recordsSettleInTheColdTierAndAreReadBackFromIt(String provider) {
        TieredLoad load = new TieredLoad(Seed.random("ColdTierIT"));
        try (Buckets buckets = Buckets.open(provider, directory); FirnNode node = buckets.node(directory.resolve("data"), Map.of()).start()) {
            List<TopicPartition> partitions;
            try (Topics topics = Topics.of(node.bootstrap())) {
                partitions = topics.create("tiered", PARTITIONS, TieredLoad.TINY_SEGMENTS);
                load.send(node.bootstrap(), partitions, MEGABYTES);
                topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
                assertThat(buckets.segments("tiered")).isGreaterThanOrEqualTo((long) PARTITIONS * (MEGABYTES - 1));
            }

            load.verify(Reading.all(node.bootstrap(), partitions));
            load.verify(Reading.all(node.bootstrap(), partitions, Map.of("isolation.level", "read_committed")));
            load.verify(Reading.all(node.bootstrap(), partitions, Map.of("max.partition.fetch.bytes", 20_000, "fetch.max.bytes", 50_000)));
            timestampsAreFoundInEitherTier(node, partitions, load);

            node.stop();
            node.start();
            load.verify(Reading.all(node.bootstrap(), partitions));
            load.send(node.bootstrap(), partitions, 2);
            load.verify(Reading.all(node.bootstrap(), partitions));

            recordsAreDeletedAcrossTiers(node, buckets, partitions.get(0), load);
            totalRetentionDeletesObjects(node, buckets, partitions.get(1), load);
            deletingTheTopicDeletesItsObjects(node, buckets);
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    /** Segments are sealed, uploaded and deleted while readers of all ages pass from the cold to the hot tier. */
    @Test
    void readersSeeEveryRecordOnceWhileSegmentsMoveUnderThem() throws Exception {
        TieredLoad load = new TieredLoad(Seed.random("ColdTierIT"));
        ExecutorService threads = Executors.newCachedThreadPool();
        try (Buckets buckets = Buckets.open("s3", directory); FirnNode node = buckets.node(directory.resolve("data"), Map.of("retention.check.interval.ms", "20")).start()) {
            List<TopicPartition> partitions;
            try (Topics topics = Topics.of(node.bootstrap())) {
                partitions = topics.create("moving", PARTITIONS, TieredLoad.TINY_SEGMENTS);
            }
            List<Future<Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>>>> readers = new ArrayList<>();
            CountDownLatch allWritten = new CountDownLatch(1);
            for (int megabyte = 0; megabyte < 2 * MEGABYTES; megabyte++) {
                readers.add(threads.submit(() -> readWhileWritten(node.bootstrap(), partitions, allWritten)));
                load.send(node.bootstrap(), partitions, 1);
            }
            allWritten.countDown();
            for (Future<Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>>> reader : readers) {
                load.verify(reader.get(2, TimeUnit.MINUTES));
            }
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        } finally {
            threads.shutdownNow();
        }
    }

    private static Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> readWhileWritten(String bootstrap, List<TopicPartition> partitions, CountDownLatch allWritten) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = new HashMap<>();
        partitions.forEach(partition -> read.put(partition, new ArrayList<>()));
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, Map.of("max.partition.fetch.bytes", 200_000))) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (allWritten.getCount() > 0) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> read.get(new TopicPartition(record.topic(), record.partition())).add(record));
            }
            Reading.toEnd(consumer, partitions).forEach((partition, rest) -> read.get(partition).addAll(rest));
        }
        return read;
    }

    private static void timestampsAreFoundInEitherTier(FirnNode node, List<TopicPartition> partitions, TieredLoad load) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of())) {
            for (double part : new double[] {0, 0.1, 0.5, 0.8, 0.999}) {
                Map<TopicPartition, Long> asked = new HashMap<>();
                Map<TopicPartition, Long> expected = new HashMap<>();
                for (TopicPartition partition : partitions) {
                    List<Letter> sent = load.sent(partition);
                    long offset = (long) (sent.size() * part);
                    asked.put(partition, sent.get((int) offset).timestamp());
                    expected.put(partition, offset);
                }
                assertThat(consumer.offsetsForTimes(asked).entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, found -> found.getValue().offset()))).isEqualTo(expected);
            }
        }
    }

    /** The new start lies in the middle of a cold segment. */
    private static void recordsAreDeletedAcrossTiers(FirnNode node, Buckets buckets, TopicPartition partition, TieredLoad load) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            long before = objectsOf(buckets, partition);
            long start = topics.offset(partition, OffsetSpec.earliestLocal()) / 2 + 7;
            assertThat(Topics.done(topics.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(start))).lowWatermarks().get(partition)).lowWatermark()).isEqualTo(start);
            assertThat(topics.offset(partition, OffsetSpec.earliest())).isEqualTo(start);
            load.verify(partition, Reading.all(node.bootstrap(), partition), start);
            readingBelowTheStartIsOutOfRange(node, partition);
            Await.until("objects below the start deleted", () -> objectsOf(buckets, partition) < before);

            // Into what is still local only.
            long end = topics.offset(partition, OffsetSpec.latest());
            topics.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(end - 3)));
            Await.until("start moved", () -> topics.offset(partition, OffsetSpec.earliest()) == end - 3);
            load.verify(partition, Reading.all(node.bootstrap(), partition), end - 3);
            Await.until("all objects of the partition deleted", () -> objectsOf(buckets, partition) == 0);
        }
    }

    private static long objectsOf(Buckets buckets, TopicPartition partition) {
        return buckets.segments("/" + partition.partition() + "/");
    }

    private static void readingBelowTheStartIsOutOfRange(FirnNode node, TopicPartition partition) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("auto.offset.reset", "none"))) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 0);
            assertThatThrownBy(() -> Reading.toEnd(consumer, List.of(partition))).isInstanceOf(OffsetOutOfRangeException.class);
        }
    }

    private static void totalRetentionDeletesObjects(FirnNode node, Buckets buckets, TopicPartition partition, TieredLoad load) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            long before = objectsOf(buckets, partition);
            Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, partition.topic()),
                    List.of(new AlterConfigOp(new ConfigEntry("retention.bytes", "2500000"), AlterConfigOp.OpType.SET)))).all());
            Await.until("old segments gone for good", () -> topics.offset(partition, OffsetSpec.earliest()) > 0 && objectsOf(buckets, partition) < before);
            long start = topics.offset(partition, OffsetSpec.earliest());
            List<ConsumerRecord<byte[], byte[]>> read = Reading.all(node.bootstrap(), partition);
            load.verify(partition, read, start);
            assertThat(read.stream().mapToLong(record -> record.serializedValueSize()).sum()).as("what the limit leaves").isLessThan(4_000_000L);
        }
    }

    private static void deletingTheTopicDeletesItsObjects(FirnNode node, Buckets buckets) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            assertThat(buckets.segments("tiered")).isPositive();
            Topics.done(topics.admin().deleteTopics(List.of("tiered")).all());
            Await.until("objects of the topic deleted", () -> buckets.segments("tiered") == 0);
            assertThat(topics.names()).doesNotContain("tiered");
        }
    }
}
