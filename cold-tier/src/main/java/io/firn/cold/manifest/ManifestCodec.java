package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.Checksums;
import io.firn.cold.segment.SegmentName;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.Uuid;

/**
 * The bytes of a manifest. Big-endian.
 *
 * <pre>
 *   0  8    "FIRNMANI"
 *   8  i32  format version, 1
 *  12  i32  required features: a reader refuses bits it does not know. Bit 0 is kept for spilled pages
 *           (references to immutable pages of older segments, after the pending deletions); not written yet. Bit 1: the clean offset is there.
 *  16  16   topic id
 *  32  i32  partition
 *  36  i64  number of this manifest
 *  44  i32  CRC32C field of the manifest with the number below; 0 for number 1
 *  48  i32  leader epoch of the writer
 *  52  i64  writer id
 *  60  i64  written at, ms
 *  68  i64  log start offset
 *  76  i64  end offset (tier boundary)
 *  84  i32  live segments, oldest first, each 60 bytes:
 *           i64 base offset, i32 leader epoch, i64 nonce, i64 next offset, i64 log size, i64 object size, i64 max timestamp ms,
 *           i64 offloaded at ms — the top bit of it is set if the segment has aborted transactions
 *   …  i32  pending deletions, each 28 bytes: i64 base offset, i32 leader epoch, i64 nonce, i64 dropped at ms
 *   …  i64  clean offset: compaction has been over everything below it; only with feature bit 1, else it is 0
 *   …  i32  CRC32C of everything before
 * </pre>
 */
final class ManifestCodec {

    private static final long MAGIC = 0x4649524E4D414E49L; // FIRNMANI
    private static final int VERSION = 1;
    private static final int CLEAN_OFFSET_FEATURE = 2;
    private static final int FIXED_BYTES = 96;
    private static final int SEGMENT_BYTES = 60;
    private static final int PENDING_BYTES = 28;
    private static final long ABORTED_FLAG = Long.MIN_VALUE;

    private ManifestCodec() {}

    /** @throws ColdStoreException.Misconfigured if it does not fit into one object: without spilled pages a partition can have about 69,000 segments */
    static ByteBuffer encode(Manifest m) {
        ManifestContent c = m.content();
        boolean compacted = c.cleanOffset() > 0;
        long size = FIXED_BYTES + (long) SEGMENT_BYTES * c.segments().size() + (long) PENDING_BYTES * c.pending().size() + (compacted ? Long.BYTES : 0);
        if (size > ObjectStore.SMALL_OBJECT_LIMIT_BYTES) {
            throw new ColdStoreException.Misconfigured("Partition " + m.topicId() + "-" + m.partition() + " has too many segments for a manifest: "
                    + c.segments().size() + "; larger segments are needed", null);
        }
        ByteBuffer b = ByteBuffer.allocate((int) size);
        b.putLong(MAGIC).putInt(VERSION).putInt(compacted ? CLEAN_OFFSET_FEATURE : 0);
        b.putLong(m.topicId().getMostSignificantBits()).putLong(m.topicId().getLeastSignificantBits()).putInt(m.partition());
        b.putLong(m.number()).putInt(m.predecessorCrc()).putInt(m.writerEpoch()).putLong(m.writerId()).putLong(m.writtenAtMs());
        b.putLong(c.logStartOffset()).putLong(c.endOffset());
        b.putInt(c.segments().size());
        c.segments().forEach(segment -> putSegment(b, segment));
        b.putInt(c.pending().size());
        c.pending().forEach(deletion -> putName(b, deletion.name()).putLong(deletion.droppedAtMs()));
        if (compacted) {
            b.putLong(c.cleanOffset());
        }
        return b.putInt(Checksums.crc32c(b.duplicate().flip())).flip().asReadOnlyBuffer();
    }

    private static void putSegment(ByteBuffer b, SegmentEntry s) {
        putName(b, s.name()).putLong(s.nextOffset()).putLong(s.logSizeBytes()).putLong(s.objectSizeBytes()).putLong(s.maxTimestampMs());
        b.putLong(s.offloadedAtMs() | (s.hasAbortedTransactions() ? ABORTED_FLAG : 0));
    }

