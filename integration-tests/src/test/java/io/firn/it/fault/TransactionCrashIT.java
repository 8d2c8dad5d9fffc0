package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * kill -9 under transactional load, again and again, while segments roll and move to the cold tier. In the end readers of committed records see every input record exactly once and in order in
 * both outputs, nothing of an aborted transaction, and no transaction is left open.
 *
 * <p>{@code -Dfirn.crash.rounds=N} sets the number of kills, {@code -Dfirn.seed=N} their timing.
 */
class TransactionCrashIT {
    private static final int ROUNDS = Math.max(1, Integer.getInteger("firn.crash.rounds", 20) / 2);
    private static final int PARTITIONS = 2;
    private static final int RECORDS = 8_000;
    private static final int LONGEST_LIFE_MS = 700;
    private static final byte[] FILLING = "-".repeat(400).getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"fsync", "os"})
    void everyRecordIsMovedExactlyOnceThroughManyKills(String durability) {
        Random random = Seed.random("everyRecordIsMovedExactlyOnceThroughManyKills(" + durability + ")");
        Map<String, String> settings = Map.of("log.durability", durability, "retention.check.interval.ms", "50", "cold.delete.grace.ms", "1000", "transaction.abort.interval.ms", "500");
        try (FirnNode node = FirnNode.in(directory.resolve("data"), settings).start()) {
            fill(node);
            try (TransactionalLoad load = TransactionalLoad.start(node.bootstrap(), PARTITIONS, RECORDS, random.nextLong())) {
                for (int round = 1; round <= ROUNDS; round++) {
                    if (round % 2 == 0) {
                        load.awaitProgress();
                    }
                    long end = System.nanoTime() + Duration.ofMillis(random.nextInt(LONGEST_LIFE_MS)).toNanos();
                    Await.until("moment of the kill", () -> System.nanoTime() - end > 0);
                    node.kill9();
                    node.start();
                }
                load.finish();
                assertThat(load.failures()).isEmpty();
            }
            verify(node);
            node.stop();
        }
    }

    /** What it asks for lies behind a transaction that was aborted, within one index interval of it, in pages the new process has not read yet. */
    @Test
    void aReaderOfCommittedRecordsIsGivenNothingBeforeWhatItAsksForAfterAKill() throws Exception {
        TopicPartition partition = new TopicPartition("t", 0);
        try (FirnNode node = FirnNode.in(directory.resolve("data")).start()) {
            try (Topics topics = Topics.of(node.bootstrap()); KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("transactional.id", "one"))) {
                topics.create(partition.topic(), 1);
                producer.initTransactions();
                transaction(producer, partition, "aborted", false);
                transaction(producer, partition, "read before", true);
                transaction(producer, partition, "asked for", true);
            }
            node.kill9();
            node.start();

            List<String> read = new ArrayList<>();
            try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("isolation.level", "read_committed"))) {
                consumer.assign(List.of(partition));
                consumer.seek(partition, 4); // three records, and a marker behind each
                Await.until("it reads on", () -> {
                    consumer.poll(Duration.ofMillis(100)).forEach(record -> read.add(new String(record.value(), StandardCharsets.UTF_8)));
                    return read.contains("asked for");
                });
            }
            assertThat(read).containsExactly("asked for");
            node.stop();
        }
    }

    private static void transaction(KafkaProducer<byte[], byte[]> producer, TopicPartition partition, String value, boolean commit) throws ExecutionException, InterruptedException {
        producer.beginTransaction();
        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, value.getBytes(StandardCharsets.UTF_8))).get();
        if (commit) {
            producer.commitTransaction();
        } else {
            producer.abortTransaction();
        }
    }

    private static void fill(FirnNode node) {
        try (Topics topics = Topics.of(node.bootstrap()); KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("linger.ms", 5))) {
            topics.create(TransactionalLoad.INPUT, PARTITIONS);
            TransactionalLoad.OUTPUTS.forEach(output -> topics.create(output, PARTITIONS,
                    Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1")));
            for (int i = 0; i < RECORDS; i++) {
                for (int partition = 0; partition < PARTITIONS; partition++) {
                    producer.send(new ProducerRecord<>(TransactionalLoad.INPUT, partition, FILLING, Integer.toString(i).getBytes(StandardCharsets.UTF_8)));
                }
            }
        }
    }

    private static void verify(FirnNode node) {
        List<TopicPartition> outputs = TransactionalLoad.OUTPUTS.stream().flatMap(output -> Topics.partitions(output, PARTITIONS).stream()).toList();
        try (Topics topics = Topics.of(node.bootstrap())) {
            Await.until("no transaction is left open", () -> Topics.done(topics.admin().listTransactions().all()).stream().allMatch(listing -> listing.state().toString().startsWith("Complete")));
            assertThat(outputs).as("the cold tier took part").anyMatch(partition -> topics.offset(partition, OffsetSpec.latestTiered()) > 0);
        }
        Reading.all(node.bootstrap(), outputs, Map.of("isolation.level", "read_committed")).forEach((partition, records) -> {
            for (int i = 0; i < Math.min(RECORDS, records.size()); i++) {
                String value = new String(records.get(i).value(), StandardCharsets.UTF_8);
                if (!value.equals(Integer.toString(i))) {
                    throw new AssertionError(partition + ", offset " + records.get(i).offset() + ": " + value + " where " + i + " is next");
                }
            }
            assertThat(records).as("records of %s", partition).hasSize(RECORDS);
        });
        Stream<String> all = Reading.all(node.bootstrap(), outputs).values().stream().flatMap(List::stream).map(record -> new String(record.value(), StandardCharsets.UTF_8));
        assertThat(all.filter(value -> value.startsWith(TransactionalLoad.ABORTED))).as("transactions were aborted").isNotEmpty();
        assertThat(node.logLines("ERROR")).isEmpty();
    }
}
