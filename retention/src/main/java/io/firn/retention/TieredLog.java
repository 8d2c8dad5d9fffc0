package io.firn.retention;

import io.firn.cold.ColdAbortedTransaction;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdRead;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTimestamp;
import io.firn.hot.AbortedTransaction;
import io.firn.hot.HotLog;
import io.firn.hot.ReadResult;
import io.firn.hot.TimestampedOffset;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition's log over both tiers: the only place where they meet.
 *
 * <pre>
 *   log start        local start          tier boundary            log end
 *      │  cold only       │   in both tiers     │     hot only         │
 *      ▼                  ▼                     ▼                      ▼
 *      ├──────────────────┴─────────────────────┼──────────────────────┤
 * </pre>
 *
 * <p>Invariants: log start ≤ log end; local start ≤ tier boundary whenever anything was deleted locally after its offload; what
 * the local disk has is read there, the cold tier answers only below the local start and below the published tier boundary.
 * The log start is the hot tier's: persisted there first, and what the cold tier may drop follows from it after any crash.
 *
 * <p>Questions that both tiers take part in are put to both at the same moment on the loop. Local deletion happens on the
 * same loop, and only below the published boundary, so no record can slip between the two answers.
 *
 * <p>Threading: confined to the event loop of its partition; futures complete there.
 */
public final class TieredLog {
    private static final Logger logger = LoggerFactory.getLogger(TieredLog.class);

    private final HotLog hot;
    private final PartitionLoop loop;
    /** Log end when this broker began to lead: whatever was offloaded before lies below. */
    private long endOffsetAtFirst;
    private TierRole role;
    /** Whether a reader has asked for what only the cold tier has, since this follower looked there last. */
    private boolean coldWanted;
    private TieredLogConfig config;
    private Runnable onChange = () -> {};
    private Optional<ColdLog> cold = Optional.empty();
    private ColdView view = ColdView.NOTHING;
    private TierBorder border = new TierBorder.Sound();
    private Optional<String> coldFault = Optional.empty();
    private Unopened unopened = Unopened.NOT_ASKED;
    /** Whether an upload was begun after which the cold log has not confirmed what it holds. */
    private boolean unconfirmed;
    /** A drop from the cold tier below this offset was begun and has not succeeded yet; 0 when there is none. */
    private long dropsBelow;
    /** Local copies are due to go, and a leader of before may still change the cold tier. */
    private boolean claimWanted;

    /** What is known of the bucket while the cold log is not open. */
    private enum Unopened {
        NOT_ASKED,
        ASKED,
        EMPTY,
        /** It holds segments, or did not answer. */
        PERHAPS_NOT_EMPTY
    }

    TieredLog(HotLog hot, TieredLogConfig config, PartitionLoop loop, TierRole role) {
        this.hot = hot;
        this.config = config;
        this.loop = loop;
        this.role = role;
        this.endOffsetAtFirst = hot.logEndOffset();
    }

    /** This broker leads the partition: it offloads from now on. Until the cold log has been opened for that, what was known of it as a follower is read. */
    public void lead(int leaderEpoch) {
        endOffsetAtFirst = hot.logEndOffset();
        take(new TierRole.Leads(leaderEpoch));
    }

    /** This broker follows, or nobody leads: it offloads no more, and what is in flight is abandoned. */
    public void follow(int leaderEpoch) {
        take(new TierRole.Follows(leaderEpoch));
    }

    private void take(TierRole next) {
        if (!next.equals(role)) {
            role = next;
            border = new TierBorder.Sound();
            coldFault = Optional.empty();
            claimWanted = false;
            onChange.run();
        }
    }

    TierRole role() {
        return role;
    }

    public HotLog hot() {
        return hot;
    }

    public TieredLogConfig config() {
        return config;
    }

    /** Takes effect at the next look of the retention worker. Switching {@code remote.storage.enable} off stops further offload; what is in the cold tier stays readable,
     * unless {@code remote.log.delete.on.disable} is set: then it goes, and the log starts on the local disk. */
    public void reconfigure(TieredLogConfig config) {
        this.config = config;
        hot.reconfigure(config.effectiveHot());
        onChange.run();
    }

    /** Why neither reads nor appends make sense any more: the cold tier holds records that this disk never had. Empty while the partition is in service. */
    public Optional<String> offlineReason() {
        return border instanceof TierBorder.ColdAhead ahead ? Optional.of(ahead.reason()) : hot.offlineReason();
    }

    /** First readable offset over both tiers. */
    public long logStartOffset() {
        return hot.logStartOffset();
    }

    /** Last offset in the cold tier (Kafka's latest-tiered), or -1. */
    public long latestTieredOffset() {
        return view.endOffset() - 1;
    }

    /** Bytes over both tiers, the overlap counted once. */
    public long sizeBytes() {
        return view(hot.logEndOffset()).totalBytes();
    }

