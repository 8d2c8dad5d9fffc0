package io.firn.membership.journal;

import io.firn.membership.ClusterView;
import io.firn.membership.EntryHash;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.entry.Entry;
import io.firn.membership.entry.EntryCodec;
import io.firn.membership.entry.EntryFormatException;
import io.firn.membership.entry.ViewEntries;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * A view and the hash of the entry it is as of. Immutable.
 *
 * <pre>
 *  0           8         10        18      22                  54      58
 *  | FIRNVIEW  | version | entry   | epoch | hash of the entry | count | count × (length: int, entry) | CRC32C |    big-endian
 *  |           | of fmt=1| version |       | SHA-256           |       |  {@link EntryCodec}                   | of all before |
 * </pre>
 */
public record Snapshot(ClusterView view, EntryHash hash) {

    /** Before the first entry. */
    public static final Snapshot EMPTY = new Snapshot(ClusterView.EMPTY, EntryHash.NONE);

    private static final long MAGIC = 0x4649524e56494557L;
    private static final short FORMAT = 1;
    private static final int HEADER_BYTES = 58;

    public byte[] encode() {
        List<Entry> entries = ViewEntries.of(view);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (Entry entry : entries) {
            byte[] bytes = EntryCodec.encode(entry);
            body.writeBytes(ByteBuffer.allocate(4).putInt(bytes.length).array());
            body.writeBytes(bytes);
        }
        ByteBuffer out = ByteBuffer.allocate(HEADER_BYTES + body.size() + 4);
        out.putLong(MAGIC).putShort(FORMAT).putLong(view.version()).putInt(view.controllerEpoch());
        hash.write(out);
        out.putInt(entries.size()).put(body.toByteArray());
        return out.putInt(crc(out.array())).array();
    }

    /** @throws MetadataOpenFailed if the bytes are not what {@link #encode} wrote */
    public static Snapshot decode(String name, byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        if (bytes.length < HEADER_BYTES + 4 || in.getLong() != MAGIC) {
            throw damaged(name, "it is no snapshot");
        }
        short format = in.getShort();
        if (format != FORMAT) {
            throw new MetadataOpenFailed(Reason.TOO_NEW, "metadata snapshot " + name + " has format " + format + ", which this version of Firn does not know");
        }
        if (in.getInt(bytes.length - 4) != crc(bytes)) {
            throw damaged(name, "its checksum is wrong");
        }
        long version = in.getLong();
        int epoch = in.getInt();
        EntryHash hash = EntryHash.read(in);
        return new Snapshot(rebuild(name, in.limit(bytes.length - 4)).at(version, epoch), hash);
    }

    private static ClusterView rebuild(String name, ByteBuffer in) {
        ClusterView view = ClusterView.EMPTY;
        try {
            for (Entry entry : entries(in)) {
                view = entry.applyTo(view);
            }
            return view;
        } catch (EntryFormatException e) {
            throw e.tooNew() ? new MetadataOpenFailed(Reason.TOO_NEW, "metadata snapshot " + name + ": " + e.getMessage()) : damaged(name, e.getMessage());
        } catch (IllegalStateException | IndexOutOfBoundsException | java.nio.BufferUnderflowException e) {
            throw damaged(name, e.getMessage());
        }
    }

    private static List<Entry> entries(ByteBuffer in) {
        List<Entry> entries = new ArrayList<>();
        for (int left = in.getInt(); left > 0; left--) {
            int length = in.getInt();
            entries.add(EntryCodec.decode(in.slice(in.position(), length)));
            in.position(in.position() + length);
        }
        return entries;
    }

    private static MetadataOpenFailed damaged(String name, String why) {
        return new MetadataOpenFailed(Reason.DAMAGED, "metadata snapshot " + name + " is damaged (" + why + "): restore the metadata directory from a copy");
    }

    private static int crc(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - 4);
        return (int) crc.getValue();
    }
}
