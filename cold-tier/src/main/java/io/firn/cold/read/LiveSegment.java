package io.firn.cold.read;

import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentFacts;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import org.apache.kafka.common.TopicIdPartition;

/**
 * A segment that can be read.
 *
 * @param hasAbortedTransactions whether its transaction index has entries
 */
public record LiveSegment(ColdSegment facts, boolean hasAbortedTransactions) {

    /** Indexes of the largest segment Kafka allows stay far below. */
    static final int TAIL_LIMIT_BYTES = 64 << 20;

    /** The segment that a manifest of this partition lists. */
    public static LiveSegment of(PartitionKeys keys, SegmentEntry entry) {
        ColdSegment facts = new ColdSegment(entry.baseOffset(), entry.nextOffset(), entry.name().leaderEpoch(), entry.logSizeBytes(), entry.objectSizeBytes(), entry.maxTimestampMs(),
                entry.offloadedAtMs(), keys.segment(entry.name()));
        return new LiveSegment(facts, entry.hasAbortedTransactions());
    }

    String key() {
        return facts.key();
    }

    long baseOffset() {
        return facts.baseOffset();
    }

    long nextOffset() {
        return facts.nextOffset();
    }

    /** Bytes after the log: indexes and footer. */
    public long tailBytes() {
        return facts.objectSizeBytes() - facts.logSizeBytes();
    }

    ColdStoreException tailTooLarge() {
        return new ColdStoreException.Corrupt("Indexes of " + tailBytes() + " bytes in " + facts.key(), null);
    }

    /** A buffer for its tail; {@link ColdStoreException.Corrupt} if no segment has so large a one. */
    public ByteBuffer tailBuffer() {
        if (tailBytes() > TAIL_LIMIT_BYTES) {
            throw tailTooLarge();
        }
        return ByteBuffer.allocate((int) tailBytes());
    }

    /** Parses its tail; {@link ColdStoreException.Corrupt} if that is not sound, or belongs to another segment than the manifest says. */
    public SegmentIndexes parse(TopicIdPartition partition, ByteBuffer tail) {
        SegmentIndexes indexes = SegmentIndexes.parse(tail);
        SegmentFacts found = indexes.facts();
        boolean same = found.topicId().equals(partition.topicId()) && found.partition() == partition.partition() && found.baseOffset() == baseOffset()
                && found.nextOffset() == nextOffset() && found.logSizeBytes() == facts.logSizeBytes();
        if (!same) {
            throw new ColdStoreException.Corrupt("Object " + key() + " holds another segment than its manifest says: " + found, null);
        }
        return indexes;
    }
}
