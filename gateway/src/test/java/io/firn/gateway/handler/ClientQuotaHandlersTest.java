package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.RejectedExecutionException;
import org.apache.kafka.common.message.AlterClientQuotasRequestData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntityData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.EntryData;
import org.apache.kafka.common.message.AlterClientQuotasRequestData.OpData;
import org.apache.kafka.common.message.AlterClientQuotasResponseData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData;
import org.apache.kafka.common.message.DescribeClientQuotasRequestData.ComponentData;
import org.apache.kafka.common.message.DescribeClientQuotasResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers as a Kafka 4.3.1 broker gave them. */
class ClientQuotaHandlersTest {
    private static final int EXACT = 0;
    private static final int DEFAULT = 1;
    private static final int ANY = 2;

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
        return new ClientQuotaHandlers(admin.metadata, admin.commands, Runnable::run).all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    private static EntityData part(String kind, String name) {
        return new EntityData().setEntityType(kind).setEntityName(name);
    }

    private static OpData set(String key, double value) {
        return new OpData().setKey(key).setValue(value);
    }

    private static OpData remove(String key) {
        return new OpData().setKey(key).setRemove(true);
    }

    private static EntryData entry(List<EntityData> entity, OpData... operations) {
        return new EntryData().setEntity(entity).setOps(List.of(operations));
    }

    private List<AlterClientQuotasResponseData.EntryData> alter(boolean validateOnly, EntryData... entries) throws Exception {
        AlterClientQuotasRequestData body = new AlterClientQuotasRequestData().setValidateOnly(validateOnly).setEntries(List.of(entries));
        return ask(handler(ApiKeys.ALTER_CLIENT_QUOTAS), ApiKeys.ALTER_CLIENT_QUOTAS, 1, body, AlterClientQuotasResponseData.class).entries();
    }

    /** The one message; null for success. */
    private String alter(List<EntityData> entity, OpData... operations) throws Exception {
        AlterClientQuotasResponseData.EntryData only = alter(false, entry(entity, operations)).get(0);
        assertThat(Errors.forCode(only.errorCode())).isEqualTo(only.errorMessage() == null ? Errors.NONE : Errors.INVALID_REQUEST);
        return only.errorMessage();
    }

    private DescribeClientQuotasResponseData describe(boolean strict, Object... components) throws Exception {
        DescribeClientQuotasRequestData body = new DescribeClientQuotasRequestData().setStrict(strict);
        for (int i = 0; i < components.length; i += 3) {
            body.components().add(new ComponentData().setEntityType((String) components[i]).setMatchType(((Integer) components[i + 1]).byteValue()).setMatch((String) components[i + 2]));
        }
        return ask(handler(ApiKeys.DESCRIBE_CLIENT_QUOTAS), ApiKeys.DESCRIBE_CLIENT_QUOTAS, 1, body, DescribeClientQuotasResponseData.class);
    }

    /** As "kind=name,... key=value,...". */
    private static Set<String> shown(DescribeClientQuotasResponseData answer) {
        Set<String> shown = new TreeSet<>();
        answer.entries().forEach(entry -> {
            List<String> parts = new ArrayList<>();
            entry.entity().forEach(part -> parts.add(part.entityType() + "=" + part.entityName()));
            entry.values().forEach(value -> parts.add(value.key() + "=" + value.value()));
            shown.add(String.join(" ", new TreeSet<>(parts)));
        });
        return shown;
    }

    @Test
    void quotasAreSetRemovedAndFilteredAsKafkaFiltersThem() throws Exception {
        assertThat(alter(List.of(part("user", "u1"), part("client-id", "c1")), set("producer_byte_rate", 8), set("consumer_byte_rate", 7))).isNull();
        assertThat(alter(List.of(part("user", null)), set("controller_mutation_rate", 2.5))).isNull();
        assertThat(alter(List.of(part("user", "u1")), set("request_percentage", 12.5), set("producer_byte_rate", 9))).isNull();
        assertThat(alter(List.of(part("user", "u1")), remove("producer_byte_rate"), remove("not there"))).isNull();
        assertThat(alter(List.of(part("ip", "127.0.0.1")), set("connection_creation_rate", 10))).isNull();
        String both = "client-id=c1 consumer_byte_rate=7.0 producer_byte_rate=8.0 user=u1";
        String user = "request_percentage=12.5 user=u1";
        String users = "controller_mutation_rate=2.5 user=null";

        assertThat(shown(describe(false))).containsExactlyInAnyOrder(both, user, users, "connection_creation_rate=10.0 ip=127.0.0.1");
        assertThat(shown(describe(true))).isEmpty();
        assertThat(shown(describe(false, "user", EXACT, "u1"))).containsExactlyInAnyOrder(both, user);
        assertThat(shown(describe(true, "user", EXACT, "u1"))).containsExactly(user);
        assertThat(shown(describe(true, "user", ANY, null))).containsExactlyInAnyOrder(user, users);
        assertThat(shown(describe(false, "user", DEFAULT, null))).containsExactly(users);

        close();
        open();
        assertThat(shown(describe(false, "client-id", ANY, null))).as("after a restart").containsExactly(both);
        assertThat(alter(List.of(part("user", "u1")), remove("request_percentage"))).isNull();
        assertThat(shown(describe(true, "user", EXACT, "u1"))).isEmpty();
    }

