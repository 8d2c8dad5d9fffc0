package io.firn.gateway.http;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.partition.TopicRecovery;
import io.firn.membership.Metadata;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The HTTP server: {@code /metrics}, {@code /health/live}, {@code /health/ready}, and {@link ClusterPage}. HTTP/1.1 only.
 *
 * <p>Limits, all small because no route takes anything: start line and headers (431 or 414 beyond them), no request body (413), connections
 * (closed at once beyond), idle time. So a slow or greedy client costs bounded memory and never a thread.
 *
 * <p>Threading: thread-safe.
 */
public final class HttpListener {

    static final int MAX_START_LINE_BYTES = 4096;
    static final int MAX_HEADER_BYTES = 8192;
    static final int MAX_CONNECTIONS = 256;
    static final int IDLE_SECONDS = 30;
    /** Well below the idle time, here and of clients. */
    private static final long SIGN_OF_LIFE_MS = 10_000;

    private final HttpServer server;
    private final AtomicInteger connections = new AtomicInteger();

    private HttpListener(HttpServer server) {
        this.server = server;
    }

    /**
     * Binds and serves.
     *
     * @param readiness asked on an event loop at every {@code /health/ready}: must not block
     * @param metadata empty while this broker is not part of a cluster yet
     * @return fails with {@link java.net.BindException} when the port is in use or the address is not ours
     */
    public static Future<HttpListener> start(Vertx vertx, BrokerConfig.Http config, PrometheusMeterRegistry meters, HealthChecks health,
            Supplier<Optional<Metadata>> metadata) {
        return start(vertx, config, meters, health, metadata, Optional::empty);
    }

    /** @param recovery empty while this broker has no bucket to recover topics from */
    public static Future<HttpListener> start(Vertx vertx, BrokerConfig.Http config, PrometheusMeterRegistry meters, HealthChecks health,
            Supplier<Optional<Metadata>> metadata, Supplier<Optional<TopicRecovery>> recovery) {
        HttpServer server = vertx.createHttpServer(options(config));
        HttpListener listener = new HttpListener(server);
        server.connectionHandler(listener::connected);
        server.requestHandler(new Routes(new MetricsPage(vertx, meters), new HealthPage(vertx, health), new ClusterPage(vertx, metadata), new TopicPage(vertx, recovery, SIGN_OF_LIFE_MS)));
        return server.listen().map(listener);
    }

    private static HttpServerOptions options(BrokerConfig.Http config) {
        return new HttpServerOptions()
                .setHost(config.host())
                .setPort(config.port())
                .setMaxInitialLineLength(MAX_START_LINE_BYTES)
                .setMaxHeaderSize(MAX_HEADER_BYTES)
                .setHttp2ClearTextEnabled(false)
                .setIdleTimeout(IDLE_SECONDS)
                .setIdleTimeoutUnit(TimeUnit.SECONDS);
    }

    private void connected(HttpConnection connection) {
        if (connections.incrementAndGet() > MAX_CONNECTIONS) {
            connection.close();
        }
        connection.closeHandler(closed -> connections.decrementAndGet());
    }

    /** The bound port. */
    public int port() {
        return server.actualPort();
    }

    /** Stops accepting and closes what is open. */
    public Future<Void> close() {
        return server.close();
    }
}
