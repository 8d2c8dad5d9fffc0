package io.firn.membership;

import java.nio.ByteBuffer;

/**
 * Names the newest committed journal entry. Setting it in the {@link MetadataStore} is the commit point of every metadata change.
 *
 * <p>In a cluster a new controller first sets it to the same entry under its own epoch: from then on no predecessor can set another, and entries above it that are not the new
 * controller's can never be committed.
 *
 * <pre>
 *  0        8        12                              44
 *  | version | epoch  | hash of the entry (SHA-256)  |      big-endian, 44 bytes
 * </pre>
 *
 * @param version number of the entry, 1 or more; or 0 with no hash, before the first one, as a controller claims a cluster that is not formed yet
 * @param controllerEpoch epoch of the controller that set the head, 1 or more
 */
public record Head(long version, int controllerEpoch, EntryHash hash) {

    public static final int SIZE_BYTES = 12 + EntryHash.SIZE_BYTES;

    public Head {
        if (version < 0 || controllerEpoch < 1 || version == 0 && !hash.equals(EntryHash.NONE)) {
            throw new IllegalArgumentException("no head has version " + version + " and epoch " + controllerEpoch);
        }
    }

    /** Reads 44 bytes at the position. */
    public static Head read(ByteBuffer from) {
        return new Head(from.getLong(), from.getInt(), EntryHash.read(from));
    }

    public void write(ByteBuffer to) {
        to.putLong(version).putInt(controllerEpoch);
        hash.write(to);
    }
}
