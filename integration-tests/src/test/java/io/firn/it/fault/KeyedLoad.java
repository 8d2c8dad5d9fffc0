package io.firn.it.fault;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * One idempotent producer that updates and deletes a few keys without pause, through kills of the broker. The numbers in the values of a key rise.
 *
 * <p>Threading: {@link #expected} after {@link #finish}; the rest is thread-safe.
 */
final class KeyedLoad implements AutoCloseable {
    private static final int KEYS = 300;
    private static final String PADDING = " ".repeat(400);
    private static final int UNACKNOWLEDGED = 2_000;

    private final KafkaProducer<byte[], byte[]> producer;
    private final String topic;
    private final Random random = new Random(5);
    private final Map<String, Long> expected = new HashMap<>();
    private final List<String> failures = Collections.synchronizedList(new ArrayList<>());
    private final AtomicLong sent = new AtomicLong();
    private final AtomicLong acknowledged = new AtomicLong();
    private final Semaphore room = new Semaphore(UNACKNOWLEDGED);
    private final AtomicBoolean stopping = new AtomicBoolean();
    private final Thread thread = new Thread(this::run, "keyed-load");

    private KeyedLoad(String bootstrap, String topic) {
        this.producer = KafkaClients.producer(bootstrap, Map.of("delivery.timeout.ms", 300_000, "request.timeout.ms", 5_000, "linger.ms", 2));
        this.topic = topic;
    }

    static KeyedLoad start(String bootstrap, String topic) {
        KeyedLoad load = new KeyedLoad(bootstrap, topic);
        load.thread.start();
        return load;
    }

    private void run() {
        while (mayGoOn()) {
            String key = "key-" + random.nextInt(KEYS);
            long number = sent.getAndIncrement();
            boolean deletion = random.nextInt(10) == 0;
            if (deletion) {
                expected.remove(key);
            } else {
                expected.put(key, number);
            }
            byte[] value = deletion ? null : (number + PADDING).getBytes(StandardCharsets.UTF_8);
            producer.send(new ProducerRecord<>(topic, key.getBytes(StandardCharsets.UTF_8), value), (metadata, failure) -> {
                acknowledged.incrementAndGet();
                room.release();
                if (failure != null) {
                    failures.add(String.valueOf(failure));
                }
            });
        }
        producer.flush();
    }

    /** Waits until not too many are unacknowledged; false when the load is to end. */
    private boolean mayGoOn() {
        try {
            while (!stopping.get()) {
                if (room.tryAcquire(100, TimeUnit.MILLISECONDS)) {
                    return true;
                }
            }
        } catch (InterruptedException e) {
            failures.add("interrupted");
        }
        return false;
    }

    static long number(byte[] value) {
        return Long.parseLong(new String(value, StandardCharsets.UTF_8).trim());
    }

    /** Waits until some thousand more are acknowledged. */
    void awaitProgress() {
        long target = acknowledged.get() + 4_000;
        Await.until("progress of the load", () -> acknowledged.get() >= target);
    }

    /** Ends the load when all is acknowledged. */
    void finish() {
        stopping.set(true);
        Await.until("end of the load", () -> !thread.isAlive());
    }

    /** Newest number of each key that is not deleted. */
    Map<String, Long> expected() {
        return expected;
    }

    long sent() {
        return sent.get();
    }

    List<String> failures() {
        return failures;
    }

    @Override
    public void close() {
        stopping.set(true);
        producer.close(Duration.ofSeconds(10));
    }
}
