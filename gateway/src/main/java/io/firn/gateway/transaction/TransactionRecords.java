package io.firn.gateway.transaction;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogKey;
import org.apache.kafka.coordinator.transaction.generated.TransactionLogValue;
import org.apache.kafka.server.common.ApiMessageAndVersion;
import org.apache.kafka.server.common.TransactionVersion;

/** Transactions as records of {@code __transaction_state}, in Kafka's format (value version 1, which transaction version 2 writes). Pure functions. */
final class TransactionRecords {
    private static final short VALUE_VERSION = TransactionVersion.LATEST_PRODUCTION.transactionLogValueVersion();

    private TransactionRecords() {}

    /** The value as it is written, with what it was made of: replayed at once, it needs no reading, and keeps what is not written. */
    private static final class Written extends TransactionLogValue {
        private final Transaction transaction;

        Written(Transaction transaction) {
            this.transaction = transaction;
        }
    }

    static CoordinatorRecord record(String id, Transaction transaction) {
        TransactionLogValue value = new Written(transaction).setProducerId(transaction.producerId()).setPreviousProducerId(transaction.previousProducerId())
                .setNextProducerId(transaction.nextProducerId()).setProducerEpoch(transaction.epoch()).setTransactionTimeoutMs(transaction.timeoutMs())
                .setTransactionStatus(transaction.state().id()).setTransactionStartTimestampMs(transaction.startMs()).setTransactionLastUpdateTimestampMs(transaction.updateMs())
                .setClientTransactionVersion(transaction.version().featureLevel())
                .setTransactionPartitions(transaction.state() == TransactionState.EMPTY ? null : partitions(transaction.partitions()));
        return CoordinatorRecord.record(new TransactionLogKey().setTransactionalId(id), new ApiMessageAndVersion(value, VALUE_VERSION));
    }

    /** Forgets the transactional id. */
    static CoordinatorRecord tombstone(String id) {
        return CoordinatorRecord.tombstone(new TransactionLogKey().setTransactionalId(id));
    }

    private static List<TransactionLogValue.PartitionsSchema> partitions(Set<TopicPartition> partitions) {
        TreeMap<String, List<Integer>> byTopic = new TreeMap<>();
        partitions.forEach(partition -> byTopic.computeIfAbsent(partition.topic(), topic -> new ArrayList<>()).add(partition.partition()));
        List<TransactionLogValue.PartitionsSchema> topics = new ArrayList<>();
        byTopic.forEach((topic, numbers) -> topics.add(new TransactionLogValue.PartitionsSchema().setTopic(topic).setPartitionIds(numbers.stream().sorted().toList())));
        return topics;
    }

    static String id(CoordinatorRecord record) {
        return ((TransactionLogKey) record.key()).transactionalId();
    }

    /** @param record not a tombstone */
    static Transaction transaction(CoordinatorRecord record) {
        return record.value().message() instanceof Written written ? written.transaction : read((TransactionLogValue) record.value().message());
    }

    private static Transaction read(TransactionLogValue value) {
        TransactionState state = TransactionState.fromId(value.transactionStatus());
        Set<TopicPartition> partitions = new LinkedHashSet<>();
        if (state != TransactionState.EMPTY && value.transactionPartitions() != null) {
            value.transactionPartitions().forEach(topic -> topic.partitionIds().forEach(number -> partitions.add(new TopicPartition(topic.topic(), number))));
        }
        return new Transaction(value.producerId(), value.previousProducerId(), value.nextProducerId(), value.producerEpoch(), RecordBatch.NO_PRODUCER_EPOCH,
                value.transactionTimeoutMs(), state, partitions, value.transactionStartTimestampMs(), value.transactionLastUpdateTimestampMs(),
                TransactionVersion.fromFeatureLevel(value.clientTransactionVersion()));
    }
}
