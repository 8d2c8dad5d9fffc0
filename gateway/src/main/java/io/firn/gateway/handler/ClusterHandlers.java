package io.firn.gateway.handler;

import io.firn.gateway.api.Features;
import io.firn.gateway.api.Features.Feature;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.firn.membership.Progress;
import io.firn.membership.Progress.Follower;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.FeatureUpdate.UpgradeType;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.DescribeQuorumResponseData.ReplicaState;
import org.apache.kafka.common.message.UnregisterBrokerResponseData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.message.UpdateFeaturesResponseData.UpdatableFeatureResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.DescribeQuorumRequest;
import org.apache.kafka.common.requests.UnregisterBrokerRequest;
import org.apache.kafka.common.requests.UpdateFeaturesRequest;

/**
 * The cluster as a whole: its quorum, its features, its members.
 *
 * <p>There is no {@code __cluster_metadata} topic here, but a journal that plays its part: its version is the high watermark, the newest entry's the log end, the controller epoch the leader epoch, and the brokers
 * that keep it are the voters. Features come with the release ({@link Features}), so the only update that succeeds is one to the level in force.
 *
 * <p>Thread-safe: no state of its own.
 */
final class ClusterHandlers {
    /** From this version on there are no results per feature. */
    private static final short ONE_RESULT_VERSION = 2;

    /** From this version of DescribeQuorum on replicas have directories and nodes. */
    private static final short DIRECTORY_VERSION = 2;

    /** UnregisterBroker carries no time limit. */
    private static final long TIMEOUT_MS = 30_000;

    /** As Kafka's: an observer that has not asked for so long is none any more. */
    private static final long OBSERVER_SESSION_MS = 300_000;

    private final int brokerId;
    private final Metadata metadata;
    private final Commands commands;
    private final Quorum quorum;

