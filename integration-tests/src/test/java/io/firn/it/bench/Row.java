package io.firn.it.bench;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;

/** One figure of the table, its values of all rounds for each peer, and the target its ratio is held against. */
final class Row {

    private final String name;
    private final String unit;
    private final Target target;
    private final Map<Peer, List<Double>> values = new EnumMap<>(Peer.class);

    /** What Firn's median divided by Kafka's should be. */
    record Target(boolean atMost, double ratio) {
        static final Target NONE = new Target(true, Double.NaN);

        static Target atMost(double ratio) {
            return new Target(true, ratio);
        }

        static Target atLeast(double ratio) {
            return new Target(false, ratio);
        }

        boolean met(double measured) {
            return Double.isNaN(ratio) || (atMost ? measured <= ratio : measured >= ratio);
        }

        @Override
        public String toString() {
            return Double.isNaN(ratio) ? "" : (atMost ? "≤ " : "≥ ") + ratio;
        }
    }

    Row(String name, String unit, Target target) {
        this.name = name;
        this.unit = unit;
        this.target = target;
    }

    void add(Peer peer, double value) {
        values.computeIfAbsent(peer, any -> new ArrayList<>()).add(value);
    }

    OptionalDouble median(Peer peer) {
        List<Double> sorted = values.getOrDefault(peer, List.of()).stream().sorted().toList();
        if (sorted.isEmpty()) {
            return OptionalDouble.empty();
        }
        int middle = sorted.size() / 2;
        return OptionalDouble.of(sorted.size() % 2 == 1 ? sorted.get(middle) : (sorted.get(middle - 1) + sorted.get(middle)) / 2);
    }

    String spread(Peer peer) {
        List<Double> sorted = values.getOrDefault(peer, List.of()).stream().sorted().toList();
        return sorted.isEmpty() ? "–" : String.format(Locale.ROOT, "%s (%s–%s)", number(median(peer).orElseThrow()), number(sorted.get(0)), number(sorted.get(sorted.size() - 1)));
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : value >= 1 ? "%.2f" : "%.3f", value);
    }

    /** A line of a Markdown table: name, unit, each peer's median and range, target of Firn's median itself and whether it was met. */
    String figure() {
        String verdict = target == Target.NONE ? "" : target.met(median(Peer.FIRN).orElseThrow()) ? "yes" : "no";
        return String.join(" | ", "| " + name, unit, spread(Peer.FIRN), spread(Peer.KAFKA), target.toString(), verdict) + " |";
    }

    /** A line of a Markdown table: name, unit, each peer's median and range, ratio; beside Kafka also target and whether it was met. */
    String markdown(Peer other) {
        OptionalDouble firn = median(Peer.FIRN);
        OptionalDouble theirs = median(other);
        boolean both = firn.isPresent() && theirs.isPresent() && theirs.getAsDouble() > 0;
        double ratio = both ? firn.getAsDouble() / theirs.getAsDouble() : Double.NaN;
        String line = String.format(Locale.ROOT, "| %s | %s | %s | %s | %s |", name, unit, spread(Peer.FIRN), spread(other), both ? String.format(Locale.ROOT, "%.2f", ratio) : "–");
        if (other != Peer.KAFKA) {
            return line;
        }
        String verdict = !both || target == Target.NONE ? "" : target.met(ratio) ? "yes" : "no";
        return line + " " + target + " | " + verdict + " |";
    }
}
