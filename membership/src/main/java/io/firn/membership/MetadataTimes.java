package io.firn.membership;

/**
 * How long brokers wait for each other, in milliseconds on a clock that is never set.
 *
 * @param leaseMs a controller that could not confirm its lock for so long steps down; shorter than the lock's session lives, so that it has stopped before another begins
 * @param confirmMs time between two confirmations
 * @param parkMs how long a controller without news lets a follower wait: its heartbeat
 * @param requestMs limit of one request to another broker, beside the time it may be parked
 * @param retryMs time between two attempts to find a controller or become it, about; they are spread by chance
 * @param maxRetryMs the same when the metadata store fails: the pause doubles up to this
 * @param takeMs limit for becoming the controller, and for a majority to force a group; then the lock is given back for others to try
 * @param commandMs limit for a command to find a controller, for its answer to come, and for the change to arrive here
 */
public record MetadataTimes(long leaseMs, long confirmMs, long parkMs, long requestMs, long retryMs, long maxRetryMs, long takeMs, long commandMs) {

    public static final MetadataTimes DEFAULT = new MetadataTimes(4_000, 1_000, 300, 700, 150, 2_000, 5_000, 15_000);

    public MetadataTimes {
        if (confirmMs < 1 || parkMs < 1 || requestMs < 1 || retryMs < 1 || maxRetryMs < retryMs || takeMs < 1 || commandMs < 1 || leaseMs <= confirmMs) {
            throw new IllegalArgumentException("times must be positive, and the lease longer than the time between its confirmations");
        }
    }
}
