package io.firn.gateway.peer;

import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.netty.channel.EventLoop;
import java.util.function.Supplier;

/**
 * This broker among the others, for what has to find and ask the leader of a partition. Thread-safe.
 *
 * @param brokerId of this broker
 * @param view as of now
 * @param loop where answers are taken
 */
public record Peers(int brokerId, Supplier<ClusterView> view, PeerTransport transport, EventLoop loop) {

    /** A broker without others. */
    public static Peers none(int brokerId, Supplier<ClusterView> view, EventLoop loop) {
        return new Peers(brokerId, view, PeerTransport.ALONE, loop);
    }

    /** Who leads; {@link PartitionView#NO_LEADER} also where there is no such partition. */
    public int leaderOf(String topic, int partition) {
        return view.get().partition(topic, partition).map(PartitionView::leader).orElse(PartitionView.NO_LEADER);
    }
}
