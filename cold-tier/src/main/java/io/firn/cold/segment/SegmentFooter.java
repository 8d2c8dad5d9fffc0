package io.firn.cold.segment;

import io.firn.cold.ColdStoreException;
import java.nio.ByteBuffer;
import java.util.EnumMap;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/**
 * The last {@value #BYTES} bytes of a segment object. Big-endian; all positions are from the object's first byte.
 *
 * <pre>
 *   0  i32  format version, 1
 *   4  i32  required features: a reader refuses bits it does not know; none so far
 *   8  16   topic id
 *  24  i32  partition
 *  28  i32  leader epoch of the writer
 *  32  i64  base offset
 *  40  i64  next offset
 *  48  i64  largest timestamp, ms; -1 if none
 *  56  i64  log size: the log is bytes [0, log size)
 *  64  i32  chunk size
 *  68  i32  number of sections, at most 6
 *  72  6 ×  { i32 section code, i32 CRC32C of the section, i64 position, i64 length }, unused ones zero
 * 216  24   zero
 * 240  i32  footer size, 256
 * 244  i32  CRC32C of bytes [0, 244) of the footer
 * 248  8    "FIRNSEGM"
 * </pre>
 *
 * <p>A section with a code the reader does not know is passed over; a section that it needs and that is absent makes the object {@link ColdStoreException.Corrupt}.
 */
public record SegmentFooter(SegmentFacts facts, Map<SegmentSection, Range> sections) {

    public static final int BYTES = 256;

    private static final int VERSION = 1;
    private static final int SECTION_LIMIT = 6;
    private static final int SECTIONS_AT = 72;
    private static final int SIZE_AT = 240;
    private static final int CRC_AT = 244;
    private static final long MAGIC = 0x4649524E5345474DL; // FIRNSEGM

    /** Where a section lies, and its checksum. */
    public record Range(long position, long length, int crc32c) {}

    public ByteBuffer encode() {
        ByteBuffer b = ByteBuffer.allocate(BYTES);
        b.putInt(VERSION).putInt(0);
        b.putLong(facts.topicId().getMostSignificantBits()).putLong(facts.topicId().getLeastSignificantBits());
        b.putInt(facts.partition()).putInt(facts.leaderEpoch()).putLong(facts.baseOffset()).putLong(facts.nextOffset());
        b.putLong(facts.maxTimestampMs()).putLong(facts.logSizeBytes()).putInt(facts.chunkBytes()).putInt(sections.size());
        sections.forEach((section, range) -> b.putInt(section.code()).putInt(range.crc32c()).putLong(range.position()).putLong(range.length()));
        b.putInt(SIZE_AT, BYTES).putInt(CRC_AT, Checksums.crc32c(b.slice(0, CRC_AT))).putLong(CRC_AT + 4, MAGIC);
        return b.clear();
    }

    /**
     * @throws ColdStoreException.Corrupt if these are not the bytes of a footer
     * @throws ColdStoreException.Misconfigured if a newer release wrote it
     */
    public static SegmentFooter decode(ByteBuffer bytes) {
        ByteBuffer b = bytes.slice();
        if (b.remaining() != BYTES || b.getLong(CRC_AT + 4) != MAGIC || b.getInt(SIZE_AT) != BYTES) {
            throw new ColdStoreException.Corrupt("Segment object does not end with a footer", null);
        }
        if (b.getInt(CRC_AT) != Checksums.crc32c(b.slice(0, CRC_AT))) {
            throw new ColdStoreException.Corrupt("Segment footer fails its checksum", null);
        }
        if (b.getInt() != VERSION | b.getInt() != 0) {
            throw new ColdStoreException.Misconfigured("Segment of version " + b.getInt(0) + ", features " + b.getInt(4) + " was written by a newer release", null);
        }
        Uuid topicId = new Uuid(b.getLong(), b.getLong());
        int partition = b.getInt();
        int epoch = b.getInt();
        try {
            SegmentFacts facts = new SegmentFacts(topicId, partition, b.getLong(), b.getLong(), epoch, b.getLong(), b.getLong(), b.getInt());
            return new SegmentFooter(facts, decodeSections(b));
        } catch (IllegalArgumentException e) {
            throw new ColdStoreException.Corrupt("Segment footer", e);
        }
    }

    private static Map<SegmentSection, Range> decodeSections(ByteBuffer b) {
        int count = b.getInt();
        if (count < 0 || count > SECTION_LIMIT || b.position() != SECTIONS_AT) {
            throw new IllegalArgumentException(count + " sections");
        }
        Map<SegmentSection, Range> sections = new EnumMap<>(SegmentSection.class);
        for (int i = 0; i < count; i++) {
            int code = b.getInt();
            int crc = b.getInt();
            Range range = new Range(b.getLong(), b.getLong(), crc);
            SegmentSection.of(code).ifPresent(section -> sections.put(section, range));
        }
        return sections;
    }
}
