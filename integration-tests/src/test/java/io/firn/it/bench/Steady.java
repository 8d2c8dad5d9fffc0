package io.firn.it.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Records of 1 KiB at a fixed rate to a topic (acks=all, no lingering), and a consumer that waits for them: how long each took to be acknowledged and to be consumed, counted from when it was due and not from when it was sent, so that
 * a pause counts for all that it held up. The first second does not count.
 *
 * <p>Threading: the caller's thread sends, a thread of its own consumes, acknowledgements come on the client's.
 */
final class Steady {

    private static final int RECORD_BYTES = 1 << 10;
    private static final Duration POLL = Duration.ofMillis(100);
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final String bootstrap;
    private final List<TopicPartition> partitions;
    private final int ratePerSecond;
    private final int records;
    private final long[] acknowledgedAt;
    private final long[] consumedAt;
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    Steady(String bootstrap, String topic, int partitions, int ratePerSecond, int seconds) {
        this.bootstrap = bootstrap;
        this.partitions = IntStream.range(0, partitions).mapToObj(partition -> new TopicPartition(topic, partition)).toList();
        this.ratePerSecond = ratePerSecond;
        this.records = ratePerSecond * (seconds + 1);
        this.acknowledgedAt = new long[records];
        this.consumedAt = new long[records];
    }

    /** Median and p99 until acknowledged, the same until consumed; milliseconds. */
    String run() throws IOException, InterruptedException {
        long[] dueAt;
        try (KafkaConsumer<byte[], byte[]> consumer = Replay.consumer(bootstrap);
                KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", "0"), new ByteArraySerializer(), new ByteArraySerializer())) {
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            partitions.forEach(consumer::position);
            partitions.forEach(partition -> producer.partitionsFor(partition.topic()));
            Thread consuming = new Thread(() -> consume(consumer), "steady-consumer");
            consuming.start();
            dueAt = send(producer);
            producer.flush();
            consuming.join();
        }
        if (failure.get() != null) {
            throw new IOException(failure.get());
        }
        return Quantiles.of(took(acknowledgedAt, dueAt)).words() + " " + Quantiles.of(took(consumedAt, dueAt)).words();
    }

    private long[] send(KafkaProducer<byte[], byte[]> producer) {
        long[] dueAt = new long[records];
        long start = System.nanoTime();
        for (int number = 0; number < records && failure.get() == null; number++) {
            int current = number;
            dueAt[number] = start + (long) (number * 1e9 / ratePerSecond);
            while (System.nanoTime() - dueAt[number] < 0) {
                LockSupport.parkNanos(dueAt[number] - System.nanoTime());
            }
            TopicPartition partition = partitions.get(number % partitions.size());
            byte[] value = ByteBuffer.allocate(RECORD_BYTES).putInt(number).array();
            producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, value), (metadata, exception) -> {
                acknowledgedAt[current] = System.nanoTime();
                failure.compareAndSet(null, exception);
            });
        }
        return dueAt;
    }

    private void consume(KafkaConsumer<byte[], byte[]> consumer) {
        int missing = records;
        long heardAt = System.nanoTime();
        while (missing > 0 && failure.get() == null) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                heardAt = System.nanoTime();
                consumedAt[ByteBuffer.wrap(record.value()).getInt()] = heardAt;
                missing--;
            }
            if (System.nanoTime() - heardAt > STALL_NANOS) {
                failure.compareAndSet(null, new IOException(missing + " records were not consumed"));
            }
        }
    }

    private double[] took(long[] at, long[] dueAt) {
        return IntStream.range(ratePerSecond, records).mapToDouble(number -> (at[number] - dueAt[number]) / 1e6).toArray();
    }
}
