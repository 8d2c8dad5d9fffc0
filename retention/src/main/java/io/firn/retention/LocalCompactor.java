package io.firn.retention;

import io.firn.hot.DiskFullException;
import io.firn.hot.SealedSegment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compacts the local log of one partition when {@link CompactionPolicy} says that it is due.
 *
 * <pre>
 *          due               turn: dirtiest first            ended
 *   Idle ───────▶ waiting ─────────────────────────▶ pass ───────────▶ Idle, looked at when a segment is sealed, and each {@value #LOOK_EVERY_MS} ms
 *    ▲                                                │ full disk: {@link Backoff}
 *    └────────────────────────────────────────────────┤
 *                                                     └ damage, a failing disk, a bug: set aside (said at ERROR, metric) until the partition is opened again
 * </pre>
 *
 * <p>A log that is not tiered asks the bucket first whether an earlier life has left anything there ({@link TieredLog#askCold}); with the bucket away the pass keeps tombstones and markers.
 *
 * <p>A partition set aside is served, offloaded and trimmed as before; others go on being compacted.
 *
 * <p>Threading: confined to the partition's loop; the pass's steps run on the compaction threads.
 */
final class LocalCompactor {

    /** How often a log that is not due is looked at: Kafka's {@code log.cleaner.backoff.ms}. */
    static final long LOOK_EVERY_MS = 15_000;

    private static final int MAX_TIMESTAMP_AT = 35;
    private static final Logger logger = LoggerFactory.getLogger(LocalCompactor.class);

    private final TieredLog log;
    private final PartitionLoop loop;
    private final Supplier<LogView> view;
    private final Work work;
    private long nextLookMs = Long.MIN_VALUE;
    private long retryAtMs = Long.MIN_VALUE;
    private long sealedEnd = -1;
    private int failures;
    private boolean waiting;
    private boolean closed;
    private Optional<String> setAside = Optional.empty();
    private Optional<LocalPass> pass = Optional.empty();
    private CompletableFuture<Void> ended = CompletableFuture.completedFuture(null);
    private OldestDirty oldest = new OldestDirty(-1, OptionalLong.empty());

    /** Time of the first batch of the segment that begins at {@code baseOffset}, once read. */
    private record OldestDirty(long baseOffset, OptionalLong timestampMs) {}

    /** @param view takes the partition's view on the loop */
    LocalCompactor(TieredLog log, PartitionLoop loop, Supplier<LogView> view, Work work) {
        this.log = log;
        this.loop = loop;
        this.view = view;
        this.work = work;
    }

    /** Completes on the loop when nothing here changes the hot log any more: a pass ends at its next batch. */
    CompletableFuture<Void> close() {
        closed = true;
        pass.ifPresent(LocalPass::cancel);
        setAside.ifPresent(reason -> work.localCompactions().meters().setAside(-1));
        setAside = Optional.empty();
        return ended;
    }

    /** Whether a pass is under way that took the log for an untiered one ({@link TieredLog#localIsWhole}): until it has ended nothing may be offloaded. */
    boolean forgets() {
        return pass.map(LocalPass::forgets).orElse(false);
    }

    /** Why this partition is not compacted any more, if so. */
    Optional<String> setAside() {
        return setAside;
    }

    /** Asks for a turn if one is due. */
    void look(LogView now) {
        if (closed || waiting || pass.isPresent() || setAside.isPresent() || !log.config().hot().compacted() || !mayLook(now)) {
            return;
        }
        CompactionPolicy.Cleanable cleanable = cleanable(now);
        if (!isDue(cleanable)) {
            nextLookMs = work.nowMs() + LOOK_EVERY_MS;
            return;
        }
        if (!log.askCold()) {
            nextLookMs = work.nowMs();
            return;
        }
        waiting = true;
        boolean overdue = cleanable.dirtyRatio() <= log.config().compaction().minCleanableDirtyRatio();
        CompactionTurns turns = work.localCompactions().turns();
        work.post(() -> turns.request(new CompactionTurns.Turn(loop.executor(), overdue, cleanable.dirtyRatio(), this::granted)));
    }

    /** When a segment was sealed or committed, or it is time again. */
    private boolean mayLook(LogView now) {
        long end = now.sealed().isEmpty() ? now.localStartOffset() : now.sealed().get(now.sealed().size() - 1).nextOffset();
        boolean news = end != sealedEnd;
        sealedEnd = end;
        return work.nowMs() >= retryAtMs && (news || work.nowMs() >= nextLookMs);
    }

    private CompactionPolicy.Cleanable cleanable(LogView now) {
        return CompactionPolicy.cleanable(now, log.hot().cleanTo(), log.config().compaction(), work.nowMs());
    }

    private boolean isDue(CompactionPolicy.Cleanable cleanable) {
        CompactionConfig config = log.config().compaction();
        if (CompactionPolicy.isDue(cleanable, OptionalLong.empty(), config, work.nowMs())) {
            return true;
        }
        return cleanable.dirtyBytes() > 0 && config.maxLagMs() < Long.MAX_VALUE && CompactionPolicy.isDue(cleanable, oldestDirty(cleanable), config, work.nowMs());
    }

    /** The first dirty batch's time: read in the background, and known at a later look. */
    private OptionalLong oldestDirty(CompactionPolicy.Cleanable cleanable) {
        Optional<SealedSegment> first = log.hot().sealedSegments(cleanable.endOffset()).stream().filter(s -> s.nextOffset() > cleanable.firstDirtyOffset()).findFirst();
        if (first.isEmpty()) {
            return OptionalLong.empty();
        }
        long base = first.get().baseOffset();
        if (oldest.baseOffset() != base && !work.closed().get()) {
            oldest = new OldestDirty(base, OptionalLong.empty());
            read(first.get().retain());
        }
        return oldest.timestampMs();
    }

    private void read(SealedSegment segment) {
        CompletableFuture<Long> read = new CompletableFuture<>();
        try {
            work.localCompactions().threads().execute(() -> read.completeAsync(() -> firstTimestampMs(segment), Runnable::run));
        } catch (RejectedExecutionException closing) {
            segment.release();
            return;
        }
        ended = CompletableFuture.allOf(ended, loop.bring(read).handle((timestampMs, failure) -> {
            segment.release();
            if (failure != null) {
                setAside("the first batch of segment " + segment.baseOffset() + " could not be read", failure);
            } else if (oldest.baseOffset() == segment.baseOffset()) {
                oldest = new OldestDirty(segment.baseOffset(), OptionalLong.of(timestampMs));
                nextLookMs = Math.min(nextLookMs, work.nowMs());
            }
            return null;
        }));
    }

    private static long firstTimestampMs(SealedSegment segment) {
        ByteBuffer header = ByteBuffer.allocate(MAX_TIMESTAMP_AT + Long.BYTES);
        try {
            if (segment.readLog(0, header) < header.capacity()) {
                throw new IOException("the segment has no batch");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        long timestampMs = header.getLong(MAX_TIMESTAMP_AT);
        return timestampMs >= 0 ? timestampMs : segment.lastModifiedMs();
    }

    private void granted() {
        waiting = false;
        Optional<CompactionPolicy.Cleanable> due = closed || work.closed().get() || log.hot().offlineReason().isPresent() || !log.config().hot().compacted()
                ? Optional.empty()
                : Optional.of(cleanable(view.get())).filter(this::isDue);
        if (due.isEmpty()) {
            release();
            return;
        }
        LocalPass begun = new LocalPass(log, loop, due.get(), work);
        pass = Optional.of(begun);
        long beganMs = work.nowMs();
        ended = CompletableFuture.allOf(ended, begun.run().handle((outcome, failure) -> {
            pass = Optional.empty();
            log.askColdAgain();
            release();
            if (failure == null) {
                succeeded(outcome, work.nowMs() - beganMs);
            } else {
                failed(PartitionLoop.unwrapped(failure));
            }
            return null;
        }));
    }

    private void release() {
        work.post(() -> work.localCompactions().turns().release());
    }

    private void succeeded(LocalPass.Outcome outcome, long tookMs) {
        failures = 0;
        work.localCompactions().meters().compacted(outcome.counts(), !outcome.whole(), tookMs);
        logger.atInfo().addKeyValue("partition", log.hot().partition()).addKeyValue("cleanTo", outcome.coveredOffset()).addKeyValue("whole", outcome.whole())
                .addKeyValue("done", outcome.done()).addKeyValue("recordsKept", outcome.counts().recordsKept()).addKeyValue("recordsDropped", outcome.counts().recordsDropped())
                .addKeyValue("bytesWritten", outcome.counts().bytesWritten()).addKeyValue("unreadableBatches", outcome.counts().unreadableBatches()).addKeyValue("ms", tookMs).log("Log compacted");
    }

    private void failed(Throwable cause) {
        if (closed || cause instanceof CancellationException || log.hot().offlineReason().isPresent()) {
            logger.atDebug().addKeyValue("partition", log.hot().partition()).setCause(cause).log("Compaction ended with its partition");
        } else if (cause instanceof DiskFullException) {
            failures++;
            work.localCompactions().meters().failed();
            retryAtMs = work.nowMs() + Backoff.COLD_TIER.delayMs(failures, work.random().getAsDouble());
            logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("failures", failures).addKeyValue("cause", cause.getMessage())
                    .log("No room to compact; tried again");
        } else {
            setAside("compaction failed", cause);
        }
    }

    private void setAside(String reason, Throwable cause) {
        if (!closed && setAside.isEmpty()) {
            setAside = Optional.of(reason + ": " + cause);
            work.localCompactions().meters().failed();
            work.localCompactions().meters().setAside(1);
            logger.atError().addKeyValue("partition", log.hot().partition()).addKeyValue("reason", reason).setCause(cause)
                    .log("The partition is not compacted any more until it is opened again; it is served as before");
        }
    }
}
