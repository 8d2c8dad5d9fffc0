package io.firn.gateway.share;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.Partitions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.message.ShareAcknowledgeRequestData;
import org.apache.kafka.common.message.ShareFetchRequestData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;

/**
 * What one request acknowledges, partition by partition: checked as a whole, then carried out on the partitions' loops.
 *
 * <p>Threading: confined to the connection's loop; a request's partitions on that same loop are done on the spot.
 */
final class Acknowledgements {
    private final Map<TopicIdPartition, List<Said>> said = new LinkedHashMap<>();
    private final Map<Uuid, String> names;

    /** One batch of acknowledgements as it came; inclusive ends. */
    private record Said(long first, long last, List<Byte> types) {}

    private Acknowledgements(Map<Uuid, String> names) {
        this.names = names;
    }

    static Acknowledgements of(ShareFetchRequestData request, Map<Uuid, String> names) {
        Acknowledgements all = new Acknowledgements(names);
        request.topics().forEach(topic -> topic.partitions().stream().filter(partition -> !partition.acknowledgementBatches().isEmpty())
                .forEach(partition -> all.add(topic.topicId(), partition.partitionIndex(), partition.acknowledgementBatches().stream()
                        .map(batch -> new Said(batch.firstOffset(), batch.lastOffset(), batch.acknowledgeTypes())).toList())));
        return all;
    }

    static Acknowledgements of(ShareAcknowledgeRequestData request, Map<Uuid, String> names) {
        Acknowledgements all = new Acknowledgements(names);
        request.topics().forEach(topic -> topic.partitions().forEach(partition -> all.add(topic.topicId(), partition.partitionIndex(), partition.acknowledgementBatches().stream()
                .map(batch -> new Said(batch.firstOffset(), batch.lastOffset(), batch.acknowledgeTypes())).toList())));
        return all;
    }

    private void add(Uuid topic, int partition, List<Said> batches) {
        said.put(new TopicIdPartition(topic, partition, names.get(topic)), batches);
    }

    boolean isEmpty() {
        return said.isEmpty();
    }

    /**
     * Carries them out; completes with what came of each partition, on any of the loops. Never fails.
     *
     * @param renew whether the request is one that may renew locks
     */
    CompletableFuture<Map<TopicIdPartition, ApiError>> carryOut(String group, String member, boolean renew, SharePartitions shares, Partitions partitions, Executor loop) {
        Map<TopicIdPartition, CompletableFuture<Void>> outcomes = new LinkedHashMap<>();
        said.forEach((partition, batches) -> outcomes.put(partition, carryOut(new ShareKey(group, partition), member, batches, renew, shares, partitions, loop)));
        return CompletableFuture.allOf(outcomes.values().toArray(CompletableFuture[]::new)).handle((done, failure) -> outcomes.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> error(entry.getValue()), (one, other) -> one, LinkedHashMap::new)));
    }

    private static ApiError error(CompletableFuture<Void> outcome) {
        return outcome.handle((done, failure) -> failure == null ? ApiError.NONE : new ApiError(ErrorMapping.of(failure), ErrorMapping.unwrap(failure).getMessage())).join();
    }

    private static CompletableFuture<Void> carryOut(ShareKey key, String member, List<Said> batches, boolean renew, SharePartitions shares, Partitions partitions, Executor loop) {
        try {
            List<Acknowledgement> checked = check(batches, renew);
            Partitions.Found found = partitions.locate(key.partition());
            if (found.error() == Errors.UNKNOWN_TOPIC_ID || found.error() == Errors.UNKNOWN_TOPIC_OR_PARTITION) {
                throw found.error().exception();
            }
            if (checked.isEmpty()) {
                return CompletableFuture.completedFuture(null);
            }
            SharePartition share = shares.peek(key).orElseThrow(() -> new UnknownTopicOrPartitionException("Nothing of the partition is acquired here."));
            Executor owner = share.partition().loop();
            return owner == loop ? share.acknowledge(member, checked) : CompletableFuture.supplyAsync(() -> share.acknowledge(member, checked), owner).thenCompose(outcome -> outcome);
        } catch (ApiException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** As the protocol wants them: in ascending order, one type or one for each offset, types that the request may have. */
    private static List<Acknowledgement> check(List<Said> batches, boolean renew) {
        List<Acknowledgement> checked = new ArrayList<>();
        long next = -1;
        for (Said batch : batches) {
            byte most = renew ? Acknowledgement.RENEW : Acknowledgement.REJECT;
            if (batch.first() < next || batch.types().stream().anyMatch(type -> type < 0 || type > most)) {
                throw new InvalidRequestException("Acknowledgements out of order, or of unknown type.");
            }
            checked.add(new Acknowledgement(batch.first(), batch.last() + 1, batch.types()));
            next = batch.last();
        }
        return checked;
    }
}
