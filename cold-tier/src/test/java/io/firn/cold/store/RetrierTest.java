package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** When a request is sent again, by the clock of the test. */
class RetrierTest {

    private static final int ATTEMPTS = 33;
    private static final long PAUSE_MS = 1 << 20;

    /** 2^19 pauses are possible: that two stores draw the same 32 does not happen. */
    @Test
    void pausesAreDrawnByEachStoreForItself() {
        List<Long> one = pausesOfAnOutage();
        List<Long> other = pausesOfAnOutage();
        assertThat(one).hasSize(ATTEMPTS - 1).allMatch(pauseMs -> pauseMs >= PAUSE_MS / 2 && pauseMs <= PAUSE_MS);
        assertThat(one).isNotEqualTo(other);
        assertThat(one.stream().distinct().count()).as("nor is one drawn for all").isGreaterThan(1);
    }

    private static List<Long> pausesOfAnOutage() {
        try (PauselessTimer timer = new PauselessTimer(); Retrier retrier = new Retrier(new RetryPolicy(ATTEMPTS, PAUSE_MS, PAUSE_MS), timer)) {
            CompletableFuture<Object> outcome = retrier.run("key", uncertainBefore -> CompletableFuture.failedFuture(new ColdStoreException.Unavailable("Outage", null)));
            assertThatThrownBy(outcome::join).hasCauseInstanceOf(ColdStoreException.Unavailable.class);
            return timer.pausesMs;
        }
    }

    /** Runs at once what is to wait, and notes for how long it was to. */
    private static final class PauselessTimer extends ScheduledThreadPoolExecutor implements AutoCloseable {

        private final List<Long> pausesMs = new ArrayList<>();

        PauselessTimer() {
            super(1);
        }

        @Override
        public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
            pausesMs.add(unit.toMillis(delay));
            return super.schedule(task, 0, unit);
        }

        @Override
        public void close() {
            shutdownNow();
        }
    }
}
