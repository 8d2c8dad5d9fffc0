package io.firn.gateway.share;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.message.ShareAcknowledgeRequestData;
import org.apache.kafka.common.message.ShareAcknowledgeResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.ShareAcknowledgeRequest;
import org.apache.kafka.common.requests.ShareAcknowledgeResponse;
import org.apache.kafka.common.requests.ShareRequestMetadata;

/** ShareAcknowledge: what members say about records without fetching more. Thread-safe: no state of its own. */
final class ShareAcknowledgeHandler implements ApiHandler {
    private final ShareGroups groups;

    ShareAcknowledgeHandler(ShareGroups groups) {
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        ShareAcknowledgeRequestData body = ((ShareAcknowledgeRequest) request.body()).data();
        try {
            ShareFetchHandler.checkMember(body.groupId(), body.memberId());
            groups.sessions().acknowledge(body.groupId(), body.memberId(), body.shareSessionEpoch());
        } catch (ApiException e) {
            request.fail(e);
            return;
        }
        boolean renew = request.version() >= 2 && body.isRenewAck();
        Acknowledgements.of(body, groups.view().topicNames()).carryOut(body.groupId(), body.memberId(), renew, groups.shares(), groups.partitions(), request.loop())
                .whenComplete((outcomes, failure) -> {
                    if (body.shareSessionEpoch() == ShareRequestMetadata.FINAL_EPOCH) {
                        groups.endSession(body.groupId(), body.memberId());
                    }
                    if (failure == null) {
                        request.respond(answer(body.groupId(), outcomes));
                    } else {
                        request.fail(failure);
                    }
                });
    }

    private ShareAcknowledgeResponseData answer(String group, Map<TopicIdPartition, ApiError> outcomes) {
        LinkedHashMap<TopicIdPartition, ShareAcknowledgeResponseData.PartitionData> answers = new LinkedHashMap<>();
        List<Node> nodes = new ArrayList<>();
        outcomes.forEach((partition, error) -> {
            ShareAcknowledgeResponseData.PartitionData answer = new ShareAcknowledgeResponseData.PartitionData().setPartitionIndex(partition.partition())
                    .setErrorCode(error.error().code()).setErrorMessage(error.error() == Errors.NONE ? null : error.message());
            if (error.error() == Errors.NOT_LEADER_OR_FOLLOWER) {
                groups.leadership(partition).ifPresent(leader -> {
                    answer.currentLeader().setLeaderId(leader.leader()).setLeaderEpoch(leader.leaderEpoch());
                    groups.node(leader.leader()).filter(node -> !nodes.contains(node)).ifPresent(nodes::add);
                });
            }
            answers.put(partition, answer);
        });
        return ShareAcknowledgeResponse.of(Errors.NONE, 0, answers, nodes, groups.configs().limits(group).lockMs()).data();
    }
}
