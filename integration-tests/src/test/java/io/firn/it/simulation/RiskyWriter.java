package io.firn.it.simulation;

import java.util.ArrayList;
import java.util.List;

/** Writes to the partition that may lose records, with acks=all: each batch is a producer of its own, as one whose last batch was lost could not go on. */
final class RiskyWriter {

    private static final int WINDOW = 2;
    private static final long PAUSE_MS = 60;

    private final Clients clients;
    private final List<Sending> sent = new ArrayList<>();
    private long nextId;

    RiskyWriter(Clients clients, long firstId) {
        this.clients = clients;
        this.nextId = firstId;
    }

    void begin() {
        if (clients.over) {
            return;
        }
        if (sent.size() < WINDOW) {
            send();
        }
        clients.later(PAUSE_MS, this::begin);
    }

    private void send() {
        Records.Batch batch = new Records.Batch(nextId++, (short) 0, 0, 1 + clients.cluster.random.nextInt(8));
        var partition = clients.cluster.partition(Shape.RISKY, 0);
        long timestampMs = clients.cluster.time.nowMs();
        Sending[] sending = new Sending[1];
        sending[0] = new Sending(clients, partition, life -> life.produce(partition, batch, false, Records.data(batch, false, timestampMs)), () -> sent.remove(sending[0]));
        sent.add(sending[0]);
        sending[0].send();
    }

    boolean idle() {
        return sent.isEmpty();
    }

    @Override
    public String toString() {
        return "risky writer under way " + sent;
    }
}
