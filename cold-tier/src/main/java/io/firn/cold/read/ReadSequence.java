package io.firn.cold.read;

/**
 * A reader who goes through a log, recognized by asking for the offset at which the former read ended. It remembers where that is, so that
 * the next read needs no index, and how far to fetch ahead: nothing at first, then twice as far with every read that follows on, up to a limit.
 *
 * <p>Mutable; confined to the reads thread. Its identity is what the chunk cache knows a reader by.
 */
final class ReadSequence {

    /** What the manifest it sees says of its segment. */
    private enum Standing {
        KNOWN,
        UNKNOWN,
        REPLACED
    }

    private LiveSegments segments;
    private LiveSegment segment;
    private SegmentChunks chunks;
    private long position;
    private long windowBytes;
    private Standing standing = Standing.UNKNOWN;
    private boolean fetchingIndexes;
    private boolean abandoned;

    /** The read that just ended stopped at the batch boundary {@code position}, the end of the log included. */
    void moveTo(LiveSegments segments, LiveSegment segment, SegmentChunks chunks, long position) {
        this.segments = segments;
        this.segment = segment;
        this.chunks = chunks;
        this.position = position;
        this.standing = Standing.KNOWN;
    }

    /** A newer manifest: what follows may be other segments, and its own segment may have been replaced. */
    void see(LiveSegments newer) {
        if (segments != newer) {
            segments = newer;
            standing = Standing.UNKNOWN;
        }
    }

    /** Whether its segment is live in the manifest it sees now. */
    void found(boolean live) {
        standing = live ? Standing.KNOWN : Standing.REPLACED;
    }

    /** Whether its segment is known to be live. */
    boolean standsInView() {
        return standing == Standing.KNOWN;
    }

    void followedOn(int chunkBytes, long limitBytes) {
        windowBytes = Math.min(limitBytes, Math.max(2L * chunkBytes, 2 * windowBytes));
    }

    /** Read-ahead was refused for want of memory. */
    void shrink(int chunkBytes) {
        windowBytes = Math.max(chunkBytes, windowBytes / 2);
    }

    LiveSegments segments() {
        return segments;
    }

    LiveSegment segment() {
        return segment;
    }

    SegmentChunks chunks() {
        return chunks;
    }

    long position() {
        return position;
    }

    long windowBytes() {
        return windowBytes;
    }

    /** Nobody follows it any more; nothing may be fetched ahead for it. */
    void abandon() {
        abandoned = true;
    }

    boolean abandoned() {
        return abandoned;
    }

    boolean fetchingIndexes() {
        return fetchingIndexes;
    }

    void fetchingIndexes(boolean now) {
        fetchingIndexes = now;
    }
}
