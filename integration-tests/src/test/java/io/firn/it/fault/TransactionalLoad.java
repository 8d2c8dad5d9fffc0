package io.firn.it.fault;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Moves the records of input partitions into two output topics, a transaction at a time, with the input's offsets in the transaction. Some transactions are aborted on purpose after their
 * records, marked as such, were sent. A worker whose client gives up begins anew from the committed offset, as applications do.
 *
 * <p>Threading: one thread an input partition.
 */
final class TransactionalLoad implements AutoCloseable {
    static final String INPUT = "in";
    static final List<String> OUTPUTS = List.of("out-a", "out-b");
    static final String ABORTED = "aborted ";
    private static final int PER_TRANSACTION = 40;

    private final String bootstrap;
    private final long seed;
    private final List<Thread> workers = new ArrayList<>();
    private final AtomicLong transactions = new AtomicLong();
    private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean closing;

    private TransactionalLoad(String bootstrap, long seed) {
        this.bootstrap = bootstrap;
        this.seed = seed;
    }

    static TransactionalLoad start(String bootstrap, int partitions, long records, long seed) {
        TransactionalLoad load = new TransactionalLoad(bootstrap, seed);
        for (int i = 0; i < partitions; i++) {
            TopicPartition input = new TopicPartition(INPUT, i);
            Thread worker = new Thread(() -> load.work(input, records), "transactional-load-" + i);
            worker.start();
            load.workers.add(worker);
        }
        return load;
    }

    /** Waits until some more transactions have come to an end since now. */
    void awaitProgress() {
        long now = transactions.get();
        Await.until("transactions go on", () -> transactions.get() > now + 2 || workers.stream().noneMatch(Thread::isAlive));
    }

    /** Waits until everything was moved. */
    void finish() {
        Await.until("all records moved", Duration.ofMinutes(4), () -> workers.stream().noneMatch(Thread::isAlive));
    }

    long transactions() {
        return transactions.get();
    }

    List<Throwable> failures() {
        return List.copyOf(failures);
    }

    private void work(TopicPartition input, long records) {
        Random random = new Random(seed + input.partition());
        try {
            while (!closing && !moved(input, records, random)) {
                // The client gave up; begin anew.
            }
        } catch (RuntimeException e) {
            failures.add(e);
        }
    }

    /** Whether all is done; false when a new client has to go on. */
    private boolean moved(TopicPartition input, long records, Random random) {
        Map<String, Object> reading = Map.of("group.id", "load-" + input.partition(), "max.poll.records", PER_TRANSACTION, "isolation.level", "read_committed", "default.api.timeout.ms", 120_000);
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, reading);
                KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap,
                        Map.of("transactional.id", "load-" + input.partition(), "linger.ms", 2, "max.block.ms", 120_000, "transaction.timeout.ms", 60_000))) {
            producer.initTransactions();
            consumer.assign(Set.of(input));
            long next = committed(consumer, input);
            consumer.seek(input, next);
            while (next < records && !closing) {
                List<ConsumerRecord<byte[], byte[]>> batch = consumer.poll(Duration.ofMillis(200)).records(input);
                if (!batch.isEmpty()) {
                    next = transaction(consumer, producer, input, batch, next, random.nextInt(5) == 0);
                }
            }
            return true;
        } catch (KafkaException e) {
            return false;
        }
    }

    private static long committed(KafkaConsumer<byte[], byte[]> consumer, TopicPartition input) {
        OffsetAndMetadata committed = consumer.committed(Set.of(input)).get(input);
        return committed == null ? 0 : committed.offset();
    }

    private long transaction(KafkaConsumer<byte[], byte[]> consumer, KafkaProducer<byte[], byte[]> producer, TopicPartition input, List<ConsumerRecord<byte[], byte[]>> batch, long next,
            boolean abort) {
        producer.beginTransaction();
        for (ConsumerRecord<byte[], byte[]> record : batch) {
            byte[] value = abort ? (ABORTED + new String(record.value(), StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8) : record.value();
            OUTPUTS.forEach(topic -> producer.send(new ProducerRecord<>(topic, input.partition(), record.key(), value)));
        }
        long end = batch.get(batch.size() - 1).offset() + 1;
        producer.sendOffsetsToTransaction(Map.of(input, new OffsetAndMetadata(end)), new ConsumerGroupMetadata("load-" + input.partition()));
        if (abort) {
            producer.flush();
            producer.abortTransaction();
            consumer.seek(input, next);
        } else {
            producer.commitTransaction();
        }
        transactions.incrementAndGet();
        return abort ? next : end;
    }

    @Override
    public void close() {
        closing = true;
        Await.until("workers ended", Duration.ofMinutes(3), () -> workers.stream().noneMatch(Thread::isAlive));
    }
}
