package io.firn.cold.segment;

import io.firn.cold.ColdStoreException;
import io.firn.cold.SegmentSource;
import io.firn.cold.UploadSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.TopicIdPartition;

/**
 * A sealed segment as the object to be uploaded: the log as the source reads it, then the tail (sections and footer) held in memory.
 *
 * <pre>
 *   0                      log bytes: Kafka record batches, unchanged
 *   log size               sections in the order of {@link SegmentSection}, without gaps
 *   object size - 256      {@link SegmentFooter}
 * </pre>
 *
 * <p>{@link #audit} reads the log once from front to end, checks every batch and takes the checksum of every chunk; the upload, which a store may do in
 * parts and in any order, then reads it again and compares each chunk that lies whole in one read. So a log that changes or rots between the two never
 * becomes an object that passes for sound.
 *
 * <p>Memory: the tail, and {@value #AUDIT_BUFFER_BYTES} bytes while auditing. Threading: immutable after {@link #audit}; {@link #read} from many threads.
 */
public final class SegmentObject implements UploadSource {

    private static final int AUDIT_BUFFER_BYTES = 256 << 10;

    private final SegmentSource source;
    private final SegmentFacts facts;
    private final int[] checksums;
    private final ByteBuffer tail;

    private SegmentObject(SegmentSource source, SegmentFacts facts, int[] checksums, ByteBuffer tail) {
        this.source = source;
        this.facts = facts;
        this.checksums = checksums;
        this.tail = tail;
    }

    /**
     * Reads the whole log once; blocks on its disk.
     *
     * @throws ColdStoreException.Corrupt the local segment is damaged or does not hold what it says
     * @throws IOException as the source throws
     */
    public static SegmentObject audit(TopicIdPartition partition, int leaderEpoch, int chunkBytes, SegmentSource source) throws IOException {
        BatchAudit audit = new BatchAudit(source.baseOffset(), source.nextOffset());
        ChunkChecksums chunks = new ChunkChecksums(source.logSizeBytes(), chunkBytes);
        ByteBuffer buffer = ByteBuffer.allocateDirect(AUDIT_BUFFER_BYTES);
        for (long position = 0; position < source.logSizeBytes(); position += buffer.limit()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), source.logSizeBytes() - position));
            readFully(source, position, buffer);
            chunks.accept(buffer.flip());
            audit.accept(buffer);
        }
        audit.finish();
        SegmentFacts facts = new SegmentFacts(partition.topicId(), partition.partition(), source.baseOffset(), source.nextOffset(), leaderEpoch,
                audit.maxTimestampMs(), source.logSizeBytes(), chunkBytes);
        return new SegmentObject(source, facts, chunks.finish(), tail(source, facts, chunks.finish()));
    }

    private static ByteBuffer tail(SegmentSource source, SegmentFacts facts, int[] checksums) throws IOException {
        Map<SegmentSection, ByteBuffer> contents = new EnumMap<>(SegmentSection.class);
        contents.put(SegmentSection.OFFSET_INDEX, source.offsetIndex().slice());
        contents.put(SegmentSection.TIME_INDEX, source.timeIndex().slice());
        contents.put(SegmentSection.TRANSACTION_INDEX, source.transactionIndex().slice());
        contents.put(SegmentSection.LEADER_EPOCHS, source.leaderEpochs().slice());
        contents.put(SegmentSection.PRODUCER_SNAPSHOT, source.producerSnapshot().slice());
        contents.put(SegmentSection.CHUNK_CHECKSUMS, asBytes(checksums));
        Map<SegmentSection, SegmentFooter.Range> ranges = new EnumMap<>(SegmentSection.class);
        long position = facts.logSizeBytes();
        for (Map.Entry<SegmentSection, ByteBuffer> content : contents.entrySet()) {
            ranges.put(content.getKey(), new SegmentFooter.Range(position, content.getValue().remaining(), Checksums.crc32c(content.getValue())));
            position += content.getValue().remaining();
        }
        ByteBuffer tail = ByteBuffer.allocate(Math.toIntExact(position - facts.logSizeBytes() + SegmentFooter.BYTES));
        contents.values().forEach(content -> tail.put(content.duplicate()));
        tail.put(new SegmentFooter(facts, ranges).encode());
        return tail.flip().asReadOnlyBuffer();
    }

    private static ByteBuffer asBytes(int[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(values.length * Integer.BYTES);
        bytes.asIntBuffer().put(values);
        return bytes;
    }

    public SegmentFacts facts() {
        return facts;
    }

    /** Sections and footer: what follows the log. */
    public ByteBuffer tail() {
        return tail.duplicate();
    }

    /** Whether the segment has aborted transactions. */
    public boolean hasAbortedTransactions() {
        return SegmentFooter.decode(tail.slice(tail.limit() - SegmentFooter.BYTES, SegmentFooter.BYTES)).sections().get(SegmentSection.TRANSACTION_INDEX)
                .length() > 0;
    }

    @Override
    public long sizeBytes() {
        return facts.logSizeBytes() + tail.limit();
    }

    @Override
    public void read(long position, ByteBuffer target) throws IOException {
        int logPart = (int) Math.max(0, Math.min(target.remaining(), facts.logSizeBytes() - position));
        if (logPart > 0) {
            ByteBuffer log = target.slice(target.position(), logPart);
            readFully(source, position, log);
            verify(position, log.flip());
            target.position(target.position() + logPart);
        }
        if (target.hasRemaining()) {
            int from = Math.toIntExact(position + logPart - facts.logSizeBytes());
            target.put(tail.slice(from, target.remaining()));
        }
    }

    private void verify(long position, ByteBuffer log) throws IOException {
        int chunkBytes = facts.chunkBytes();
        long end = position + log.limit();
        for (long chunk = (position + chunkBytes - 1) / chunkBytes; chunk < checksums.length; chunk++) {
            long from = chunk * chunkBytes;
            long to = Math.min(from + chunkBytes, facts.logSizeBytes());
            if (to > end) {
                return;
            }
            if (Checksums.crc32c(log.slice((int) (from - position), (int) (to - from))) != checksums[(int) chunk]) {
                throw new IOException("Local segment " + facts.baseOffset() + " changed while it was uploaded: bytes [" + from + "," + to + ")");
            }
        }
    }

    private static void readFully(SegmentSource source, long position, ByteBuffer target) throws IOException {
        int wanted = target.remaining();
        int read = source.readLog(position, target);
        if (read != wanted || target.hasRemaining()) {
            throw new IOException("Local segment " + source.baseOffset() + " ended at " + (position + read) + " of " + source.logSizeBytes() + " bytes");
        }
    }
}
