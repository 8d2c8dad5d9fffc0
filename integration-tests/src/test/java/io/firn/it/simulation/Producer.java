package io.firn.it.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;

/** An idempotent producer with acks=all: several batches under way in each partition, each sent until it is acknowledged. */
final class Producer {

    private static final int WINDOW = 3;
    private static final long PAUSE_MS = 60;

    private final Clients clients;
    private final long id;
    private final Map<TopicIdPartition, Integer> next = new HashMap<>();
    /** Batches until now. */
    private final Map<TopicIdPartition, Integer> numbers = new HashMap<>();
    private final List<Sending> sent = new ArrayList<>();
    /** Where a batch was acknowledged: before, a leader takes any sequence for the first, and there is no connection here that would keep the order. */
    private final Set<TopicIdPartition> known = new HashSet<>();

    Producer(Clients clients, long id) {
        this.clients = clients;
        this.id = id;
    }

    void begin() {
        if (clients.over) {
            return;
        }
        TopicIdPartition partition = clients.anyEvents();
        if (window(partition) < (known.contains(partition) ? WINDOW : 1)) {
            send(partition);
        }
        clients.later(PAUSE_MS, this::begin);
    }

    private void send(TopicIdPartition partition) {
        int sequence = next.getOrDefault(partition, 0);
        Records.Batch batch = new Records.Batch(id, (short) 0, sequence, 1 + clients.cluster.random.nextInt(6));
        next.put(partition, sequence + batch.count());
        long timestampMs = clients.cluster.time.nowMs();
        Sending[] sending = new Sending[1];
        int number = numbers.merge(partition, 1, Integer::sum);
        sending[0] = new Sending(clients, partition, life -> life.produce(partition, batch, false, Records.data(batch, false, timestampMs)), () -> {
            sent.remove(sending[0]);
            known.add(partition);
        }).number(number);
        sent.add(sending[0]);
        sending[0].send();
    }

    /** Batches of a partition from the oldest that is not acknowledged, at most: a leader tells a batch that comes again by the last five. */
    private int window(TopicIdPartition partition) {
        int oldest = sent.stream().filter(sending -> sending.partition().equals(partition)).mapToInt(Sending::number).min().orElse(0);
        return oldest == 0 ? 0 : numbers.getOrDefault(partition, 0) - oldest + 1;
    }

    boolean idle() {
        return sent.isEmpty();
    }

    @Override
    public String toString() {
        return "producer " + id + " next " + next.values() + " under way " + sent;
    }
}
