package io.firn.it.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The table of replay speeds: a line for each distance, number of partitions and of consumers, with medians over the rounds. Confined to one thread. */
final class ReplaySheet {

    private static final double GIB = 1L << 30;
    private static final double MIB = 1L << 20;
    /** What is held against a target is so far away. */
    private static final int TARGET_DELAY_MS = 100;

    /** What is measured: {@code consumers} share the partitions; of one partition each reads all. */
    record Cell(int delayMs, int partitions, int consumers) {
        /** Of cold ÷ hot. */
        Row.Target target() {
            boolean held = delayMs == TARGET_DELAY_MS && (partitions == 1 && consumers == 1 || partitions == 16);
            return !held ? Row.Target.NONE : Row.Target.atLeast(partitions == 1 ? 0.7 : 0.9);
        }
    }

    /** One replay: bytes and nanoseconds by the client, what it cost. */
    record Run(long bytes, long nanos, Usage usage) {
        double mibPerSecond() {
            return bytes / MIB * 1e9 / nanos;
        }

        /** Processor time per GiB of broker and client, which both tiers need. */
        private double needed() {
            return perGib(usage.brokerCpu() + usage.clientCpu());
        }

        private double all() {
            return needed() + perGib(usage.storeCpu() + usage.proxyCpu());
        }

        private double perGib(double amount) {
            return amount * GIB / bytes;
        }
    }

    private final Map<Cell, Map<String, Row>> cells = new LinkedHashMap<>();

    /** Says the run in a line. */
    String add(Cell cell, Run cold, Run hot) {
        Map<String, Row> line = cells.computeIfAbsent(cell, any -> new LinkedHashMap<>());
        add(line, "cold MiB/s", cold.mibPerSecond());
        add(line, "hot MiB/s", hot.mibPerSecond());
        add(line, "cold ÷ hot", cold.mibPerSecond() / hot.mibPerSecond());
        add(line, "broker cold", cold.perGib(cold.usage.brokerCpu()));
        add(line, "broker hot", hot.perGib(hot.usage.brokerCpu()));
        add(line, "client cold", cold.perGib(cold.usage.clientCpu()));
        add(line, "client hot", hot.perGib(hot.usage.clientCpu()));
        add(line, "S3 server", cold.perGib(cold.usage.storeCpu()));
        add(line, "proxy", cold.perGib(cold.usage.proxyCpu()));
        add(line, "busy cold", cold.usage.cores());
        add(line, "busy hot", hot.usage.cores());
        add(line, "by processors here", hot.needed() / cold.all());
        add(line, "by processors elsewhere", hot.needed() / cold.needed());
        add(line, "fetched ÷ delivered", cold.usage.fetched() / cold.usage.delivered());
        add(line, "GETs per GiB", cold.perGib(cold.usage.gets()));
        return String.format(Locale.ROOT, "%s: cold %.0f MiB/s, hot %.0f MiB/s, cold ÷ hot %.2f; s per GiB: broker %.2f (hot %.2f), client %.2f (hot %.2f), S3 server %.2f, proxy %.2f; busy %.2f (hot %.2f); fetched ÷ delivered %.3f, %.0f GETs per GiB",
                cell, cold.mibPerSecond(), hot.mibPerSecond(), cold.mibPerSecond() / hot.mibPerSecond(), cold.perGib(cold.usage.brokerCpu()), hot.perGib(hot.usage.brokerCpu()), cold.perGib(cold.usage.clientCpu()),
                hot.perGib(hot.usage.clientCpu()), cold.perGib(cold.usage.storeCpu()), cold.perGib(cold.usage.proxyCpu()), cold.usage.cores(), hot.usage.cores(), cold.usage.fetched() / cold.usage.delivered(), cold.perGib(cold.usage.gets()));
    }

    private static void add(Map<String, Row> line, String name, double value) {
        line.computeIfAbsent(name, any -> new Row(name, "", Row.Target.NONE)).add(Peer.FIRN, value);
    }

    boolean isEmpty() {
        return cells.isEmpty();
    }

    String markdown() {
        StringBuilder text = new StringBuilder("""
                | delay, ms | partitions | consumers | cold, MiB/s (min–max) | hot, MiB/s (min–max) | cold ÷ hot (min–max) | target | met | broker, s/GiB cold : hot | client, s/GiB cold : hot | S3 server, s/GiB | proxy, s/GiB | processors busy cold : hot | cold ÷ hot that processors allow here : with the store elsewhere | fetched ÷ delivered | GETs per GiB |
                |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
                """);
        cells.forEach((cell, line) -> {
            Row.Target target = cell.target();
            double ratio = line.get("cold ÷ hot").median(Peer.FIRN).orElseThrow();
            List<String> columns = new ArrayList<>(List.of("" + cell.delayMs, "" + cell.partitions, "" + cell.consumers, line.get("cold MiB/s").spread(Peer.FIRN), line.get("hot MiB/s").spread(Peer.FIRN),
                    line.get("cold ÷ hot").spread(Peer.FIRN), target.toString(), target == Row.Target.NONE ? "" : target.met(ratio) ? "yes" : "no", pair(line, "broker"), pair(line, "client"), median(line, "S3 server"),
                    median(line, "proxy"), pair(line, "busy"), median(line, "by processors here") + " : " + median(line, "by processors elsewhere"), String.format(Locale.ROOT, "%.3f", line.get("fetched ÷ delivered").median(Peer.FIRN).orElseThrow()), median(line, "GETs per GiB")));
            text.append("| ").append(String.join(" | ", columns)).append(" |\n");
        });
        return text.toString();
    }

    private static String pair(Map<String, Row> line, String name) {
        return median(line, name + " cold") + " : " + median(line, name + " hot");
    }

    private static String median(Map<String, Row> line, String name) {
        return String.format(Locale.ROOT, name.startsWith("GETs") ? "%.0f" : "%.2f", line.get(name).median(Peer.FIRN).orElseThrow());
    }
}
