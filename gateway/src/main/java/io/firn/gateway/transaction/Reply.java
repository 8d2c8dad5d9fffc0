package io.firn.gateway.transaction;

import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.RecordBatch;

/**
 * What the coordinator answers to a request about one transactional id.
 *
 * @param producerId the producer id to go on with, or -1 where the request does not tell it
 */
public record Reply(Errors error, long producerId, short epoch) {

    /** An answer that tells no producer id. */
    public static Reply of(Errors error) {
        return new Reply(error, RecordBatch.NO_PRODUCER_ID, RecordBatch.NO_PRODUCER_EPOCH);
    }
}
