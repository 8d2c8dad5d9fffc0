package io.firn.it.cluster;

import io.firn.it.harness.KafkaClients;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/**
 * A stock idempotent producer, acks=all, that numbers its records per partition and goes on for as long as it takes. A send that fails for good is a fault of the cluster: the client tries
 * again for longer than any fault lasts.
 *
 * <p>Threading: a thread of its own; acknowledgements come on the client's.
 */
final class NumberedProducer implements Runnable {

    private static final int VALUE_BYTES = 200;
    private static final int UNANSWERED_LIMIT = 500;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final int number;
    private final List<TopicPartition> partitions;
    private final long nanosPerRecord;
    private final Workload workload;
    private final AtomicLongArray acknowledged;
    private final AtomicLong unanswered = new AtomicLong();

    NumberedProducer(int number, List<TopicPartition> partitions, int recordsPerSecond, Workload workload) {
        this.number = number;
        this.partitions = partitions;
        this.nanosPerRecord = TimeUnit.SECONDS.toNanos(1) / recordsPerSecond;
        this.workload = workload;
        this.acknowledged = new AtomicLongArray(partitions.size());
    }

    List<TopicPartition> partitions() {
        return partitions;
    }

    /** How many records of its partition of this index were acknowledged. */
    long acknowledged(int index) {
        return acknowledged.get(index);
    }

    @Override
    public void run() {
        Map<String, Object> settings = Map.of("linger.ms", 5, "request.timeout.ms", 10_000, "delivery.timeout.ms", 900_000, "max.block.ms", 900_000, "retry.backoff.max.ms", 500,
                "metadata.max.age.ms", 30_000, Workload.REBOOTSTRAP, Workload.REBOOTSTRAP_MS);
        long[] next = new long[partitions.size()];
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(workload.bootstrap(), settings)) {
            long due = System.nanoTime();
            for (int turn = 0; workload.producing(); turn = (turn + 1) % partitions.size()) {
                due = Math.max(due + nanosPerRecord, System.nanoTime() - TimeUnit.SECONDS.toNanos(1));
                while (workload.producing() && (unanswered.get() >= UNANSWERED_LIMIT || System.nanoTime() - due < 0)) {
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
                send(producer, turn, new Mark(number, next[turn]++));
            }
        }
    }

    private void send(KafkaProducer<byte[], byte[]> producer, int index, Mark mark) {
        TopicPartition partition = partitions.get(index);
        workload.checker().sent(partition, mark);
        unanswered.incrementAndGet();
        producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, mark.value(VALUE_BYTES)), (metadata, failure) -> {
            unanswered.decrementAndGet();
            if (failure == null) {
                workload.checker().acknowledged(partition, mark, metadata.offset());
                acknowledged.incrementAndGet(index);
            } else {
                workload.failed("producer " + number + " gave up " + mark + " of " + partition, failure);
            }
        });
    }
}
