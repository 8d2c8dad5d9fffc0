package io.firn.cold.segment;

import io.firn.cold.ColdAbortedTransaction;
import io.firn.cold.ColdStoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * The parsed tail of a segment object: everything needed to find a position in its log without reading it, and to check what is read.
 *
 * <p>Immutable. Positions are bytes of the log, offsets absolute.
 */
public final class SegmentIndexes {

    private static final int OFFSET_ENTRY = 8;
    private static final int TIME_ENTRY = 12;
    private static final int TRANSACTION_ENTRY = 34;

    private final SegmentFacts facts;
    private final ByteBuffer tail;
    private final ByteBuffer offsets;
    private final ByteBuffer times;
    private final ByteBuffer transactions;
    private final ByteBuffer epochs;
    private final ByteBuffer producers;
    private final int[] checksums;

    private SegmentIndexes(SegmentFooter footer, ByteBuffer tail) {
        this.facts = footer.facts();
        this.tail = tail;
        this.offsets = section(footer, SegmentSection.OFFSET_INDEX);
        this.times = section(footer, SegmentSection.TIME_INDEX);
        this.transactions = section(footer, SegmentSection.TRANSACTION_INDEX);
        this.epochs = section(footer, SegmentSection.LEADER_EPOCHS);
        this.producers = section(footer, SegmentSection.PRODUCER_SNAPSHOT);
        ByteBuffer chunks = section(footer, SegmentSection.CHUNK_CHECKSUMS);
        if (chunks.remaining() != facts.chunkCount() * Integer.BYTES) {
            throw new ColdStoreException.Corrupt("Segment " + facts.baseOffset() + " has " + chunks.remaining() + " bytes of chunk checksums", null);
        }
        this.checksums = new int[facts.chunkCount()];
        chunks.asIntBuffer().get(checksums);
    }

    /**
     * Parses the bytes after the log and checks every section.
     *
     * @param tail from the end of the log to the end of the object; kept
     * @throws ColdStoreException.Corrupt if they are not what the footer says
     */
    public static SegmentIndexes parse(ByteBuffer tail) {
        ByteBuffer view = tail.slice().asReadOnlyBuffer();
        if (view.limit() < SegmentFooter.BYTES) {
            throw new ColdStoreException.Corrupt("Segment tail of " + view.limit() + " bytes", null);
        }
        return new SegmentIndexes(SegmentFooter.decode(view.slice(view.limit() - SegmentFooter.BYTES, SegmentFooter.BYTES)), view);
    }

    private ByteBuffer section(SegmentFooter footer, SegmentSection section) {
        SegmentFooter.Range range = footer.sections().get(section);
        long from = range == null ? -1 : range.position() - facts.logSizeBytes();
        if (range == null || from < 0 || range.length() < 0 || from + range.length() > tail.limit() - SegmentFooter.BYTES) {
            throw new ColdStoreException.Corrupt("Segment " + facts.baseOffset() + ": section " + section + " is not in its tail", null);
        }
        ByteBuffer bytes = tail.slice((int) from, (int) range.length());
        if (Checksums.crc32c(bytes) != range.crc32c()) {
            throw new ColdStoreException.Corrupt("Segment " + facts.baseOffset() + ": section " + section + " fails its checksum", null);
        }
        return bytes;
    }

    public SegmentFacts facts() {
        return facts;
    }

    /** Memory held by this object, roughly. */
    public int weightBytes() {
        return tail.limit() + checksums.length * Integer.BYTES + 512;
    }

    public int[] checksums() {
        return checksums.clone();
    }

    /** A batch boundary at or before the batch that holds {@code offset}: the walk begins there. */
    public long positionBefore(long offset) {
        int entry = lastEntry(offsets, OFFSET_ENTRY, at -> facts.baseOffset() + offsets.getInt(at) <= offset);
        return entry < 0 ? 0 : position(entry);
    }

    /** The last indexed batch boundary at or before {@code position} whose indexed offset is below {@code limitOffset}; 0 if none. */
    public long boundaryBefore(long position, long limitOffset) {
        int entry = lastEntry(offsets, OFFSET_ENTRY,
                at -> position(at / OFFSET_ENTRY) <= position && facts.baseOffset() + offsets.getInt(at) < limitOffset);
        return entry < 0 ? 0 : position(entry);
    }

    private long position(int entry) {
        return Integer.toUnsignedLong(offsets.getInt(entry * OFFSET_ENTRY + 4));
    }

    /** No record below this offset has a timestamp of {@code timestampMs} or later. */
    public long offsetBeforeTimestamp(long timestampMs) {
        int entry = lastEntry(times, TIME_ENTRY, at -> times.getLong(at) < timestampMs);
        return entry < 0 ? facts.baseOffset() : facts.baseOffset() + times.getInt(entry * TIME_ENTRY + 8);
    }

    /** Binary search: number of the last entry for which {@code holds}, which is true for a (perhaps empty) beginning of the entries; -1 if for none. */
    private static int lastEntry(ByteBuffer index, int entryBytes, IntPredicate holds) {
        int low = -1;
        int high = index.limit() / entryBytes;
        while (high - low > 1) {
            int middle = (low + high) >>> 1;
            if (holds.test(middle * entryBytes)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return low;
    }

    public List<ColdAbortedTransaction> abortedTransactions() {
        List<ColdAbortedTransaction> found = new ArrayList<>(transactions.limit() / TRANSACTION_ENTRY);
        for (int at = 0; at + TRANSACTION_ENTRY <= transactions.limit(); at += TRANSACTION_ENTRY) {
            if (transactions.getShort(at) != 0) {
                throw new ColdStoreException.Corrupt("Transaction index of version " + transactions.getShort(at), null);
            }
            found.add(new ColdAbortedTransaction(transactions.getLong(at + 2), transactions.getLong(at + 10), transactions.getLong(at + 18),
                    transactions.getLong(at + 26)));
        }
        return found;
    }

    /** The text of Kafka's {@code leader-epoch-checkpoint}. */
    public String leaderEpochs() {
        return StandardCharsets.UTF_8.decode(epochs.duplicate()).toString();
    }

    /** Kafka's producer snapshot at the segment's end. */
    public ByteBuffer producerSnapshot() {
        return producers.duplicate();
    }
}
