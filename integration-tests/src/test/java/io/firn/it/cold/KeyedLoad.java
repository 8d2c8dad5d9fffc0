package io.firn.it.cold;

import io.firn.it.harness.KafkaClients;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * A producer that updates and deletes keys of one partition without end, each update with a number, and remembers which was acknowledged last for each key. A deletion is a
 * tombstone, whose number is in a header.
 *
 * <p>Threading: one thread sends; acknowledgements come on the client's own. Thread-safe.
 */
final class KeyedLoad implements AutoCloseable {

    private static final int UNANSWERED_LIMIT = 200;
    private static final String NUMBER = "number";

    /** One update of a key, at the offset where it was acknowledged or read; -1 before. */
    record Update(long number, boolean deletes, long offset) {}

    private final TopicPartition partition;
    private final int keys;
    private final int valueBytes;
    private final Random random;
    private final Map<Integer, Update> acknowledged = new ConcurrentHashMap<>();
    private final AtomicLong acknowledgements = new AtomicLong();
    private final Semaphore unanswered = new Semaphore(UNANSWERED_LIMIT);
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean stopping;

    private KeyedLoad(String bootstrap, TopicPartition partition, int keys, int valueBytes, Random random) {
        this.partition = partition;
        this.keys = keys;
        this.valueBytes = valueBytes;
        this.random = random;
        this.thread = new Thread(() -> run(bootstrap), "keyed-load");
    }

    static KeyedLoad start(String bootstrap, TopicPartition partition, int keys, int valueBytes, Random random) {
        KeyedLoad load = new KeyedLoad(bootstrap, partition, keys, valueBytes, random);
        load.thread.start();
        return load;
    }

    private void run(String bootstrap) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 2))) {
            for (long number = 1; !stopping; number++) {
                send(producer, random.nextInt(keys), new Update(number, random.nextInt(10) == 0, -1));
            }
        } catch (RuntimeException e) {
            failures.add(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer, int key, Update update) throws InterruptedException {
        unanswered.acquire();
        producer.send(record(partition, key, update, random.nextInt(valueBytes)), (metadata, failure) -> {
            unanswered.release();
            if (failure != null) {
                failures.add(failure);
            } else {
                acknowledged.merge(key, new Update(update.number(), update.deletes(), metadata.offset()), (one, other) -> one.number() > other.number() ? one : other);
                acknowledgements.incrementAndGet();
            }
        });
    }

    /** An update as {@link #update} and {@link #key} read it. */
    static ProducerRecord<byte[], byte[]> record(TopicPartition partition, int key, Update update, int valueBytes) {
        byte[] value = update.deletes() ? null : ByteBuffer.allocate(Long.BYTES + valueBytes).putLong(update.number()).array();
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(partition.topic(), partition.partition(), key(key), value);
        record.headers().add(NUMBER, ByteBuffer.allocate(Long.BYTES).putLong(update.number()).array());
        return record;
    }

    private static byte[] key(int key) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(key).array();
    }

    static int key(ConsumerRecord<byte[], byte[]> record) {
        return ByteBuffer.wrap(record.key()).getInt();
    }

    static Update update(ConsumerRecord<byte[], byte[]> record) {
        return new Update(ByteBuffer.wrap(record.headers().lastHeader(NUMBER).value()).getLong(), record.value() == null, record.offset());
    }

    /** Runs {@code check} while everything sent is acknowledged and nothing is sent. */
    void paused(Runnable check) throws InterruptedException {
        unanswered.acquire(UNANSWERED_LIMIT);
        try {
            check.run();
        } finally {
            unanswered.release(UNANSWERED_LIMIT);
        }
    }

    /** What every reader that begins now must find, or something newer. */
    Map<Integer, Update> acknowledged() {
        return Map.copyOf(acknowledged);
    }

    long acknowledgements() {
        return acknowledgements.get();
    }

    Queue<Throwable> failures() {
        return failures;
    }

    /** Sends no more; everything is acknowledged when this returns. */
    void finish() throws InterruptedException {
        stopping = true;
        thread.join();
    }

    @Override
    public void close() {
        stopping = true;
        thread.interrupt();
    }
}
