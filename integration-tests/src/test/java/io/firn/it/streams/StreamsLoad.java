package io.firn.it.streams;

import io.firn.it.harness.KafkaClients;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Input for {@link StreamsApp}, sent until {@link #finish}, and what has to come of it: every word counted once, every key joined once. An idempotent producer that tries again without end, so that what it was
 * asked to send is in the topics exactly once.
 *
 * <p>Threading: sends on a thread of its own; the expectation may be asked for after {@code finish}.
 */
final class StreamsLoad {

    private static final int WORDS = 40;
    private static final int ROUND = 25;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(40);

    /** Of today: the changelogs of the joins' windows are kept for a day and some minutes, by the records' time. A broker deletes what is older, and then a join whose other half came before a crash is lost. */
    private final long firstTimestamp = System.currentTimeMillis();
    private final KafkaProducer<byte[], byte[]> producer;
    private final Random random;
    private final Map<String, Long> expectedCounts = new TreeMap<>();
    private final Thread thread = new Thread(this::send, "streams-load");
    private volatile boolean finishing;
    private volatile RuntimeException failure;
    private int sent;

    private StreamsLoad(String bootstrap, Random random) {
        this.producer = KafkaClients.producer(bootstrap, Map.of("enable.idempotence", true, "linger.ms", 5));
        this.random = random;
    }

    static StreamsLoad begin(String bootstrap, Random random) {
        StreamsLoad load = new StreamsLoad(bootstrap, random);
        load.thread.start();
        return load;
    }

    private void send() {
        try {
            while (!finishing) {
                for (int i = 0; i < ROUND; i++) {
                    sendOne();
                }
                producer.flush();
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (RuntimeException e) {
            failure = e;
        }
    }

    private void sendOne() {
        String word = "word" + random.nextInt(WORDS);
        String key = "key" + sent;
        long timestamp = firstTimestamp + sent++;
        expectedCounts.merge(word, 1L, Long::sum);
        send(StreamsApp.WORDS, timestamp, key, word);
        send(StreamsApp.LEFT, timestamp, key, "l" + key);
        send(StreamsApp.RIGHT, timestamp, key, "r" + key);
    }

    private void send(String topic, long timestamp, String key, String value) {
        producer.send(new ProducerRecord<>(topic, null, timestamp, bytes(key), bytes(value)), (sent, failed) -> {
            if (failed != null) {
                failure = new IllegalStateException("Not sent to " + topic, failed);
            }
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Sends no more, and waits until everything has been acknowledged. */
    void finish() throws InterruptedException {
        finishing = true;
        thread.join(TimeUnit.SECONDS.toMillis(120));
        producer.close();
        if (failure != null || thread.isAlive()) {
            throw new AssertionError("The load did not get through", failure);
        }
    }

    /** How often each word was sent. */
    Map<String, Long> counts() {
        return expectedCounts;
    }

    /** Keys are {@code key0} to {@code key(n-1)}. */
    int keys() {
        return sent;
    }
}
