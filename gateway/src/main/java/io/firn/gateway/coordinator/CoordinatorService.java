package io.firn.gateway.coordinator;

import io.firn.membership.ClusterView;

/**
 * A coordinator that runs, as {@link Coordination} drives it. Made by starting it; {@link #stop} ends it for good.
 *
 * <p>Threading: everything but {@link #api} is called on the control thread of the coordination and may block there.
 *
 * @param <A> what requests are answered with; thread-safe
 */
public interface CoordinatorService<A> {

    A api();

    /** What loads its partitions. */
    LogLoader loader();

    /** Brings the coordinator to {@code view}; may block until pending writes that a change concerns are committed, or time out. */
    void follow(ClusterView view);

    /** This broker leads the partition now: load it, and serve. */
    void elected(int partition, int leaderEpoch);

    /** This broker leads the partition no more, or another one in its place: forget its state. */
    void resigned(int partition);

    /** Stops all threads. */
    void stop();
}
