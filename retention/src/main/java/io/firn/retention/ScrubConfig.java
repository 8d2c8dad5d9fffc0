package io.firn.retention;

/**
 * How the objects of the cold tier are looked after.
 *
 * @param sweepIntervalMs time between two comparisons of a partition's objects with its manifest; 0: never. Shorter ones cost more requests, with longer ones leaked and missing objects are noticed later
 * @param graceMs age, by the store's clock, below which an object that nothing names is left alone: uploads on their way cost no commit then
 * @param scrubIntervalMs time in which every byte is read once; 0: never
 * @param scrubBytesPerSecond most bytes read for that, over all partitions; at least 1
 */
public record ScrubConfig(long sweepIntervalMs, long graceMs, long scrubIntervalMs, long scrubBytesPerSecond) {

    /** Nothing is looked after. */
    public static final ScrubConfig OFF = new ScrubConfig(0, 0, 0, 1);

    public ScrubConfig {
        if (sweepIntervalMs < 0 || graceMs < 0 || scrubIntervalMs < 0 || scrubBytesPerSecond < 1) {
            throw new IllegalArgumentException("sweep each " + sweepIntervalMs + " ms of what is " + graceMs + " ms old, scrub each " + scrubIntervalMs + " ms at " + scrubBytesPerSecond + " B/s");
        }
    }

    boolean sweeps() {
        return sweepIntervalMs > 0;
    }

    boolean scrubs() {
        return scrubIntervalMs > 0;
    }
}
