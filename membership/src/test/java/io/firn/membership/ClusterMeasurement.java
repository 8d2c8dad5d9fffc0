package io.firn.membership;

import io.firn.membership.Command.CreateTopic;
import io.firn.membership.controller.Controller;
import io.firn.membership.controller.Decision;
import io.firn.membership.controller.Policy;
import io.firn.membership.entry.Entry;
import io.firn.membership.journal.JournalRecord;
import io.firn.membership.journal.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.Uuid;

/**
 * Prints what many partitions with three replicas on nine brokers cost the controller: decisions, bytes, heap. Every command is decided, made records of (encoded, hashed),
 * applied, written to a file in the directory given and forced, as one group. Not a test: nothing is asserted.
 */
public final class ClusterMeasurement {

    private static final int BROKERS = 9;

    private final Controller controller = new Controller(Policy.cluster(3, false));
    private final Random random = new Random(1);
    private final Path file;
    private ClusterView view = ClusterView.EMPTY;
    private EntryHash hash = EntryHash.NONE;
    private long journalBytes;

    private ClusterMeasurement(Path file) {
        this.file = file;
    }

    public static void main(String[] args) throws IOException {
        Path file = Files.createTempFile(Path.of(args[0]), "cluster", ".journal");
        try {
            for (int round = 1; round <= 5; round++) {
                new ClusterMeasurement(file).run("round " + round + ": 10,000 partitions in 10 topics", 10, 1_000);
            }
            for (int round = 1; round <= 3; round++) {
                new ClusterMeasurement(file).run("round " + round + ": 1,000,000 partitions in 100 topics", 100, 10_000);
                new ClusterMeasurement(file).run("round " + round + ": 1,000,000 partitions in 100,000 topics", 100_000, 10);
            }
        } finally {
            Files.delete(file);
        }
    }

    private void run(String what, int topics, int partitions) {
        long empty = usedBytes();
        register();
        long placed = timed(() -> {
            for (int i = 0; i < topics; i++) {
                decide(new CreateTopic(new Uuid(1, i), "placed-" + i, partitions, 3, Map.of(), Map.of()), i % 100 == 99 || i == topics - 1);
            }
        });
        long createdBytes = journalBytes;
        System.out.printf("%s%n  create %.0f ms, journal %,d bytes, view %,d bytes on the heap%n", what, ms(placed), createdBytes, usedBytes() - empty);
        byte[][] snapshot = new byte[1][];
        long write = timed(() -> snapshot[0] = new Snapshot(view, hash).encode());
        long read = timed(() -> Snapshot.decode("s", snapshot[0]));
        System.out.printf("  snapshot %,d bytes, written in %.0f ms, read in %.0f ms%n", snapshot[0].length, ms(write), ms(read));
        changes();
        thirdLedByOne(topics, partitions);
    }

    private void changes() {
        TopicView topic = view.topic("placed-0").orElseThrow();
        PartitionView partition = topic.partitions().get(0);
        List<Command.InSync> isr = partition.isr().stream().limit(2).map(id -> new Command.InSync(id, -1)).toList();
        Command shrink = new Command.AlterIsr(partition.leader(), view.brokers().get(partition.leader()).epoch(),
                List.of(new Command.IsrChange(topic.id(), 0, 0, 0, isr, false)));
        System.out.printf("  shrink the ISR of one partition %.2f ms", ms(timed(() -> decide(shrink, true))));
        System.out.printf(", balance leaders %.1f ms", ms(timed(() -> decide(new Command.BalanceLeaders(10, 1_000), true))));
        BrokerView broker = view.brokers().get(3);
        fence(broker, "; fence one that leads a ninth and is in sync with a third");
        System.out.printf(", unfence it %.0f ms%n", ms(timed(() -> decide(new Command.UnfenceBroker(3, broker.epoch(), view.version()), true))));
    }

    /** The same number again, on a cluster of its own: broker 0 leads a third of the partitions and has no other replicas. */
    private void thirdLedByOne(int topics, int partitions) {
        view = ClusterView.EMPTY;
        hash = EntryHash.NONE;
        register();
        Map<Integer, List<Integer>> assignments = new HashMap<>();
        for (int p = 0; p < partitions; p++) {
            int other = 1 + p % 8;
            List<Integer> followers = List.of(1 + other % 8, 1 + (other + 1 + p / 8 % 6) % 8);
            assignments.put(p, p % 3 == 0 ? List.of(0, followers.get(0), followers.get(1)) : List.of(other, followers.get(0), followers.get(1)));
        }
        for (int i = 0; i < topics; i++) {
            decide(new CreateTopic(new Uuid(2, i), "led-" + i, -1, -1, assignments, Map.of()), false);
        }
        fence(view.brokers().get(0), "  fence one that leads a third");
        System.out.println();
    }

    private void fence(BrokerView broker, String what) {
        long bytes = journalBytes;
        long time = timed(() -> decide(new Command.FenceBroker(broker.id(), broker.epoch()), true));
        System.out.printf("%s %.0f ms, %,d bytes", what, ms(time), journalBytes - bytes);
    }

    private void register() {
        for (int id = 0; id < BROKERS; id++) {
            decide(new Command.RegisterBroker(id, new Incarnation(new Uuid(3, id + 1), new Uuid(4, id + 1)), List.of(Endpoint.client("broker-" + id, 9092)), Optional.of("r" + id % 3)), false);
            decide(new Command.UnfenceBroker(id, view.brokers().get(id).epoch(), view.version()), false);
        }
    }

    private void decide(Command command, boolean force) {
        Decision.Accepted accepted = (Decision.Accepted) controller.decide(view, command, random);
        List<JournalRecord> records = new ArrayList<>();
        for (Entry entry : accepted.entries()) {
            JournalRecord record = JournalRecord.of(view.version() + 1, 1, 1, hash, entry);
            view = record.applyTo(view);
            hash = record.hash();
            journalBytes += record.bytes().length;
            records.add(record);
        }
        write(records, force);
    }

    private void write(List<JournalRecord> records, boolean force) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            for (JournalRecord record : records) {
                channel.write(ByteBuffer.wrap(record.bytes()));
            }
            if (force) {
                channel.force(false);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long timed(Runnable work) {
        long begin = System.nanoTime();
        work.run();
        return System.nanoTime() - begin;
    }

    private static double ms(long nanos) {
        return nanos / 1e6;
    }

    private static long usedBytes() {
        System.gc();
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }
}