    @Test
    void filtersThatMakeNoSenseAreRefusedAsAWhole() throws Exception {
        DescribeClientQuotasResponseData unsupported = describe(false, "foo", ANY, null);
        assertThat(Errors.forCode(unsupported.errorCode())).isEqualTo(Errors.UNSUPPORTED_VERSION);
        assertThat(unsupported.entries()).isNull();
        assertThat(describe(false, "", ANY, null).errorMessage()).isEqualTo("Invalid empty entity type.");
        assertThat(describe(false, "user", 7, null).errorMessage()).isEqualTo("Unknown match type 7");
        assertThat(describe(false, "user", EXACT, null).errorMessage()).isEqualTo("Request specified MATCH_TYPE_EXACT, but set match string to null.");
    }

    @Test
    void entitiesAndQuotasThatCannotBeAreRefused() throws Exception {
        assertThat(alter(List.of(), set("producer_byte_rate", 1))).isEqualTo("Invalid empty client quota entity");
        assertThat(alter(List.of(part("foo", "u")), set("producer_byte_rate", 1))).isEqualTo("Unhandled client quota entity type: foo");
        assertThat(alter(List.of(part("user", "")), set("producer_byte_rate", 1))).isEqualTo("Empty user not supported");
        assertThat(alter(List.of(part("user", "u"), part("ip", "127.0.0.1")), set("producer_byte_rate", 1)))
                .isEqualTo("Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId");
        assertThat(alter(List.of(part("ip", "not a host!")), set("connection_creation_rate", 1))).isEqualTo("not a host! is not a valid IP or resolvable host.");
        assertThat(alter(List.of(part("ip", "127.0.0.1")), set("producer_byte_rate", 1))).isEqualTo("Invalid configuration key producer_byte_rate");
        assertThat(alter(List.of(part("user", "u")), set("connection_creation_rate", 1))).isEqualTo("Invalid configuration key connection_creation_rate");
        assertThat(alter(List.of(part("user", "u")), set("producer_byte_rate", 0))).isEqualTo("Quota producer_byte_rate must be greater than 0");
        assertThat(alter(List.of(part("user", "u")), set("producer_byte_rate", 1.5))).isEqualTo("producer_byte_rate cannot be a fractional value.");
        assertThat(alter(List.of(part("user", "u")), set("producer_byte_rate", 1e30))).isEqualTo("Proposed value for producer_byte_rate is too large for a LONG.");
        assertThat(alter(List.of(part("user", "u")), set("producer_byte_rate", 1), set("nope", 1))).isEqualTo("Invalid configuration key nope");
        assertThat(admin.view().clients().quotas()).isEmpty();
    }

    @Test
    void whatIsNamedTwiceIsAnsweredOnceAndOnlyItsFirstNamingCounts() throws Exception {
        List<AlterClientQuotasResponseData.EntryData> answer = alter(false, entry(List.of(part("user", "d")), set("producer_byte_rate", 7)),
                entry(List.of(part("user", "d")), set("producer_byte_rate", 9)), entry(List.of(part("user", "e")), set("producer_byte_rate", 7), set("producer_byte_rate", 8)));
        assertThat(answer).extracting(AlterClientQuotasResponseData.EntryData::errorMessage)
                .containsExactly("Ignoring duplicate entity ClientQuotaEntity(entries={user=d})", "Ignoring duplicate entity ClientQuotaEntity(entries={user=e})");
        assertThat(shown(describe(false))).containsExactly("producer_byte_rate=7.0 user=d");
    }

    @Test
    void validatingChangesNothing() throws Exception {
        assertThat(alter(true, entry(List.of(part("user", "v")), set("producer_byte_rate", 7))).get(0).errorMessage()).isNull();
        assertThat(alter(true, entry(List.of(part("user", "v")), set("producer_byte_rate", -7))).get(0).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(admin.view().clients().quotas()).isEmpty();
    }

    @Test
    void anAddressThatCannotBeLookedUpForNowIsAnsweredAllTheSame() throws Exception {
        ApiHandler busy = new ClientQuotaHandlers(admin.metadata, admin.commands, task -> {
            throw new RejectedExecutionException("busy");
        }).all().get(1).handler();
        AlterClientQuotasRequestData body = new AlterClientQuotasRequestData().setEntries(List.of(entry(List.of(part("ip", "127.0.0.1")), set("connection_creation_rate", 1))));
        assertThat(ask(busy, ApiKeys.ALTER_CLIENT_QUOTAS, 1, body, AlterClientQuotasResponseData.class).entries()).singleElement()
                .satisfies(only -> assertThat(only.errorCode()).isNotEqualTo(Errors.NONE.code()));
        assertThat(admin.view().clients().quotas()).isEmpty();
    }
}
