package io.firn.hot.replication;

import io.firn.hot.AppendError;
import io.firn.hot.AppendResult;
import io.firn.hot.CorruptStateException;
import io.firn.hot.EpochEnd;
import io.firn.hot.HotLog;
import io.firn.hot.LogStart;
import io.firn.hot.RecordBuffers;
import io.firn.hot.replication.FollowerStep.Append;
import io.firn.hot.replication.FollowerStep.StartAt;
import io.firn.hot.replication.FollowerStep.StartAtTierBoundary;
import io.firn.hot.replication.FollowerStep.Truncate;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One replica of a partition: does to the log what {@link LeaderState} or {@link FollowerState} decide, and turns the one into the other as the controller says.
 *
 * <p><i>Invariants</i>: leader epochs only grow; a role begins when what the one before had begun to do to the log has ended, and until then this replica neither leads nor asks; what the one before still wanted
 * to append is dropped. One that was elected unclean leads only once its log has what the cold tier has ({@link Recovering}). A replica whose log has records of the epoch it is to lead, written in an earlier life of this process, does not lead: it may have lost some that its followers have.
 *
 * <p><i>On crash</i> it is made anew by the next placement, from the log and the high watermark saved last.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class Replica {

    private static final Logger LOG = LoggerFactory.getLogger(Replica.class);
    private static final int NO_EPOCH = -1;

    private final HotLog log;
    private final Brokers brokers;
    private final Authority authority;
    private final TierBoundary tier;
    private final ReplicaListener listener;
    private final LongSupplier monotonicMs;
    private final LongSupplier wallMs;
    private ReplicaSettings settings;
    private Optional<LeaderState> leader = Optional.empty();
    private Optional<FollowerState> follower = Optional.empty();
    private Optional<Recovering> recovering = Optional.empty();
    private int leaderEpoch = NO_EPOCH;
    /** While it leads: that of the record below the one that its reign began with, if it is known. The log forgets it when it starts there. */
    private int epochBefore = NO_EPOCH;
    /** The newest one of the leader epoch. */
    private Optional<Placement> newest = Optional.empty();
    private long highWatermark;
    private CompletableFuture<Void> working = CompletableFuture.completedFuture(null);
    private boolean raisingLogStart;
    private long leadersLogStart;
    private Optional<String> failure = Optional.empty();

    /**
     * @param monotonicMs a clock that no change of the wall clock moves, for lags and leases
     * @param wallMs for what the log notes
     */
    public Replica(HotLog log, ReplicaSettings settings, Brokers brokers, Authority authority, TierBoundary tier, ReplicaListener listener, LongSupplier monotonicMs, LongSupplier wallMs) {
        this.log = log;
        this.settings = settings;
        this.brokers = brokers;
        this.authority = authority;
        this.tier = tier;
        this.listener = listener;
        this.monotonicMs = monotonicMs;
        this.wallMs = wallMs;
        this.highWatermark = log.savedHighWatermark();
    }

    public HotLog log() {
        return log;
    }

    /** Present while this replica leads. */
    public Optional<LeaderState> leader() {
        return leader;
    }

    /** Whether it was elected unclean, and does not lead yet. */
    public boolean isRecovering() {
        return recovering.isPresent();
    }

    /** Present while this replica follows. */
    public Optional<FollowerState> follower() {
        return follower;
    }

    /** Newest leader epoch this replica has heard of; -1 before the first. */
    public int leaderEpoch() {
        return leaderEpoch;
    }

    public long highWatermark() {
        return highWatermark;
    }

    /** Whether anything may be acknowledged now: this replica leads, and its {@link Authority} holds. */
    public boolean mayAcknowledge() {
        return leader.isPresent() && leader.get().mayAcknowledge(monotonicMs.getAsLong());
    }

    /** See {@link LeaderState#hasEnoughInSync}. */
    public boolean hasEnoughInSync() {
        return leader.isPresent() && leader.get().hasEnoughInSync();
    }

    /** See {@link LeaderState#commitment}. */
    public Commitment commitment(long nextOffset) {
        return leader.isPresent() ? leader.get().commitment(nextOffset) : Commitment.NOT_LEADER;
    }

    /** See {@link LeaderState#lowWatermark}; the log start of one that does not lead. */
    public long lowWatermark() {
        return leader.isPresent() ? leader.get().lowWatermark(log.logStartOffset()) : log.logStartOffset();
    }

    /** See {@link LeaderState#nearest}. */
    public OptionalInt nearest(IntPredicate near, long offset) {
        return leader.isPresent() ? leader.get().nearest(near, offset) : OptionalInt.empty();
    }

    public void configure(ReplicaSettings changed) {
        settings = changed;
        leader.ifPresent(leading -> leading.configure(changed.minInSync()));
        advance();
    }

    // Roles

    /** What the controller has committed; one of an older leader epoch is ignored. */
    public void onPlacement(Placement placement) {
        if (placement.leaderEpoch() > leaderEpoch) {
            begin(placement);
        } else if (placement.leaderEpoch() == leaderEpoch && newest.isPresent() && placement.partitionEpoch() > newest.get().partitionEpoch()) {
            newest = Optional.of(placement); // for a role that has yet to begin
            leader.ifPresent(leading -> leading.onPlacement(placement, monotonicMs.getAsLong()));
            advance();
        }
    }

    /** Neither leads nor follows any more; what waits for a commitment will not see it here. */
    public void stop() {
        leaderEpoch = Integer.MAX_VALUE;
        newest = Optional.empty();
        giveUpRole();
    }

    /**
     * Something went wrong that leaves it unknown what the log holds: this replica takes no role any more until its log is opened anew, as if the log had gone offline.
     *
     * @param reason for people
     */
    public void fail(String reason) {
        failure = failure.or(() -> Optional.of(reason));
        giveUpRole();
    }

    /** Why it can take no role: it has {@link #fail failed}, or its log is offline. */
    public Optional<String> failure() {
        return failure.or(log::offlineReason);
    }

    private void giveUpRole() {
        leader.ifPresent(LeaderState::resign);
        leader = Optional.empty();
        follower = Optional.empty();
        recovering(Optional.empty());
    }

    private void begin(Placement placement) {
        leaderEpoch = placement.leaderEpoch();
        newest = Optional.of(placement);
        leadersLogStart = 0;
        giveUpRole();
        afterWork(() -> {
            if (leaderEpoch == placement.leaderEpoch()) {
                takeOrFail(newest.orElseThrow());
                listener.onRole();
                recovering.ifPresent(this::askColdTier); // may be answered at once, and then tells of another role
            }
        });
    }

    private void takeOrFail(Placement placement) {
        try {
            take(placement);
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", placement.leaderEpoch()).setCause(e).log("A role of this replica could not begin");
            fail("a role could not begin: " + e);
        }
    }

    /** At once, if nothing is being done to the log. Also after a roll that a pending append waits for: that append is dropped. */
    private void afterWork(Runnable role) {
        if (working.isDone()) {
            role.run();
        } else {
            CompletableFuture<Void> before = working;
            before.whenComplete((done, failure) -> role.run());
        }
    }

    private void take(Placement placement) {
        if (failure().isPresent() || placement.leader() < 0) {
            return;
        }
        if (placement.leader() == settings.brokerId()) {
            lead(placement);
        } else {
            follow(placement);
        }
    }

    private void lead(Placement placement) {
        if (placement.replicas().size() > 1 && log.latestEpoch().orElse(NO_EPOCH) >= placement.leaderEpoch()) {
            LOG.atError().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", placement.leaderEpoch()).addKeyValue("latestEpoch", log.latestEpoch().getAsInt())
                    .log("This replica does not lead under an epoch that it has records of already; another has to be elected, or the epoch raised");
            return;
        }
        if (placement.recovering()) { // whatever the topic says now: what an earlier life of it has offloaded stays
            recovering(Optional.of(new Recovering(placement.leaderEpoch())));
        } else {
            beginLeading(placement);
        }
    }

    private void beginLeading(Placement placement) {
        epochBefore = log.latestEpoch().orElse(NO_EPOCH);
        log.beginEpoch(placement.leaderEpoch());
        publish(Math.min(highWatermark, log.logEndOffset()));
        leader = Optional.of(new LeaderState(settings.brokerId(), placement, log.logEndOffset(), highWatermark, settings.minInSync(), settings.maxLagMs(), brokers, authority, monotonicMs.getAsLong()));
        advance();
    }

    private boolean isCurrent(Recovering now) {
        return recovering.isPresent() && recovering.get() == now;
    }

    private void askColdTier(Recovering now) {
        now.asks();
        begun(() -> tier.claim(now.leaderEpoch(), () -> isCurrent(now))).whenComplete((end, failure) -> {
            if (isCurrent(now) && failure == null) {
                orFail(() -> recover(now, end));
            } else if (isCurrent(now)) {
                Throwable cause = failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
                recoverLater(now, cause, !(cause instanceof TierUnavailableException));
            }
        });
    }

    private void orFail(Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", leaderEpoch).setCause(e).log("A role of this replica could not begin");
            fail("a role could not begin: " + e);
            listener.onRole();
        }
    }

    private void recover(Recovering now, TierEnd cold) {
        try {
            UncleanStart start = UncleanStart.of(facts(), cold);
            if (start instanceof UncleanStart.AsItIs whole) {
                keep(now, whole);
            } else if (start instanceof UncleanStart.AtBoundary boundary) {
                beginAnew(now, cold.offset(), boundary.givenUp(), () -> log.startAt(boundary.start()));
            } else if (start instanceof UncleanStart.BehindDeleted behind) {
                beginAnew(now, cold.offset(), behind.givenUp(), () -> log.truncateFullyAndStartAt(behind.offset()).thenCompose(done -> log.advanceLogStart(behind.offset())));
            }
        } catch (CorruptStateException e) {
            recoverLater(now, e, true);
        }
    }

    private void keep(Recovering now, UncleanStart.AsItIs whole) {
        if (whole.logStartOffset() <= log.logStartOffset()) {
            recovered(whole.committed());
            return;
        }
        LOG.atInfo().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", leaderEpoch).addKeyValue("logStart", log.logStartOffset()).addKeyValue("offset", whole.logStartOffset())
                .log("Elected unclean, this replica has records that were deleted meanwhile, and starts where the cold tier says");
        change(now, whole.committed(), () -> log.advanceLogStart(whole.logStartOffset()));
    }

    private void beginAnew(Recovering now, long offset, long givenUp, Supplier<CompletableFuture<Void>> change) {
        LOG.atLevel(givenUp > 0 ? Level.ERROR : Level.WARN).addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", leaderEpoch).addKeyValue("logEndOffset", log.logEndOffset())
                .addKeyValue("offset", offset).addKeyValue("givenUpOffsets", givenUp).log("Elected unclean, this replica lacks what is in the cold tier, and begins where that ends; what it has of another history is given up");
        change(now, offset, change);
    }

    /** The next role waits for it, if there is one before it is done. */
    private void change(Recovering now, long committed, Supplier<CompletableFuture<Void>> change) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        working = over;
        begun(change).whenComplete((done, failure) -> {
            endWork(over, () -> publish(Math.min(highWatermark, log.logEndOffset())));
            if (!isCurrent(now)) {
                return;
            }
            if (failure == null) {
                orFail(() -> recovered(committed));
            } else if (failure().isPresent()) {
                recovering(Optional.empty());
                listener.onRole();
            } else {
                recoverLater(now, failure, now.failures() > 0); // it may have come in the middle of other work on the log
            }
        });
    }

    /** One that throws on the spot has failed. */
    private static <T> CompletableFuture<T> begun(Supplier<CompletableFuture<T>> step) {
        return CompletableFuture.completedFuture(null).thenCompose(now -> step.get());
    }

    /** Whatever happens in the last of it, it is over: the next role waits for that. */
    private void endWork(CompletableFuture<Void> over, Runnable last) {
        try {
            last.run();
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", leaderEpoch).setCause(e).log("A change of a replica's log could not be followed up");
        } finally {
            over.complete(null);
        }
    }

    /** @param error whether a person has to act */
    private void recoverLater(Recovering now, Throwable failure, boolean error) {
        long delayMs = now.failed(monotonicMs.getAsLong());
        Level level = !now.toBeSaid(error, monotonicMs.getAsLong()) ? Level.DEBUG : error ? Level.ERROR : Level.WARN;
        LOG.atLevel(level).addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", leaderEpoch).addKeyValue("failures", now.failures()).addKeyValue("reason", String.valueOf(failure))
                .log("Elected unclean, this replica does not lead before the cold tier has told where it ends; it asks again and again");
        listener.onTickWanted(delayMs);
    }

    private void recovering(Optional<Recovering> next) {
        if (next.isPresent() != recovering.isPresent()) {
            log.noteRecovering(next.isPresent());
        }
        recovering = next;
    }

    private void recovered(long committed) {
        int failures = recovering.orElseThrow().failures();
        recovering(Optional.empty());
        LOG.atInfo().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", leaderEpoch).addKeyValue("logEndOffset", log.logEndOffset()).addKeyValue("coldEnd", committed)
                .addKeyValue("failures", failures).log("Elected unclean, this replica has all that is in the cold tier, and leads");
        publish(Math.max(highWatermark, committed));
        beginLeading(newest.orElseThrow());
        listener.onRole();
    }

    private void follow(Placement placement) {
        FollowerState following = new FollowerState(placement.leader(), placement.leaderEpoch(), highWatermark);
        follower = Optional.of(following);
        boolean asCreated = placement.partitionEpoch() == 0; // its first replicas begin empty: nobody can have offloaded anything
        boolean inSync = placement.isr().contains(settings.brokerId()); // has all there is: it must not wait for a bucket that may be away, since acks=all waits for it
        if (settings.tiered() && !asCreated && !inSync && log.logEndOffset() == log.logStartOffset()) {
            following.beginAtTierBoundary();
            startAtTierBoundary(following);
        } else {
            listener.onReadyToFetch();
        }
    }

    private boolean isCurrent(FollowerState following) {
        return follower.isPresent() && follower.get() == following;
    }

    // Leading

    /** A follower asks. What it may read (up to the log's end) is for the caller to read. */
    public FetchVerdict onFetch(ReplicaFetch fetch) {
        Optional<FetchError> objection = objection(fetch);
        if (objection.isPresent()) {
            return new FetchVerdict.Refused(objection.get());
        }
        if (fetch.lastEpoch() != ReplicaFetch.NO_EPOCH) {
            Optional<EpochEnd> end = log.endOffsetFor(fetch.lastEpoch());
            if (end.isEmpty() || fetch.offset() < log.logStartOffset()) {
                return new FetchVerdict.Refused(FetchError.OFFSET_OUT_OF_RANGE);
            }
            if (isForgotten(fetch.lastEpoch())) {
                return new FetchVerdict.Diverging(new EpochEnd(fetch.lastEpoch(), log.logStartOffset() - 1));
            }
            if (end.get().leaderEpoch() < fetch.lastEpoch() || end.get().endOffset() < fetch.offset()) {
                return new FetchVerdict.Diverging(end.get());
            }
        }
        if (fetch.offset() < log.logStartOffset() || fetch.offset() > log.logEndOffset()) {
            return new FetchVerdict.Refused(FetchError.OFFSET_OUT_OF_RANGE);
        }
        if (fetch.offset() < log.localLogStartOffset()) {
            return new FetchVerdict.Refused(FetchError.MOVED_TO_TIERED_STORAGE);
        }
        LeaderState leading = leader.orElseThrow();
        leading.onFetch(fetch, log.logEndOffset(), monotonicMs.getAsLong());
        advance();
        leading.proposeJoining(monotonicMs.getAsLong()).ifPresent(listener::onProposal);
        return new FetchVerdict.Read();
    }

    /**
     * Whether all that this log still knows is of later epochs than {@code lastEpoch}, the follower's last one: then nothing tells whether the follower has the records that were deleted here or others, and what those say of
     * producers. Not so if the record below the log start is known to be of that epoch.
     */
    private boolean isForgotten(int lastEpoch) {
        boolean beginsWithReign = log.logStartOffset() == leader.orElseThrow().epochStartOffset();
        return log.logStartOffset() > 0 && !log.leaderEpochs().reachesBackTo(lastEpoch) && !(beginsWithReign && lastEpoch == epochBefore);
    }

    private Optional<FetchError> objection(ReplicaFetch fetch) {
        if (leader.isPresent()) {
            return log.offlineReason().isPresent() ? Optional.of(FetchError.STORAGE) : leader.get().objection(fetch);
        }
        if (fetch.leaderEpoch() == ReplicaFetch.NO_EPOCH || fetch.leaderEpoch() == leaderEpoch) {
            return Optional.of(FetchError.NOT_LEADER);
        }
        return Optional.of(fetch.leaderEpoch() < leaderEpoch ? FetchError.FENCED_LEADER_EPOCH : FetchError.UNKNOWN_LEADER_EPOCH);
    }

    public void onOutcome(IsrProposal proposal, ProposalOutcome outcome) {
        if (leader.isPresent()) {
            leader.get().onOutcome(proposal, outcome, monotonicMs.getAsLong());
            advance();
        }
    }

    /** The log's durable offset has advanced, or the log's end. */
    public void onDurable() {
        if (leader.isPresent()) {
            advance();
        } else if (follower.isPresent()) {
            listener.onReadyToFetch();
        }
    }

    /** Drops followers that have fallen behind, repeats proposals, notices a lease renewed, asks a cold tier again that did not answer. Now and then: half of {@code replica.lag.time.max.ms} at most. */
    public void tick() {
        if (leader.isPresent()) {
            advance();
            leader.flatMap(leading -> leading.propose(log.logEndOffset(), monotonicMs.getAsLong())).ifPresent(listener::onProposal);
        } else if (recovering.isPresent() && recovering.get().due(monotonicMs.getAsLong())) {
            askColdTier(recovering.get());
        } else if (follower.isPresent()) {
            raiseLogStart();
        }
    }

    private void advance() {
        if (leader.isPresent() && leader.get().advance(log.durableOffset(), log.logEndOffset(), monotonicMs.getAsLong())) {
            publish(leader.get().highWatermark());
        }
    }

    private void publish(long offset) {
        if (offset != highWatermark) {
            highWatermark = offset;
            log.noteHighWatermark(offset);
            listener.onHighWatermark(offset);
        }
    }

    // Following

    /** What to ask the leader for now. Whoever takes it has to come back with a reply, or {@link #onLost}. */
    public Optional<FetchPosition> nextFetch() {
        return follower.isEmpty() ? Optional.empty() : follower.get().next(facts(), monotonicMs.getAsLong());
    }

    public FetchReadiness readiness() {
        return follower.isEmpty() ? FetchReadiness.NONE : follower.get().readiness(facts(), monotonicMs.getAsLong());
    }

    /** No reply to this will come. */
    public void onLost(FetchPosition position) {
        follower.ifPresent(following -> following.lost(position, monotonicMs.getAsLong()));
    }

    private LogFacts facts() {
        return new LogFacts(log.logStartOffset(), log.logEndOffset(), log.durableOffset(), log.leaderEpochs());
    }

    /**
     * The leader has answered.
     *
     * @param release called once when the reply's bytes are not needed any more; perhaps later
     */
    public void onReply(FetchReply reply, Runnable release) {
        if (follower.isEmpty()) {
            release.run();
            return;
        }
        FollowerState following = follower.get();
        FollowerStep step = following.onReply(reply, facts(), monotonicMs.getAsLong());
        if (step instanceof Append append) {
            append(following, append, (FetchReply.Records) reply, release);
            return;
        }
        release.run();
        if (step instanceof Truncate truncate) {
            truncate(following, truncate);
        } else if (step instanceof StartAt start) {
            sayLost(following, start.offset(), start.lostCommitted());
            work(following, log.truncateFullyAndStartAt(start.offset()).thenCompose(done -> log.advanceLogStart(start.offset())));
        } else if (step instanceof StartAtTierBoundary) {
            startAtTierBoundary(following);
        } else if (reply instanceof FetchReply.Records records) {
            learn(following, records);
        }
    }

    private void append(FollowerState following, Append append, FetchReply.Records reply, Runnable release) {
        if (!isCurrent(following)) {
            release.run();
            return;
        }
        if (beginsWithin(append.records())) {
            beginAt(append.records().longAt(0), following, append, reply, release);
            return;
        }
        AppendResult result = log.appendFetched(append.records(), following.leaderEpoch(), reply.highWatermark(), wallMs.getAsLong());
        if (result instanceof AppendResult.NotWritableYet) {
            working = log.whenWritable();
            working.whenComplete((done, failure) -> append(following, append, reply, release));
            return;
        }
        release.run();
        if (result instanceof AppendResult.Rejected rejected) {
            boolean offline = rejected.error() == AppendError.OFFLINE;
            LOG.atWarn().addKeyValue("partition", log.partition()).addKeyValue("offset", log.logEndOffset()).addKeyValue("reason", rejected.message()).log("What was fetched from the leader was not appended");
            notAppended(following, offline);
            return;
        }
        following.appended(facts());
        learn(following, reply);
    }

    /** Whether the log is empty and begins within the first batch, as where the leader's log start is: records were deleted up to there, and batches are not taken apart. */
    private boolean beginsWithin(RecordBuffers records) {
        return log.localLogStartOffset() == log.logEndOffset() && records.sizeBytes() >= Long.BYTES && records.longAt(0) < log.logEndOffset();
    }

    /** Lets the empty log begin with the batch; its log start then follows the leader's again. */
    private void beginAt(long offset, FollowerState following, Append append, FetchReply.Records reply, Runnable release) {
        CompletableFuture<Void> begun = log.truncateFullyAndStartAt(offset);
        working = begun;
        begun.whenComplete((done, failure) -> {
            if (failure == null) {
                append(following, append, reply, release);
            } else {
                release.run();
                notAppended(following, log.offlineReason().isPresent());
            }
        });
    }

    /** It is asked for again, after a while, of which whoever fetches has to know: the reply may have been long ago, and no other comes. */
    private void notAppended(FollowerState following, boolean offline) {
        following.failed(offline, monotonicMs.getAsLong());
        if (isCurrent(following)) {
            listener.onReadyToFetch();
        }
    }

    private void learn(FollowerState following, FetchReply.Records reply) {
        publish(following.highWatermark());
        leadersLogStart = Math.max(leadersLogStart, reply.logStartOffset());
        raiseLogStart();
        if (isCurrent(following) && log.durableOffset() == log.logEndOffset()) {
            listener.onReadyToFetch();
        }
    }

    /** Follows the leader's log start, which a fetch session tells once. If it cannot be noted now, it is tried again. */
    private void raiseLogStart() {
        long offset = Math.min(leadersLogStart, log.logEndOffset());
        if (offset <= log.logStartOffset() || raisingLogStart) {
            return;
        }
        raisingLogStart = true;
        log.advanceLogStart(offset).whenComplete((done, failure) -> {
            raisingLogStart = false;
            if (failure == null) {
                raiseLogStart();
            } else {
                LOG.atWarn().addKeyValue("partition", log.partition()).addKeyValue("offset", offset).setCause(failure).log("The log start could not be raised to the leader's; it is tried again");
            }
        });
    }

    private void truncate(FollowerState following, Truncate truncate) {
        sayLost(following, truncate.offset(), truncate.lostCommitted());
        work(following, log.truncateTo(truncate.offset()));
    }

    private void sayLost(FollowerState following, long offset, long lostCommitted) {
        if (lostCommitted > 0) {
            LOG.atError().addKeyValue("partition", log.partition()).addKeyValue("leaderEpoch", following.leaderEpoch()).addKeyValue("offset", offset)
                    .addKeyValue("committedOffsets", lostCommitted).log("An unclean election has given up records that were committed; they are cut off here too");
        }
    }

    private void startAtTierBoundary(FollowerState following) {
        CompletableFuture<Void> done = begun(() -> tier.find(() -> isCurrent(following))).thenCompose(start -> {
            if (!isCurrent(following) || start.isEmpty() || start.get().offset() <= log.logEndOffset()) {
                return CompletableFuture.failedFuture(new IOException("the cold tier has nothing that this replica lacks"));
            }
            LogStart boundary = start.get();
            LOG.atInfo().addKeyValue("partition", log.partition()).addKeyValue("logEndOffset", log.logEndOffset()).addKeyValue("offset", boundary.offset()).log("The replica begins at the tier boundary");
            return log.startAt(boundary);
        });
        work(following, done);
    }

    /** Something is done to the log; the next role waits for it. */
    private void work(FollowerState following, CompletionStage<Void> change) {
        CompletableFuture<Void> over = new CompletableFuture<>();
        working = over;
        change.whenComplete((done, failure) -> {
            endWork(over, () -> {
                if (failure == null) {
                    following.changed(facts());
                } else {
                    LOG.atInfo().addKeyValue("partition", log.partition()).addKeyValue("reason", failure.getMessage()).log("The log was not brought in line with the leader; it is tried again");
                    following.failed(log.offlineReason().isPresent(), monotonicMs.getAsLong());
                }
                publish(Math.min(highWatermark, log.logEndOffset()));
            });
            if (isCurrent(following)) {
                listener.onReadyToFetch();
            }
        });
    }
}
