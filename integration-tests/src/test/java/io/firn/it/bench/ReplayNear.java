package io.firn.it.bench;

import io.firn.it.bench.ReplaySheet.Run;
import io.firn.it.bench.Row.Target;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** What every broker can do whose cold tier is near: replay by one reader, single reads, isolation, memory. The same work for each, on topics alike. For one thread. */
final class ReplayNear {

    /** Of the topics it reads; single reads and isolation are of the last. */
    static final List<Integer> PARTITIONS = List.of(1, 16);

    private static final long GIB = 1L << 30;
    private static final String DISTANCE = "no delay";

    private final Table table;
    private final ReplayPlan plan;
    private final ReplayBroker broker;
    private final Map<Integer, ReplayTopics> topics;
    private final ReplaySeeks seeks;
    private final ReplayIsolation isolation;

    /** @param topics by their numbers of partitions, those of {@link #PARTITIONS} among them */
    ReplayNear(Table table, ReplayPlan plan, ReplayBroker broker, Map<Integer, ReplayTopics> topics) {
        this.table = table;
        this.plan = plan;
        this.broker = broker;
        this.topics = topics;
        ReplayTopics main = topics.get(PARTITIONS.get(PARTITIONS.size() - 1));
        this.seeks = new ReplaySeeks(table, plan, main);
        this.isolation = new ReplayIsolation(table, plan, main);
    }

    /** Of broker and clients, which have read the topics before. */
    void warmUp() throws IOException {
        seeks.warmUp(broker);
        isolation.warmUp(broker);
    }

    void round(int round) throws IOException {
        for (int partitions : PARTITIONS) {
            replay(topics.get(partitions));
        }
        seeks.cold(broker, DISTANCE, round);
        isolation.besideThrottled(broker, ", " + DISTANCE, Target.NONE);
        table.add("resident memory of the broker, " + DISTANCE, "MiB", Target.NONE, broker.peer(), broker.brokerProc().residentMiB());
        table.add("resident memory of the broker, most, " + DISTANCE, "MiB", Target.NONE, broker.peer(), broker.brokerProc().peakMiB());
    }

    /** For a broker that does not force records before it acknowledges them, unless it is told to. */
    void isolationByDefaults() throws IOException {
        isolation.byDefaults().besideThrottled(broker, ", " + DISTANCE + ", acknowledged before it is forced", Target.NONE);
    }

    private void replay(ReplayTopics of) throws IOException {
        Run cold = broker.read(of.tiered(), of.partitions(), 1, of.cold(), plan.replaySeconds(), 0);
        Run hot = broker.read(of.hot(), of.partitions(), 1, of.cold(), plan.replaySeconds(), 0);
        String row = "one reader, " + of.partitions() + (of.partitions() == 1 ? " partition" : " partitions");
        Peer peer = broker.peer();
        table.add("cold replay, no delay, " + row, "MiB/s", Target.NONE, peer, cold.mibPerSecond());
        table.add("cold replay, no delay ÷ hot consume, " + row, "", Target.NONE, peer, cold.mibPerSecond() / hot.mibPerSecond());
        table.add("broker's processor time per GiB replayed cold, no delay, " + row, "s", Target.NONE, peer, cold.usage().brokerCpu() * GIB / cold.bytes());
        table.add("broker's processor time per GiB consumed hot, " + row, "s", Target.NONE, peer, hot.usage().brokerCpu() * GIB / hot.bytes());
    }
}
