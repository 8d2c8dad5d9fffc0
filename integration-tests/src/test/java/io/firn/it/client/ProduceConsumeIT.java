package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Letter;
import io.firn.it.harness.Letters;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the Java client of this version sends comes back as it was sent, whatever the producer's and consumer's settings. */
class ProduceConsumeIT {

    private static final int DEFAULT_MAX_MESSAGE_BYTES = 1_048_588;

    @TempDir
    static Path directory;

    private static FirnNode node;
    private static Topics topics;

    @BeforeAll
    static void startBroker() {
        node = FirnNode.in(directory.resolve("data")).start();
        topics = Topics.of(node.bootstrap());
    }

    @AfterAll
    static void stopBroker() {
        topics.close();
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
        node.close();
    }

    @ParameterizedTest
    @CsvSource({"0, none, 1", "1, none, 6", "all, none, 6", "all, gzip, 6", "all, snappy, 6", "1, lz4, 6", "all, zstd, 6", "all, lz4, 100", "1, none, 100"})
    void recordsComeBackAsTheyWereSent(String acks, String compression, int partitions) throws Exception {
        Random random = Seed.random("recordsComeBackAsTheyWereSent");
        List<TopicPartition> all = topics.create("sent-" + acks + "-" + compression + "-" + partitions, partitions);
        Map<String, Object> settings = Map.of("acks", acks, "compression.type", compression, "linger.ms", 5, "enable.idempotence", acks.equals("all"));

        Map<TopicPartition, List<Letter>> sent = send(random, all, settings, 3_000);

        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = readExactly(all, sent);
        for (TopicPartition partition : all) {
            Letters.verify(partition.toString(), read.get(partition), sent.get(partition));
            assertThat(read.get(partition)).allMatch(record -> record.timestampType() == TimestampType.CREATE_TIME);
        }
    }

