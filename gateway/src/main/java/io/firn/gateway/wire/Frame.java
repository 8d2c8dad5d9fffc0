package io.firn.gateway.wire;

import io.firn.hot.RecordBuffers;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of one message (a request, or another broker's answer), as slices of the receive buffers they arrived in: never merged, never copied to the heap.
 *
 * <p>Pieces smaller than {@value #SMALL_PIECE_BYTES} bytes are copied into a shared tail buffer instead, so that a peer that
 * sends a byte at a time cannot make the bookkeeping larger than the data.
 *
 * <p>Threading: confined to its connection's loop. Memory: at most {@code sizeBytes} of payload, plus what is unused of the
 * receive buffers (64 KiB each) at the two ends.
 */
final class Frame {

    static final int SMALL_PIECE_BYTES = 1024;
    private static final int TAIL_BYTES = 16 * 1024;

    private final int sizeBytes;
    private final List<ByteBuf> pieces = new ArrayList<>(4);
    private int received;
    private ByteBuf tail;

    Frame(int sizeBytes) {
        this.sizeBytes = sizeBytes;
    }

    int sizeBytes() {
        return sizeBytes;
    }

    boolean complete() {
        return received == sizeBytes;
    }

    /** Takes from {@code in} what belongs to this frame. */
    void take(ByteBuf in, ByteBufAllocator allocator) {
        int count = Math.min(sizeBytes - received, in.readableBytes());
        if (count == 0) {
            return;
        }
        received += count;
        if (count >= SMALL_PIECE_BYTES || count == sizeBytes) {
            pieces.add(in.readRetainedSlice(count));
            tail = null;
        } else {
            copy(in, count, allocator);
        }
    }

    private void copy(ByteBuf in, int count, ByteBufAllocator allocator) {
        int left = count;
        while (left > 0) {
            if (tail == null || !tail.isWritable()) {
                tail = allocator.directBuffer(TAIL_BYTES, TAIL_BYTES);
                pieces.add(tail);
            }
            int part = Math.min(left, tail.writableBytes());
            tail.writeBytes(in, part);
            left -= part;
        }
    }

    /** A view of all bytes; valid until {@link #release()}. */
    RecordBuffers bytes() {
        ByteBuffer[] views = new ByteBuffer[pieces.size()];
        for (int i = 0; i < views.length; i++) {
            views[i] = pieces.get(i).nioBuffer();
        }
        return RecordBuffers.of(views);
    }

    void release() {
        for (ByteBuf piece : pieces) {
            piece.release();
        }
        pieces.clear();
        tail = null;
    }
}