    ClusterHandlers(int brokerId, Metadata metadata, Commands commands, Quorum quorum) {
        this.brokerId = brokerId;
        this.metadata = metadata;
        this.commands = commands;
        this.quorum = quorum;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.DESCRIBE_QUORUM, this::describeQuorum), ServedApi.of(ApiKeys.UPDATE_FEATURES, this::updateFeatures),
                ServedApi.of(ApiKeys.UNREGISTER_BROKER, this::unregister));
    }

    /** The controller knows how far all are; who cannot ask it says what Kafka's followers say, and the client asks again. */
    private void describeQuorum(Request request) {
        DescribeQuorumRequestData body = ((DescribeQuorumRequest) request.body()).data();
        if (asksForMetadata(body)) {
            Gather.answer(request, metadata.progress().handle((progress, unknown) -> unknown == null ? quorum(metadata.view(), progress, request.version()) : failed(body, Errors.NOT_LEADER_OR_FOLLOWER)));
        } else {
            request.respond(failed(body, Errors.UNKNOWN_TOPIC_OR_PARTITION));
        }
    }

    private static boolean asksForMetadata(DescribeQuorumRequestData body) {
        return body.topics().size() == 1 && body.topics().get(0).topicName().equals(Topic.CLUSTER_METADATA_TOPIC_NAME)
                && body.topics().get(0).partitions().size() == 1 && body.topics().get(0).partitions().get(0).partitionIndex() == 0;
    }

    private DescribeQuorumResponseData quorum(ClusterView view, Progress progress, short version) {
        int leader = quorum.cluster() ? progress.controller() : brokerId;
        Map<Integer, Follower> all = new TreeMap<>(progress.followers());
        all.put(leader, new Follower(progress.lastVersion(), progress.nowMs(), progress.nowMs()));
        DescribeQuorumResponseData.PartitionData partition = new DescribeQuorumResponseData.PartitionData().setPartitionIndex(0).setLeaderId(leader)
                .setLeaderEpoch(progress.controllerEpoch()).setHighWatermark(progress.committed())
                .setCurrentVoters(quorum.voters().stream().sorted().map(voter -> replica(view, voter, all.getOrDefault(voter, Follower.UNHEARD), version)).toList())
                .setObservers(all.entrySet().stream().filter(broker -> observes(broker.getKey(), broker.getValue(), progress)).map(broker -> replica(view, broker.getKey(), broker.getValue(), version)).toList());
        DescribeQuorumResponseData response = new DescribeQuorumResponseData().setTopics(List.of(
                new DescribeQuorumResponseData.TopicData().setTopicName(Topic.CLUSTER_METADATA_TOPIC_NAME).setPartitions(List.of(partition))));
        if (version >= DIRECTORY_VERSION) {
            quorum.voters().stream().sorted().flatMap(voter -> Optional.ofNullable(view.brokers().get(voter)).stream()).forEach(broker -> response.nodes().add(node(broker)));
        }
        return response;
    }

    private boolean observes(int broker, Follower follower, Progress progress) {
        return !quorum.voters().contains(broker) && progress.nowMs() - follower.askedMs() < OBSERVER_SESSION_MS;
    }

    private ReplicaState replica(ClusterView view, int broker, Follower follower, short version) {
        ReplicaState replica = new ReplicaState().setReplicaId(broker).setLogEndOffset(follower.version()).setLastFetchTimestamp(follower.askedMs()).setLastCaughtUpTimestamp(follower.caughtUpMs());
        return version >= DIRECTORY_VERSION ? replica.setReplicaDirectoryId(directory(view, broker)) : replica;
    }

    /** Of a broker that did not say: a single one's journal was formed with the cluster and has its id. */
    private Uuid directory(ClusterView view, int broker) {
        Uuid known = Optional.ofNullable(view.brokers().get(broker)).map(found -> found.incarnation().directory()).orElse(Uuid.ZERO_UUID);
        return known.equals(Uuid.ZERO_UUID) && !quorum.cluster() ? Uuid.fromString(view.clusterId()) : known;
    }

    private static DescribeQuorumResponseData.Node node(BrokerView broker) {
        DescribeQuorumResponseData.Node node = new DescribeQuorumResponseData.Node().setNodeId(broker.id());
        node.listeners().add(new DescribeQuorumResponseData.Listener().setName("PLAINTEXT").setHost(broker.host()).setPort(broker.port()));
        return node;
    }

    /** One wrong partition, or more than the one, and Kafka knows none of those asked for. */
    private static DescribeQuorumResponseData failed(DescribeQuorumRequestData body, Errors error) {
        return new DescribeQuorumResponseData().setTopics(body.topics().stream().map(topic -> new DescribeQuorumResponseData.TopicData().setTopicName(topic.topicName())
                .setPartitions(topic.partitions().stream().map(partition -> new DescribeQuorumResponseData.PartitionData().setPartitionIndex(partition.partitionIndex())
                        .setErrorCode(error.code()).setErrorMessage(error.message())).toList())).toList());
    }

    private void updateFeatures(Request request) {
        UpdateFeaturesRequestData body = ((UpdateFeaturesRequest) request.body()).data();
        Optional<String> refusal = body.featureUpdates().stream().flatMap(update -> refusal(update).stream()).findFirst();
        UpdateFeaturesResponseData response = new UpdateFeaturesResponseData().setErrorMessage(null);
        if (refusal.isPresent()) {
            response.setErrorCode(Errors.INVALID_UPDATE_VERSION.code())
                    .setErrorMessage("The update failed for all features since the following feature had an error: " + refusal.get());
        } else if (request.version() < ONE_RESULT_VERSION) {
            body.featureUpdates().forEach(update -> response.results().add(
                    new UpdatableFeatureResult().setFeature(update.feature()).setErrorMessage(Errors.NONE.message())));
        }
        request.respond(response);
    }

    private Optional<String> refusal(FeatureUpdateKey update) {
        Optional<Feature> feature = Features.named(update.feature());
        String reason;
        if (UpgradeType.fromCode(update.upgradeType()) == UpgradeType.UNKNOWN) {
            reason = "The controller does not support the given upgrade type.";
        } else if (update.maxVersionLevel() < 0) {
            reason = "A feature version cannot be less than 0.";
        } else if (feature.isEmpty()) {
            reason = "Local controller " + brokerId + " does not support this feature.";
        } else if (feature.get().level() != update.maxVersionLevel()) {
            reason = "Local controller " + brokerId + " only supports versions " + feature.get().level() + "-" + feature.get().level();
        } else {
            return Optional.empty();
        }
        return Optional.of("Invalid update version " + update.maxVersionLevel() + " for feature " + update.feature() + ". " + reason);
    }

    /** Kafka forgets a broker that is alive or holds replicas, too, and fences it; here that is refused, for the data belong to its id. */
    private void unregister(Request request) {
        int broker = ((UnregisterBrokerRequest) request.body()).data().brokerId();
        Gather.answer(request, commands.submit(new Command.UnregisterBroker(broker), TIMEOUT_MS).handle((view, failure) -> unregistered(broker, failure)));
    }

    private UnregisterBrokerResponseData unregistered(int broker, Throwable failure) {
        UnregisterBrokerResponseData response = new UnregisterBrokerResponseData();
        if (failure == null) {
            return response;
        }
        if (Failures.cause(failure) instanceof CommandRefused refused && refused.reason() == CommandRefused.Reason.UNKNOWN_BROKER) {
            return response.setErrorCode(Errors.BROKER_ID_NOT_REGISTERED.code()).setErrorMessage("Broker ID " + broker + " is not currently registered");
        }
        ApiError error = Failures.of(failure);
        return response.setErrorCode(error.error().code()).setErrorMessage(error.message());
    }
}
