package io.firn.retention;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.DiskFullException;
import io.firn.hot.HotLog;
import io.firn.hot.SealedSegment;
import io.firn.hot.SegmentRewrite;
import io.firn.retention.compaction.BatchSink;
import io.firn.retention.compaction.CompactionPass;
import io.firn.retention.compaction.PassCounts;
import io.firn.retention.compaction.PassInput;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;

/**
 * One compaction of one local log, in steps: each dirty segment indexed, then each group of segments rewritten and put into the place of the old ones, then noted how far it has come.
 *
 * <p>A step asks for its turn (the rate), runs on a compaction thread, and comes back to the loop, where the hot log replaces the segments. Old segments are held until
 * they have been read for the last time, so that the pass reads what it began with.
 *
 * <p><em>On crash</em>: groups that were replaced stay; how far compaction has come is as before the pass, so the next one does it again, with less to do.
 *
 * <p>Threading: confined to the partition's loop, but for {@link #cancelled}; the pass itself is handed from thread to thread by messages.
 */
final class LocalPass {

    /**
     * How a pass ended.
     *
     * @param coveredOffset how far it has come
     * @param whole whether it came as far as it was to
     * @param done no when the log was changed under it (deletion, truncation): what was replaced stays, and nothing is noted
     */
    record Outcome(long coveredOffset, boolean whole, boolean done, PassCounts counts) {}

    private interface Step<T> {
        T run() throws IOException;
    }

    private final TieredLog log;
    private final HotLog hot;
    private final PartitionLoop loop;
    private final Work work;
    private final CompactionPolicy.Cleanable range;
    private final List<SealedSegment> segments;
    private int released;
    private boolean forgets;
    private volatile boolean cancelled;
    private CompletableFuture<Void> permitted = CompletableFuture.completedFuture(null);

    /** Of the pass alone, handed over with each step. */
    private CompactionPass pass;

    LocalPass(TieredLog log, PartitionLoop loop, CompactionPolicy.Cleanable range, Work work) {
        this.log = log;
        this.hot = log.hot();
        this.loop = loop;
        this.work = work;
        this.range = range;
        this.segments = hot.sealedSegments(range.endOffset());
    }

    /** It ends at the next batch. */
    void cancel() {
        cancelled = true;
        permitted.completeExceptionally(new CancellationException("compaction was cancelled"));
    }

    /** Completes on the loop. */
    CompletableFuture<Outcome> run() {
        segments.forEach(SealedSegment::retain);
        long from = segments.get(0).baseOffset();
        return hot.abortedTransactions(from, range.endOffset())
                .thenCompose(aborted -> {
                    PassInput input = input(aborted);
                    return step(0, () -> pass = new CompactionPass(input, range.firstDirtyOffset(), range.endOffset(), work.localCompactions().memoryBytes(), () -> cancelled || work.closed().get()));
                })
                .thenCompose(begun -> index(dirty(), 0))
                .thenCompose(covered -> rewrite(groups(covered), 0).thenCompose(done -> finish(covered, done)))
                .whenComplete((outcome, failure) -> end());
    }

    private PassInput input(List<AbortedTransaction> aborted) {
        forgets = log.localIsWhole();
        return new PassInput(work.nowMs(), log.config().compaction().deleteRetentionMs(), forgets, aborted, hot.lastOfProducers());
    }

    /** Whether it may remove tombstones and markers: then nothing it still has to go over may reach the bucket meanwhile. On the loop. */
    boolean forgets() {
        return forgets;
    }

    private void end() {
        release(segments.size());
        if (pass != null) {
            pass.close();
        }
    }

    /** Lets go of the oldest {@code count} segments: what was replaced need not stay on the disk for long. */
    private void release(int count) {
        while (released < count) {
            segments.get(released++).release();
        }
    }

    private List<SealedSegment> dirty() {
        return segments.stream().filter(segment -> segment.nextOffset() > range.firstDirtyOffset()).toList();
    }

    /** Indexes the dirty segments from {@code next} on, until the table is full; how far that came. */
    private CompletableFuture<Long> index(List<SealedSegment> dirty, int next) {
        if (next == dirty.size()) {
            return CompletableFuture.completedFuture(pass.coveredOffset());
        }
        SealedSegment segment = dirty.get(next);
        return step(segment.sizeBytes(), () -> pass.index(new SealedSource(segment)))
                .thenCompose(room -> room ? index(dirty, next + 1) : CompletableFuture.completedFuture(pass.coveredOffset()));
    }

