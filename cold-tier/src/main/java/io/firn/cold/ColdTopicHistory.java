package io.firn.cold;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What the bucket knows of a topic: enough to bring it back.
 *
 * @param description empty if nobody wrote it down, or if it is damaged
 * @param partitions those with a history, ascending
 */
public record ColdTopicHistory(ColdTopic topic, Optional<ColdTopicDescription> description, List<Partition> partitions) {

    /** Of a topic that nobody described: with the defaults of the cluster it would lose what is older than they allow. */
    private static final Map<String, String> KEEP_ALL = Map.of("cleanup.policy", "delete", "retention.ms", "-1", "retention.bytes", "-1");

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

    /** Overrides it is to have: those it had; where that is not known, such that none of its records are deleted until somebody says what it is to keep. */
    public Map<String, String> configs() {
        return description.map(ColdTopicDescription::configs).orElse(KEEP_ALL);
    }

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
