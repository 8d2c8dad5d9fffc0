package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.Checksums;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;

/**
 * The bytes of a manifest. Big-endian.
 *
 * <pre>
 *   0  8    "FIRNMANI"
 *   8  i32  format version, 1
 *  12  i32  required features: a reader refuses bits it does not know. Bit 0: some of the live segments are in pages. Bit 1: the clean offset is there.
 *  16  16   topic id
 *  32  i32  partition
 *  36  i64  number of this manifest
 *  44  i32  CRC32C field of the manifest with the number below; 0 for number 1
 *  48  i32  leader epoch of the writer
 *  52  i64  writer id
 *  60  i64  written at, ms
 *  68  i64  log start offset
 *  76  i64  end offset (tier boundary)
 *  84  i32  live segments, oldest first, each 60 bytes: see {@link EntryCodec}; with feature bit 0, those that are not in pages
 *   …  i32  pending deletions, each 28 bytes: i64 base offset, i32 leader epoch, i64 nonce, i64 dropped at ms
 *   …  i32  how many of the live segments above lie before the pages; this and the next two only with feature bit 0
 *   …  i32  pages, oldest first, each 68 bytes: see {@link EntryCodec}; levels never rise from one to the next
 *   …  i32  pending pages, each 84 bytes: a page as above, i64 what of it goes ends at or below this offset, i64 dropped at ms
 *   …  i64  clean offset: compaction has been over everything below it; only with feature bit 1, else it is 0
 *   …  i32  CRC32C of everything before
 * </pre>
 */
final class ManifestCodec {

    private static final long MAGIC = 0x4649524E4D414E49L; // FIRNMANI
    private static final int VERSION = 1;
    private static final int PAGES_FEATURE = 1;
    private static final int CLEAN_OFFSET_FEATURE = 2;
    private static final int FIXED_BYTES = 96;
    private static final int PAGES_FIXED_BYTES = 12;
    private static final int PENDING_BYTES = 28;
    private static final int PENDING_PAGE_BYTES = EntryCodec.PAGE_BYTES + 2 * Long.BYTES;

    private ManifestCodec() {}

    /** @throws ColdStoreException.Misconfigured if it does not fit into one object; pages see to it that it does, unless deletions pile up */
    static ByteBuffer encode(Manifest m) {
        ManifestContent c = m.content();
        int features = (hasPages(c) ? PAGES_FEATURE : 0) | (c.cleanOffset() > 0 ? CLEAN_OFFSET_FEATURE : 0);
        ByteBuffer b = ByteBuffer.allocate(checkedSize(m));
        b.putLong(MAGIC).putInt(VERSION).putInt(features);
        b.putLong(m.topicId().getMostSignificantBits()).putLong(m.topicId().getLeastSignificantBits()).putInt(m.partition());
        b.putLong(m.number()).putInt(m.predecessorCrc()).putInt(m.writerEpoch()).putLong(m.writerId()).putLong(m.writtenAtMs());
        b.putLong(c.logStartOffset()).putLong(c.endOffset());
        b.putInt(c.oldest().size() + c.segments().size());
        c.oldest().forEach(segment -> EntryCodec.putSegment(b, segment));
        c.segments().forEach(segment -> EntryCodec.putSegment(b, segment));
        b.putInt(c.pending().size());
        c.pending().forEach(deletion -> EntryCodec.putName(b, deletion.name()).putLong(deletion.droppedAtMs()));
        if (hasPages(c)) {
            b.putInt(c.oldest().size()).putInt(c.pages().size());
            c.pages().forEach(page -> EntryCodec.putPage(b, page));
            b.putInt(c.pendingPages().size());
            c.pendingPages().forEach(pending -> EntryCodec.putPage(b, pending.page()).putLong(pending.goesBelow()).putLong(pending.droppedAtMs()));
        }
        if (c.cleanOffset() > 0) {
            b.putLong(c.cleanOffset());
        }
        return b.putInt(Checksums.crc32c(b.duplicate().flip())).flip().asReadOnlyBuffer();
    }

