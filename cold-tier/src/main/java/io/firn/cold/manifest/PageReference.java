package io.firn.cold.manifest;

/**
 * Names a page, and says of the segments in it and below what searches, retention and sizes need: so that a page is read only by those who go into it. Everything a named page holds is live.
 *
 * @param baseOffset first offset; with level and nonce it makes the key
 * @param nonce random, drawn for each page
 * @param level 0: its entries are segments; else references to pages of the level below
 * @param entries what the page itself lists
 * @param crc the page's checksum field
 */
public record PageReference(long baseOffset, long nonce, int level, long nextOffset, long segmentCount, long logSizeBytes, long maxTimestampMs, long newestMs,
        boolean hasAbortedTransactions, int entries, int crc) implements Extent {

    public PageReference {
        if (baseOffset < 0 || nextOffset <= baseOffset || level < 0 || level > Page.LEVEL_LIMIT || entries < 1 || entries > Page.ENTRY_LIMIT || segmentCount < entries || logSizeBytes <= 0 || newestMs < 0) {
            throw new IllegalArgumentException("Page of level " + level + " over [" + baseOffset + "," + nextOffset + ") with " + entries + " entries, " + segmentCount + " segments");
        }
    }

    /** Of the page itself. */
    public int sizeBytes() {
        return PageCodec.sizeBytes(level, entries);
    }

    /** Whether all of it lies in {@code [from, to)}. */
    boolean within(long from, long to) {
        return from <= baseOffset && nextOffset <= to;
    }

    boolean overlaps(long from, long to) {
        return baseOffset < to && from < nextOffset;
    }
}
