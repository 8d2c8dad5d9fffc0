package io.firn.gateway.cli;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;

/**
 * Polls, writes, and in a group commits exactly what was written and flushed, until the end, the count, the reader's leaving, or {@link #stop}.
 *
 * <p>Threading: confined to the command's thread, except {@link #stop}, which the shutdown hook calls.
 */
final class ConsumeLoop {

    private static final Duration POLL = Duration.ofMillis(500);
    /** How long to wait for a group to hand out a partition, when the end is to be reached; other members may keep them all. */
    private static final long ASSIGNMENT_LIMIT_NANOS = 30_000_000_000L;

    /**
     * When to end.
     *
     * @param maxRecords after so many
     * @param atEnd when the end, as it was when a partition was first seen, is reached in every partition
     */
    record Ends(long maxRecords, boolean atEnd) {}

    private final Consumer<byte[], byte[]> consumer;
    private final RecordOutput output;
    private final Ends ends;
    private final boolean commit;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Map<TopicPartition, Long> endOffsets = new HashMap<>();
    private final long startedNanos = System.nanoTime();
    private long written;

    ConsumeLoop(Consumer<byte[], byte[]> consumer, RecordOutput output, Ends ends, boolean commit) {
        this.consumer = consumer;
        this.output = output;
        this.ends = ends;
        this.commit = commit;
    }

    void run() {
        try {
            boolean more = !atEnd();
            while (more) {
                writeAndCommit(consumer.poll(POLL));
                more = written < ends.maxRecords() && !atEnd();
            }
        } catch (RecordOutput.ReaderGone | WakeupException stopped) {
            // Both are how this loop is meant to be ended from outside; what was committed is what was written.
            return;
        }
    }

    private void writeAndCommit(ConsumerRecords<byte[], byte[]> records) throws RecordOutput.ReaderGone {
        Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            if (written == ends.maxRecords()) {
                break;
            }
            output.write(record);
            written++;
            next.put(new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1, record.leaderEpoch(), ""));
        }
        output.flush();
        if (commit && !next.isEmpty()) {
            consumer.commitSync(next);
        }
    }

    /** In a group the partitions come, and go, while it is polled; without one they are all there from the start. */
    private boolean atEnd() {
        Set<TopicPartition> assigned = consumer.assignment();
        if (!ends.atEnd()) {
            return false;
        }
        if (assigned.isEmpty()) {
            if (endOffsets.isEmpty() && System.nanoTime() - startedNanos > ASSIGNMENT_LIMIT_NANOS) {
                throw new CliFailure(Main.FAILED, "the group gave this member no partition; does another member read them all?");
            }
            return false;
        }
        Set<TopicPartition> unknown = new java.util.HashSet<>(assigned);
        unknown.removeAll(endOffsets.keySet());
        if (!unknown.isEmpty()) {
            endOffsets.putAll(consumer.endOffsets(unknown));
        }
        return assigned.stream().allMatch(partition -> consumer.position(partition) >= endOffsets.get(partition));
    }

    /** Makes {@link #run} return, and waits until it did. */
    void stop() throws InterruptedException {
        consumer.wakeup();
        ended.await();
    }

    /** To be called when the loop has ended, however. */
    void ended() {
        ended.countDown();
    }
}
