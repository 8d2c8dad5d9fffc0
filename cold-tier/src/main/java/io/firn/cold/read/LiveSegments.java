package io.firn.cold.read;

import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.manifest.SegmentLookup;
import io.firn.cold.segment.PartitionKeys;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The segments of one partition as of one manifest; contiguous in their ranges of offsets, oldest first. Immutable; most of a long history is in pages, which come as they are asked for.
 */
public final class LiveSegments {

    private final TopicIdPartition partition;
    private final PartitionKeys keys;
    private final SegmentLookup here;
    private final SegmentLookup anywhere;

    /**
     * @param here to be asked on the reads thread
     * @param anywhere of the same manifest, to be asked on any thread
     */
    LiveSegments(TopicIdPartition partition, PartitionKeys keys, SegmentLookup here, SegmentLookup anywhere) {
        this.partition = partition;
        this.keys = keys;
        this.here = here;
        this.anywhere = anywhere;
    }

    public TopicIdPartition partition() {
        return partition;
    }

    /** For any thread. */
    public SegmentLookup lookup() {
        return anywhere;
    }

    /** The segment in whose range {@code offset} lies. On the reads thread, where it answers, perhaps at once. */
    CompletableFuture<Optional<LiveSegment>> at(long offset) {
        return here.at(offset).thenApply(found -> found.map(entry -> LiveSegment.of(keys, entry)));
    }

    /** The segment behind this one. On the reads thread. */
    CompletableFuture<Optional<LiveSegment>> after(LiveSegment segment) {
        return at(segment.nextOffset());
    }

    /** As a search has found it in {@link #lookup}. */
    LiveSegment live(SegmentEntry entry) {
        return LiveSegment.of(keys, entry);
    }

    public long startOffset() {
        return here.content().startOffset();
    }

    public long endOffset() {
        return here.content().isEmpty() ? 0 : here.content().endOffset();
    }
}
