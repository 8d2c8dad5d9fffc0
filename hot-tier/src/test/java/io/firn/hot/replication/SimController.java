package io.firn.hot.replication;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The smallest controller that keeps the rules replication relies on: epochs only grow; it elects from the ISR only; a proposal has to name both present epochs and members that are alive in the registration they fetched
 * with; a broker that was started anew gets a new broker epoch, and leads under a new leader epoch only; nobody is fenced before its lease has ended.
 */
final class SimController {

    static final long SESSION_MS = 400;
    static final long LEASE_MS = 300;

    /** What every broker is told. */
    record View(long version, Placement placement, Map<Integer, Long> epochs, Set<Integer> live) {}

    private final Map<Integer, Long> epochs = new HashMap<>();
    private final Map<Integer, Long> heardMs = new HashMap<>();
    private final Set<Integer> live = new TreeSet<>();
    private Placement placement;
    private long version;
    private long nextBrokerEpoch = 1;

    SimController(List<Integer> replicas) {
        placement = new Placement(-1, 0, 0, replicas, new HashSet<>(replicas));
    }

    View view() {
        return new View(version, placement, Map.copyOf(epochs), Set.copyOf(live));
    }

    /** A process has begun. */
    long register(int broker, long nowMs) {
        long epoch = nextBrokerEpoch++;
        epochs.put(broker, epoch);
        heardMs.put(broker, nowMs);
        live.add(broker);
        if (placement.leader() == broker || placement.leader() < 0) {
            elect(placement.isr());
        }
        version++;
        return epoch;
    }

    /** Whether the broker may think that it is alive. */
    boolean heartbeat(int broker, long epoch, long nowMs) {
        if (!Long.valueOf(epoch).equals(epochs.get(broker))) {
            return false;
        }
        heardMs.put(broker, nowMs);
        if (live.add(broker)) {
            version++;
        }
        if (placement.leader() < 0) {
            elect(placement.isr());
        }
        return true;
    }

    void tick(long nowMs) {
        for (int broker : List.copyOf(live)) {
            if (nowMs - heardMs.get(broker) > SESSION_MS) {
                live.remove(broker);
                version++;
                fence(broker);
            }
        }
    }

    private void fence(int broker) {
        Set<Integer> isr = new HashSet<>(placement.isr());
        if (isr.size() > 1) {
            isr.remove(broker);
        }
        if (placement.leader() == broker) {
            elect(isr);
        } else if (!isr.equals(placement.isr())) {
            become(placement.leader(), placement.leaderEpoch(), isr);
        }
    }

    /** Somebody else shall lead, if possible: a move of leadership without a fault. */
    void move() {
        Set<Integer> others = new TreeSet<>(placement.isr());
        others.remove(placement.leader());
        others.retainAll(live);
        if (!others.isEmpty()) {
            become(others.iterator().next(), placement.leaderEpoch() + 1, placement.isr());
        }
    }

    private void elect(Set<Integer> isr) {
        Set<Integer> candidates = new TreeSet<>(isr);
        candidates.retainAll(live);
        if (!candidates.isEmpty()) {
            become(candidates.iterator().next(), placement.leaderEpoch() + 1, candidates);
        } else if (placement.leader() >= 0) {
            become(-1, placement.leaderEpoch() + 1, isr);
        }
    }

    private void become(int leader, int leaderEpoch, Set<Integer> isr) {
        placement = new Placement(leader, leaderEpoch, placement.partitionEpoch() + 1, placement.replicas(), isr);
        version++;
    }

    ProposalOutcome propose(IsrProposal proposal) {
        if (proposal.leaderEpoch() != placement.leaderEpoch() || proposal.partitionEpoch() != placement.partitionEpoch()) {
            return new ProposalOutcome.Outdated();
        }
        for (IsrProposal.Member member : proposal.members()) {
            boolean same = member.brokerEpoch() == IsrProposal.ANY_EPOCH || Long.valueOf(member.brokerEpoch()).equals(epochs.get(member.brokerId()));
            if (!live.contains(member.brokerId()) || !same) {
                return new ProposalOutcome.Refused();
            }
        }
        become(placement.leader(), placement.leaderEpoch(), proposal.isr());
        return new ProposalOutcome.Committed(placement.partitionEpoch(), placement.isr());
    }

    Placement placement() {
        return placement;
    }
}
