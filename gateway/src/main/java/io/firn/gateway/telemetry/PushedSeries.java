package io.firn.gateway.telemetry;

import io.firn.gateway.telemetry.PushedPoints.Kind;
import io.firn.gateway.telemetry.PushedPoints.Point;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.Uuid;

/**
 * Metrics of clients as metrics of the broker: one series per client and metric, under two names only ({@code firn.client.gauge}, {@code firn.client.counter}), with the client's own names in tags.
 *
 * <p>Limits: {@link #MAX_SERIES} in all and {@link #MAX_PER_CLIENT} per client; what comes beyond, and names longer than {@link #MAX_NAME}, are counted as dropped. A series that is not
 * pushed any more goes after three intervals of its client.
 *
 * <p>Threading: thread-safe.
 */
final class PushedSeries {
    static final int MAX_SERIES = 2_000;
    static final int MAX_PER_CLIENT = 200;
    static final int MAX_NAME = 249;
    /** Least time between two searches for series that are over. */
    private static final long SWEEP_MS = 10_000;

    private final MeterRegistry meters;
    private final InstantSource clock;
    private final Counter pushes;
    private final Counter dropped;
    private final Map<Key, Series> series = new ConcurrentHashMap<>();
    private final Map<Uuid, AtomicInteger> perClient = new ConcurrentHashMap<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicLong sweptMs = new AtomicLong();

    PushedSeries(MeterRegistry meters, InstantSource clock) {
        this.meters = meters;
        this.clock = clock;
        this.pushes = Counter.builder("firn.client.pushes").description("Pushes of metrics by clients that were taken").register(meters);
        this.dropped = Counter.builder("firn.client.dropped").description("Metrics of clients beyond the limits, not shown").register(meters);
        Gauge.builder("firn.client.series", size, AtomicInteger::get).description("Metrics of clients that are shown").register(meters);
    }

    private record Key(Uuid client, String metric, boolean gauge) {}

    /** One client's metric: its value, until when it is shown, and the meter that shows it. Thread-safe. */
    private static final class Series {
        private volatile double value;
        private volatile long untilMs;
        private volatile Meter meter;

        double value() {
            return value;
        }
    }

    /** @param rememberedMs how long it is shown without another push */
    void take(Uuid client, String clientId, PushedPoints points, long rememberedMs) {
        sweep();
        pushes.increment();
        points.byMetric().forEach((metric, point) -> take(new Key(client, metric, point.kind() == Kind.GAUGE), clientId, point, clock.millis() + rememberedMs));
    }

    private void take(Key key, String clientId, Point point, long untilMs) {
        Series shown = series.compute(key, (same, known) -> {
            Series one = known != null || !room(key) ? known : registered(key, clientId);
            if (one != null) {
                one.value = point.kind() == Kind.DELTA ? one.value + point.value() : point.value();
                one.untilMs = untilMs;
            }
            return one;
        });
        if (shown == null) {
            dropped.increment();
        }
    }

    /** Takes a place for one more, if there is one. */
    private boolean room(Key key) {
        if (key.metric().length() > MAX_NAME) {
            return false;
        }
        if (size.incrementAndGet() > MAX_SERIES) {
            size.decrementAndGet();
            return false;
        }
        if (perClient.computeIfAbsent(key.client(), first -> new AtomicInteger()).incrementAndGet() > MAX_PER_CLIENT) {
            left(key);
            return false;
        }
        return true;
    }

    private void left(Key key) {
        size.decrementAndGet();
        perClient.computeIfPresent(key.client(), (client, count) -> count.decrementAndGet() == 0 ? null : count);
    }

    private Series registered(Key key, String clientId) {
        Series one = new Series();
        String shownId = clientId.length() > MAX_NAME ? clientId.substring(0, MAX_NAME) : clientId;
        Tags tags = Tags.of("metric", key.metric(), "client_id", shownId, "client_instance_id", key.client().toString());
        one.meter = key.gauge()
                ? Gauge.builder("firn.client.gauge", one, Series::value).strongReference(true).description("A gauge pushed by a client; over several topics or nodes the largest").tags(tags).register(meters)
                : FunctionCounter.builder("firn.client.counter", one, Series::value).description("A counter pushed by a client; over several topics or nodes their sum").tags(tags).register(meters);
        return one;
    }

    private void sweep() {
        long nowMs = clock.millis();
        long last = sweptMs.get();
        if (nowMs - last < SWEEP_MS || !sweptMs.compareAndSet(last, nowMs)) {
            return;
        }
        series.keySet().forEach(key -> series.computeIfPresent(key, (same, one) -> {
            if (one.untilMs > nowMs) {
                return one;
            }
            meters.remove(one.meter);
            left(key);
            return null;
        }));
    }
}
