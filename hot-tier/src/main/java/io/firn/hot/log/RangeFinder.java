package io.firn.hot.log;

import io.firn.hot.index.OffsetIndex;
import io.firn.hot.segment.BatchScan;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Optional;

/**
 * Finds the bytes of a read without waiting for the disk.
 *
 * <p>Where a batch begins is known, in this order: from the newest boundaries of the active segment (no I/O at all: every caught-up reader); from the
 * boundary above the offset, where a sequential reader's last range ended (one header is read and checked); by a scan of headers from
 * the boundary below. Both look into the file only where its pages are probably in memory. Elsewhere the range begins at the boundary
 * below and is large enough to hold the batch asked for: clients skip what they did not ask for. Its header is checked when its pages are read
 * ahead, off the loop.
 *
 * <p>The end is the last boundary known within {@code maxBytes}. At {@code limitOffset} it is exact, or the boundary below it.
 *
 * <p><i>Invariant</i>: no range holds a batch that reaches {@code limitOffset}.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class RangeFinder {

    /** Enough for the headers of one index interval of small batches. */
    static final int SCAN_BYTES = 16 << 10;

    /** One buffer per loop, not per log. */
    private static final ThreadLocal<ByteBuffer> SCAN = ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(SCAN_BYTES));

    private final LogState state;
    private final Prefetcher prefetcher;
    private Limit lastLimit = new Limit(-1, -1, 0);

    public RangeFinder(LogState state, Prefetcher prefetcher) {
        this.state = state;
        this.prefetcher = prefetcher;
    }

    /** The log was cut: nothing remembered holds any more. */
    public void forget() {
        lastLimit = new Limit(-1, -1, 0);
    }

    /**
     * The range for a read of a local offset below {@code limitOffset}; empty when no whole batch below the limit is known yet (pages that
     * tell more are then being read, and a later call finds it), or when not even the first fits into {@code maxBytes} and
     * {@code minOneBatch} is false.
     *
     * @throws CorruptLogException when the file does not hold what the index says
     */
    public Optional<Located> find(long offset, int maxBytes, long limitOffset, boolean minOneBatch) throws IOException {
        Segment segment = state.segmentOf(offset);
        End limit = endAt(segment, limitOffset);
        Start start = startAt(segment, offset);
        int end = limit.position;
        if (start.position >= end || start.firstEnd > end && (start.checked || !limit.exact)) {
            if (!limit.exact) {
                prefetcher.load(segment.file(), start.position, (int) Math.min(segment.sizeBytes(), (long) limit.above + SCAN_BYTES) - start.position);
            }
            return Optional.empty();
        }
        int to = end;
        if (end - start.position > maxBytes) {
            to = cutAt(segment, start, maxBytes);
            if (minOneBatch || !start.checked) {
                to = Math.max(to, start.firstEnd);
            } else if (to < start.firstEnd) {
                return Optional.empty(); // a part of one batch: clients take that for a batch larger than they can ever fetch, and stop
            }
            to = Math.min(to, end);
        }
        long upper = to == end ? Math.min(limitOffset, segment.nextOffset()) : Math.min(limitOffset, offsetBound(segment, to));
        boolean resident = start.checked && state.residency().covers(segment.file(), start.position, to);
        if (resident) {
            prefetcher.readOn(segment.file(), to, segment.sizeBytes());
        }
        return Optional.of(new Located(segment.file(), start.position, to - start.position, offset, start.offset, upper, start.checked, state.mayHaveGaps(start.offset), resident));
    }

    // The beginning

    /** @param firstEnd end of the first batch, if {@code checked}; else a place by which the batch asked for has ended */
    private record Start(int position, long offset, int firstEnd, boolean checked) {}

    private Start startAt(Segment segment, long offset) throws IOException {
        RecentBatches recent = state.recent();
        int slot = segment == state.active() ? recent.floorOfOffset(offset) : -1;
        if (slot >= 0) {
            int next = slot + 1 < recent.size() ? recent.position(slot + 1) : segment.sizeBytes();
            return new Start(recent.position(slot), Math.min(offset, recent.offset(slot)), next, true);
        }
        OffsetIndex boundaries = segment.boundaries();
        int below = boundaries.floorSlot(offset);
        int from = below < 0 ? 0 : boundaries.position(below);
        int above = below + 1 < boundaries.entries() ? boundaries.position(below + 1) : segment.sizeBytes();
        if (state.residency().covers(segment.file(), from, (int) Math.min(segment.sizeBytes(), (long) above + SCAN_BYTES))) {
            Optional<Start> found = batchWith(segment, offset, above, false);
            return found.isPresent() ? found.get() : batchWith(segment, offset, from, true)
                    .orElseThrow(() -> new CorruptLogException("segment " + segment.baseOffset() + ": no batch with offset " + offset + " from position " + from));
        }
        int covered = below + 2 < boundaries.entries() ? boundaries.position(below + 2) : segment.sizeBytes();
        return new Start(from, below < 0 ? segment.baseOffset() : boundaries.offset(below), covered, false);
    }

    /**
     * The batch that holds {@code offset}, or the first after it, looked for from {@code from} on.
     *
     * @param below whether no batch before {@code from} can be it; else the answer is empty when the first one there begins later
     */
    private Optional<Start> batchWith(Segment segment, long offset, int from, boolean below) throws IOException {
        BatchScan scan = BatchScan.headers(segment.file().log(), from, segment.sizeBytes(), SCAN.get());
        long least = segment.baseOffset();
        while (scan.next()) {
            long first = scan.batch().baseOffset();
            boolean gap = first > least && (scan.position() > from || from == 0) && !state.mayHaveGaps(first);
            if (first < least || gap || scan.batch().lastOffset() >= segment.nextOffset()) {
                throw new CorruptLogException("segment " + segment.baseOffset() + ": the batch at position " + scan.position() + " has offset " + first);
            }
            least = scan.batch().nextOffset();
            if (least > offset) {
                boolean holds = first <= offset || scan.position() > from || below;
                int position = (int) scan.position();
                return holds ? Optional.of(new Start(position, Math.min(first, offset), position + scan.batch().sizeInBytes(), true)) : Optional.empty();
            }
        }
        if (!scan.problem().isEmpty()) {
            throw new CorruptLogException("segment " + segment.baseOffset() + ": at position " + scan.position() + ": " + scan.problem());
        }
        return Optional.empty();
    }

    // The end

    private record Limit(long baseOffset, long offset, int position) {}

    /** @param above if not exact, the boundary above the limit: between the two lies the exact one */
    private record End(int position, boolean exact, int above) {

        static End at(int position) {
            return new End(position, true, position);
        }
    }

    /** Where the batches that do not reach {@code limitOffset} end; if that is not known without waiting for the disk, the boundary below. */
    private End endAt(Segment segment, long limitOffset) throws IOException {
        if (limitOffset >= segment.nextOffset()) {
            return End.at(segment.sizeBytes());
        }
        int slot = segment == state.active() ? state.recent().floorOfOffset(limitOffset) : -1;
        if (slot >= 0) {
            return End.at(state.recent().position(slot));
        }
        if (lastLimit.baseOffset == segment.baseOffset() && lastLimit.offset == limitOffset) {
            return End.at(lastLimit.position);
        }
        OffsetIndex boundaries = segment.boundaries();
        int below = boundaries.floorSlot(limitOffset - 1);
        int from = below < 0 ? 0 : boundaries.position(below);
        int above = below + 1 < boundaries.entries() ? boundaries.position(below + 1) : segment.sizeBytes();
        if (!state.residency().covers(segment.file(), from, above)) {
            return new End(from, false, above);
        }
        lastLimit = new Limit(segment.baseOffset(), limitOffset, exactEnd(segment, limitOffset, from));
        return End.at(lastLimit.position);
    }

    private static int exactEnd(Segment segment, long limitOffset, int from) throws IOException {
        BatchScan scan = BatchScan.headers(segment.file().log(), from, segment.sizeBytes(), SCAN.get());
        while (scan.next()) {
            if (scan.batch().nextOffset() > limitOffset) {
                return (int) scan.position();
            }
        }
        if (!scan.problem().isEmpty()) {
            throw new CorruptLogException("segment " + segment.baseOffset() + ": at position " + scan.position() + ": " + scan.problem());
        }
        return segment.sizeBytes();
    }

    /** The last known boundary at most {@code maxBytes} behind the start; without one, that very place, inside a batch. */
    private int cutAt(Segment segment, Start start, int maxBytes) {
        int most = start.position + maxBytes;
        int best = start.position;
        if (segment == state.active()) {
            int slot = state.recent().floorOfPosition(most);
            best = slot < 0 ? best : Math.max(best, state.recent().position(slot));
        }
        OffsetIndex boundaries = segment.boundaries();
        int above = boundaries.ceilingSlotOfPosition(most + 1L);
        int below = (above < 0 ? boundaries.entries() : above) - 1;
        best = below < 0 ? best : Math.max(best, boundaries.position(below));
        return best > start.position ? best : most;
    }

    /** No batch that begins before {@code position} begins at or above this offset. */
    private long offsetBound(Segment segment, int position) {
        OffsetIndex boundaries = segment.boundaries();
        int above = boundaries.ceilingSlotOfPosition(position);
        return above < 0 ? segment.nextOffset() : boundaries.offset(above);
    }
}