    private static boolean hasPages(ManifestContent c) {
        return !c.pages().isEmpty() || !c.pendingPages().isEmpty();
    }

    private static int checkedSize(Manifest m) {
        ManifestContent c = m.content();
        long pages = hasPages(c) ? PAGES_FIXED_BYTES + (long) EntryCodec.PAGE_BYTES * c.pages().size() + (long) PENDING_PAGE_BYTES * c.pendingPages().size() : 0;
        long size = FIXED_BYTES + (long) EntryCodec.SEGMENT_BYTES * (c.oldest().size() + c.segments().size()) + (long) PENDING_BYTES * c.pending().size() + pages + (c.cleanOffset() > 0 ? Long.BYTES : 0);
        if (size > ObjectStore.SMALL_OBJECT_LIMIT_BYTES) {
            throw new ColdStoreException.Misconfigured("The manifest of " + m.topicId() + "-" + m.partition() + " is too large: " + (c.oldest().size() + c.segments().size()) + " segments and "
                    + c.pages().size() + " pages, " + c.pending().size() + " segments and " + c.pendingPages().size() + " pages to be deleted", null);
        }
        return (int) size;
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
        if (version != VERSION || (features & ~(PAGES_FEATURE | CLEAN_OFFSET_FEATURE)) != 0) {
            throw new ColdStoreException.Misconfigured("Manifest of version " + version + ", features " + features + " was written by a newer release", null);
        }
        try {
            return body(b, features);
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Manifest breaks a rule of its format", e);
        }
    }

    private static Manifest body(ByteBuffer b, int features) {
        Uuid topicId = new Uuid(b.getLong(), b.getLong());
        int partition = b.getInt();
        long number = b.getLong();
        int predecessorCrc = b.getInt();
        int epoch = b.getInt();
        long writerId = b.getLong();
        long writtenAtMs = b.getLong();
        ManifestContent content = content(b, features);
        if (b.remaining() != Integer.BYTES || number < 1) {
            throw new IllegalArgumentException(b.remaining() + " bytes left in manifest " + number);
        }
        return new Manifest(topicId, partition, number, predecessorCrc, epoch, writerId, writtenAtMs, content);
    }

    private static ManifestContent content(ByteBuffer b, int features) {
        long logStartOffset = b.getLong();
        long endOffset = b.getLong();
        List<SegmentEntry> segments = list(b, EntryCodec.SEGMENT_BYTES, EntryCodec::segment);
        List<PendingDeletion> pending = list(b, PENDING_BYTES, at -> new PendingDeletion(EntryCodec.name(at), at.getLong()));
        int oldest = 0;
        List<PageReference> pages = List.of();
        List<PendingPage> pendingPages = List.of();
        if ((features & PAGES_FEATURE) != 0) {
            oldest = b.getInt();
            pages = list(b, EntryCodec.PAGE_BYTES, EntryCodec::page);
            pendingPages = list(b, PENDING_PAGE_BYTES, at -> new PendingPage(EntryCodec.page(at), at.getLong(), at.getLong()));
        }
        if (oldest < 0 || oldest > segments.size()) {
            throw new IllegalArgumentException(oldest + " of " + segments.size() + " segments before the pages");
        }
        long cleanOffset = (features & CLEAN_OFFSET_FEATURE) != 0 ? b.getLong() : 0;
        return new ManifestContent(logStartOffset, endOffset, segments.subList(0, oldest), pages, segments.subList(oldest, segments.size()), pending, pendingPages, cleanOffset);
    }

    private static <T> List<T> list(ByteBuffer b, int entryBytes, Function<ByteBuffer, T> entry) {
        int count = b.getInt();
        if (count < 0 || count > b.remaining() / entryBytes) {
            throw new IllegalArgumentException(count + " entries in " + b.remaining() + " bytes");
        }
        List<T> entries = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            entries.add(entry.apply(b));
        }
        return entries;
    }
}
