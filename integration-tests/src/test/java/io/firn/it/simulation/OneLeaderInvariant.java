package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/** One leader per epoch: no two processes ever lead a partition under the same leader epoch. */
final class OneLeaderInvariant {

    private record Reign(TopicIdPartition partition, int epoch) {}

    private final Map<Reign, Uuid> leaders = new HashMap<>();

    void look(Life life, Partition partition, Seen seen) {
        if (partition.leads() && partition.leaderEpoch() != seen.leading) {
            seen.leading = partition.leaderEpoch();
            Uuid other = leaders.putIfAbsent(new Reign(partition.id(), seen.leading), life.process);
            if (other != null && !other.equals(life.process)) {
                throw new Violation("one leader per epoch", "two processes lead under the same epoch, one of them " + Life.text(partition));
            }
        }
    }

    int reigns() {
        return leaders.size();
    }
}
