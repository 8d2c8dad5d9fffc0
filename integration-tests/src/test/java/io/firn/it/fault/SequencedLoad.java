package io.firn.it.fault;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import java.nio.ByteBuffer;
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
    private static final long NANOS_PER_RECORD = TimeUnit.SECONDS.toNanos(1) / 2_500;

    /** Who sent a record, where to, and as which of its records there. */
    record Mark(int producer, int partition, long sequence) {

        static Mark of(int partition, byte[] value) {
            ByteBuffer buffer = ByteBuffer.wrap(value);
            return new Mark(buffer.getInt(), partition, buffer.getLong());
        }

        byte[] value() {
            return ByteBuffer.allocate(Integer.BYTES + Long.BYTES + PADDING_BYTES).putInt(producer).putLong(sequence).array();
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
        SequencedLoad load = new SequencedLoad(partitions);
        for (int number = 0; number < producers; number++) {
            int producer = number;
            Thread thread = new Thread(() -> load.produce(bootstrap, producer), "load-" + producer);
            load.threads.add(thread);
            thread.start();
        }
        return load;
    }

    private void produce(String bootstrap, int number) {
        AtomicLongArray next = new AtomicLongArray(partitions.size());
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 2, "request.timeout.ms", 5_000))) {
            long start = System.nanoTime();
            long sent = 0;
            for (int turn = 0; !stopping; turn = (turn + 1) % partitions.size()) {
                long mayHaveBeenSent = ++sent;
                Await.until("room for more", () -> unanswered.get() < UNANSWERED_LIMIT && mayHaveBeenSent < (System.nanoTime() - start) / NANOS_PER_RECORD || stopping);
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

    Map<Mark, Long> acknowledged(TopicPartition partition) {
        return new HashMap<>(acknowledged.get(partition));
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
