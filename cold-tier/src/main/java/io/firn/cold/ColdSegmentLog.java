package io.firn.cold;

import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.Checksums;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.TopicIdPartition;

/**
 * One committed segment, read from front to end by whoever makes a new one of it. It goes past the cache, the read-ahead and the turns of readers, so that a compaction that reads a
 * whole log once pushes out nothing of what they use; each chunk is checked as readers' chunks are.
 *
 * <p>Memory: the segment's tail, and the one chunk that is read. At most one request in flight. It holds no resources: it need not be closed.
 *
 * <p>Threading: immutable; futures complete on cold-tier threads and fail with {@link ColdStoreException}. {@link ColdStoreException.Missing} when the segment has been replaced or
 * deleted and its grace period is over.
 */
public final class ColdSegmentLog {

    private final ColdStore store;
    private final ColdSegment segment;
    private final SegmentIndexes indexes;
    private final int[] checksums;

    private ColdSegmentLog(ColdStore store, ColdSegment segment, SegmentIndexes indexes) {
        this.store = store;
        this.segment = segment;
        this.indexes = indexes;
        this.checksums = indexes.checksums();
    }

    static CompletableFuture<ColdSegmentLog> open(ColdStore store, TopicIdPartition partition, LiveSegment segment) {
        ByteBuffer tail = segment.tailBuffer();
        store.meters().get(tail.capacity());
        return store.onWork(store.objects().get(segment.facts().key(), segment.facts().logSizeBytes(), tail)
                .thenApply(nothing -> new ColdSegmentLog(store, segment.facts(), segment.parse(partition, tail))));
    }

    public ColdSegment segment() {
        return segment;
    }

    /** Bytes of each piece but the last. */
    public int chunkBytes() {
        return indexes.facts().chunkBytes();
    }

    /** Pieces that the log is read in, at least 1. */
    public int chunks() {
        return checksums.length;
    }

    /** Log bytes of one piece; pieces follow each other without regard to batches. The last may be short. */
    public CompletableFuture<ByteBuffer> chunk(int index) {
        return store.onWork(fetch(index).exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Corrupt ? fetch(index) // damaged on the way, perhaps
                : CompletableFuture.failedFuture(failure)));
    }

    private CompletableFuture<ByteBuffer> fetch(int index) {
        long position = (long) index * chunkBytes();
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(chunkBytes(), segment.logSizeBytes() - position));
        store.meters().get(bytes.capacity());
        return store.objects().get(segment.key(), position, bytes).thenApply(nothing -> {
            bytes.clear();
            if (Checksums.crc32c(bytes) != checksums[index]) {
                store.meters().corruptChunk();
                throw new CompletionException(new ColdStoreException.Corrupt("Chunk " + index + " of " + segment.key() + " fails its checksum", null));
            }
            return bytes;
        });
    }

    /** Its aborted transactions, those whose marker it held when it was first offloaded. */
    public List<ColdAbortedTransaction> abortedTransactions() {
        return indexes.abortedTransactions();
    }

    /** Leader epochs from the log's beginning to its end, in the text format of Kafka's {@code leader-epoch-checkpoint}. */
    public String leaderEpochs() {
        return indexes.leaderEpochs();
    }

    /** Producer state at its end, in Kafka's snapshot format. */
    public ByteBuffer producerSnapshot() {
        return indexes.producerSnapshot();
    }
}
