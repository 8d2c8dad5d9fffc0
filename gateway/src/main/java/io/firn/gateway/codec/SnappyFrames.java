package io.firn.gateway.codec;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * Looks through the sizes that a snappy payload declares before it is given to the decoder, which takes memory for them unseen: a block of a few bytes may claim gigabytes.
 *
 * <pre>
 * stream  magic (8 bytes) │ version int32 │ compatible int32 │ { length int32, block } …     snappy-java's framing, which Kafka's clients write
 * block   uncompressed length varint │ …                                                   without the magic, the payload is one block
 * </pre>
 *
 * <p>Pure function.
 */
final class SnappyFrames {

    private static final long MAGIC = 0x82534e4150505900L;
    private static final int HEADER_BYTES = 16;

    private SnappyFrames() {}

    /**
     * @throws Recompression.TooLargeException when the blocks claim more than {@code maxBytes} together
     * @throws IOException when a block does not lie inside the payload
     */
    static void check(ByteBuffer payload, int maxBytes) throws IOException {
        boolean framed = payload.remaining() >= HEADER_BYTES && payload.getLong(payload.position()) == MAGIC;
        int end = payload.limit();
        long total = framed ? 0 : claimed(payload, payload.position(), end);
        for (int at = framed ? payload.position() + HEADER_BYTES : end; at < end && total <= maxBytes; ) {
            int length = end - at < Integer.BYTES ? -1 : payload.getInt(at);
            at += Integer.BYTES;
            if (length < 0 || length > end - at) {
                throw new IOException("snappy block of " + length + " bytes, " + (end - at) + " are left");
            }
            total += claimed(payload, at, at + length);
            at += length;
        }
        if (total > maxBytes) {
            throw new Recompression.TooLargeException();
        }
    }

    private static long claimed(ByteBuffer payload, int from, int to) throws IOException {
        long length = 0;
        for (int i = 0; i < 5 && from + i < to; i++) {
            byte octet = payload.get(from + i);
            length |= (octet & 0x7FL) << 7 * i;
            if (octet >= 0) {
                return length;
            }
        }
        throw new IOException("snappy block without a length");
    }
}
