package io.firn.it.simulation;

import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.sim.SimObjectStore;
import io.firn.gateway.partition.Partition;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The tiers touch or overlap, and every object of a manifest exists: what a replica's disk has begins no later than the cold tier ends (or where the log does), the newest manifest's segments follow one another, its end never goes back,
 * and each of its objects is in the bucket, whatever order writes and deletions arrive in.
 */
final class TiersInvariant {

    private static final String NAME = "tiers touch and manifests name what exists";

    private final Cluster cluster;
    private final UncleanElectionInvariant unclean;
    private final BucketLayout layout = new BucketLayout("");
    private final Map<TopicIdPartition, Manifest> heads = new HashMap<>();
    /** Largest log start of any replica: a follower takes its leader's in two steps. */
    private final Map<TopicIdPartition, Long> starts = new HashMap<>();
    private long writers;

    TiersInvariant(Cluster cluster, UncleanElectionInvariant unclean) {
        this.cluster = cluster;
        this.unclean = unclean;
    }

    /** An object was written or deleted. */
    void changed(String key) {
        Optional<TopicIdPartition> partition = layout.partitionOf(key);
        if (partition.isPresent()) {
            PartitionKeys keys = layout.partition(partition.get());
            if (key.startsWith(keys.manifestPrefix())) {
                read(partition.get(), keys);
            }
            Manifest head = heads.get(partition.get());
            if (head != null) {
                check(partition.get(), keys, head);
            }
        }
    }

    private void read(TopicIdPartition partition, PartitionKeys keys) {
        Manifest head = ManifestChain.open(cluster.bucket.objects, keys, partition, 0, --writers, () -> Instant.EPOCH).join().head();
        Manifest before = heads.put(partition, head);
        if (before != null && (head.number() < before.number() || head.content().endOffset() < before.content().endOffset() || head.writerEpoch() < before.writerEpoch())) {
            throw new Violation(NAME, "the manifest of " + partition.topicPartition() + " went back from " + before + " to " + head);
        }
        unclean.offloaded(partition, keys, head);
    }

    private void check(TopicIdPartition partition, PartitionKeys keys, Manifest head) {
        Set<String> there = new HashSet<>(cluster.bucket.objects.keys());
        long next = head.content().startOffset();
        for (SegmentEntry segment : head.content().segments()) {
            if (segment.baseOffset() != next) {
                throw new Violation(NAME, "segments of " + partition.topicPartition() + " do not follow one another at " + next + ": " + head);
            }
            if (!there.contains(keys.segment(segment.name()))) {
                throw new Violation(NAME, "manifest " + head.number() + " of " + partition.topicPartition() + " names " + keys.segment(segment.name()) + ", which is not there");
            }
            next = segment.nextOffset();
        }
    }

    Optional<TopicIdPartition> partitionOf(String key) {
        return layout.partitionOf(key);
    }

    /** The objects of segments that a manifest under way does not name any more. */
    List<String> droppedBy(String key, ByteBuffer bytes) {
        TopicIdPartition partition = layout.partitionOf(key).orElseThrow();
        PartitionKeys keys = layout.partition(partition);
        Manifest head = heads.get(partition);
        SimObjectStore then = new SimObjectStore();
        then.putIfAbsent(key, bytes.duplicate());
        Manifest next = ManifestChain.open(then, keys, partition, 0, --writers, () -> Instant.EPOCH).join().head();
        return head == null ? List.of() : head.content().segments().stream().filter(segment -> !next.content().segments().contains(segment)).map(segment -> keys.segment(segment.name())).toList();
    }

    void look(Partition partition, Seen seen) {
        starts.merge(partition.id(), partition.log().logStartOffset(), Math::max);
        long local = partition.log().hot().localLogStartOffset();
        if (local != seen.localStart) {
            seen.localStart = local;
            Manifest head = heads.get(partition.id());
            long end = head == null ? 0 : head.content().endOffset();
            if (local > Math.max(end, starts.get(partition.id()))) {
                throw new Violation(NAME, Life.text(partition) + " begins locally above the cold tier, which ends at " + end);
            }
        }
    }
}
