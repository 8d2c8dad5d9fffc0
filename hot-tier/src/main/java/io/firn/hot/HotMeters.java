package io.firn.hot;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What the hot tier counts. No meter has a tag: a broker can have thousands of partitions.
 *
 * <p>Threading: thread-safe. On the append path it costs one addition to a striped counter.
 */
public final class HotMeters {

    private final Counter appendedBytes;
    private final Counter rolls;
    private final Counter cutBytes;
    private final Counter diskFull;
    private final Timer flush;
    private final Timer recovery;
    private final AtomicInteger offlineLogs;
    private final AtomicInteger recovering;

    public HotMeters(MeterRegistry registry) {
        appendedBytes = Counter.builder("firn.hot.append").baseUnit("bytes").description("Bytes appended to local logs").register(registry);
        rolls = Counter.builder("firn.hot.rolls").description("Segments sealed").register(registry);
        cutBytes = Counter.builder("firn.hot.recovery.cut").baseUnit("bytes").description("Bytes cut off by recovery: torn or corrupt tails").register(registry);
        diskFull = Counter.builder("firn.hot.disk.full").description("Times a log stopped taking appends because the disk was full").register(registry);
        flush = Timer.builder("firn.hot.flush").description("Time to force one log").register(registry);
        recovery = Timer.builder("firn.hot.recovery").description("Time to open one log, scan and rebuild included").register(registry);
        offlineLogs = registry.gauge("firn.hot.logs.offline", new AtomicInteger());
        recovering = registry.gauge("firn.hot.replicas.recovering", new AtomicInteger());
    }

    public void appended(int bytes) {
        appendedBytes.increment(bytes);
    }

    public void rolled() {
        rolls.increment();
    }

    public void cut(long bytes) {
        cutBytes.increment(bytes);
    }

    public void diskFull() {
        diskFull.increment();
    }

    public void flushed(long nanos) {
        flush.record(nanos, TimeUnit.NANOSECONDS);
    }

    public void recovered(long nanos) {
        recovery.record(nanos, TimeUnit.NANOSECONDS);
    }

    /** One more replica was elected unclean and waits for the cold tier before it leads, or (-1) one that did does not any more. */
    public void recovering(int change) {
        recovering.addAndGet(change);
    }

    /** One more log is offline, or (-1) one that was has been closed or deleted. */
    public void offline(int change) {
        offlineLogs.addAndGet(change);
    }
}
