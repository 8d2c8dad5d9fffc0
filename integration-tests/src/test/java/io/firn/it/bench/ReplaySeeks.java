package io.firn.it.bench;

import io.firn.it.bench.Row.Target;
import java.io.IOException;

/** Single reads of a tiered topic and its hot twin: a new consumer at an offset until it has a record, and the offset of a timestamp. The same for every broker. For one thread. */
final class ReplaySeeks {

    private static final int SAMPLES = 100;
    private static final int WARM_UP_SAMPLES = 30;
    private static final String FIRST = "time to the first record at a random ";
    private static final String TIMES = "offsetsForTimes, ";

    private final Table table;
    private final ReplayPlan plan;
    private final ReplayTopics of;

    ReplaySeeks(Table table, ReplayPlan plan, ReplayTopics of) {
        this.table = table;
        this.plan = plan;
        this.of = of;
    }

    /** Of clients and broker, where the topics have been read before. */
    void warmUp(ReplayBroker broker) throws IOException {
        warmUp(broker, of.hot());
        warmUp(broker, of.tiered());
    }

    private void warmUp(ReplayBroker broker, String topic) throws IOException {
        ReplaySpots spots = ReplaySpots.random(of.partitions(), of.cold(), WARM_UP_SAMPLES, WARM_UP_SAMPLES);
        first(broker, topic, spots);
        times(broker, topic, spots);
    }

    /**
     * At segments that nobody has looked into since the broker started, so that it has to fetch their indexes: timestamps of the second half of the segments, then records of the first, each once. To be called before anything has read the
     * tiered topic; clients get warm on its twin.
     */
    void firstLooks(ReplayRig rig) throws IOException {
        warmUp(rig, of.hot());
        rig.delay(plan.mainDelayMs());
        String how = "indexes not in memory, " + plan.mainDelayMs() + " ms";
        ReplaySpots last = ReplaySpots.ofLastSegments(of, plan.samples(SAMPLES), 0);
        Usage before = rig.usage();
        times(rig, of.tiered(), last).addTo(table, rig.peer(), TIMES + "cold, " + how);
        table.add("GETs of one offsetsForTimes, " + how, "", Target.NONE, rig.peer(), (double) rig.usage().since(before).gets() / last.spots().size());
        first(rig, of.tiered(), ReplaySpots.ofFirstSegments(of, plan.samples(SAMPLES), 0)).addTo(table, rig.peer(), FIRST + "cold offset, " + how);
        rig.delay(0);
    }

    /** @param distance of the bucket, for the rows' names */
    void cold(ReplayBroker broker, String distance, int round) throws IOException {
        random(broker, of.tiered(), FIRST + "cold offset, " + distance, TIMES + "cold, " + distance, round);
    }

    void hot(ReplayBroker broker, int round) throws IOException {
        random(broker, of.hot(), FIRST + "hot offset", TIMES + "hot", round);
    }

    private void random(ReplayBroker broker, String topic, String firstRow, String timesRow, int round) throws IOException {
        first(broker, topic, spots(firstRow, round)).addTo(table, broker.peer(), firstRow);
        times(broker, topic, spots(timesRow, round)).addTo(table, broker.peer(), timesRow);
    }

    /** Others for each row, so that none finds in memory what the one before has just read; the same for each broker. */
    private ReplaySpots spots(String row, int round) {
        return ReplaySpots.random(of.partitions(), of.cold(), plan.samples(SAMPLES), 31L * row.hashCode() + round);
    }

    private static Quantiles first(ReplayBroker broker, String topic, ReplaySpots spots) throws IOException {
        return Quantiles.of(broker.client().ask("first " + topic + " " + spots.words()), 0);
    }

    private Quantiles times(ReplayBroker broker, String topic, ReplaySpots spots) throws IOException {
        return Quantiles.of(broker.client().ask("times " + topic + " " + of.base() + " " + spots.words()), 0);
    }
}
