package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Leader epochs and high watermarks never go back: not in the views that are shown one after the other, not at a replica, and not from one leader to the next once it has as much as it had at its election. Where unclean elections
 * are allowed, the last is for {@link UncleanElectionInvariant} to say.
 */
final class NothingGoesBackInvariant {

    private static final String NAME = "epochs and high watermarks never go back";

    private long lastVersion;
    private final Map<TopicIdPartition, PartitionView> placements = new HashMap<>();
    /** Largest high watermark of each leader epoch. */
    private final Map<TopicIdPartition, TreeMap<Integer, Long>> shown = new HashMap<>();

    void shown(ClusterView view) {
        if (view.version() <= lastVersion) {
            return;
        }
        lastVersion = view.version();
        for (TopicView topic : view.topics().values()) {
            for (PartitionView now : topic.partitions()) {
                PartitionView before = placements.put(new TopicIdPartition(topic.id(), now.partition(), topic.name()), now);
                if (before != null && (now.leaderEpoch() < before.leaderEpoch() || now.partitionEpoch() < before.partitionEpoch() || now.leader() != before.leader() && now.leaderEpoch() == before.leaderEpoch())) {
                    throw new Violation(NAME, topic.name() + " " + now + " after " + before);
                }
            }
        }
    }

    void look(Partition partition, Seen seen) {
        long now = partition.replica().highWatermark();
        int epoch = partition.replica().leaderEpoch();
        boolean reigns = partition.leads() && epoch == seen.epoch;
        if (epoch < seen.epoch || reigns && now < seen.highWatermark) {
            throw new Violation(NAME, Life.text(partition) + " after epoch " + seen.epoch + " and high watermark " + seen.highWatermark);
        }
        if (partition.leads() && !UncleanElectionInvariant.concerns(partition.id()) && (now != seen.highWatermark || !reigns)) {
            led(partition, epoch, now);
        }
        seen.highWatermark = now;
        seen.epoch = epoch;
    }

    private void led(Partition partition, int epoch, long now) {
        TreeMap<Integer, Long> epochs = shown.computeIfAbsent(partition.id(), first -> new TreeMap<>());
        epochs.put(epoch, now);
        Map.Entry<Integer, Long> earlier = epochs.lowerEntry(epoch);
        boolean whole = partition.replica().leader().filter(leader -> now >= leader.epochStartOffset()).isPresent();
        if (whole && earlier != null && now < earlier.getValue()) {
            throw new Violation(NAME, Life.text(partition) + " shows " + now + " as the end, but before it was " + earlier.getValue());
        }
    }
}
