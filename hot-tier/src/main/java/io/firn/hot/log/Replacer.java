package io.firn.hot.log;

import io.firn.hot.DiskFullException;
import io.firn.hot.log.Availability.Busy;
import io.firn.hot.log.Availability.Full;
import io.firn.hot.log.Availability.Writable;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.PartitionCheckpoint;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFiles;
import io.firn.hot.segment.SegmentSwap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Puts rewritten segments in the place of a run of sealed ones: the file work in one piece on the lane ({@link SegmentSwap} has its steps and what a crash after each leaves), then
 * the segments in memory in one message on the loop.
 *
 * <p><i>Invariants</i>: a read finds the old segments or the new, never neither: until the message the old files are read through their open handles, whatever their names. Ranges,
 * views and searches that hold old files end with them. Appends and rolls go on; deletions and truncations wait, and a run they have changed before is not replaced.
 *
 * <p>A full disk before the commit leaves the log as it was. Any other failure takes it offline; from the commit on nothing that was written is removed.
 *
 * <p>Threading: confined to the loop of the partition; file work runs on the lane.
 */
public final class Replacer {

    private final LogState state;
    private final LogContext context;
    private final Checkpoints checkpoints;
    private final RangeFinder finder;

    /** Replaced segments whose ends are no segment's end any more: the producer snapshot there goes when nobody reads them. Confined to the lane. */
    private final List<SealedPart> replaced = new ArrayList<>();

    public Replacer(LogState state, Checkpoints checkpoints, RangeFinder finder) {
        this.state = state;
        this.context = state.context();
        this.checkpoints = checkpoints;
        this.finder = finder;
    }

    /** Whether these are settled segments of the log that follow each other. */
    public boolean holds(List<SealedPart> run) {
        int at = indexOf(run.get(0));
        for (int i = 0; i < run.size(); i++) {
            if (at < 0 || at + i >= state.sealed().size() || state.sealed().get(at + i) != run.get(i) || !run.get(i).isSettled()) {
                return false;
            }
        }
        return true;
    }

    private int indexOf(SealedPart part) {
        for (int i = 0; i < state.sealed().size(); i++) {
            if (state.sealed().get(i) == part) {
                return i;
            }
        }
        return -1;
    }

