package io.firn.hot.log;

import io.firn.hot.segment.BatchScan;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.ScanBuffers;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * Brings pages into memory on the I/O pool and notes on the loop that they are there. A sequential reader waits for the pool once: from then on
 * what it will want next is read while it takes what is there ({@link #readOn}).
 *
 * <p>Bounded by its callers, who ask for a range and wait, or have one part read ahead at a time; and what the next read needs ({@link #load}) is under way once from each place, however many ask for it meanwhile.
 *
 * <p>Threading: {@link #prefetch} from any thread; all else, and the residency it notes down, on the loop only.
 */
public final class Prefetcher {

    /** Bytes read beyond the range asked for. */
    static final int AHEAD_BYTES = 4 << 20;

    private final LogState state;
    private final Executor io;
    private final Executor loop;
    private final ScanBuffers buffers;
    private final Set<Place> loading = new HashSet<>();
    private SegmentFile aheadOf;
    private int aheadFrom;

    public Prefetcher(LogState state) {
        this.state = state;
        this.io = state.context().io();
        this.loop = state.context().loop();
        this.buffers = state.context().buffers();
    }

    /** Reads the range and what follows it. Completes on the I/O pool as soon as the range is read, with the range from the batch asked for on: headers were checked up to there. */
    public CompletableFuture<Located> prefetch(Located range) {
        CompletableFuture<Located> done = new CompletableFuture<>();
        submit(range.file(), done, buffer -> {
            Located exact = exact(range, buffer);
            int end = range.position() + range.sizeBytes();
            range.file().log().preload(range.position(), end, buffer);
            note(range.file(), range.position(), end);
            done.complete(exact);
            int ahead = (int) Math.min(range.file().log().sizeBytes(), (long) end + AHEAD_BYTES);
            range.file().log().preload(end, ahead, buffer);
            note(range.file(), range.position(), ahead);
        });
        return done;
    }

    /**
     * Has the part behind a resident range read, if a sequential reader will come to it soon: when less than half of
     * {@link #AHEAD_BYTES} behind {@code end} is resident. The same part is not asked for twice in a row.
     */
    void readOn(SegmentFile file, int end, int segmentBytes) {
        int runway = state.residency().runway(file, end);
        if (runway >= AHEAD_BYTES / 2 || runway >= segmentBytes - end || (file == aheadOf && end + runway == aheadFrom)) {
            return;
        }
        aheadOf = file;
        aheadFrom = end + runway;
        load(file, aheadFrom, Math.min(AHEAD_BYTES, segmentBytes - aheadFrom));
    }

    /** Reads part of a file because the next read on the loop will need it; nothing new while the part that begins there is being read: on a slow disk readers come back sooner than it is there. */
    void load(SegmentFile file, int position, int sizeBytes) {
        Place place = new Place(file, position);
        if (loading.add(place)) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            done.whenComplete((read, failure) -> onLoop(() -> loading.remove(place)));
            submit(file, done, buffer -> {
                file.log().preload(position, position + sizeBytes, buffer);
                note(file, position, position + sizeBytes);
                done.complete(null);
            });
        }
    }

    private record Place(SegmentFile file, int position) {}

    private interface Work {
        void run(ByteBuffer buffer) throws IOException;
    }

    private void submit(SegmentFile file, CompletableFuture<?> done, Work work) {
        file.retain();
        try {
            io.execute(() -> run(file, done, work));
        } catch (RejectedExecutionException e) {
            file.release();
            done.completeExceptionally(new IOException("the store is closed", e));
        }
    }

    private void run(SegmentFile file, CompletableFuture<?> done, Work work) {
        ByteBuffer buffer = buffers.take();
        try {
            work.run(buffer);
        } catch (Throwable e) {
            // Also an error of the machine: whoever waits has to be told.
            done.completeExceptionally(e);
            onLoop(() -> state.onReadFailure(List.of(file), e));
        } finally {
            buffers.give(buffer);
            file.release();
        }
    }

    private static Located exact(Located range, ByteBuffer buffer) throws IOException {
        BatchScan scan = BatchScan.headers(range.file().log(), range.position(), Integer.MAX_VALUE, buffer.clear().slice(0, Math.min(RangeFinder.SCAN_BYTES, buffer.capacity())));
        long base = range.file().baseOffset();
        if (!scan.next() || scan.batch().baseOffset() < base || scan.batch().baseOffset() > range.firstOffset() && !range.gaps()) {
            throw new CorruptLogException("segment " + base + ": no batch with offset " + range.firstOffset() + " at position " + range.position());
        }
        while (!range.checked() && scan.batch().nextOffset() <= range.askedOffset() && scan.position() < range.position() + range.sizeBytes()) {
            if (!scan.next()) {
                throw new CorruptLogException("segment " + base + ": no batch with offset " + range.askedOffset() + " from position " + range.position() + ": " + scan.problem());
            }
        }
        return range.exact(scan.position(), scan.batch().baseOffset());
    }

    private void note(SegmentFile file, int from, int to) {
        onLoop(() -> state.residency().add(file, from, to));
    }

    private void onLoop(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            // The loop has ended, and with it the log: there is nobody to tell.
        }
    }
}
