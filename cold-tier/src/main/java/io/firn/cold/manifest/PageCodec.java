package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.segment.Checksums;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/**
 * The bytes of a page. Big-endian.
 *
 * <pre>
 *   0  8    "FIRNPAGE"
 *   8  i32  format version, 1
 *  12  i32  required features: a reader refuses bits it does not know; 0 so far
 *  16  16   topic id
 *  32  i32  partition
 *  36  i32  level: 0 lists segments, n lists pages of level n - 1
 *  40  i32  entries, oldest first, of 60 or 68 bytes: see {@link EntryCodec}
 *   …  i32  CRC32C of everything before
 * </pre>
 */
final class PageCodec {

    static final int HEAD_BYTES = 44;
    private static final long MAGIC = 0x4649524E50414745L; // FIRNPAGE
    private static final int VERSION = 1;

    private PageCodec() {}

    static int entryBytes(int level) {
        return level == 0 ? EntryCodec.SEGMENT_BYTES : EntryCodec.PAGE_BYTES;
    }

    static int sizeBytes(int level, int entries) {
        return HEAD_BYTES + entries * entryBytes(level) + Integer.BYTES;
    }

    /** @param entries of one level, following each other; at least one */
    static ByteBuffer encode(TopicIdPartition partition, int level, List<? extends Extent> entries) {
        ByteBuffer b = ByteBuffer.allocate(sizeBytes(level, entries.size())).putLong(MAGIC).putInt(VERSION).putInt(0);
        b.putLong(partition.topicId().getMostSignificantBits()).putLong(partition.topicId().getLeastSignificantBits()).putInt(partition.partition());
        b.putInt(level).putInt(entries.size());
        for (Extent entry : entries) {
            if (entry instanceof SegmentEntry segment) {
                EntryCodec.putSegment(b, segment);
            } else {
                EntryCodec.putPage(b, (PageReference) entry);
            }
        }
        return b.putInt(Checksums.crc32c(b.duplicate().flip())).flip().asReadOnlyBuffer();
    }

    /** What is to be said of a page with these bytes and entries. */
    static PageReference reference(long nonce, int level, List<? extends Extent> entries, ByteBuffer bytes) {
        long segments = 0;
        long logSize = 0;
        long maxTimestampMs = -1;
        long newestMs = 0;
        boolean aborted = false;
        for (Extent entry : entries) {
            segments += entry.segmentCount();
            logSize += entry.logSizeBytes();
            maxTimestampMs = Math.max(maxTimestampMs, entry.maxTimestampMs());
            newestMs = Math.max(newestMs, entry.newestMs());
            aborted |= entry.hasAbortedTransactions();
        }
        return new PageReference(entries.get(0).baseOffset(), nonce, level, entries.get(entries.size() - 1).nextOffset(), segments, logSize, maxTimestampMs, newestMs, aborted,
                entries.size(), bytes.getInt(bytes.limit() - Integer.BYTES));
    }

    /**
     * @throws ColdStoreException.Corrupt if the bytes are not those of the page that {@code reference} names
     * @throws ColdStoreException.Misconfigured if a newer release wrote it
     */
    static Page decode(TopicIdPartition partition, PageReference reference, ByteBuffer bytes) {
        ByteBuffer b = bytes.slice();
        if (b.limit() < HEAD_BYTES + Integer.BYTES || b.getLong() != MAGIC) {
            throw new ColdStoreException.Corrupt("Page of " + b.limit() + " bytes is none", null);
        }
        int crc = b.getInt(b.limit() - Integer.BYTES);
        if (crc != Checksums.crc32c(b.slice(0, b.limit() - Integer.BYTES))) {
            throw new ColdStoreException.Corrupt("Page fails its checksum", null);
        }
        int version = b.getInt();
        int features = b.getInt();
        if (version != VERSION || features != 0) {
            throw new ColdStoreException.Misconfigured("Page of version " + version + ", features " + features + " was written by a newer release", null);
        }
        boolean same = new Uuid(b.getLong(), b.getLong()).equals(partition.topicId()) && b.getInt() == partition.partition() && b.getInt() == reference.level()
                && b.getInt() == reference.entries() && b.limit() == reference.sizeBytes() && crc == reference.crc();
        if (!same) {
            throw new ColdStoreException.Corrupt("Page of " + partition + " is another one than " + reference, null);
        }
        Page page = new Page(reference.level(), reference.entries(), bytes.slice().asReadOnlyBuffer());
        requireInOrder(page, reference);
        return page;
    }

    private static void requireInOrder(Page page, PageReference reference) {
        try {
            long end = reference.baseOffset();
            for (Extent entry : page.entries()) {
                if (entry.baseOffset() != end || entry instanceof PageReference below && below.level() != reference.level() - 1) {
                    throw new ColdStoreException.Corrupt("Entry at " + entry.baseOffset() + " after one that ends at " + end + " in a page over [" + reference.baseOffset() + "," + reference.nextOffset() + ")", null);
                }
                end = entry.nextOffset();
            }
            if (end != reference.nextOffset()) {
                throw new ColdStoreException.Corrupt("Page ends at " + end + " instead of " + reference.nextOffset(), null);
            }
        } catch (IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Page breaks a rule of its format", e);
        }
    }
}
