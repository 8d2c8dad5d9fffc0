package io.firn.hot.index;

import java.nio.ByteBuffer;

/**
 * A growing row of entries of equal size in the bytes of their file format, so that reading and writing the file copies nothing.
 *
 * <p>Threading: confined to one thread while it grows; after that it may be read from any.
 */
final class EntryTable {

    private static final int FIRST_CAPACITY_ENTRIES = 64;

    private final int entryBytes;
    private int entries;

    /** Entry {@code n} begins at {@code n * entryBytes}; the limit is the capacity. */
    private ByteBuffer bytes;

    /** The bytes after the last entry are ours to write; otherwise the next entry goes into a copy. */
    private boolean owned;

    EntryTable(int entryBytes) {
        this.entryBytes = entryBytes;
        this.bytes = ByteBuffer.allocate(0);
        this.owned = true;
    }

    /** Over the remaining bytes of {@code file}, which must stay as they are; a remainder that is no whole entry is the caller's to refuse. */
    EntryTable(int entryBytes, ByteBuffer file) {
        this.entryBytes = entryBytes;
        this.bytes = file.slice();
        this.entries = bytes.capacity() / entryBytes;
    }

    int entries() {
        return entries;
    }

    int sizeBytes() {
        return entries * entryBytes;
    }

    int intAt(int entry, int field) {
        return bytes.getInt(entry * entryBytes + field);
    }

    short shortAt(int entry, int field) {
        return bytes.getShort(entry * entryBytes + field);
    }

    long longAt(int entry, int field) {
        return bytes.getLong(entry * entryBytes + field);
    }

    /** Adds an entry and returns the buffer, positioned at it, for the caller to put exactly one entry into. */
    ByteBuffer add() {
        if (!owned || sizeBytes() == bytes.capacity()) {
            grow();
        }
        return bytes.position(entries++ * entryBytes);
    }

    /** Keeps the first {@code kept} entries. The bytes of the others stay as they are, for views handed out before. */
    void truncate(int kept) {
        if (kept < entries) {
            entries = kept;
            owned = false;
        }
    }

    /** A read-only view of the file's bytes as they are now; entries added later do not show, and do not disturb it. */
    ByteBuffer toBytes() {
        return bytes.asReadOnlyBuffer().position(0).limit(sizeBytes()).slice();
    }

    private void grow() {
        int capacity = Math.max(FIRST_CAPACITY_ENTRIES, entries + entries / 2);
        ByteBuffer larger = ByteBuffer.allocate(Math.multiplyExact(capacity, entryBytes));
        larger.put(0, bytes, 0, sizeBytes());
        bytes = larger;
        owned = true;
    }
}
