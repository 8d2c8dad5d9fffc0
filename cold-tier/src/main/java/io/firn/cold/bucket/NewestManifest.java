package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.manifest.Extent;
import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.read.ColdReads;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.read.LiveSegments;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The history of one partition as its newest manifest tells it, to somebody who writes nothing. Immutable: to see what was committed since, read it again.
 *
 * <p>Most of a long history is in pages, which are read by whoever goes there: {@link #live} for readers, {@link LiveWalk} for tools that go through all of it. Pages of a manifest that was superseded are deleted after the grace
 * period; who misses one reads the manifest again.
 *
 * @param manifest its number is 0 when the partition has none
 */
public record NewestManifest(TopicIdPartition partition, PartitionKeys keys, Manifest manifest) {

    /** Never used: nothing is committed through this. */
    private static final int NO_WRITER = 0;

    /** Lists the partition's manifests and reads the newest: two requests. Fails with {@link ColdStoreException.Missing} if the partition was deleted. */
    public static CompletableFuture<NewestManifest> read(ObjectStore objects, BucketLayout layout, TopicIdPartition partition) {
        PartitionKeys keys = layout.partition(partition);
        return ManifestChain.open(objects, keys, partition, NO_WRITER, NO_WRITER, InstantSource.system()).thenApply(chain -> new NewestManifest(partition, keys, chain.head()))
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        ColdStoreException.unwrap(failure) instanceof ColdStoreException.Fenced deleted ? new ColdStoreException.Missing(deleted.getMessage()) : failure));
    }

    /** The segments that count, in the manifest and in its pages, to be read and searched. */
    public LiveSegments live(ColdReads reads) {
        return reads.live(partition, keys, content());
    }

    /** The segment that ends the cold tier. */
    public Optional<LiveSegment> newest() {
        return content().newest().map(entry -> LiveSegment.of(keys, entry));
    }

    /** Largest timestamp of a record, Unix milliseconds; -1 if there is none. */
    public long maxTimestampMs() {
        return content().extents().stream().mapToLong(Extent::maxTimestampMs).max().orElse(-1);
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
