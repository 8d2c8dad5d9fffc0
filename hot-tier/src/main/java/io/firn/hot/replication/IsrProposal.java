package io.firn.hot.replication;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The ISR a leader asks the controller for (AlterPartition). It is to be refused unless both epochs are the present ones. It says as well that the leader has recovered, if it was elected unclean: before that it asks for nothing.
 *
 * @param partitionEpoch of the placement it is to replace
 * @param members the leader itself among them; without it, it gives up ({@link #givingUp})
 */
public record IsrProposal(int leaderEpoch, int partitionEpoch, List<Member> members) {

    /** A member's broker epoch when it has not fetched from this leader: the controller takes its own. */
    public static final long ANY_EPOCH = -1;

    /** @param brokerEpoch registration of the broker that has fetched so far; another one of the same id may have lost it (KIP-903) */
    public record Member(int brokerId, long brokerEpoch) {}

    public IsrProposal {
        members = List.copyOf(members);
    }

    /** Of a leader that cannot serve: the others, of whom one is to lead. */
    public static IsrProposal givingUp(int leader, int leaderEpoch, int partitionEpoch, List<Integer> replicas) {
        return new IsrProposal(leaderEpoch, partitionEpoch, replicas.stream().filter(replica -> replica != leader).map(replica -> new Member(replica, ANY_EPOCH)).toList());
    }

    public Set<Integer> isr() {
        return members.stream().map(Member::brokerId).collect(Collectors.toUnmodifiableSet());
    }
}
