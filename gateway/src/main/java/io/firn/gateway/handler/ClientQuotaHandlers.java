package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import io.firn.membership.QuotaEntity;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntryData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData.EntityData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.requests.AlterClientQuotasRequest;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.DescribeClientQuotasRequest;
import org.apache.kafka.image.ClientQuotaImage;
import org.apache.kafka.image.ClientQuotasImage;

/**
 * DescribeClientQuotas and AlterClientQuotas. Filters are those of Kafka's own metadata image; entities of one request stand alone.
 *
 * <p>Thread-safe: no state of its own. Host names are resolved on {@code blocking}, never on a loop.
 */
final class ClientQuotaHandlers {
    /** The request carries no time limit. */
    private static final long TIMEOUT_MS = 30_000;

    private final Metadata metadata;
    private final Commands commands;
    private final Executor blocking;

    ClientQuotaHandlers(Metadata metadata, Commands commands, Executor blocking) {
        this.metadata = metadata;
        this.commands = commands;
        this.blocking = blocking;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.DESCRIBE_CLIENT_QUOTAS, this::describe), ServedApi.of(ApiKeys.ALTER_CLIENT_QUOTAS, this::alter));
    }

    private void describe(Request request) {
        Map<ClientQuotaEntity, ClientQuotaImage> image = new LinkedHashMap<>();
        metadata.view().clients().quotas().forEach((entity, quotas) -> image.put(named(entity), new ClientQuotaImage(quotas)));
        request.respond(new ClientQuotasImage(image).describe(((DescribeClientQuotasRequest) request.body()).data()));
    }

    private static ClientQuotaEntity named(QuotaEntity entity) {
        Map<String, String> names = new HashMap<>();
        entity.parts().forEach((kind, name) -> names.put(kind, name.orElse(null)));
        return new ClientQuotaEntity(names);
    }

    private void alter(Request request) {
        AlterClientQuotasRequestData body = ((AlterClientQuotasRequest) request.body()).data();
        Map<Map<String, Optional<String>>, List<EntryData>> byEntity = body.entries().stream()
                .collect(Collectors.groupingBy(entry -> QuotaRules.parts(entry.entity()), LinkedHashMap::new, Collectors.toList()));
        List<CompletableFuture<AlterClientQuotasResponseData.EntryData>> results = new ArrayList<>();
        byEntity.forEach((parts, entries) -> results.add(outcome(parts, entries, body.validateOnly()).thenApply(error -> result(parts, error))));
        Gather.answer(request, Gather.all(results).thenApply(all -> new AlterClientQuotasResponseData().setEntries(all)));
    }

    /** As in Kafka: named twice, the first naming counts and the answer tells of the second; with a quota named twice nothing counts. */
    private CompletableFuture<ApiError> outcome(Map<String, Optional<String>> parts, List<EntryData> entries, boolean validateOnly) {
        if (repeats(entries.get(0).ops())) {
            return CompletableFuture.completedFuture(Failures.of(duplicate(parts)));
        }
        CompletableFuture<ApiError> first = changed(parts, entries.get(0).ops(), validateOnly);
        return entries.size() == 1 ? first : first.thenApply(done -> Failures.of(duplicate(parts)));
    }

    private static boolean repeats(List<OpData> operations) {
        return operations.stream().map(OpData::key).distinct().count() < operations.size();
    }

    private static InvalidRequestException duplicate(Map<String, Optional<String>> parts) {
        Map<String, String> names = new HashMap<>();
        parts.forEach((kind, name) -> names.put(kind, name.orElse(null)));
        return new InvalidRequestException("Ignoring duplicate entity " + new ClientQuotaEntity(names));
    }

    private CompletableFuture<ApiError> changed(Map<String, Optional<String>> parts, List<OpData> operations, boolean validateOnly) {
        try {
            QuotaEntity entity = QuotaRules.entity(parts);
            return resolved(entity).thenCompose(known -> committed(entity, operations, validateOnly)).exceptionally(Failures::of);
        } catch (RuntimeException e) {
            return CompletableFuture.completedFuture(Failures.of(e));
        }
    }

    private CompletableFuture<Void> resolved(QuotaEntity entity) {
        Optional<String> host = QuotaRules.hostName(entity);
        return host.isEmpty() ? CompletableFuture.completedFuture(null) : CompletableFuture.runAsync(() -> resolve(host.get()), blocking);
    }

    private static void resolve(String host) {
        try {
            InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new InvalidRequestException(host + " is not a valid IP or resolvable host.", e);
        }
    }

    private CompletableFuture<ApiError> committed(QuotaEntity entity, List<OpData> operations, boolean validateOnly) {
        Map<String, Optional<Double>> changes = QuotaRules.changes(entity, operations);
        return validateOnly || changes.isEmpty() ? CompletableFuture.completedFuture(ApiError.NONE)
                : commands.submit(new Command.AlterClientQuotas(entity, changes), TIMEOUT_MS).thenApply(view -> ApiError.NONE);
    }

    private static AlterClientQuotasResponseData.EntryData result(Map<String, Optional<String>> parts, ApiError error) {
        return new AlterClientQuotasResponseData.EntryData().setErrorCode(error.error().code()).setErrorMessage(error.message())
                .setEntity(parts.entrySet().stream().map(part -> new EntityData().setEntityType(part.getKey()).setEntityName(part.getValue().orElse(null))).toList());
    }
}
