package io.firn.gateway.share;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.errors.ShareSessionLimitReachedException;
import org.apache.kafka.common.message.ShareFetchRequestData;
import org.apache.kafka.common.message.ShareFetchResponseData;
import org.apache.kafka.common.message.ShareFetchResponseData.ShareFetchableTopicResponse;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.ShareFetchRequest;
import org.apache.kafka.common.requests.ShareRequestMetadata;
import org.apache.kafka.server.share.context.ShareFetchContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ShareFetch: the session's part, what the request acknowledges, and then a {@link ShareFetchOperation}; the answer has both outcomes.
 *
 * <p>Thread-safe: no state of its own. A request is worked on by its connection's loop.
 */
final class ShareFetchHandler implements ApiHandler {
    private static final Logger LOG = LoggerFactory.getLogger(ShareFetchHandler.class);
    private static final int LONGEST_MEMBER_ID = 36;
    /** Longest time a member without a session is left waiting for its refusal: its request is kept for as long, also when the member has gone. */
    private static final int LONGEST_REFUSAL_MS = 30_000;
    private static final byte RECORD_LIMIT = 1;

    private final ShareGroups groups;

    ShareFetchHandler(ShareGroups groups) {
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        ShareFetchRequest body = (ShareFetchRequest) request.body();
        ShareFetchRequestData data = body.data();
        Map<Uuid, String> names = groups.view().topicNames();
        Acknowledgements acknowledgements;
        ShareFetchContext context;
        try {
            checkMember(data.groupId(), data.memberId());
            checkModes(request, data);
            acknowledgements = Acknowledgements.of(data, names);
            context = groups.sessions().fetch(request, data.groupId(), data.memberId(), data.shareSessionEpoch(), body.shareFetchData(names), body.forgottenTopics(names),
                    !acknowledgements.isEmpty());
        } catch (ShareSessionLimitReachedException e) {
            groups.timer().after(Math.max(1, Math.min(data.maxWaitMs(), LONGEST_REFUSAL_MS)), () -> request.fail(e));
            return;
        } catch (ApiException e) {
            request.fail(e);
            return;
        }
        boolean renew = request.version() >= 2 && data.isRenewAck();
        CompletableFuture<Map<TopicIdPartition, ApiError>> acknowledged =
                acknowledgements.carryOut(data.groupId(), data.memberId(), renew, groups.shares(), groups.partitions(), request.loop());
        Fetched nothing = new Fetched(List.of(), new LinkedHashMap<>());
        CompletableFuture<Fetched> fetched = renew ? CompletableFuture.completedFuture(nothing) : fetch(request, data, context);
        fetched.thenCombine(acknowledged, (given, outcomes) -> answered(request, data, context, given, outcomes)).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.atError().addKeyValue("client", request.clientAddress()).setCause(failure).log("The answer to a share fetch could not be made");
                request.fail(failure);
            }
        });
    }

    static void checkMember(String group, String member) {
        if (group == null) {
            throw new InvalidRequestException("Invalid group id in the request.");
        }
        if (member == null || member.isEmpty() || member.length() > LONGEST_MEMBER_ID) {
            throw new InvalidRequestException("Invalid member id in the request.");
        }
    }

    /** KIP-1222: what renews locks does not fetch, lest the time that takes uses the lock up. */
    private static void checkModes(Request request, ShareFetchRequestData data) {
        if (request.version() >= 2 && data.isRenewAck() && (data.maxBytes() != 0 || data.minBytes() != 0 || data.maxRecords() != 0 || data.maxWaitMs() != 0)) {
            throw new InvalidRequestException("maxBytes, minBytes, maxRecords and maxWaitMs must be 0 if isRenewAck is true.");
        }
        if (data.shareAcquireMode() < 0 || data.shareAcquireMode() > RECORD_LIMIT) {
            throw new InvalidRequestException("Unknown share acquire mode id: " + data.shareAcquireMode());
        }
    }

    /** The parts of a fetch, which hold bytes, and the answers of all partitions of the session. */
    private record Fetched(List<ShareFetchPart> parts, LinkedHashMap<TopicIdPartition, ShareFetchResponseData.PartitionData> answers) {}

    private CompletableFuture<Fetched> fetch(Request request, ShareFetchRequestData data, ShareFetchContext context) {
        LinkedHashMap<TopicIdPartition, ShareFetchResponseData.PartitionData> answers = new LinkedHashMap<>();
        context.getErroneousAndValidTopicIdPartitions().erroneous().forEach(answers::put);
        boolean committedOnly = groups.configs().committedOnly(data.groupId());
        List<ShareFetchPart> parts = rotated(context.getErroneousAndValidTopicIdPartitions().validTopicIdPartitions(), data.shareSessionEpoch()).stream()
                .map(id -> new ShareFetchPart(data.groupId(), id, groups.partitions().locate(id), groups.shares(), committedOnly)).toList();
        if (parts.isEmpty()) {
            return CompletableFuture.completedFuture(new Fetched(parts, answers));
        }
        Delivery.Ask ask = new Delivery.Ask(data.memberId(), data.shareAcquireMode() == RECORD_LIMIT, data.maxRecords(), data.batchSize());
        return new ShareFetchOperation(request, new ShareFetchOperation.Wish(ask, data.maxWaitMs(), data.minBytes(), data.maxBytes()), parts, groups.clock()).start()
                .thenApply(done -> {
                    done.forEach(part -> answers.put(part.id(), part.answer()));
                    return new Fetched(done, answers);
                });
    }

    /** Each request of a session begins with another partition, so that none starves. */
    private static List<TopicIdPartition> rotated(List<TopicIdPartition> partitions, int epoch) {
        if (partitions.size() < 2 || epoch < 1) {
            return partitions;
        }
        List<TopicIdPartition> rotated = new ArrayList<>(partitions);
        Collections.rotate(rotated, -(epoch % partitions.size()));
        return rotated;
    }

    private Void answered(Request request, ShareFetchRequestData data, ShareFetchContext context, Fetched fetched, Map<TopicIdPartition, ApiError> outcomes) {
        try {
            List<Node> nodes = withLeaders(fetched.answers());
            ShareFetchResponseData response = context.updateAndGenerateResponseData(data.groupId(), data.memberId(), fetched.answers()).data();
            nodes.forEach(node -> response.nodeEndpoints()
                    .add(new ShareFetchResponseData.NodeEndpoint().setNodeId(node.id()).setHost(node.host()).setPort(node.port()).setRack(node.rack())));
            response.setAcquisitionLockTimeoutMs(groups.configs().limits(data.groupId()).lockMs());
            outcomes.forEach((partition, error) -> addOutcome(response, partition, error));
            if (data.shareSessionEpoch() == ShareRequestMetadata.FINAL_EPOCH) {
                groups.endSession(data.groupId(), data.memberId());
            }
            if (request.abandoned()) {
                fetched.parts().forEach(part -> part.takeBack(data.memberId()));
            }
            request.respond(response, () -> fetched.parts().forEach(ShareFetchPart::discard));
        } catch (RuntimeException e) {
            fetched.parts().forEach(ShareFetchPart::discard);
            throw e;
        }
        return null;
    }

    private List<Node> withLeaders(Map<TopicIdPartition, ShareFetchResponseData.PartitionData> answers) {
        List<Node> nodes = new ArrayList<>();
        answers.forEach((partition, answer) -> {
            if (answer.errorCode() == Errors.NOT_LEADER_OR_FOLLOWER.code()) {
                groups.leadership(partition).ifPresent(leader -> {
                    answer.currentLeader().setLeaderId(leader.leader()).setLeaderEpoch(leader.leaderEpoch());
                    groups.node(leader.leader()).filter(node -> !nodes.contains(node)).ifPresent(nodes::add);
                });
            }
        });
        return nodes;
    }

    private static void addOutcome(ShareFetchResponseData response, TopicIdPartition partition, ApiError error) {
        ShareFetchableTopicResponse topic = response.responses().find(partition.topicId());
        if (topic == null) {
            topic = new ShareFetchableTopicResponse().setTopicId(partition.topicId()).setPartitions(new ArrayList<>());
            response.responses().add(topic);
        }
        ShareFetchResponseData.PartitionData answer = topic.partitions().stream().filter(one -> one.partitionIndex() == partition.partition()).findFirst().orElse(null);
        if (answer == null) {
            answer = new ShareFetchResponseData.PartitionData().setPartitionIndex(partition.partition()).setRecords(MemoryRecords.EMPTY);
            topic.partitions().add(answer);
        }
        answer.setAcknowledgeErrorCode(error.error().code()).setAcknowledgeErrorMessage(error.error() == Errors.NONE ? null : error.message());
    }
}
