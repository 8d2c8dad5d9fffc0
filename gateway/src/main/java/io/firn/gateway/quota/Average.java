package io.firn.gateway.quota;

import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.stats.Rate;

/**
 * How much was done per second over the last {@value #SAMPLES} seconds. Windows, averages and waiting times are those of Apache Kafka's defaults ({@code quota.window.num},
 * {@code quota.window.size.seconds}). Confined to whoever has it from {@link Counts}.
 */
final class Average implements Counts.Count {
    static final int SAMPLES = 11;
    static final long WINDOW_MS = 1_000;
    private static final MetricConfig WINDOWS = new MetricConfig().samples(SAMPLES).timeWindow(WINDOW_MS, TimeUnit.MILLISECONDS);

    private final Rate rate = new Rate();
    private long lastMs;

    /** Adds {@code amount} and says for how many milliseconds nothing may be added until the average is back at {@code perSecond}, 0 for not at all. */
    long add(double amount, double perSecond, long nowMs) {
        rate.record(WINDOWS, amount, nowMs);
        lastMs = nowMs;
        double average = rate.measure(WINDOWS, nowMs);
        return average <= perSecond ? 0 : Math.round((average - perSecond) / perSecond * rate.windowSize(WINDOWS, nowMs));
    }

    @Override
    public boolean blank(long nowMs) {
        return nowMs - lastMs > (SAMPLES + 1) * WINDOW_MS;
    }
}
