package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;
import io.firn.hot.ReadResult;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicIdPartition;

/** Logs agree below the high watermark: what any replica, or any consumer, has seen as the committed record of an offset is what all see there, for ever. */
final class LogsAgreeInvariant {

    private static final String NAME = "logs agree below the high watermark";
    private static final int READ_BYTES = 16 << 10;
    private static final long UNKNOWN = -1;

    private final NoDuplicatesInvariant duplicates;
    private final AcknowledgedInvariant acknowledged;
    private final Map<TopicIdPartition, Shown> partitions = new HashMap<>();

    /** The numbers of the records of a partition, by offset. */
    static final class Shown {
        final TopicIdPartition partition;
        private long[] numbers = new long[64];
        /** All below are known. */
        private int known;

        Shown(TopicIdPartition partition) {
            this.partition = partition;
            Arrays.fill(numbers, UNKNOWN);
        }

        int known() {
            return known;
        }

        long number(long offset) {
            return numbers[(int) offset];
        }
    }

    LogsAgreeInvariant(NoDuplicatesInvariant duplicates, AcknowledgedInvariant acknowledged) {
        this.duplicates = duplicates;
        this.acknowledged = acknowledged;
    }

    Shown of(TopicIdPartition partition) {
        return partitions.computeIfAbsent(partition, Shown::new);
    }

    void show(TopicIdPartition partition, long offset, long number, Object by) {
        Shown shown = of(partition);
        while (offset >= shown.numbers.length) {
            int length = shown.numbers.length;
            shown.numbers = Arrays.copyOf(shown.numbers, length * 2);
            Arrays.fill(shown.numbers, length, length * 2, UNKNOWN);
        }
        long before = shown.numbers[(int) offset];
        if (before != UNKNOWN && before != number) {
            throw new Violation(NAME, "offset " + offset + " of " + partition.topicPartition() + " was " + Records.text(before) + " and is " + Records.text(number) + " at " + (by instanceof Partition replica ? Life.text(replica) : by));
        }
        shown.numbers[(int) offset] = number;
        while (shown.known < shown.numbers.length && shown.numbers[shown.known] != UNKNOWN) {
            duplicates.follows(partition, shown.known, shown.numbers[shown.known]);
            acknowledged.shown(partition, shown.numbers[shown.known]);
            shown.known++;
        }
    }

    /** Reads what has become committed since the last look. */
    void look(Partition partition, Seen seen) {
        long end = partition.replica().highWatermark();
        if (end == seen.verifiedTo || partition.log().hot().offlineReason().isPresent()) {
            return;
        }
        if (end > partition.log().hot().logEndOffset() || end < seen.verifiedTo && seen.verifiedTo > partition.log().hot().logEndOffset()) {
            throw new Violation(NAME, "committed records were cut off: " + Life.text(partition) + ", seen up to " + seen.verifiedTo);
        }
        seen.verifiedTo = read(partition, Math.max(seen.verifiedTo, partition.log().hot().localLogStartOffset()), end, (offset, number) -> show(partition.id(), offset, number, partition));
    }

    /** Told of each record read. */
    interface Visitor {
        void record(long offset, long number);
    }

    /** Reads the local log up to {@code end}, or as far as it goes; how far. */
    static long read(Partition partition, long from, long end, Visitor visitor) {
        long at = from;
        while (at < end && partition.log().hot().read(at, READ_BYTES, end, true) instanceof ReadResult.Range range) {
            ByteBuffer bytes = Life.copy(range.range());
            range.range().release();
            long next = Records.read(bytes, at, batch -> {
                long[] offset = {batch.baseOffset()};
                Records.numbers(batch, number -> visitor.record(offset[0]++, number));
            });
            if (next == at) { // the disk is dead, or the batch is not whole
                return at;
            }
            at = next;
        }
        return at;
    }
}
