package io.firn.retention;

import io.firn.cold.SegmentSource;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * The part of a sealed segment from a batch boundary on, as a segment of its own: for a local log whose segments were cut elsewhere than those of
 * the cold tier (another leader offloaded before, or the log was truncated and rolled anew).
 *
 * <pre>
 *   cold tier   … ──────────────┐ boundary = fromOffset
 *   local       … ──┬───────────┼──────────┬── …
 *                   │ in the cold tier     │
 *                   └── the segment ───────┘
 *                               └─ tail ───┘   log bytes from the cut; index entries behind it, made relative to it
 * </pre>
 *
 * <p>The indexes are rewritten in Kafka's formats: offset index entries of 8 bytes (relative offset, position), time index entries of 12 bytes (timestamp,
 * relative offset), transaction index entries of 34 bytes (version, producer, first, last, last stable offset; absolute).
 * Leader epochs and producer snapshot speak of the segment's end and stay as they are.
 *
 * <p>Threading: as the source: any thread that may block.
 */
final class SegmentTail implements SegmentSource {
    private static final int OFFSET_ENTRY_BYTES = 8;
    private static final int TIME_ENTRY_BYTES = 12;
    private static final int TRANSACTION_ENTRY_BYTES = 34;
    private static final int TRANSACTION_LAST_OFFSET_AT = 18;
    /** The length field counts what follows it: 8 bytes of base offset and 4 of length come before. */
    private static final int LOG_OVERHEAD_BYTES = 12;
    private static final int LAST_OFFSET_DELTA_AT = 23;
    private static final int HEADER_BYTES = LAST_OFFSET_DELTA_AT + 4;

    private final SegmentSource whole;
    private final long fromOffset;
    private final long cut;

    private SegmentTail(SegmentSource whole, long fromOffset, long cut) {
        this.whole = whole;
        this.fromOffset = fromOffset;
        this.cut = cut;
    }

    /**
     * Finds the cut; blocks on the disk for a few small reads.
     *
     * @param fromOffset inside the segment
     * @throws IOException when the disk fails, or when no batch begins at {@code fromOffset}: then the tiers hold different logs
     */
    static SegmentTail cut(SegmentSource whole, long fromOffset) throws IOException {
        long position = indexedPosition(whole, fromOffset);
        ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES);
        while (position < whole.logSizeBytes()) {
            if (whole.readLog(position, header.clear()) < HEADER_BYTES) {
                throw new IOException("segment " + whole.baseOffset() + " ends within a batch header at byte " + position);
            }
            long base = header.getLong(0);
            if (base >= fromOffset) {
                return new SegmentTail(whole, fromOffset, position);
            }
            if (base + header.getInt(LAST_OFFSET_DELTA_AT) >= fromOffset || header.getInt(8) <= 0) {
                break;
            }
            position += LOG_OVERHEAD_BYTES + header.getInt(8);
        }
        throw new IOException("no batch of segment " + whole.baseOffset() + " begins at the tier boundary " + fromOffset + ": the tiers hold different logs");
    }

    /** Start of a batch at or before {@code fromOffset}: an entry's offset is the last one of the batch at its position. */
    private static long indexedPosition(SegmentSource whole, long fromOffset) throws IOException {
        ByteBuffer index = whole.offsetIndex().slice();
        long position = 0;
        while (index.remaining() >= OFFSET_ENTRY_BYTES) {
            long offset = whole.baseOffset() + index.getInt();
            long at = Integer.toUnsignedLong(index.getInt());
            if (offset >= fromOffset) {
                break;
            }
            position = at;
        }
        return position;
    }

    @Override
    public long baseOffset() {
        return fromOffset;
    }

    @Override
    public long nextOffset() {
        return whole.nextOffset();
    }

    @Override
    public long logSizeBytes() {
        return whole.logSizeBytes() - cut;
    }

    /** That of the whole segment: an upper bound. */
    @Override
    public long maxTimestampMs() {
        return whole.maxTimestampMs();
    }

    @Override
    public int readLog(long position, ByteBuffer target) throws IOException {
        return whole.readLog(cut + position, target);
    }

    @Override
    public ByteBuffer offsetIndex() throws IOException {
        ByteBuffer index = whole.offsetIndex().slice();
        ByteBuffer kept = ByteBuffer.allocate(index.remaining());
        while (index.remaining() >= OFFSET_ENTRY_BYTES) {
            long offset = whole.baseOffset() + index.getInt();
            long position = Integer.toUnsignedLong(index.getInt());
            if (position >= cut) {
                kept.putInt((int) (offset - fromOffset)).putInt((int) (position - cut));
            }
        }
        return kept.flip();
    }

    @Override
    public ByteBuffer timeIndex() throws IOException {
        ByteBuffer index = whole.timeIndex().slice();
        ByteBuffer kept = ByteBuffer.allocate(index.remaining());
        while (index.remaining() >= TIME_ENTRY_BYTES) {
            long timestampMs = index.getLong();
            long offset = whole.baseOffset() + index.getInt();
            if (offset >= fromOffset) {
                kept.putLong(timestampMs).putInt((int) (offset - fromOffset));
            }
        }
        return kept.flip();
    }

    @Override
    public ByteBuffer transactionIndex() throws IOException {
        ByteBuffer index = whole.transactionIndex().slice();
        ByteBuffer kept = ByteBuffer.allocate(index.remaining());
        while (index.remaining() >= TRANSACTION_ENTRY_BYTES) {
            ByteBuffer entry = index.slice(index.position(), TRANSACTION_ENTRY_BYTES);
            index.position(index.position() + TRANSACTION_ENTRY_BYTES);
            if (entry.getLong(TRANSACTION_LAST_OFFSET_AT) >= fromOffset) {
                kept.put(entry);
            }
        }
        return kept.flip();
    }

    @Override
    public ByteBuffer leaderEpochs() throws IOException {
        return whole.leaderEpochs();
    }

    @Override
    public ByteBuffer producerSnapshot() throws IOException {
        return whole.producerSnapshot();
    }
}
