package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.KafkaClients;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;

/**
 * A stock consumer on its way from the log start to the end. Every record has to follow the one before; only where the log start has passed its position may it be told that it is out of range, and then it goes on at the log
 * start. It fetches so little at a time that a replay is hundreds of fetches, and something that is done to the log meanwhile is done in the middle of it.
 *
 * <p>Threading: for one thread.
 */
final class Replay implements AutoCloseable {

    private static final Map<String, Object> SMALL_FETCHES = Map.of("auto.offset.reset", "none", "max.partition.fetch.bytes", 50_000, "fetch.max.bytes", 50_000);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration WITHOUT_PROGRESS = Duration.ofSeconds(60);

    private final KafkaConsumer<byte[], byte[]> consumer;
    private final TopicPartition partition;
    private final boolean whole;
    private final Consumer<ConsumerRecord<byte[], byte[]>> taking;
    private long next;
    private int cuts;

    private Replay(String bootstrap, TopicPartition partition, boolean whole, Consumer<ConsumerRecord<byte[], byte[]>> taking) {
        this.consumer = KafkaClients.consumer(bootstrap, SMALL_FETCHES);
        this.partition = partition;
        this.whole = whole;
        this.taking = taking;
        consumer.assign(List.of(partition));
        goToStart();
    }

    /** Of a log in which every offset is taken. */
    static Replay whole(String bootstrap, TopicPartition partition, Consumer<ConsumerRecord<byte[], byte[]>> taking) {
        return new Replay(bootstrap, partition, true, taking);
    }

    /** Of a log from which compaction takes records. */
    static Replay compacted(String bootstrap, TopicPartition partition, Consumer<ConsumerRecord<byte[], byte[]>> taking) {
        return new Replay(bootstrap, partition, false, taking);
    }

    private long goToStart() {
        next = logStart();
        consumer.seek(partition, next);
        return next;
    }

    long logStart() {
        return consumer.beginningOffsets(List.of(partition)).get(partition);
    }

    /** The records of one poll, if any come. */
    private void step() {
        try {
            consumer.poll(POLL).forEach(this::take);
        } catch (OffsetOutOfRangeException told) {
            long position = told.offsetOutOfRangePartitions().get(partition);
            assertThat(position).isGreaterThanOrEqualTo(next);
            assertThat(goToStart()).as("the log start, though %d is said to be out of range", position).isGreaterThan(position);
            cuts++;
        }
    }

    private void take(ConsumerRecord<byte[], byte[]> record) {
        assertThat(whole ? record.offset() == next : record.offset() >= next).as("offset %d after %d", record.offset(), next - 1).isTrue();
        next = record.offset() + 1;
        taking.accept(record);
    }

    /** Until the first records are there. */
    Replay begin() {
        long first = next;
        toPosition(first + 1);
        return this;
    }

    /** Up to where the log ends now. */
    Replay toEnd() {
        toPosition(consumer.endOffsets(List.of(partition)).get(partition));
        return this;
    }

    private void toPosition(long offset) {
        long deadline = System.nanoTime() + WITHOUT_PROGRESS.toNanos();
        while (consumer.position(partition) < offset) {
            long before = next;
            step();
            if (next != before) {
                deadline = System.nanoTime() + WITHOUT_PROGRESS.toNanos();
            } else if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("No more records of " + partition + " after " + next + ", up to " + offset);
            }
        }
    }

    /** How often the log start has passed it. */
    int cuts() {
        return cuts;
    }

    @Override
    public void close() {
        consumer.close();
    }
}