    private static Map<TopicPartition, List<Letter>> send(Random random, List<TopicPartition> to, Map<String, Object> settings, int count) throws Exception {
        Map<TopicPartition, List<Letter>> sent = new HashMap<>();
        to.forEach(partition -> sent.put(partition, new ArrayList<>()));
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), settings)) {
            long start = System.currentTimeMillis() - count;
            for (int i = 0; i < count; i++) {
                TopicPartition partition = to.get(random.nextInt(to.size()));
                ProducerRecord<byte[], byte[]> record = Letter.random(random, partition, start + i, random.nextInt(2_000));
                sent.get(partition).add(Letter.of(record));
                answers.add(producer.send(record));
            }
        }
        for (Future<RecordMetadata> answer : answers) {
            answer.get(1, TimeUnit.SECONDS);
        }
        return sent;
    }

    /** With acks=0 the end of the producer says nothing about the end of the log: reads until as many have come as were sent. */
    private static Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> readExactly(List<TopicPartition> all, Map<TopicPartition, List<Letter>> sent) {
        Await.until("log ends reached", () -> topics.ends(all).entrySet().stream().allMatch(end -> end.getValue() == sent.get(end.getKey()).size()));
        return Reading.all(node.bootstrap(), all);
    }

    @Test
    void acknowledgedOffsetsAreTheOnesRead() throws Exception {
        TopicPartition partition = topics.create("offsets", 1).get(0);
        Map<Long, String> acknowledged = new HashMap<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("linger.ms", 2))) {
            Map<String, Future<RecordMetadata>> answers = new HashMap<>();
            for (int i = 0; i < 500; i++) {
                String value = "value " + i;
                answers.put(value, producer.send(new ProducerRecord<>(partition.topic(), 0, null, value.getBytes())));
            }
            for (Map.Entry<String, Future<RecordMetadata>> answer : answers.entrySet()) {
                acknowledged.put(answer.getValue().get(30, TimeUnit.SECONDS).offset(), answer.getKey());
            }
        }

        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(node.bootstrap(), partition);

        assertThat(read).hasSize(500).allSatisfy(record -> assertThat(new String(record.value())).isEqualTo(acknowledged.get(record.offset())));
    }

    @Test
    void recordsUpToTheLimitAreTakenAndLargerOnesRefused() throws Exception {
        TopicPartition partition = topics.create("large", 1).get(0);
        // Batch header, record header and length fields take less than this.
        byte[] fits = new byte[DEFAULT_MAX_MESSAGE_BYTES - 100];
        new Random(7).nextBytes(fits);
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("max.request.size", 20_000_000, "buffer.memory", 64_000_000))) {
            producer.send(new ProducerRecord<>("large", 0, null, fits)).get(60, TimeUnit.SECONDS);
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("large", 0, null, new byte[DEFAULT_MAX_MESSAGE_BYTES + 1])).get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(RecordTooLargeException.class);
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("large", 0, null, new byte[10_000_000])).get(60, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(RecordTooLargeException.class);
            producer.send(new ProducerRecord<>("large", 0, null, "after".getBytes())).get(60, TimeUnit.SECONDS);
        }

        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(node.bootstrap(), partition);

        assertThat(read).extracting(ConsumerRecord::value).containsExactly(fits, "after".getBytes());
    }

    @Test
    void aTopicsOwnLargerLimitHolds() throws Exception {
        TopicPartition partition = topics.create("larger", 1, Map.of("max.message.bytes", "12000000")).get(0);
        byte[] value = new byte[11_000_000];
        new Random(8).nextBytes(value);
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("max.request.size", 20_000_000, "buffer.memory", 64_000_000))) {
            producer.send(new ProducerRecord<>("larger", 0, null, value)).get(60, TimeUnit.SECONDS);
        }

        // The client's own limits of a fetch are far below the batch; a first batch comes whole all the same.
        assertThat(Reading.all(node.bootstrap(), List.of(partition), Map.of("max.partition.fetch.bytes", 1_000, "fetch.max.bytes", 1_000)).get(partition))
                .extracting(ConsumerRecord::value).containsExactly(value);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 300, 100_000})
    void smallFetchesReadEverything(int fetchBytes) throws Exception {
        List<TopicPartition> all = topics.create("small-fetches-" + fetchBytes, 3);
        Map<TopicPartition, List<Letter>> sent = send(new Random(9), all, Map.of("batch.size", 2_000), 600);

        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read =
                Reading.all(node.bootstrap(), all, Map.of("max.partition.fetch.bytes", fetchBytes, "fetch.max.bytes", fetchBytes * 2, "max.poll.records", 7));

        all.forEach(partition -> Letters.verify(partition.toString(), read.get(partition), sent.get(partition)));
    }

    @Test
    void aWaitingFetchIsAnsweredWhenARecordArrives() throws Exception {
        TopicPartition partition = topics.create("waiting", 1).get(0);
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("fetch.max.wait.ms", 60_000, "request.timeout.ms", 90_000));
                KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            for (int i = 0; i < 20; i++) {
                assertThat(consumer.poll(Duration.ofMillis(50)).count()).isZero();
                producer.send(new ProducerRecord<>("waiting", 0, null, ("now " + i).getBytes())).get(30, TimeUnit.SECONDS);
                // Were it not answered on arrival, it would be after fetch.max.wait.ms, long after this.
                assertThat(consumer.poll(Duration.ofSeconds(30))).hasSize(1);
            }
            closeAtOnce(consumer);
        }
    }

    @Test
    void aFetchWaitsForItsMinimumOfBytesOrItsTime() throws Exception {
        TopicPartition partition = topics.create("minimum", 1).get(0);
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("fetch.min.bytes", 50_000, "fetch.max.wait.ms", 60_000, "request.timeout.ms", 90_000));
                KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            producer.send(new ProducerRecord<>("minimum", 0, null, new byte[30_000])).get(30, TimeUnit.SECONDS);
            assertThat(consumer.poll(Duration.ofMillis(300)).count()).as("below the minimum").isZero();
            producer.send(new ProducerRecord<>("minimum", 0, null, new byte[30_000])).get(30, TimeUnit.SECONDS);
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofSeconds(30));
            assertThat(records.count()).isEqualTo(2);
            closeAtOnce(consumer);
        }
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("fetch.min.bytes", 1_000_000, "fetch.max.wait.ms", 200))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            assertThat(consumer.poll(Duration.ofSeconds(30)).count()).as("after the time").isEqualTo(2);
        }
    }

    /** Without waiting for the answer to the fetch under way, which would be the broker's full wait. */
    private static void closeAtOnce(KafkaConsumer<byte[], byte[]> consumer) {
        consumer.close(CloseOptions.timeout(Duration.ZERO));
    }

    @Test
    void withLogAppendTimeTheBrokersClockIsReturnedAndStored() throws Exception {
        TopicPartition partition = topics.create("append-time", 1, Map.of("message.timestamp.type", "LogAppendTime")).get(0);
        long before = System.currentTimeMillis();
        List<Long> returned = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("compression.type", "lz4"))) {
            for (int i = 0; i < 20; i++) {
                returned.add(producer.send(new ProducerRecord<>("append-time", 0, 1_000L + i, null, ("v" + i).getBytes())).get(30, TimeUnit.SECONDS).timestamp());
            }
        }
        long after = System.currentTimeMillis();

        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(node.bootstrap(), partition);

        assertThat(read).hasSize(20).allSatisfy(record -> {
            assertThat(record.timestampType()).isEqualTo(TimestampType.LOG_APPEND_TIME);
            assertThat(record.timestamp()).isBetween(before, after);
        });
        assertThat(read).extracting(ConsumerRecord::timestamp).isEqualTo(returned);
    }

    @Test
    void aTopicIsCreatedWhenAProducerFirstNamesIt() throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            assertThat(producer.send(new ProducerRecord<>("made-by-producer", "hello".getBytes())).get(60, TimeUnit.SECONDS).offset()).isZero();
        }
        assertThat(topics.names()).contains("made-by-producer");
    }

    @Test
    void whatWasSentOutlivesACleanRestart() throws Exception {
        List<TopicPartition> all = topics.create("restarted", 4);
        Map<TopicPartition, List<Letter>> sent = send(new Random(11), all, Map.of(), 1_000);

        node.stop();
        node.start();

        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = Reading.all(node.bootstrap(), all);
        all.forEach(partition -> Letters.verify(partition.toString(), read.get(partition), sent.get(partition)));
    }
}
