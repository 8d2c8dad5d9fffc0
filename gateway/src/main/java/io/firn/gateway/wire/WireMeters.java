package io.firn.gateway.wire;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.apache.kafka.common.protocol.ApiKeys;

/** What the wire measures. Tags are bounded by the API table. Thread-safe. */
final class WireMeters {

    private final MeterRegistry registry;
    private final String of;
    private final Map<ApiKeys, Timer> requests = new ConcurrentHashMap<>();
    private final Counter refused;
    private final Timer loopStalls;

    /**
     * @param of part of the meters' names that tells this listener from the first one, whose is empty
     * @param connections how many there are now, as their loops count them
     */
    WireMeters(MeterRegistry registry, String of, AtomicInteger connections) {
        this.registry = registry;
        this.of = of;
        this.refused = Counter.builder("firn." + of + "connections.closed").description("Connections the broker closed on its own").register(registry);
        this.loopStalls = Timer.builder("firn." + of + "loop.stall").description("How late the event loops run their once-a-second check").register(registry);
        Gauge.builder("firn." + of + "connections", connections, AtomicInteger::get).description("Open Kafka connections").register(registry);
    }

    void answered(ApiKeys api, long nanos) {
        Timer timer = requests.get(api);
        if (timer == null) {
            timer = requests.computeIfAbsent(api, this::timer);
        }
        timer.record(nanos, TimeUnit.NANOSECONDS);
    }

    private Timer timer(ApiKeys api) {
        return Timer.builder("kafka." + of + "request").description("Time from a request's last byte to its answer").tag("api", api.name).register(registry);
    }

    /** Shows what {@code usedBytes} says; asked by whoever reads the metrics. */
    void inflightBytes(Supplier<Number> usedBytes) {
        Gauge.builder("firn." + of + "requests.inflight", usedBytes).description("Bytes of requests held in memory, whole or half received").baseUnit("bytes").register(registry);
    }

    void connectionRefused() {
        refused.increment();
    }

    void loopStall(long nanos) {
        loopStalls.record(nanos, TimeUnit.NANOSECONDS);
    }
}
