package io.firn.hot.epoch;

import io.firn.hot.CorruptStateException;
import io.firn.hot.EpochEnd;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * The leader epochs of one log, each with the offset of its first record: the lineage by which replicas find where they diverge
 * (KIP-101, KIP-279).
 *
 * <p>Text format, as Kafka's {@code leader-epoch-checkpoint} version 0 (UTF-8, each line ended by a line feed):
 * <pre>
 * 0                      version
 * 2                      number of entries
 * 0 0                    epoch, space, start offset
 * 3 1024
 * </pre>
 *
 * <p><i>Invariant</i>: epochs and start offsets both increase strictly; none is negative.
 *
 * <p>Threading: immutable; changes return a new value (an epoch begins a few times in a log's life, so copying costs nothing and a
 * reference is a snapshot). The number of entries is bounded by the elections since the log start.
 */
public final class LeaderEpochs {

    public static final LeaderEpochs EMPTY = new LeaderEpochs(new int[0], new long[0]);

    private static final String VERSION = "0";

    private final int[] epochs;
    private final long[] startOffsets;

    private LeaderEpochs(int[] epochs, long[] startOffsets) {
        this.epochs = epochs;
        this.startOffsets = startOffsets;
    }

    public int size() {
        return epochs.length;
    }

    public boolean isEmpty() {
        return epochs.length == 0;
    }

    /** Newest epoch that has a record. */
    public OptionalInt latest() {
        return isEmpty() ? OptionalInt.empty() : OptionalInt.of(epochs[epochs.length - 1]);
    }

    /**
     * Notes that the record at {@code startOffset} was written under {@code epoch}. Returns this value when the newest entry says so
     * already. Entries that contradict the new one (an epoch not below it, or a start offset not below it) are dropped: their
     * records were never kept, or a new history begins.
     */
    public LeaderEpochs assign(int epoch, long startOffset) {
        if (epoch < 0 || startOffset < 0) {
            throw new IllegalArgumentException("leader epoch " + epoch + " at offset " + startOffset);
        }
        int keep = epochs.length;
        if (keep > 0 && epochs[keep - 1] == epoch && startOffsets[keep - 1] <= startOffset) {
            return this;
        }
        while (keep > 0 && (epochs[keep - 1] >= epoch || startOffsets[keep - 1] >= startOffset)) {
            keep--;
        }
        int[] newEpochs = Arrays.copyOf(epochs, keep + 1);
        long[] newStartOffsets = Arrays.copyOf(startOffsets, keep + 1);
        newEpochs[keep] = epoch;
        newStartOffsets[keep] = startOffset;
        return new LeaderEpochs(newEpochs, newStartOffsets);
    }

    /**
     * The largest known epoch not above {@code epoch}, with its exclusive end: the start of the next epoch, or
     * {@code logEndOffset} for the newest. Below the oldest known epoch its records are gone: the answer is {@code epoch} itself,
     * ending where the known history starts. Empty when {@code epoch} is above the newest, or nothing is known.
     */
    public Optional<EpochEnd> endOffsetFor(int epoch, long logEndOffset) {
        if (epoch < 0 || isEmpty() || epoch > epochs[epochs.length - 1]) {
            return Optional.empty();
        }
        int floor = floor(epoch);
        if (floor == epochs.length - 1) {
            return Optional.of(new EpochEnd(epoch, logEndOffset));
        }
        return Optional.of(new EpochEnd(floor < 0 ? epoch : epochs[floor], startOffsets[floor + 1]));
    }

    /** Whether an epoch not above {@code epoch} is known. If not, its records have been deleted, and {@link #endOffsetFor} does not know where they ended, only that they are gone. */
    public boolean reachesBackTo(int epoch) {
        return floor(epoch) >= 0;
    }

    /**
     * Up to which offset the log with these epochs, which ends at {@code endOffset}, and another one are the same: as far as both have the newest epoch they share. Records that one of them has deleted
     * at its front are no difference.
     */
    public long agreesUpTo(long endOffset, LeaderEpochs others, long othersEndOffset) {
        long othersEnd = othersEndOffset;
        for (int i = others.epochs.length - 1; i >= 0; i--) {
            int epoch = others.epochs[i];
            Optional<EpochEnd> own = endOffsetFor(epoch, endOffset).filter(end -> end.leaderEpoch() == epoch);
            if (own.isPresent()) {
                return Math.min(othersEnd, own.get().endOffset());
            }
            othersEnd = others.startOffsets[i];
        }
        return others.isEmpty() ? 0 : Math.min(endOffset, othersEnd);
    }