    private List<List<SealedSegment>> groups(long covered) {
        List<SealedSegment> reached = segments.stream().filter(segment -> segment.baseOffset() < covered).toList();
        List<List<SegmentSpan>> spans = CompactionPolicy.groups(reached.stream().map(SegmentSpan::of).toList(), log.config().hot().segmentBytes(), log.latestTieredOffset() + 1);
        List<List<SealedSegment>> groups = new ArrayList<>();
        int at = 0;
        for (List<SegmentSpan> group : spans) {
            groups.add(reached.subList(at, at + group.size()));
            at += group.size();
        }
        return groups;
    }

    /** Rewrites and replaces the groups from {@code next} on; false when the log was changed under it. */
    private CompletableFuture<Boolean> rewrite(List<List<SealedSegment>> groups, int next) {
        if (next == groups.size()) {
            return CompletableFuture.completedFuture(true);
        }
        List<SealedSegment> group = groups.get(next);
        Optional<SegmentRewrite> rewrite = hot.rewrite(group);
        if (rewrite.isEmpty()) {
            return CompletableFuture.completedFuture(false);
        }
        long bytes = group.stream().mapToLong(SealedSegment::sizeBytes).sum();
        return step(2 * bytes, () -> write(group, bytes, rewrite.get()))
                .thenCompose(changed -> changed ? replace(rewrite.get()) : CompletableFuture.completedFuture(true))
                .thenCompose(there -> {
                    release(released + group.size());
                    return there ? rewrite(groups, next + 1) : CompletableFuture.completedFuture(false);
                });
    }

    /** Writes a group again; whether it is worth putting in. */
    private boolean write(List<SealedSegment> group, long bytes, SegmentRewrite target) throws IOException {
        boolean finished = false;
        try {
            if (work.localCompactions().spareBytes().getAsLong() < bytes) {
                throw new DiskFullException("no room for " + bytes + " bytes of compacted segments above the disk's watermark", null);
            }
            pass.beginGroup();
            for (int i = 0; i < group.size(); i++) {
                pass.rewrite(new SealedSource(group.get(i)), i == group.size() - 1, sink(target));
            }
            if (group.size() > 1 || pass.changed()) {
                target.finish();
                finished = true;
            }
            return finished;
        } finally {
            if (!finished) {
                target.abandon();
            }
        }
    }

    private static BatchSink sink(SegmentRewrite target) {
        return new BatchSink() {
            @Override
            public void batch(ByteBuffer batch) throws IOException {
                target.append(batch);
            }

            @Override
            public void aborted(AbortedTransaction aborted) {
                target.aborted(aborted);
            }
        };
    }

    private CompletableFuture<Boolean> replace(SegmentRewrite rewrite) {
        return hot.replace(rewrite).handle((there, failure) -> failure == null && there
                ? CompletableFuture.completedFuture(true)
                : abandon(rewrite).thenCompose(gone -> failure == null ? CompletableFuture.completedFuture(false) : CompletableFuture.<Boolean>failedFuture(failure)))
                .thenCompose(result -> result);
    }

    private CompletableFuture<Void> abandon(SegmentRewrite rewrite) {
        return onThread(() -> {
            rewrite.abandon();
            return null;
        });
    }

    private CompletableFuture<Outcome> finish(long covered, boolean done) {
        Outcome outcome = new Outcome(covered, covered >= range.endOffset(), done, pass.counts());
        return done ? hot.cleanedTo(covered).thenApply(noted -> outcome) : CompletableFuture.completedFuture(outcome);
    }

    // Threads

    /** Runs {@code work} on a compaction thread when the rate allows {@code bytes} more. */
    private <T> CompletableFuture<T> step(long bytes, Step<T> step) {
        CompletableFuture<Void> permission = new CompletableFuture<>();
        permitted = permission;
        if (cancelled) {
            permission.completeExceptionally(new CancellationException("compaction was cancelled"));
        } else {
            work.post(() -> work.localCompactions().steps().request(new Turns.Turn(loop.executor(), bytes, () -> granted(permission)), work.nowMs()));
        }
        return permission.thenCompose(now -> onThread(step).whenComplete((result, failure) -> giveBack()));
    }

    private void granted(CompletableFuture<Void> permission) {
        if (!permission.complete(null)) {
            giveBack();
        }
    }

    private void giveBack() {
        work.post(() -> work.localCompactions().steps().release(work.nowMs()));
    }

    private <T> CompletableFuture<T> onThread(Step<T> step) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            work.localCompactions().threads().execute(() -> {
                try {
                    result.complete(step.run());
                } catch (IOException | RuntimeException | OutOfMemoryError e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException closing) {
            result.completeExceptionally(new CancellationException("the retention worker is closed"));
        }
        return loop.bring(result);
    }
}
