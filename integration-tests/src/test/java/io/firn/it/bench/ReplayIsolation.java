package io.firn.it.bench;

import io.firn.it.bench.Row.Target;
import java.io.IOException;

/**
 * What producers and consumers of new records notice of replays: a steady load alone, and beside replays of a tiered topic. The same for every broker: records are forced to its disk before they are acknowledged.
 *
 * <p>Threading: for one thread.
 */
final class ReplayIsolation {

    private static final int REPLAYS = 16;
    private static final long THROTTLED_BYTES_PER_SECOND = 4_000_000;
    private static final String FORCED = "steady";
    private static final String DEFAULTS = "steady-defaults";
    private static final int PARTITIONS = 6;
    private static final int RECORDS_PER_SECOND = 1_500;
    private static final int SECONDS = 15;

    private final Table table;
    private final ReplayPlan plan;
    private final ReplayTopics replayed;
    private final String topic;

    ReplayIsolation(Table table, ReplayPlan plan, ReplayTopics replayed) {
        this(table, plan, replayed, FORCED);
    }

    private ReplayIsolation(Table table, ReplayPlan plan, ReplayTopics replayed, String topic) {
        this.table = table;
        this.plan = plan;
        this.replayed = replayed;
        this.topic = topic;
    }

    /** Makes what the steady load goes to. */
    static void createTopics(ReplayBroker broker) throws InterruptedException {
        Admins.create(broker.bootstrap(), FORCED, PARTITIONS, broker.peer().forcedTopic());
        Admins.create(broker.bootstrap(), DEFAULTS, PARTITIONS, broker.peer().hotTopic());
    }

    /** The same of records that are acknowledged as the broker does it by default. */
    ReplayIsolation byDefaults() {
        return new ReplayIsolation(table, plan, replayed, DEFAULTS);
    }

    /** Compilers are at work in all processes when they do this for the first time. */
    void warmUp(ReplayBroker broker) throws IOException {
        loop(broker, THROTTLED_BYTES_PER_SECOND);
        broker.client().ask(steadyOrder());
        broker.otherClient().ask("stop");
    }

    /** Alone, and beside each kind of replays. */
    void measure(ReplayBroker broker, String how, Target target) throws IOException {
        Took alone = besideThrottled(broker, how, target);
        beside(broker, alone, "16 replays at full speed" + how, 0, Target.NONE);
    }

    /** Alone, and beside replays that read so much a second; says how long it took alone. */
    Took besideThrottled(ReplayBroker broker, String how, Target target) throws IOException {
        Took alone = steady(broker, "alone" + how);
        beside(broker, alone, "16 replays of 4 MB/s each" + how, THROTTLED_BYTES_PER_SECOND, target);
        return alone;
    }

    /** Records of the steady load, counted from when each was due. */
    record Took(Quantiles untilAcknowledged, Quantiles untilConsumed) {}

    private void beside(ReplayBroker broker, Took alone, String noise, long bytesPerSecond, Target target) throws IOException {
        loop(broker, bytesPerSecond);
        Usage before = broker.usage();
        Took disturbed = steady(broker, "beside " + noise);
        double busy = broker.usage().since(before).cores();
        String[] read = broker.otherClient().ask("stop");
        Peer peer = broker.peer();
        table.add("produce p99 beside " + noise + " ÷ alone", "", target, peer, disturbed.untilAcknowledged.p99Ms() / alone.untilAcknowledged.p99Ms());
        table.add("consume p99 beside " + noise + " ÷ alone", "", target, peer, disturbed.untilConsumed.p99Ms() / alone.untilConsumed.p99Ms());
        table.add("replayed meanwhile, " + noise, "MiB/s", Target.NONE, peer, Double.parseDouble(read[0]) / (1 << 20) * 1e9 / Double.parseDouble(read[1]));
        table.add("processors busy meanwhile without the replaying clients, " + noise, "", Target.NONE, peer, busy);
    }

    private void loop(ReplayBroker broker, long bytesPerSecond) throws IOException {
        broker.otherClient().ask("loop " + replayed.tiered() + " " + replayed.partitions() + " " + Math.min(REPLAYS, replayed.partitions()) + " " + replayed.cold() + " " + bytesPerSecond);
    }

    private String steadyOrder() {
        return "steady " + topic + " " + PARTITIONS + " " + RECORDS_PER_SECOND + " " + plan.seconds(SECONDS);
    }

    private Took steady(ReplayBroker broker, String how) throws IOException {
        String[] answer = broker.client().ask(steadyOrder());
        Took took = new Took(Quantiles.of(answer, 0), Quantiles.of(answer, 2));
        took.untilAcknowledged.addTo(table, broker.peer(), "produce 1 KiB at " + RECORDS_PER_SECOND + " records/s until acknowledged, " + how);
        took.untilConsumed.addTo(table, broker.peer(), "the same until consumed, " + how);
        return took;
    }
}
