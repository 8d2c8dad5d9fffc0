package io.firn.cold.s3;

import io.netty.buffer.ByteBuf;
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
import io.netty.handler.codec.http.HttpVersion;
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
 * One connection and the exchange it carries, if any. It is kept after an answer that has been read to its end, once the read that brought that end is over; whatever else happens closes it, bytes behind the answer, too.
 *
 * <p>Progress is any byte sent or received; an exchange without any for the time limit fails. One that is closed before anything of the answer has come is sent again if the connection was a kept one: the server had closed it when
 * we used it, and a GET may be repeated.
 *
 * <p>Threading: confined to the event loop.
 */
final class GetConnection extends ChannelInboundHandlerAdapter {

    private final GetConnections connections;
    private final GetOrigin origin;
    private final long silenceNs;
    private Optional<Channel> channel = Optional.empty();
    private Optional<GetExchange> current = Optional.empty();
    private Optional<Future<?>> watch = Optional.empty();
    private long progressNs = System.nanoTime();
    private AnswerState answer = new AnswerState();
    private boolean kept;

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
        current.ifPresent(exchange -> {
            try {
                send(exchange);
            } catch (RuntimeException e) {
                exchange.fail(e); // a request that cannot be written
            }
        });
    }

    /** Sends it over this connection, which has been kept. */
    void sendKept(GetExchange exchange) {
        kept = true;
        current = Optional.of(exchange);
        exchange.takes(this);
        send(exchange);
    }

    private void send(GetExchange exchange) {
        answer = new AnswerState();
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

    /** What the bytes that come next are read into, if that is where they belong: they are the body's, as they are, and who takes it has memory for them and nothing before them to take yet. */
    Optional<ByteBuf> target(int limit) {
        int bodyBytes = origin.tls() ? 0 : (int) Math.min(limit, answer.left());
        return bodyBytes == 0 ? Optional.empty() : current.flatMap(exchange -> exchange.target(bodyBytes));
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
        if (current.isEmpty()) {
            ReferenceCountUtil.release(message);
            channel().close(); // nobody has asked for it
        } else if (answer.whole()) {
            ReferenceCountUtil.release(message);
            answer.spoil();
        } else if (!(message instanceof HttpObject part) || part.decoderResult().isFailure()) {
            ReferenceCountUtil.release(message);
            current.get().fail(new IOException("The answer is no HTTP", message instanceof HttpObject torn ? torn.decoderResult().cause() : null));
        } else if (part instanceof HttpResponse head) {
            head(head);
        } else if (part instanceof HttpContent content) {
            content(current.get(), content);
        }
    }

    private void head(HttpResponse head) {
        if (!answer.head(head)) {
            return;
        }
        SdkHttpResponse.Builder built = SdkHttpResponse.builder().statusCode(head.status().code()).statusText(head.status().reasonPhrase());
        for (Map.Entry<String, String> header : head.headers()) {
            built.appendHeader(header.getKey(), header.getValue());
        }
        current.get().answered(built.build());
    }

    private void content(GetExchange exchange, HttpContent content) {
        if (!answer.piece(content)) {
            content.release();
            return;
        }
        exchange.piece(content);
        if (answer.whole() && !exchange.over()) {
            exchange.whole();
        }
    }

    void reading(boolean on) {
        channel().config().setAutoRead(on);
    }

    /** The read that brought the end of the answer is over. */
    void free() {
        if (answer.reusable() && channel().isActive()) {
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

    /** It carries the exchange no more: what still comes has not been asked for. */
    void left() {
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
                connections.sendAgain(exchange, System.nanoTime() - progressNs);
            } else {
                exchange.fail(cause);
            }
        });
    }

    private Channel channel() {
        return channel.orElseThrow();
    }
}
