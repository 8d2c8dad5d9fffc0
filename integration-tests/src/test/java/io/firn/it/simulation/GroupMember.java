package io.firn.it.simulation;

import java.util.Optional;
import java.util.OptionalInt;
import org.apache.kafka.common.TopicIdPartition;

/** A member of a group that commits its position again and again, as a record, and asks for it. The position is the sequence of the record. */
final class GroupMember {

    private static final long PAUSE_MS = 120;

    private final Clients clients;
    private final long id;
    private int position;
    private boolean underWay;

    GroupMember(Clients clients, long id) {
        this.clients = clients;
        this.id = id;
    }

    private TopicIdPartition offsets() {
        return clients.cluster.partition(Shape.OFFSETS, 0);
    }

    void begin() {
        commit();
        ask();
    }

    private void commit() {
        if (clients.over) {
            return;
        }
        int mine = position++;
        underWay = true;
        Records.Batch batch = new Records.Batch(id, (short) 0, mine, 1);
        long timestampMs = clients.cluster.time.nowMs();
        new Sending(clients, offsets(), life -> life.produce(offsets(), batch, false, Records.data(batch, false, timestampMs)), () -> {
            underWay = false;
            clients.cluster.observed.offsets.acknowledged(mine);
            clients.later(PAUSE_MS, this::commit);
        }).send();
    }

    private void ask() {
        if (clients.over) {
            return;
        }
        OptionalInt leader = clients.leader(offsets());
        int atLeast = clients.cluster.observed.offsets.acknowledged();
        if (leader.isPresent()) {
            clients.cluster.<Integer>call(Optional.empty(), leader.getAsInt(), 1_000, life -> life.committedPosition(offsets(), atLeast));
        }
        clients.later(PAUSE_MS, this::ask);
    }

    boolean idle() {
        return !underWay;
    }

    @Override
    public String toString() {
        return "member position " + position + (underWay ? " under way" : "");
    }
}
