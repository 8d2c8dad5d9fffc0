package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.AlterScramCredential;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.firn.membership.ScramCredential;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.common.errors.ResourceNotFoundException;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData.AlterUserScramCredentialsResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.requests.AlterUserScramCredentialsRequest;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.requests.DescribeUserScramCredentialsRequest;
import org.apache.kafka.image.ScramImage;
import org.apache.kafka.metadata.ScramCredentialData;

/**
 * DescribeUserScramCredentials and AlterUserScramCredentials: credentials are kept, though no listener asks for them yet. Users of one request stand alone.
 *
 * <p>Nothing of a credential but its mechanism and its number of iterations leaves the broker, or goes into a log.
 *
 * <p>Thread-safe: no state of its own.
 */
final class ScramHandlers {
    /** The request carries no time limit. */
    private static final long TIMEOUT_MS = 30_000;

    private final Metadata metadata;
    private final Commands commands;

    ScramHandlers(Metadata metadata, Commands commands) {
        this.metadata = metadata;
        this.commands = commands;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, this::describe), ServedApi.of(ApiKeys.ALTER_USER_SCRAM_CREDENTIALS, this::alter));
    }

    private void describe(Request request) {
        request.respond(image(metadata.view()).describe(((DescribeUserScramCredentialsRequest) request.body()).data()));
    }

    private static ScramImage image(ClusterView view) {
        Map<ScramMechanism, Map<String, ScramCredentialData>> mechanisms = new EnumMap<>(ScramMechanism.class);
        view.clients().scram().forEach((user, credentials) -> credentials.forEach((mechanism, credential) ->
                mechanisms.computeIfAbsent(ScramChanges.named(mechanism), first -> new HashMap<>()).put(user, shown(credential))));
        return new ScramImage(mechanisms);
    }

    /** Describing needs no secret. */
    private static ScramCredentialData shown(ScramCredential credential) {
        return new ScramCredentialData(new byte[0], new byte[0], new byte[0], credential.iterations());
    }

    private void alter(Request request) {
        ScramChanges changes = ScramChanges.of(metadata.view(), ((AlterUserScramCredentialsRequest) request.body()).data());
        List<CompletableFuture<AlterUserScramCredentialsResult>> results = changes.commands().stream()
                .map(command -> commands.submit(command, TIMEOUT_MS).handle((view, failure) -> result(command.user(), failure == null ? ApiError.NONE : refusal(failure)))).toList();
        Gather.answer(request, Gather.all(results).thenApply(all -> {
            AlterUserScramCredentialsResponseData response = new AlterUserScramCredentialsResponseData();
            response.results().addAll(all);
            changes.refused().forEach((user, error) -> response.results().add(result(user, error)));
            return response;
        }));
    }

    private static ApiError refusal(Throwable failure) {
        boolean gone = Failures.cause(failure) instanceof CommandRefused refused && refused.reason() == CommandRefused.Reason.UNKNOWN_CREDENTIAL;
        return Failures.of(gone ? new ResourceNotFoundException(ScramChanges.NOT_THERE) : failure);
    }

    private static AlterUserScramCredentialsResult result(String user, ApiError error) {
        return new AlterUserScramCredentialsResult().setUser(user).setErrorCode(error.error().code()).setErrorMessage(error.message());
    }
}
