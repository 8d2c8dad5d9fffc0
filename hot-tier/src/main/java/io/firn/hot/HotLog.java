package io.firn.hot;

import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.log.Located;
import io.firn.hot.log.LogContext;
import io.firn.hot.log.LogParts;
import io.firn.hot.log.LogState;
import io.firn.hot.recovery.RecoveredLog;
import io.firn.hot.segment.SealedPart;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * One partition's log on local disk.
 *
 * <p>Threading: confined to the event loop it was opened with; every method must be called there and every returned future
 * completes there. Nothing here waits for the disk except the page-cache copy of an append.
 *
 * <p>Once the log is offline or closed, appends are {@link AppendResult.Rejected}, reads are {@link ReadResult.Offline}, and futures fail with
 * an {@link IOException} that says why.
 */
public final class HotLog {

    static final long NOT_REPLICATED = -1;

    private final LogParts parts;
    private final LogState state;

    /** Read by the store when it saves all of them; {@link #NOT_REPLICATED} until noted. */
    private volatile long highWatermark = NOT_REPLICATED;
    private final long savedHighWatermark;

    /** @param savedHighWatermark as the store has saved it last, or 0 */
    HotLog(LogContext context, HotLogConfig config, RecoveredLog recovered, long savedHighWatermark) {
        this.parts = new LogParts(context, config, recovered);
        this.state = parts.state;
        this.savedHighWatermark = savedHighWatermark;
    }

    public TopicIdPartition partition() {
        return state.context().partition();
    }

    /** First offset a client may read, in either tier. */
    public long logStartOffset() {
        return state.logStartOffset();
    }

    /** First offset that is on the local disk. */
    public long localLogStartOffset() {
        return state.localLogStartOffset();
    }

    /** Offset the next record will get (LEO). */
    public long logEndOffset() {
        return state.logEndOffset();
    }

    /** Every record below this offset is forced to disk; at most the log end offset. */
    public long durableOffset() {
        return state.durableOffset();
    }

    /** Offset of the first record of the oldest transaction without a marker below {@code highWatermark}, else {@code highWatermark} (LSO). */
    public long lastStableOffset(long highWatermark) {
        state.producers().onHighWatermark(highWatermark);
        return state.producers().lastStableOffset(highWatermark);
    }

    /** Exclusive end of what was known to be committed when the store was last closed or saved it: perhaps less than was, never more; within the log. */
    public long savedHighWatermark() {
        return Math.min(state.logEndOffset(), Math.max(state.logStartOffset(), savedHighWatermark));
    }

    /** What is committed of a log with several replicas, for {@link HotStore#saveHighWatermarks}. */
    public void noteHighWatermark(long offset) {
        highWatermark = offset;
    }

    /** Its replica waits for the cold tier before it leads, or (false) does not any more: for the meter. */
    public void noteRecovering(boolean begins) {
        state.context().meters().recovering(begins ? 1 : -1);
    }

    /** From any thread. */
    long notedHighWatermark() {
        return highWatermark;
    }

    /** Bytes of all local segments. */
    public long sizeBytes() {
        return state.sizeBytes();
    }

    public HotLogConfig config() {
        return state.config();
    }

    public void reconfigure(HotLogConfig config) {
        state.reconfigure(config);
    }

    /** Why the log is offline; empty while it is in service. */
    public Optional<String> offlineReason() {
        return Optional.of(state.offlineReason()).filter(reason -> !reason.isEmpty());
    }

    // Writing

    /**
     * Checks and appends {@code batch}, patching base offset, leader epoch (and max timestamp and CRC under LogAppendTime) in
     * place. For {@link AppendOrigin#REPLICATION} see {@link #appendFetched}, here without a look at the epochs.
     *
     * @param nowMs broker's wall clock, Unix milliseconds
     */
    public AppendResult append(RecordBuffers batch, int leaderEpoch, AppendOrigin origin, TransactionTerms terms, long nowMs) {
        return parts.appender.append(batch, leaderEpoch, origin, terms, nowMs);
    }

    /** As above, of somebody who answers for transactions ({@link TransactionTerms#TRUSTED}). */
    public AppendResult append(RecordBuffers batch, int leaderEpoch, AppendOrigin origin, long nowMs) {
        return append(batch, leaderEpoch, origin, TransactionTerms.TRUSTED, nowMs);
    }

    /**
     * Appends what a follower fetched under {@code leaderEpoch}: any number of whole batches, as they are. A batch of a later epoch, or of an earlier one than the last in the log, is refused.
     *
     * <p>A gap between batches is compaction's doing, at the leader or before. Where this log has no reason to expect one it is taken only below {@code leaderHighWatermark}, since nothing above is compacted; recovery has to know
     * first, so the append has to wait ({@link AppendResult.NotWritableYet}).
     */
    public AppendResult appendFetched(RecordBuffers batches, int leaderEpoch, long leaderHighWatermark, long nowMs) {
        return parts.appender.appendFetched(batches, leaderEpoch, leaderHighWatermark, nowMs);
    }

