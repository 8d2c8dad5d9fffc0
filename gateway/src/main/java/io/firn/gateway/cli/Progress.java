package io.firn.gateway.cli;

import java.io.PrintStream;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Shows how far a long piece of work is: on a terminal a line that is drawn again and again, elsewhere a plain line now and then. Confined to one thread.
 *
 * <p>Both are limited in rate, so that {@link #update} may be called for every record.
 */
final class Progress implements AutoCloseable {

    private static final long NANOS_PER_MS = 1_000_000;
    private static final long REDRAW_MS = 100;
    private static final long PLAIN_MS = 5_000;
    private static final int BAR_CELLS = 30;
    private static final String CLEAR_LINE = "\r\u001b[K";

    private final PrintStream out;
    private final boolean terminal;
    private final String label;
    private final long totalBytes;
    private final Optional<String> counted;
    private final LongSupplier nanoTime;
    private final long startedNanos;
    private long shownNanos;
    private boolean drawn;

    /**
     * @param totalBytes what {@link #update} will reach; 0 if it is not known
     * @param terminal draw a bar; otherwise print lines
     */
    Progress(PrintStream out, boolean terminal, String label, long totalBytes, LongSupplier nanoTime) {
        this(out, terminal, label, totalBytes, Optional.empty(), nanoTime);
    }

    /** Of things that are counted, not bytes. @param counted what they are called, in the plural */
    static Progress of(PrintStream out, boolean terminal, String label, long total, String counted, LongSupplier nanoTime) {
        return new Progress(out, terminal, label, total, Optional.of(counted), nanoTime);
    }

    private Progress(PrintStream out, boolean terminal, String label, long totalBytes, Optional<String> counted, LongSupplier nanoTime) {
        this.out = out;
        this.terminal = terminal;
        this.label = label;
        this.totalBytes = totalBytes;
        this.counted = counted;
        this.nanoTime = nanoTime;
        startedNanos = nanoTime.getAsLong();
        shownNanos = startedNanos;
    }

    void update(long doneBytes) {
        update(doneBytes, "");
    }

    /** @param note short text behind the figures */
    void update(long doneBytes, String note) {
        long now = nanoTime.getAsLong();
        if (now - shownNanos < (terminal ? REDRAW_MS : PLAIN_MS) * NANOS_PER_MS) {
            return;
        }
        shownNanos = now;
        if (terminal) {
            out.print(CLEAR_LINE + line(doneBytes, now, note));
            out.flush();
            drawn = true;
        } else {
            out.println(line(doneBytes, now, note));
        }
    }

    private String line(long doneBytes, long now, String note) {
        StringBuilder line = new StringBuilder(label).append(' ');
        if (totalBytes > 0) {
            double share = Math.min(1.0, (double) doneBytes / totalBytes);
            if (terminal) {
                int cells = (int) (share * BAR_CELLS);
                line.append('[').append("#".repeat(cells)).append(".".repeat(BAR_CELLS - cells)).append("] ");
            }
            line.append(String.format("%3d %% ", (int) (share * 100)));
        }
        if (counted.isPresent()) {
            line.append(Figures.count(doneBytes)).append(" of ").append(Figures.count(totalBytes)).append(' ').append(counted.get());
        } else {
            line.append(Figures.megabytes(doneBytes)).append(" MB");
        }
        if (counted.isEmpty() && now > startedNanos) {
            line.append(", ").append(Figures.megabytesPerSecond(doneBytes, now - startedNanos)).append(" MB/s");
        }
        return note.isEmpty() ? line.toString() : line.append(", ").append(note).toString();
    }

    /** Removes what is on the terminal; what was printed as lines stays. */
    @Override
    public void close() {
        if (drawn) {
            out.print(CLEAR_LINE);
            out.flush();
        }
    }
}
