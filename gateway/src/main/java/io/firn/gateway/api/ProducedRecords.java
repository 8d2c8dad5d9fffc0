package io.firn.gateway.api;

import io.firn.hot.RecordBuffers;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

/**
 * The records of one partition in a produce request, still in the receive buffers; valid until {@link Request#releasePayload()}.
 */
public record ProducedRecords(RecordBuffers bytes) implements BaseRecords {

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
