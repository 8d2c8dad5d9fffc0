package io.firn.it.cluster;

import io.firn.it.cluster.Transactions.End;
import io.firn.it.cluster.Transactions.Id;
import io.firn.it.harness.KafkaClients;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/**
 * Moves the records of one input partition into both outputs, some at a time, with the input's offset in the transaction. Some transactions are aborted on purpose. When a client gives up,
 * another one with the same transactional id goes on from the committed offset.
 *
 * <p>Threading: a thread of its own, which owns the clients.
 */
final class Mover implements Runnable {

    private static final int RECORDS_LIMIT = 50;
    private static final int ABORTED_OF = 5;
    private static final int VALUE_BYTES = Integer.BYTES + 2 * Long.BYTES;

    private final TopicPartition input;
    private final Random random;
    private final Workload workload;
    private final AtomicLong committed = new AtomicLong();
    private final AtomicLong position = new AtomicLong();
    private long transactions;

    /** What an output record says of itself. */
    record Moved(Id id, long input) {

        static Moved of(byte[] value) {
            ByteBuffer in = ByteBuffer.wrap(value);
            return new Moved(new Id(in.getInt(), in.getLong()), in.getLong());
        }

        byte[] value() {
            return ByteBuffer.allocate(VALUE_BYTES).putInt(id.mover()).putLong(id.number()).putLong(input).array();
        }
    }

    Mover(TopicPartition input, Random random, Workload workload) {
        this.input = input;
        this.random = random;
        this.workload = workload;
    }

    TopicPartition input() {
        return input;
    }

    /** Its consumer group. */
    String group() {
        return "mover-" + input.partition();
    }

    /** Transactions whose commit was confirmed. */
    long committed() {
        return committed.get();
    }

    /** Up to where it has moved the input, as far as was confirmed. */
    long position() {
        return position.get();
    }

    @Override
    public void run() {
        while (workload.consuming()) {
            try {
                move();
            } catch (KafkaException gaveUp) {
                workload.note(group() + " starts anew after " + gaveUp);
            }
        }
    }

    private void move() {
        Map<String, Object> reading = Map.of("group.id", group(), "max.poll.records", RECORDS_LIMIT, "isolation.level", "read_committed", "default.api.timeout.ms", 120_000, "request.timeout.ms", 20_000,
                Workload.REBOOTSTRAP, Workload.REBOOTSTRAP_MS);
        Map<String, Object> writing = Map.of("transactional.id", group(), "linger.ms", 2, "request.timeout.ms", 10_000, "max.block.ms", 180_000, "transaction.timeout.ms", 60_000, "delivery.timeout.ms", 180_000,
                Workload.REBOOTSTRAP, Workload.REBOOTSTRAP_MS);
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(workload.bootstrap(), reading); KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(workload.bootstrap(), writing)) {
            producer.initTransactions();
            consumer.assign(Set.of(input));
            long next = committedOffset(consumer);
            seek(consumer, next);
            position.set(next);
            while (workload.consuming()) {
                List<ConsumerRecord<byte[], byte[]>> batch = consumer.poll(Duration.ofMillis(200)).records(input);
                if (!batch.isEmpty()) {
                    next = transaction(consumer, producer, batch, next);
                }
            }
        }
    }

    private void seek(KafkaConsumer<byte[], byte[]> consumer, long offset) {
        consumer.seek(input, offset);
        workload.checker().assigned(group(), group(), input, offset, offset);
    }

    private long committedOffset(KafkaConsumer<byte[], byte[]> consumer) {
        long floor = workload.checker().committed(group(), input);
        OffsetAndMetadata committed = consumer.committed(Set.of(input)).get(input);
        long offset = committed == null ? 0 : committed.offset();
        workload.checker().committedIs(group(), input, offset, floor);
        return offset;
    }

    private long transaction(KafkaConsumer<byte[], byte[]> consumer, KafkaProducer<byte[], byte[]> producer, List<ConsumerRecord<byte[], byte[]>> batch, long next) {
        Id id = new Id(input.partition(), transactions++);
        HistoryChecker checker = workload.checker();
        checker.begun(id, next, batch.size());
        producer.beginTransaction();
        for (ConsumerRecord<byte[], byte[]> record : batch) {
            checker.shown(group(), group(), input, record.offset(), Mark.of(record.value()));
            byte[] value = new Moved(id, record.offset()).value();
            for (String topic : HistoryChecker.OUTPUTS) {
                producer.send(new ProducerRecord<>(topic, input.partition(), null, value));
            }
        }
        long end = batch.get(batch.size() - 1).offset() + 1;
        producer.sendOffsetsToTransaction(Map.of(input, new OffsetAndMetadata(end)), consumer.groupMetadata());
        if (random.nextInt(ABORTED_OF) == 0) {
            producer.flush();
            producer.abortTransaction();
            seek(consumer, next);
            return next;
        }
        checker.ended(id, End.UNKNOWN);
        producer.commitTransaction();
        checker.ended(id, End.COMMITTED);
        checker.commitConfirmed(group(), input, end);
        committed.incrementAndGet();
        position.set(end);
        return end;
    }
}
