package io.firn.cold.s3;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.RecvByteBufAllocator;

/**
 * What the socket of one connection is read into: the target of the body where the bytes that come next belong there, else a buffer of the network's own.
 *
 * <p>Threading: confined to the event loop.
 */
final class ReadBuffers implements RecvByteBufAllocator {

    private final GetConnection connection;

    /** From Netty's older allocator, which the channel is given: it finds the same memory again; the adaptive one makes and zeroes new one for buffers of this size. */
    private final RecvByteBufAllocator own = new FixedRecvByteBufAllocator(GetConnections.READ_BYTES);

    ReadBuffers(GetConnection connection) {
        this.connection = connection;
    }

    @Override
    public Handle newHandle() {
        return new DelegatingHandle(own.newHandle()) {
            @Override
            public ByteBuf allocate(ByteBufAllocator allocator) {
                return connection.target(GetConnections.READ_BYTES).orElseGet(() -> super.allocate(allocator));
            }
        };
    }
}
