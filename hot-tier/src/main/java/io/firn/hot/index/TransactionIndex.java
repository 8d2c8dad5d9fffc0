package io.firn.hot.index;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/**
 * The transactions whose abort marker lies in a segment, in the order of their markers.
 *
 * <p>File format ({@code .txnindex}, as Kafka's; big-endian):
 * <pre>
 * entry  0         2            10            18           26                 34
 *        │ version │ producerId │ firstOffset │ lastOffset │ lastStableOffset │
 *          = 0                    of the data   of the       right after the
 *                                               marker       marker
 * </pre>
 *
 * <p><i>Invariant</i>: last offsets increase strictly and are not below the base offset (first offsets may be).
 *
 * <p>Threading: confined to one thread while it grows; read-only use from any thread after that.
 */
public final class TransactionIndex {

    public static final int ENTRY_BYTES = 34;

    private static final short VERSION = 0;
    private static final int PRODUCER_ID = 2;
    private static final int FIRST_OFFSET = 10;
    private static final int LAST_OFFSET = 18;
    private static final int LAST_STABLE_OFFSET = 26;

    private final long baseOffset;
    private final EntryTable table;

    private TransactionIndex(long baseOffset, EntryTable table) {
        this.baseOffset = baseOffset;
        this.table = table;
    }

    public static TransactionIndex empty(long baseOffset) {
        return new TransactionIndex(baseOffset, new EntryTable(ENTRY_BYTES));
    }

    /**
     * Reads the remaining bytes of {@code file}, which must stay unchanged: they are not copied.
     *
     * @throws CorruptStateException when they break the format's rules
     */
    public static TransactionIndex fromBytes(long baseOffset, ByteBuffer file) throws CorruptStateException {
        if (file.remaining() % ENTRY_BYTES != 0) {
            throw new CorruptStateException("transaction index: " + file.remaining() + " bytes are not whole entries");
        }
        TransactionIndex index = new TransactionIndex(baseOffset, new EntryTable(ENTRY_BYTES, file));
        long lastOffset = baseOffset - 1;
        for (int i = 0; i < index.entries(); i++) {
            AbortedTransaction entry = index.entry(i);
            if (index.table.shortAt(i, 0) != VERSION || entry.firstOffset() > entry.lastOffset() || entry.lastOffset() <= lastOffset) {
                throw new CorruptStateException("transaction index: entry " + i + " of version " + index.table.shortAt(i, 0) + ", " + entry + ", after offset " + lastOffset);
            }
            lastOffset = entry.lastOffset();
        }
        return index;
    }

    public int entries() {
        return table.entries();
    }

    public boolean isEmpty() {
        return entries() == 0;
    }

    /** Size of the file. */
    public int sizeBytes() {
        return table.sizeBytes();
    }

    /** Adds a transaction whose marker was just appended. */
    public void append(AbortedTransaction aborted) {
        long after = isEmpty() ? baseOffset - 1 : table.longAt(entries() - 1, LAST_OFFSET);
        if (aborted.lastOffset() <= after || aborted.firstOffset() > aborted.lastOffset()) {
            throw new IllegalArgumentException("transaction index: " + aborted + " after offset " + after);
        }
        table.add().putShort(VERSION).putLong(aborted.producerId()).putLong(aborted.firstOffset()).putLong(aborted.lastOffset())
                .putLong(aborted.lastStableOffset());
    }

    public AbortedTransaction entry(int slot) {
        return new AbortedTransaction(table.longAt(slot, PRODUCER_ID), table.longAt(slot, FIRST_OFFSET), table.longAt(slot, LAST_OFFSET),
                table.longAt(slot, LAST_STABLE_OFFSET));
    }

    /**
     * Gives {@code found} the transactions that overlap {@code [fromOffset, toOffset)}. Returns whether the search is over: an
     * abort of this segment left nothing undecided below {@code toOffset}, so no later segment can have one that overlaps.
     */
    public boolean collect(long fromOffset, long toOffset, Consumer<AbortedTransaction> found) {
        for (int slot = 0; slot < entries(); slot++) {
            if (table.longAt(slot, LAST_OFFSET) >= fromOffset && table.longAt(slot, FIRST_OFFSET) < toOffset) {
                found.accept(entry(slot));
            }
            if (table.longAt(slot, LAST_STABLE_OFFSET) >= toOffset) {
                return true;
            }
        }
        return false;
    }

    /** Drops the transactions whose marker is at or above {@code offset}. */
    public void truncateTo(long offset) {
        int kept = entries();
        while (kept > 0 && table.longAt(kept - 1, LAST_OFFSET) >= offset) {
            kept--;
        }
        table.truncate(kept);
    }

    /** The file's bytes, a read-only view that later changes of the index do not touch. */
    public ByteBuffer toBytes() {
        return table.toBytes();
    }
}
