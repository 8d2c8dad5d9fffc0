package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import io.firn.hot.index.OffsetIndex;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.index.TimeIndex;
import io.firn.hot.index.TransactionIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * A sealed segment of a log. Until it is <em>settled</em> (bytes, indexes, producer state forced; recovery point behind it) its indexes are
 * held in memory; afterwards only a bounded sample of its batch boundaries is, and time and transaction index are read from their
 * files when somebody asks.
 *
 * <p>Threading: immutable; {@link #timeIndex()} and {@link #transactionIndex()} may block.
 *
 * @param maxTimestampMs largest record timestamp, Unix milliseconds, -1 none
 * @param offsetOfMaxTimestamp last offset of the first batch that has it
 * @param lastModifiedMs wall clock of the last append
 * @param hasAborts whether its transaction index has entries
 * @param unsettled the indexes in memory until settled
 */
public record SealedPart(SegmentFile file, OffsetIndex boundaries, int sizeBytes, long nextOffset, long maxTimestampMs, long offsetOfMaxTimestamp,
        long lastModifiedMs, boolean hasAborts, Optional<SegmentIndexes> unsettled) implements Segment {

    /** Most boundaries kept in memory per settled segment: 64 KiB of heap; in a segment of 1 GiB one each 128 KiB. */
    public static final int MAX_BOUNDARIES = 8192;

    static SealedPart unsettled(SegmentFile file, SegmentIndexes indexes, int sizeBytes, long nextOffset, long lastModifiedMs) {
        return new SealedPart(file, indexes.offsets(), sizeBytes, nextOffset, indexes.maxTimestampMs(), indexes.offsetOfMaxTimestamp(), lastModifiedMs,
                !indexes.transactions().isEmpty(), Optional.of(indexes));
    }

    /** A segment whose index files are there. */
    public static SealedPart settled(SegmentFile file, OffsetIndex index, int sizeBytes, long nextOffset, long maxTimestampMs, long offsetOfMaxTimestamp,
            long lastModifiedMs, boolean hasAborts) {
        return new SealedPart(file, sample(index), sizeBytes, nextOffset, maxTimestampMs, offsetOfMaxTimestamp, lastModifiedMs, hasAborts, Optional.empty());
    }

    /** The same segment after its files were written and forced. */
    public SealedPart settle() {
        return settled(file, boundaries, sizeBytes, nextOffset, maxTimestampMs, offsetOfMaxTimestamp, lastModifiedMs, hasAborts);
    }

    public boolean isSettled() {
        return unsettled.isEmpty();
    }

    public TimeIndex timeIndex() throws IOException {
        return unsettled.isPresent() ? unsettled.get().times() : parse(LogDirectory.TIME_INDEX, TimeIndex::fromBytes);
    }

    public TransactionIndex transactionIndex() throws IOException {
        if (unsettled.isPresent()) {
            return unsettled.get().transactions();
        }
        return hasAborts ? parse(LogDirectory.TRANSACTION_INDEX, TransactionIndex::fromBytes) : TransactionIndex.empty(baseOffset());
    }

    private <T> T parse(String suffix, IndexFormat<T> format) throws IOException {
        try {
            return format.parse(baseOffset(), file.readBeside(suffix));
        } catch (CorruptStateException e) {
            throw new CorruptLogException("segment " + baseOffset() + ": " + e.getMessage(), e);
        }
    }

    /** Every n-th entry, so that at most {@link #MAX_BOUNDARIES} are left. */
    private static OffsetIndex sample(OffsetIndex index) {
        int step = (index.entries() + MAX_BOUNDARIES - 1) / MAX_BOUNDARIES;
        OffsetIndex sample = OffsetIndex.empty(index.baseOffset());
        for (int slot = 0; slot < index.entries(); slot += step) {
            sample.append(index.offset(slot), index.position(slot));
        }
        return sample;
    }

    private interface IndexFormat<T> {
        T parse(long baseOffset, ByteBuffer bytes) throws CorruptStateException;
    }
}