    /**
     * Before a transactional batch is appended: whether the transaction coordinator has to be asked first, and what to show with the append.
     *
     * @param addsPartition whether asking adds the partition to the transaction (transaction version 2)
     * @param guard an object that equals no other guard
     */
    public VerificationStart beginVerification(ProducerStamp stamp, boolean addsPartition, Object guard, long nowMs) {
        return state.producers().beginVerification(stamp, addsPartition, guard, nowMs);
    }

    /** Done at once when the log takes appends; else when the roll under way has ended (also when it failed: the next append then says why). */
    public CompletableFuture<Void> whenWritable() {
        return state.whenWritable();
    }

    /** Called each time {@link #durableOffset()} has advanced, on the loop. One listener; set before the first append. */
    public void onDurable(Runnable listener) {
        state.onDurable(listener);
    }

    /** Seals the active segment if {@code segment.ms} has passed for it, forces it if {@code flush.ms} has; call it now and then (about once a second). Cheap when there is nothing to do. */
    public void tick(long nowMs) {
        state.forceAged(nowMs);
        state.expireProducers(nowMs);
        parts.roller.tick(nowMs);
    }

    /** Seals the active segment now, if it holds any record. */
    public CompletableFuture<Void> roll() {
        return state.isServing() ? parts.roller.roll() : offline();
    }

    // Reading

    /**
     * Finds the bytes from the batch that holds {@code offset}.
     *
     * @param maxBytes most bytes to return, at least 1; cut at a batch boundary where the index knows one
     * @param limitOffset exclusive upper bound: no batch at or above it is returned (high watermark, LSO or log end)
     * @param minOneBatch return the first batch whole even if it is larger than {@code maxBytes}
     */
    public ReadResult read(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        if (!state.isServing()) {
            return new ReadResult.Offline(state.offlineReason());
        }
        long end = state.logEndOffset();
        if (offset < state.logStartOffset() || offset > end) {
            return new ReadResult.OutOfRange();
        }
        if (offset < state.localLogStartOffset()) {
            return new ReadResult.BelowLocal();
        }
        return state.isBeingCut() || offset >= Math.min(limitOffset, end) ? new ReadResult.AtEnd() : find(offset, maxBytes, Math.min(limitOffset, end), minOneBatch);
    }

