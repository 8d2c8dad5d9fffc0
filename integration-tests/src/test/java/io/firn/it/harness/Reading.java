package io.firn.it.harness;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** Reads partitions from their beginning to the end they had when the reading began. */
public final class Reading {

    private static final Duration WITHOUT_PROGRESS = Duration.ofSeconds(60);

    private Reading() {}

    /** All records of each partition, in the order in which they came. */
    public static Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> all(String bootstrap, List<TopicPartition> partitions, Map<String, Object> settings) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, settings)) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            return toEnd(consumer, partitions);
        }
    }

    public static Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> all(String bootstrap, List<TopicPartition> partitions) {
        return all(bootstrap, partitions, Map.of());
    }

    public static List<ConsumerRecord<byte[], byte[]>> all(String bootstrap, TopicPartition partition) {
        return all(bootstrap, List.of(partition)).get(partition);
    }

    /** Goes on from where the consumer is. */
    public static Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> toEnd(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = new LinkedHashMap<>();
        partitions.forEach(partition -> read.put(partition, new ArrayList<>()));
        toEnd(consumer, partitions, record -> read.get(new TopicPartition(record.topic(), record.partition())).add(record));
        return read;
    }

    /** The same without keeping the records: for more than fits into memory. */
    public static void each(String bootstrap, List<TopicPartition> partitions, Consumer<ConsumerRecord<byte[], byte[]>> visitor) {
        each(bootstrap, partitions, Map.of(), visitor);
    }

    /** The same with settings of the consumer. */
    public static void each(String bootstrap, List<TopicPartition> partitions, Map<String, Object> settings, Consumer<ConsumerRecord<byte[], byte[]>> visitor) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, settings)) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            toEnd(consumer, partitions, visitor);
        }
    }

    private static void toEnd(KafkaConsumer<byte[], byte[]> consumer, List<TopicPartition> partitions, Consumer<ConsumerRecord<byte[], byte[]>> visitor) {
        Map<TopicPartition, Long> ends = new HashMap<>(consumer.endOffsets(partitions));
        long count = 0;
        long deadline = System.nanoTime() + WITHOUT_PROGRESS.toNanos();
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
            records.forEach(visitor);
            count += records.count();
            if (!records.isEmpty()) {
                deadline = System.nanoTime() + WITHOUT_PROGRESS.toNanos();
            } else if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("No more records after " + count + "; ends " + ends);
            }
        }
    }
}
