package io.firn.cold.s3;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.utils.http.SdkHttpUtils;

/**
 * One connection and the exchange it carries, if any. It is kept after an answer that has been read to its end; whatever else happens closes it.
 *
 * <p>Progress is any byte sent or received; an exchange without any for the time limit fails. One that is closed before anything of the answer has come is sent again if the connection was a kept one: the server had closed it when
 * we used it, and a GET may be repeated.
 *
 * <p>Threading: confined to the event loop.
 */
final class GetConnection extends ChannelInboundHandlerAdapter {

    /** Most bytes of an answer that is an error; the rest is cut off, which still leaves its status. */
    private static final int ERROR_LIMIT_BYTES = 64 << 10;

    private final GetConnections connections;
    private final GetOrigin origin;
    private final long silenceNs;
    private Optional<Channel> channel = Optional.empty();
    private Optional<GetExchange> current = Optional.empty();
    private Optional<Future<?>> watch = Optional.empty();
    private long progressNs = System.nanoTime();
    private boolean kept;
    private boolean reusable;
    private boolean interim;
    private long errorBytesLeft;

    GetConnection(GetConnections connections, GetOrigin origin, long silenceMs) {
        this.connections = connections;
        this.origin = origin;
        this.silenceNs = TimeUnit.MILLISECONDS.toNanos(silenceMs);
    }

    GetOrigin origin() {
        return origin;
    }

    /** When something last went over it. */
    long progressNs() {
        return progressNs;
    }

    /** Is being connected, for this exchange. */
    void connecting(Channel made, GetExchange exchange) {
        channel = Optional.of(made);
        current = Optional.of(exchange);
        exchange.takes(this);
    }

    /** Connected: sends the exchange it was made for, if that is still wanted. */
    void connected() {
        current.ifPresent(this::send);
    }

    /** Sends it over this connection, which has been kept. */
    void sendKept(GetExchange exchange) {
        kept = true;
        current = Optional.of(exchange);
        exchange.takes(this);
        send(exchange);
    }

    private void send(GetExchange exchange) {
        reusable = false;
        interim = false;
        progressed();
        watch(silenceNs);
        channel().writeAndFlush(head(exchange.request())).addListener(sent -> {
            if (sent.isSuccess()) {
                progressed();
            } else {
                lost(sent.cause());
            }
        });
    }

    private static HttpRequest head(SdkHttpRequest request) {
        HttpHeaders headers = new DefaultHttpHeaders();
        boolean usualPort = SdkHttpUtils.isUsingStandardPort(request.protocol(), request.port());
        headers.set(HttpHeaderNames.HOST, usualPort ? request.host() : request.host() + ":" + request.port());
        request.forEachHeader((name, values) -> {
            if (!HttpHeaderNames.HOST.contentEqualsIgnoreCase(name)) {
                headers.add(name, values);
            }
        });
        String path = request.encodedPath().isEmpty() ? "/" : request.encodedPath();
        String target = request.encodedQueryParameters().map(query -> path + "?" + query).orElse(path);
        return new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, target, Unpooled.EMPTY_BUFFER, headers, EmptyHttpHeaders.INSTANCE);
    }

    void progressed() {
        progressNs = System.nanoTime();
    }

    private void watch(long afterNs) {
        watch = Optional.of(channel().eventLoop().schedule(() -> {
            long leftNs = silenceNs - (System.nanoTime() - progressNs);
            if (leftNs > 0) {
                watch(leftNs);
            } else {
                current.ifPresent(exchange -> exchange.fail(new IOException("Nothing sent or received for " + TimeUnit.NANOSECONDS.toMillis(silenceNs) + " ms")));
            }
        }, afterNs, TimeUnit.NANOSECONDS));
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (current.isEmpty() || ((HttpObject) message).decoderResult().isFailure()) {
            ReferenceCountUtil.release(message);
            unreadable(((HttpObject) message).decoderResult().cause());
            return;
        }
        if (message instanceof HttpResponse head) {
            head(head);
        }
        if (message instanceof HttpContent content) {
            content(content);
        }
    }

    private void head(HttpResponse head) {
        interim = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
        if (interim) {
            return; // the answer follows
        }
        reusable = HttpUtil.isKeepAlive(head);
        errorBytesLeft = head.status().codeClass() == HttpStatusClass.SUCCESS ? Long.MAX_VALUE : ERROR_LIMIT_BYTES;
        SdkHttpResponse.Builder answer = SdkHttpResponse.builder().statusCode(head.status().code()).statusText(head.status().reasonPhrase());
        for (Map.Entry<String, String> header : head.headers()) {
            answer.appendHeader(header.getKey(), header.getValue());
        }
        current.get().answered(answer.build());
    }

    private void content(HttpContent content) {
        if (interim || current.isEmpty()) { // what is left of an interim answer, or of one that is not wanted any more
            content.release();
            return;
        }
        GetExchange exchange = current.get();
        errorBytesLeft -= content.content().readableBytes();
        boolean last = content instanceof LastHttpContent || errorBytesLeft < 0;
        reusable &= errorBytesLeft >= 0;
        exchange.piece(content);
        if (last && !exchange.over()) {
            exchange.whole();
        }
    }

    /** What came is no HTTP, or nobody has asked for it. */
    private void unreadable(Throwable cause) {
        current.ifPresent(exchange -> exchange.fail(new IOException("The answer is no HTTP", cause)));
        channel().close();
    }

    void reading(boolean on) {
        channel().config().setAutoRead(on);
    }

    /** The answer has been read to its end. */
    void free() {
        left();
        if (reusable && channel().isActive()) {
            connections.keep(this);
        } else {
            channel().close();
        }
    }

    /** The exchange has failed or is not wanted any more. */
    void discard() {
        left();
        channel().close();
    }

    private void left() {
        current = Optional.empty();
        watch.ifPresent(timer -> timer.cancel(false));
        watch = Optional.empty();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        lost(new IOException("The server closed the connection"));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        lost(cause);
    }

    /** The connection cannot be used, or was never made. */
    void lost(Throwable cause) {
        Optional<GetExchange> carried = current;
        left();
        channel().close();
        carried.ifPresent(exchange -> {
            if (kept && !exchange.isAnswered()) {
                connections.connect(exchange);
            } else {
                exchange.fail(cause);
            }
        });
    }

    private Channel channel() {
        return channel.orElseThrow();
    }
}
