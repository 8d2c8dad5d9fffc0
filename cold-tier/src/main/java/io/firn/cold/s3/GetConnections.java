package io.firn.cold.s3;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.ssl.SslHandler;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;

/**
 * The connections that GETs of ranges go over: one a GET in flight, which {@link RequestTurns} bound, and those kept for the next one. Names are looked up for each new connection, on the loop, as the SDK's client does it, too.
 *
 * <p>Kept ones are used last in, first out, so that those that are not needed grow old and are closed; all together, in use and kept, are at most as many as GETs may be in flight.
 *
 * <p>Threading: confined to the event loop.
 */
final class GetConnections {

    /** Bytes read from a socket at once: few system calls, and few pieces, for each GiB. */
    static final int READ_BYTES = S3BucketRequests.READ_BYTES;

    private static final int HEAD_LIMIT_BYTES = 64 << 10;

    private final EventLoop loop;
    private final Bootstrap bootstrap;
    private final ClientTls tls;
    private final GetHttpClient.Limits limits;
    private final LongConsumer resends;
    private final long keptLimitNs;
    private final Set<GetConnection> open = new HashSet<>();
    private final ArrayDeque<GetConnection> kept = new ArrayDeque<>(); // the last one used first
    private boolean timed;
    private boolean closed;

    GetConnections(EventLoop loop, ChannelFactory<? extends Channel> channels, ClientTls tls, GetHttpClient.Limits limits, LongConsumer resends) {
        this.loop = loop;
        this.tls = tls;
        this.limits = limits;
        this.resends = resends;
        this.keptLimitNs = TimeUnit.MILLISECONDS.toNanos(limits.keptMs());
        this.bootstrap = new Bootstrap().group(loop).channelFactory(channels).option(ChannelOption.CONNECT_TIMEOUT_MILLIS, limits.connectMs()).option(ChannelOption.TCP_NODELAY, true)
                .option(ChannelOption.SO_KEEPALIVE, true).option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT);
    }

    /** Sends it over a kept connection, or else a fresh one. */
    void send(GetExchange exchange) {
        GetOrigin origin = GetOrigin.of(exchange.request());
        Optional<GetConnection> found = kept.stream().filter(connection -> connection.origin().equals(origin)).findFirst();
        found.ifPresent(kept::remove);
        found.ifPresentOrElse(connection -> connection.sendKept(exchange), () -> connect(exchange));
    }

    /** Sends it over a fresh connection, as the kept one it had gone over so long ago was lost before anything of the answer had come. */
    void sendAgain(GetExchange exchange, long sinceSentNs) {
        resends.accept(sinceSentNs);
        connect(exchange);
    }

    /** Sends it over a fresh connection. */
    void connect(GetExchange exchange) {
        if (closed) {
            exchange.fail(new IOException("The client is closed"));
            return;
        }
        if (open.size() >= limits.connections() && !kept.isEmpty()) {
            kept.removeLast().discard(); // to another origin
        }
        GetOrigin origin = GetOrigin.of(exchange.request());
        GetConnection connection = new GetConnection(this, origin, limits.silenceMs());
        ChannelFuture connecting = bootstrap.clone().handler(new Pipeline(connection)).connect(origin.host(), origin.port());
        if (connecting.isDone() && !connecting.isSuccess()) { // without descriptors there is no channel at all, and what it calls its loop is not ours
            exchange.fail(connecting.cause());
            return;
        }
        open.add(connection);
        connection.connecting(connecting.channel(), exchange);
        connecting.channel().closeFuture().addListener(ended -> forget(connection));
        connecting.addListener(made -> {
            if (made.isSuccess()) {
                connection.connected();
            } else {
                connection.lost(made.cause());
            }
        });
    }

    /** Takes back one whose answer has been read to its end. */
    void keep(GetConnection connection) {
        if (closed) {
            connection.discard();
            return;
        }
        connection.reading(true); // to hear of its end
        kept.addFirst(connection);
        watch();
    }

    private void forget(GetConnection connection) {
        open.remove(connection);
        kept.remove(connection);
    }

    private void watch() {
        if (!timed && !kept.isEmpty()) {
            timed = true;
            loop.schedule(this::evict, kept.peekLast().progressNs() + keptLimitNs - System.nanoTime(), TimeUnit.NANOSECONDS);
        }
    }

    private void evict() {
        timed = false;
        long nowNs = System.nanoTime();
        while (!kept.isEmpty() && nowNs - kept.peekLast().progressNs() >= keptLimitNs) {
            kept.removeLast().discard();
        }
        watch();
    }

    /** Closes all of them; what they carry fails. */
    void close() {
        closed = true;
        List.copyOf(open).forEach(connection -> connection.lost(new IOException("The client was closed")));
    }

    /** TLS if it is asked for, then HTTP, then the connection. */
    private final class Pipeline extends ChannelInitializer<Channel> {

        private final GetConnection connection;

        Pipeline(GetConnection connection) {
            this.connection = connection;
        }

        @Override
        protected void initChannel(Channel channel) throws IOException {
            channel.config().setRecvByteBufAllocator(new ReadBuffers(connection));
            channel.pipeline().addLast(new Traffic(connection));
            if (connection.origin().tls()) {
                SslHandler handler = tls.context().newHandler(channel.alloc(), connection.origin().host(), connection.origin().port());
                handler.setHandshakeTimeoutMillis(limits.connectMs());
                channel.pipeline().addLast(handler);
            }
            HttpDecoderConfig decoder = new HttpDecoderConfig().setMaxChunkSize(READ_BYTES).setMaxHeaderSize(HEAD_LIMIT_BYTES);
            channel.pipeline().addLast(new HttpClientCodec(decoder, false, false), connection);
        }
    }

    /** Sees what comes before anything makes sense of it, and that nobody who does writes where it lies. */
    private static final class Traffic extends ChannelInboundHandlerAdapter {

        private final GetConnection connection;

        Traffic(GetConnection connection) {
            this.connection = connection;
        }

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            connection.progressed();
            context.fireChannelRead(message instanceof TargetBuffer read ? read.asReadOnly() : message);
        }
    }
}
