package io.firn.it.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * A stock producer with its own defaults (acks=all, idempotent) that sends a small record to every partition of a topic again and again, and knows when each partition was acknowledged.
 *
 * <p>Threading: a thread of its own sends; acknowledgements come on the client's; questions are for one thread.
 */
final class SteadyProducer implements AutoCloseable {

    private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int VALUE_BYTES = 100;

    private final KafkaProducer<byte[], byte[]> producer;
    private final String topic;
    private final int partitions;
    private final AtomicLongArray firstAcknowledged;
    private final AtomicLongArray lastAcknowledged;
    private final AtomicLongArray longestGap;
    private final Thread thread = new Thread(this::send, "steady-producer");
    private volatile long marked = System.nanoTime();
    private volatile boolean closing;
    private volatile Exception failure;

    SteadyProducer(String bootstrap, String topic, int partitions) {
        this.producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap, "linger.ms", "0"), new ByteArraySerializer(), new ByteArraySerializer());
        this.topic = topic;
        this.partitions = partitions;
        this.firstAcknowledged = new AtomicLongArray(partitions);
        this.lastAcknowledged = new AtomicLongArray(partitions);
        this.longestGap = new AtomicLongArray(partitions);
        thread.setDaemon(true);
        thread.start();
    }

    private void send() {
        byte[] value = new byte[VALUE_BYTES];
        for (long due = System.nanoTime(); !closing; due += EVERY_NANOS) {
            LockSupport.parkNanos(due - System.nanoTime());
            for (int i = 0; i < partitions; i++) {
                int partition = i;
                long sent = System.nanoTime();
                producer.send(new ProducerRecord<>(topic, partition, null, value), (metadata, exception) -> acknowledged(partition, sent, exception));
            }
        }
    }

    private void acknowledged(int partition, long sent, Exception exception) {
        long now = System.nanoTime();
        if (exception != null) {
            failure = closing ? failure : exception;
            return;
        }
        if (sent - marked >= 0) {
            firstAcknowledged.compareAndSet(partition, 0, now);
        }
        long gap = now - Math.max(lastAcknowledged.getAndSet(partition, now), marked);
        longestGap.accumulateAndGet(partition, gap, Math::max);
    }

    /** From now on it counts; says when that is. */
    long mark() {
        long now = System.nanoTime();
        marked = now;
        for (int i = 0; i < partitions; i++) {
            firstAcknowledged.set(i, 0);
            longestGap.set(i, 0);
        }
        return now;
    }

    /** Waits until a record of each of these partitions that was sent since the mark was acknowledged: when the last of them was, in milliseconds after the mark. */
    double awaitAll(Collection<Integer> wanted) throws IOException {
        long limit = System.nanoTime() + LIMIT.toNanos();
        while (wanted.stream().anyMatch(partition -> firstAcknowledged.get(partition) == 0)) {
            if (failure != null || System.nanoTime() - limit > 0) {
                throw new IOException("no acknowledgement of all of " + wanted, failure);
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        return wanted.stream().mapToLong(firstAcknowledged::get).map(at -> at - marked).max().orElse(0) / 1e6;
    }

    /** The longest time since the mark in which some partition was not acknowledged, in milliseconds. */
    double longestGapMs() {
        long longest = 0;
        for (int i = 0; i < partitions; i++) {
            longest = Math.max(longest, longestGap.get(i));
        }
        return longest / 1e6;
    }

    @Override
    public void close() throws InterruptedException {
        closing = true;
        thread.join();
        producer.close(Duration.ofSeconds(5));
    }
}
