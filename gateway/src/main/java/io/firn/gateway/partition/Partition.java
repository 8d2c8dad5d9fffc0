package io.firn.gateway.partition;

import io.firn.gateway.codec.CompressionChoice;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.TopicSettings;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.ProducerStamp;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import io.firn.hot.VerificationStart;
import io.firn.hot.replication.Commitment;
import io.firn.hot.replication.Replica;
import io.firn.retention.TieredLog;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One partition as this broker serves it in one leader epoch: appends and their commitment, the high watermark, and who waits for what. Each leadership is an object of its own, and so is each time this broker follows:
 * then it takes no appends, and consumers nearby read what is committed ({@link Partitions#readable}).
 *
 * <p><b>Order</b> of appends is the order they came in; what cannot be appended at once waits in an {@link AppendQueue}.
 *
 * <p><b>High watermark</b>: the {@link Replica}'s, told to whoever waits. Invariants: a leader's never goes back; it never passes the log end; a record below it is never lost by a crash the
 * configured durability covers, of all replicas in sync at once; nothing at or above it is shown to consumers or offloaded.
 *
 * <p><b>Acknowledgement</b>: nothing is appended while the replica's {@link io.firn.hot.replication.Authority} does not hold, so a leader that is cut off from the controller acknowledges nothing, whatever {@code acks} says.
 *
 * <p><b>Out of service</b> ({@link #retire}): queued appends are refused, everybody who waits is told, no new wait begins. The same when
 * the log has gone offline, noticed by the next append or {@link #tick}, and after an append that threw: what it left behind is not known. (One that fails before the log changes is refused, and nothing else.)
 *
 * <p><b>Re-entry</b>: a listener may append, wait and fetch on the caller's stack (an answered request lets its connection read the next one). A listener
 * that throws is logged and keeps nobody else from being told.
 *
 * <p>Threading: confined to {@link #loop()}; only {@link #id()}, {@link #loop()}, {@link #lateReads()}, {@link #leaderEpoch()} and {@link #retired()}
 * may be called elsewhere. Callbacks and futures complete on the loop.
 */
public final class Partition {

    private static final Logger LOG = LoggerFactory.getLogger(Partition.class);
    /** Longest wait for all replicas to delete records; whoever asked has given up long before. */
    private static final long DELETION_WAIT_MS = 300_000;

    private static final String RETIRED = "partition is no longer served here";
    private static final String NO_AUTHORITY = "this broker is cut off from the controller, and another may lead";

    /** Told on the loop when the append was done or refused. */
    @FunctionalInterface
    public interface AppendListener {
        void done(AppendResult result);

        /** Asked on the loop when its turn has come, of a partition in service: why the batch must not follow those before it. May be asked again when the log is not writable yet. */
        default Optional<AppendResult.Rejected> objection() {
            return Optional.empty();
        }
    }

    /** Told on the loop, once, how a wait for commitment ended. */
    public interface CommitListener {
        void committed();

        /**
         * Whether the records will be committed is not known.
         *
         * @param why REQUEST_TIMED_OUT: the deadline passed; NOT_LEADER_OR_FOLLOWER: the partition left service, or this broker may not speak for it any more; NOT_ENOUGH_REPLICAS_AFTER_APPEND:
         *     all replicas in sync have them, but those are fewer by now than {@code min.insync.replicas}
         */
        void notCommitted(Errors why);
    }

    private record CommitWait(long nextOffset, long deadlineMs, CommitListener listener) {}

    private record DeletionWait(long offset, long deadlineMs, CompletableFuture<Long> done) {}

    private final TopicIdPartition id;
    private final TieredLog log;
    private final Replica replica;
    private final boolean leads;
    private final int leaderEpoch;
    private final Executor loop;
    private final InstantSource clock;

    private volatile TopicSettings settings;

    private final LateReads lateReads = new LateReads();
    private final AppendQueue queue;
    private final ArrayDeque<CommitWait> commitWaits = new ArrayDeque<>();
    private final List<DeletionWait> deletionWaits = new ArrayList<>(0);
    private final Set<LongConsumer> watermarkListeners = new LinkedHashSet<>();
    private final Set<Runnable> endListeners = new LinkedHashSet<>();
    private boolean endTold;
    private long highWatermark;
    private boolean appending;
    private boolean offlineTold;
    private volatile boolean retired;

    /** To be made on {@code loop}. @param leads or it follows, and takes no appends */
    Partition(TopicIdPartition id, TieredLog log, Replica replica, boolean leads, TopicSettings settings, Executor loop, RecompressionPool recompression, InstantSource clock) {
        this.id = id;
        this.settings = settings;
        this.log = log;
        this.replica = replica;
        this.leads = leads;
        this.leaderEpoch = replica.leaderEpoch();
        this.loop = loop;
        this.clock = clock;
        this.highWatermark = replica.highWatermark();
        this.queue = new AppendQueue(log.hot(), recompression, loop, clock, this);
    }

    public TopicIdPartition id() {
        return id;
    }

    /** The event loop that owns this partition; {@code execute} to reach it. */
    public Executor loop() {
        return loop;
    }

    public int leaderEpoch() {
        return leaderEpoch;
    }

    /** Whether this broker leads the partition in this epoch; else it follows. */
    public boolean leads() {
        return leads;
    }

    /** What replicates it. */
    public Replica replica() {
        return replica;
    }

    public TieredLog log() {
        return log;
    }

    public TopicSettings settings() {
        return settings;
    }

    /** What was queued before keeps the compression it was to get. */
    void configure(TopicSettings changed) {
        settings = changed;
    }

    /** Exclusive end of what is committed: readable by read_uncommitted consumers. */
    public long highWatermark() {
        return highWatermark;
    }

    /**
     * Whether the high watermark takes in all that any leader has acknowledged or shown. It does not while less is known to be committed than the log had when this leadership began (KIP-207), nor while this broker may not speak
     * for the partition: another may lead by now and have more.
     */
    public boolean knowsItsEnd() {
        return mayLead() && highWatermark >= replica.leader().orElseThrow().epochStartOffset();
    }

    /** Whether this broker leads the partition and no other can. On the loop, and for this moment. */
    public boolean mayLead() {
        return leads && replica.mayAcknowledge();
    }

    /** Exclusive end of what read_committed consumers may see (LSO). */
    public long lastStableOffset() {
        // Of a transaction that is open and whose first records were deleted, nothing before the log's start counts.
        return Math.max(log.logStartOffset(), log.hot().lastStableOffset(highWatermark));
    }

    public boolean retired() {
        return retired;
    }

    // Writing

    /**
     * Appends behind everything queued before it. The result tells of the local append only; commitment is waited for with
     * {@link #awaitCommit}. The buffers stay valid until {@code listener} is called.
     */
    public void append(RecordBuffers batch, AppendOrigin origin, TransactionTerms terms, AppendListener listener) {
        CompressionChoice compression = origin == AppendOrigin.CLIENT ? settings.compression() : CompressionChoice.PRODUCER;
        if (!queue.isEmpty() || compression.rewrites(batch) || !tryAppend(batch, origin, terms, listener)) {
            queue.add(batch, origin, terms, listener, compression);
        }
    }

    /** As above, of somebody who answers for transactions. */
    public void append(RecordBuffers batch, AppendOrigin origin, AppendListener listener) {
        append(batch, origin, TransactionTerms.TRUSTED, listener);
    }

    /**
     * Before a transactional batch is appended: whether the transaction coordinator has to be asked first, and what to show with the append.
     *
     * @param addsPartition whether asking adds the partition to the transaction (transaction version 2)
     * @param guard an object that equals no other guard
     */
    public VerificationStart beginVerification(ProducerStamp stamp, boolean addsPartition, Object guard) {
        return refusal(AppendOrigin.CLIENT).<VerificationStart>map(refused -> new VerificationStart.Refused(refused.error(), refused.message()))
                .orElseGet(() -> log.hot().beginVerification(stamp, addsPartition, guard, clock.millis()));
    }

    /** Whether the append came to an end, of which its listener was told; if not, it has to wait for a new segment. */
    boolean tryAppend(RecordBuffers batch, AppendOrigin origin, TransactionTerms terms, AppendListener listener) {
        Optional<AppendResult.Rejected> refusal = refusal(origin).or(listener::objection);
        AppendResult result = refusal.isPresent() ? refusal.get() : appendNow(batch, origin, terms);
        if (result instanceof AppendResult.NotWritableYet) {
            return false;
        }
        if (!endListeners.isEmpty() && !endTold) {
            endTold = true;
            loop.execute(this::tellEnd);
        }
        tell(() -> listener.done(result));
        replica.onDurable();
        return true;
    }

    void reject(AppendResult.Rejected rejected, AppendListener listener) {
        tell(() -> listener.done(rejected));
    }

    /** Once for all appends that came since it was asked for. */
    private void tellEnd() {
        endTold = false;
        for (Runnable listener : List.copyOf(endListeners)) {
            tell(listener);
        }
    }

    private AppendResult appendNow(RecordBuffers batch, AppendOrigin origin, TransactionTerms terms) {
        appending = true;
        try {
            return log.hot().append(batch, leaderEpoch, origin, terms, clock.millis());
        } catch (RuntimeException e) {
            String reason = "an append failed unexpectedly: " + e;
            LOG.atError().addKeyValue("partition", id).setCause(e).log("Partition takes no more appends until the broker is started again");
            replica.fail(reason);
            return new AppendResult.Rejected(AppendError.OFFLINE, reason);
        } finally {
            appending = false;
        }
    }

    /** Why nothing is appended now. A coordinator's records are to be committed, always. */
    private Optional<AppendResult.Rejected> refusal(AppendOrigin origin) {
        Optional<String> reason = outOfService();
        if (reason.isPresent()) {
            return Optional.of(new AppendResult.Rejected(retired ? AppendError.NOT_LEADER : AppendError.OFFLINE, reason.get()));
        }
        if (!mayLead()) {
            return Optional.of(new AppendResult.Rejected(AppendError.NOT_LEADER, leads ? NO_AUTHORITY : RETIRED));
        }
        boolean tooFew = origin == AppendOrigin.COORDINATOR && !replica.hasEnoughInSync();
        return tooFew ? Optional.of(new AppendResult.Rejected(AppendError.NOT_ENOUGH_REPLICAS, "fewer replicas are in sync than min.insync.replicas asks for")) : Optional.empty();
    }

    /** Why no wait can be fulfilled; empty in service. On the loop. */
    public Optional<String> outOfService() {
        return retired ? Optional.of(RETIRED) : replica.failure().or(log::offlineReason);
    }

    // Commitment

    /**
     * Tells {@code listener} when the high watermark has reached {@code nextOffset}: at once if it has.
     *
     * @param nextOffset exclusive end of what was appended
     * @param deadlineMs wall-clock time after which the wait is given up; looked at about once a second
     */
    public void awaitCommit(long nextOffset, long deadlineMs, CommitListener listener) {
        if (highWatermark >= nextOffset) {
            tellCommitted(listener);
        } else if (!leads || outOfService().isPresent()) {
            listener.notCommitted(Errors.NOT_LEADER_OR_FOLLOWER);
        } else {
            commitWaits.add(new CommitWait(nextOffset, deadlineMs, listener));
        }
    }

    private void tellCommitted(CommitListener listener) {
        if (leads && replica.commitment(highWatermark) == Commitment.NOT_ENOUGH_REPLICAS_AFTER_APPEND) {
            listener.notCommitted(Errors.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
        } else {
            listener.committed();
        }
    }

    /** Whether an append is being made at this moment: nobody is told of anything before it is over. */
    boolean isAppending() {
        return appending;
    }

    /** The replica's high watermark has moved; a follower's may go back, with its log. */
    void watermarkMoved(long offset) {
        highWatermark = offset;
        CommitWait wait;
        while ((wait = commitWaits.peek()) != null && wait.nextOffset() <= highWatermark) {
            CommitListener listener = commitWaits.poll().listener();
            tell(() -> tellCommitted(listener));
        }
        tellWatermark();
    }

    private void tellWatermark() {
        if (!watermarkListeners.isEmpty()) {
            for (LongConsumer listener : List.copyOf(watermarkListeners)) {
                tell(() -> listener.accept(highWatermark));
            }
        }
    }

    private void tell(Runnable listener) {
        try {
            listener.run();
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", id).setCause(e).log("A listener of the partition failed");
        }
    }

    /** For any thread; what may be asked of them there they say. */
    public LateReads lateReads() {
        return lateReads;
    }

    /** Called on the loop with the new high watermark each time it advances, until {@link #removeWatermarkListener}. */
    public void addWatermarkListener(LongConsumer listener) {
        watermarkListeners.add(listener);
    }

    public void removeWatermarkListener(LongConsumer listener) {
        watermarkListeners.remove(listener);
    }

    /** Called on the loop, once a turn of it, when something was appended; and when the partition leaves service. */
    public void addEndListener(Runnable listener) {
        endListeners.add(listener);
    }

    public void removeEndListener(Runnable listener) {
        endListeners.remove(listener);
    }

    /** How many wait for an append. On the loop. */
    public int endListeners() {
        return endListeners.size();
    }

    /** How many wait for the high watermark to move. On the loop. */
    public int watermarkListeners() {
        return watermarkListeners.size();
    }

    /** As {@link #addWatermarkListener}, and once at registration, and when the partition leaves service. Returns what removes it (on the loop). */
    public Runnable onHighWatermark(LongConsumer listener) {
        addWatermarkListener(listener);
        listener.accept(highWatermark);
        return () -> removeWatermarkListener(listener);
    }

    // Upkeep

    /** Gives up waits that are past their deadline or can no longer be fulfilled. A leader that may not speak for the partition lets its producers look for another. */
    void tick(long nowMs) {
        followerAsked();
        giveUpDeletions(wait -> wait.deadlineMs() <= nowMs, new TimeoutException("not all replicas have deleted the records yet"));
        giveUp(wait -> wait.deadlineMs() <= nowMs, Errors.REQUEST_TIMED_OUT);
        if (!offlineTold && outOfService().isPresent()) {
            offlineTold = true;
            giveUp(wait -> true, Errors.NOT_LEADER_OR_FOLLOWER);
            tellWatermark();
        } else if (!commitWaits.isEmpty() && !replica.mayAcknowledge()) {
            giveUp(wait -> true, Errors.NOT_LEADER_OR_FOLLOWER);
        }
    }

    private void giveUp(Predicate<CommitWait> which, Errors why) {
        if (commitWaits.isEmpty()) {
            return;
        }
        List<CommitWait> given = commitWaits.stream().filter(which).toList();
        commitWaits.removeAll(given);
        given.forEach(wait -> tell(() -> wait.listener().notCommitted(why)));
    }

    /**
     * DeleteRecords: raises the log start to {@code offset} (-1: the high watermark) over both tiers; completes with the new log start of the replica that has the lowest, when none of the live ones has one below {@code offset}.
     * Given up after {@link #DELETION_WAIT_MS}: the records go all the same.
     *
     * @return fails with {@link OffsetOutOfRangeException} above the high watermark or below -1
     */
    public CompletableFuture<Long> deleteRecordsBefore(long offset) {
        long target = offset == -1 ? highWatermark : offset;
        if (retired || !leads) {
            return CompletableFuture.failedFuture(new NotLeaderOrFollowerException(RETIRED));
        }
        if (target < 0 || target > highWatermark) {
            return CompletableFuture.failedFuture(new OffsetOutOfRangeException("cannot delete up to offset " + offset + " of " + id + ": high watermark is " + highWatermark));
        }
        return log.deleteRecordsBefore(target).thenCompose(start -> whenGoneEverywhere(target));
    }

    private CompletableFuture<Long> whenGoneEverywhere(long offset) {
        if (retired) {
            return CompletableFuture.failedFuture(new NotLeaderOrFollowerException(RETIRED));
        }
        DeletionWait wait = new DeletionWait(offset, clock.millis() + DELETION_WAIT_MS, new CompletableFuture<>());
        deletionWaits.add(wait);
        followerAsked();
        return wait.done();
    }

    /** A follower has asked, and so told where its log starts. */
    public void followerAsked() {
        if (!deletionWaits.isEmpty()) {
            long low = replica.lowWatermark();
            List<DeletionWait> over = deletionWaits.stream().filter(wait -> wait.offset() <= low).toList();
            deletionWaits.removeAll(over);
            over.forEach(wait -> wait.done().complete(low));
        }
    }

    private void giveUpDeletions(Predicate<DeletionWait> which, RuntimeException why) {
        if (!deletionWaits.isEmpty()) {
            List<DeletionWait> given = deletionWaits.stream().filter(which).toList();
            deletionWaits.removeAll(given);
            given.forEach(wait -> wait.done().completeExceptionally(why));
        }
    }

    /** Ends service. A batch that is being rewritten is refused when the pool has let go of its bytes. */
    void retire() {
        retired = true;
        queue.refuse();
        giveUp(wait -> true, Errors.NOT_LEADER_OR_FOLLOWER);
        giveUpDeletions(wait -> true, new NotLeaderOrFollowerException(RETIRED));
        tellWatermark();
        watermarkListeners.clear();
        tellEnd();
        endListeners.clear();
    }
}