    /**
     * Finds the bytes from the batch that holds {@code offset}, in whichever tier has them.
     *
     * @param maxBytes most bytes to return, at least 1
     * @param limitOffset exclusive upper bound of the offsets wanted
     * @param minOneBatch return the first batch whole even if it is larger than {@code maxBytes}
     */
    public TieredRead read(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        if (border instanceof TierBorder.ColdAhead ahead) {
            return new TieredRead.Offline(ahead.reason());
        }
        ReadResult local = hot.read(offset, maxBytes, limitOffset, minOneBatch);
        if (local instanceof ReadResult.Range range) {
            return new TieredRead.Hot(range.range());
        } else if (local instanceof ReadResult.AtEnd) {
            return new TieredRead.AtEnd();
        } else if (local instanceof ReadResult.OutOfRange) {
            return new TieredRead.OutOfRange();
        } else if (local instanceof ReadResult.Offline offline) {
            return new TieredRead.Offline(offline.reason());
        }
        return readCold(offset, maxBytes, limitOffset, minOneBatch);
    }

    private TieredRead readCold(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        if (offset >= limitOffset) {
            return new TieredRead.AtEnd();
        }
        if (role instanceof TierRole.Follows && !coldWanted) {
            coldWanted = true;
            onChange.run();
        }
        if (cold.isEmpty()) {
            return coldFault.<TieredRead>map(TieredRead.Offline::new).orElseGet(() -> new TieredRead.Unavailable("the cold tier of the partition is not open yet"));
        }
        if (offset < view.startOffset() || offset >= view.endOffset()) {
            return new TieredRead.Offline(border instanceof TierBorder.Hole hole ? hole.reason() : "offset " + offset + " is in neither tier");
        }
        return new TieredRead.Cold(cold.get().read(offset, maxBytes, Math.min(limitOffset, view.endOffset()), minOneBatch, loop.executor()));
    }

