package io.firn.it.bench;

import io.firn.it.bench.ReplaySheet.Run;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Apache Kafka with its LocalTieredStorage doing what it can of {@link ReplayRows}: replay from a tier that is near, by one reader. It is started for each round on the data of the first. For one thread.
 */
final class ReplayBesideKafka {

    static final List<Integer> PARTITIONS = List.of(1, 16);

    private final Layout layout;
    private final ReplayPlan plan;
    private final Table table;
    private final Path data;
    private final List<ReplayTopics> topics = new ArrayList<>();

    ReplayBesideKafka(Layout layout, ReplayPlan plan, Table table) {
        this.layout = layout;
        this.plan = plan;
        this.table = table;
        this.data = layout.work().resolve("replay-kafka");
    }

    void round(int round) throws IOException, InterruptedException {
        if (round == 0) {
            close();
            Files.createDirectories(data);
        }
        try (BrokerProcess broker = Peer.KAFKA.start(layout, data, new Peer.Mode(false, true)); Attendant client = ReplayRig.client(layout.work(), broker.bootstrap(), "-kafka")) {
            if (round == 0) {
                for (int partitions : PARTITIONS) {
                    ReplayRows.say("filling %d partitions of Kafka", partitions);
                    topics.add(ReplayTopics.fill(client, broker.bootstrap(), Peer.KAFKA, partitions, plan.replayedBytes()));
                }
                Bench.quiet();
            }
            for (ReplayTopics of : topics) {
                read(broker, client, of.hot(), of.partitions(), of.cold() / 2); // to be as warm as Firn and its clients are
                ReplayRows.near(table, Peer.KAFKA, of.partitions(), read(broker, client, of.tiered(), of.partitions(), of.cold()), read(broker, client, of.hot(), of.partitions(), of.cold()));
            }
        }
    }

    private Run read(BrokerProcess broker, Attendant client, String topic, int partitions, long limit) throws IOException {
        double before = broker.cpuSeconds();
        String[] read = client.ask("read " + topic + " " + partitions + " 1 " + limit + " " + plan.replaySeconds() + " 0");
        return new Run(Long.parseLong(read[0]), Long.parseLong(read[1]), new Usage(0, broker.cpuSeconds() - before, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
    }

    /** Deletes what it left. */
    void close() throws IOException {
        Layout.delete(data);
        Layout.delete(data.resolveSibling(data.getFileName() + "-remote"));
    }
}
