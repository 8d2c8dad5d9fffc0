package io.firn.it.bench;

import io.firn.it.bench.ReplaySheet.Cell;
import io.firn.it.bench.ReplaySheet.Run;
import io.firn.it.bench.Row.Target;
import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * What {@code firn bench --replay} measures on a {@link ReplayRig}, in which order: replay of records that only a far bucket has beside the same records on the local disk, requests, memory; single reads ({@link ReplaySeeks}), what
 * producers and consumers of new records notice ({@link ReplayIsolation}), and what another broker can do as well ({@link ReplayNear}). Topics are filled once and read in every round. For one thread.
 */
final class ReplayRows {

    static final List<String> PARTS = List.of("speed", "apart", "paced", "seek", "requests", "isolation", "kafka");

    private static final long GIB = 1L << 30;
    private static final int KIB = 1024;
    private static final int REQUESTS_SEGMENT_BYTES = 256 << 20;
    private static final int REQUESTS_SEGMENTS = 2;
    private static final double FETCHED_PER_DELIVERED = 1.05;
    private static final double PUTS_PER_GIB = 64;
    private static final double BESIDE_REPLAYS = 1.2;

    private final Layout layout;
    private final ReplayPlan plan;
    private final ReplaySheet together = new ReplaySheet();
    private final ReplaySheet apart = new ReplaySheet();
    private final Table table = new Table(Peer.KAFKA);
    private final Map<Integer, ReplayTopics> topics = new LinkedHashMap<>();

    ReplayRows(Layout layout, ReplayPlan plan) {
        this.layout = layout;
        this.plan = plan;
    }

    /** All rounds. The result is in {@code replay.md}, after each round what there is so far. */
    String measure() throws IOException, InterruptedException {
        ReplayBesideKafka kafka = new ReplayBesideKafka(layout, plan, table);
        try (ReplayRig rig = ReplayRig.start(layout, plan)) {
            for (int partitions : partitionCounts()) {
                say("filling %d partitions, segments of %.1f MiB", partitions, ReplayTopics.segmentBytes(partitions, plan.replayedBytes()) / 1048576.0);
                topics.put(partitions, ReplayTopics.fill(rig, partitions, plan.replayedBytes()));
            }
            ReplayIsolation.createTopics(rig);
            Bench.quiet();
            if (wanted("seek")) {
                seeks().firstLooks(rig);
            }
            for (ReplayTopics each : topics.values()) {
                read(rig, each.hot(), each.partitions(), 1, each.cold());
                read(rig, each.tiered(), each.partitions(), 1, each.cold());
            }
            if (wanted("kafka")) {
                say("warming up for the near tier");
                near(rig).warmUp();
            }
            if (wanted("isolation")) {
                say("warming up for isolation");
                rig.delay(plan.mainDelayMs());
                isolation().warmUp(rig);
            }
            for (int round = 0; round < plan.rounds(); round++) {
                say("round %d of %d", round + 1, plan.rounds());
                round(rig, round);
                if (wanted("kafka")) {
                    kafka.round(round);
                }
                save();
            }
            if (wanted("isolation")) {
                whileOthersGiveWay(rig);
            }
        } finally {
            kafka.close();
            Layout.delete(layout.work().resolve("replay-data"));
            Layout.delete(layout.work().resolve("replay-bucket"));
        }
        return result();
    }

    private boolean wanted(String part) {
        return plan.parts().contains(part);
    }

    private ReplaySeeks seeks() {
        return new ReplaySeeks(table, plan, topics.get(plan.mainPartitions()));
    }

    private ReplayIsolation isolation() {
        return new ReplayIsolation(table, plan, topics.get(plan.mainPartitions()));
    }

    private ReplayNear near(ReplayRig rig) {
        return new ReplayNear(table, plan, rig, topics);
    }

