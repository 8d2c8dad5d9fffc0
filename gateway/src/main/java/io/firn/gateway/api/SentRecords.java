package io.firn.gateway.api;

import io.firn.cold.ColdRead;
import io.firn.hot.FileRange;
import org.apache.kafka.common.record.internal.BaseRecords;
import org.apache.kafka.common.record.internal.RecordsSend;

/** The records of one partition in a fetch response, not copied: the wire sends them from where they are. */
public sealed interface SentRecords extends BaseRecords {

    /** Out of a local segment, with sendfile. */
    record Hot(FileRange range) implements SentRecords {
        @Override
        public int sizeInBytes() {
            return range.sizeBytes();
        }

        @Override
        public void release() {
            range.release();
        }
    }

    /** Out of the cold tier's chunk cache. */
    record Cold(ColdRead read) implements SentRecords {
        @Override
        public int sizeInBytes() {
            return read.sizeBytes();
        }

        @Override
        public void release() {
            read.release();
        }
    }

    /** Gives back the file or chunk references; exactly once. */
    void release();

    /** Kafka's own network layer is not used. */
    @Override
    default RecordsSend<? extends BaseRecords> toSend() {
        throw new IllegalStateException("sent by gateway.wire");
    }
}
