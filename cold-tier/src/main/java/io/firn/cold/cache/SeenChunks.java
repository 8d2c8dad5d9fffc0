package io.firn.cold.cache;

/**
 * Remembers when chunks were asked for lately, in a time that is the number of asks: so that only what is asked for again is written to the disk, and only in place of what was asked for less lately.
 *
 * <pre>
 *   a place, 8 bytes:   24 bits of the chunk's hash │ 40 bits: when it was asked for; 0 if the place is empty
 * </pre>
 *
 * <p>A table of such places in rows of {@value #ROW}: a new one takes the place of the oldest of its row. It may take a chunk for another one it has seen, one ask of two million, which is then written a replay too early. Its time goes on for
 * 10^12 asks: 30 years at a thousand a second.
 *
 * <p>Threading: confined to the reads thread.
 */
final class SeenChunks {

    /** When a chunk was asked for of which nothing is remembered. */
    static final long NEVER = 0;

    private static final int ROW = 8;
    private static final int LEAST = 1 << 10;
    private static final int MOST = 1 << 21;
    private static final long TIME = (1L << 40) - 1;

    private final long[] places;
    private long now;

    /** @param chunks there is room for; it remembers some two to four times as many, two million at most */
    SeenChunks(long chunks) {
        long wanted = Math.min(MOST, Math.max(LEAST, 4 * chunks));
        this.places = new long[Integer.highestOneBit((int) wanted)];
    }

    /** The time of the last ask. */
    long now() {
        return now;
    }

    /** A chunk is asked for; when it was before that, or {@link #NEVER}. */
    long ask(ChunkAddress address) {
        now++;
        long hash = mixed(address.object().hashCode() * 0x1_0000_0000L + address.index());
        int row = (int) (hash & places.length - ROW);
        int at = 0;
        while (at < ROW - 1 && (places[row + at] ^ hash) >>> 40 != 0) {
            at++;
        }
        long before = (places[row + at] ^ hash) >>> 40 == 0 ? places[row + at] & TIME : NEVER;
        System.arraycopy(places, row, places, row + 1, at); // the newest of a row comes first
        places[row] = hash & ~TIME | now;
        return before;
    }

    /** The finalizer of SplitMix64. */
    private static long mixed(long value) {
        long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return mixed ^ mixed >>> 31;
    }
}
