package io.firn.it.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A stock consumer with its defaults that reads its partitions of a topic from their first record up to a limit, once or again and again. It is given its partitions and joins no group, so that what is measured is reading.
 *
 * <p>Threading: confined to the thread that runs it, but for {@link #stop}.
 */
final class Replay implements AutoCloseable {

    private static final Duration POLL = Duration.ofMillis(100);
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final List<TopicPartition> partitions;
    private final long limit;
    private long bytes;
    private volatile boolean stopped;

    private Replay(String bootstrap, List<TopicPartition> partitions, long limit) {
        this.consumer = consumer(bootstrap);
        this.partitions = partitions;
        this.limit = limit;
        consumer.assign(partitions);
    }

    static KafkaConsumer<byte[], byte[]> consumer(String bootstrap) {
        return new KafkaConsumer<>(Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", "false"), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Waits for a record of the consumer's only partition. */
    static long firstOffset(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition) throws IOException {
        long start = System.nanoTime();
        while (System.nanoTime() - start < STALL_NANOS) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofSeconds(1));
            if (!records.isEmpty()) {
                return records.records(partition).get(0).offset();
            }
        }
        throw new IOException("no record of " + partition);
    }

    /** So many consumers that share the partitions; of one partition each reads all. */
    static List<Replay> of(String bootstrap, String topic, int partitions, int consumers, long limit) {
        List<Replay> replays = new ArrayList<>();
        for (int i = 0; i < consumers; i++) {
            int first = i;
            List<TopicPartition> own = IntStream.range(0, partitions).filter(partition -> partitions == 1 || partition % consumers == first).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
            replays.add(new Replay(bootstrap, own, limit));
        }
        return replays;
    }

    /** Reads all once, or as much as it can in that time, no faster than that (0 is as fast as it goes): bytes of the records' values. */
    long once(long nanos, long bytesPerSecond) throws IOException {
        rewind();
        Pace pace = new Pace(bytesPerSecond);
        Set<TopicPartition> left = new HashSet<>(partitions);
        long start = System.nanoTime();
        long heardAt = start;
        while (!left.isEmpty() && System.nanoTime() - start < nanos) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            long before = bytes;
            if (take(records, left) > 0) {
                pace.took(bytes - before, () -> stopped);
                heardAt = System.nanoTime();
            } else if (System.nanoTime() - heardAt > STALL_NANOS) {
                throw new IOException("no more records of " + left);
            }
        }
        return bytes;
    }

    /** Reads again and again until it is stopped, no faster than that; 0 is as fast as it goes. */
    long forEver(long bytesPerSecond) {
        rewind();
        Set<TopicPartition> left = new HashSet<>(partitions);
        Pace pace = new Pace(bytesPerSecond);
        while (!stopped) {
            long before = bytes;
            take(consumer.poll(POLL), left);
            pace.took(bytes - before, () -> stopped);
            if (left.isEmpty()) {
                left.addAll(partitions);
                rewind();
            }
        }
        return bytes;
    }

    private void rewind() {
        consumer.resume(partitions);
        partitions.forEach(partition -> consumer.seek(partition, 0));
    }

    private int take(ConsumerRecords<byte[], byte[]> records, Set<TopicPartition> left) {
        for (TopicPartition partition : records.partitions()) {
            List<ConsumerRecord<byte[], byte[]>> some = records.records(partition);
            for (ConsumerRecord<byte[], byte[]> record : some) {
                bytes += record.offset() < limit ? record.serializedValueSize() : 0;
            }
            if (some.get(some.size() - 1).offset() + 1 >= limit && left.remove(partition)) {
                consumer.pause(List.of(partition));
            }
        }
        return records.count();
    }

    /** From any thread. */
    void stop() {
        stopped = true;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
