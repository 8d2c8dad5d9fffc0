package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.group.Groups;
import io.firn.gateway.transaction.Transactions;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import java.util.Optional;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.FindCoordinatorResponseData.Coordinator;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.apache.kafka.common.utils.Utils;

/**
 * FindCoordinator, one key or many. The first one for a group, or for a transactional id, makes the coordinator's topic and has the coordinator started.
 *
 * <p>Thread-safe: no state of its own.
 */
final class FindCoordinatorHandler implements ApiHandler {
    private final Metadata metadata;
    private final AutoCreation creation;
    private final Groups groups;
    private final Transactions transactions;

    FindCoordinatorHandler(Metadata metadata, AutoCreation creation, Groups groups, Transactions transactions) {
        this.metadata = metadata;
        this.creation = creation;
        this.groups = groups;
        this.transactions = transactions;
    }

    @Override
    public void handle(Request request) {
        FindCoordinatorRequestData body = ((FindCoordinatorRequest) request.body()).data();
        Optional<String> topic = topicOf(body.keyType());
        topic.ifPresent(name -> want(body.keyType()));
        if (topic.isEmpty() || metadata.view().topic(topic.get()).isPresent()) {
            request.respond(answer(metadata.view(), body, request.version()));
        } else {
            Gather.answer(request, creation.createInternal(topic.get()).thenApply(created -> answer(metadata.view(), body, request.version())));
        }
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

    static FindCoordinatorResponseData answer(ClusterView view, FindCoordinatorRequestData body, int version) {
        if (version >= FindCoordinatorRequest.MIN_BATCHED_VERSION) {
            return new FindCoordinatorResponseData().setCoordinators(body.coordinatorKeys().stream().map(key -> coordinator(view, body.keyType(), key)).toList());
        }
        Coordinator found = coordinator(view, body.keyType(), body.key());
        return new FindCoordinatorResponseData().setErrorCode(found.errorCode()).setErrorMessage(found.errorMessage())
                .setNodeId(found.nodeId()).setHost(found.host()).setPort(found.port());
    }

    private static Coordinator coordinator(ClusterView view, byte keyType, String key) {
        Optional<String> topic = topicOf(keyType);
        Optional<Node> leader = topic.flatMap(name -> leader(view, name, key));
        Node node = leader.orElse(Node.noNode());
        // What is never there must not be reported as retriable, or clients would wait for it in vain.
        Errors error = leader.isPresent() ? Errors.NONE : topic.isPresent() ? Errors.COORDINATOR_NOT_AVAILABLE : Errors.INVALID_REQUEST;
        return new Coordinator().setKey(key).setNodeId(node.id()).setHost(node.host()).setPort(node.port()).setErrorCode(error.code())
                .setErrorMessage(error == Errors.NONE ? null : error.message());
    }

    private static Optional<Node> leader(ClusterView view, String topic, String key) {
        return view.topic(topic).map(found -> found.partitions().get(partitionOf(key, found.partitions().size())))
                .map(PartitionView::leader).flatMap(new TopicDescriptions(view)::node);
    }

    /** Where Kafka keeps a group or a transactional id. */
    static int partitionOf(String key, int partitions) {
        return Utils.abs(key.hashCode()) % partitions;
    }
}
