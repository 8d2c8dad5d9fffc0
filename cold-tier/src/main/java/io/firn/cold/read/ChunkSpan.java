package io.firn.cold.read;

import io.firn.cold.cache.Chunk;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Neighbouring chunks seen as one run of log bytes, addressed by position in the log. Values are big-endian and may lie across chunks.
 */
final class ChunkSpan {

    private final int chunkBytes;
    private final int firstIndex;
    private final List<Chunk> chunks;
    private final ByteBuffer[] bytes;
    private final long end;

    /** @param chunks pinned, in order, at least one */
    ChunkSpan(int chunkBytes, List<Chunk> chunks) {
        this.chunkBytes = chunkBytes;
        this.chunks = List.copyOf(chunks);
        this.firstIndex = chunks.get(0).index();
        this.bytes = chunks.stream().map(Chunk::bytes).toArray(ByteBuffer[]::new);
        this.end = (long) (firstIndex + chunks.size() - 1) * chunkBytes + chunks.get(chunks.size() - 1).length();
    }

    /** Position after the last byte. */
    long end() {
        return end;
    }

    byte byteAt(long position) {
        return bytes[part(position)].get((int) (position % chunkBytes));
    }

    int intAt(long position) {
        ByteBuffer part = bytes[part(position)];
        int at = (int) (position % chunkBytes);
        return at + Integer.BYTES <= part.limit() ? part.getInt(at) : (int) gather(position, Integer.BYTES);
    }

    long longAt(long position) {
        ByteBuffer part = bytes[part(position)];
        int at = (int) (position % chunkBytes);
        return at + Long.BYTES <= part.limit() ? part.getLong(at) : gather(position, Long.BYTES);
    }

    private long gather(long position, int count) {
        long value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | byteAt(position + i) & 0xff;
        }
        return value;
    }

    private int part(long position) {
        return (int) (position / chunkBytes) - firstIndex;
    }

    /** Views of the bytes {@code [from, to)}, one a chunk. */
    ByteBuffer[] slices(long from, long to) {
        List<ByteBuffer> slices = new ArrayList<>();
        for (long at = from; at < to; ) {
            ByteBuffer part = bytes[part(at)];
            int begin = (int) (at % chunkBytes);
            int count = (int) Math.min(part.limit() - begin, to - at);
            slices.add(part.slice(begin, count));
            at += count;
        }
        return slices.toArray(ByteBuffer[]::new);
    }

    /** The chunks that hold bytes of {@code [from, to)}. */
    List<Chunk> holding(long from, long to) {
        return to <= from ? List.of() : chunks.subList(part(from), part(to - 1) + 1);
    }
}
