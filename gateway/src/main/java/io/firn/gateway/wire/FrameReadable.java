package io.firn.gateway.wire;

import io.firn.hot.RecordBuffers;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Readable;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Lets Kafka's generated message classes read a request out of scattered receive buffers.
 *
 * <p>Everything is copied into the message but the records of a produce request: {@link #readRecords} leaves those where they
 * are and keeps a view of them in {@link #records()}, in the order of the partitions in the message.
 *
 * <p>Every read checks what remains first; a message that claims more than the frame holds ends in an
 * {@link IndexOutOfBoundsException}, before anything is allocated for it.
 *
 * <p>Threading: confined to one thread.
 */
final class FrameReadable implements Readable {

    private final RecordBuffers bytes;
    private final List<RecordBuffers> records;
    private int position;

    FrameReadable(RecordBuffers bytes) {
        this(bytes, 0, new ArrayList<>(4));
    }

    private FrameReadable(RecordBuffers bytes, int position, List<RecordBuffers> records) {
        this.bytes = bytes;
        this.position = position;
        this.records = records;
    }

    /** Records met so far, in order, without those that the message says are null. */
    List<RecordBuffers> records() {
        return records;
    }

    int position() {
        return position;
    }

    void position(int newPosition) {
        position = newPosition;
    }

    private int advance(int count) {
        if (count < 0 || count > remaining()) {
            throw new IndexOutOfBoundsException("message wants " + count + " bytes, frame has " + remaining());
        }
        int from = position;
        position += count;
        return from;
    }

    @Override
    public byte readByte() {
        return bytes.byteAt(advance(1));
    }

    @Override
    public short readShort() {
        return bytes.shortAt(advance(2));
    }

    @Override
    public int readInt() {
        return bytes.intAt(advance(4));
    }

    @Override
    public long readLong() {
        return bytes.longAt(advance(8));
    }

    @Override
    public double readDouble() {
        return Double.longBitsToDouble(readLong());
    }

    @Override
    public byte[] readArray(int length) {
        int from = advance(length);
        byte[] array = new byte[length];
        int filled = 0;
        for (ByteBuffer part : bytes.slice(from, from + length).nioBuffers()) {
            int count = part.remaining();
            part.get(array, filled, count);
            filled += count;
        }
        return array;
    }

    @Override
    public ByteBuffer readByteBuffer(int length) {
        return ByteBuffer.wrap(readArray(length));
    }

    @Override
    public MemoryRecords readRecords(int length) {
        int from = advance(length);
        records.add(bytes.slice(from, from + length));
        return MemoryRecords.EMPTY;
    }

    @Override
    public String readString(int length) {
        return new String(readArray(length), StandardCharsets.UTF_8);
    }

    @Override
    public int readUnsignedVarint() {
        int value = 0;
        for (int shift = 0; shift <= 28; shift += 7) {
            byte b = readByte();
            value |= (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("variable-length integer of more than 5 bytes");
    }

    @Override
    public int readVarint() {
        int raw = readUnsignedVarint();
        return (raw >>> 1) ^ -(raw & 1);
    }

    @Override
    public long readVarlong() {
        long raw = 0;
        for (int shift = 0; shift <= 63; shift += 7) {
            byte b = readByte();
            raw |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return (raw >>> 1) ^ -(raw & 1);
            }
        }
        throw new IllegalArgumentException("variable-length long of more than 10 bytes");
    }

    @Override
    public int remaining() {
        return bytes.sizeBytes() - position;
    }

    @Override
    public Readable slice() {
        return new FrameReadable(bytes, position, records);
    }
}
