package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
import io.firn.membership.Command.AlterScramCredential;
import io.firn.membership.ScramCredential;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialDeletion;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialUpsertion;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ApiError;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;

/**
 * What a request for other SCRAM credentials comes to, with Kafka's rules and messages: a user may be named once, and stands alone. Pure.
 *
 * @param commands one for each user whose credential changes
 * @param refused what is wrong, by user
 */
record ScramChanges(List<AlterScramCredential> commands, Map<String, ApiError> refused) {
    static final String NOT_THERE = "Attempt to delete a user credential that does not exist";
    /** Kafka's limits: fewer are too weak, more make every login dear. */
    private static final int MIN_ITERATIONS = 4_096;
    private static final int MAX_ITERATIONS = 16_384;

    static ScramChanges of(ClusterView view, AlterUserScramCredentialsRequestData body) {
        Map<String, AlterScramCredential> commands = new LinkedHashMap<>();
        Map<String, ApiError> refused = new LinkedHashMap<>();
        body.deletions().forEach(deletion -> take(deletion.name(), commands, refused, deletionError(view, deletion), () -> deleted(deletion)));
        body.upsertions().forEach(upsertion -> take(upsertion.name(), commands, refused, upsertionError(upsertion), () -> upserted(upsertion)));
        return new ScramChanges(new ArrayList<>(commands.values()), refused);
    }

    private interface Making {
        AlterScramCredential make() throws InvalidKeyException;
    }

    private static void take(String user, Map<String, AlterScramCredential> commands, Map<String, ApiError> refused, ApiError error, Making making) {
        if (refused.containsKey(user)) {
            return;
        }
        if (commands.remove(user) != null) {
            refused.put(user, new ApiError(Errors.DUPLICATE_RESOURCE, "A user credential cannot be altered twice in the same request"));
        } else if (error.isFailure()) {
            refused.put(user, error);
        } else {
            try {
                commands.put(user, making.make());
            } catch (InvalidKeyException | IllegalArgumentException e) {
                // A salted password that no key can be made of.
                refused.put(user, new ApiError(Errors.UNACCEPTABLE_CREDENTIAL, "The salted password is not usable"));
            }
        }
    }

    private static ApiError nameError(String user, byte mechanism) {
        if (user.isEmpty()) {
            return new ApiError(Errors.UNACCEPTABLE_CREDENTIAL, "Username must not be empty");
        }
        return ScramMechanism.fromType(mechanism) == ScramMechanism.UNKNOWN ? new ApiError(Errors.UNSUPPORTED_SASL_MECHANISM, "Unknown SCRAM mechanism") : ApiError.NONE;
    }

    private static ApiError deletionError(ClusterView view, ScramCredentialDeletion deletion) {
        ApiError error = nameError(deletion.name(), deletion.mechanism());
        if (error.isFailure()) {
            return error;
        }
        boolean there = view.clients().scram().getOrDefault(deletion.name(), Map.of()).containsKey(mechanism(deletion.mechanism()));
        return there ? ApiError.NONE : new ApiError(Errors.RESOURCE_NOT_FOUND, NOT_THERE);
    }

    private static ApiError upsertionError(ScramCredentialUpsertion upsertion) {
        ApiError error = nameError(upsertion.name(), upsertion.mechanism());
        if (error.isFailure()) {
            return error;
        }
        if (upsertion.iterations() < MIN_ITERATIONS) {
            return new ApiError(Errors.UNACCEPTABLE_CREDENTIAL, "Too few iterations");
        }
        return upsertion.iterations() > MAX_ITERATIONS ? new ApiError(Errors.UNACCEPTABLE_CREDENTIAL, "Too many iterations") : ApiError.NONE;
    }

    private static AlterScramCredential deleted(ScramCredentialDeletion deletion) {
        return new AlterScramCredential(deletion.name(), mechanism(deletion.mechanism()), Optional.empty());
    }

    /** The server's two keys instead of the salted password, with which a client could log in (RFC 5802, section 3). */
    private static AlterScramCredential upserted(ScramCredentialUpsertion upsertion) throws InvalidKeyException {
        ScramFormatter formatter = formatter(ScramMechanism.fromType(upsertion.mechanism()));
        byte[] storedKey = formatter.storedKey(formatter.clientKey(upsertion.saltedPassword()));
        ScramCredential credential = new ScramCredential(upsertion.iterations(), upsertion.salt(), storedKey, formatter.serverKey(upsertion.saltedPassword()));
        return new AlterScramCredential(upsertion.name(), mechanism(upsertion.mechanism()), Optional.of(credential));
    }

    private static ScramFormatter formatter(ScramMechanism mechanism) {
        try {
            return new ScramFormatter(org.apache.kafka.common.security.scram.internals.ScramMechanism.forMechanismName(mechanism.mechanismName()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has " + mechanism, e);
        }
    }

    private static io.firn.membership.ScramMechanism mechanism(byte type) {
        return ScramMechanism.fromType(type) == ScramMechanism.SCRAM_SHA_256 ? io.firn.membership.ScramMechanism.SHA_256 : io.firn.membership.ScramMechanism.SHA_512;
    }

    static ScramMechanism named(io.firn.membership.ScramMechanism mechanism) {
        return switch (mechanism) {
            case SHA_256 -> ScramMechanism.SCRAM_SHA_256;
            case SHA_512 -> ScramMechanism.SCRAM_SHA_512;
        };
    }
}
