package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Apache Kafka with its LocalTieredStorage doing what it can of {@link ReplayRows}: what {@link ReplayNear} measures. It and its clients are started for each round, on the data of the first. For one thread.
 */
final class ReplayBesideKafka {

    private final Layout layout;
    private final ReplayPlan plan;
    private final Table table;
    private final Path data;
    private final Map<Integer, ReplayTopics> topics = new LinkedHashMap<>();

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
        try (KafkaRig rig = KafkaRig.start(layout, data)) {
            if (round == 0) {
                fill(rig);
            }
            for (ReplayTopics of : topics.values()) { // to be as warm as Firn and its clients are
                rig.read(of.hot(), of.partitions(), 1, of.cold(), plan.replaySeconds(), 0);
                rig.read(of.tiered(), of.partitions(), 1, of.cold(), plan.replaySeconds(), 0);
            }
            ReplayNear near = new ReplayNear(table, plan, rig, topics);
            near.warmUp();
            near.round(round);
            near.isolationByDefaults();
        }
    }

    private void fill(KafkaRig rig) throws IOException, InterruptedException {
        for (int partitions : ReplayNear.PARTITIONS) {
            ReplayRows.say("filling %d partitions of Kafka", partitions);
            topics.put(partitions, ReplayTopics.fill(rig, partitions, plan.replayedBytes()));
        }
        ReplayIsolation.createTopics(rig);
        Bench.quiet();
    }

    /** Deletes what it left. */
    void close() throws IOException {
        Layout.delete(data);
        Layout.delete(data.resolveSibling(data.getFileName() + "-remote"));
    }
}
