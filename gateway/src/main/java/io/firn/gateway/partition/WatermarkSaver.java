package io.firn.gateway.partition;

import io.firn.hot.HotStore;
import java.io.IOException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Saves high watermarks now and then, so that a broker that was killed knows again what was committed. A save that fails is made up for by the next one; without any, the replicas tell each other.
 *
 * <p>Threading: thread-safe; saves run on a thread of its own, as they block.
 */
final class WatermarkSaver {

    private static final Logger LOG = LoggerFactory.getLogger(WatermarkSaver.class);
    private static final long CLOSE_WAIT_MS = 10_000;

    private final HotStore hot;
    private final long everyMs;
    private final ScheduledThreadPoolExecutor thread;

    WatermarkSaver(HotStore hot, long everyMs) {
        this.hot = hot;
        this.everyMs = everyMs;
        this.thread = new ScheduledThreadPoolExecutor(1, task -> {
            Thread made = new Thread(task, "firn-watermarks");
            made.setDaemon(true);
            return made;
        });
    }

    void start() {
        thread.scheduleWithFixedDelay(this::save, everyMs, everyMs, TimeUnit.MILLISECONDS);
    }

    private void save() {
        try {
            hot.saveHighWatermarks();
        } catch (IOException | RuntimeException e) {
            LOG.atWarn().setCause(e).log("High watermarks could not be saved; it is tried again");
        }
    }

    /** Waits for a save under way: the store saves once more when it is closed, and two at once must not be. */
    void close() {
        thread.shutdown();
        try {
            if (!thread.awaitTermination(CLOSE_WAIT_MS, TimeUnit.MILLISECONDS)) {
                LOG.atWarn().log("A save of high watermarks did not end in time");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