    private Iterable<Integer> partitionCounts() {
        TreeSet<Integer> counts = new TreeSet<>();
        if (wanted("speed") || wanted("apart") || wanted("paced")) {
            counts.addAll(plan.partitions());
        }
        if (wanted("seek") || wanted("isolation")) {
            counts.add(plan.mainPartitions());
        }
        if (wanted("kafka")) {
            counts.addAll(ReplayNear.PARTITIONS);
        }
        return counts;
    }

    private void round(ReplayRig rig, int round) throws IOException, InterruptedException {
        if (wanted("speed")) {
            speed(rig, round, together, plan.delaysMs());
        }
        if (wanted("apart") && Runtime.getRuntime().availableProcessors() > 1) {
            rig.clientsApart(true);
            speed(rig, round, apart, List.of(plan.mainDelayMs()));
            rig.clientsApart(false);
        }
        if (wanted("paced")) {
            for (int paceMib : plan.pacesMib()) {
                paced(rig, paceMib);
            }
        }
        if (wanted("kafka")) {
            rig.delay(0);
            near(rig).round(round);
        }
        rig.delay(plan.mainDelayMs());
        if (wanted("seek")) {
            seeks().cold(rig, plan.mainDelayMs() + " ms", round);
            seeks().hot(rig, round);
        }
        if (wanted("isolation")) {
            isolation().measure(rig, "", Target.NONE);
        }
        table.add("resident memory of the broker", "MiB", Target.NONE, Peer.FIRN, rig.brokerProc().residentMiB());
        table.add("resident memory of the broker, most", "MiB", Target.NONE, Peer.FIRN, rig.brokerProc().peakMiB());
        rig.delay(0);
        if (wanted("requests")) {
            requests(rig, round);
        }
    }

    private void speed(ReplayRig rig, int round, ReplaySheet sheet, List<Integer> delaysMs) throws IOException {
        for (int partitions : plan.partitions()) {
            ReplayTopics of = topics.get(partitions);
            for (int consumers : plan.consumers()) {
                long limit = of.limit(consumers);
                Run before = read(rig, of.hot(), partitions, consumers, limit);
                for (int delayMs : consumers == 1 ? delaysMs : List.of(plan.mainDelayMs())) {
                    rig.delay(delayMs);
                    Run cold = read(rig, of.tiered(), partitions, consumers, limit);
                    Run hot = round % 2 == 0 ? before : read(rig, of.hot(), partitions, consumers, limit);
                    say("%s", sheet.add(new Cell(delayMs, partitions, consumers), cold, hot));
                    save();
                    if (sheet == together && delayMs == plan.mainDelayMs() && consumers == 1) {
                        table.add("bytes fetched ÷ bytes delivered, one reader, " + partitions + plural(partitions) + ", " + delayMs + " ms", "", Target.atMost(FETCHED_PER_DELIVERED), Peer.FIRN,
                                cold.usage().fetched() / cold.usage().delivered());
                    }
                }
            }
        }
    }

    private static String plural(int partitions) {
        return partitions == 1 ? " partition" : " partitions";
    }

    /** Consumers that take no more in all than so much: where processors and not what they read from would be the limit, it is neither. */
    private void paced(ReplayRig rig, int paceMib) throws IOException {
        for (int partitions : plan.partitions()) {
            ReplayTopics of = topics.get(partitions);
            for (int consumers : plan.consumers()) {
                long each = ((long) paceMib << 20) / consumers;
                rig.delay(plan.mainDelayMs());
                Run cold = read(rig, of.tiered(), partitions, consumers, of.limit(consumers), each);
                Run hot = read(rig, of.hot(), partitions, consumers, of.limit(consumers), each);
                Cell cell = new Cell(plan.mainDelayMs(), partitions, consumers);
                String row = String.format(Locale.ROOT, "consumers take %d MiB/s in all, %d ms, %d partition%s, %d consumer%s", paceMib, plan.mainDelayMs(), partitions, partitions == 1 ? "" : "s", consumers, consumers == 1 ? "" : "s");
                table.add("cold ÷ hot, " + row, "", cell.target(), Peer.FIRN, cold.mibPerSecond() / hot.mibPerSecond());
                table.add("cold, " + row, "MiB/s", Target.NONE, Peer.FIRN, cold.mibPerSecond());
                say("%s: paced %d MiB/s, cold %.0f MiB/s, hot %.0f MiB/s; busy %.2f (hot %.2f)", cell, paceMib, cold.mibPerSecond(), hot.mibPerSecond(), cold.usage().cores(), hot.usage().cores());
            }
        }
    }

