package io.firn.gateway.wire;

import io.firn.gateway.api.SentRecords;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.ReferenceCountUtil;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.protocol.Writable;
import org.apache.kafka.common.record.internal.BaseRecords;

/**
 * Lets Kafka's generated message classes write a response as a sequence of Netty messages: buffers for what is encoded,
 * file regions and cache chunks for the records, which are not copied.
 *
 * <p>Threading: confined to one thread, used once.
 */
final class ResponseWritable implements Writable {

    /** Most bytes of a file in one write, so that one connection does not hold the loop for long (DESIGN.md section 3). */
    static final int MAX_REGION_BYTES = 1 << 20;

    private final ByteBuf encoded;
    private final List<Object> parts;
    private int sliced;

    /** @param encoded a buffer with room for all that is not records; ownership passes to the parts */
    ResponseWritable(ByteBuf encoded) {
        this.encoded = encoded;
        this.parts = new ArrayList<>(1);
    }

    /** What to write, in order; each part is owned by the receiver. */
    List<Object> parts() {
        if (parts.isEmpty()) {
            parts.add(encoded);
            return parts;
        }
        sliceEncoded();
        encoded.release();
        return parts;
    }

    /** Releases everything after a failed encoding. */
    void discard() {
        parts.forEach(ReferenceCountUtil::release);
        encoded.release();
    }

    private void sliceEncoded() {
        int length = encoded.writerIndex() - sliced;
        if (length > 0) {
            parts.add(encoded.retainedSlice(sliced, length));
            sliced += length;
        }
    }

    @Override
    public void writeRecords(BaseRecords records) {
        if (records.sizeInBytes() == 0) {
            return;
        }
        if (records instanceof SentRecords.Hot hot) {
            sliceEncoded();
            int size = hot.sizeInBytes();
            for (int from = 0; from < size; from += MAX_REGION_BYTES) {
                parts.add(new FileRangeRegion(hot.range(), from, Math.min(MAX_REGION_BYTES, size - from)));
            }
        } else if (records instanceof SentRecords.Cold cold) {
            sliceEncoded();
            for (ByteBuffer buffer : cold.buffers()) {
                parts.add(Unpooled.wrappedBuffer(buffer));
            }
        } else {
            throw new IllegalArgumentException("records of unknown origin: " + records.getClass());
        }
    }

    @Override
    public void writeByte(byte value) {
        encoded.writeByte(value);
    }

    @Override
    public void writeShort(short value) {
        encoded.writeShort(value);
    }

    @Override
    public void writeInt(int value) {
        encoded.writeInt(value);
    }

    @Override
    public void writeLong(long value) {
        encoded.writeLong(value);
    }

    @Override
    public void writeDouble(double value) {
        encoded.writeDouble(value);
    }

    @Override
    public void writeByteArray(byte[] array) {
        encoded.writeBytes(array);
    }

    @Override
    public void writeByteBuffer(ByteBuffer buffer) {
        encoded.writeBytes(buffer.duplicate());
    }

    @Override
    public void writeUnsignedVarint(int value) {
        int rest = value;
        while ((rest & ~0x7f) != 0) {
            encoded.writeByte((rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        encoded.writeByte(rest);
    }

    @Override
    public void writeVarint(int value) {
        writeUnsignedVarint((value << 1) ^ (value >> 31));
    }

    @Override
    public void writeVarlong(long value) {
        long rest = (value << 1) ^ (value >> 63);
        while ((rest & ~0x7fL) != 0) {
            encoded.writeByte((int) (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        encoded.writeByte((int) rest);
    }
}
