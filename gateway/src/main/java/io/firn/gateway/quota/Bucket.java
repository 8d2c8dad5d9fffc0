package io.firn.gateway.quota;

import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.metrics.MetricConfig;
import org.apache.kafka.common.metrics.Quota;
import org.apache.kafka.common.metrics.stats.TokenBucket;

/**
 * What may still be done: fills at its quota, up to {@value Average#SAMPLES} seconds' worth. What takes more than is there is done, and leaves a debt that has to fill up before the next
 * (KIP-599). Confined to whoever has it from {@link Counts}.
 */
final class Bucket implements Counts.Count {
    private final TokenBucket tokens = new TokenBucket();
    private MetricConfig filling = filling(0);

    /**
     * Says for how many milliseconds nothing more may be done, 0 for not at all.
     *
     * @param strict whether nothing is taken while there is a debt, which is then what is waited for; otherwise all is taken, and what is waited for is the debt left
     */
    long take(double amount, double perSecond, boolean strict, long nowMs) {
        filling = filling.quota().bound() == perSecond ? filling : filling(perSecond);
        double before = tokens.measure(filling, nowMs);
        if (strict && before < 0) {
            return waitMs(before, perSecond);
        }
        tokens.record(filling, amount, nowMs);
        return strict ? 0 : waitMs(tokens.measure(filling, nowMs), perSecond);
    }

    private static long waitMs(double left, double perSecond) {
        return left < 0 ? Math.round(-left / perSecond * 1_000) : 0;
    }

    private static MetricConfig filling(double perSecond) {
        return new MetricConfig().samples(Average.SAMPLES).timeWindow(Average.WINDOW_MS, TimeUnit.MILLISECONDS).quota(Quota.upperBound(perSecond));
    }

    /** Full. A debt is kept for as long as it takes to fill up. */
    @Override
    public boolean blank(long nowMs) {
        return tokens.measure(filling, nowMs) >= filling.quota().bound() * Average.SAMPLES * Average.WINDOW_MS / 1_000;
    }
}
