package io.firn.it.simulation;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;

/** read_committed sees no aborted record and none of a transaction that is not decided; and in the end all that was committed. */
final class ReadCommittedInvariant {

    private static final String NAME = "read_committed sees no aborted record";

    private record Transaction(long producerId, int epoch) {}

    private final Map<Transaction, Optional<Boolean>> decisions = new HashMap<>();
    private final Map<TopicIdPartition, Set<Long>> seen = new HashMap<>();

    void begun(long producerId, int epoch) {
        decisions.put(new Transaction(producerId, epoch), Optional.empty());
    }

    void decided(long producerId, int epoch, boolean commit) {
        decisions.put(new Transaction(producerId, epoch), Optional.of(commit));
    }

    void seen(TopicIdPartition partition, long offset, long number) {
        Optional<Boolean> decision = decisions.getOrDefault(new Transaction(Records.producerOf(number), Records.epochOf(number)), Optional.of(true));
        if (decision.isEmpty() || !decision.get()) {
            throw new Violation(NAME, "offset " + offset + " of " + partition.topicPartition() + ", " + Records.text(number) + ", is shown, but its transaction is " + (decision.isEmpty() ? "open" : "aborted"));
        }
        seen.computeIfAbsent(partition, first -> new HashSet<>()).add(number);
    }

    /** @param startOffset what is below was deleted, perhaps */
    void atEnd(LogsAgreeInvariant.Shown agreed, long startOffset) {
        for (long offset = startOffset; offset < agreed.known(); offset++) {
            long number = agreed.number(offset);
            boolean committed = decisions.getOrDefault(new Transaction(Records.producerOf(number), Records.epochOf(number)), Optional.of(true)).orElse(false);
            if (committed && !Records.isMarker(number) && !seen.getOrDefault(agreed.partition, Set.of()).contains(number)) {
                throw new Violation(NAME, "but not every committed one either: offset " + offset + " of " + agreed.partition.topicPartition() + ", " + Records.text(number));
            }
        }
    }

    int transactions() {
        return decisions.size();
    }
}
