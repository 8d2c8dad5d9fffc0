package io.firn.hot.replication;

import io.firn.hot.replication.IsrProposal.Member;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * What the leader of a partition knows and decides during one leader epoch: how far its followers have come, who is in sync, what is committed. No I/O; it ends with {@link #resign} or the next epoch.
 *
 * <p><b>High watermark</b>: the smallest offset that every replica <em>possibly</em> in the ISR vouches for. Possibly: the ISR committed last, and whoever a proposal under way would add, since the controller may have
 * committed it without this leader knowing (KIP-497); a proposal under way takes nobody out before it is committed. A replica that is caught up and about to join is waited for too, or it would never
 * reach the ISR of a busy partition. Under {@code min.insync.replicas} it stands still (KIP-966), and while {@link Authority} does not hold.
 *
 * <p>The leader vouches for its durable offset. A follower vouches for the offset it fetches from: it asks for more only when what it has is durable (see {@link FollowerState}). So what is committed was
 * forced by every replica in sync, if {@code log.durability} says so.
 *
 * <p><i>Invariants</i>: the high watermark never goes back; at most one proposal is under way; a placement that is not newer than what is known changes nothing. The last one matters: a placement that comes twice must
 * not make this leader forget a proposal that may have been committed.
 *
 * <p><i>Cost</i>: with one replica {@link #advance} compares three numbers; nothing here allocates for an append or a fetch.
 *
 * <p>Threading: confined to the loop of the partition.
 */
public final class LeaderState {

    /** Time before a proposal is made again that was refused, or whose outcome is not known. */
    static final long PROPOSAL_BACKOFF_MS = 200;

    /** A proposal that was not answered is not applied after this time: connections and requests end sooner. */
    static final long REQUEST_LIFE_MS = 60_000;

    private final int self;
    private final int leaderEpoch;
    private final Brokers brokers;
    private final Authority authority;
    private final long maxLagMs;
    private final long epochStartOffset;
    private int minInSync;
    private int partitionEpoch;
    private int isrSize;
    private int maximalIsrSize;
    private FollowerProgress[] followers = {};
    private long highWatermark;
    private Optional<IsrProposal> pending = Optional.empty();
    private boolean outcomeUnknown;
    private long uncertainUntilMs = Long.MIN_VALUE;
    private long proposeFromMs = Long.MIN_VALUE;
    private boolean resigned;
    /** Whether the controller has yet to be told that this leader has recovered from its unclean election. */
    private boolean tellsRecovered;

    /**
     * @param placement that makes this broker the leader
     * @param epochStartOffset the log end at the beginning of the epoch
     * @param highWatermark as this replica knows it from before
     * @param minInSync {@code min.insync.replicas}; the number of replicas where that is smaller
     * @param maxLagMs {@code replica.lag.time.max.ms}
     */
    public LeaderState(int self, Placement placement, long epochStartOffset, long highWatermark, int minInSync, long maxLagMs, Brokers brokers, Authority authority, long nowMs) {
        if (placement.leader() != self) {
            throw new IllegalArgumentException("broker " + self + " does not lead " + placement);
        }
        this.self = self;
        this.leaderEpoch = placement.leaderEpoch();
        this.brokers = brokers;
        this.authority = authority;
        this.maxLagMs = maxLagMs;
        this.minInSync = minInSync;
        this.epochStartOffset = epochStartOffset;
        this.highWatermark = highWatermark;
        take(placement, nowMs);
    }

    private void take(Placement placement, long nowMs) {
        List<FollowerProgress> kept = new ArrayList<>();
        for (int id : placement.replicas()) {
            if (id != self) {
                kept.add(find(id).orElseGet(() -> new FollowerProgress(id, placement.isr().contains(id), nowMs, maxLagMs)));
            }
        }
        followers = kept.toArray(FollowerProgress[]::new);
        tellsRecovered = placement.recovering();
        committed(placement.partitionEpoch(), placement.isr());
    }

    private void committed(int newPartitionEpoch, Set<Integer> isr) {
        partitionEpoch = newPartitionEpoch;
        pending = Optional.empty();
        outcomeUnknown = false;
        uncertainUntilMs = Long.MIN_VALUE;
        isrSize = isr.size();
        for (FollowerProgress follower : followers) {
            follower.inIsr(isr.contains(follower.brokerId()));
            follower.joining(false);
        }
        maximalIsrSize = isrSize;
    }

    private Optional<FollowerProgress> find(int brokerId) {
        for (FollowerProgress follower : followers) {
            if (follower.brokerId() == brokerId) {
                return Optional.of(follower);
            }
        }
        return Optional.empty();
    }

    public int leaderEpoch() {
        return leaderEpoch;
    }

    public int partitionEpoch() {
        return partitionEpoch;
    }

    /** Log end at the beginning of this epoch: while the high watermark is below, what consumers have seen of earlier leaders may be above it (KIP-207). */
    public long epochStartOffset() {
        return epochStartOffset;
    }

    public long highWatermark() {
        return highWatermark;
    }

    /** Takes effect at the next {@link #advance}. */
    public void configure(int newMinInSync) {
        minInSync = newMinInSync;
    }

    // Placement

    /** A placement of the same leader epoch: others may be replicas, or in sync. One that is not newer is ignored. */
    public void onPlacement(Placement placement, long nowMs) {
        if (placement.leaderEpoch() != leaderEpoch || placement.leader() != self) {
            throw new IllegalArgumentException("of another reign than epoch " + leaderEpoch + ": " + placement);
        }
        if (placement.partitionEpoch() > partitionEpoch) {
            take(placement, nowMs);
        }
    }

    /** Leads no more. */
    public void resign() {
        resigned = true;
    }

    // Followers

    /** Takes note of a fetch whose offset lies in the leader's log, and whose log does not diverge from it. Empty, or why it does not count. */
    public Optional<FetchError> onFetch(ReplicaFetch fetch, long logEndOffset, long nowMs) {
        Optional<FetchError> objection = objection(fetch);
        if (objection.isEmpty()) {
            find(fetch.brokerId()).orElseThrow().onFetch(fetch, logEndOffset, nowMs);
        }
        return objection;
    }

    /** Why a fetch is refused, whatever is in the logs. */
    Optional<FetchError> objection(ReplicaFetch fetch) {
        if (resigned) {
            return Optional.of(FetchError.NOT_LEADER);
        }
        if (fetch.leaderEpoch() != leaderEpoch && fetch.leaderEpoch() != ReplicaFetch.NO_EPOCH) {
            return Optional.of(fetch.leaderEpoch() < leaderEpoch ? FetchError.FENCED_LEADER_EPOCH : FetchError.UNKNOWN_LEADER_EPOCH);
        }
        if (find(fetch.brokerId()).isEmpty()) {
            return Optional.of(fetch.leaderEpoch() == ReplicaFetch.NO_EPOCH ? FetchError.NOT_LEADER : FetchError.UNKNOWN_LEADER_EPOCH);
        }
        boolean ofEarlierLife = fetch.brokerEpoch() != IsrProposal.ANY_EPOCH && brokers.epochOf(fetch.brokerId()) > fetch.brokerEpoch();
        return ofEarlierLife ? Optional.of(FetchError.NOT_LEADER) : Optional.empty();
    }

    /** Smallest log start of this replica and its live followers: below it, deleted records are gone from all (DeleteRecords). */
    public long lowWatermark(long logStartOffset) {
        long low = logStartOffset;
        for (FollowerProgress follower : followers) {
            if (brokers.mayJoin(follower.brokerId())) {
                low = Math.min(low, follower.startOffset());
            }
        }
        return low;
    }

    /** Of the followers in sync that are {@code near}, alive, and have {@code offset}: the one that has most (KIP-392). None if this broker is as near. */
    public OptionalInt nearest(IntPredicate near, long offset) {
        if (near.test(self)) {
            return OptionalInt.empty();
        }
        int best = -1;
        long most = Long.MIN_VALUE;
        for (FollowerProgress follower : followers) {
            boolean has = follower.inIsr() && follower.startOffset() <= offset && follower.endOffset() >= offset && follower.endOffset() > most;
            if (has && near.test(follower.brokerId()) && brokers.mayJoin(follower.brokerId())) {
                best = follower.brokerId();
                most = follower.endOffset();
            }
        }
        return best < 0 ? OptionalInt.empty() : OptionalInt.of(best);
    }

    // High watermark

    /** Lets the high watermark follow the replicas; whether it has moved. To be called when any of them, or the ISR, or the time has. */
    public boolean advance(long durableOffset, long logEndOffset, long nowMs) {
        long candidate = durableOffset;
        for (FollowerProgress follower : followers) {
            if (follower.endOffset() < candidate && counts(follower, logEndOffset, nowMs)) {
                candidate = follower.endOffset();
            }
        }
        if (candidate <= highWatermark || isrSize < effectiveMinInSync() || resigned || !authority.holds(nowMs)) {
            return false;
        }
        highWatermark = candidate;
        return true;
    }

    private boolean counts(FollowerProgress follower, long logEndOffset, long nowMs) {
        return follower.maybeInIsr() || follower.isCaughtUp(logEndOffset, nowMs, maxLagMs) && isEligible(follower);
    }

    private int effectiveMinInSync() {
        return Math.min(minInSync, followers.length + 1);
    }

    // Producers

    /** Whether an append with acks=all may begin: enough replicas are surely in sync. */
    public boolean hasEnoughInSync() {
        return isrSize >= effectiveMinInSync();
    }

    /** Whether anything may be acknowledged now. */
    public boolean mayAcknowledge(long nowMs) {
        return !resigned && authority.holds(nowMs);
    }

    /** How an append that ends at {@code nextOffset} (exclusive) stands. */
    public Commitment commitment(long nextOffset) {
        if (resigned) {
            return Commitment.NOT_LEADER;
        }
        if (highWatermark < nextOffset) {
            return Commitment.PENDING;
        }
        return maximalIsrSize >= effectiveMinInSync() ? Commitment.COMMITTED : Commitment.NOT_ENOUGH_REPLICAS_AFTER_APPEND;
    }

    // ISR

    /** After a fetch: the ISR to be asked for because a follower has come into sync. The caller sends it and tells {@link #onOutcome}. */
    public Optional<IsrProposal> proposeJoining(long nowMs) {
        return proposal(false, 0, nowMs);
    }

    /** By the tick: the ISR to be asked for because followers have fallen behind or come into sync, or this leader has recovered; again the same one, while nobody knows what became of it. */
    public Optional<IsrProposal> propose(long logEndOffset, long nowMs) {
        if (pending.isPresent() && outcomeUnknown && nowMs >= proposeFromMs && !resigned) {
            outcomeUnknown = false;
            return pending;
        }
        if (pending.isEmpty() && uncertainUntilMs != Long.MIN_VALUE) {
            forgetUncertain(nowMs);
        }
        return proposal(true, logEndOffset, nowMs);
    }

    private Optional<IsrProposal> proposal(boolean mayDrop, long logEndOffset, long nowMs) {
        if (resigned || pending.isPresent() || nowMs < proposeFromMs) {
            return Optional.empty();
        }
        boolean changes = tellsRecovered;
        for (FollowerProgress follower : followers) {
            changes |= follower.inIsr() ? mayDrop && !follower.isCaughtUp(logEndOffset, nowMs, maxLagMs) : isInSync(follower);
        }
        if (!changes) {
            return Optional.empty();
        }
        pending = Optional.of(compose(mayDrop, logEndOffset, nowMs));
        return pending;
    }

    private IsrProposal compose(boolean mayDrop, long logEndOffset, long nowMs) {
        List<Member> members = new ArrayList<>();
        members.add(new Member(self, brokers.epochOf(self)));
        for (FollowerProgress follower : followers) {
            boolean stays = follower.inIsr() && !(mayDrop && !follower.isCaughtUp(logEndOffset, nowMs, maxLagMs));
            boolean joins = !follower.inIsr() && isInSync(follower);
            if (stays || joins) {
                members.add(new Member(follower.brokerId(), follower.brokerEpoch()));
            }
            if (joins && !follower.maybeInIsr()) {
                follower.joining(true);
                maximalIsrSize++;
            }
        }
        return new IsrProposal(leaderEpoch, partitionEpoch, members);
    }

    /** It has all that is committed, and all that the leader had when it was elected. */
    private boolean isInSync(FollowerProgress follower) {
        return follower.fetched() && follower.endOffset() >= highWatermark && follower.endOffset() >= epochStartOffset && isEligible(follower);
    }

    private boolean isEligible(FollowerProgress follower) {
        return follower.fetched() && brokers.mayJoin(follower.brokerId())
                && (follower.brokerEpoch() == IsrProposal.ANY_EPOCH || follower.brokerEpoch() == brokers.epochOf(follower.brokerId()));
    }

    /**
     * What the controller made of {@code proposal}; ignored unless that one is under way.
     *
     * <p>A refusal tells nothing of an earlier attempt that was not answered and may come to the controller yet. Whoever that would add goes on counting for the high watermark, until the partition epoch has moved (then it cannot
     * be applied any more) or its time is over; meanwhile another ISR may be asked for.
     */
    public void onOutcome(IsrProposal proposal, ProposalOutcome outcome, long nowMs) {
        if (!pending.equals(Optional.of(proposal))) {
            return;
        }
        if (outcome instanceof ProposalOutcome.Committed committed && committed.partitionEpoch() > partitionEpoch) {
            tellsRecovered = false;
            committed(committed.partitionEpoch(), committed.isr());
        } else if (outcome instanceof ProposalOutcome.Unknown) {
            uncertainUntilMs = nowMs + REQUEST_LIFE_MS;
            outcomeUnknown = true;
            proposeFromMs = nowMs + PROPOSAL_BACKOFF_MS;
        } else if (!(outcome instanceof ProposalOutcome.Outdated)) {
            pending = Optional.empty();
            proposeFromMs = nowMs + PROPOSAL_BACKOFF_MS;
            forgetUncertain(nowMs);
        }
        // Outdated: it stays under way, and counts, until the newer placement is here.
    }

    /** Takes the committed ISR for the largest possible one again, if no attempt can still be applied. */
    private void forgetUncertain(long nowMs) {
        if (nowMs >= uncertainUntilMs) {
            committed(partitionEpoch, isr());
        }
    }

    /** As committed last. */
    public Set<Integer> isr() {
        Set<Integer> isr = new HashSet<>();
        isr.add(self);
        for (FollowerProgress follower : followers) {
            if (follower.inIsr()) {
                isr.add(follower.brokerId());
            }
        }
        return isr;
    }
}
