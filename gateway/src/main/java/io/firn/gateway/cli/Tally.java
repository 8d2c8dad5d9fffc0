package io.firn.gateway.cli;

import java.util.zip.CRC32C;

/** Count, bytes and checksum of a partition's records in their order. Two tallies are equal when the records were. Confined to one thread. */
final class Tally {

    private final CRC32C checksum = new CRC32C();
    private final byte[] length = new byte[Integer.BYTES];
    private long records;
    private long bytes;

    /** Adds the next record; its length counts too, so that a moved border between two records shows. */
    void add(byte[] value) {
        for (int i = 0; i < length.length; i++) {
            length[i] = (byte) (value.length >>> (8 * i));
        }
        checksum.update(length, 0, length.length);
        checksum.update(value, 0, value.length);
        records++;
        bytes += value.length;
    }

    long records() {
        return records;
    }

    long bytes() {
        return bytes;
    }

    boolean matches(Tally other) {
        return records == other.records && bytes == other.bytes && checksum.getValue() == other.checksum.getValue();
    }

    @Override
    public String toString() {
        return String.format("%s records, %s bytes, crc32c %08x", Figures.count(records), Figures.count(bytes), checksum.getValue());
    }
}
