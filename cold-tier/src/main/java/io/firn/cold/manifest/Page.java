package io.firn.cold.manifest;

import java.nio.ByteBuffer;
import java.util.AbstractList;
import java.util.List;

/**
 * An immutable object that lists successive segments, or pages of the level below. Kept as the bytes that were read: an entry is made when it is asked for, so that a page of thousands costs no more memory than its object.
 *
 * <p>Immutable.
 */
public final class Page {

    /** More levels than 2^63 segments need. */
    static final int LEVEL_LIMIT = 8;
    /** Keeps a page below the limit of a small object. */
    static final int ENTRY_LIMIT = 32_768;

    private final int level;
    private final int count;
    private final ByteBuffer bytes;

    /** @param bytes of a whole page, checked */
    Page(int level, int count, ByteBuffer bytes) {
        this.level = level;
        this.count = count;
        this.bytes = bytes;
    }

    public int level() {
        return level;
    }

    /** Bytes it takes in memory. */
    public int sizeBytes() {
        return bytes.capacity();
    }

    /** Oldest first. Each access makes the entry anew. */
    public List<Extent> entries() {
        return new AbstractList<>() {
            @Override
            public Extent get(int index) {
                return entry(index);
            }

            @Override
            public int size() {
                return count;
            }
        };
    }

    private Extent entry(int index) {
        if (index < 0 || index >= count) {
            throw new IndexOutOfBoundsException(index);
        }
        ByteBuffer at = bytes.duplicate().position(PageCodec.HEAD_BYTES + index * PageCodec.entryBytes(level));
        return level == 0 ? EntryCodec.segment(at) : EntryCodec.page(at);
    }

    /** What has to be said of it, if its name has this nonce. */
    public PageReference reference(long nonce) {
        return PageCodec.reference(nonce, level, entries(), bytes);
    }

    /** Of a page of level 0. */
    public List<SegmentEntry> segments() {
        return entries().stream().map(SegmentEntry.class::cast).toList();
    }

    /** Of a page above level 0. */
    public List<PageReference> pages() {
        return entries().stream().map(PageReference.class::cast).toList();
    }
}
