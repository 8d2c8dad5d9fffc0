package io.firn.membership.entry;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * Reads what {@link ByteSink} wrote, and believes none of it: every length is checked against the bytes that are left before anything is allocated.
 * Confined to one call.
 */
final class ByteSource {

    private final ByteBuffer bytes;

    ByteSource(ByteBuffer bytes) {
        this.bytes = bytes;
    }

    int takeByte() {
        need(1);
        return bytes.get() & 0xff;
    }

    boolean takeFlag() {
        int flag = takeByte();
        if (flag > 1) {
            throw new EntryFormatException("a flag is 0 or 1, not " + flag);
        }
        return flag == 1;
    }

    long takeVarlong() {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            int next = takeByte();
            value |= (long) (next & 0x7f) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        throw new EntryFormatException("a number has more than 63 bits");
    }

    int takeVarint() {
        long value = takeVarlong();
        if (value > Integer.MAX_VALUE) {
            throw new EntryFormatException("a number has more than 31 bits");
        }
        return (int) value;
    }

    /** A number of elements of at least one byte each. */
    int takeCount() {
        int count = takeVarint();
        need(count);
        return count;
    }

    String takeString() {
        int length = takeCount();
        ByteBuffer utf8 = bytes.slice(bytes.position(), length);
        bytes.position(bytes.position() + length);
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException e) {
            throw new EntryFormatException("a text is not UTF-8");
        }
    }

    Optional<String> takeOptional() {
        return takeFlag() ? Optional.of(takeString()) : Optional.empty();
    }

    byte[] takeBytes() {
        byte[] taken = new byte[takeCount()];
        bytes.get(taken);
        return taken;
    }

    double takeDouble() {
        need(Double.BYTES);
        return bytes.getDouble();
    }

    Uuid takeUuid() {
        need(16);
        return new Uuid(bytes.getLong(), bytes.getLong());
    }

    void end() {
        if (bytes.hasRemaining()) {
            throw new EntryFormatException(bytes.remaining() + " bytes are left over");
        }
    }

    private void need(int count) {
        if (bytes.remaining() < count) {
            throw new EntryFormatException("it ends early");
        }
    }
}
