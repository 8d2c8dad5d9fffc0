package io.firn.cold.cache;

import java.time.InstantSource;

/**
 * Bounds the bytes that are written to the disk in a time: it is where producers' batches are forced, too. A token bucket that holds a second's worth and may go into debt by one chunk, so that a chunk larger than that is written at some time. Who comes when
 * it is empty does not wait.
 *
 * <p>Threading: confined to the reads thread.
 */
final class WritePace {

    private static final long SECOND_MS = 1_000;

    private final long bytesPerSecond;
    private final InstantSource clock;
    private double bytes;
    private long lastMs;

    /** @param bytesPerSecond 0 is no bound */
    WritePace(long bytesPerSecond, InstantSource clock) {
        this.bytesPerSecond = bytesPerSecond;
        this.clock = clock;
        this.bytes = bytesPerSecond;
        this.lastMs = clock.millis();
    }

    /** Whether nothing may be written now. */
    boolean isEmpty() {
        if (bytesPerSecond == 0) {
            return false;
        }
        long nowMs = clock.millis();
        double since = (double) Math.max(0, nowMs - lastMs) / SECOND_MS * bytesPerSecond; // clocks may be set back
        bytes = Math.min(bytesPerSecond, bytes + since);
        lastMs = nowMs;
        return bytes <= 0;
    }

    /** Whether that may be written now; it counts as written then. */
    boolean takes(long written) {
        if (isEmpty()) {
            return false;
        }
        bytes -= written;
        return true;
    }
}
