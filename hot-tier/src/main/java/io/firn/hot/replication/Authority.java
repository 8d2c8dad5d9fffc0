package io.firn.hot.replication;

/**
 * Whether this broker may still act as the leader it was made. A leader that is cut off from the controller cannot learn that another was elected; so it has to stop by its own clock before that may
 * happen, and not wait for somebody to tell it.
 *
 * <p>Threading: asked on any loop; must not block.
 */
@FunctionalInterface
public interface Authority {

    /** Of a broker that is its own controller. */
    Authority ALWAYS = nowMs -> true;

    /** @param nowMs this broker's monotonic clock, which no change of the wall clock moves */
    boolean holds(long nowMs);
}