    /** Epoch of the record at {@code offset} (or, beyond the log's end, the newest epoch); empty below the known history. */
    public OptionalInt epochAt(long offset) {
        int found = Arrays.binarySearch(startOffsets, offset);
        int slot = found >= 0 ? found : -found - 2;
        return slot < 0 ? OptionalInt.empty() : OptionalInt.of(epochs[slot]);
    }

    /** Forgets the epochs that begin at or above {@code endOffset}: the log was cut there. */
    public LeaderEpochs truncateFromEnd(long endOffset) {
        int keep = epochs.length;
        while (keep > 0 && startOffsets[keep - 1] >= endOffset) {
            keep--;
        }
        return keep == epochs.length ? this : part(0, keep);
    }

    /** Forgets the epochs that end at or below {@code startOffset}: the log starts there now, and so does the first epoch left. */
    public LeaderEpochs truncateFromStart(long startOffset) {
        int first = epochs.length - 1;
        while (first >= 0 && startOffsets[first] > startOffset) {
            first--;
        }
        if (first < 0 || startOffsets[first] == startOffset && first == 0) {
            return this;
        }
        LeaderEpochs rest = part(first, epochs.length);
        rest.startOffsets[0] = startOffset;
        return rest;
    }

    /** The text format. */
    public ByteBuffer toText() {
        StringBuilder text = new StringBuilder().append(VERSION).append('\n').append(epochs.length).append('\n');
        for (int i = 0; i < epochs.length; i++) {
            text.append(epochs[i]).append(' ').append(startOffsets[i]).append('\n');
        }
        return StandardCharsets.UTF_8.encode(text.toString());
    }

    /**
     * Reads the text format (the remaining bytes of {@code text}, which is not changed).
     *
     * @throws CorruptStateException when it is not exactly that: another version or count, a line that is no pair of numbers, entries that do not increase
     */
    public static LeaderEpochs fromText(ByteBuffer text) throws CorruptStateException {
        String[] lines = StandardCharsets.UTF_8.decode(text.duplicate()).toString().split("\n", -1);
        int entries = lines.length - 3;
        if (entries < 0 || !lines[lines.length - 1].isEmpty()) {
            throw new CorruptStateException("leader epochs: the text ends early");
        }
        if (!lines[0].equals(VERSION) || !lines[1].equals(Integer.toString(entries))) {
            throw new CorruptStateException("leader epochs: version '" + lines[0] + "', count '" + lines[1] + "' with " + entries + " entries");
        }
        LeaderEpochs read = new LeaderEpochs(new int[entries], new long[entries]);
        for (int i = 0; i < entries; i++) {
            read.parse(i, lines[i + 2]);
        }
        return read;
    }

    private void parse(int slot, String line) throws CorruptStateException {
        int space = line.indexOf(' ');
        try {
            epochs[slot] = Integer.parseInt(line.substring(0, Math.max(0, space)));
            startOffsets[slot] = Long.parseLong(line.substring(space + 1));
        } catch (NumberFormatException e) {
            throw new CorruptStateException("leader epochs: '" + line + "' is no entry");
        }
        if (!line.equals(epochs[slot] + " " + startOffsets[slot])) {
            throw new CorruptStateException("leader epochs: '" + line + "' is not how an entry is written");
        }
        if (epochs[slot] < 0 || startOffsets[slot] < 0
                || slot > 0 && (epochs[slot] <= epochs[slot - 1] || startOffsets[slot] <= startOffsets[slot - 1])) {
            throw new CorruptStateException("leader epochs: '" + line + "' does not increase");
        }
    }

    private LeaderEpochs part(int from, int to) {
        return new LeaderEpochs(Arrays.copyOfRange(epochs, from, to), Arrays.copyOfRange(startOffsets, from, to));
    }

    /** Slot of the largest epoch not above {@code epoch}, or -1. */
    private int floor(int epoch) {
        int found = Arrays.binarySearch(epochs, epoch);
        return found >= 0 ? found : -found - 2;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof LeaderEpochs that && Arrays.equals(epochs, that.epochs) && Arrays.equals(startOffsets, that.startOffsets);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(epochs) + Arrays.hashCode(startOffsets);
    }

    @Override
    public String toString() {
        return "LeaderEpochs" + Arrays.toString(epochs) + "@" + Arrays.toString(startOffsets);
    }
}
