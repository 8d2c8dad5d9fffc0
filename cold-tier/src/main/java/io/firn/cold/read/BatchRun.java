package io.firn.cold.read;

import java.nio.ByteBuffer;

/**
 * Whole batches in pinned chunks.
 *
 * @param buffers read-only direct views, in order
 * @param baseOffset of the first batch; the offset asked for if there is none
 * @param nextOffset offset after the last batch; if there is none, where to go on: the offset asked for, or the end of the gap it lies in
 * @param taken to be told once somebody takes the bytes for a reader; on any thread
 * @param release unpins; exactly once, on any thread
 */
public record BatchRun(ByteBuffer[] buffers, int sizeBytes, long baseOffset, long nextOffset, Runnable taken, Runnable release) {

    static BatchRun empty(long offset, long nextOffset) {
        return new BatchRun(new ByteBuffer[0], 0, offset, nextOffset, () -> {}, () -> {});
    }
}
