package io.firn.gateway.coordinator;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;

/**
 * Asks the transaction coordinator whether records of a transaction may go into partitions that have none of it yet (KIP-890). A port: who asks knows no coordinator.
 *
 * <p>Thread-safe; returns at once.
 */
@FunctionalInterface
public interface TransactionAdmission {

    /** What a client of some age expects. */
    enum Mode {
        /** The client adds partitions itself, and knows no abortable errors. */
        VERIFY_LEGACY,
        /** The client adds partitions itself. */
        VERIFY,
        /** Asking adds them (transaction version 2). */
        ADD;

        public static Mode ofProduce(int version) {
            return version > 11 ? ADD : version > 10 ? VERIFY : VERIFY_LEGACY;
        }

        public static Mode ofOffsetCommit(int version) {
            return version > 4 ? ADD : version > 3 ? VERIFY : VERIFY_LEGACY;
        }
    }

    /** Without a transaction coordinator nothing is admitted. */
    TransactionAdmission NONE = (transactionalId, producerId, epoch, partitions, mode) -> CompletableFuture.failedFuture(new IllegalStateException("transactions do not write here"));

    /** The answer for each partition, as the client of that mode understands it; NONE admits. Fails only for a reason nobody foresaw. */
    CompletableFuture<Map<TopicPartition, Errors>> admit(String transactionalId, long producerId, short epoch, Set<TopicPartition> partitions, Mode mode);
}
