package io.firn.membership;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of a journal entry, which names the entry and, through the chain, everything before it. Immutable. */
public record EntryHash(long a, long b, long c, long d) {

    /** What the first entry has as its predecessor. */
    public static final EntryHash NONE = new EntryHash(0, 0, 0, 0);
    public static final int SIZE_BYTES = 32;

    /** Hash of the bytes between position and limit; moves neither. */
    public static EntryHash of(ByteBuffer bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes.duplicate());
            return read(ByteBuffer.wrap(digest.digest()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /** Reads 32 bytes at the position. */
    public static EntryHash read(ByteBuffer from) {
        return new EntryHash(from.getLong(), from.getLong(), from.getLong(), from.getLong());
    }

    public void write(ByteBuffer to) {
        to.putLong(a).putLong(b).putLong(c).putLong(d);
    }

    @Override
    public String toString() {
        return String.format("%016x%016x%016x%016x", a, b, c, d);
    }
}
