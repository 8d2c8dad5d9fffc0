package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.transaction.Reply;
import io.firn.gateway.transaction.Transactions;
import io.firn.membership.Metadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.AddOffsetsToTxnRequestData;
import org.apache.kafka.common.message.AddOffsetsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnRequestData.AddPartitionsToTxnTransaction;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnResult;
import org.apache.kafka.common.message.AddPartitionsToTxnResponseData.AddPartitionsToTxnResultCollection;
import org.apache.kafka.common.message.DescribeTransactionsResponseData;
import org.apache.kafka.common.message.EndTxnRequestData;
import org.apache.kafka.common.message.EndTxnResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AddOffsetsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnRequest;
import org.apache.kafka.common.requests.AddPartitionsToTxnResponse;
import org.apache.kafka.common.requests.DescribeTransactionsRequest;
import org.apache.kafka.common.requests.EndTxnRequest;
import org.apache.kafka.common.requests.ListTransactionsRequest;
import org.apache.kafka.server.common.TransactionVersion;

/**
 * The APIs of the transaction coordinator: adding partitions and offsets, ending, describing, listing.
 *
 * <p>Thread-safe: no state of its own.
 */
final class TransactionHandlers {
    /** Clients of earlier versions know PRODUCER_FENCED as INVALID_PRODUCER_EPOCH. */
    private static final int FENCED_SINCE_VERSION = 2;
    /** From here on one request is about many transactions, and comes from brokers. */
    private static final int BATCHED_SINCE_VERSION = 4;


    private final Metadata metadata;
    private final AutoCreation creation;
    private final Transactions transactions;

