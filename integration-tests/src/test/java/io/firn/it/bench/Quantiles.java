package io.firn.it.bench;

import java.util.Arrays;
import java.util.Locale;

/** How long something took, of many times; milliseconds. As words (of an {@link Attendant}'s answer) it is its two numbers. Immutable. */
record Quantiles(double medianMs, double p99Ms) {

    static Quantiles of(double[] tookMs) {
        double[] sorted = tookMs.clone();
        Arrays.sort(sorted);
        return new Quantiles(sorted[sorted.length / 2], sorted[Math.min(sorted.length - 1, (int) (sorted.length * 0.99))]);
    }

    /** @param from where its two words are among the answer's */
    static Quantiles of(String[] answer, int from) {
        return new Quantiles(Double.parseDouble(answer[from]), Double.parseDouble(answer[from + 1]));
    }

    String words() {
        return String.format(Locale.ROOT, "%.3f %.3f", medianMs, p99Ms);
    }

    /** As two rows, which are said as well. */
    void addTo(Table table, Peer peer, String row) {
        ReplayRows.say("%s, %s: median %.3f ms, p99 %.3f ms", peer, row, medianMs, p99Ms);
        table.add(row + ", median", "ms", Row.Target.NONE, peer, medianMs);
        table.add(row + ", p99", "ms", Row.Target.NONE, peer, p99Ms);
    }
}
