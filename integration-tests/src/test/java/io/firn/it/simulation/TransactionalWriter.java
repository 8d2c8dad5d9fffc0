package io.firn.it.simulation;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.protocol.Errors;

/**
 * A transactional producer and its coordinator in one: writes a few batches to some partitions, decides, and sends markers until each partition has acknowledged its own. Transactions version 2: a marker carries an epoch above that of
 * the records, and the next transaction that epoch; so neither a late batch nor a late marker can do harm.
 */
final class TransactionalWriter {

    private static final long PAUSE_MS = 200;

    private final Clients clients;
    private final long id;
    private short epoch;
    private final Map<TopicIdPartition, Integer> written = new HashMap<>();
    private int batchesLeft;
    private int underWay;
    private boolean ending;
    private boolean open;
    private Sending sending;

    TransactionalWriter(Clients clients, long id) {
        this.clients = clients;
        this.id = id;
    }

    void begin() {
        if (clients.over) {
            return;
        }
        open = true;
        written.clear();
        batchesLeft = 1 + clients.cluster.random.nextInt(4);
        clients.cluster.observed.transactions.begun(id, epoch);
        step();
    }

    /** Batches one after the other; now and then the transaction is given up while one is under way. */
    private void step() {
        if (batchesLeft == 0) {
            end(clients.cluster.random.nextInt(3) > 0);
            return;
        }
        batchesLeft--;
        write(clients.anyEvents());
        if (clients.cluster.random.nextInt(8) == 0) {
            short mine = epoch;
            clients.later(PAUSE_MS, () -> inTransaction(mine, () -> end(false)));
        }
    }

    private void inTransaction(short mine, Runnable task) {
        if (open && !ending && mine == epoch) {
            task.run();
        }
    }

    private void write(TopicIdPartition partition) {
        int sequence = written.getOrDefault(partition, 0);
        short mine = epoch;
        Records.Batch batch = new Records.Batch(id, mine, sequence, 1 + clients.cluster.random.nextInt(4));
        written.put(partition, sequence + batch.count());
        long timestampMs = clients.cluster.time.nowMs();
        sending = new Sending(clients, partition, life -> life.produce(partition, batch, true, Records.data(batch, true, timestampMs)), () -> {
            clients.later(PAUSE_MS, () -> inTransaction(mine, this::step));
        });
        sending.sendWhile(() -> mine == epoch && !ending);
    }

    /** Whether records may begin to go into a partition: the coordinator's answer. */
    Errors admit(long producerId, short asked) {
        if (producerId != id || asked < epoch || !open) {
            return Errors.INVALID_PRODUCER_EPOCH;
        }
        return ending ? Errors.CONCURRENT_TRANSACTIONS : Errors.NONE;
    }

    private void end(boolean commit) {
        ending = true;
        clients.cluster.observed.transactions.decided(id, epoch, commit);
        short markerEpoch = (short) (epoch + 1);
        List<TopicIdPartition> partitions = written.keySet().stream().sorted(Comparator.comparingInt(TopicIdPartition::partition)).toList();
        underWay = partitions.size();
        for (TopicIdPartition partition : partitions) {
            sending = new Sending(clients, partition, life -> life.mark(partition, id, markerEpoch, commit), this::ended);
            sending.send();
        }
    }

    private void ended() {
        underWay--;
        if (underWay == 0) {
            epoch++;
            ending = false;
            open = false;
            clients.later(PAUSE_MS, this::begin);
        }
    }

    boolean idle() {
        return !open;
    }

    @Override
    public String toString() {
        return "writer epoch " + epoch + (open ? " open, " + sending : "") + (ending ? ", markers under way " + underWay : "");
    }
}
