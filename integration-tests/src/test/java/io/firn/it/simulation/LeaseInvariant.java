package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import java.util.HashMap;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.common.TopicIdPartition;

/**
 * A leader whose lease is over acknowledges and answers nothing once another can lead.
 * <ul>
 *   <li>When a process acknowledges, no view that is committed has it fenced, or another process registered in its place.
 *   <li>One that is alive and whose leadership was moved away may not know, and go on in the old epoch, for as long as a heartbeat gives that was answered before the move; or by a controller that did not know that it is none.
 * </ul>
 */
final class LeaseInvariant {

    /** A predecessor of the controller answers heartbeats for so long. */
    private static final long PREDECESSOR_MS = Cluster.TIMES.leaseMs() * 11 / 10;

    private final Cluster cluster;
    private final Map<TopicIdPartition, NavigableMap<Integer, Move>> moves = new HashMap<>();
    private int controllerEpoch;
    private long electedMs;

    /**
     * That an epoch began, as far as anybody has shown.
     *
     * @param acknowledged the position of the group until then
     */
    record Move(long atMs, int acknowledged) {}

    LeaseInvariant(Cluster cluster) {
        this.cluster = cluster;
    }

    void shown(ClusterView view) {
        if (view.controllerEpoch() > controllerEpoch) {
            controllerEpoch = view.controllerEpoch();
            electedMs = cluster.time.nowMs();
        }
        cluster.topicsOf(view).forEach(topic -> topic.partitions().forEach(placed -> moves.computeIfAbsent(new TopicIdPartition(topic.id(), placed.partition(), topic.name()), partition -> new TreeMap<>())
                .computeIfAbsent(placed.leaderEpoch(), epoch -> new Move(cluster.time.nowMs(), cluster.observed.offsets.acknowledged()))));
    }

    void acknowledged(Life life, TopicIdPartition partition) {
        Optional<BrokerView> known = Optional.ofNullable(cluster.newest().brokers().get(life.id));
        if (known.isEmpty() || known.get().fenced() || known.get().epoch() != life.brokerEpoch()) {
            throw new Violation("without a lease nothing is acknowledged", "broker " + life.id + " acknowledges records of " + partition.topicPartition() + ", but the controller has said: " + known);
        }
        life.partitions.find(partition.topic(), partition.partition()).ifPresent(this::speaks);
    }

    /** Whether a leader that speaks may not know that it is none. */
    void speaks(Partition leader) {
        moved(leader).ifPresent(move -> {
            long endMs = Math.max(move.atMs(), electedMs + PREDECESSOR_MS) + Shape.PATIENCE_MS;
            if (cluster.time.nowMs() > endMs) {
                throw new Violation("without a lease nothing is acknowledged", Life.text(leader) + " was moved away at " + move.atMs() + " and goes on at " + cluster.time.nowMs());
            }
        });
    }

    /** The end of the leader's epoch, if somebody has shown it. */
    Optional<Move> moved(Partition leader) {
        return Optional.ofNullable(moves.getOrDefault(leader.id(), new TreeMap<>()).higherEntry(leader.leaderEpoch())).map(Map.Entry::getValue);
    }
}
