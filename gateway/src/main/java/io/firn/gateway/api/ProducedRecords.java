package io.firn.gateway.api;

import io.firn.hot.RecordBuffers;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.RecordsSend;

/**
 * The records of one partition in a produce request, still in the receive buffers; valid until {@link Request#releasePayload()}.
 */
public record ProducedRecords(RecordBuffers bytes) implements BaseRecords {

    /** Low byte of the first batch's attributes, whose low bits are its compression. */
    private static final int ATTRIBUTES_LOW_BYTE_AT = 22;
    private static final int COMPRESSION_MASK = 0x07;

    /** Whether the first batch says that it is compressed with {@code type}; false when there are too few bytes for a batch. */
    public boolean compressedWith(CompressionType type) {
        return bytes.sizeBytes() > ATTRIBUTES_LOW_BYTE_AT && (bytes.byteAt(ATTRIBUTES_LOW_BYTE_AT) & COMPRESSION_MASK) == type.id;
    }

    @Override
    public int sizeInBytes() {
        return bytes.sizeBytes();
    }

    /** Requests are never sent by a broker. */
    @Override
    public RecordsSend<? extends BaseRecords> toSend() {
        throw new IllegalStateException("records of a request that was received");
    }
}
