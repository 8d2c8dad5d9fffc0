package io.firn.cold.cache;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Neighbouring chunks of one object that come by one request. Each of them is settled once, by whoever has claimed it: who was told that its bytes are there, or who was told how the request ended.
 *
 * <p>Threading: {@link #claim} from any thread; the fetch is the reads thread's.
 */
final class Run {

    private final List<Chunk> chunks;
    private final AtomicInteger claimed = new AtomicInteger();
    FetchQueue.Fetch fetch;

    /** @param chunks in order, one behind the other, at least one */
    Run(List<Chunk> chunks) {
        this.chunks = List.copyOf(chunks);
    }

    List<Chunk> chunks() {
        return chunks;
    }

    int size() {
        return chunks.size();
    }

    String object() {
        return chunks.get(0).address.object();
    }

    long position() {
        return chunks.get(0).address.position();
    }

    List<ByteBuffer> targets() {
        return chunks.stream().map(chunk -> chunk.buffer.slice(0, chunk.length())).toList();
    }

    /** Those of the first {@code count} chunks that nobody has claimed yet; they are the caller's now. */
    List<Chunk> claim(int count) {
        int first = claimed.getAndUpdate(before -> Math.max(before, count));
        return first < count ? chunks.subList(first, count) : List.of();
    }
}
