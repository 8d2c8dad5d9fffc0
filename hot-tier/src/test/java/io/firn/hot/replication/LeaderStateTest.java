package io.firn.hot.replication;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.replication.IsrProposal.Member;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LeaderStateTest {

    private static final int EPOCH = 5;
    private static final long MAX_LAG_MS = 1000;

    private final Known brokers = new Known();
    private long nowMs = 10_000;
    private boolean authority = true;

    private static final class Known implements Brokers {
        private final Map<Integer, Long> epochs = new HashMap<>(Map.of(0, 10L, 1, 11L, 2, 12L));
        private final Set<Integer> fenced = new HashSet<>();

        @Override
        public long epochOf(int brokerId) {
            return epochs.getOrDefault(brokerId, UNKNOWN);
        }

        @Override
        public boolean mayJoin(int brokerId) {
            return epochs.containsKey(brokerId) && !fenced.contains(brokerId);
        }
    }

    private LeaderState leader(int minInSync, Integer... isr) {
        return leader(minInSync, List.of(0, 1, 2), isr);
    }

    private LeaderState leader(int minInSync, List<Integer> replicas, Integer... isr) {
        return new LeaderState(0, new Placement(0, EPOCH, 7, replicas, Set.of(isr)), 100, 80, minInSync, MAX_LAG_MS, brokers, now -> authority, nowMs);
    }

    private ReplicaFetch fetch(int broker, long offset) {
        return new ReplicaFetch(broker, brokers.epochOf(broker), EPOCH, offset, EPOCH - 1, 0);
    }

    @Test
    void afterAnUncleanElectionItSaysThatItHasRecoveredUntilTheControllerKnows() {
        LeaderState leader = new LeaderState(0, new Placement(0, EPOCH, 7, List.of(0, 1, 2), Set.of(0), true), 100, 80, 1, MAX_LAG_MS, brokers, now -> authority, nowMs);
        IsrProposal first = leader.propose(100, nowMs).orElseThrow();
        assertThat(first).isEqualTo(new IsrProposal(EPOCH, 7, List.of(new Member(0, 10))));
        assertThat(leader.propose(100, nowMs)).as("under way").isEmpty();
        leader.onOutcome(first, new ProposalOutcome.Refused(), nowMs);
        nowMs += LeaderState.PROPOSAL_BACKOFF_MS;
        assertThat(leader.propose(100, nowMs)).as("once more").contains(first);
        leader.onOutcome(first, new ProposalOutcome.Outdated(), nowMs);
        leader.onPlacement(new Placement(0, EPOCH, 8, List.of(0, 1, 2), Set.of(0), true), nowMs);
        IsrProposal second = leader.propose(100, nowMs).orElseThrow();
        leader.onOutcome(second, new ProposalOutcome.Committed(9, Set.of(0)), nowMs);
        nowMs += 10 * LeaderState.PROPOSAL_BACKOFF_MS;
        assertThat(leader.propose(100, nowMs)).isEmpty();
    }

    @Test
    void theHighWatermarkIsWhatAllInSyncVouchFor() {
        LeaderState leader = leader(1, 0, 1, 2);
        assertThat(leader.advance(120, 120, nowMs)).as("nobody has fetched").isFalse();
        leader.onFetch(fetch(1, 110), 120, nowMs);
        assertThat(leader.advance(120, 120, nowMs)).isFalse();
        leader.onFetch(fetch(2, 105), 120, nowMs);
        assertThat(leader.advance(120, 120, nowMs)).isTrue();
        assertThat(leader.highWatermark()).isEqualTo(105);
        leader.onFetch(fetch(2, 90), 120, nowMs);
        assertThat(leader.advance(120, 120, nowMs)).as("a late request").isFalse();
        assertThat(leader.highWatermark()).isEqualTo(105);
    }

    @Test
    void theLeaderItselfVouchesForDurableBytesOnly() {
        LeaderState leader = leader(1, 0, 1);
        leader.onFetch(fetch(1, 120), 120, nowMs);
        leader.advance(104, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(104);
    }

    @Test
    void oneReplicaAloneCommitsWhatIsDurable() {
        LeaderState leader = leader(3, List.of(0), 0);
        assertThat(leader.hasEnoughInSync()).as("as many as there are").isTrue();
        assertThat(leader.advance(117, 120, nowMs)).isTrue();
        assertThat(leader.commitment(117)).isEqualTo(Commitment.COMMITTED);
        assertThat(leader.commitment(118)).isEqualTo(Commitment.PENDING);
    }

    @Test
    void aFollowerBehindIsDroppedOnlyWhenTheControllerHasSaidSo() {
        LeaderState leader = leader(1, 0, 1, 2);
        leader.onFetch(fetch(1, 120), 120, nowMs);
        leader.onFetch(fetch(2, 100), 120, nowMs);
        assertThat(leader.propose(120, nowMs + MAX_LAG_MS)).isEmpty();
        nowMs += MAX_LAG_MS + 1;
        leader.onFetch(fetch(1, 120), 120, nowMs);
        IsrProposal proposal = leader.propose(120, nowMs).orElseThrow();
        assertThat(proposal).isEqualTo(new IsrProposal(EPOCH, 7, List.of(new Member(0, 10), new Member(1, 11))));
        assertThat(leader.propose(120, nowMs)).as("one at a time").isEmpty();
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(100);
        leader.onOutcome(proposal, new ProposalOutcome.Committed(8, Set.of(0, 1)), nowMs);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(120);
        assertThat(leader.partitionEpoch()).isEqualTo(8);
    }

    @Test
    void aFollowerAlwaysALittleBehindStaysInSync() {
        LeaderState leader = leader(1, 0, 1);
        long end = 100;
        for (int i = 0; i < 30; i++) {
            leader.onFetch(fetch(1, end), end + 10, nowMs);
            end += 10;
            nowMs += MAX_LAG_MS / 2;
            assertThat(leader.propose(end + 10, nowMs)).isEmpty();
        }
    }

    @Test
    void aFollowerJoinsWhenItHasWhatIsCommittedAndWhatTheLeaderBeganWith() {
        LeaderState leader = leader(1, 0);
        leader.onFetch(fetch(1, 95), 100, nowMs);
        assertThat(leader.proposeJoining(nowMs)).as("below the start of the epoch").isEmpty();
        leader.onFetch(fetch(1, 100), 120, nowMs);
        IsrProposal proposal = leader.proposeJoining(nowMs).orElseThrow();
        assertThat(proposal.isr()).containsExactlyInAnyOrder(0, 1);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).as("it counts from now on").isEqualTo(100);
        assertThat(leader.isr()).containsExactly(0);
    }

    @Test
    void aJoiningFollowerCountsUntilItIsKnownThatItHasNotJoined() {
        LeaderState leader = leader(1, 0);
        leader.onFetch(fetch(1, 100), 120, nowMs);
        IsrProposal proposal = leader.proposeJoining(nowMs).orElseThrow();
        nowMs += 10 * MAX_LAG_MS;
        leader.onOutcome(proposal, new ProposalOutcome.Unknown(), nowMs);
        leader.onPlacement(new Placement(0, EPOCH, 7, List.of(0, 1, 2), Set.of(0)), nowMs);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).as("no answer, and an old placement again").isEqualTo(100);
        nowMs += LeaderState.PROPOSAL_BACKOFF_MS;
        assertThat(leader.propose(120, nowMs)).contains(proposal);
        brokers.fenced.add(1);
        leader.onOutcome(proposal, new ProposalOutcome.Refused(), nowMs);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).as("the first attempt may still be applied").isEqualTo(100);
        leader.onPlacement(new Placement(0, EPOCH, 8, List.of(0, 1, 2), Set.of(0)), nowMs);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(120);
    }

    @Test
    void anUnansweredProposalIsForgottenWhenItsTimeIsOver() {
        LeaderState leader = leader(1, 0);
        leader.onFetch(fetch(1, 100), 120, nowMs);
        IsrProposal proposal = leader.proposeJoining(nowMs).orElseThrow();
        leader.onOutcome(proposal, new ProposalOutcome.Unknown(), nowMs);
        brokers.fenced.add(1);
        leader.onOutcome(proposal, new ProposalOutcome.Refused(), nowMs + 1);
        nowMs += LeaderState.REQUEST_LIFE_MS;
        leader.propose(120, nowMs);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(120);
    }

    @Test
    void aRefusedProposalIsMadeAgainAfterAWhile() {
        LeaderState leader = leader(1, 0);
        leader.onFetch(fetch(1, 120), 120, nowMs);
        IsrProposal proposal = leader.proposeJoining(nowMs).orElseThrow();
        leader.onOutcome(proposal, new ProposalOutcome.Refused(), nowMs);
        assertThat(leader.proposeJoining(nowMs)).isEmpty();
        assertThat(leader.proposeJoining(nowMs + LeaderState.PROPOSAL_BACKOFF_MS)).contains(proposal);
    }

    @Test
    void anOutdatedProposalWaitsForTheNewerPlacement() {
        LeaderState leader = leader(1, 0);
        leader.onFetch(fetch(1, 100), 120, nowMs);
        IsrProposal proposal = leader.proposeJoining(nowMs).orElseThrow();
        leader.onOutcome(proposal, new ProposalOutcome.Outdated(), nowMs);
        nowMs += 10 * MAX_LAG_MS;
        assertThat(leader.propose(120, nowMs)).isEmpty();
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(100);
        leader.onPlacement(new Placement(0, EPOCH, 9, List.of(0, 1, 2), Set.of(0, 1)), nowMs);
        assertThat(leader.isr()).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void aBrokerOfAnEarlierLifeNeitherCountsNorJoins() {
        LeaderState leader = leader(1, 0, 1);
        ReplicaFetch old = new ReplicaFetch(1, 10, EPOCH, 120, EPOCH - 1, 0);
        assertThat(leader.onFetch(old, 120, nowMs)).contains(FetchError.NOT_LEADER);
        leader.advance(120, 120, nowMs);
        assertThat(leader.highWatermark()).isEqualTo(80);
        leader.onFetch(fetch(2, 120), 120, nowMs);
        brokers.epochs.put(2, 99L);
        assertThat(leader.proposeJoining(nowMs)).as("started anew since it fetched").isEmpty();
    }

    @Test
    void requestsOfOtherEpochsAndOfStrangersAreRefused() {
        LeaderState leader = leader(1, List.of(0, 1), 0, 1);
        assertThat(leader.onFetch(new ReplicaFetch(1, 11, EPOCH - 1, 120, 1, 0), 120, nowMs)).contains(FetchError.FENCED_LEADER_EPOCH);
        assertThat(leader.onFetch(new ReplicaFetch(1, 11, EPOCH + 1, 120, 1, 0), 120, nowMs)).contains(FetchError.UNKNOWN_LEADER_EPOCH);
        assertThat(leader.onFetch(fetch(2, 120), 120, nowMs)).contains(FetchError.UNKNOWN_LEADER_EPOCH);
        assertThat(leader.onFetch(new ReplicaFetch(2, 12, ReplicaFetch.NO_EPOCH, 120, 1, 0), 120, nowMs)).contains(FetchError.NOT_LEADER);
    }

    @Test
    void belowMinInSyncNothingIsCommitted() {
        LeaderState leader = leader(2, 0, 1);
        assertThat(leader.hasEnoughInSync()).isTrue();
        leader.onFetch(fetch(1, 120), 120, nowMs);
        leader.advance(110, 110, nowMs);
        leader.onPlacement(new Placement(0, EPOCH, 8, List.of(0, 1, 2), Set.of(0)), nowMs);
        assertThat(leader.hasEnoughInSync()).isFalse();
        assertThat(leader.commitment(110)).isEqualTo(Commitment.NOT_ENOUGH_REPLICAS_AFTER_APPEND);
        nowMs += 10 * MAX_LAG_MS;
        assertThat(leader.advance(120, 120, nowMs)).isFalse();
    }

    @Test
    void aLeaderWithoutAuthorityCommitsAndAcknowledgesNothing() {
        LeaderState leader = leader(1, 0);
        authority = false;
        assertThat(leader.advance(120, 120, nowMs)).isFalse();
        assertThat(leader.mayAcknowledge(nowMs)).isFalse();
        authority = true;
        assertThat(leader.advance(120, 120, nowMs)).isTrue();
        leader.resign();
        assertThat(leader.commitment(100)).isEqualTo(Commitment.NOT_LEADER);
        assertThat(leader.mayAcknowledge(nowMs)).isFalse();
        assertThat(leader.advance(130, 130, nowMs)).isFalse();
    }

    @Test
    void aLeaseEndsByItsOwnClockAndCountsFromTheRequest() {
        Lease lease = new Lease(300);
        assertThat(lease.holds(0)).isFalse();
        lease.renew(1000);
        assertThat(lease.holds(1299)).isTrue();
        assertThat(lease.holds(1300)).isFalse();
        lease.renew(900);
        assertThat(lease.holds(1299)).as("a late answer").isTrue();
        lease.end();
        assertThat(lease.holds(1299)).isFalse();
    }

    @Test
    void theLowWatermarkIsThatOfTheLiveReplicas() {
        LeaderState leader = leader(1, 0, 1, 2);
        assertThat(leader.lowWatermark(50)).isEqualTo(-1);
        leader.onFetch(new ReplicaFetch(1, 11, EPOCH, 120, 4, 40), 120, nowMs);
        leader.onFetch(new ReplicaFetch(2, 12, EPOCH, 120, 4, 30), 120, nowMs);
        assertThat(leader.lowWatermark(50)).isEqualTo(30);
        brokers.fenced.add(2);
        assertThat(leader.lowWatermark(50)).isEqualTo(40);
    }

    @Test
    void aPlacementOfAnotherReignIsNoPlacementOfThisOne() {
        LeaderState leader = leader(1, 0, 1);
        assertThatThrownBy(() -> leader.onPlacement(new Placement(0, EPOCH + 1, 8, List.of(0, 1), Set.of(0)), nowMs)).isInstanceOf(IllegalArgumentException.class);
    }
}
