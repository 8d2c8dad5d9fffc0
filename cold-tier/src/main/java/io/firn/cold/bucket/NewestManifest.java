package io.firn.cold.bucket;

import io.firn.cold.ColdSegment;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.read.LiveSegments;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The history of one partition as its newest manifest tells it, to somebody who writes nothing. Immutable: to see what was committed since, read it again.
 *
 * @param manifest its number is 0 when the partition has none
 * @param live the segments that count
 */
public record NewestManifest(PartitionKeys keys, Manifest manifest, LiveSegments live) {

    /** Never used: nothing is committed through this. */
    private static final int NO_WRITER = 0;

    /** Lists the partition's manifests and reads the newest: two requests. Fails with {@link ColdStoreException.Missing} if the partition was deleted. */
    public static CompletableFuture<NewestManifest> read(ObjectStore objects, BucketLayout layout, TopicIdPartition partition) {
        PartitionKeys keys = layout.partition(partition);
        return ManifestChain.open(objects, keys, partition, NO_WRITER, NO_WRITER, InstantSource.system()).thenApply(chain -> of(partition, keys, chain.head()))
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        ColdStoreException.unwrap(failure) instanceof ColdStoreException.Fenced deleted ? new ColdStoreException.Missing(deleted.getMessage()) : failure));
    }

    private static NewestManifest of(TopicIdPartition partition, PartitionKeys keys, Manifest manifest) {
        return new NewestManifest(keys, manifest, new LiveSegments(partition, manifest.content().segments().stream().map(entry -> live(keys, entry)).toList()));
    }

    private static LiveSegment live(PartitionKeys keys, SegmentEntry entry) {
        return new LiveSegment(new ColdSegment(entry.baseOffset(), entry.nextOffset(), entry.name().leaderEpoch(), entry.logSizeBytes(), entry.objectSizeBytes(), entry.maxTimestampMs(),
                entry.offloadedAtMs(), keys.segment(entry.name())), entry.hasAbortedTransactions());
    }

    public TopicIdPartition partition() {
        return live.partition();
    }

    public ManifestContent content() {
        return manifest.content();
    }

    /** The first offset that may be read: records below it are deleted, though the first segment may still hold some. */
    public long startOffset() {
        return Math.min(content().endOffset(), Math.max(content().startOffset(), content().logStartOffset()));
    }

    /** The tier boundary: first offset that is not in the bucket. */
    public long endOffset() {
        return content().endOffset();
    }
}
