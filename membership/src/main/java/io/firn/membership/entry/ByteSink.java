package io.firn.membership.entry;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * A growing buffer with the few primitives the entry format has: see {@link ByteSource} for what they look like. Confined to one call.
 */
final class ByteSink {

    private byte[] bytes = new byte[128];
    private int size;

    void putByte(int value) {
        room(1)[size++] = (byte) value;
    }

    /** Unsigned LEB128: seven bits a byte, lowest first, the top bit says that more follow. */
    void putVarint(long value) {
        if (value < 0) {
            throw new IllegalArgumentException("not an unsigned number: " + value);
        }
        long rest = value;
        while (rest >= 0x80) {
            putByte((int) rest | 0x80);
            rest >>>= 7;
        }
        putByte((int) rest);
    }

    void putString(String value) {
        putBytes(value.getBytes(StandardCharsets.UTF_8));
    }

    void putOptional(Optional<String> value) {
        putByte(value.isPresent() ? 1 : 0);
        value.ifPresent(this::putString);
    }

    void putBytes(byte[] value) {
        putVarint(value.length);
        System.arraycopy(value, 0, room(value.length), size, value.length);
        size += value.length;
    }

    void putDouble(double value) {
        ByteBuffer.wrap(room(Double.BYTES), size, Double.BYTES).putDouble(value);
        size += Double.BYTES;
    }

    void putUuid(Uuid id) {
        ByteBuffer.wrap(room(16), size, 16).putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
        size += 16;
    }

    byte[] toByteArray() {
        return Arrays.copyOf(bytes, size);
    }

    private byte[] room(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(bytes.length * 2, Math.addExact(size, more)));
        }
        return bytes;
    }
}
