package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.group.Groups;
import io.firn.gateway.partition.Standing;
import io.firn.gateway.share.ShareGroups;
import io.firn.gateway.transaction.Transactions;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import java.util.Optional;
import java.util.function.IntPredicate;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.server.share.SharePartitionKey;

/**
 * FindCoordinator, one key or many. A broker that may not lead does not name itself. The first one for a group, a transactional id or a share partition makes the coordinator's topic and has the coordinator started.
 *
 * <p>Thread-safe: no state of its own.
 */
final class FindCoordinatorHandler implements ApiHandler {
    private static final int FIRST_SHARE_VERSION = 6;

    private final Metadata metadata;
    private final AutoCreation creation;
    private final Groups groups;
    private final Transactions transactions;
    private final ShareGroups shareGroups;
    /** Which brokers can be coordinators: of this one it is known that it cannot while it may not lead. */
    private final IntPredicate coordinates;

    FindCoordinatorHandler(int brokerId, Standing standing, Metadata metadata, AutoCreation creation, Groups groups, Transactions transactions, ShareGroups shareGroups) {
        this.metadata = metadata;
        this.creation = creation;
        this.groups = groups;
        this.transactions = transactions;
        this.shareGroups = shareGroups;
        this.coordinates = broker -> broker != brokerId || standing.mayLead();
    }

    @Override
    public void handle(Request request) {
        FindCoordinatorRequestData body = ((FindCoordinatorRequest) request.body()).data();
        if (isShare(body, request.version())) {
            Gather.answer(request, shareGroups.prepare().thenApply(prepared -> answer(metadata.view(), coordinates, body, request.version())));
            return;
        }
        Optional<String> topic = topicOf(body.keyType());
        topic.ifPresent(name -> want(body.keyType()));
        if (topic.isEmpty() || metadata.view().topic(topic.get()).isPresent()) {
            request.respond(answer(metadata.view(), coordinates, body, request.version()));
        } else {
            Gather.answer(request, creation.createInternal(topic.get()).thenApply(created -> answer(metadata.view(), coordinates, body, request.version())));
        }
    }

    private static boolean isShare(FindCoordinatorRequestData body, int version) {
        return body.keyType() == CoordinatorType.SHARE.id() && version >= FIRST_SHARE_VERSION;
    }

    private void want(byte keyType) {
        if (keyType == CoordinatorType.GROUP.id()) {
            groups.want();
        } else {
            transactions.want();
        }
    }

    /** The topic that keeps what coordinators of the type coordinate; empty for one that is not there. */
    private static Optional<String> topicOf(byte keyType) {
        if (keyType == CoordinatorType.GROUP.id()) {
            return Optional.of(InternalTopics.OFFSETS);
        }
        return keyType == CoordinatorType.TRANSACTION.id() ? Optional.of(InternalTopics.TRANSACTIONS) : Optional.empty();
    }

    static FindCoordinatorResponseData answer(ClusterView view, IntPredicate coordinates, FindCoordinatorRequestData body, int version) {
        if (version >= FindCoordinatorRequest.MIN_BATCHED_VERSION) {
            return new FindCoordinatorResponseData().setCoordinators(body.coordinatorKeys().stream()
                    .map(key -> isShare(body, version) ? shareCoordinator(view, coordinates, key) : coordinator(view, coordinates, body.keyType(), key)).toList());
        }
        Coordinator found = coordinator(view, coordinates, body.keyType(), body.key());
        return new FindCoordinatorResponseData().setErrorCode(found.errorCode()).setErrorMessage(Errors.forCode(found.errorCode()).message())
                .setNodeId(found.nodeId()).setHost(found.host()).setPort(found.port());
    }

    private static Coordinator coordinator(ClusterView view, IntPredicate coordinates, byte keyType, String key) {
        Optional<String> topic = topicOf(keyType);
        Optional<Node> leader = topic.flatMap(name -> leader(view, name, key)).filter(found -> coordinates.test(found.id()));
        Node node = leader.orElse(Node.noNode());
        // What is never there must not be reported as retriable, or clients would wait for it in vain.
        Errors error = leader.isPresent() ? Errors.NONE : topic.isPresent() ? Errors.COORDINATOR_NOT_AVAILABLE : Errors.INVALID_REQUEST;
        return new Coordinator().setKey(key).setNodeId(node.id()).setHost(node.host()).setPort(node.port()).setErrorCode(error.code())
                .setErrorMessage(error == Errors.NONE ? "" : error.message());
    }

    /** A share partition's, named by group, topic id and partition. */
    private static Coordinator shareCoordinator(ClusterView view, IntPredicate coordinates, String key) {
        Errors error;
        Node node = Node.noNode();
        try {
            Optional<Node> leader = leader(view, Topic.SHARE_GROUP_STATE_TOPIC_NAME, SharePartitionKey.getInstance(key).asCoordinatorKey()).filter(found -> coordinates.test(found.id()));
            error = leader.isPresent() ? Errors.NONE : Errors.COORDINATOR_NOT_AVAILABLE;
            node = leader.orElse(node);
        } catch (IllegalArgumentException malformed) {
            error = Errors.INVALID_REQUEST;
        }
        return new Coordinator().setKey(key).setNodeId(node.id()).setHost(node.host()).setPort(node.port()).setErrorCode(error.code())
                .setErrorMessage(error == Errors.NONE ? "" : error.message());
    }

    private static Optional<Node> leader(ClusterView view, String topic, String key) {
        return view.topic(topic).map(found -> found.partitions().get(partitionOf(key, found.partitions().size())))
                .map(PartitionView::leader).flatMap(new TopicDescriptions(view)::node);
    }

    /** Where Kafka keeps a group, a transactional id or a share partition. */
    static int partitionOf(String key, int partitions) {
        return Utils.abs(key.hashCode()) % partitions;
    }
}
