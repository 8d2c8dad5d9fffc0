package io.firn.gateway.partition;

import io.firn.gateway.api.ErrorMapping;
import io.firn.hot.replication.IsrProposal;
import io.firn.hot.replication.ProposalOutcome;
import io.firn.membership.Answer;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionView;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;

/** Kafka's AlterPartition, as a command for the controller, and what its answer means for each proposal. Pure functions. */
final class IsrChanges {

    private IsrChanges() {}

    /** One partition's wish. */
    record Wish(LocalReplica replica, IsrProposal proposal) {}

    static Command.AlterIsr command(int brokerId, long brokerEpoch, List<Wish> wishes) {
        List<Command.IsrChange> changes = new ArrayList<>();
        for (Wish wish : wishes) {
            TopicIdPartition id = wish.replica().id();
            IsrProposal proposal = wish.proposal();
            List<Command.InSync> members = proposal.members().stream().map(member -> new Command.InSync(member.brokerId(), member.brokerEpoch())).toList();
            changes.add(new Command.IsrChange(id.topicId(), id.partition(), proposal.leaderEpoch(), proposal.partitionEpoch(), members, false));
        }
        return new Command.AlterIsr(brokerId, brokerEpoch, changes);
    }

    /** @param outcome what the controller says of this partition in {@code answer} */
    static ProposalOutcome outcome(TopicIdPartition id, IsrProposal proposal, Answer answer, PartitionOutcome outcome) {
        if (outcome.refusal().isPresent()) {
            return refused(outcome.refusal().get().reason());
        }
        Optional<PartitionView> now = answer.view().topic(id.topicId()).map(topic -> topic.partitions().get(id.partition()));
        return now.filter(placed -> placed.leaderEpoch() == proposal.leaderEpoch())
                .<ProposalOutcome>map(placed -> new ProposalOutcome.Committed(placed.partitionEpoch(), new HashSet<>(placed.isr()))).orElseGet(ProposalOutcome.Outdated::new);
    }

    private static ProposalOutcome refused(CommandRefused.Reason reason) {
        return switch (reason) {
            case STALE_PARTITION_EPOCH, FENCED_LEADER_EPOCH, NEW_LEADER_ELECTED, UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC, UNKNOWN_PARTITION -> new ProposalOutcome.Outdated();
            default -> new ProposalOutcome.Refused();
        };
    }

    /** No answer to the command as a whole: refused as such (there was no attempt), or nobody knows. */
    static ProposalOutcome outcome(Throwable failure) {
        return ErrorMapping.unwrap(failure) instanceof CommandRefused ? new ProposalOutcome.Refused() : new ProposalOutcome.Unknown();
    }
}
