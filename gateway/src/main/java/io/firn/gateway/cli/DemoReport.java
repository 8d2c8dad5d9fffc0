package io.firn.gateway.cli;

/**
 * The table at the end of the demo.
 *
 * @param localBefore segment files before they were let go, and {@code localAfter}
 * @param objects segments in the cold tier at the end
 */
record DemoReport(Pass written, Pass hot, Pass cold, DemoDirectory.Content localBefore, DemoDirectory.Content localAfter, DemoDirectory.Content objects) {

    boolean same() {
        return hot.matches(written) && cold.matches(written);
    }

    String text(int partitions) {
        StringBuilder text = new StringBuilder();
        row(text, "", "records", "MB", "MB/s");
        row(text, "produced (acks=all)", written);
        row(text, "read hot, local disk", hot);
        row(text, "read cold, object store", cold);
        text.append(String.format("%n%-26s %s%n", "local segments before", content(localBefore)));
        text.append(String.format("%-26s %s%n", "local segments after", content(localAfter)));
        text.append(String.format("%-26s %s%n%n", "objects in the cold tier", content(objects)));
        for (int i = 0; i < partitions; i++) {
            verdict(text, i, written.partitions().get(i), hot.partitions().get(i), cold.partitions().get(i));
        }
        return text.toString();
    }

    private static void verdict(StringBuilder text, int partition, Tally written, Tally hot, Tally cold) {
        if (hot.matches(written) && cold.matches(written)) {
            text.append(String.format("partition %d: %s: written = read hot = read cold%n", partition, written));
        } else {
            text.append(String.format("partition %d: DIFFERS%n  written    %s%n  read hot   %s%n  read cold  %s%n", partition, written, hot, cold));
        }
    }

    private static String content(DemoDirectory.Content content) {
        return String.format("%5s files, %10s MB", Figures.count(content.files()), Figures.megabytes(content.bytes()));
    }

    private static void row(StringBuilder text, String what, Pass pass) {
        row(text, what, Figures.count(pass.records()), Figures.megabytes(pass.bytes()), Figures.megabytesPerSecond(pass.bytes(), pass.nanos()));
    }

    private static void row(StringBuilder text, String what, String records, String megabytes, String rate) {
        text.append(String.format("%-26s %14s %10s %10s%n", what, records, megabytes, rate));
    }
}