    /**
     * Replaces {@code run} by {@code next}, which are written and forced.
     *
     * @param taken run when the new segments are the log's to keep or to remove
     * @return false, and nothing taken, when the log does not hold the run any more
     */
    public CompletableFuture<Boolean> replace(List<SealedPart> run, List<SealedPart> next, Runnable taken) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> replace(run, next, taken));
        }
        if (!state.isServing()) {
            return CompletableFuture.failedFuture(new IOException(state.offlineReason()));
        }
        if (!holds(run)) {
            return CompletableFuture.completedFuture(false);
        }
        taken.run();
        CompletableFuture<Void> over = state.beginSwap();
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        context.lane().submit(() -> commit(run, next)).whenComplete((gapsBelow, failure) -> {
            if (failure == null) {
                install(run, next, gapsBelow);
            } else {
                failed(next, failure);
            }
            over.complete(null);
            if (failure == null) {
                done.complete(true);
            } else {
                done.completeExceptionally(failure);
            }
        });
        return done;
    }

    // On the lane

    private Long commit(List<SealedPart> run, List<SealedPart> next) throws IOException {
        long to = run.get(run.size() - 1).nextOffset();
        PartitionCheckpoint now = checkpoints.current();
        if (now.recoveryPoint() < to || now.recoveryPoint() == to && now.recoveryPosition() > 0) {
            throw new IllegalStateException("segments up to " + to + " are replaced, the recovery point is " + now);
        }
        SegmentSwap swap = new SegmentSwap(run.get(0).baseOffset(), to, next.stream().map(SealedPart::baseOffset).toList());
        try {
            checkpoints.update(before -> before.withGapsBelow(Math.max(before.gapsBelow(), to)));
            swap.commit(context.directory());
        } catch (DiskFullException e) {
            if (SegmentSwap.isPending(context.directory())) {
                throw new IOException("half replaced: " + e.getMessage(), e);
            }
            remove(next);
            throw e;
        }
        try {
            finish(swap, run);
        } catch (DiskFullException e) {
            throw new IOException("half replaced: " + e.getMessage(), e);
        }
        return checkpoints.current().gapsBelow();
    }

    private void remove(List<SealedPart> next) throws IOException {
        for (SealedPart part : next) {
            SegmentFiles.deleteCleaned(context.directory(), part.baseOffset());
        }
    }

    private void finish(SegmentSwap swap, List<SealedPart> run) throws IOException {
        for (SealedPart part : run) {
            part.file().retire();
        }
        swap.finish(context.directory());
        replaced.addAll(run.subList(0, run.size() - 1));
        dropSnapshots();
    }

    private void dropSnapshots() throws IOException {
        LogDirectory directory = context.directory();
        Set<Long> kept = new HashSet<>(directory.offsets(LogDirectory.LOG));
        replaced.removeIf(part -> kept.contains(part.nextOffset()));
        for (SealedPart part : List.copyOf(replaced)) {
            if (part.file().isGone()) {
                directory.deleteIfExists(LogDirectory.fileName(part.nextOffset(), LogDirectory.SNAPSHOT));
                replaced.remove(part);
            }
        }
    }

    // On the loop

    private void install(List<SealedPart> run, List<SealedPart> next, long gapsBelow) {
        if (!state.isServing()) { // whoever closed it lets go of the files the log still holds, the old ones
            next.forEach(part -> part.file().release());
            return;
        }
        int at = indexOf(run.get(0));
        List<SealedPart> place = state.sealed().subList(at, at + run.size());
        place.clear();
        place.addAll(next);
        state.gapsBelow(gapsBelow);
        finder.forget();
        run.forEach(part -> part.file().release());
    }

    private void failed(List<SealedPart> next, Throwable failure) {
        next.forEach(part -> part.file().release());
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        if (cause instanceof DiskFullException) {
            context.meters().diskFull();
        } else {
            state.goOffline("replacing segments failed: " + cause.getMessage(), cause);
        }
    }

    /** A follower is to take over gaps that compaction left at its leader: recovery has to know before they are there. Appends wait meanwhile. */
    void expectGapsBelow(long offset) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        state.become(new Busy(over));
        context.lane().<Void>submit(() -> {
            checkpoints.update(before -> before.withGapsBelow(Math.max(before.gapsBelow(), offset)));
            return null;
        }).whenComplete((nothing, failure) -> {
            if (failure instanceof DiskFullException) {
                context.meters().diskFull();
                state.become(new Full(context.clock().millis(), false));
            } else if (failure != null) {
                state.goOffline("noting gaps of compaction failed: " + failure.getMessage(), failure);
            } else {
                state.gapsBelow(offset);
                state.become(new Writable());
            }
        });
    }

    /** Notes how far compaction has got. A full disk fails the call alone. */
    public CompletableFuture<Void> cleanTo(long offset) {
        Optional<CompletableFuture<Void>> change = state.changeUnderWay();
        if (change.isPresent()) {
            return change.get().thenCompose(over -> cleanTo(offset));
        }
        if (!state.isServing() || offset > state.logEndOffset()) {
            return CompletableFuture.failedFuture(new IOException(state.isServing() ? "clean to " + offset + ", the log ends at " + state.logEndOffset() : state.offlineReason()));
        }
        CompletableFuture<Void> done = context.lane().submit(() -> {
            checkpoints.update(before -> before.withCleanTo(offset));
            return null;
        });
        return done.whenComplete((nothing, failure) -> {
            if (failure == null) {
                state.cleanTo(offset);
            } else if (!(failure instanceof DiskFullException)) {
                state.goOffline("noting how far compaction has got failed: " + failure.getMessage(), failure);
            }
        });
    }
}
