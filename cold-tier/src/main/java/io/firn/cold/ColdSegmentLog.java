package io.firn.cold;

import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

    private final SegmentIndexes indexes;
    private final ColdChunks pieces;

    private ColdSegmentLog(ColdStore store, ColdSegment segment, SegmentIndexes indexes) {
        this.indexes = indexes;
        this.pieces = new ColdChunks(store, segment, indexes.facts().chunkBytes(), indexes.checksums());
    }

    static CompletableFuture<ColdSegmentLog> open(ColdStore store, TopicIdPartition partition, LiveSegment segment) {
        return fetch(store, partition, segment).exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Corrupt ? fetch(store, partition, segment) // damaged on the way, perhaps
                : CompletableFuture.failedFuture(failure));
    }

    private static CompletableFuture<ColdSegmentLog> fetch(ColdStore store, TopicIdPartition partition, LiveSegment segment) {
        ByteBuffer tail = segment.tailBuffer();
        store.meters().get(tail.capacity());
        return store.onWork(store.objects().get(segment.facts().key(), segment.facts().logSizeBytes(), tail)
                .thenApply(nothing -> new ColdSegmentLog(store, segment.facts(), segment.parse(partition, tail))));
    }

    public ColdSegment segment() {
        return pieces.segment();
    }

    /** Its log bytes alone, for whoever keeps it for long: without indexes and producers' state, which may be some MiB. */
    public ColdChunks pieces() {
        return pieces;
    }

    /** Bytes of each piece but the last. */
    public int chunkBytes() {
        return pieces.chunkBytes();
    }

    /** Pieces that the log is read in, at least 1. */
    public int chunks() {
        return pieces.count();
    }

    /** Log bytes of one piece; pieces follow each other without regard to batches. The last may be short. */
    public CompletableFuture<ByteBuffer> chunk(int index) {
        return pieces.chunk(index);
    }

    /** Whether these bytes are those of the piece, wherever they are from. */
    public boolean isChunk(int index, ByteBuffer bytes) {
        return pieces.isChunk(index, bytes);
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
