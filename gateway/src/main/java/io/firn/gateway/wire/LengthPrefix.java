package io.firn.gateway.wire;

import io.netty.buffer.ByteBuf;

/** The four bytes before each message, which may arrive one by one. Confined to its connection's loop. */
final class LengthPrefix {

    private int value;
    private int bytes;

    /** Takes what it lacks from {@code in}; whether it is whole. */
    boolean take(ByteBuf in) {
        while (bytes < Integer.BYTES && in.isReadable()) {
            value = value << 8 | in.readUnsignedByte();
            bytes++;
        }
        return whole();
    }

    boolean whole() {
        return bytes == Integer.BYTES;
    }

    boolean begun() {
        return bytes > 0;
    }

    /** Of a whole one: bytes of the message, as the other side says. */
    int value() {
        return value;
    }

    /** For the next message. */
    void clear() {
        value = 0;
        bytes = 0;
    }
}
