package io.firn.hot.replication;

/**
 * What this broker knows of the others, from the newest cluster view it has applied.
 *
 * <p>Threading: asked on any loop; must not block.
 */
public interface Brokers {

    /** {@link #epochOf} of a broker that is not registered. */
    long UNKNOWN = -1;

    /** Epoch of the broker's present registration: grows with each start of its process. */
    long epochOf(int brokerId);

    /** Whether it may join an ISR: registered, not fenced, not shutting down. */
    boolean mayJoin(int brokerId);
}
