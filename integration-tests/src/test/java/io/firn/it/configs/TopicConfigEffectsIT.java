package io.firn.it.configs;

import static io.firn.it.harness.Topics.done;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidTimestampException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What topic configs do, as a stock client and Kafka's own dump tool see it. */
class TopicConfigEffectsIT {

    private static final List<String> CODECS = List.of("gzip", "snappy", "lz4", "zstd", "uncompressed");
    private static final int RECORDS = 2000;

    @TempDir
    static Path directory;

    private static FirnNode node;
    private static Topics topics;

    @BeforeAll
    static void start() {
        node = FirnNode.in(directory.resolve("data")).start();
        topics = Topics.of(node.bootstrap());
    }

    @AfterAll
    static void stop() {
        topics.close();
        node.close();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    private static byte[] value(int i) {
        return ("record " + i + " with some text that compresses, ").repeat(1 + i % 40).getBytes(StandardCharsets.UTF_8);
    }

    /** An idempotent producer with five batches in flight, of another codec than the topic's. */
    private static void produce(String topic, String codec) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("compression.type", codec, "linger.ms", 1, "batch.size", 4000))) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < RECORDS; i++) {
                sent.add(producer.send(new ProducerRecord<>(topic, 0, Integer.toString(i).getBytes(StandardCharsets.UTF_8), value(i))));
            }
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
        }
    }

    private static List<ConsumerRecord<byte[], byte[]>> consume(String topic, int count) {
        List<ConsumerRecord<byte[], byte[]>> all = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of())) {
            consumer.assign(List.of(new TopicPartition(topic, 0)));
            consumer.seekToBeginning(consumer.assignment());
            long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
            while (all.size() < count && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach(all::add);
            }
        }
        return all;
    }

    @Test
    void everyCodecIsRewrittenToTheTopicsAndReadBackInOrder() throws Exception {
        Map<String, String> producers = new HashMap<>();
        for (int i = 0; i < CODECS.size(); i++) {
            String codec = CODECS.get(i);
            String source = CODECS.get((i + 1) % CODECS.size()).replace("uncompressed", "none");
            producers.put(codec, source);
            topics.create("as-" + codec, 1, Map.of("compression.type", codec));
            produce("as-" + codec, source);
            List<ConsumerRecord<byte[], byte[]>> read = consume("as-" + codec, RECORDS);
            assertThat(read).extracting(record -> Integer.parseInt(new String(record.key(), StandardCharsets.UTF_8))).containsExactlyElementsOf(IntStream.range(0, RECORDS).boxed().toList());
            assertThat(read).allSatisfy(record -> assertThat(record.value()).isEqualTo(value(Integer.parseInt(new String(record.key(), StandardCharsets.UTF_8)))));
        }
        for (String codec : CODECS) {
            List<String> batches = dumpedBatches("as-" + codec);
            String name = codec.equals("uncompressed") ? "none" : codec;
            assertThat(batches).as("producer used %s", producers.get(codec)).hasSizeGreaterThan(10)
                    .allMatch(line -> line.toLowerCase(Locale.ROOT).contains("compresscodec: " + name) && line.contains("isvalid: true"));
        }
    }

    private static List<String> dumpedBatches(String topic) throws IOException {
        Path log;
        try (Stream<Path> files = Files.walk(node.data())) {
            log = files.filter(file -> file.getParent().getFileName().toString().equals(topic + "-0") && file.toString().endsWith(".log")).findFirst().orElseThrow();
        }
        return KafkaTool.run("org.apache.kafka.tools.DumpLogSegments", "--files", log.toString()).succeeded().lines().stream().filter(line -> line.startsWith("baseOffset:")).toList();
    }

    @Test
    void aRecordThatUnfoldsToTooMuchIsRefusedAndTheBrokerGoesOn() {
        topics.create("bombed", 1, Map.of("compression.type", "gzip"));
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("compression.type", "zstd", "max.request.size", 100 << 20, "buffer.memory", 128L << 20))) {
            assertThatThrownBy(() -> producer.send(new ProducerRecord<>("bombed", new byte[60 << 20])).get()).isInstanceOf(ExecutionException.class).hasCauseInstanceOf(RecordTooLargeException.class);
            assertThat(producer.send(new ProducerRecord<>("bombed", new byte[1000])).get().offset()).isZero();
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void ofABatchWithAnOldRecordTheClientIsToldWhichOne() throws Exception {
        topics.create("recent", 1, Map.of("message.timestamp.before.max.ms", "60000"));
        long now = System.currentTimeMillis();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("linger.ms", 2000, "enable.idempotence", false))) {
            Future<RecordMetadata> sound = producer.send(new ProducerRecord<>("recent", 0, now, null, new byte[] {1}));
            Future<RecordMetadata> old = producer.send(new ProducerRecord<>("recent", 0, now - 3_600_000, null, new byte[] {2}));
            producer.flush();
            assertThatThrownBy(old::get).hasCauseInstanceOf(InvalidTimestampException.class);
            assertThatThrownBy(sound::get).cause().isExactlyInstanceOf(KafkaException.class);
        }
        assertThat(topics.offset(new TopicPartition("recent", 0), OffsetSpec.latest())).isZero();
    }

    @Test
    void underLogAppendTimeProducerConsumerAndSearchKnowTheBrokersTime() throws Exception {
        topics.create("stamped", 1, Map.of("message.timestamp.type", "LogAppendTime", "compression.type", "lz4"));
        long before = System.currentTimeMillis();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            RecordMetadata answered = producer.send(new ProducerRecord<>("stamped", 0, 5L, null, new byte[] {1})).get();
            assertThat(answered.timestamp()).isBetween(before, System.currentTimeMillis());
            assertThat(consume("stamped", 1)).singleElement().satisfies(record -> assertThat(record.timestamp()).isEqualTo(answered.timestamp()));
            assertThat(done(topics.admin().listOffsets(Map.of(new TopicPartition("stamped", 0), OffsetSpec.forTimestamp(before))).all()).values()).singleElement()
                    .satisfies(found -> assertThat(found.timestamp()).isEqualTo(answered.timestamp()));
        }
    }
}
