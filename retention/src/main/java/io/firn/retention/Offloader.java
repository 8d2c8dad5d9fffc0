package io.firn.retention;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import io.firn.retention.OffloadState.Busy;
import io.firn.retention.OffloadState.Idle;
import io.firn.retention.OffloadState.Queued;
import io.firn.retention.OffloadState.Stopped;
import io.firn.retention.OffloadState.Waiting;
import io.firn.retention.RetentionMeters.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does everything one partition has to do with the cold tier: opens its cold log, moves sealed segments there, drops from it what lies below the log
 * start, and lets compaction make its changes ({@link #change}) in between. What to do next is decided afresh from the two logs each time ({@link OffloadChoice}); nothing is remembered across a restart.
 *
 * <p>One segment's way, and what a crash at each point leaves:
 *
 * <pre>
 *   Idle ─▶ Queued ─▶ Busy: upload ─▶ manifest commit ─▶ read back ─▶ publish the tier boundary ─▶ Idle   (later: local deletion)
 *                  1             2                  3             4                              5
 *   1  nothing happened                                        the segment is chosen again
 *   2  an object no manifest names: an orphan                  the segment is uploaded again, under another name
 *   3  committed, but this broker does not know yet            opening the cold log finds the boundary behind the segment
 *   4  as 3                                                    as 3
 *   5  in both tiers                                           local retention goes on by time and size
 * </pre>
 *
 * <p>Dropping from the cold tier: the log start is on the local disk first, then the manifest, then the objects; after a crash it is
 * derived again from the log start. A drop that was begun is finished before anything else, even if tiering is switched on again meanwhile: until it has succeeded nobody knows
 * whether the cold tier still holds what it names, and the local copies stay ({@link TieredLog#dropUnderWay}).
 *
 * <p>A commit whose reply was lost may turn out to have happened when the next one is tried, which then fails because the boundary has moved:
 * the boundary that the cold log has confirmed is published, and the choice made afresh.
 *
 * <p>Failures: the bucket away: again and again with {@link Backoff}, for ever, never tight. Fenced, corrupt, a local disk that fails, a hole
 * between the tiers: {@link Stopped}, said once at ERROR; local reads and appends go on, and nothing more is deleted locally than was committed.
 *
 * <p>A change that compaction has prepared goes before the next upload, as it does not come often. Whether it succeeds is compaction's business; here it only counts whether the bucket is there.
 *
 * <p>A follower's does none of that: it opens the cold log for its readers, and to learn how far local retention may go, at most each {@value #BOUNDARY_EVERY_MS} ms.
 *
 * <p>Invariants: at most one operation on the cold log at a time; the boundary is published only after {@link ColdLog#append} has succeeded.
 *
 * <p>Threading: confined to the partition's loop; results come back there as messages.
 */
final class Offloader {
    /** How often a follower looks where the cold tier ends, while it matters: a few requests of the bucket each time. */
    static final long BOUNDARY_EVERY_MS = 30_000;

    private static final int PREPARED_LIMIT = 2;
    private static final Logger logger = LoggerFactory.getLogger(Offloader.class);

    private final TieredLog log;
    private final PartitionLoop loop;
    private final TierRole role;
    private final Supplier<LogView> view;
    private final Work work;
    private final BooleanSupplier held;
    private OffloadState state = OffloadState.initial();
    private CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);
    private final Deque<Prepared<?>> prepared = new ArrayDeque<>();
    /** Where a turn was asked for that has not come. */
    private final Set<Turns> asked = new HashSet<>();
    /** The cold log, once this role has opened it; that of an earlier role only serves readers. */
    private Optional<ColdLog> own = Optional.empty();
    private long nextBoundaryMs = Long.MIN_VALUE;
    private boolean closed;
    private boolean fenced;

    /** A change of the cold log that waits until nothing else is under way. */
    private record Prepared<T>(long sizeBytes, Function<ColdLog, CompletableFuture<T>> operation, CompletableFuture<T> result) {}

    /**
     * @param view takes the partition's view on the loop
     * @param held whether nothing may be uploaded at the moment; asked on the loop
     */
    Offloader(TieredLog log, PartitionLoop loop, TierRole role, Supplier<LogView> view, Work work, BooleanSupplier held) {
        this.log = log;
        this.loop = loop;
        this.role = role;
        this.view = view;
        this.work = work;
        this.held = held;
    }

    OffloadState state() {
        return state;
    }

    /** Whether it has stopped as somebody else leads. */
    boolean fenced() {
        return fenced;
    }

    /** The cold log, if this broker leads and has opened it. */
    Optional<ColdLog> own() {
        return own;
    }

    /**
     * Takes no new work. What is under way is abandoned: nobody waits for it, and it holds its segment by a reference of its own. Completes on the loop
     * when it has ended nevertheless, well or not: only then may somebody else write this partition's cold log, or delete it.
     */
    CompletableFuture<Void> close() {
        closed = true;
        abandonPrepared("the partition is closed");
        return underWay.thenRun(() -> own.ifPresent(ColdLog::close));
    }

    /**
     * Makes a change of the cold log as soon as nothing else is under way, in order; at most {@value #PREPARED_LIMIT} wait: one of compaction, one of the scrub.
     *
     * @param sizeBytes bytes that it uploads, for the pace
     * @return completes on the loop, as the operation does; one that uploads nothing also with what other work on the cold log fails with before it was begun; with {@link CancellationException} if it was not begun before the partition closed or its offload stopped. Whatever the operation
     *     reads has to stay until then
     */
    <T> CompletableFuture<T> change(long sizeBytes, Function<ColdLog, CompletableFuture<T>> operation) {
        if (closed || work.closed().get() || state instanceof Stopped || own.isEmpty()) {
            return CompletableFuture.failedFuture(new CancellationException("the cold log is not to be changed any more"));
        }
        if (prepared.size() == PREPARED_LIMIT) {
            throw new IllegalStateException(PREPARED_LIMIT + " changes of " + log.hot().partition() + " wait already");
        }
        Prepared<T> waiting = new Prepared<>(sizeBytes, operation, new CompletableFuture<>());
        prepared.add(waiting);
        look(view.get());
        return waiting.result();
    }

    /** A change that waits is not made; whoever waits for it is told. */
    void abandonPrepared(String reason) {
        List<Prepared<?>> abandoned = List.copyOf(prepared);
        prepared.clear();
        abandoned.forEach(change -> change.result().completeExceptionally(new CancellationException(reason)));
    }

    /** Starts what is due. Cheap when nothing is. */
    void look(LogView now) {
        if (state instanceof Waiting waiting) {
            state = waiting.due(work.nowMs());
        }
        if (state instanceof Stopped && log.asksCold()) {
            log.coldTold(false);
        }
        if (closed || work.closed().get()) {
            return;
        }
        if (state instanceof Queued queued && preparedManifest().isPresent()) {
            state = queued.skip(); // the turn that it waits for stays asked for
        }
        if (!(state instanceof Idle idle)) {
            return;
        }
        if (role instanceof TierRole.Follows) {
            if (log.asksCold() || wantsBoundary(now)) {
                queue(idle, OffloadState.Work.OPEN, 0);
            }
        } else if (own.isEmpty()) {
            if (needsCold(now) || log.asksCold()) {
                queue(idle, OffloadState.Work.OPEN, 0);
            }
        } else if (log.dropUnderWay() || now.cold().hasSegmentsBelow(now.logStartOffset())) {
            dropBelow(idle, Math.max(log.dropsBelow(), now.logStartOffset()));
        } else if (mayEmptyCold(now)) {
            dropBelow(idle, now.cold().endOffset());
        } else if (preparedManifest().isPresent()) {
            Prepared<?> change = preparedManifest().get();
            prepared.remove(change);
            state = idle.start(OffloadState.Work.COMPACT);
            make(change, () -> {});
        } else if (wantsClaim(now)) {
            queue(idle, OffloadState.Work.OPEN, 0);
        } else if (!prepared.isEmpty()) {
            queue(idle, OffloadState.Work.COMPACT, prepared.element().sizeBytes());
        } else if (RetentionPolicy.offloads(log.config()) && !held.getAsBoolean()) {
            follow(idle, OffloadChoice.of(now));
        }
    }

    /** A change that uploads nothing: whoever waits for it need not wait for uploads, neither for their turns nor for their pace. */
    private Optional<Prepared<?>> preparedManifest() {
        return prepared.stream().filter(change -> change.sizeBytes() == 0).findFirst();
    }

    /** A follower looks where the cold tier ends when that would let local segments go, or somebody reads there; now and then only, as the leader moves the boundary without telling. */
    private boolean wantsBoundary(LogView now) {
        return work.nowMs() >= nextBoundaryMs && RetentionPolicy.usesCold(log.config())
                && (log.coldWanted() || log.claimWanted() || RetentionPolicy.waitsForBoundary(now, log.config(), work.earlyBytes().get(), work.nowMs()));
    }

    /** What is in the cold tier may be in no local log: earlier leaders, one of which may be about to empty it, are to be shut out before anything hangs on it, and followers wait for that as well. */
    private boolean wantsClaim(LogView now) {
        return !log.isColdClaimed() && (!now.cold().isEmpty() || log.claimWanted());
    }

    /** A topic that is not offloaded and has all its records locally costs the bucket no request. */
    private boolean needsCold(LogView now) {
        return RetentionPolicy.usesCold(log.config()) || RetentionPolicy.dropsCold(log.config()) || now.logStartOffset() < now.localStartOffset();
    }

    /** Whether the cold tier is to go, and nobody can be sent there any more: the log start, on disk, is not below the local one. */
    private boolean mayEmptyCold(LogView now) {
        return RetentionPolicy.dropsCold(log.config()) && now.logStartOffset() >= now.localStartOffset() && !now.cold().isEmpty();
    }

    private void follow(Idle idle, OffloadChoice choice) {
        if (choice instanceof OffloadChoice.Whole whole) {
            queue(idle, OffloadState.Work.UPLOAD, whole.segment().sizeBytes());
        } else if (choice instanceof OffloadChoice.Tail tail) {
            queue(idle, OffloadState.Work.UPLOAD, tail.segment().sizeBytes());
        } else if (choice instanceof OffloadChoice.EmptyColdFirst) {
            dropBelow(idle, log.logStartOffset());
        } else if (choice instanceof OffloadChoice.Hole hole) {
            stop(Failure.HOLE, "offsets from " + hole.fromOffset() + " to " + hole.toOffset() + " are in neither tier", Optional.empty());
        }
    }

    private void queue(Idle idle, OffloadState.Work kind, long sizeBytes) {
        state = idle.queue(kind);
        Turns turns = work.turnsFor(kind);
        if (asked.add(turns)) {
            Turns.Turn turn = new Turns.Turn(loop.executor(), sizeBytes, () -> came(turns, kind));
            work.post(() -> turns.request(turn, work.nowMs()));
        }
    }

    /** It may be wanted for something else by now, or not any more. */
    private void came(Turns turns, OffloadState.Work askedFor) {
        asked.remove(turns);
        granted(state instanceof Queued queued && work.turnsFor(queued.work()) == turns ? queued.work() : askedFor);
    }

    private void giveBack(OffloadState.Work kind) {
        work.post(() -> work.turnsFor(kind).release(work.nowMs()));
    }

    /** The turn came. Since it was asked for, the partition may have closed, or DeleteRecords may have passed the segment. */
    private void granted(OffloadState.Work kind) {
        if (!(state instanceof Queued queued) || queued.work() != kind) {
            giveBack(kind);
        } else if (closed || work.closed().get() || kind == OffloadState.Work.COMPACT && prepared.isEmpty()) {
            state = queued.skip();
            giveBack(kind);
        } else if (kind == OffloadState.Work.OPEN && own.isPresent()) {
            claim(queued);
        } else if (kind == OffloadState.Work.OPEN && !needsCold(view.get())) {
            ask(queued);
        } else if (kind == OffloadState.Work.OPEN) {
            open(queued);
        } else if (kind == OffloadState.Work.COMPACT) {
            state = queued.start();
            make(prepared.remove(), () -> giveBack(OffloadState.Work.COMPACT));
        } else {
            upload(queued);
        }
    }

    private <T> void make(Prepared<T> change, Runnable ended) {
        CompletableFuture<T> result = CompletableFuture.completedFuture(null).thenCompose(now -> change.operation().apply(coldLog()));
        underWay = loop.bring(result).handle((value, failure) -> {
            try {
                ended.run();
                made(failure);
            } catch (RuntimeException bug) {
                stop(Failure.UNEXPECTED, String.valueOf(bug), Optional.of(bug));
            } finally {
                tell(change.result(), value, failure); // in any case: threads wait for it
            }
            return null;
        });
    }

    private void made(Throwable failure) {
        if (failure == null) {
            publishIfMine();
            goOn();
        } else {
            changeFailed(failure);
        }
    }

    private static <T> void tell(CompletableFuture<T> result, T value, Throwable failure) {
        if (failure == null) {
            result.complete(value);
        } else {
            result.completeExceptionally(failure);
        }
    }

    private void changeFailed(Throwable failure) {
        if (!(state instanceof Busy busy) || closed) {
            return;
        }
        if (failure instanceof ColdStoreException.Fenced) {
            stop(Failure.FENCED, "a newer leader writes this partition's manifest: " + failure.getMessage(), Optional.empty());
        } else if (failure instanceof ColdStoreException.Unavailable || failure instanceof ColdStoreException.Uncertain) {
            retry(busy, Failure.UNAVAILABLE, failure);
        } else if (failure instanceof ColdStoreException.Misconfigured) {
            retry(busy, Failure.MISCONFIGURED, failure);
        } else {
            goOn();
        }
    }

    private void open(Queued queued) {
        state = queued.start();
        run(() -> work.cold().openLog(log.hot().partition(), role.openingEpoch()), Optional.empty(), opened -> {
            giveBack(OffloadState.Work.OPEN);
            opened(opened);
        }, () -> giveBack(OffloadState.Work.OPEN));
    }

    /** A follower's is closed at once: it serves reads, and deletes nothing. */
    private void opened(ColdLog opened) {
        if (closed || role instanceof TierRole.Follows) {
            opened.close();
        }
        if (closed) {
            return;
        }
        if (role instanceof TierRole.Follows) {
            nextBoundaryMs = work.nowMs() + BOUNDARY_EVERY_MS;
            log.found(opened);
        } else {
            own = Optional.of(opened);
            heed(log.opened(opened));
        }
    }

    /** Tells the log whether the bucket holds anything of it. Nothing else follows from that, nor from a failure: nobody reads there. */
    private void ask(Queued queued) {
        state = queued.start();
        run(() -> work.cold().openLog(log.hot().partition(), role.openingEpoch()).handle((opened, failure) -> failure == null && isEmpty(opened)), Optional.empty(), empty -> {
            giveBack(OffloadState.Work.OPEN);
            log.coldTold(empty);
        }, () -> giveBack(OffloadState.Work.OPEN));
    }

    private static boolean isEmpty(ColdLog opened) {
        opened.close();
        return opened.isEmpty();
    }

    private void heed(TierBorder border) {
        if (border instanceof TierBorder.ColdAhead ahead) {
            stop(Failure.HOLE, ahead.reason(), Optional.empty());
        } else if (border instanceof TierBorder.Hole hole) {
            stop(Failure.HOLE, hole.reason(), Optional.empty());
        } else if (border instanceof TierBorder.RaiseLogStart raise) {
            logger.atError().addKeyValue("partition", log.hot().partition()).addKeyValue("logStart", log.logStartOffset())
                    .addKeyValue("coldStart", raise.toOffset()).log("The cold tier begins above the log start; the log start follows, the records between are gone");
            log.raiseLogStart(raise.toOffset());
        }
    }

    private void upload(Queued queued) {
        boolean may = RetentionPolicy.offloads(log.config()) && !held.getAsBoolean(); // when the turn was asked for, tiering may still have been on
        OffloadChoice choice = may ? OffloadChoice.of(view.get()) : new OffloadChoice.Nothing();
        if (choice instanceof OffloadChoice.Whole whole) {
            SealedSource source = retained(whole.segment());
            state = queued.start();
            uploading(() -> coldLog().append(source), source);
        } else if (choice instanceof OffloadChoice.Tail tail) {
            SealedSource source = retained(tail.segment());
            state = queued.start();
            uploading(() -> CompletableFuture.supplyAsync(() -> cut(source, tail.fromOffset()), work.mailbox()).thenCompose(coldLog()::append), source);
        } else {
            state = queued.skip();
            giveBack(OffloadState.Work.UPLOAD);
        }
    }

    private static SegmentTail cut(SealedSource source, long fromOffset) {
        try {
            return SegmentTail.cut(source, fromOffset);
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    private ColdLog coldLog() {
        return own.orElseThrow();
    }

    private void uploading(Supplier<CompletableFuture<ColdSegment>> append, SealedSource source) {
        log.uploadBegins();
        run(append, Optional.of(source), committed -> {
            source.release();
            giveBack(OffloadState.Work.UPLOAD);
            if (!closed) {
                publish();
            }
        }, () -> {
            source.release();
            giveBack(OffloadState.Work.UPLOAD);
        });
    }

    /** What a closed one has done in the end is found by the next one's opening. */
    private void publishIfMine() {
        if (!closed) {
            log.publish();
        }
    }

    private void publish() {
        for (SegmentSpan committed : log.publish()) {
            work.meters().offloaded(committed.sizeBytes());
            logger.atInfo().addKeyValue("partition", log.hot().partition()).addKeyValue("baseOffset", committed.baseOffset())
                    .addKeyValue("nextOffset", committed.nextOffset()).addKeyValue("bytes", committed.sizeBytes()).log("Segment offloaded");
        }
    }

    /** The segment's files stay readable until the source is released, even if DeleteRecords removes it meanwhile. */
    private SealedSource retained(SegmentSpan span) {
        return log.hot().sealedSegments(Long.MAX_VALUE).stream().filter(s -> s.baseOffset() == span.baseOffset()).findFirst()
                .map(segment -> new SealedSource(segment.retain())).orElseThrow();
    }

    private void dropBelow(Idle idle, long offset) {
        state = idle.start(OffloadState.Work.DELETE);
        log.dropBegins(offset);
        run(() -> coldLog().deleteBefore(offset), Optional.empty(), dropped -> {
            publishIfMine();
            log.dropEnded();
            work.meters().coldDropped(dropped);
            logger.atInfo().addKeyValue("partition", log.hot().partition()).addKeyValue("logStart", offset)
                    .addKeyValue("segments", dropped).log("Segments dropped from the cold tier");
        }, () -> {});
    }

    /** Costs nothing where this leader has committed something already. */
    private void claim(Queued queued) {
        state = queued.start();
        run(() -> coldLog().claim(), Optional.empty(), claimed -> {
            giveBack(OffloadState.Work.OPEN);
            publishIfMine();
            log.claimed();
        }, () -> giveBack(OffloadState.Work.OPEN));
    }

    /** Waits for {@code operation}, then goes on: at once to the next piece of work, or after a failure as its kind wants. */
    private <T> void run(Supplier<CompletableFuture<T>> operation, Optional<SealedSource> source, Consumer<T> succeeded, Runnable failed) {
        CompletableFuture<T> result = CompletableFuture.completedFuture(null).thenCompose(now -> operation.get());
        underWay = loop.bring(result).handle((value, failure) -> {
            try {
                ended(value, failure, source, succeeded, failed);
            } catch (RuntimeException bug) {
                stop(Failure.UNEXPECTED, String.valueOf(bug), Optional.of(bug));
            }
            return null;
        });
    }

    private <T> void ended(T value, Throwable failure, Optional<SealedSource> source, Consumer<T> succeeded, Runnable failed) {
        if (failure == null) {
            succeeded.accept(value);
            goOn();
        } else {
            failed.run();
            failed(source, failure);
        }
    }

    private void goOn() {
        if (state instanceof Busy busy) {
            state = busy.succeeded();
        }
        if (!closed) {
            look(view.get());
        }
    }

    private void failed(Optional<SealedSource> source, Throwable failure) {
        if (!(state instanceof Busy busy)) {
            return;
        }
        if (closed) { // abandoned: its end, perhaps with the threads and connections under it, is nobody's concern any more
            logger.atDebug().addKeyValue("partition", log.hot().partition()).addKeyValue("work", busy.work()).addKeyValue("cause", failure).log("Abandoned work has ended");
        } else if (failure instanceof ColdStoreException.Fenced) {
            stop(Failure.FENCED, "a newer leader writes this partition's manifest: " + failure.getMessage(), Optional.empty());
        } else if (own.isPresent() && log.boundaryMoved()) {
            publish();
            goOn();
        } else if (source.isPresent() && source.get().nextOffset() <= log.logStartOffset()) {
            goOn(); // DeleteRecords has removed the segment under the upload
        } else {
            failed(busy, source.flatMap(SealedSource::localFailure), failure);
        }
    }

    private void failed(Busy busy, Optional<Exception> localFailure, Throwable failure) {
        if (localFailure.isPresent()) {
            stop(Failure.LOCAL_READ, "the local segment cannot be read: " + localFailure.get().getMessage(), Optional.of(failure));
        } else if (failure instanceof ColdStoreException.SourceFailed) { // the cold tier's audit found a batch that is not sound
            stop(Failure.LOCAL_READ, failure.getMessage(), Optional.of(failure));
        } else if (failure instanceof ColdStoreException.Unavailable || failure instanceof ColdStoreException.Uncertain) {
            retry(busy, Failure.UNAVAILABLE, failure);
            logger.atWarn().addKeyValue("partition", log.hot().partition()).addKeyValue("work", busy.work()).addKeyValue("failures", busy.failures() + 1)
                    .addKeyValue("cause", failure.getMessage()).log("The cold tier is not available; the partition will try again");
        } else if (failure instanceof ColdStoreException.Misconfigured) {
            retry(busy, Failure.MISCONFIGURED, failure);
            logger.atError().addKeyValue("partition", log.hot().partition()).addKeyValue("failures", busy.failures() + 1)
                    .addKeyValue("cause", failure.getMessage()).log("The bucket refuses what it is asked; offload waits until that is mended");
        } else if (failure instanceof ColdStoreException) {
            stop(Failure.COLD_CORRUPT, failure.getMessage(), Optional.of(failure));
        } else {
            stop(Failure.UNEXPECTED, String.valueOf(failure), Optional.of(failure));
        }
    }

    /** Manifests that wait are given up with it: a thread waits for them, and what comes before them may fail for as long as the bucket refuses to be written. */
    private void retry(Busy busy, Failure kind, Throwable cause) {
        if (log.asksCold()) {
            log.coldTold(false); // compaction does not wait for the bucket
        }
        work.meters().failed(kind);
        state = busy.failed(Backoff.COLD_TIER, work.random().getAsDouble(), work.nowMs());
        List<Prepared<?>> manifests = prepared.stream().filter(change -> change.sizeBytes() == 0).toList();
        prepared.removeAll(manifests);
        manifests.forEach(change -> change.result().completeExceptionally(cause));
    }

    /** Ends this partition's offload until it is opened again. */
    void stop(Failure kind, String reason, Optional<Throwable> cause) {
        state = new Stopped(reason);
        fenced = kind == Failure.FENCED;
        abandonPrepared(reason);
        work.meters().failed(kind);
        log.coldFault(reason);
        var event = logger.atError().addKeyValue("partition", log.hot().partition()).addKeyValue("kind", kind).addKeyValue("reason", reason);
        cause.map(event::setCause).orElse(event).log("Offload of a partition has stopped until a person acts; what is not in the cold tier stays on the local disk");
    }
}
