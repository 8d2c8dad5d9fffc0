package io.firn.retention;

/**
 * A token bucket that may go into debt by one segment: the next upload starts when the bytes of those before it have been
 * paid for at the configured rate. Over any stretch much longer than one segment takes, the rate is kept. Immutable, pure.
 *
 * @param bytesPerSecond the rate; 0 is no bound
 * @param freeAtMs when the debt is paid
 */
record UploadPace(long bytesPerSecond, long freeAtMs) {

    static UploadPace of(long bytesPerSecond) {
        return new UploadPace(bytesPerSecond, Long.MIN_VALUE);
    }

    boolean mayStart(long nowMs) {
        return bytesPerSecond == 0 || nowMs >= freeAtMs;
    }

    UploadPace started(long sizeBytes, long nowMs) {
        if (bytesPerSecond == 0) {
            return this;
        }
        long costMs = (long) Math.ceil(sizeBytes * 1000.0 / bytesPerSecond);
        return new UploadPace(bytesPerSecond, Math.max(nowMs, freeAtMs) + costMs);
    }
}
