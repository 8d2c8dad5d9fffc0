package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.KafkaClients;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * A stock producer that fills a new partition without end, with records that are known by their offset and by which life of the topic it is: so a reader can tell a wrong one without remembering any. The lingering
 * and the number of unanswered records keep it at some megabytes a second, so that readers get to the end.
 *
 * <p>Threading: one thread sends; acknowledgements come on the client's own. Thread-safe.
 */
final class NumberedLoad implements AutoCloseable {

    private static final int PADDING_BYTES = 2_000;
    private static final int UNANSWERED_LIMIT = 30;
    private static final int LINGER_MS = 20;

    private final TopicPartition partition;
    private final int life;
    private final AtomicLong acknowledgements = new AtomicLong();
    private final Semaphore unanswered = new Semaphore(UNANSWERED_LIMIT);
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private final Thread thread;
    private volatile boolean stopping;

    private NumberedLoad(String bootstrap, TopicPartition partition, int life) {
        this.partition = partition;
        this.life = life;
        this.thread = new Thread(() -> run(bootstrap), "numbered-load-" + life);
    }

    /** @param life of the topic: 1 for the first of its name, 2 for the one made after that was deleted, and so on */
    static NumberedLoad start(String bootstrap, TopicPartition partition, int life) {
        NumberedLoad load = new NumberedLoad(bootstrap, partition, life);
        load.thread.start();
        return load;
    }

    private void run(String bootstrap) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", LINGER_MS, "batch.size", 2 * UNANSWERED_LIMIT * PADDING_BYTES))) {
            for (long offset = 0; !stopping; offset++) {
                send(producer, offset);
            }
        } catch (RuntimeException e) {
            failures.add(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer, long offset) throws InterruptedException {
        unanswered.acquire();
        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, value(life, offset)), (metadata, failure) -> {
            unanswered.release();
            if (failure != null) {
                failures.add(failure);
            } else if (metadata.offset() != offset) {
                failures.add(new AssertionError("Record " + offset + " was acknowledged at " + metadata.offset()));
            } else {
                acknowledgements.incrementAndGet();
            }
        });
    }

    private static byte[] value(int life, long offset) {
        ByteBuffer value = ByteBuffer.allocate(Integer.BYTES + Long.BYTES + PADDING_BYTES).putInt(life).putLong(offset);
        byte[] padding = new byte[PADDING_BYTES];
        new Random(life * 0x9E3779B97F4A7C15L + offset).nextBytes(padding);
        return value.put(padding).array();
    }

    /** In which life of its topic a record was sent; it is, to the last byte, what was sent there at its offset. */
    static int life(ConsumerRecord<byte[], byte[]> record) {
        int life = ByteBuffer.wrap(record.value()).getInt();
        long sentAs = ByteBuffer.wrap(record.value()).getLong(Integer.BYTES);
        assertThat(sentAs).as("number of the record at offset %d in life %d", record.offset(), life).isEqualTo(record.offset());
        assertThat(Arrays.equals(record.value(), value(life, sentAs))).as("bytes at offset %d in life %d", record.offset(), life).isTrue();
        return life;
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
