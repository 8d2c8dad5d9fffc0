package io.firn.cold.store;

import io.firn.cold.ColdStoreException;

/**
 * When a failed request is worth another attempt, and after how long. Pure.
 *
 * @param maxAttempts attempts in all, ≥ 1
 * @param firstDelayMs upper bound of the first pause; doubled for each further one
 * @param maxDelayMs upper bound of any pause
 */
public record RetryPolicy(int maxAttempts, long firstDelayMs, long maxDelayMs) {

    public RetryPolicy {
        if (maxAttempts < 1 || firstDelayMs < 0 || maxDelayMs < firstDelayMs) {
            throw new IllegalArgumentException("maxAttempts " + maxAttempts + ", firstDelayMs " + firstDelayMs + ", maxDelayMs " + maxDelayMs);
        }
    }

    /** The policy of the stores in use: 100 ms doubling up to 5 s. */
    public static RetryPolicy ofAttempts(int maxAttempts) {
        return new RetryPolicy(maxAttempts, 100, 5_000);
    }

    /**
     * Whether attempt {@code attempt} (from 1) that failed so may be followed by another one. Only errors that may pass by themselves: no answer, "not now", or an unknown
     * outcome. Refusals, absent objects and doubtful bytes stay what they are however often one asks.
     */
    public boolean retries(int attempt, Throwable failure) {
        return attempt < maxAttempts && (failure instanceof ColdStoreException.Unavailable || failure instanceof ColdStoreException.Uncertain);
    }

    /**
     * Pause after attempt {@code attempt} (from 1): between a half and the whole of the exponential bound, so that many clients do not come back at once.
     *
     * @param jitter 0 to 1
     */
    public long delayMs(int attempt, double jitter) {
        long bound = Math.min(maxDelayMs, firstDelayMs << Math.min(attempt - 1, 30));
        return Math.round(bound * (0.5 + jitter / 2));
    }
}
