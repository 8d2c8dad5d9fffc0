package io.firn.gateway.group;

import io.firn.gateway.api.Request;
import io.firn.gateway.coordinator.Caller;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.transaction.EndMarker;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.message.AlterShareGroupOffsetsRequestData;
import org.apache.kafka.common.message.AlterShareGroupOffsetsResponseData;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ConsumerGroupHeartbeatResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData.DeletableGroupResultCollection;
import org.apache.kafka.common.message.DeleteShareGroupOffsetsRequestData;
import org.apache.kafka.common.message.DeleteShareGroupOffsetsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.message.DescribeShareGroupOffsetsRequestData.DescribeShareGroupOffsetsRequestGroup;
import org.apache.kafka.common.message.DescribeShareGroupOffsetsResponseData.DescribeShareGroupOffsetsResponseGroup;
import org.apache.kafka.common.message.HeartbeatRequestData;
import org.apache.kafka.common.message.HeartbeatResponseData;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.JoinGroupResponseData;
import org.apache.kafka.common.message.LeaveGroupRequestData;
import org.apache.kafka.common.message.LeaveGroupResponseData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.message.ListGroupsResponseData;
import org.apache.kafka.common.message.OffsetCommitRequestData;
import org.apache.kafka.common.message.OffsetCommitResponseData;
import org.apache.kafka.common.message.OffsetDeleteRequestData;
import org.apache.kafka.common.message.OffsetDeleteResponseData;
import org.apache.kafka.common.message.OffsetFetchRequestData.OffsetFetchRequestGroup;
import org.apache.kafka.common.message.OffsetFetchResponseData.OffsetFetchResponseGroup;
import org.apache.kafka.common.message.ShareGroupDescribeResponseData;
import org.apache.kafka.common.message.ShareGroupHeartbeatRequestData;
import org.apache.kafka.common.message.ShareGroupHeartbeatResponseData;
import org.apache.kafka.common.message.StreamsGroupDescribeResponseData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.SyncGroupRequestData;
import org.apache.kafka.common.message.SyncGroupResponseData;
import org.apache.kafka.common.message.TxnOffsetCommitRequestData;
import org.apache.kafka.common.message.TxnOffsetCommitResponseData;
import org.apache.kafka.common.requests.TransactionResult;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.authorizer.AuthorizableRequestContext;

/**
 * What handlers ask the group coordinator. Each answer is Kafka's own for the API, errors of the group included; a future fails only with
 * {@link CoordinatorNotAvailableException} while there is no coordinator, or for a reason nobody foresaw.
 *
 * <p>Threading: thread-safe. Futures complete on the coordinator's threads, which must not be blocked.
 */
public final class Groups {
    private final Coordination<GroupCoordinator> coordination;

    public Groups(Coordination<GroupCoordinator> coordination) {
        this.coordination = coordination;
    }

    /** Has the coordinator started because somebody will soon need it; returns at once. */
    public void want() {
        coordination.want();
    }

