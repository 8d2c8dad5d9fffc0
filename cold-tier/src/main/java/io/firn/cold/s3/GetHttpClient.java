package io.firn.cold.s3;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoop;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongConsumer;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.ProxyConfiguration;

/**
 * The SDK's own HTTP client, but for GETs of ranges: these go over {@link GetConnections}, where a body is never copied on its way from what the socket is read into to who takes it, and over http
 * the socket is read into a body's targets themselves ({@link ReadBuffers}). What makes an S3 request of one (endpoint, signature, credentials, what an error means) is not known here.
 *
 * <p>Both together have at most so many requests in flight as the store may have connections ({@link RequestTurns}). Where the SDK would ask an HTTP proxy, everything is left to it.
 *
 * <p>Thread-safe: what is asked for is taken to the event loop, which the SDK's client shares.
 */
final class GetHttpClient implements SdkAsyncHttpClient {

    private final SdkAsyncHttpClient others;
    private final EventLoop loop;
    private final ClientTls tls;
    private final RequestTurns turns;
    private final GetConnections connections;
    private final boolean proxied;

    /** Owns {@code others}. {@code resends} is told on the loop of each GET that is sent once more by itself, with the nanoseconds since it was sent before. */
    GetHttpClient(SdkAsyncHttpClient others, EventLoop loop, ClientTls tls, Limits limits, LongConsumer resends) {
        this(others, loop, NioSocketChannel::new, tls, limits, resends);
    }

    GetHttpClient(SdkAsyncHttpClient others, EventLoop loop, ChannelFactory<? extends Channel> channels, ClientTls tls, Limits limits, LongConsumer resends) {
        this.others = others;
        this.loop = loop;
        this.tls = tls;
        this.turns = new RequestTurns(loop, limits.connections(), limits.waiting(), limits.patienceMs());
        this.connections = new GetConnections(loop, channels, tls, limits, resends);
        this.proxied = ProxyConfiguration.builder().build().host() != null || ProxyConfiguration.builder().scheme("https").build().host() != null;
    }

    /**
     * @param connections requests in flight, of both clients together
     * @param waiting requests that wait for their turn
     * @param patienceMs how long they wait
     * @param connectMs for a connection, and again for TLS
     * @param silenceMs time without any progress after which a request fails
     * @param keptMs how long a connection is kept that nobody uses
     */
    record Limits(int connections, int waiting, long patienceMs, int connectMs, long silenceMs, long keptMs) {}

    @Override
    public CompletableFuture<Void> execute(AsyncExecuteRequest execution) {
        AskedRequest asked = new AskedRequest(execution, new CompletableFuture<>());
        RequestTurns.Waiting request = isOurs(execution.request()) ? exchange(asked) : new PassedRequest(asked);
        try {
            if (execution.request().protocol().equalsIgnoreCase("https")) {
                tls.context(); // here, and not first on the loop
            }
            loop.execute(() -> turns.enter(request));
        } catch (IOException | RejectedExecutionException e) {
            request.refuse(new IOException("The client cannot send: " + e.getMessage(), e));
        }
        return asked.done();
    }

    private boolean isOurs(SdkHttpRequest request) {
        return !proxied && request.method() == SdkHttpMethod.GET && request.firstMatchingHeader("Range").isPresent();
    }

    private GetExchange exchange(AskedRequest asked) {
        GetExchange exchange = new GetExchange(asked, loop, connections, turns);
        asked.done().whenComplete((nothing, failure) -> {
            if (failure != null) {
                onLoop(() -> exchange.fail(failure)); // by the SDK; if by itself, it has ended
            }
        });
        return exchange;
    }

    /** After the loop has ended there is nothing left that could be told. */
    private void onLoop(Runnable step) {
        if (!loop.isShutdown()) {
            loop.execute(step);
        }
    }

    @Override
    public String clientName() {
        return others.clientName();
    }

    @Override
    public void close() {
        onLoop(() -> {
            turns.close();
            connections.close();
        });
        others.close();
    }

    /** One for the SDK's client. */
    private final class PassedRequest implements RequestTurns.Waiting {

        private final AskedRequest asked;

        PassedRequest(AskedRequest asked) {
            this.asked = asked;
        }

        @Override
        public void begin() {
            CompletableFuture<Void> sent = sent();
            asked.done().whenComplete((nothing, failure) -> {
                if (failure != null) {
                    sent.completeExceptionally(failure); // aborts it
                }
            });
            sent.whenComplete((nothing, failure) -> {
                if (failure == null) {
                    asked.done().complete(null);
                } else {
                    asked.done().completeExceptionally(failure);
                }
                onLoop(turns::leave);
            });
        }

        private CompletableFuture<Void> sent() {
            try {
                return others.execute(asked.request());
            } catch (RuntimeException e) {
                asked.fail(e);
                return CompletableFuture.failedFuture(e);
            }
        }

        @Override
        public void refuse(IOException why) {
            asked.fail(why);
        }

        @Override
        public boolean over() {
            return asked.done().isDone();
        }
    }
}
