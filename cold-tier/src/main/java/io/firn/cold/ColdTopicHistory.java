package io.firn.cold;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the bucket knows of a topic: enough to bring it back.
 *
 * @param description empty if nobody wrote it down
 * @param partitions those with a history, ascending
 */
public record ColdTopicHistory(ColdTopic topic, Optional<ColdTopicDescription> description, List<Partition> partitions) {

    public ColdTopicHistory {
        partitions = List.copyOf(partitions);
    }

    /**
     * One partition's history.
     *
     * @param startOffset first offset that is not deleted
     * @param endOffset first offset that is not in the bucket
     * @param maxTimestampMs of the newest record, Unix milliseconds; -1 if there is none
     * @param leaderEpoch of the leader that wrote last: whoever goes on needs a greater one
     * @param openTransaction first offset of the earliest transaction whose end is not in the bucket; empty if there is none
     */
    public record Partition(int number, long startOffset, long endOffset, long maxTimestampMs, int leaderEpoch, OptionalLong openTransaction) {}

    /** Partitions the topic had, as far as is known. */
    public int partitionCount() {
        int known = partitions.stream().mapToInt(Partition::number).max().orElse(-1) + 1;
        return Math.max(1, Math.max(known, description.map(ColdTopicDescription::partitions).orElse(0)));
    }

    /** Less than this no leader may have as its epoch. */
    public int nextLeaderEpoch() {
        return partitions.stream().mapToInt(Partition::leaderEpoch).max().orElse(-1) + 1;
    }
}
