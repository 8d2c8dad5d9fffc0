package io.firn.cold.read;

/**
 * A reader who goes through a log, recognized by asking for the offset at which the former read ended. It remembers where that is, so that
 * the next read needs no index, and how far to fetch ahead: nothing at first, then four chunks, or twice the last read if that is more (four chunks with the first read already, of who begins where a segment does), and
 * twice as far with every further read that follows on, up to a limit, and up to what the reader takes in some seconds: more would be memory that others want.
 *
 * <p><b>Window and reach.</b> The window is what it has ahead, read or on the way: it shrinks when memory is refused. Its reach is what the window would be without that: it tells how long a reader this is, and with that how much is
 * asked for at once ({@link #runBytes()}): little by a short one, so that a store is not asked for what nobody reads; a lot by a long one, so that a replay is few requests.
 *
 * <p>Mutable; confined to the reads thread. Its identity is what the chunk cache knows a reader by.
 */
final class ReadSequence {

    /** So many runs make a window that grows: more would be short ones, of which many readers together soon have as many on their way as there may be requests. */
    private static final int RUNS_A_WINDOW = 4;

    /**
     * Most bytes of one request, however large the window. A chunk takes memory from when it is asked for: of a store 100 ms away, with 90 MB/s a connection, for 170 ms in a run of 6 MiB, for 190 in one of 8 MiB, for 150 in one of 4 MiB; these are 180, 140 and
     * 260 requests a GiB. And a run goes out when there is room for all of it, so longer ones leave more of the window empty.
     */
    private static final long RUN_LIMIT_BYTES = 6L << 20;

    /** Of a window as it begins: what follows the second read comes while that is on its way. */
    private static final int FIRST_WINDOW_CHUNKS = 4;

    /** Who has so much ahead may well get to the end of its segment. */
    private static final int LONG_WINDOW_CHUNKS = 8;

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
    private int readBytes;
    private final ReaderPace pace = new ReaderPace();
    private long windowBytes;
    private long reachBytes;
    private Standing standing = Standing.UNKNOWN;
    /** Whether it has begun before its first read. */
    private boolean guessed;
    private boolean fetchingIndexes;
    private boolean waitsForTask;
    private boolean abandoned;
    /** Key of the segment it stood in, and how large its window was, when the indexes of what follows were asked for. */
    private String lookedFrom = "";
    private long lookedBytes;

    /** The read that just ended, of {@code readBytes}, stopped at the batch boundary {@code position}, the end of the log included. */
    void moveTo(LiveSegments segments, LiveSegment segment, SegmentChunks chunks, long position, int readBytes) {
        this.segments = segments;
        this.segment = segment;
        this.chunks = chunks;
        this.position = position;
        this.readBytes = readBytes;
        this.standing = Standing.KNOWN;
        if (guessed) {
            windowBytes = 0; // no more until somebody follows on
        }
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

    /** Its read ended now. */
    void delivered(long nowMs) {
        pace.took(readBytes, nowMs);
    }

    /** Most that it has use for ahead of it. */
    long usefulBytes(int chunkBytes, long nowMs) {
        return Math.max(Math.max(2L * chunkBytes, 2L * readBytes), pace.bytesInASpan(nowMs));
    }

    /** So many of its usual pauses, from the end of one read to the end of the next. */
    long pausesMs(int count, long nowMs) {
        return pace.pausesMs(count, nowMs);
    }

    /** Before its first read: it is still a guess that there will be a second, so it costs a few chunks and no request but to this segment. */
    void begin(int chunkBytes, long limitBytes) {
        guessed = true;
        reachBytes = Math.min(limitBytes, (long) FIRST_WINDOW_CHUNKS * chunkBytes);
        windowBytes = Math.min(reachBytes, chunks.logSizeBytes() - position);
    }

    void followedOn(int chunkBytes, long limitBytes, long nowMs) {
        if (reachBytes == 0) {
            reachBytes = Math.min(limitBytes, Math.max((long) FIRST_WINDOW_CHUNKS * chunkBytes, 2L * readBytes)); // what the next read asks for itself is no read-ahead
            windowBytes = reachBytes;
        } else if (guessed) {
            guessed = false;
            reachBytes = Math.min(limitBytes, 2 * Math.max(reachBytes, readBytes));
            windowBytes = reachBytes;
        } else {
            reachBytes = Math.min(limitBytes, 2 * reachBytes);
            windowBytes = Math.min(reachBytes, 2 * windowBytes);
        }
        windowBytes = Math.min(windowBytes, usefulBytes(chunkBytes, nowMs));
    }

    /** Read-ahead was refused as it has its share already: it makes do with that. */
    void keepTo(long aheadBytes, int chunkBytes) {
        windowBytes = Math.min(windowBytes, Math.max(aheadBytes, chunkBytes));
    }

    /** Read-ahead was refused for want of memory: half as much, but two runs, as shorter ones would save nothing. */
    void shrink(int chunkBytes) {
        windowBytes = Math.min(windowBytes, Math.max(Math.max(chunkBytes, 2 * runOfReach()), windowBytes / 2));
    }

    /** How much to ask for at once; of a window that has shrunk half, so that one run is read while the next is on its way. Less than a chunk is a chunk. */
    long runBytes() {
        return Math.min(runOfReach(), windowBytes / 2);
    }

    private long runOfReach() {
        return Math.min(RUN_LIMIT_BYTES, reachBytes / RUNS_A_WINDOW);
    }

    /** Whether it has come to another segment, or its window has grown, since this was asked last; never of a short reader, which may not get to the end of its segment. */
    boolean looksFurther(int chunkBytes) {
        boolean further = windowBytes > (long) LONG_WINDOW_CHUNKS * chunkBytes && (!segment.key().equals(lookedFrom) || windowBytes > lookedBytes);
        if (further) {
            lookedFrom = segment.key();
            lookedBytes = windowBytes;
        }
        return further;
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

    /** Whether its read-ahead goes on in a further task. */
    boolean waitsForTask() {
        return waitsForTask;
    }

    void waitsForTask(boolean now) {
        waitsForTask = now;
    }

    boolean fetchingIndexes() {
        return fetchingIndexes;
    }

    void fetchingIndexes(boolean now) {
        fetchingIndexes = now;
    }
}
