package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.group.Groups;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.AlterShareGroupOffsetsRequestData;
import org.apache.kafka.common.message.AlterShareGroupOffsetsRequestData.AlterShareGroupOffsetsRequestTopic;
import org.apache.kafka.common.message.AlterShareGroupOffsetsRequestData.AlterShareGroupOffsetsRequestTopicCollection;
import org.apache.kafka.common.message.AlterShareGroupOffsetsResponseData;
import org.apache.kafka.common.message.DescribeShareGroupOffsetsRequestData.DescribeShareGroupOffsetsRequestGroup;
import org.apache.kafka.common.message.DescribeShareGroupOffsetsResponseData;
import org.apache.kafka.common.message.DescribeShareGroupOffsetsResponseData.DescribeShareGroupOffsetsResponseGroup;
import org.apache.kafka.common.message.ShareGroupDescribeResponseData;
import org.apache.kafka.common.message.ShareGroupHeartbeatRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AlterShareGroupOffsetsRequest;
import org.apache.kafka.common.requests.AlterShareGroupOffsetsResponse;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.DeleteShareGroupOffsetsRequest;
import org.apache.kafka.common.requests.DescribeShareGroupOffsetsRequest;
import org.apache.kafka.common.requests.ShareGroupDescribeRequest;
import org.apache.kafka.common.requests.ShareGroupHeartbeatRequest;

/**
 * The share group APIs that the group coordinator answers: heartbeats, describing, and the groups' offsets.
 *
 * <p>Thread-safe: no state of its own.
 */
final class ShareGroupHandlers {
    private static final int LONGEST_MEMBER_ID = 36;

    private final Metadata metadata;
    private final Groups groups;

    ShareGroupHandlers(Metadata metadata, Groups groups) {
        this.metadata = metadata;
        this.groups = groups;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.SHARE_GROUP_HEARTBEAT, this::heartbeat), ServedApi.of(ApiKeys.SHARE_GROUP_DESCRIBE, this::describe),
                ServedApi.of(ApiKeys.DESCRIBE_SHARE_GROUP_OFFSETS, this::offsets), ServedApi.of(ApiKeys.ALTER_SHARE_GROUP_OFFSETS, this::alter),
                ServedApi.of(ApiKeys.DELETE_SHARE_GROUP_OFFSETS, this::delete));
    }

    private void heartbeat(Request request) {
        ShareGroupHeartbeatRequestData body = ((ShareGroupHeartbeatRequest) request.body()).data();
        if (body.memberId().isEmpty() || body.memberId().length() > LONGEST_MEMBER_ID) {
            request.fail(new InvalidRequestException("Invalid member id in the request."));
        } else {
            Gather.answer(request, groups.shareHeartbeat(request, body));
        }
    }

    private void describe(Request request) {
        ShareGroupDescribeRequest body = (ShareGroupDescribeRequest) request.body();
        Gather.answer(request, groups.describeShare(request, body.data().groupIds()).thenApply(described -> {
            if (body.data().includeAuthorizedOperations()) {
                described.stream().filter(group -> group.errorCode() == Errors.NONE.code()).forEach(group -> group.setAuthorizedOperations(AuthorizedOperations.GROUP));
            }
            return new ShareGroupDescribeResponseData().setGroups(described);
        }));
    }

    private void offsets(Request request) {
        List<CompletableFuture<DescribeShareGroupOffsetsResponseGroup>> asked = ((DescribeShareGroupOffsetsRequest) request.body()).groups().stream()
                .map(group -> offsets(request, group)).toList();
        Gather.answer(request, Gather.all(asked).thenApply(all -> new DescribeShareGroupOffsetsResponseData().setGroups(all)));
    }

    private CompletableFuture<DescribeShareGroupOffsetsResponseGroup> offsets(Request request, DescribeShareGroupOffsetsRequestGroup group) {
        if (group.topics() != null && group.topics().isEmpty()) {
            return CompletableFuture.completedFuture(new DescribeShareGroupOffsetsResponseGroup().setGroupId(group.groupId()));
        }
        return groups.shareOffsets(request, group).exceptionally(failure -> {
            Errors error = Failures.of(failure).error();
            return new DescribeShareGroupOffsetsResponseGroup().setGroupId(group.groupId()).setErrorCode(error.code()).setErrorMessage(error.message());
        });
    }

    /** Topics nobody knows are answered here; the coordinator gets the others. */
    private void alter(Request request) {
        AlterShareGroupOffsetsRequest asked = (AlterShareGroupOffsetsRequest) request.body();
        Map<String, Uuid> ids = ids(metadata.view());
        AlterShareGroupOffsetsResponse.Builder response = new AlterShareGroupOffsetsResponse.Builder();
        AlterShareGroupOffsetsRequestTopicCollection known = new AlterShareGroupOffsetsRequestTopicCollection();
        for (AlterShareGroupOffsetsRequestTopic topic : asked.data().topics()) {
            if (ids.containsKey(topic.topicName())) {
                known.add(topic.duplicate());
            } else {
                topic.partitions().forEach(partition -> response.addPartition(topic.topicName(), partition.partitionIndex(), ids, new ApiError(Errors.UNKNOWN_TOPIC_OR_PARTITION)));
            }
        }
        AlterShareGroupOffsetsRequestData body = new AlterShareGroupOffsetsRequestData().setGroupId(asked.data().groupId()).setTopics(known);
        Gather.answer(request, groups.alterShareOffsets(request, body).thenApply(altered -> altered.errorCode() == Errors.NONE.code()
                ? response.merge(altered, ids).build().data() : refused(asked, altered)));
    }

    private static AlterShareGroupOffsetsResponseData refused(AlterShareGroupOffsetsRequest asked, AlterShareGroupOffsetsResponseData altered) {
        return (AlterShareGroupOffsetsResponseData) asked.getErrorResponse(0, altered.errorCode(), altered.errorMessage()).data();
    }

    private static Map<String, Uuid> ids(ClusterView view) {
        Map<String, Uuid> ids = new HashMap<>();
        view.topics().forEach((name, topic) -> ids.put(name, topic.id()));
        return ids;
    }

    private void delete(Request request) {
        Gather.answer(request, groups.deleteShareOffsets(request, ((DeleteShareGroupOffsetsRequest) request.body()).data()));
    }
}
