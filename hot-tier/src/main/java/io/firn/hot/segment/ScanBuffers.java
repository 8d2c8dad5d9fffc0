package io.firn.hot.segment;

import java.nio.ByteBuffer;
import java.util.concurrent.ArrayBlockingQueue;

/**
 * Direct buffers for scans, lent and taken back: as many are kept as there are I/O threads, further ones are left to the collector.
 *
 * <p>Threading: thread-safe.
 */
public final class ScanBuffers {

    /** Size of a buffer: a few reads per MiB, and larger than nearly every batch. */
    public static final int SIZE_BYTES = 256 << 10;

    private final ArrayBlockingQueue<ByteBuffer> free;

    public ScanBuffers(int kept) {
        this.free = new ArrayBlockingQueue<>(kept);
    }

    public ByteBuffer take() {
        ByteBuffer buffer = free.poll();
        return buffer == null ? ByteBuffer.allocateDirect(SIZE_BYTES) : buffer.clear();
    }

    public void give(ByteBuffer buffer) {
        free.offer(buffer);
    }
}
