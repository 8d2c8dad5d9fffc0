package io.firn.membership;

import java.nio.ByteBuffer;

/**
 * Names the newest committed journal entry. Setting it in the {@link MetadataStore} is the commit point of every metadata change.
 *
 * <pre>
 *  0        8        12                              44
 *  | version | epoch  | hash of the entry (SHA-256)  |      big-endian, 44 bytes
 * </pre>
 *
 * @param version number of the entry, 1 or more
 * @param controllerEpoch epoch of the controller that committed it, 1 or more
 */
public record Head(long version, int controllerEpoch, EntryHash hash) {

    public static final int SIZE_BYTES = 12 + EntryHash.SIZE_BYTES;

    public Head {
        if (version < 1 || controllerEpoch < 1) {
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
