package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.handler.ConfigChanges.Operation;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Metadata;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.AlterConfigsResponseData.AlterConfigsResourceResponse;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AlterConfigsRequest;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.IncrementalAlterConfigsRequest;

/** AlterConfigs and IncrementalAlterConfigs: resources of one request stand alone, unless one of them asks for an operation that does not exist. Thread-safe: no state of its own. */
final class AlterConfigsHandler {
    /** The requests carry no time limit. */
    static final long TIMEOUT_MS = 30_000;

    private final Metadata metadata;
    private final ConfigChanges changes;
    private final Commands commands;
    private final BrokerLoggers loggers;

    AlterConfigsHandler(Metadata metadata, ConfigChanges changes, Commands commands, BrokerLoggers loggers) {
        this.metadata = metadata;
        this.changes = changes;
        this.commands = commands;
        this.loggers = loggers;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.ALTER_CONFIGS, this::replacing), ServedApi.of(ApiKeys.INCREMENTAL_ALTER_CONFIGS, this::incremental));
    }

    /**
     * One resource of a request, in either form.
     *
     * @param unknown an operation that does not exist; it counts as SET among the others
     */
    private record Change(byte resourceType, String resourceName, List<Operation> operations, boolean incremental, Optional<Byte> unknown) {

        void checkOperations() {
            unknown.ifPresent(operation -> {
                throw new InvalidRequestException("Unknown operations type " + operation);
            });
        }
    }

    private record Outcome(Change change, ApiError error) {}

    private void replacing(Request request) {
        AlterConfigsRequestData body = ((AlterConfigsRequest) request.body()).data();
        List<Change> asked = new ArrayList<>();
        body.resources().forEach(resource -> asked.add(new Change(resource.resourceType(), resource.resourceName(), resource.configs().stream()
                .map(config -> new Operation(config.name(), OpType.SET, Optional.ofNullable(config.value()))).toList(), false, Optional.empty())));
        Gather.answer(request, outcomes(asked, body.validateOnly()).thenApply(outcomes -> {
            AlterConfigsResponseData response = new AlterConfigsResponseData();
            outcomes.forEach(outcome -> response.responses().add(new AlterConfigsResourceResponse().setResourceType(outcome.change().resourceType())
                    .setResourceName(outcome.change().resourceName()).setErrorCode(outcome.error().error().code()).setErrorMessage(message(outcome))));
            return response;
        }));
    }

    private void incremental(Request request) {
        IncrementalAlterConfigsRequestData body = ((IncrementalAlterConfigsRequest) request.body()).data();
        List<Change> asked = new ArrayList<>();
        body.resources().forEach(resource -> asked.add(new Change(resource.resourceType(), resource.resourceName(), resource.configs().stream()
                .map(config -> new Operation(config.name(), Optional.ofNullable(OpType.forId(config.configOperation())).orElse(OpType.SET), Optional.ofNullable(config.value()))).toList(), true,
                resource.configs().stream().map(config -> config.configOperation()).filter(operation -> OpType.forId(operation) == null).findFirst())));
        Gather.answer(request, outcomes(asked, body.validateOnly()).thenApply(outcomes -> {
            IncrementalAlterConfigsResponseData response = new IncrementalAlterConfigsResponseData();
            outcomes.forEach(outcome -> response.responses().add(new IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse()
                    .setResourceType(outcome.change().resourceType()).setResourceName(outcome.change().resourceName())
                    .setErrorCode(outcome.error().error().code()).setErrorMessage(message(outcome))));
            return response;
        }));
    }

    private static String message(Outcome outcome) {
        return outcome.error().isSuccess() ? null : outcome.error().message();
    }

    /** As Kafka does: some mistakes refuse their resource alone, and levels of loggers are changed; then an operation that does not exist refuses all that are left. */
    private CompletableFuture<List<Outcome>> outcomes(List<Change> asked, boolean validateOnly) {
        Map<ConfigResource, Integer> times = new HashMap<>();
        asked.forEach(change -> times.merge(resource(change), 1, Integer::sum));
        Map<Change, Outcome> early = new IdentityHashMap<>();
        asked.forEach(change -> early(change, times.get(resource(change)), validateOnly).ifPresent(outcome -> early.put(change, outcome)));
        Optional<Change> senseless = asked.stream().filter(change -> !early.containsKey(change) && change.unknown().isPresent()).findFirst();
        return Gather.all(asked.stream().map(change -> early.containsKey(change) ? CompletableFuture.completedFuture(early.get(change))
                : outcome(change, senseless.orElse(change), validateOnly)).toList());
    }

    /** What becomes of a resource whatever the others are. */
    private Optional<Outcome> early(Change change, int times, boolean validateOnly) {
        try {
            if (times > 1) {
                throw new InvalidRequestException("Each resource must appear at most once.");
            }
            ConfigChanges.checkShape(change.operations());
            ConfigResource.Type type = ConfigResource.Type.forId(change.resourceType());
            if (type == ConfigResource.Type.BROKER_LOGGER && change.incremental()) {
                change.checkOperations();
                loggers.alter(change.resourceName(), change.operations(), validateOnly);
                return Optional.of(new Outcome(change, ApiError.NONE));
            }
            switch (type) {
                case TOPIC, GROUP, CLIENT_METRICS -> { }
                case BROKER -> {
                    changes.checkBroker(ConfigTarget.of(change.resourceType(), change.resourceName()));
                    change.checkOperations();
                }
                default -> throw new InvalidRequestException("Unknown resource type " + change.resourceType());
            }
            return Optional.empty();
        } catch (RuntimeException e) {
            return Optional.of(failed(change, e));
        }
    }

    private static ConfigResource resource(Change change) {
        return new ConfigResource(ConfigResource.Type.forId(change.resourceType()), change.resourceName());
    }

    private CompletableFuture<Outcome> outcome(Change change, Change senseless, boolean validateOnly) {
        Outcome done = new Outcome(change, ApiError.NONE);
        try {
            senseless.checkOperations();
            ConfigTarget target = ConfigTarget.of(change.resourceType(), change.resourceName());
            AlterConfigs command = change.incremental() ? changes.incremental(metadata.view(), target, change.operations())
                    : changes.replacing(metadata.view(), target, change.operations());
            return validateOnly || command.changes().isEmpty() ? CompletableFuture.completedFuture(done)
                    : commands.submit(command, TIMEOUT_MS).handle((view, failure) -> failure == null ? done : failed(change, failure));
        } catch (RuntimeException e) {
            return CompletableFuture.completedFuture(failed(change, e));
        }
    }

    private static Outcome failed(Change change, Throwable failure) {
        return new Outcome(change, Failures.of(failure));
    }
}