    TransactionHandlers(Metadata metadata, AutoCreation creation, Transactions transactions) {
        this.metadata = metadata;
        this.creation = creation;
        this.transactions = transactions;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.ADD_PARTITIONS_TO_TXN, this::addPartitions), ServedApi.of(ApiKeys.ADD_OFFSETS_TO_TXN, this::addOffsets),
                ServedApi.of(ApiKeys.END_TXN, this::end), ServedApi.of(ApiKeys.DESCRIBE_TRANSACTIONS, this::describe), ServedApi.of(ApiKeys.LIST_TRANSACTIONS, this::list));
    }

    // AddPartitionsToTxn

    private void addPartitions(Request request) {
        AddPartitionsToTxnRequest given = (AddPartitionsToTxnRequest) request.body();
        AddPartitionsToTxnRequest body = request.version() < BATCHED_SINCE_VERSION ? given.normalizeRequest() : given;
        Map<String, List<TopicPartition>> partitions = body.partitionsByTransaction();
        List<CompletableFuture<AddPartitionsToTxnResult>> results = new ArrayList<>();
        for (AddPartitionsToTxnTransaction transaction : body.data().transactions()) {
            if (transaction.transactionalId() == null) {
                request.fail(new InvalidRequestException("Transactional ID can not be null in request."));
                return;
            }
            results.add(add(body, transaction, new HashSet<>(partitions.get(transaction.transactionalId())), request.version()));
        }
        Gather.answer(request, Gather.all(results).thenApply(all -> added(all, request.version())));
    }

    private static AddPartitionsToTxnResponseData added(List<AddPartitionsToTxnResult> results, int version) {
        if (version >= BATCHED_SINCE_VERSION) {
            return new AddPartitionsToTxnResponseData().setResultsByTransaction(new AddPartitionsToTxnResultCollection(results.iterator()));
        }
        return new AddPartitionsToTxnResponseData().setResultsByTopicV3AndBelow(results.get(0).topicResults());
    }

    /** One partition that does not exist, and none is added. */
    private CompletableFuture<AddPartitionsToTxnResult> add(AddPartitionsToTxnRequest body, AddPartitionsToTxnTransaction transaction, Set<TopicPartition> partitions, int version) {
        String id = transaction.transactionalId();
        if (!partitions.stream().allMatch(this::exists)) {
            Map<TopicPartition, Errors> errors = new HashMap<>();
            partitions.forEach(partition -> errors.put(partition, exists(partition) ? Errors.OPERATION_NOT_ATTEMPTED : Errors.UNKNOWN_TOPIC_OR_PARTITION));
            return CompletableFuture.completedFuture(AddPartitionsToTxnResponse.resultForTransaction(id, errors));
        }
        if (id.isEmpty()) {
            return CompletableFuture.completedFuture(body.errorResponseForTransaction(id, Errors.INVALID_REQUEST));
        }
        if (transaction.verifyOnly()) {
            return transactions.verifyPartitions(id, transaction.producerId(), transaction.producerEpoch(), partitions)
                    .thenApply(errors -> AddPartitionsToTxnResponse.resultForTransaction(id, errors));
        }
        return transactions.addPartitions(id, transaction.producerId(), transaction.producerEpoch(), partitions, TransactionVersion.transactionVersionForAddPartitionsToTxn(body))
                .thenApply(error -> body.errorResponseForTransaction(id, Fenced.told(error, version, FENCED_SINCE_VERSION)));
    }

    private boolean exists(TopicPartition partition) {
        return metadata.view().topic(partition.topic()).filter(topic -> partition.partition() >= 0 && partition.partition() < topic.partitions().size()).isPresent();
    }

    // AddOffsetsToTxn

    private void addOffsets(Request request) {
        AddOffsetsToTxnRequestData body = ((AddOffsetsToTxnRequest) request.body()).data();
        Gather.answer(request, added(body).thenApply(error -> new AddOffsetsToTxnResponseData().setErrorCode(Fenced.told(error, request.version(), FENCED_SINCE_VERSION).code())));
    }

    private CompletableFuture<Errors> added(AddOffsetsToTxnRequestData body) {
        if (body.transactionalId().isEmpty()) {
            return CompletableFuture.completedFuture(Errors.INVALID_REQUEST);
        }
        // Clients of version 2 do not ask: their offset commits add the partition.
        return homeMade(body.groupId()).thenCompose(home -> home
                .map(partition -> transactions.addPartitions(body.transactionalId(), body.producerId(), body.producerEpoch(), Set.of(partition), TransactionVersion.TV_0))
                .orElseGet(() -> CompletableFuture.completedFuture(Errors.COORDINATOR_NOT_AVAILABLE)));
    }

    /** A producer may ask before anybody has looked for the group's coordinator, and would ask for ever. */
    private CompletableFuture<Optional<TopicPartition>> homeMade(String group) {
        Optional<TopicPartition> home = home(group);
        return home.isPresent() ? CompletableFuture.completedFuture(home) : creation.createInternal(InternalTopics.OFFSETS).thenApply(created -> home(group));
    }

    /** The partition that keeps a group's offsets; empty while there is none. */
    private Optional<TopicPartition> home(String group) {
        return metadata.view().topic(InternalTopics.OFFSETS).map(topic -> new TopicPartition(InternalTopics.OFFSETS, FindCoordinatorHandler.partitionOf(group, topic.partitions().size())));
    }

    // EndTxn

    private void end(Request request) {
        EndTxnRequest body = (EndTxnRequest) request.body();
        EndTxnRequestData data = body.data();
        CompletableFuture<Reply> ended = data.transactionalId().isEmpty() ? CompletableFuture.completedFuture(Reply.of(Errors.INVALID_REQUEST))
                : transactions.end(data.transactionalId(), data.producerId(), data.producerEpoch(), data.committed(), TransactionVersion.transactionVersionForEndTxn(body));
        Gather.answer(request, ended.thenApply(reply -> new EndTxnResponseData().setErrorCode(Fenced.told(reply.error(), request.version(), FENCED_SINCE_VERSION).code())
                .setProducerId(reply.producerId()).setProducerEpoch(reply.epoch())));
    }

    // Describe, list

    private void describe(Request request) {
        List<CompletableFuture<DescribeTransactionsResponseData.TransactionState>> described =
                ((DescribeTransactionsRequest) request.body()).data().transactionalIds().stream().map(transactions::describe).toList();
        Gather.answer(request, Gather.all(described).thenApply(states -> new DescribeTransactionsResponseData().setTransactionStates(states)));
    }

    private void list(Request request) {
        Gather.answer(request, transactions.list(((ListTransactionsRequest) request.body()).data()));
    }
}
