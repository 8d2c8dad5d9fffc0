package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Letter;
import io.firn.it.harness.Letters;
import io.firn.it.harness.Reading;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** Writes many small segments to a {@link TrialTopic}, of one record each, with few keys in turn, and remembers what must come back. For one thread. */
final class SegmentLoad {

    private static final int KEYS = 20;
    /** Far enough for a segment each. */
    private static final long APART_MS = 1_000;

    private final TopicPartition partition;
    private final Random random;
    private final List<Letter> sent;
    private long timestampMs;

    /** @param timestampMs of the first record */
    SegmentLoad(TopicPartition partition, Random random, long timestampMs) {
        this(partition, random, timestampMs, List.of());
    }

    private SegmentLoad(TopicPartition partition, Random random, long timestampMs, List<Letter> sent) {
        this.partition = partition;
        this.random = random;
        this.timestampMs = timestampMs;
        this.sent = new ArrayList<>(sent);
    }

    /** One that goes on from where this one is, and leaves it there. */
    SegmentLoad copy() {
        return new SegmentLoad(partition, random, timestampMs, sent);
    }

    /** The time of the next record. */
    void goOnAt(long timestampMs) {
        this.timestampMs = timestampMs;
    }

    /** A segment for each of these values; all are acknowledged when this returns. */
    void send(String bootstrap, IntStream valueBytes) {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("batch.size", 0))) {
            valueBytes.forEach(bytes -> {
                ProducerRecord<byte[], byte[]> record = record(bytes);
                sent.add(Letter.of(record));
                answers.add(producer.send(record));
            });
        }
        for (Future<RecordMetadata> answer : answers) {
            assertThat(answer).succeedsWithin(1, TimeUnit.MINUTES);
        }
    }

    void send(String bootstrap, int segments, int valueBytes) {
        send(bootstrap, IntStream.generate(() -> valueBytes).limit(segments));
    }

    private ProducerRecord<byte[], byte[]> record(int valueBytes) {
        byte[] key = ByteBuffer.allocate(Integer.BYTES).putInt(sent.size() % KEYS).array();
        byte[] value = new byte[valueBytes];
        random.nextBytes(value);
        timestampMs += APART_MS;
        return new ProducerRecord<>(partition.topic(), partition.partition(), timestampMs, key, value);
    }

    /** Segments, and records, so far. */
    int count() {
        return sent.size();
    }

    /** A reader finds all from {@code offset} on, and nothing else. */
    void verify(String bootstrap, int offset) {
        Letters.verify(partition.toString(), Reading.all(bootstrap, partition), sent.subList(offset, sent.size()), offset);
    }

    /** A reader finds at last of each key what was sent last, of which there is more than one. */
    void verifyNewest(String bootstrap) {
        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(bootstrap, partition);
        assertThat(newest(read.stream().map(Letter::of).toList())).isEqualTo(newest(sent));
        assertThat(read).as("is compacted").hasSizeLessThan(sent.size());
    }

    private static Map<String, Letter> newest(List<Letter> letters) {
        Map<String, Letter> newest = new HashMap<>();
        letters.forEach(letter -> newest.put(letter.key(), letter));
        return newest;
    }
}
