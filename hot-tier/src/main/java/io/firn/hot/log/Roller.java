package io.firn.hot.log;

import io.firn.hot.DiskFile;
import io.firn.hot.DiskFullException;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.log.Availability.Busy;
import io.firn.hot.log.Availability.Full;
import io.firn.hot.log.Availability.Writable;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Starts new segments, and gets a log out of a failed write.
 *
 * <p>A roll creates the next file on the lane while appends wait, then hands the old segment to the {@link Settler}.
 *
 * <p>After a failed write the tail is cut off on the lane before any other append. If the disk was full the log then refuses appends with a
 * retriable error; the tick looks for room at most once in {@link #PROBE_INTERVAL_MS}. Any other I/O error takes the log offline.
 *
 * <p><i>On crash</i>: a file created but not yet used is empty and follows the last record: recovery takes it as the active segment, or it was
 * never there.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class Roller {

    /** Shortest time between two looks for room on a full disk. */
    static final long PROBE_INTERVAL_MS = 1000;

    /** Room that must be there, beside one largest batch, before appends are taken again. */
    static final long SPARE_BYTES = 1 << 20;

    private final LogState state;
    private final LogContext context;
    private final Settler settler;
    private CompletableFuture<Void> rolling = CompletableFuture.completedFuture(null);

    public Roller(LogState state, Settler settler) {
        this.state = state;
        this.context = state.context();
        this.settler = settler;
    }

    /** Seals the active segment and begins another, if it holds any record. Completes when that is done, or has failed. */
    public CompletableFuture<Void> roll() {
        if (!(state.availability() instanceof Writable)) {
            return state.whenWritable();
        }
        if (state.active().isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        rolling = new CompletableFuture<>();
        state.become(new Busy(rolling));
        long baseOffset = state.logEndOffset();
        context.lane().submit(() -> create(baseOffset)).whenComplete(this::created);
        return rolling;
    }

    private SegmentFile create(long baseOffset) throws IOException {
        LogDirectory directory = context.directory();
        DiskFile file = directory.disk().create(directory.file(baseOffset, LogDirectory.LOG));
        return new SegmentFile(directory, baseOffset, file, context.io());
    }

    private void created(SegmentFile file, Throwable failure) {
        if (failure != null) {
            failed(failure, "could not begin a segment");
            return;
        }
        if (!state.isServing()) {
            file.release();
            return;
        }
        ActiveSegment next = new ActiveSegment(file, new SegmentIndexes(file.baseOffset()), context.jitterMs(state.config()));
        SealedPart part = state.roll(next);
        settler.settle(part);
        state.become(new Writable());
    }

    /** Cuts off what a failed append left in the file. */
    void repairTail(IOException error) {
        state.become(new Busy(new CompletableFuture<>()));
        int end = state.active().sizeBytes();
        DiskFile file = state.active().file().log();
        context.lane().<Void>submit(() -> {
            file.truncate(end);
            return null;
        }).whenComplete((done, failure) -> {
            if (failure != null) {
                state.goOffline("a failed write could not be cut off: " + failure.getMessage(), failure);
            } else {
                failed(error, "writing failed");
            }
        });
    }

    private void failed(Throwable failure, String what) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof DiskFullException) {
            context.meters().diskFull();
            state.become(new Full(context.clock().millis(), false));
        } else {
            state.goOffline(what + ": " + cause.getMessage(), cause);
        }
    }

    /** Seals by age, looks for room, takes up settling that had failed for want of it. */
    public void tick(long nowMs) {
        if (state.availability() instanceof Writable && state.active().isAged(state.config(), nowMs)) {
            roll();
        }
        if (state.availability() instanceof Full full && !full.probing() && nowMs - full.lastProbeMs() >= PROBE_INTERVAL_MS) {
            state.become(new Full(nowMs, true));
            context.lane().submit(() -> context.directory().disk().usableBytes(context.directory().path()))
                    .whenComplete((usable, failure) -> probed(failure == null && usable >= SPARE_BYTES + state.config().maxMessageBytes(), nowMs));
        }
        settler.tick(nowMs);
    }

    private void probed(boolean room, long nowMs) {
        if (state.availability() instanceof Full) {
            state.become(room ? new Writable() : new Full(nowMs, false));
        }
    }
}