    /** Transactions aborted by a marker whose records may lie in {@code [fromOffset, toOffset)}, for a read_committed fetch. */
    public CompletableFuture<List<AbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        return state.isServing() ? parts.aborts.find(fromOffset, toOffset) : offline();
    }

    /** The earliest local record whose timestamp is at least {@code timestampMs}, below {@code limitOffset}. Reads files on the I/O pool. */
    public CompletableFuture<Optional<TimestampedOffset>> offsetForTimestamp(long timestampMs, long limitOffset) {
        return state.isServing() ? parts.times.find(timestampMs, limitOffset) : offline();
    }

    /** The local record with the largest timestamp (the earliest such one), also below the log start as long as its segment is there; empty when there is none. */
    public CompletableFuture<Optional<TimestampedOffset>> maxTimestamp() {
        return state.isServing() ? parts.times.findMax() : offline();
    }

    // Epochs

    /**
     * This replica leads under {@code leaderEpoch} from the present end on. Followers that have records of epochs this log does not know can then be told where they diverge, also before the first record (KIP-101). Not on
     * disk before it has one: after a crash there is another epoch. A leader that was started anew must not lead under an epoch it led under before.
     */
    public void beginEpoch(int leaderEpoch) {
        parts.state.beginEpoch(leaderEpoch);
    }

    /** Lineage of the log. An immutable value, for this module. */
    public LeaderEpochs leaderEpochs() {
        return state.epochs();
    }

    /** The same, in the text format of Kafka's {@code leader-epoch-checkpoint}: from the log's beginning, also where that is in the cold tier, to the end. */
    public ByteBuffer lineage() {
        return state.epochs().toText();
    }

    /** Newest leader epoch that has a record; empty for an empty log without history. */
    public OptionalInt latestEpoch() {
        return state.epochs().latest();
    }

    /** Largest known epoch not above {@code leaderEpoch}, with its exclusive end offset (KIP-101); empty when unknown. */
    public Optional<EpochEnd> endOffsetFor(int leaderEpoch) {
        return state.epochs().endOffsetFor(leaderEpoch, state.logEndOffset());
    }

    /** Epoch of the record at {@code offset}; empty when unknown. */
    public OptionalInt epochAt(long offset) {
        return state.epochs().epochAt(offset);
    }

    // Producers

    /** State of the producers seen in this partition (for DescribeProducers). */
    public List<ProducerView> activeProducers() {
        return state.producers().views();
    }

    public boolean knowsProducer(long producerId) {
        return state.producers().knows(producerId);
    }

    /** Whether the last thing heard of the producer is a transaction marker with this epoch. */
    public boolean hasMarker(long producerId, short epoch) {
        return state.producers().hasMarker(producerId, epoch);
    }

    /** The last batch of each producer seen, which compaction keeps. */
    public List<ProducerLast> lastOfProducers() {
        return state.producers().lasts();
    }

    // Shrinking

    /** Sealed segments below {@code limitOffset}, oldest first, as immutable views: what may be offloaded or deleted. */
    public List<SealedSegment> sealedSegments(long limitOffset) {
        LeaderEpochs epochs = state.epochs();
        List<SealedSegment> views = new ArrayList<>();
        for (SealedPart part : parts.settledBelow(limitOffset)) {
            views.add(new SealedSegment(part, epochs));
        }
        return views;
    }

    /**
     * Raises the log start offset (DeleteRecords, total retention). Persisted before the future completes. Local segments wholly
     * below it are deleted. At most the log end offset; a lower value than the present one changes nothing.
     */
    public CompletableFuture<Void> advanceLogStart(long offset) {
        return parts.shrinker.advanceLogStart(offset);
    }

    /** Deletes sealed local segments that lie wholly below {@code offset}; the log start offset stays. Returns the bytes freed. */
    public CompletableFuture<Long> deleteLocalBefore(long offset) {
        return parts.shrinker.deleteLocalBefore(offset);
    }

    /** Cuts everything from {@code offset} on (divergence found by leader epoch); rebuilds producer state. Appends wait meanwhile. */
    public CompletableFuture<Void> truncateTo(long offset) {
        return parts.shrinker.truncateTo(offset);
    }

    /** Drops everything local and starts empty at {@code offset}: what was below is deleted everywhere. */
    public CompletableFuture<Void> truncateFullyAndStartAt(long offset) {
        return parts.shrinker.truncateFullyAndStartAt(offset);
    }

    /** As above, at the tier boundary, with leader epochs and producers of what lies below. A crash leaves the old log or the new beginning. */
    public CompletableFuture<Void> startAt(LogStart start) {
        return parts.shrinker.startAt(start);
    }

    // Compaction

    /** How far compaction has got, as of {@link #cleanedTo}: 0 when it never began. */
    public long cleanTo() {
        return state.cleanTo();
    }

    /** Notes that compaction has got to {@code offset}; on disk before the future completes. Fails alone when the disk is full. */
    public CompletableFuture<Void> cleanedTo(long offset) {
        return parts.replacer.cleanTo(offset);
    }

    /** A place to write what shall replace these segments; empty when they are no run of the log's sealed segments any more. */
    public Optional<SegmentRewrite> rewrite(List<SealedSegment> run) {
        return rewrite(run, Integer.MAX_VALUE);
    }

    Optional<SegmentRewrite> rewrite(List<SealedSegment> run, int maxBytes) {
        List<SealedPart> sealed = run.stream().map(SealedSegment::part).toList();
        return state.isServing() && parts.replacer.holds(sealed)
                ? Optional.of(new SegmentRewrite(state.context().directory(), state.context().io(), state.config(), sealed, maxBytes))
                : Optional.empty();
    }

    /**
     * Puts a finished rewrite in the place of its run, at once for readers and for any crash; ranges and views found before stay readable. False when the log does not hold the run any
     * more (deleted or truncated meanwhile): then the rewrite is to be abandoned. Fails with {@link DiskFullException} when there was no room, and nothing has changed.
     */
    public CompletableFuture<Boolean> replace(SegmentRewrite rewrite) {
        return parts.replacer.replace(rewrite.run(), rewrite.finished(), rewrite::handOver);
    }

    // For the store

    /** Takes the log out of service so that it opens again without a scan; fails if that cannot be had. */
    CompletableFuture<Void> close() {
        return parts.closer.close();
    }

    /** Takes the log out of service without a word on disk: its files are to be deleted. */
    CompletableFuture<Void> abandon() {
        return parts.closer.abandon();
    }

    /** Serves nothing: recovery failed. */
    void goOffline(String reason, Throwable cause) {
        state.goOffline(reason, cause);
    }

    private ReadResult find(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        try {
            Optional<Located> found = parts.finder.find(offset, maxBytes, limitOffset, minOneBatch);
            return found.isPresent() ? new ReadResult.Range(new FileRange(found.get(), parts.prefetcher)) : new ReadResult.AtEnd();
        } catch (IOException e) {
            state.goOffline("reading failed: " + e.getMessage(), e);
            return new ReadResult.Offline(state.offlineReason());
        }
    }

    private <T> CompletableFuture<T> offline() {
        return CompletableFuture.failedFuture(new IOException(state.offlineReason()));
    }
}
