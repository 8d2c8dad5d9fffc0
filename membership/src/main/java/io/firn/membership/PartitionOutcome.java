package io.firn.membership;

import java.util.Optional;
import org.apache.kafka.common.TopicPartition;

/**
 * What became of one partition of a command for many. Immutable.
 *
 * @param partition as asked; with an empty topic name where that was asked by an id nobody has
 * @param refusal empty if it was done; how the partition looks then is in the answer's view
 */
public record PartitionOutcome(TopicPartition partition, Optional<Refusal> refusal) {

    /** @param message for the client */
    public record Refusal(CommandRefused.Reason reason, String message) {}

    public static PartitionOutcome done(TopicPartition partition) {
        return new PartitionOutcome(partition, Optional.empty());
    }

    public static PartitionOutcome refused(TopicPartition partition, CommandRefused.Reason reason, String message) {
        return new PartitionOutcome(partition, Optional.of(new Refusal(reason, message)));
    }
}