    private static ByteBuffer putName(ByteBuffer b, SegmentName name) {
        return b.putLong(name.baseOffset()).putInt(name.leaderEpoch()).putLong(name.nonce());
    }

    /** The checksum at the end, which names these bytes in their successor. */
    static int crc(ByteBuffer bytes) {
        return bytes.getInt(bytes.limit() - Integer.BYTES);
    }

    /**
     * @throws ColdStoreException.Corrupt if the bytes are not those of a manifest
     * @throws ColdStoreException.Misconfigured if a newer release wrote it
     */
    static Manifest decode(ByteBuffer bytes) {
        ByteBuffer b = bytes.slice();
        if (b.limit() < FIXED_BYTES || b.getLong() != MAGIC) {
            throw new ColdStoreException.Corrupt("Manifest of " + b.limit() + " bytes is none", null);
        }
        if (crc(b) != Checksums.crc32c(b.slice(0, b.limit() - Integer.BYTES))) {
            throw new ColdStoreException.Corrupt("Manifest fails its checksum", null);
        }
        int version = b.getInt();
        int features = b.getInt();
        if (version != VERSION || (features & ~CLEAN_OFFSET_FEATURE) != 0) {
            throw new ColdStoreException.Misconfigured("Manifest of version " + version + ", features " + features + " was written by a newer release", null);
        }
        try {
            return body(b, (features & CLEAN_OFFSET_FEATURE) != 0);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Manifest breaks a rule of its format", e);
        }
    }

    private static Manifest body(ByteBuffer b, boolean compacted) {
        Uuid topicId = new Uuid(b.getLong(), b.getLong());
        int partition = b.getInt();
        long number = b.getLong();
        int predecessorCrc = b.getInt();
        int epoch = b.getInt();
        long writerId = b.getLong();
        long writtenAtMs = b.getLong();
        ManifestContent content = content(b, compacted);
        if (b.remaining() != Integer.BYTES || number < 1) {
            throw new IllegalArgumentException(b.remaining() + " bytes left in manifest " + number);
        }
        return new Manifest(topicId, partition, number, predecessorCrc, epoch, writerId, writtenAtMs, content);
    }

    private static ManifestContent content(ByteBuffer b, boolean compacted) {
        long logStartOffset = b.getLong();
        long endOffset = b.getLong();
        int segmentCount = count(b, SEGMENT_BYTES);
        List<SegmentEntry> segments = new ArrayList<>(segmentCount);
        for (int i = 0; i < segmentCount; i++) {
            segments.add(segment(b));
        }
        int pendingCount = count(b, PENDING_BYTES);
        List<PendingDeletion> pending = new ArrayList<>(pendingCount);
        for (int i = 0; i < pendingCount; i++) {
            pending.add(new PendingDeletion(name(b), b.getLong()));
        }
        return new ManifestContent(logStartOffset, endOffset, segments, pending, compacted ? b.getLong() : 0);
    }

    private static int count(ByteBuffer b, int entryBytes) {
        int count = b.getInt();
        if (count < 0 || count > b.remaining() / entryBytes) {
            throw new IllegalArgumentException(count + " entries in " + b.remaining() + " bytes");
        }
        return count;
    }

    private static SegmentEntry segment(ByteBuffer b) {
        SegmentName name = name(b);
        long nextOffset = b.getLong();
        long logSize = b.getLong();
        long objectSize = b.getLong();
        long maxTimestampMs = b.getLong();
        long offloadedAt = b.getLong();
        return new SegmentEntry(name, nextOffset, logSize, objectSize, maxTimestampMs, offloadedAt & ~ABORTED_FLAG, (offloadedAt & ABORTED_FLAG) != 0);
    }

    private static SegmentName name(ByteBuffer b) {
        return new SegmentName(b.getLong(), b.getInt(), b.getLong());
    }
}
