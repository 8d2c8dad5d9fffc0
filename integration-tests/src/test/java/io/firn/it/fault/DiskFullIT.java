package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.SmallDisk;
import io.firn.it.harness.Topics;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RetriableException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A data directory on a file system that fills up: producers are told to try again, readers do not notice, and writing resumes when there is space. Needs the right to mount a small file
 * system in memory; skipped, and said so, without it.
 */
class DiskFullIT {

    private static final int VALUE_BYTES = 20_000;
    private static final int BALLAST_BYTES = 24 << 20;
    private static final int DISK_MIB = 64;

    @TempDir
    Path directory;

    private SmallDisk disk;
    private FirnNode node;
    private TopicPartition partition;
    private int sentRecords;
    private final Map<Integer, Long> acknowledged = new HashMap<>();

    @BeforeEach
    void mountSmallDisk() {
        Optional<SmallDisk> mounted = SmallDisk.mount(directory.resolve("disk"), DISK_MIB);
        assumeTrue(mounted.isPresent(), "not allowed to mount a file system: a full disk is not tested here");
        disk = mounted.orElseThrow().load(BALLAST_BYTES);
    }

    @AfterEach
    void unmount() {
        if (node != null) {
            node.close();
        }
        if (disk != null) {
            disk.close();
        }
    }

    /** With watermark 0 the disk itself is full; with one of 8 MiB the broker refuses before that. */
    @ParameterizedTest
    @ValueSource(strings = {"0", "8388608"})
    void aFullDiskRefusesWritesServesReadsAndResumes(String watermarkBytes) throws Exception {
        node = FirnNode.in(disk.directory().resolve("data"), Map.of("log.disk.watermark.bytes", watermarkBytes, "retention.check.interval.ms", "200")).start();
        try (Topics topics = Topics.of(node.bootstrap())) {
            partition = topics.create("filling", 1, Map.of("segment.bytes", "4194304", "remote.storage.enable", "false")).get(0);
        }
        Throwable refusal = sendUntilRefused();
        assertThat(refusal).as("what a producer is told in the end").isInstanceOf(RetriableException.class);
        assertThat(acknowledged.size()).isGreaterThan(500);
        verify();

        disk.free();
        sendSome(100);
        verify();

        node.stop();
        node.start();
        verify();
        sendSome(10);
        verify();
        node.stop();
    }

    /** Not one byte is free: what has to be written down is refused, nothing ends, and all of it works again with space. */
    @Test
    void adminAndGroupsComeThroughAFullDisk() throws Exception {
        node = FirnNode.in(disk.directory().resolve("data"), Map.of("group.offsets.partitions", "2", "group.settings.group.initial.rebalance.delay.ms", "0")).start();
        try (Topics topics = Topics.of(node.bootstrap())) {
            partition = topics.create("filling", 1, Map.of("segment.bytes", "4194304", "remote.storage.enable", "false")).get(0);
            sendSome(50);
            commit(7);
            disk.fill();
            assertThat(sendUntilRefused()).isInstanceOf(RetriableException.class);

            assertThatThrownBy(() -> Topics.done(topics.admin().createTopics(List.of(new NewTopic("refused", 1, (short) 1)), new CreateTopicsOptions().timeoutMs(4_000)).all()))
                    .isInstanceOf(Exception.class);
            assertThat(node.process().alive()).as("alive").isTrue();
            verify();

            disk.free();
            Await.until("topics can be made again", () -> {
                Topics.done(topics.admin().createTopics(List.of(new NewTopic("made", 1, (short) 1))).all());
                return true;
            });
            Await.until("offsets can be committed again", () -> {
                commit(11);
                return true;
            });
            sendSome(50);
            verify();
        }
        node.stop();
        node.start();
        verify();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("group.id", "full"))) {
            assertThat(consumer.committed(Set.of(partition), Duration.ofSeconds(60)).get(partition).offset()).isEqualTo(11);
        }
        node.stop();
    }

    private void commit(long offset) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("group.id", "full"))) {
            consumer.assign(List.of(partition));
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(offset)), Duration.ofSeconds(8));
        }
    }

    private Throwable sendUntilRefused() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("delivery.timeout.ms", 6_000, "request.timeout.ms", 3_000, "linger.ms", 0, "batch.size", 50_000))) {
            while (true) {
                Map<Integer, Future<RecordMetadata>> answers = new HashMap<>();
                for (int i = 0; i < 20; i++) {
                    answers.put(sentRecords, producer.send(next()));
                }
                for (Map.Entry<Integer, Future<RecordMetadata>> answer : answers.entrySet()) {
                    try {
                        acknowledged.put(answer.getKey(), answer.getValue().get(60, TimeUnit.SECONDS).offset());
                    } catch (ExecutionException e) {
                        return e.getCause();
                    }
                }
                assertThat(sentRecords).as("records on a disk of 64 MiB").isLessThan(5_000);
            }
        }
    }

    private void sendSome(int count) throws Exception {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        int first = sentRecords;
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            for (int i = 0; i < count; i++) {
                answers.add(producer.send(next()));
            }
        }
        for (int i = 0; i < count; i++) {
            acknowledged.put(first + i, answers.get(i).get().offset());
        }
    }

    private ProducerRecord<byte[], byte[]> next() {
        return new ProducerRecord<>(partition.topic(), 0, null, ByteBuffer.allocate(VALUE_BYTES).putInt(sentRecords++).array());
    }

    /** Every acknowledged record is at its offset, and none is there twice. */
    private void verify() {
        Map<Integer, Long> found = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : Reading.all(node.bootstrap(), partition)) {
            assertThat(record.value()).hasSize(VALUE_BYTES);
            assertThat(found.put(ByteBuffer.wrap(record.value()).getInt(), record.offset())).as("twice").isNull();
        }
        assertThat(found).containsAllEntriesOf(acknowledged);
    }
}