    private Run read(ReplayRig rig, String topic, int partitions, int consumers, long limit) throws IOException {
        return read(rig, topic, partitions, consumers, limit, 0);
    }

    private Run read(ReplayRig rig, String topic, int partitions, int consumers, long limit, long bytesPerSecond) throws IOException {
        return rig.read(topic, partitions, consumers, limit, plan.replaySeconds(), bytesPerSecond);
    }

    /** The same again where what would be other machines takes no processor from the broker and its measured client: what is left is what the broker does to its producers itself. Last, since it cannot be taken back. */
    private void whileOthersGiveWay(ReplayRig rig) throws IOException, InterruptedException {
        rig.delay(plan.mainDelayMs());
        rig.othersGiveWay();
        for (int round = 0; round < plan.rounds(); round++) {
            say("round %d of %d, other machines' processes give way", round + 1, plan.rounds());
            isolation().measure(rig, ", other machines' processes give way", Target.atMost(BESIDE_REPLAYS));
            save();
        }
    }

    private void requests(ReplayRig rig, int round) throws IOException, InterruptedException {
        long newest = REQUESTS_SEGMENT_BYTES / KIB;
        long records = (REQUESTS_SEGMENTS + 1) * newest;
        String topic = "requests-" + round;
        Usage before = rig.usage(); // proxy and broker are asked one after the other, so while nothing is on its way
        Admins.create(rig.bootstrap(), topic, 1, Peer.FIRN.tieredTopic(REQUESTS_SEGMENT_BYTES));
        rig.client().ask("fill " + topic + " 1 " + records + " " + System.currentTimeMillis());
        Admins.awaitLocalStarts(rig.bootstrap(), topic, 1, records - newest);
        Usage used = rig.usage().since(before);
        table.add("PUTs per GiB offloaded, segments of 256 MiB", "", Target.atMost(PUTS_PER_GIB), Peer.FIRN, used.puts() * GIB / used.offloaded());
        table.add("the same by the broker's metric", "", Target.NONE, Peer.FIRN, used.meteredPuts() * GIB / used.offloaded());
        table.add("POSTs that begin and complete uploads per GiB offloaded, segments of 256 MiB", "", Target.NONE, Peer.FIRN, used.uploadEnds() * GIB / used.offloaded());
        Admins.delete(rig.bootstrap(), topic);
    }

    private String result() throws IOException {
        String head = String.format(Locale.ROOT, "%.2f GiB a topic, rounds %d, segments of %s MiB; records of 1 KiB; TCP %s%n%n", plan.replayedBytes() / (double) GIB, plan.rounds(),
                topics.keySet().stream().map(partitions -> String.format(Locale.ROOT, "%.1f (%d%s)", ReplayTopics.segmentBytes(partitions, plan.replayedBytes()) / 1048576.0, partitions, plural(partitions))).toList(), Proc.tcpCongestionControl());
        String apartHead = "Clients on one half of the processors, broker and the way to the bucket on the other:\n\n";
        return head + (together.isEmpty() ? "" : together.markdown() + "\n") + (apart.isEmpty() ? "" : apartHead + apart.markdown() + "\n") + table.figures();
    }

    private void save() throws IOException {
        Files.writeString(layout.work().resolve("replay.md"), result());
    }

    static void say(String text, Object... values) {
        System.err.printf(Locale.ROOT, text + "%n", values);
    }
}
