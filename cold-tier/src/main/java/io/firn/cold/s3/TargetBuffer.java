package io.firn.cold.s3;

import io.firn.cold.store.BodyReceiver;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledDirectByteBuf;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ScatteringByteChannel;

/**
 * Memory of a body's target, for one read of the socket; who owns the target goes on owning it.
 *
 * <p><b>Invariant.</b> It is written by that read alone, which the receiver makes, so that nothing is written once the receiver is closed. The read is over when it returns or throws; there is nothing to give back.
 *
 * <p>Threading: confined to the event loop.
 */
final class TargetBuffer extends UnpooledDirectByteBuf {

    private final BodyReceiver receiver;

    /** Empty, over {@code room} as the receiver gave it. */
    TargetBuffer(BodyReceiver receiver, ByteBuffer room) {
        super(UnpooledByteBufAllocator.DEFAULT, room, room.remaining());
        this.receiver = receiver;
        clear();
    }

    /** As Netty's, but by the receiver. */
    @Override
    public int setBytes(int index, ScatteringByteChannel socket, int length) throws IOException {
        try {
            return receiver.read(socket, internalNioBuffer(index, length));
        } catch (ClosedChannelException e) {
            return -1; // its end
        }
    }
}
