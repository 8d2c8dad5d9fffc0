package io.firn.membership.journal;

import io.firn.membership.ClusterView;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.entry.Entry;
import io.firn.membership.entry.EntryCodec;
import io.firn.membership.entry.EntryFormatException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * One journal entry with its place in the chain, as it is written and sent. Immutable; the bytes must not be changed.
 *
 * <pre>
 *  0        4        8        9         17      21           29                61
 *  | length | CRC32C | format | version | epoch | timestamp  | previous hash   | entry ({@link EntryCodec}) |    big-endian
 *  | of all | of all |  = 1   |         |       | ms         | SHA-256         |                            |
 *  | from 8 | from 8 |
 * </pre>
 *
 * <p>The record's hash is the SHA-256 of everything from byte 8 on, hence of its predecessor's hash too: equal hashes mean equal histories.
 *
 * @param bytes the whole record
 */
public record JournalRecord(long version, int controllerEpoch, long timestampMs, EntryHash previous, Entry entry, byte[] bytes, EntryHash hash) {

    /** Longest record. A topic of 10,000 partitions with ten replicas takes about 150 KB. */
    public static final int MAX_BYTES = 4 << 20;

    private static final int PREFIX_BYTES = 8;
    private static final int ENTRY_AT = 29 + EntryHash.SIZE_BYTES;
    private static final byte FORMAT = 1;

    /** @throws RecordTooLarge if it would exceed {@link #MAX_BYTES} */
    public static JournalRecord of(long version, int controllerEpoch, long timestampMs, EntryHash previous, Entry entry) {
        byte[] payload = EntryCodec.encode(entry);
        if (payload.length > MAX_BYTES - ENTRY_AT) {
            throw new RecordTooLarge(payload.length);
        }
        ByteBuffer out = ByteBuffer.allocate(ENTRY_AT + payload.length);
        out.position(PREFIX_BYTES);
        out.put(FORMAT).putLong(version).putInt(controllerEpoch).putLong(timestampMs);
        previous.write(out);
        out.put(payload).flip().position(PREFIX_BYTES);
        out.putInt(0, out.remaining()).putInt(4, crc(out));
        return new JournalRecord(version, controllerEpoch, timestampMs, previous, entry, out.array(), EntryHash.of(out));
    }

    /**
     * Reads the record at the buffer's position and moves behind it.
     *
     * @throws BadRecord if there is no whole, sound record; the position is then undefined
     */
    static JournalRecord read(ByteBuffer in) throws BadRecord {
        int start = in.position();
        if (in.remaining() < PREFIX_BYTES) {
            throw new BadRecord("it ends early", false);
        }
        int length = in.getInt();
        int crc = in.getInt();
        if (length < ENTRY_AT - PREFIX_BYTES || length > MAX_BYTES - PREFIX_BYTES) {
            throw new BadRecord("its length cannot be " + length, false);
        }
        if (in.remaining() < length) {
            throw new BadRecord("it ends early", false);
        }
        ByteBuffer body = in.slice(in.position(), length);
        if (crc(body) != crc) {
            throw new BadRecord("its checksum is wrong", false);
        }
        in.position(in.position() + length);
        byte[] bytes = new byte[PREFIX_BYTES + length];
        in.get(start, bytes);
        return parse(body, bytes);
    }

    /** The record these bytes are, as another broker sent it. @throws IllegalArgumentException if they are not exactly one sound record */
    public static JournalRecord of(byte[] bytes) {
        try {
            ByteBuffer in = ByteBuffer.wrap(bytes);
            JournalRecord record = read(in);
            if (in.hasRemaining()) {
                throw new IllegalArgumentException(in.remaining() + " bytes are left over");
            }
            return record;
        } catch (BadRecord e) {
            throw new IllegalArgumentException("not a journal record: " + e.getMessage(), e);
        }
    }

    private static JournalRecord parse(ByteBuffer body, byte[] bytes) throws BadRecord {
        EntryHash hash = EntryHash.of(body);
        byte format = body.get();
        if (format != FORMAT) {
            throw new BadRecord("its format " + format + " is not known to this version of Firn", true);
        }
        long version = body.getLong();
        int epoch = body.getInt();
        long timestampMs = body.getLong();
        EntryHash previous = EntryHash.read(body);
        try {
            return new JournalRecord(version, epoch, timestampMs, previous, EntryCodec.decode(body), bytes, hash);
        } catch (EntryFormatException e) {
            throw new BadRecord(e.getMessage(), e.tooNew());
        }
    }

    /** The view after this record; pure. @throws IllegalStateException if it is not the next one or does not fit */
    public ClusterView applyTo(ClusterView view) {
        if (version != view.version() + 1 || controllerEpoch < view.controllerEpoch()) {
            throw new IllegalStateException("entry " + version + " of epoch " + controllerEpoch + " cannot follow " + view.version() + " of epoch " + view.controllerEpoch());
        }
        return entry.applyTo(view).at(version, controllerEpoch);
    }

    /** The head that commits this record and all before it. */
    public Head head() {
        return new Head(version, controllerEpoch, hash);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JournalRecord record && record.hash.equals(hash);
    }

    @Override
    public int hashCode() {
        return hash.hashCode();
    }

    private static int crc(ByteBuffer body) {
        CRC32C crc = new CRC32C();
        crc.update(body.duplicate());
        return (int) crc.getValue();
    }
}
