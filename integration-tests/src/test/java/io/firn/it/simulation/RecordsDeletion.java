package io.firn.it.simulation;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.kafka.common.TopicIdPartition;

/** An operator who deletes old records now and then, so that the cold tier drops segments. */
final class RecordsDeletion {

    private static final long PAUSE_MS = 6_000;

    private final Clients clients;
    private final Map<TopicIdPartition, Long> asked = new HashMap<>();

    RecordsDeletion(Clients clients) {
        this.clients = clients;
    }

    void begin() {
        clients.later(PAUSE_MS, this::delete);
    }

    private void delete() {
        if (clients.over) {
            return;
        }
        TopicIdPartition partition = clients.anyEvents();
        OptionalInt leader = clients.leader(partition);
        if (leader.isPresent()) {
            int part = 2 + clients.cluster.random.nextInt(3);
            clients.cluster.<Long>call(Optional.empty(), leader.getAsInt(), 1_000, life -> life.deleteRecords(partition, part, offset -> asked.merge(partition, offset, Math::max)));
        }
        begin();
    }

    /** Nothing at or above it was ever asked to be deleted. */
    long limit(TopicIdPartition partition) {
        return asked.getOrDefault(partition, 0L);
    }
}
