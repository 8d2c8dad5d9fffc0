package io.firn.it.cold;

import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Letter;
import io.firn.it.harness.Letters;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** Writes megabytes to partitions and remembers what must come back. For one thread. */
final class TieredLoad {

    /** Small enough that tests see many; the smallest Kafka allows. */
    static final Map<String, String> TINY_SEGMENTS = Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1");

    /** At most so many records of a load in one segment, so that sealed segments hold all others. */
    static final int SEGMENT_RECORDS = 300;

    private static final int VALUE_BYTES = 4_000;

    private final Random random;
    private final Map<TopicPartition, List<Letter>> sent = new HashMap<>();
    private long timestamp = 1_700_000_000_000L;

    TieredLoad(Random random) {
        this.random = random;
    }

    /** Sends about {@code megabytes} to each partition; all are acknowledged when this returns. */
    void send(String bootstrap, List<TopicPartition> partitions, int megabytes) {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 5, "batch.size", 64_000))) {
            for (int i = 0; i < megabytes * (1_000_000 / VALUE_BYTES); i++) {
                for (TopicPartition partition : partitions) {
                    ProducerRecord<byte[], byte[]> record = Letter.random(random, partition, timestamp++, VALUE_BYTES);
                    sent.computeIfAbsent(partition, any -> new ArrayList<>()).add(Letter.of(record));
                    answers.add(producer.send(record));
                }
            }
        }
        answers.forEach(TieredLoad::acknowledged);
    }

    private static void acknowledged(Future<RecordMetadata> answer) {
        try {
            answer.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            throw new AssertionError("Not acknowledged", e.getCause());
        }
    }

    List<Letter> sent(TopicPartition partition) {
        return sent.get(partition);
    }

    /** All that was sent, and nothing else, at contiguous offsets from 0. */
    void verify(Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read) {
        read.forEach((partition, records) -> verify(partition, records, 0));
    }

    /** All that was sent from {@code offset} on. */
    void verify(TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records, long offset) {
        Letters.verify(partition.toString(), records, sent.get(partition).subList((int) offset, sent.get(partition).size()), offset);
    }
}