    public CompletableFuture<JoinGroupResponseData> join(Request request, JoinGroupRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.joinGroup(caller, body, BufferSupplier.NO_CACHING));
    }

    public CompletableFuture<SyncGroupResponseData> sync(Request request, SyncGroupRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.syncGroup(caller, body, BufferSupplier.NO_CACHING));
    }

    public CompletableFuture<HeartbeatResponseData> heartbeat(Request request, HeartbeatRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.heartbeat(caller, body));
    }

    /** @param body normalized to the batched form */
    public CompletableFuture<LeaveGroupResponseData> leave(Request request, LeaveGroupRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.leaveGroup(caller, body));
    }

    public CompletableFuture<ConsumerGroupHeartbeatResponseData> consumerHeartbeat(Request request, ConsumerGroupHeartbeatRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.consumerGroupHeartbeat(caller, body));
    }

    public CompletableFuture<ListGroupsResponseData> list(Request request, ListGroupsRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.listGroups(caller, body));
    }

    public CompletableFuture<List<DescribeGroupsResponseData.DescribedGroup>> describe(Request request, List<String> groups) {
        return ask(request, (coordinator, caller) -> coordinator.describeGroups(caller, groups));
    }

    public CompletableFuture<List<ConsumerGroupDescribeResponseData.DescribedGroup>> describeConsumer(Request request, List<String> groups) {
        return ask(request, (coordinator, caller) -> coordinator.consumerGroupDescribe(caller, groups));
    }

    public CompletableFuture<StreamsHeartbeat> streamsHeartbeat(Request request, StreamsGroupHeartbeatRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.streamsGroupHeartbeat(caller, body))
                .thenApply(result -> new StreamsHeartbeat(result.data(), List.copyOf(result.creatableTopics().values())));
    }

    public CompletableFuture<List<StreamsGroupDescribeResponseData.DescribedGroup>> describeStreams(Request request, List<String> groups) {
        return ask(request, (coordinator, caller) -> coordinator.streamsGroupDescribe(caller, groups));
    }

    public CompletableFuture<DeletableGroupResultCollection> delete(Request request, List<String> groups) {
        return ask(request, (coordinator, caller) -> coordinator.deleteGroups(caller, groups, BufferSupplier.NO_CACHING));
    }

    /** @param body topics with both name and id */
    public CompletableFuture<OffsetCommitResponseData> commit(Request request, OffsetCommitRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.commitOffsets(caller, body, BufferSupplier.NO_CACHING));
    }

    /** @param body topics with both name and id, or null for all */
    public CompletableFuture<OffsetFetchResponseGroup> fetch(Request request, OffsetFetchRequestGroup body, boolean requireStable) {
        return ask(request, (coordinator, caller) -> coordinator.fetchOffsets(caller, body, requireStable));
    }

    public CompletableFuture<OffsetDeleteResponseData> deleteOffsets(Request request, OffsetDeleteRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.deleteOffsets(caller, body, BufferSupplier.NO_CACHING));
    }

    public CompletableFuture<ShareGroupHeartbeatResponseData> shareHeartbeat(Request request, ShareGroupHeartbeatRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.shareGroupHeartbeat(caller, body));
    }

    public CompletableFuture<List<ShareGroupDescribeResponseData.DescribedGroup>> describeShare(Request request, List<String> groups) {
        return ask(request, (coordinator, caller) -> coordinator.shareGroupDescribe(caller, groups));
    }

    /** @param body topics, or null for all */
    public CompletableFuture<DescribeShareGroupOffsetsResponseGroup> shareOffsets(Request request, DescribeShareGroupOffsetsRequestGroup body) {
        return ask(request, (coordinator, caller) -> body.topics() == null ? coordinator.describeShareGroupAllOffsets(caller, body) : coordinator.describeShareGroupOffsets(caller, body));
    }

    public CompletableFuture<AlterShareGroupOffsetsResponseData> alterShareOffsets(Request request, AlterShareGroupOffsetsRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.alterShareGroupOffsets(caller, body.groupId(), body));
    }

    public CompletableFuture<DeleteShareGroupOffsetsResponseData> deleteShareOffsets(Request request, DeleteShareGroupOffsetsRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.deleteShareGroupOffsets(caller, body));
    }

    /** @param body topics by name */
    public CompletableFuture<TxnOffsetCommitResponseData> commitTransactional(Request request, TxnOffsetCommitRequestData body) {
        return ask(request, (coordinator, caller) -> coordinator.commitTransactionalOffsets(caller, body, BufferSupplier.NO_CACHING));
    }

    /** Makes the offsets a transaction committed valid, or forgets them, in one partition of {@code __consumer_offsets}. */
    public CompletableFuture<Void> endTransaction(TopicPartition partition, EndMarker marker) {
        return coordination.serving().map(coordinator -> coordinator.completeTransaction(partition, marker.producerId(), marker.epoch(), marker.coordinatorEpoch(),
                marker.commit() ? TransactionResult.COMMIT : TransactionResult.ABORT, marker.transactionVersion())).orElseGet(Groups::starting);
    }

    private static <T> CompletableFuture<T> starting() {
        return CompletableFuture.failedFuture(new CoordinatorNotAvailableException("The group coordinator is starting."));
    }

    private <T> CompletableFuture<T> ask(Request request, BiFunction<GroupCoordinator, AuthorizableRequestContext, CompletableFuture<T>> question) {
        return coordination.serving().map(coordinator -> question.apply(coordinator, Caller.of(request)))
                .orElseGet(Groups::starting);
    }
}
