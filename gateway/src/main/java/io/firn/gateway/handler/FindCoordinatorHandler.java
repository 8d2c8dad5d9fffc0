package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.group.Groups;
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
 * FindCoordinator, one key or many. The first one for a group makes {@code __consumer_offsets} and has the group coordinator started.
 *
 * <p>Thread-safe: no state of its own.
 */
final class FindCoordinatorHandler implements ApiHandler {
    private final Metadata metadata;
    private final AutoCreation creation;
    private final Groups groups;

    FindCoordinatorHandler(Metadata metadata, AutoCreation creation, Groups groups) {
        this.metadata = metadata;
        this.creation = creation;
        this.groups = groups;
    }

    @Override
    public void handle(Request request) {
        FindCoordinatorRequestData body = ((FindCoordinatorRequest) request.body()).data();
        if (body.keyType() != CoordinatorType.GROUP.id()) {
            request.respond(answer(metadata.view(), body, request.version()));
            return;
        }
        groups.want();
        if (metadata.view().topic(InternalTopics.OFFSETS).isPresent()) {
            request.respond(answer(metadata.view(), body, request.version()));
        } else {
            Gather.answer(request, creation.createOffsets().thenApply(created -> answer(metadata.view(), body, request.version())));
        }
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
        Optional<Node> leader = keyType == CoordinatorType.GROUP.id() ? leader(view, key) : Optional.empty();
        Node node = leader.orElse(Node.noNode());
        Errors error = leader.isPresent() ? Errors.NONE : missing(keyType);
        return new Coordinator().setKey(key).setNodeId(node.id()).setHost(node.host()).setPort(node.port()).setErrorCode(error.code())
                .setErrorMessage(error == Errors.NONE && keyType == CoordinatorType.GROUP.id() ? null : message(keyType, error));
    }

    /** What is never there must not be reported as retriable, or clients would wait for it in vain. */
    private static Errors missing(byte keyType) {
        if (keyType == CoordinatorType.GROUP.id()) {
            return Errors.COORDINATOR_NOT_AVAILABLE;
        }
        return keyType == CoordinatorType.TRANSACTION.id() ? Errors.UNSUPPORTED_VERSION : Errors.INVALID_REQUEST;
    }

    private static String message(byte keyType, Errors error) {
        return keyType == CoordinatorType.TRANSACTION.id() ? "This broker has no transaction coordinator." : error.message();
    }

    private static Optional<Node> leader(ClusterView view, String group) {
        return view.topic(InternalTopics.OFFSETS)
                .map(topic -> topic.partitions().get(partitionOf(group, topic.partitions().size())))
                .map(PartitionView::leader).flatMap(new TopicDescriptions(view)::node);
    }

    /** Where Kafka keeps a group. */
    static int partitionOf(String group, int partitions) {
        return Utils.abs(group.hashCode()) % partitions;
    }
}
