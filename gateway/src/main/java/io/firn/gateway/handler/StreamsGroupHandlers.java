package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.group.Groups;
import io.firn.gateway.group.StreamsHeartbeat;
import io.firn.membership.Metadata;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.StreamsGroupDescribeRequestData;
import org.apache.kafka.common.message.StreamsGroupDescribeResponseData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Topology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.StreamsGroupDescribeRequest;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatRequest;
import org.apache.kafka.common.requests.StreamsGroupHeartbeatResponse.Status;

/**
 * Streams groups (KIP-1071): heartbeats, which also have the internal topics made that the coordinator asks for, and descriptions.
 *
 * <p>Thread-safe.
 */
final class StreamsGroupHandlers {
    /** Failures one answer tells of. */
    private static final int MAX_TOLD = 3;

    private final Metadata metadata;
    private final Groups groups;
    private final Supplier<GroupSettings> settings;
    private final StreamsTopics topics;
    private final Mutations.Charging charging;

    StreamsGroupHandlers(Metadata metadata, Groups groups, Supplier<GroupSettings> settings, StreamsTopics topics, Mutations.Charging charging) {
        this.metadata = metadata;
        this.groups = groups;
        this.settings = settings;
        this.topics = topics;
        this.charging = charging;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.STREAMS_GROUP_HEARTBEAT, this::heartbeat), ServedApi.of(ApiKeys.STREAMS_GROUP_DESCRIBE, this::describe));
    }

    private void heartbeat(Request request) {
        StreamsGroupHeartbeatRequestData body = ((StreamsGroupHeartbeatRequest) request.body()).data();
        Optional<String> refusal = Optional.ofNullable(body.topology()).flatMap(StreamsGroupHandlers::refusal);
        if (refusal.isPresent()) {
            request.respond(new StreamsGroupHeartbeatResponseData().setErrorCode(Errors.STREAMS_INVALID_TOPOLOGY.code()).setErrorMessage(refusal.get()));
        } else {
            Gather.answer(request, groups.streamsHeartbeat(request, body).thenApply(heartbeat -> withTopics(request, body.groupId(), heartbeat)));
        }
    }

    private static Optional<String> refusal(Topology topology) {
        List<String> names = topology.subtopologies().stream().flatMap(part -> Stream.of(part.sourceTopics().stream(), part.repartitionSinkTopics().stream(),
                part.repartitionSourceTopics().stream().map(topic -> topic.name()), part.stateChangelogTopics().stream().map(topic -> topic.name())).flatMap(all -> all)).distinct().toList();
        List<String> internal = names.stream().filter(Topic::isInternal).toList();
        if (!internal.isEmpty()) {
            return Optional.of("Use of Kafka internal topics " + String.join(",", internal) + " in a Kafka Streams topology is prohibited.");
        }
        List<String> invalid = names.stream().filter(name -> !Topic.isValid(name)).toList();
        return invalid.isEmpty() ? Optional.empty() : Optional.of("Topic names " + String.join(",", invalid) + " are not valid topic names.");
    }

    private StreamsGroupHeartbeatResponseData withTopics(Request request, String group, StreamsHeartbeat heartbeat) {
        if (!heartbeat.missing().isEmpty()) {
            // Two heartbeats: long enough for the failure to be told, short enough for another attempt.
            topics.create(heartbeat.missing(), charging.strict(request), 2L * settings.get().streamsHeartbeatIntervalMs(metadata.view().groupConfigs().getOrDefault(group, Map.of())));
            tell(heartbeat.answer(), topics.failures(heartbeat.missing().stream().map(CreatableTopic::name).toList()));
        }
        return heartbeat.answer();
    }

    private static void tell(StreamsGroupHeartbeatResponseData answer, Map<String, String> failures) {
        if (failures.isEmpty() || answer.status() == null) {
            return;
        }
        answer.status().stream().filter(status -> status.statusCode() == Status.MISSING_INTERNAL_TOPICS.code()).findFirst()
                .ifPresent(status -> status.setStatusDetail(Optional.ofNullable(status.statusDetail()).orElse("") + "; Creation failed: " + told(failures) + "."));
    }

    private static String told(Map<String, String> failures) {
        Collection<Map.Entry<String, String>> all = failures.entrySet();
        String first = all.stream().limit(MAX_TOLD).map(failure -> failure.getKey() + " (" + failure.getValue() + ")").collect(Collectors.joining(", "));
        return all.size() > MAX_TOLD ? first + " and " + (all.size() - MAX_TOLD) + " more" : first;
    }

    private void describe(Request request) {
        StreamsGroupDescribeRequestData body = ((StreamsGroupDescribeRequest) request.body()).data();
        Gather.answer(request, groups.describeStreams(request, body.groupIds()).thenApply(described -> {
            if (body.includeAuthorizedOperations()) {
                described.stream().filter(group -> group.errorCode() == Errors.NONE.code()).forEach(group -> group.setAuthorizedOperations(AuthorizedOperations.GROUP));
            }
            return new StreamsGroupDescribeResponseData().setGroups(described);
        }));
    }
}
