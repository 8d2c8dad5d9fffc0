package io.firn.cold.read;

import io.firn.cold.ColdStoreException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/**
 * What Kafka's producer snapshot tells of transactions that have no marker yet at its offset.
 *
 * <pre>
 *   i16 version 1, i32 CRC32C, i32 count, then entries of 46 bytes:
 *   i64 producer id, i16 epoch, i32 last sequence, i64 last offset, i32 offset delta, i64 last timestamp, i32 coordinator epoch, i64 first offset of the open transaction, -1 if none
 * </pre>
 */
public final class OpenTransactions {

    private static final int VERSION = 1;
    private static final int ENTRY_BYTES = 46;
    private static final int FIRST_OFFSET_AT = 38;

    private OpenTransactions() {}

    /** First offset of the earliest transaction that is open; empty if there is none. The snapshot's own checksum is not looked at: that of its section covers it. */
    public static OptionalLong earliest(ByteBuffer snapshot) {
        ByteBuffer bytes = snapshot.slice();
        try {
            int version = bytes.getShort();
            bytes.getInt();
            int count = bytes.getInt();
            if (version != VERSION || count < 0 || (long) count * ENTRY_BYTES != bytes.remaining()) {
                throw new ColdStoreException.Corrupt("Producer snapshot of version " + version + " with " + count + " entries in " + bytes.remaining() + " bytes", null);
            }
            OptionalLong earliest = OptionalLong.empty();
            for (int at = bytes.position(); at < bytes.limit(); at += ENTRY_BYTES) {
                long first = bytes.getLong(at + FIRST_OFFSET_AT);
                if (first >= 0 && first < earliest.orElse(Long.MAX_VALUE)) {
                    earliest = OptionalLong.of(first);
                }
            }
            return earliest;
        } catch (BufferUnderflowException e) {
            throw new ColdStoreException.Corrupt("Producer snapshot of " + snapshot.remaining() + " bytes", e);
        }
    }
}
