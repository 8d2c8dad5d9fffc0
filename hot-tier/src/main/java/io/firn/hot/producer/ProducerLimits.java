package io.firn.hot.producer;

/**
 * Bounds of one partition's producer table.
 *
 * @param maxProducers producers remembered, at least 1 (about 300 bytes of heap each). When a new one comes the longest idle without an open
 *     transaction is forgotten; a producer forgotten too early loses the detection of its duplicates. When all have open
 *     transactions the new one is refused ({@code TOO_MANY_PRODUCERS}); a follower then grows past the limit, for its leader accepted the batch,
 *     and shrinks back as the transactions end
 * @param expirationMs idle time (by this broker's clock) after which a producer without an open transaction is forgotten, at least 1
 */
public record ProducerLimits(int maxProducers, long expirationMs) {

    /** Default of {@code maxProducers}. */
    public static final int DEFAULT_MAX_PRODUCERS = 50_000;

    public ProducerLimits {
        if (maxProducers < 1 || expirationMs < 1) {
            throw new IllegalArgumentException("maxProducers " + maxProducers + ", expirationMs " + expirationMs);
        }
    }
}
