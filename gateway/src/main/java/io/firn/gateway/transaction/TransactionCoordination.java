package io.firn.gateway.transaction;

import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.Metadata;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.kafka.common.internals.Topic;

/** The life of the transaction coordinator over {@code __transaction_state}. Apart from {@link TransactionService}, so that Kafka's runtime is not loaded before a transaction needs it. */
public final class TransactionCoordination implements AutoCloseable {
    private final Coordination<TransactionCoordinator> coordination;
    private final Transactions transactions;

    /**
     * @param count partitions {@code __transaction_state} will get, while it does not exist
     * @param producerIds gives a producer id that nobody has had; a failure is retriable
     */
    public TransactionCoordination(int count, TransactionSettings settings, Metadata metadata, Partitions partitions, MarkerSender markers, Supplier<CompletableFuture<Long>> producerIds,
            InstantSource clock) {
        this.coordination = new Coordination<>(new Coordination.Kind("transaction", Topic.TRANSACTION_STATE_TOPIC_NAME, count),
                (found, loads) -> TransactionService.start(new TransactionService.Parts(partitions, markers, producerIds, settings, clock), metadata.view(), loads, found), metadata, partitions);
        this.transactions = new Transactions(coordination, clock);
    }

    /** Begins to follow the partitions and the cluster view. To be called once, when both exist and the broker's listener is up. */
    public void start() {
        coordination.start();
    }

    /** What handlers ask. */
    public Transactions transactions() {
        return transactions;
    }

    /** Stops the coordinator before the partitions stop. Idempotent. */
    @Override
    public void close() {
        coordination.close();
    }
}
