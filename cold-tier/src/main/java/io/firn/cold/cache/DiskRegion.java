package io.firn.cold.cache;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * One file of the disk cache: chunks are added to its end until it is full, and leave it all at once, when it is deleted. No byte of it is ever written over.
 *
 * <pre>
 *   FILLING ──full──▶ FULL ──asked for least lately, or the cache goes off──▶ RETIRED ──nobody uses it──▶ deleted
 *      └──────────────the cache goes off─────────────────────────────────────▲
 * </pre>
 *
 * <p>Threading: confined to the reads thread, but for {@link #write}, {@link #read} and {@link #delete}, which the cache brings to threads that may block, while it counts them as users.
 */
final class DiskRegion {

    private final long capacityBytes;
    private final List<ChunkAddress.Key> chunks = new ArrayList<>();
    private long usedBytes;
    /** Sum of when its chunks were last asked for. */
    private long asked;
    private int users;
    private boolean retired;
    /** Made by the first write; a chunk is known to others only after its write. */
    private volatile RegionFiles.Region file;

    DiskRegion(long capacityBytes) {
        this.capacityBytes = capacityBytes;
    }

    boolean fits(long bytes) {
        return usedBytes + bytes <= capacityBytes;
    }

    /** Where in the file; a chunk that was asked for at {@code now}. */
    long add(ChunkAddress.Key chunk, long bytes, long now) {
        long position = usedBytes;
        usedBytes += bytes;
        chunks.add(chunk);
        asked += now;
        return position;
    }

    /** One of its chunks is asked for, which was last at {@code before}. */
    void ask(long before, long now) {
        asked += now - before;
    }

    /** When its chunks were last asked for, on average: one that is asked for ever so often does not keep a file of chunks that nobody wants. */
    long asked() {
        return chunks.isEmpty() ? Long.MAX_VALUE : asked / chunks.size();
    }

    /** Those in it, and those that were. */
    List<ChunkAddress.Key> chunks() {
        return chunks;
    }

    long usedBytes() {
        return usedBytes;
    }

    boolean inUse() {
        return users > 0;
    }

    void use() {
        users++;
    }

    /** Whether it may be deleted now. */
    boolean endUse() {
        if (--users < 0) {
            throw new IllegalStateException("A file of the disk cache was given back too often");
        }
        return retired && users == 0;
    }

    /** Nothing is found in it any more; whether it may be deleted now. */
    boolean retire() {
        boolean first = !retired;
        retired = true;
        return first && users == 0;
    }

    void write(RegionFiles files, ByteBuffer source, long position) throws IOException {
        if (file == null) {
            file = files.create();
        }
        file.write(source, position);
    }

    int read(ByteBuffer target, long position) throws IOException {
        return file.read(target, position);
    }

    void delete() throws IOException {
        if (file != null) {
            file.delete();
        }
    }
}
