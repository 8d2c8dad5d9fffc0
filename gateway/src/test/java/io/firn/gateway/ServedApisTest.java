package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.ReadmeTable;
import io.firn.gateway.rig.WireClient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.DescribeAclsRequestData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a whole broker says it serves, held against what it does serve and what the README says. */
class ServedApisTest {

    private static final ReadmeTable README = new ReadmeTable(Path.of("README.md"), "apis", ServedApisTest.class);
    private static final int NEWEST_VERSION_QUESTION = 4;

    /** What is left out on purpose, and why. */
    private static final String RAFT = "changes the voters of a KRaft quorum; here the metadata are not kept by KRaft";
    private static final Map<ApiKeys, String> LEFT_OUT = Map.of(ApiKeys.ADD_RAFT_VOTER, RAFT, ApiKeys.REMOVE_RAFT_VOTER, RAFT);

    @TempDir
    static Path directory;
    private static Broker broker;
    private static ApiVersionsResponseData answer;

    @BeforeAll
    static void start() {
        broker = Broker.start(ConfigLoader.of(Map.of("data.dir", directory.toString(), "kafka.port", "0", "http.port", "0", "group.offsets.partitions", "1")));
        try (WireClient client = new WireClient(broker.kafkaPort())) {
            answer = client.ask(ApiKeys.API_VERSIONS, NEWEST_VERSION_QUESTION,
                    new ApiVersionsRequestData().setClientSoftwareName("test").setClientSoftwareVersion("1"), ApiVersionsResponseData.class);
        }
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    /** A request without content is answered, be it with an error: the connection stays, and the answer can be read in its version. */
    @Test
    void everyVersionThatIsAdvertisedIsAnswered() {
        for (ApiVersion served : answer.apiKeys()) {
            ApiKeys api = ApiKeys.forId(served.apiKey());
            try (WireClient client = new WireClient(broker.kafkaPort())) {
                for (int version = least(api, served); version <= served.maxVersion(); version++) {
                    assertThat(client.ask(api, version, emptyRequest(api), ApiMessage.class)).as(api + " version " + version).isNotNull();
                }
            }
        }
    }

    @Test
    void versionsBeyondThoseAdvertisedAndOtherApisCloseTheConnection() {
        for (ApiKeys api : ApiKeys.clientApis()) {
            ApiVersion served = answer.apiKeys().find(api.id);
            int notServed = served == null ? api.latestVersion() : served.maxVersion() + 1;
            if (api != ApiKeys.API_VERSIONS && notServed <= ApiMessageType.fromApiKey(api.id).highestSupportedVersion(true) && api.hasValidVersion()) {
                try (WireClient client = new WireClient(broker.kafkaPort())) {
                    client.send(api, notServed, emptyRequest(api));
                    client.assertClosedByBroker();
                }
            }
        }
    }

    @Test
    void everyApiOfAKafkaBrokerIsServedOrHasAReasonNotTo() {
        brokerApis().forEach(api -> assertThat(answer.apiKeys().find(api.id) != null)
                .as("%s is served and has no reason not to be, or the other way round", api).isNotEqualTo(LEFT_OUT.containsKey(api)));
    }

    @Test
    void everyServedApiIsServedInAllVersionsOfAKafkaBroker() {
        for (ApiVersion served : answer.apiKeys()) {
            ApiKeys api = ApiKeys.forId(served.apiKey());
            assertThat(List.of(least(api, served), (int) served.maxVersion())).as("%s", api).isEqualTo(List.of((int) api.oldestVersion(), (int) api.latestVersion(false)));
        }
    }

    private static Stream<ApiKeys> brokerApis() {
        return ApiKeys.apisForListener(ListenerType.BROKER).stream().filter(ApiKeys::hasValidVersion).sorted(Comparator.comparing(api -> api.id));
    }

    /** With {@code -Dfirn.rewrite=true} this writes the table instead of checking it. */
    @Test
    void readmeHasTheTableOfTheApisAsTheyAre() throws IOException {
        README.assertHas(table());
    }

    private static String table() {
        return "| API | key | Firn | Apache Kafka | why not |\n|---|---|---|---|---|\n" + brokerApis().map(ServedApisTest::row).collect(Collectors.joining());
    }

    private static String row(ApiKeys api) {
        ApiVersion served = answer.apiKeys().find(api.id);
        String ours = served == null ? "–" : range(least(api, served), served.maxVersion());
        return "| " + api.name + " | " + api.id + " | " + ours + " | " + range(api.oldestVersion(), api.latestVersion(false)) + " | " + reason(api, served) + "|\n";
    }

    private static String reason(ApiKeys api, ApiVersion served) {
        return served != null ? "" : LEFT_OUT.getOrDefault(api, "") + " ";
    }

    private static String range(int least, int most) {
        return least == most ? "" + least : least + "–" + most;
    }

    private static int least(ApiKeys api, ApiVersion served) {
        return Math.max(served.minVersion(), api.oldestVersion());
    }

    private static ApiMessage emptyRequest(ApiKeys api) {
        return switch (api) {
            case PRODUCE -> new ProduceRequestData().setAcks((short) 1);
            // Its fields' defaults are not allowed in any request.
            case DESCRIBE_ACLS -> new DescribeAclsRequestData().setResourceTypeFilter((byte) 1).setPatternTypeFilter((byte) 1).setOperation((byte) 1).setPermissionType((byte) 1);
            default -> ApiMessageType.fromApiKey(api.id).newRequest();
        };
    }
}
