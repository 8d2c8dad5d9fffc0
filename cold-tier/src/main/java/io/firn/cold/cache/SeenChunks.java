package io.firn.cold.cache;

/**
 * Remembers which chunks were asked for lately, so that only what is asked for again is written to the disk.
 *
 * <p>A table of hashes, eight bytes each, in rows of {@value #ROW}: a new one takes the place of the oldest of its row. It may take a chunk for another one it has seen, which is then written a replay too early.
 *
 * <p>Threading: confined to the reads thread.
 */
final class SeenChunks {

    private static final int ROW = 8;
    private static final int LEAST = 1 << 10;
    private static final int MOST = 1 << 21;

    private final long[] hashes;

    /** @param chunks how many it should remember about, if that is not more than half a million */
    SeenChunks(long chunks) {
        long wanted = Math.min(MOST, Math.max(LEAST, 4 * chunks));
        this.hashes = new long[Integer.highestOneBit((int) wanted)];
    }

    /** Whether it remembers this one, which it does from now on. */
    boolean again(ChunkAddress address) {
        long hash = mixed(address.object().hashCode() * 0x1_0000_0000L + address.index());
        int row = (int) (hash & hashes.length - ROW);
        int at = 0;
        while (at < ROW - 1 && hashes[row + at] != hash) {
            at++;
        }
        boolean seen = hashes[row + at] == hash;
        System.arraycopy(hashes, row, hashes, row + 1, at); // the newest of a row comes first
        hashes[row] = hash;
        return seen;
    }

    /** The finalizer of SplitMix64; never 0, which is an empty place. */
    private static long mixed(long value) {
        long mixed = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94d049bb133111ebL;
        return (mixed ^ mixed >>> 31) | 1L << 63;
    }
}