    /**
     * Aborted transactions with records in {@code [fromOffset, toOffset)}, exact over the border of the tiers.
     *
     * <p>An entry is kept with the segment of the abort marker, which may lie far behind the records, even in the other tier.
     * So for a range that begins below the local start both tiers are asked; what both know is answered once.
     */
    public CompletableFuture<List<AbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        CompletableFuture<List<AbortedTransaction>> local = hot.abortedTransactions(fromOffset, toOffset);
        if (fromOffset >= hot.localLogStartOffset()) {
            return local;
        }
        long boundary = view.endOffset();
        return bothTiers(local, c -> c.abortedTransactions(fromOffset, toOffset), (ours, theirs) -> merged(theirs, ours, boundary, fromOffset, toOffset));
    }

    /**
     * Aborted transactions with records in bytes that were read from the cold tier: as the segments they are from tell, and of markers that were not in the cold tier then, as either tier tells now. On the
     * loop.
     */
    public CompletableFuture<List<AbortedTransaction>> abortedTransactions(ColdRead read) {
        long from = read.baseOffset();
        long to = read.upperBoundOffset();
        long boundary = read.boundaryOffset();
        CompletableFuture<List<AbortedTransaction>> later = view.endOffset() > boundary
                ? bothTiers(hot.abortedTransactions(from, to), c -> c.abortedTransactions(from, to), (ours, theirs) -> Stream.concat(theirs.stream().map(TieredLog::hot), ours.stream()).toList())
                : hot.abortedTransactions(from, to);
        return loop.bring(later.thenCombine(read.abortedTransactions(), (now, then) -> merged(then, now, boundary, from, to)));
    }

    /**
     * What the cold tier knows, and of markers at or above {@code boundary}, which it does not have, what else is known. Of others only the cold tier speaks for its bytes: a marker that compaction
     * has removed there may still be in a local copy, and a reader that is told of an aborted transaction and does not see its marker takes all that follows from the same producer for aborted.
     */
    private static List<AbortedTransaction> merged(List<ColdAbortedTransaction> cold, List<AbortedTransaction> others, long boundary, long fromOffset, long toOffset) {
        return Stream.concat(cold.stream().map(TieredLog::hot), others.stream().filter(t -> t.lastOffset() >= boundary))
                .filter(t -> t.firstOffset() < toOffset && t.lastOffset() >= fromOffset)
                .distinct().sorted(Comparator.comparingLong(AbortedTransaction::lastOffset)).toList();
    }

    /** The earliest record of both tiers with a timestamp of at least {@code timestampMs}, below {@code limitOffset}. */
    public CompletableFuture<Optional<TimestampedOffset>> offsetForTimestamp(long timestampMs, long limitOffset) {
        CompletableFuture<Optional<TimestampedOffset>> local = hot.offsetForTimestamp(timestampMs, limitOffset);
        if (!hasColdOnly()) {
            return local;
        }
        long from = logStartOffset();
        return bothTiers(local, c -> c.offsetForTimestamp(timestampMs, from), (ours, theirs) ->
                theirs.map(TieredLog::hot).filter(t -> t.offset() < limitOffset).or(() -> ours));
    }

    /** The record with the largest timestamp over both tiers, the earliest such one. As in Kafka it may be one that DeleteRecords has deleted: it counts until its segment goes. */
    public CompletableFuture<Optional<TimestampedOffset>> maxTimestamp() {
        CompletableFuture<Optional<TimestampedOffset>> local = hot.maxTimestamp();
        if (!hasColdOnly()) {
            return local;
        }
        return bothTiers(local, ColdLog::maxTimestamp, (ours, theirs) ->
                theirs.map(TieredLog::hot).filter(t -> ours.isEmpty() || t.timestampMs() >= ours.get().timestampMs()).or(() -> ours));
    }

    /** Epoch of the record at {@code offset}; empty when unknown. */
    public CompletableFuture<OptionalInt> epochAt(long offset) {
        OptionalInt local = hot.epochAt(offset);
        if (local.isPresent() || offset >= hot.localLogStartOffset() || offset < logStartOffset()) {
            return CompletableFuture.completedFuture(local);
        }
        return bothTiers(CompletableFuture.completedFuture(local), c -> c.epochAt(offset), (ours, theirs) -> theirs);
    }

    /**
     * DeleteRecords: raises the log start over both tiers; completes with the new log start once that is on disk. Whole segments of the cold
     * tier below it are dropped in the background. The caller has checked that {@code offset} is at most the high watermark.
     */
    public CompletableFuture<Long> deleteRecordsBefore(long offset) {
        return hot.advanceLogStart(offset).thenApply(done -> {
            onChange.run();
            return logStartOffset();
        });
    }

    /** Whether readable records are in the cold tier alone. */
    private boolean hasColdOnly() {
        return hot.logStartOffset() < hot.localLogStartOffset();
    }

    private <H, C> CompletableFuture<H> bothTiers(CompletableFuture<H> local, Function<ColdLog, CompletableFuture<C>> question,
            BiFunction<H, C, H> merge) {
        CompletableFuture<C> answer = cold.map(question).orElseGet(() ->
                CompletableFuture.failedFuture(new ColdStoreException.Unavailable("the cold tier of the partition is not open yet", null)));
        return loop.bring(local.thenCombine(answer, merge));
    }

    private static AbortedTransaction hot(ColdAbortedTransaction t) {
        return new AbortedTransaction(t.producerId(), t.firstOffset(), t.lastOffset(), t.lastStableOffset());
    }

    private static TimestampedOffset hot(ColdTimestamp t) {
        return new TimestampedOffset(t.timestampMs(), t.offset(), t.leaderEpoch());
    }

    // For the worker

    /** As {@link #abortedTransactions}, for records of the cold tier that may be on the local disk as well: local compaction may have forgotten what the cold tier still needs to know. */
    CompletableFuture<List<AbortedTransaction>> abortedInEitherTier(long fromOffset, long toOffset) {
        return bothTiers(hot.abortedTransactions(fromOffset, toOffset), c -> c.abortedTransactions(fromOffset, toOffset), (ours, theirs) ->
                Stream.concat(theirs.stream().map(TieredLog::hot), ours.stream()).distinct().toList());
    }

    /**
     * Whether the local disk holds all that a reader may ask for, and the bucket nothing now nor soon. Only then may local compaction remove tombstones and markers: else they may speak of
     * records in the bucket, and have to get there themselves. A tiered log is never whole, not even before its first offload: a segment may be on its way while a pass is under way. Nor is one of
     * which nobody knows what an earlier tiered life has left in the bucket ({@link #askCold}).
     */
    boolean localIsWhole() {
        boolean coldIsEmpty = cold.isPresent() ? view.isEmpty() && !unconfirmed : unopened == Unopened.EMPTY;
        return mayBeWhole() && coldIsEmpty;
    }

    private boolean mayBeWhole() {
        return !config.tiered() && hot.logStartOffset() >= hot.localLogStartOffset();
    }

    /**
     * Before a local compaction: whether {@link #localIsWhole} is to be believed, or the bucket has to be asked first. A log that is not tiered has its cold log closed, though it may have been tiered
     * before this broker was started, and be so again: what is in the bucket then would lack the tombstones and markers that the local disk has lost.
     */
    boolean askCold() {
        if (unopened == Unopened.NOT_ASKED && cold.isEmpty() && mayBeWhole()) {
            unopened = Unopened.ASKED;
        }
        return !asksCold();
    }

    /** Whether the bucket is to be asked, for {@link #coldTold}. */
    boolean asksCold() {
        return unopened == Unopened.ASKED && cold.isEmpty() && mayBeWhole();
    }

    /** The answer: whether the bucket is known to hold no segment of this log. */
    void coldTold(boolean empty) {
        unopened = empty ? Unopened.EMPTY : Unopened.PERHAPS_NOT_EMPTY;
    }

    /** A compaction went by what the bucket told; if that was nothing, the next one asks again. */
    void askColdAgain() {
        unopened = unopened == Unopened.PERHAPS_NOT_EMPTY ? Unopened.NOT_ASKED : unopened;
    }

    /** An upload begins: until the cold log has confirmed what it holds ({@link #publish}), it may hold more. */
    void uploadBegins() {
        unconfirmed = true;
    }

    /** A drop of what the cold tier holds below {@code offset} begins. */
    void dropBegins(long offset) {
        dropsBelow = Math.max(dropsBelow, offset);
    }

    /** The drop has succeeded, and what is left is published. */
    void dropEnded() {
        dropsBelow = 0;
    }

    /** Whether a drop was begun and has not succeeded: the cold tier may hold nothing below {@link #dropsBelow} any more, though the published view still names it. */
    boolean dropUnderWay() {
        return dropsBelow > 0;
    }

    long dropsBelow() {
        return dropsBelow;
    }

    /**
     * Whether nobody but the leader of this epoch, or a later one, can change the cold tier any more. Until then an earlier one, which was told to empty it, may do so however late: local copies that such a change would make the only ones are not to go before. Asked of
     * the bucket's newest manifest, not remembered: neither a restart nor another leadership forgets it. Of a leader it has to be its own, as an earlier process may have led under the same epoch.
     */
    boolean isColdClaimed() {
        return cold.filter(log -> role instanceof TierRole.Leads ? log.isClaimed() : log.isClaimedBy(role.leaderEpoch())).isPresent();
    }

    /** Local copies wait for {@link #isColdClaimed}: a leader has to claim it, a follower to look whether its leader has. */
    void wantClaim() {
        claimWanted = true;
    }

    boolean claimWanted() {
        return claimWanted;
    }

    void claimed() {
        claimWanted = false;
    }

    Executor loop() {
        return loop.executor();
    }

    void onChange(Runnable listener) {
        onChange = listener;
    }

    Optional<ColdLog> cold() {
        return cold;
    }

    LogView view(long committedOffset) {
        return LogView.of(hot, view, committedOffset);
    }

    /** The cold log is open: from now on it answers below the local start. */
    TierBorder opened(ColdLog opened) {
        cold = Optional.of(opened);
        coldFault = Optional.empty();
        dropsBelow = 0; // a drop of an earlier leadership is over, or fenced by this one; where it was to drop, others may have offloaded again
        publish();
        border = TierBorder.of(hot.logStartOffset(), hot.localLogStartOffset(), endOffsetAtFirst, view);
        return border;
    }

    /** What a follower has found in the bucket. The boundary only moves on: of two answers that overtook each other the newer counts. */
    void found(ColdLog read) {
        coldWanted = false;
        claimWanted = false;
        if (cold.isEmpty() || read.endOffset() >= view.endOffset()) {
            cold = Optional.of(read);
            coldFault = Optional.empty();
            publish();
        }
        if (isColdClaimed()) {
            dropsBelow = 0; // as in opened
        }
    }

    /** Whether a reader waits for what this follower may find in the bucket. */
    boolean coldWanted() {
        return coldWanted;
    }

    /** Publishes the tier boundary (and what else changed) after an operation of the one writer has succeeded. Returns the segments that are new. */
    List<SegmentSpan> publish() {
        long before = view.endOffset();
        view = ColdView.of(cold.orElseThrow());
        unconfirmed = false;
        if (hot.logStartOffset() < Math.min(hot.localLogStartOffset(), view.startOffset())) {
            raiseLogStart(view.startOffset()); // a former leader has dropped segments after this one opened the cold log and before it was fenced, below a log start that this disk has not heard of
        }
        return view.segments().stream().filter(s -> s.baseOffset() >= before).toList();
    }

    /** Whether the cold log has confirmed another boundary than the published one. */
    boolean boundaryMoved() {
        return cold.orElseThrow().endOffset() != view.endOffset();
    }

    /** Follows the cold tier's start; until that is on disk, reads in between are refused. A failure leaves it to the next opening. */
    void raiseLogStart(long offset) {
        hot.advanceLogStart(offset).whenComplete((done, failure) -> {
            if (failure != null) {
                logger.atWarn().addKeyValue("partition", hot.partition()).setCause(failure).log("The log start could not be raised to the start of the cold tier");
            }
        });
    }

    /** The cold log could not be opened, and waiting will not mend it. */
    void coldFault(String reason) {
        coldFault = Optional.of(reason);
    }
}
