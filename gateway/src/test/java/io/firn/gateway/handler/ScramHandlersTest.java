package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.ScramCredential;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialDeletion;
import org.apache.kafka.common.message.AlterUserScramCredentialsRequestData.ScramCredentialUpsertion;
import org.apache.kafka.common.message.AlterUserScramCredentialsResponseData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData;
import org.apache.kafka.common.message.DescribeUserScramCredentialsRequestData.UserName;
import org.apache.kafka.common.message.DescribeUserScramCredentialsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.security.scram.internals.ScramFormatter;
import org.apache.kafka.common.security.scram.internals.ScramMechanism;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers as a Kafka 4.3.1 broker gave them. */
class ScramHandlersTest {
    private static final byte[] SALT = "salt".getBytes(StandardCharsets.UTF_8);

    @TempDir
    Path directory;
    private AdminFixture admin;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private ApiHandler handler(ApiKeys api) {
        return new ScramHandlers(admin.metadata, admin.commands).all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    private static ScramCredentialUpsertion upsertion(String user, int mechanism, int iterations) {
        return new ScramCredentialUpsertion().setName(user).setMechanism((byte) mechanism).setIterations(iterations).setSalt(SALT).setSaltedPassword(new byte[32]);
    }

    private static ScramCredentialDeletion deletion(String user, int mechanism) {
        return new ScramCredentialDeletion().setName(user).setMechanism((byte) mechanism);
    }

    /** Each user's error, with its message where there is one. */
    private Map<String, String> alter(List<ScramCredentialUpsertion> upsertions, List<ScramCredentialDeletion> deletions) throws Exception {
        AlterUserScramCredentialsResponseData answer = ask(handler(ApiKeys.ALTER_USER_SCRAM_CREDENTIALS), ApiKeys.ALTER_USER_SCRAM_CREDENTIALS, 0,
                new AlterUserScramCredentialsRequestData().setUpsertions(upsertions).setDeletions(deletions), AlterUserScramCredentialsResponseData.class);
        Map<String, String> results = new TreeMap<>();
        answer.results().forEach(result -> results.put(result.user(), Errors.forCode(result.errorCode()) + (result.errorMessage() == null ? "" : ": " + result.errorMessage())));
        return results;
    }

    private Map<String, String> describe(String... users) throws Exception {
        DescribeUserScramCredentialsRequestData body = new DescribeUserScramCredentialsRequestData()
                .setUsers(users.length == 0 ? null : List.of(users).stream().map(user -> new UserName().setName(user)).toList());
        Map<String, String> results = new TreeMap<>();
        ask(handler(ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS), ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, 0, body, DescribeUserScramCredentialsResponseData.class).results()
                .forEach(result -> results.put(result.user(), result.errorCode() == 0 ? infos(result) : Errors.forCode(result.errorCode()) + ": " + result.errorMessage()));
        return results;
    }

    private static String infos(DescribeUserScramCredentialsResponseData.DescribeUserScramCredentialsResult result) {
        Map<Byte, Integer> infos = new TreeMap<>();
        result.credentialInfos().forEach(info -> infos.put(info.mechanism(), info.iterations()));
        return infos.toString();
    }

    @Test
    void credentialsAreKeptDescribedAndDeletedPerMechanism() throws Exception {
        assertThat(alter(List.of(upsertion("u1", 1, 4096), upsertion("u2", 2, 8192)), List.of())).isEqualTo(Map.of("u1", "NONE", "u2", "NONE"));
        assertThat(alter(List.of(upsertion("u1", 2, 4097)), List.of())).isEqualTo(Map.of("u1", "NONE"));
        close();
        open();
        assertThat(describe()).isEqualTo(Map.of("u1", "{1=4096, 2=4097}", "u2", "{2=8192}"));
        assertThat(alter(List.of(), List.of(deletion("u1", 1)))).isEqualTo(Map.of("u1", "NONE"));
        assertThat(describe("u1", "nope")).isEqualTo(Map.of("u1", "{2=4097}", "nope", "RESOURCE_NOT_FOUND: Attempt to describe a user credential that does not exist: nope"));
        assertThat(describe("u1", "u1")).isEqualTo(Map.of("u1", "DUPLICATE_RESOURCE: Cannot describe SCRAM credentials for the same user twice in a single request: u1"));
    }

    /** A server's two keys let it check a password, but nobody log in with them. */
    @Test
    void theSaltedPasswordIsNotKeptButWhatItIsCheckedWith() throws Exception {
        byte[] salted = new ScramFormatter(ScramMechanism.SCRAM_SHA_256).saltedPassword("secret", SALT, 4096);
        alter(List.of(upsertion("u", 1, 4096).setSaltedPassword(salted)), List.of());
        ScramCredential kept = admin.view().clients().scram().get("u").get(io.firn.membership.ScramMechanism.SHA_256);
        org.apache.kafka.common.security.scram.ScramCredential expected = new ScramFormatter(ScramMechanism.SCRAM_SHA_256).generateCredential(SALT, salted, 4096);
        assertThat(kept).isEqualTo(new ScramCredential(4096, SALT, expected.storedKey(), expected.serverKey()));
        assertThat(kept.storedKey()).isNotEqualTo(salted);
    }

    @Test
    void whatCannotBeIsRefusedPerUserAndTheOthersAreDone() throws Exception {
        assertThat(alter(List.of(upsertion("few", 1, 4095), upsertion("many", 2, 16_385), upsertion("mechanism", 9, 4096), upsertion("", 1, 4096), upsertion("twice", 1, 4096),
                upsertion("twice", 2, 4096), upsertion("good", 1, 4096), upsertion("empty", 1, 4096).setSaltedPassword(new byte[0])), List.of(deletion("missing", 1))))
                .isEqualTo(new TreeMap<>(Map.of("few", "UNACCEPTABLE_CREDENTIAL: Too few iterations", "many", "UNACCEPTABLE_CREDENTIAL: Too many iterations",
                        "mechanism", "UNSUPPORTED_SASL_MECHANISM: Unknown SCRAM mechanism", "", "UNACCEPTABLE_CREDENTIAL: Username must not be empty",
                        "twice", "DUPLICATE_RESOURCE: A user credential cannot be altered twice in the same request", "good", "NONE",
                        "empty", "UNACCEPTABLE_CREDENTIAL: The salted password is not usable",
                        "missing", "RESOURCE_NOT_FOUND: Attempt to delete a user credential that does not exist")));
        assertThat(admin.view().clients().scram()).containsOnlyKeys("good");
    }
}
