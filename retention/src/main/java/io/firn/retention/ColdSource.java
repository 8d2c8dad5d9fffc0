package io.firn.retention;

import io.firn.cold.ColdSegmentLog;
import io.firn.cold.SegmentRecords;
import io.firn.hot.AbortedTransaction;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A segment of the cold tier as compaction reads it: from front to end, chunk by chunk. Its indexes of offsets and times are not wanted, as what is written gets new ones.
 *
 * <p>Limit: two chunks in memory, since a reader that hops from batch to batch may go back to the beginning of one that lies over the border of two. What is further back is fetched anew.
 *
 * <p>Threading: confined to the thread of the compaction, which waits in here for the bucket.
 */
final class ColdSource implements SegmentRecords {

    /** A chunk of the log; number -1 before there is any. */
    private record Loaded(int index, ByteBuffer bytes) {
        static final Loaded NONE = new Loaded(-1, ByteBuffer.allocate(0));
    }

    private final ColdSegmentLog log;
    private final Patience patience;
    private Loaded newer = Loaded.NONE;
    private Loaded older = Loaded.NONE;

    ColdSource(ColdSegmentLog log, Patience patience) {
        this.log = log;
        this.patience = patience;
    }

    @Override
    public long baseOffset() {
        return log.segment().baseOffset();
    }

    @Override
    public long nextOffset() {
        return log.segment().nextOffset();
    }

    @Override
    public long logSizeBytes() {
        return log.segment().logSizeBytes();
    }

    @Override
    public long maxTimestampMs() {
        return log.segment().maxTimestampMs();
    }

    @Override
    public int readLog(long position, ByteBuffer target) {
        int read = 0;
        while (target.hasRemaining() && position + read < logSizeBytes()) {
            long at = position + read;
            ByteBuffer chunk = chunk((int) (at / log.chunkBytes()));
            int from = (int) (at % log.chunkBytes());
            int count = Math.min(target.remaining(), chunk.limit() - from);
            target.put(chunk.slice(from, count));
            read += count;
        }
        return read;
    }

    private ByteBuffer chunk(int index) {
        if (newer.index() != index && older.index() != index) {
            ByteBuffer fetched = patience.await(log.chunk(index));
            older = newer;
            newer = new Loaded(index, fetched);
        }
        return newer.index() == index ? newer.bytes() : older.bytes();
    }

    /** Those whose marker it holds. */
    List<AbortedTransaction> abortedTransactions() {
        return log.abortedTransactions().stream().map(t -> new AbortedTransaction(t.producerId(), t.firstOffset(), t.lastOffset(), t.lastStableOffset())).toList();
    }

    @Override
    public ByteBuffer leaderEpochs() {
        return ByteBuffer.wrap(log.leaderEpochs().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public ByteBuffer producerSnapshot() {
        return log.producerSnapshot();
    }
}
