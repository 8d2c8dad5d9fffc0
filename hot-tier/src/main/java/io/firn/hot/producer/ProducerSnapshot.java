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
 * Only the last batch of each producer is in it, so older duplicates are not told after a reload; a client's retry of those
 * ends in an out-of-order sequence, as with Kafka.
 *
 * <p>Entries are written from the longest idle producer to the last used one; the order means nothing to Kafka.
 */
final class ProducerSnapshot {

    private static final short VERSION = 1;
    private static final int CRC_AT = 2;
    private static final int COUNT_AT = 6;
    private static final int HEADER_BYTES = 10;
    private static final int ENTRY_BYTES = 46;

    private ProducerSnapshot() {}

    static ByteBuffer write(ProducerTable producers) {
        ByteBuffer bytes = ByteBuffer.allocate(Math.addExact(HEADER_BYTES, Math.multiplyExact(producers.size(), ENTRY_BYTES)));
        bytes.putShort(VERSION).putInt(0).putInt(producers.size());
        producers.forEach(state -> bytes
                .putLong(state.producerId).putShort(state.epoch).putInt(state.lastSequence()).putLong(state.lastOffset())
                .putInt(state.lastOffsetDelta()).putLong(state.lastTimestampMs).putInt(state.coordinatorEpoch).putLong(state.transactionStart));
        bytes.flip();
        return bytes.putInt(CRC_AT, crc(bytes));
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
        for (int i = 0; i < count; i++) {
            found.accept(entry(bytes));
        }
    }

    private static ProducerState entry(ByteBuffer bytes) throws CorruptStateException {
        ProducerState state = new ProducerState(bytes.getLong());
        short epoch = bytes.getShort();
        int lastSequence = bytes.getInt();
        long lastOffset = bytes.getLong();
        int offsetDelta = bytes.getInt();
        long timestampMs = bytes.getLong();
        state.enterEpoch(epoch);
        if (lastOffset >= 0) {
            state.addBatch(lastSequence, lastOffset, offsetDelta, timestampMs);
        }
        state.lastTimestampMs = timestampMs;
        state.coordinatorEpoch = bytes.getInt();
        state.transactionStart = Math.max(ProducerState.NO_TRANSACTION, bytes.getLong());
        if (state.producerId < 0 || offsetDelta < 0 || lastSequence < -1) {
            throw new CorruptStateException("producer snapshot: producer " + state.producerId + " with sequence " + lastSequence + " and offset delta " + offsetDelta);
        }
        return state;
    }

    private static int crc(ByteBuffer bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.duplicate().position(COUNT_AT));
        return (int) crc.getValue();
    }
}
