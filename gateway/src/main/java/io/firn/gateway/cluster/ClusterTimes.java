package io.firn.gateway.cluster;

import io.firn.membership.MetadataTimes;

/**
 * The times by which brokers are taken for alive, in milliseconds. Immutable; the same on all brokers of a cluster.
 *
 * @param patienceMs silence after which the controller fences a broker
 * @param heartbeatMs time between two heartbeats
 * @param controllerLeaseMs for so long after its lock was lost a controller may believe that it still is one ({@link MetadataTimes#leaseMs})
 */
public record ClusterTimes(long patienceMs, long heartbeatMs, long controllerLeaseMs) {

    /** By how many percent one broker's clock may run slower than another's while a lease lasts; what hardware clocks do is a thousandth of it. */
    private static final int MAX_DRIFT_PERCENT = 10;

    private static final long HEARTBEAT_MS = 500;

    public ClusterTimes {
        if (heartbeatMs < 1 || patienceMs < 4 * heartbeatMs || controllerLeaseMs < 1) {
            throw new IllegalArgumentException("a broker is given time for four heartbeats at least");
        }
    }

    public static ClusterTimes of(long patienceMs, MetadataTimes metadata) {
        return new ClusterTimes(patienceMs, Math.min(HEARTBEAT_MS, patienceMs / 4), metadata.leaseMs());
    }

    /** How long a heartbeat that was answered lets a broker lead, counted from its sending. */
    long leaseMs() {
        return patienceMs - patienceMs * MAX_DRIFT_PERCENT / 100;
    }

    /** How long no controller has answered a broker that takes itself for cut off: time for the others to lose theirs, elect one, and have it wait until nobody else leads. */
    long cutOffMs() {
        return 3 * patienceMs;
    }

    /** How long after its election a controller must reckon with heartbeats that were answered by its predecessor, by its own clock. */
    long predecessorMs() {
        return controllerLeaseMs + controllerLeaseMs * MAX_DRIFT_PERCENT / 100;
    }

    /** Silence after which it is asked whether the broker's process is there at all. */
    long suspicionMs() {
        return 2 * heartbeatMs;
    }
}
