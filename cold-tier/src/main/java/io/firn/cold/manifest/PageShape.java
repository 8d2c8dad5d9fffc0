package io.firn.cold.manifest;

/**
 * How a long history is cut into manifest and pages. A matter of the writer: readers take any shape.
 *
 * @param oldest segments that the manifest keeps in front of the pages, so that retention sees the oldest ones one by one without a request
 * @param newest segments it keeps behind the pages at the least
 * @param spilled segments that leave it at once for the newest page
 * @param leaf most segments of a page
 * @param fanOut most pages of one level in the manifest, and most references of a page above
 */
public record PageShape(int oldest, int newest, int spilled, int leaf, int fanOut) {

    /**
     * At most 224 segments and, up to a million segments, 256 pages in a manifest: some 48 KiB in memory, 31 KiB as an object. A page of segments has at most 240 KiB, one of pages 17 KiB. Beyond a million segments there is a second
     * level, with one more reference in the manifest for each million; 10^8 segments need no third.
     */
    public static final PageShape DEFAULT = new PageShape(64, 32, 128, 4_096, 256);

    public PageShape {
        if (oldest < 1 || newest < 1 || spilled < 1 || leaf < spilled || leaf > Page.ENTRY_LIMIT || fanOut < 2 || fanOut > Page.ENTRY_LIMIT) {
            throw new IllegalArgumentException("Pages of " + leaf + " segments, " + fanOut + " of a level, " + spilled + " spilled");
        }
    }

    int capacity(int level) {
        return level == 0 ? leaf : fanOut;
    }
}
