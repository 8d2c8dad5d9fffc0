package io.firn.hot.producer;

import io.firn.hot.CorruptStateException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * The bytes of a producer snapshot: the state of all producers at one offset of the log.
 *
 * <p>File format ({@code .snapshot}, as Kafka's version 1; big-endian):
 * <pre>
 *  0         2            6           10
 * │ version │ crc uint32 │ count      │ entry … │        crc: CRC32C of everything after it
 * │ = 1     │            │ int32      │
 *
 * entry, 46 bytes
 *  0            8       10         14           22          26          34            38                  46
 * │ producerId │ epoch │ last     │ last data  │ offset    │ last      │ coordinator │ first offset of the │
 * │            │       │ sequence │ offset     │ delta     │ timestamp │ epoch       │ open transaction    │
 *                        -1 none    -1 none      of the last             -1 none       -1 none
 *                                                batch
 * </pre>
 * A producer has an entry for each batch remembered, oldest first, at least one: the last is its state, the ones before say which older batches it
 * sent (and the last batch once more, where a marker behind it has a timestamp of its own). Kafka writes one entry a producer; of several it reads, the last one counts. So its tools read ours and we read its files, which tell
 * no older batches. They matter: a client whose broker was killed sends all its batches in flight again, and the oldest of
 * them, were it not known as a duplicate, would be refused as out of sequence. A client without transactions then goes on under a new epoch, and all it sends
 * again is in the log twice.
 *
 * <p>Producers are written from the longest idle to the last used one; the order means nothing to Kafka.
 */
final class ProducerSnapshot {

    private static final short VERSION = 1;
    private static final int CRC_AT = 2;
    private static final int COUNT_AT = 6;
    private static final int HEADER_BYTES = 10;
    private static final int ENTRY_BYTES = 46;
    private static final int EPOCH_AT = 8;
    private static final int LAST_OFFSET_AT = 14;

    private ProducerSnapshot() {}

    static ByteBuffer write(ProducerTable producers) {
        int[] entries = {0};
        producers.forEach(state -> entries[0] = Math.addExact(entries[0], 1 + state.batches() - firstWithEntry(state)));
        ByteBuffer bytes = ByteBuffer.allocate(Math.addExact(HEADER_BYTES, Math.multiplyExact(entries[0], ENTRY_BYTES)));
        bytes.putShort(VERSION).putInt(0).putInt(entries[0]);
        producers.forEach(state -> {
            for (int age = state.batches() - 1; age >= firstWithEntry(state); age--) {
                int slot = state.slotOfAge(age);
                write(bytes, state, state.lastSequence(slot), state.lastOffset(slot), state.offsetDelta(slot), state.timestampMs(slot));
            }
            write(bytes, state, state.lastSequence(), state.lastOffset(), state.lastOffsetDelta(), state.lastTimestampMs);
        });
        bytes.flip();
        return bytes.putInt(CRC_AT, crc(bytes));
    }

    /** Of the batches counted from the newest, the first to get an entry of its own: the state's entry tells the newest, unless its timestamp is a marker's. */
    private static int firstWithEntry(ProducerState state) {
        return state.batches() == 0 || state.timestampMs(state.slotOfAge(0)) == state.lastTimestampMs ? Math.min(1, state.batches()) : 0;
    }

    private static void write(ByteBuffer bytes, ProducerState state, int lastSequence, long lastOffset, int offsetDelta, long timestampMs) {
        bytes.putLong(state.producerId).putShort(state.epoch).putInt(lastSequence).putLong(lastOffset).putInt(offsetDelta).putLong(timestampMs)
                .putInt(state.coordinatorEpoch).putLong(state.transactionStart);
    }

    /** Reads the remaining bytes of {@code file}, whose position is not changed. */
    static void read(ByteBuffer file, Consumer<ProducerState> found) throws CorruptStateException {
        ByteBuffer bytes = file.slice();
        if (bytes.remaining() < HEADER_BYTES) {
            throw new CorruptStateException("producer snapshot: only " + bytes.remaining() + " bytes");
        }
        short version = bytes.getShort();
        int crc = bytes.getInt();
        int count = bytes.getInt();
        if (version != VERSION) {
            throw new CorruptStateException("producer snapshot: version " + version + ", not " + VERSION);
        }
        if (crc != crc(bytes)) {
            throw new CorruptStateException("producer snapshot: CRC " + Integer.toHexString(crc(bytes)) + ", the header says " + Integer.toHexString(crc));
        }
        if (count < 0 || (long) count * ENTRY_BYTES != bytes.remaining()) {
            throw new CorruptStateException("producer snapshot: " + count + " entries in " + bytes.remaining() + " bytes");
        }
        while (bytes.hasRemaining()) {
            ProducerState state = new ProducerState(bytes.getLong(bytes.position()));
            do {
                takeEntry(bytes, state);
            } while (bytes.hasRemaining() && continues(bytes, state));
            found.accept(state);
        }
    }

    /** Whether the next entry is of the same producer in the same epoch, and of a later batch or the same. */
    private static boolean continues(ByteBuffer bytes, ProducerState state) {
        int at = bytes.position();
        return bytes.getLong(at) == state.producerId && bytes.getShort(at + EPOCH_AT) == state.epoch
                && state.lastOffset() >= 0 && bytes.getLong(at + LAST_OFFSET_AT) >= state.lastOffset();
    }

    private static void takeEntry(ByteBuffer bytes, ProducerState state) throws CorruptStateException {
        bytes.getLong(); // the producer id, known
        short epoch = bytes.getShort();
        int lastSequence = bytes.getInt();
        long lastOffset = bytes.getLong();
        int offsetDelta = bytes.getInt();
        long timestampMs = bytes.getLong();
        state.enterEpoch(epoch);
        if (lastOffset >= 0 && lastOffset != state.lastOffset()) {
            state.addBatch(lastSequence, lastOffset, offsetDelta, timestampMs);
        }
        state.lastTimestampMs = timestampMs;
        state.coordinatorEpoch = bytes.getInt();
        state.transactionStart = Math.max(ProducerState.NO_TRANSACTION, bytes.getLong());
        if (state.producerId < 0 || offsetDelta < 0 || lastSequence < -1) {
            throw new CorruptStateException("producer snapshot: producer " + state.producerId + " with sequence " + lastSequence + " and offset delta " + offsetDelta);
        }
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate().position(COUNT_AT));
        return (int) crc.getValue();
    }
}
