package io.firn.hot.log;

import io.firn.hot.CorruptStateException;
import io.firn.hot.DiskFullException;
import io.firn.hot.LogStart;
import io.firn.hot.log.Availability.Busy;
import io.firn.hot.log.Availability.Full;
import io.firn.hot.log.Availability.Writable;
import io.firn.hot.producer.ProducerStates;
import io.firn.hot.recovery.RecoveredLog;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.PendingStart;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Takes records away: at the front for retention and DeleteRecords, at the end for truncation.
 *
 * <p>At the front: the checkpoint says first where the log now begins, then files are renamed away and, when their last reader lets go,
 * deleted. <em>On crash</em> after the first step recovery deletes what lies before that offset.
 *
 * <p>If the disk is too full to say so, nothing is deleted, the caller is told, and may try again.
 *
 * <p>While the log is busy, or segments of it are being replaced, all of this waits for its turn: what to do depends on what the log holds then.
 *
 * <p>At the end: see {@link Truncation}. The log is busy meanwhile; afterwards it holds what recovery finds in the files.
 *
 * <p>Threading: confined to the loop of the partition; file work runs on the lane.
 */
public final class Shrinker {

    private final LogState state;
    private final LogContext context;
    private final Settler settler;
    private final Truncation truncation;
    private final Checkpoints checkpoints;
    private final RangeFinder finder;

    /** Deleted segments that somebody still reads: the producer state at their ends stays until a later deletion. Confined to the lane. */
    private final List<SealedPart> held = new ArrayList<>();

    public Shrinker(LogState state, Settler settler, Checkpoints checkpoints, RangeFinder finder) {
        this.state = state;
        this.context = state.context();
        this.settler = settler;
        this.checkpoints = checkpoints;
        this.finder = finder;
        this.truncation = new Truncation(context, checkpoints);
    }

    /** Deletes settled segments wholly below {@code offset}, from the oldest on; completes with their bytes. */
    public CompletableFuture<Long> deleteLocalBefore(long offset) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> deleteLocalBefore(offset));
        }
        List<SealedPart> doomed = new ArrayList<>();
        for (SealedPart part : state.sealed()) {
            if (part.nextOffset() > offset || !part.isSettled() || !state.isServing()) {
                break;
            }
            doomed.add(part);
        }
        if (doomed.isEmpty()) {
            return state.isServing() ? CompletableFuture.completedFuture(0L) : offline();
        }
        state.sealed().subList(0, doomed.size()).clear();
        long localStart = state.localLogStartOffset();
        return onLane(() -> delete(doomed, localStart)).whenComplete((bytes, failure) -> {
            if (failure != null && failure.getCause() instanceof DiskFullException) {
                state.sealed().addAll(0, doomed);
            }
        });
    }

    private long delete(List<SealedPart> doomed, long localStart) throws IOException {
        checkpoints.update(before -> before.withLocalStart(localStart));
        try {
            return remove(doomed, localStart);
        } catch (DiskFullException e) {
            throw new IOException("half deleted: " + e.getMessage(), e);
        }
    }

    private long remove(List<SealedPart> doomed, long localStart) throws IOException {
        long bytes = 0;
        for (SealedPart part : doomed) {
            part.file().retire();
            bytes += part.sizeBytes();
            part.file().release();
        }
        held.addAll(doomed);
        held.removeIf(part -> part.file().isGone());
        LogDirectory directory = context.directory();
        Set<Long> kept = new HashSet<>(directory.offsets(LogDirectory.SNAPSHOT));
        kept.removeIf(snapshot -> snapshot < localStart && held.stream().noneMatch(part -> part.nextOffset() == snapshot));
        SegmentFiles.keepSnapshots(directory, kept);
        return bytes;
    }

    /** Raises the log start, then deletes what lies below. */
    public CompletableFuture<Void> advanceLogStart(long offset) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> advanceLogStart(offset));
        }
        if (offset > state.logEndOffset()) {
            return CompletableFuture.failedFuture(new IllegalArgumentException("log start " + offset + " above the log end " + state.logEndOffset()));
        }
        if (offset <= state.logStartOffset()) {
            return CompletableFuture.completedFuture(null);
        }
        return this.<Void>onLane(() -> {
            checkpoints.update(before -> before.withLogStart(Math.max(offset, before.logStartOffset())));
            return null;
        }).thenCompose(written -> {
            state.logStartOffset(Math.max(offset, state.logStartOffset()));
            return deleteLocalBefore(offset).thenApply(bytes -> null);
        });
    }

    /** Cuts everything from {@code offset} on. */
    public CompletableFuture<Void> truncateTo(long offset) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> truncateTo(offset));
        }
        if (offset >= state.logEndOffset()) {
            state.epochs(state.epochs().truncateFromEnd(state.logEndOffset())); // one that began here and got no record
            return state.isServing() ? CompletableFuture.completedFuture(null) : offline();
        }
        if (offset < Math.max(state.logStartOffset(), state.localLogStartOffset())) {
            return truncateFullyAndStartAt(offset);
        }
        List<SegmentFile> files = state.files();
        return replace(() -> truncation.cutAt(offset, files, state.config()));
    }

    /** Drops everything local and starts empty at {@code offset}. */
    public CompletableFuture<Void> truncateFullyAndStartAt(long offset) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> truncateFullyAndStartAt(offset));
        }
        List<SegmentFile> files = state.files();
        return replace(() -> truncation.startAt(offset, files, state.config()));
    }

    /** Drops everything local and starts empty, knowing what lies below. Fails alone, and changes nothing, when that is not in its format. */
    public CompletableFuture<Void> startAt(LogStart start) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> startAt(start));
        }
        try {
            PendingStart pending = PendingStart.of(start);
            ProducerStates.fromSnapshot(start.producers().duplicate(), context.producerLimits(), context.clock().millis());
            List<SegmentFile> files = state.files();
            return replace(() -> truncation.startAt(pending, files, state.config()));
        } catch (CorruptStateException e) {
            return CompletableFuture.failedFuture(new IOException("the log cannot begin at " + start.offset() + ": " + e.getMessage(), e));
        }
    }

    private CompletableFuture<Void> replace(Lane.Work<RecoveredLog> work) {
        if (!(state.availability() instanceof Writable || state.availability() instanceof Full)) {
            return offline();
        }
        CompletableFuture<Void> over = new CompletableFuture<>();
        CompletableFuture<Void> done = new CompletableFuture<>();
        state.become(new Busy(over));
        state.beginCut();
        settler.clear();
        context.lane().submit(work).whenComplete((recovered, failure) -> {
            if (failure != null) {
                state.goOffline("truncation failed: " + failure.getMessage(), failure);
                done.completeExceptionally(failure);
                return;
            }
            install(recovered);
            done.complete(null);
        });
        return done;
    }

    private void install(RecoveredLog recovered) {
        if (!state.isServing()) {
            recovered.sealed().forEach(part -> part.file().release());
            recovered.active().file().release();
            return;
        }
        state.files().forEach(SegmentFile::release);
        state.install(recovered);
        finder.forget();
        state.become(new Writable());
    }

    private <T> CompletableFuture<T> onLane(Lane.Work<T> work) {
        if (!state.isServing()) {
            return offline();
        }
        return context.lane().submit(work).whenComplete((result, failure) -> {
            if (failure != null && !(failure instanceof DiskFullException)) {
                state.goOffline("deleting records failed: " + failure.getMessage(), failure);
            }
        });
    }

    private <T> CompletableFuture<T> offline() {
        return CompletableFuture.failedFuture(new IOException(state.offlineReason()));
    }
}
