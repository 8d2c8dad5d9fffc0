package io.firn.gateway.cli;

import java.util.Locale;

/** Figures for people. A megabyte is 1 000 000 bytes. */
final class Figures {

    private static final double MEGABYTE = 1e6;
    private static final double NANOS_PER_SECOND = 1e9;

    private Figures() {}

    static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%.1f", bytes / MEGABYTE);
    }

    static String megabytesPerSecond(long bytes, long nanos) {
        return String.format(Locale.ROOT, "%.1f", bytes / MEGABYTE / (nanos / NANOS_PER_SECOND));
    }

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
