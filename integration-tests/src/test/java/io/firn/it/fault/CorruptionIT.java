package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Letter;
import io.firn.it.harness.Letters;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files after a kill: a torn tail is cut and said, damage in what was durable takes one partition out of service and no other, and damaged bytes are never taken for records. */
class CorruptionIT {

    private static final int PARTITIONS = 4;
    private static final int RECORDS = 1_500;
    private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);

    @TempDir
    Path directory;

    private final Map<TopicPartition, List<Letter>> sent = new HashMap<>();
    private FirnNode node;
    private List<TopicPartition> partitions;

    @BeforeEach
    void startWithRecordsAndKill() throws Exception {
        node = FirnNode.in(directory.resolve("data")).start();
        try (Topics topics = Topics.of(node.bootstrap())) {
            partitions = topics.create("damaged", PARTITIONS, Map.of("segment.bytes", "1048576", "remote.storage.enable", "false", "retention.ms", "-1"));
        }
        Random random = Seed.random("CorruptionIT");
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            for (int i = 0; i < RECORDS; i++) {
                for (TopicPartition partition : partitions) {
                    ProducerRecord<byte[], byte[]> record = Letter.random(random, partition, i, 1_500);
                    sent.computeIfAbsent(partition, any -> new ArrayList<>()).add(Letter.of(record));
                    producer.send(record);
                }
            }
            producer.flush();
        }
        node.kill9();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private List<Path> segments(TopicPartition partition) throws IOException {
        try (Stream<Path> files = Files.walk(node.data())) {
            return files.filter(file -> file.toString().endsWith(".log") && file.getParent().getFileName().toString().equals(partition.toString())).sorted().toList();
        }
    }

    private Path newest(TopicPartition partition) throws IOException {
        List<Path> all = segments(partition);
        return all.get(all.size() - 1);
    }

    private static void flip(Path file, long position) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(position);
            int before = bytes.read();
            bytes.seek(position);
            bytes.write(before ^ 0x40);
        }
    }

    private static void shorten(Path file, long bytes) throws IOException {
        try (RandomAccessFile all = new RandomAccessFile(file.toFile(), "rw")) {
            all.setLength(all.length() - bytes);
        }
    }

    private void assertIntact(TopicPartition partition) {
        Letters.verify(partition.toString(), Reading.all(node.bootstrap(), partition), sent.get(partition));
    }

    /** What is left is a prefix of what was sent, and goes on being written to. */
    private void assertCut(TopicPartition partition) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> left = Reading.all(node.bootstrap(), partition);
        assertThat(left.size()).isLessThan(RECORDS);
        Letters.verify(partition.toString(), left, sent.get(partition).subList(0, left.size()));
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            assertThat(producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, "after".getBytes())).get(60, TimeUnit.SECONDS).offset()).isEqualTo(left.size());
        }
    }

    @Test
    void aTornOrCorruptTailIsCutAndSaid() throws Exception {
        Files.write(newest(partitions.get(0)), new byte[777], StandardOpenOption.APPEND);
        shorten(newest(partitions.get(1)), 5);
        flip(newest(partitions.get(2)), Files.size(newest(partitions.get(2))) - 20);

        node.start();

        assertIntact(partitions.get(0));
        assertCut(partitions.get(1));
        assertCut(partitions.get(2));
        assertIntact(partitions.get(3));
        for (int damaged = 0; damaged < 3; damaged++) {
            String name = partitions.get(damaged).toString();
            assertThat(node.logLines("WARN")).as("said of %s", name).anyMatch(line -> line.contains(name));
        }
        assertThat(node.logLines("WARN")).noneMatch(line -> line.contains(partitions.get(3).toString()));
        node.stop();
    }

    @Test
    void damageBelowTheRecoveryPointTakesThatPartitionOutOfServiceAndNoOther() throws Exception {
        TopicPartition damaged = partitions.get(1);
        List<Path> segments = segments(damaged);
        assertThat(segments).hasSizeGreaterThan(1);
        shorten(segments.get(0), 100);

        node.start();

        assertIntact(partitions.get(0));
        assertIntact(partitions.get(2));
        assertIntact(partitions.get(3));
        assertNotServed(damaged);
        assertThat(node.logLines("ERROR")).isNotEmpty().allMatch(line -> line.contains(damaged.toString()));
        assertThat(Files.size(segments.get(0))).as("the files stay as they are").isPositive();
        assertThat(segments(damaged)).isEqualTo(segments);
        node.stop();
    }

    private void assertNotServed(TopicPartition partition) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("delivery.timeout.ms", 4_000, "request.timeout.ms", 2_000, "linger.ms", 0, "max.block.ms", 5_000))) {
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, new byte[1])).get(60, TimeUnit.SECONDS))
                    .isInstanceOfAny(ExecutionException.class, KafkaException.class);
        }
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of())) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, 0);
            List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                consumer.poll(Duration.ofMillis(200)).forEach(read::add);
            }
            assertThat(read).as("records of a partition out of service").isEmpty();
        }
    }

    @Test
    void aDamagedBatchIsNeverTakenForRecords() throws Exception {
        TopicPartition damaged = partitions.get(2);
        flip(segments(damaged).get(0), Files.size(segments(damaged).get(0)) / 2);

        node.start();

        List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("max.poll.records", 20))) {
            consumer.assign(List.of(damaged));
            consumer.seekToBeginning(List.of(damaged));
            assertThatThrownBy(() -> {
                for (long start = System.nanoTime(); read.size() < RECORDS && System.nanoTime() - start < PATIENCE_NANOS; ) {
                    consumer.poll(Duration.ofMillis(100)).forEach(read::add);
                }
            }).isInstanceOf(KafkaException.class);
        }
        assertThat(read.size()).isLessThan(RECORDS);
        Letters.verify(damaged.toString(), read, sent.get(damaged).subList(0, read.size()));
        assertIntact(partitions.get(0));
        node.stop();
    }

    @Test
    void lostIndexesAndSnapshotsAreMadeAgain() throws Exception {
        try (Stream<Path> files = Files.walk(node.data())) {
            for (Path file : files.filter(file -> file.getParent().getFileName().toString().startsWith("damaged-") && file.toString().matches(".*\\.(index|timeindex|snapshot)")).toList()) {
                Files.delete(file);
            }
        }

        node.start();

        partitions.forEach(this::assertIntact);
        try (Topics topics = Topics.of(node.bootstrap())) {
            assertThat(topics.offset(partitions.get(0), OffsetSpec.forTimestamp(700))).isEqualTo(700);
        }
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }
}
