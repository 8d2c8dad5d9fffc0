package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.group.Groups;
import java.util.List;
import org.apache.kafka.common.errors.InconsistentGroupProtocolException;
import org.apache.kafka.common.message.ConsumerGroupDescribeResponseData;
import org.apache.kafka.common.message.DeleteGroupsResponseData;
import org.apache.kafka.common.message.DescribeGroupsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ConsumerGroupDescribeRequest;
import org.apache.kafka.common.requests.ConsumerGroupHeartbeatRequest;
import org.apache.kafka.common.requests.DeleteGroupsRequest;
import org.apache.kafka.common.requests.DescribeGroupsRequest;
import org.apache.kafka.common.requests.HeartbeatRequest;
import org.apache.kafka.common.requests.JoinGroupRequest;
import org.apache.kafka.common.requests.JoinGroupResponse;
import org.apache.kafka.common.requests.LeaveGroupRequest;
import org.apache.kafka.common.requests.LeaveGroupResponse;
import org.apache.kafka.common.requests.ListGroupsRequest;
import org.apache.kafka.common.requests.SyncGroupRequest;

/**
 * The group APIs that pass a request to the coordinator and its answer back: joining, heartbeats, describing, listing, deleting.
 *
 * <p>Thread-safe: no state of its own.
 */
final class GroupHandlers {
    private final Groups groups;

    GroupHandlers(Groups groups) {
        this.groups = groups;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.JOIN_GROUP, this::join), ServedApi.of(ApiKeys.SYNC_GROUP, this::sync), ServedApi.of(ApiKeys.HEARTBEAT, this::heartbeat),
                ServedApi.of(ApiKeys.LEAVE_GROUP, this::leave), ServedApi.of(ApiKeys.CONSUMER_GROUP_HEARTBEAT, this::consumerHeartbeat),
                ServedApi.of(ApiKeys.CONSUMER_GROUP_DESCRIBE, this::describeConsumer), ServedApi.of(ApiKeys.DESCRIBE_GROUPS, this::describe),
                ServedApi.of(ApiKeys.LIST_GROUPS, this::list), ServedApi.of(ApiKeys.DELETE_GROUPS, this::delete));
    }

    private void join(Request request) {
        JoinGroupRequest body = (JoinGroupRequest) request.body();
        Gather.answer(request, groups.join(request, body.data()).thenApply(joined -> new JoinGroupResponse(joined, request.version()).data()));
    }

    private void sync(Request request) {
        SyncGroupRequest body = (SyncGroupRequest) request.body();
        if (body.areMandatoryProtocolTypeAndNamePresent()) {
            Gather.answer(request, groups.sync(request, body.data()));
        } else {
            // From version 5 on both are mandatory.
            request.fail(new InconsistentGroupProtocolException("Protocol type and name are missing."));
        }
    }

    private void heartbeat(Request request) {
        Gather.answer(request, groups.heartbeat(request, ((HeartbeatRequest) request.body()).data()));
    }

    private void leave(Request request) {
        LeaveGroupRequest body = (LeaveGroupRequest) request.body();
        Gather.answer(request, groups.leave(request, body.normalizedData()).thenApply(left -> new LeaveGroupResponse(left, request.version()).data()));
    }

    private void consumerHeartbeat(Request request) {
        Gather.answer(request, groups.consumerHeartbeat(request, ((ConsumerGroupHeartbeatRequest) request.body()).data()));
    }

    private void describeConsumer(Request request) {
        ConsumerGroupDescribeRequest body = (ConsumerGroupDescribeRequest) request.body();
        Gather.answer(request, groups.describeConsumer(request, body.data().groupIds()).thenApply(described -> {
            if (body.data().includeAuthorizedOperations()) {
                described.stream().filter(group -> group.errorCode() == Errors.NONE.code()).forEach(group -> group.setAuthorizedOperations(AuthorizedOperations.GROUP));
            }
            return new ConsumerGroupDescribeResponseData().setGroups(described);
        }));
    }

    private void describe(Request request) {
        DescribeGroupsRequest body = (DescribeGroupsRequest) request.body();
        Gather.answer(request, groups.describe(request, body.data().groups()).thenApply(described -> {
            if (body.data().includeAuthorizedOperations()) {
                described.stream().filter(group -> group.errorCode() == Errors.NONE.code()).forEach(group -> group.setAuthorizedOperations(AuthorizedOperations.GROUP));
            }
            return new DescribeGroupsResponseData().setGroups(described);
        }));
    }

    private void list(Request request) {
        Gather.answer(request, groups.list(request, ((ListGroupsRequest) request.body()).data()));
    }

    private void delete(Request request) {
        List<String> distinct = ((DeleteGroupsRequest) request.body()).data().groupsNames().stream().distinct().toList();
        Gather.answer(request, groups.delete(request, distinct).thenApply(results -> new DeleteGroupsResponseData().setResults(results)));
    }
}
