package io.firn.gateway.wire;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.socket.DuplexChannel;
import java.util.concurrent.TimeUnit;

/**
 * The end of a connection that this broker ends of its own: what was written shall arrive. A socket that is closed while bytes are unread sends a reset, and a client that is sending meets that before it has read its answers.
 * So what was written is sent, then the way out is closed alone, and what comes in is thrown away until the client has closed too.
 *
 * <pre>
 *   begin ─▶ all sent ─▶ no more is sent (the client reads the end) ─▶ closed: by the client, after {@link #MAX_MS} since the beginning, after {@link #MAX_BYTES}
 * </pre>
 *
 * <p>Threading: confined to the connection's loop.
 */
final class Lingering {

    static final long MAX_MS = 2_000;
    /** More than any client has under way: five requests of a producer, and what its socket holds. */
    static final long MAX_BYTES = 16 << 20;

    private final Channel channel;
    private long receivedBytes;

    private Lingering(Channel channel) {
        this.channel = channel;
    }

    static Lingering begin(ChannelHandlerContext context) {
        Lingering lingering = new Lingering(context.channel());
        Runnable cancel = later(context, lingering.channel::close);
        lingering.channel.closeFuture().addListener(closed -> cancel.run());
        lingering.channel.config().setAutoRead(true);
        context.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener((ChannelFuture sent) -> lingering.endOutput(sent.isSuccess()));
        return lingering;
    }

    private static Runnable later(ChannelHandlerContext context, Runnable task) {
        var scheduled = context.executor().schedule(task, MAX_MS, TimeUnit.MILLISECONDS);
        return () -> scheduled.cancel(false);
    }

    private void endOutput(boolean sent) {
        if (sent && channel instanceof DuplexChannel duplex) {
            duplex.shutdownOutput();
        } else {
            channel.close();
        }
    }

    /** The client has sent so much more, which is thrown away. */
    void received(int bytes) {
        receivedBytes += bytes;
        if (receivedBytes > MAX_BYTES) {
            channel.close();
        }
    }
}
