package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * Idempotent producers that number their records per partition, send them as fast as the broker takes them, up to a rate that keeps what has to be remembered
 * small, and write down which were acknowledged at which offset.
 *
 * <p>Threading: a thread a producer; the acknowledgements come on the clients' own threads. Thread-safe.
 */
final class SequencedLoad implements AutoCloseable {

    private static final int PADDING_BYTES = 900;
    private static final int UNANSWERED_LIMIT = 2_000;
    private static final int PROGRESS = 500;
    private static final int RECORDS_PER_SECOND = 2_500;

    /**
     * How a producer goes on.
     *
     * @param recordsPerSecond most records of one producer, over all partitions
     * @param patience how long the broker may take nothing before a send fails
     */
    record Pace(int recordsPerSecond, Duration patience) {

        /** Bytes of a record's value. */
        static final int VALUE_BYTES = Integer.BYTES + Long.BYTES + PADDING_BYTES;

        private boolean allows(long records, long nanos) {
            return records <= nanos / (TimeUnit.SECONDS.toNanos(1) / recordsPerSecond);
        }
    }

    /** Who sent a record, where to, and as which of its records there. */
    record Mark(int producer, int partition, long sequence) {

        static Mark of(int partition, byte[] value) {
            ByteBuffer buffer = ByteBuffer.wrap(value);
            return new Mark(buffer.getInt(), partition, buffer.getLong());
        }

        byte[] value() {
            return ByteBuffer.allocate(Pace.VALUE_BYTES).putInt(producer).putLong(sequence).array();
        }
    }

    private final List<TopicPartition> partitions;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<TopicPartition, Map<Mark, Long>> acknowledged = new ConcurrentHashMap<>();
    private final AtomicLong acknowledgements = new AtomicLong();
    private final AtomicLong unanswered = new AtomicLong();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean stopping;

    private SequencedLoad(List<TopicPartition> partitions) {
        this.partitions = partitions;
        partitions.forEach(partition -> acknowledged.put(partition, new ConcurrentHashMap<>()));
    }

    static SequencedLoad start(String bootstrap, List<TopicPartition> partitions, int producers) {
        return start(bootstrap, partitions, producers, new Pace(RECORDS_PER_SECOND, Duration.ofMinutes(3)));
    }

    static SequencedLoad start(String bootstrap, List<TopicPartition> partitions, int producers, Pace pace) {
        SequencedLoad load = new SequencedLoad(partitions);
        for (int number = 0; number < producers; number++) {
            int producer = number;
            Thread thread = new Thread(() -> load.produce(bootstrap, producer, pace), "load-" + producer);
            load.threads.add(thread);
            thread.start();
        }
        return load;
    }

    private void produce(String bootstrap, int number, Pace pace) {
        AtomicLongArray next = new AtomicLongArray(partitions.size());
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 2, "request.timeout.ms", 5_000, "delivery.timeout.ms", (int) pace.patience().toMillis()))) {
            long start = System.nanoTime();
            long sent = 0;
            for (int turn = 0; !stopping; turn = (turn + 1) % partitions.size()) {
                long mayHaveBeenSent = ++sent;
                Await.until("room for more", pace.patience(), () -> unanswered.get() < UNANSWERED_LIMIT && pace.allows(mayHaveBeenSent, System.nanoTime() - start) || stopping);
                TopicPartition partition = partitions.get(turn);
                Mark mark = new Mark(number, partition.partition(), next.getAndIncrement(turn));
                unanswered.incrementAndGet();
                producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, mark.value()), (metadata, failure) -> {
                    unanswered.decrementAndGet();
                    if (failure == null) {
                        acknowledged.get(partition).put(mark, metadata.offset());
                        acknowledgements.incrementAndGet();
                    } else {
                        failures.add(failure);
                    }
                });
            }
        } catch (RuntimeException | AssertionError failure) {
            failures.add(failure);
        }
    }

    /** Waits for some more acknowledgements, or failures. */
    void awaitProgress() {
        long before = acknowledgements.get();
        Await.until("acknowledgements", () -> acknowledgements.get() > before + PROGRESS || !failures.isEmpty());
    }

    /** Sends no more and waits for the answers to what was sent. */
    void finish() {
        stopping = true;
        for (Thread thread : threads) {
            try {
                thread.join(TimeUnit.MINUTES.toMillis(4));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        if (threads.stream().anyMatch(Thread::isAlive)) {
            throw new AssertionError("A producer does not end");
        }
    }

    /** Every acknowledged record is there once, at the offset that was acknowledged, and each producer's records of a partition are in the order in which it sent them. */
    void verify(String bootstrap) {
        Map<Mark, Long> missing = new HashMap<>();
        acknowledged.values().forEach(missing::putAll);
        assertThat(missing).as("acknowledged").isNotEmpty();
        Map<List<Integer>, Long> next = new HashMap<>();
        Reading.each(bootstrap, partitions, record -> {
            Mark mark = Mark.of(record.partition(), record.value());
            long expected = next.merge(List.of(mark.partition(), mark.producer()), 1L, Long::sum) - 1;
            if (mark.sequence() != expected) {
                throw new AssertionError("Partition " + mark.partition() + ", offset " + record.offset() + ": " + mark + " where its producer's " + expected + " is next");
            }
            Long at = missing.remove(mark);
            if (at != null && at != record.offset()) {
                throw new AssertionError(mark + " is at offset " + record.offset() + ", but was acknowledged at " + at);
            }
        });
        assertThat(missing).as("acknowledged and not there").isEmpty();
        assertThat(failures()).isEmpty();
    }

    long acknowledgements() {
        return acknowledgements.get();
    }

    /** Sends that failed for good: none is expected, since the client retries for minutes. */
    List<Throwable> failures() {
        return List.copyOf(failures);
    }

    @Override
    public void close() {
        stopping = true;
    }
}
