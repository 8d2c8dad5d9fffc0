package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdStretch;
import io.firn.hot.AbortedTransaction;
import io.firn.retention.RetentionMeters.Failure;
import io.firn.retention.compaction.PassInput;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compacts what one partition has in the cold tier, when {@link ColdCompactionPolicy} says that it is worth it; of a topic that is not compacted it merges small segments ({@link ColdMergePolicy}), by the same turns and on the same thread. How compacted topics are tiered:
 *
 * <ul>
 * <li>A sealed segment is offloaded as any other, at once and whether or not the local disk has compacted it before: the bucket shall have what is acknowledged as early as it can. Local compaction in the meantime
 *     only makes it smaller. Local copies go by local retention.
 * <li>Local compaction of a log that has anything in the cold tier keeps all tombstones and markers ({@link TieredLog#localIsWhole}): they may speak of records that only the bucket has, and have to get there.
 * <li>The cold tier is compacted by itself, from its own objects ({@link ColdCompaction}): so at any moment the bucket alone is a right and complete compacted log up to the tier boundary.
 * <li>How far that has come is in the manifest, and goes with the leadership.
 * <li>{@code delete} beside {@code compact} works over both tiers as without: whole segments go by the age of their newest record and by size, and below DeleteRecords.
 * </ul>
 *
 * <pre>
 *   look: due ─▶ turn (one pass at a time in the broker) ─▶ ask both tiers for aborted transactions ─▶ pass on the compaction thread
 *                                                                                                    │  swap, swap, …, clean offset: through the Offloader,
 *                                                                                                    ▼  between its uploads
 *                                             nothing more to do for {@link ColdCompactions#lookEveryMs} ◀─ ended; after a failure with {@link Backoff}
 * </pre>
 *
 * <p>Failures: bucket or scratch disk: again later, for ever. A segment replaced or dropped under the pass (DeleteRecords, retention): the next pass sees the new state. Anything that cannot be read as a log: this partition is not
 * compacted any more until it is opened again, said at ERROR; reads, offload and retention go on.
 *
 * <p>On crash: nothing is remembered but the clean offset; see {@link ColdCompaction}.
 *
 * <p>Threading: confined to the partition's loop; the pass runs on the compaction thread and comes back as messages.
 */
final class ColdCompactor {
    private static final Logger logger = LoggerFactory.getLogger(ColdCompactor.class);

    private final TieredLog log;
    private final PartitionLoop loop;
    private final Offloader offloader;
    private final ColdChanges changes;
    private final Work work;
    private long nextLookMs = Long.MIN_VALUE;
    private int failures;
    private final MergeSearch mergeSearch;
    private boolean busy;
    private volatile boolean closed;
    private Optional<String> stopped = Optional.empty();

    ColdCompactor(TieredLog log, PartitionLoop loop, Offloader offloader, Work work) {
        this.log = log;
        this.loop = loop;
        this.offloader = offloader;
        this.changes = new ColdChanges(offloader, loop);
        this.work = work;
        this.mergeSearch = new MergeSearch(loop);
    }

    /** A pass under way ends at the next batch. What it has swapped stays. */
    void close() {
        closed = true;
    }

    /** Whether compaction of this partition has stopped until a person acts. */
    boolean stopped() {
        return stopped.isPresent();
    }

    /** Starts what is due. */
    void look() {
        if (busy || closed || stopped() || work.nowMs() < nextLookMs || !possible()) {
            return;
        }
        nextLookMs = work.nowMs() + work.coldCompactions().lookEveryMs();
        busy = true;
        due(log.cold().orElseThrow()).whenComplete((job, failure) -> {
            if (failure != null) {
                busy = false;
                failed(PartitionLoop.unwrapped(failure));
            } else if (job.isPresent()) {
                Turns turns = work.coldCompactions().turns();
                work.post(() -> turns.request(new Turns.Turn(loop.executor(), 0, this::granted), work.nowMs()));
            } else {
                busy = false;
            }
        });
    }

    /** Something to do. */
    private interface Job {
        /** Begins it on the loop, where it ends with what there is to tell of it. */
        CompletableFuture<Runnable> begin();
    }

    /** A compacted topic's small segments become larger in its passes; any other's are merged. On the loop. */
    private CompletableFuture<Optional<Job>> due(ColdLog cold) {
        if (log.config().hot().compacted()) {
            return judged(cold.outline()).thenApply(verdict -> verdict instanceof ColdCompactionPolicy.Due due ? Optional.of(() -> pass(due).thenApply(outcome -> () -> ended(outcome)))
                    : Optional.empty());
        }
        ColdMergePolicy.Limits limits = ColdMergePolicy.Limits.of(log.config(), work.coldCompactions().mergeBytes());
        return mergeSearch.next(cold, limits, work.nowMs()).thenApply(run -> run.isEmpty() ? Optional.empty() : Optional.of(() -> merge(run).thenApply(done -> () -> merged(run, done))));
    }

    private boolean possible() {
        boolean wanted = log.config().hot().compacted() || work.coldCompactions().mergeBytes() > 0;
        return wanted && RetentionPolicy.offloads(log.config()) && log.cold().isPresent() && !(offloader.state() instanceof OffloadState.Stopped)
                && work.earlyBytes().get() <= 0; // the disk is filling: no time to write segments on it
    }

    /** At once, unless it depends on what is in a page. On the loop. */
    private CompletableFuture<ColdCompactionPolicy.Verdict> judged(List<ColdStretch> stretches) {
        ColdLog cold = log.cold().orElseThrow();
        ColdCompactionPolicy.Verdict verdict = ColdCompactionPolicy.of(stretches, cold.cleanOffset(), log.logStartOffset(), log.config().compaction(), work.nowMs());
        if (!(verdict instanceof ColdCompactionPolicy.Unclear unclear)) {
            return CompletableFuture.completedFuture(verdict);
        }
        return loop.bring(cold.within(unclear.page())).thenCompose(parts -> {
            int at = stretches.indexOf(unclear.page());
            return judged(Stream.of(stretches.subList(0, at), parts, stretches.subList(at + 1, stretches.size())).flatMap(List::stream).toList());
        });
    }

    private void granted() {
        if (closed || work.closed().get() || !possible()) {
            over();
            return;
        }
        due(log.cold().orElseThrow()).thenCompose(job -> job.map(Job::begin).orElseGet(() -> CompletableFuture.completedFuture(() -> {}))).whenComplete((tell, failure) -> {
            over();
            if (failure == null) {
                tell.run();
            } else {
                failed(PartitionLoop.unwrapped(failure));
            }
        });
    }

    private CompletableFuture<ColdCompaction.Outcome> pass(ColdCompactionPolicy.Due due) {
        return loop.bring(log.abortedInEitherTier(due.fromOffset(), log.cold().orElseThrow().endOffset())).thenCompose(aborted -> {
            ColdCompaction compaction = new ColdCompaction(order(due, aborted), changes, work.coldCompactions().scratch(), patience(), this::givenUp);
            return loop.bring(onThread(compaction::run));
        });
    }

    private CompletableFuture<Boolean> merge(List<ColdSegment> run) {
        ColdMerge.Order order = new ColdMerge.Order(log.cold().orElseThrow(), run, log.config().hot().indexIntervalBytes());
        return loop.bring(onThread(new ColdMerge(order, changes, work.coldCompactions().scratch(), patience(), this::givenUp)::run));
    }

    private Patience patience() {
        return new Patience(work.coldCompactions().closing());
    }

    private boolean givenUp() {
        return closed || work.closed().get();
    }

    private void over() {
        busy = false;
        work.post(() -> work.coldCompactions().turns().release(work.nowMs()));
    }

    private ColdCompaction.Order order(ColdCompactionPolicy.Due due, List<AbortedTransaction> aborted) {
        ColdLog cold = log.cold().orElseThrow();
        boolean fromLogStart = due.fromOffset() <= log.logStartOffset();
        PassInput input = new PassInput(work.nowMs(), log.config().compaction().deleteRetentionMs(), fromLogStart, aborted, log.hot().lastOfProducers());
        return new ColdCompaction.Order(cold, due.fromOffset(), cold.cleanOffset(), due.endOffset(), input, work.coldCompactions().memoryBytes(), log.config().hot().segmentBytes(),
                log.config().hot().indexIntervalBytes());
    }

    /** What runs on the compaction thread. */
    private interface Step<T> {
        T run() throws IOException;
    }

    private <T> CompletableFuture<T> onThread(Step<T> step) {
        CompletableFuture<T> result = new CompletableFuture<>();
        try {
            work.coldCompactions().thread().execute(() -> {
                try {
                    result.complete(step.run());
                } catch (IOException | RuntimeException | OutOfMemoryError e) {
                    result.completeExceptionally(e);
                }
            });
        } catch (RejectedExecutionException closing) {
            result.completeExceptionally(new CancellationException("the retention worker closes"));
        }
        return result;
    }

    private void ended(ColdCompaction.Outcome outcome) {
        failures = 0;
        work.meters().coldCompacted(outcome);
        logger.atInfo().addKeyValue("partition", log.hot().partition()).addKeyValue("cleanOffset", outcome.coveredOffset()).addKeyValue("complete", outcome.complete())
                .addKeyValue("segments", outcome.rewritten()).addKeyValue("savedBytes", outcome.savedBytes()).addKeyValue("recordsKept", outcome.counts().recordsKept())
                .addKeyValue("recordsDropped", outcome.counts().recordsDropped()).log("Cold tier compacted");
    }

    /** There may be more of them. */
    private void merged(List<ColdSegment> run, boolean done) {
        failures = 0;
        nextLookMs = work.nowMs();
        if (done) {
            work.meters().coldMerged(run.size());
            logger.atInfo().addKeyValue("partition", log.hot().partition()).addKeyValue("baseOffset", run.get(0).baseOffset()).addKeyValue("nextOffset", run.get(run.size() - 1).nextOffset())
                    .addKeyValue("segments", run.size()).addKeyValue("bytes", run.stream().mapToLong(ColdSegment::logSizeBytes).sum()).log("Small segments of the cold tier merged");
        }
    }

    private void failed(Throwable failure) {
        if (failure instanceof CancellationException || closed) {
            logger.atDebug().addKeyValue("partition", log.hot().partition()).addKeyValue("cause", failure).log("Compaction or merging of the cold tier was given up");
        } else if (comesBack(failure)) {
            retry(failure);
        } else {
            stop(failure);
        }
    }

    /** Bucket, scratch disk, memory. A bucket that holds what it should not does not mend itself, nor does a bug. */
    private static boolean comesBack(Throwable failure) {
        return failure instanceof ColdStoreException && !(failure instanceof ColdStoreException.Corrupt) || failure instanceof ScratchException || failure instanceof OutOfMemoryError;
    }

    private void retry(Throwable failure) {
        failures++;
        nextLookMs = work.nowMs() + Math.max(work.coldCompactions().lookEveryMs(), Backoff.COLD_TIER.delayMs(failures, work.random().getAsDouble()));
        work.meters().coldCompactionInterrupted();
        logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("failures", failures).addKeyValue("cause", failure.toString())
                .log("Compaction or merging of the cold tier was interrupted; it is tried again");
    }

    private void stop(Throwable failure) {
        stopped = Optional.of(String.valueOf(failure));
        work.meters().failed(Failure.COMPACTION);
        logger.atError().addKeyValue("partition", log.hot().partition()).setCause(failure).log("Compaction or merging of a partition's cold tier has stopped until a person acts; it is read and offloaded as before");
    }
}
