package io.firn.gateway.wire;

import io.firn.gateway.quota.ClientQuotas;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the connections of one event loop share: their budget of bytes in flight, their flushes, and the check for stalled ones.
 *
 * <p>Threading: confined to its loop, except {@link #connectionCount()} of all loops together.
 */
final class LoopWire {

    private static final Logger LOG = LoggerFactory.getLogger(LoopWire.class);

    private static final long CHECK_INTERVAL_MS = 1000;

    private final EventLoop loop;
    private final WireLimits limits;
    private final InflightBudget budget;
    private final RequestRouter router;
    private final WireMeters meters;
    private final AtomicInteger connectionCount;
    private final ClientQuotas quotas;
    private final Set<Connection> connections = new LinkedHashSet<>();
    private final ArrayDeque<Connection> toFlush = new ArrayDeque<>();
    private long nextCheckNanos;

    LoopWire(EventLoop loop, WireLimits limits, long budgetBytes, RequestRouter router, WireMeters meters, AtomicInteger connectionCount, ClientQuotas quotas) {
        this.loop = loop;
        this.limits = limits;
        this.budget = new InflightBudget(budgetBytes);
        this.router = router;
        this.meters = meters;
        this.connectionCount = connectionCount;
        this.quotas = quotas;
        this.nextCheckNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(CHECK_INTERVAL_MS);
    }

    void start() {
        loop.scheduleAtFixedRate(this::check, CHECK_INTERVAL_MS, CHECK_INTERVAL_MS, TimeUnit.MILLISECONDS);
    }

    private void check() {
        long now = nanoTime();
        meters.loopStall(Math.max(0, now - nextCheckNanos));
        nextCheckNanos = now + TimeUnit.MILLISECONDS.toNanos(CHECK_INTERVAL_MS);
        for (Connection connection : new ArrayList<>(connections)) {
            check(connection, now);
        }
    }

    /** A failure must not end the checks: the loop runs a periodic task no more once it has thrown. */
    private static void check(Connection connection, long nowNanos) {
        try {
            connection.check(nowNanos);
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("client", connection.clientAddress()).setCause(e).log("The check of a connection failed");
        }
    }

    /** Flushes the connection once, after the tasks that are already queued on the loop: answers that come together leave together. */
    void flushLater(Connection connection) {
        if (toFlush.isEmpty()) {
            loop.execute(this::flush);
        }
        toFlush.add(connection);
    }

    private void flush() {
        Connection connection;
        while ((connection = toFlush.poll()) != null) {
            connection.flushIfDirty();
        }
    }

    void opened(Connection connection) {
        connections.add(connection);
        connectionCount.incrementAndGet();
    }

    void closed(Connection connection) {
        connections.remove(connection);
        connectionCount.decrementAndGet();
    }

    /** Of a connection that has closed; till its channel has, it counts as one. */
    void lingers(Channel channel) {
        connectionCount.incrementAndGet();
        channel.closeFuture().addListener(closed -> connectionCount.decrementAndGet());
    }

    /** Closes {@code channel}, which came too soon after others of its address, when {@code waitMs} are over, and reads nothing of it: its client shall not come again at once. Till then it counts as a connection. */
    void turnAway(Channel channel, long waitMs) {
        lingers(channel);
        channel.config().setAutoRead(false);
        loop.schedule(() -> channel.close(), waitMs, TimeUnit.MILLISECONDS);
        meters.connectionRefused();
    }

    int connectionCount() {
        return connectionCount.get();
    }

    /** Closes all, when the broker stops. */
    void closeAll() {
        new ArrayList<>(connections).forEach(connection -> connection.close("broker is stopping"));
    }

    InflightBudget budget() {
        return budget;
    }

    WireLimits limits() {
        return limits;
    }

    RequestRouter router() {
        return router;
    }

    WireMeters meters() {
        return meters;
    }

    ClientQuotas quotas() {
        return quotas;
    }

    long nanoTime() {
        return System.nanoTime();
    }
}
