package io.firn.cold.manifest;

import io.firn.cold.segment.SegmentName;
import java.nio.ByteBuffer;

/**
 * The bytes of what manifests and pages list. Big-endian.
 *
 * <pre>
 *   segment, 60 bytes: i64 base offset, i32 leader epoch, i64 nonce, i64 next offset, i64 log size, i64 object size, i64 max timestamp ms,
 *                      i64 offloaded at ms — the top bit of it is set if the segment has aborted transactions
 *   page, 68 bytes:    i64 base offset, i64 nonce, i32 level, i64 next offset, i64 segments, i64 log size, i64 max timestamp ms,
 *                      i64 newest ms — the top bit as above —, i32 entries, i32 the CRC32C field of the page
 * </pre>
 */
final class EntryCodec {

    static final int SEGMENT_BYTES = 60;
    static final int PAGE_BYTES = 68;
    private static final long ABORTED_FLAG = Long.MIN_VALUE;

    private EntryCodec() {}

    static void putSegment(ByteBuffer b, SegmentEntry s) {
        putName(b, s.name()).putLong(s.nextOffset()).putLong(s.logSizeBytes()).putLong(s.objectSizeBytes()).putLong(s.maxTimestampMs());
        b.putLong(s.offloadedAtMs() | (s.hasAbortedTransactions() ? ABORTED_FLAG : 0));
    }

    static ByteBuffer putName(ByteBuffer b, SegmentName name) {
        return b.putLong(name.baseOffset()).putInt(name.leaderEpoch()).putLong(name.nonce());
    }

    static ByteBuffer putPage(ByteBuffer b, PageReference p) {
        b.putLong(p.baseOffset()).putLong(p.nonce()).putInt(p.level()).putLong(p.nextOffset()).putLong(p.segmentCount()).putLong(p.logSizeBytes()).putLong(p.maxTimestampMs());
        return b.putLong(p.newestMs() | (p.hasAbortedTransactions() ? ABORTED_FLAG : 0)).putInt(p.entries()).putInt(p.crc());
    }

    static SegmentEntry segment(ByteBuffer b) {
        SegmentName name = name(b);
        long nextOffset = b.getLong();
        long logSize = b.getLong();
        long objectSize = b.getLong();
        long maxTimestampMs = b.getLong();
        long offloadedAt = b.getLong();
        return new SegmentEntry(name, nextOffset, logSize, objectSize, maxTimestampMs, offloadedAt & ~ABORTED_FLAG, (offloadedAt & ABORTED_FLAG) != 0);
    }

    static SegmentName name(ByteBuffer b) {
        return new SegmentName(b.getLong(), b.getInt(), b.getLong());
    }

    static PageReference page(ByteBuffer b) {
        long baseOffset = b.getLong();
        long nonce = b.getLong();
        int level = b.getInt();
        long nextOffset = b.getLong();
        long segments = b.getLong();
        long logSize = b.getLong();
        long maxTimestampMs = b.getLong();
        long newest = b.getLong();
        return new PageReference(baseOffset, nonce, level, nextOffset, segments, logSize, maxTimestampMs, newest & ~ABORTED_FLAG, (newest & ABORTED_FLAG) != 0, b.getInt(), b.getInt());
    }
}
