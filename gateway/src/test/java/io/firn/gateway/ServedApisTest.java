package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.WireClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.message.ApiMessageType.ListenerType;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a whole broker says it serves, held against what it does serve and what the README says. */
class ServedApisTest {

    private static final Path README = Path.of("README.md");
    private static final String BEGIN = "<!-- apis: begin (generated, do not edit) -->\n";
    private static final String END = "<!-- apis: end -->";
    private static final int NEWEST_VERSION_QUESTION = 4;

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

    /** With {@code -Dfirn.rewrite=true} this writes the table instead of checking it. */
    @Test
    void readmeHasTheTableOfTheApisAsTheyAre() throws IOException {
        String readme = Files.readString(README);
        int begin = readme.indexOf(BEGIN) + BEGIN.length();
        String fresh = readme.substring(0, begin) + table() + readme.substring(readme.indexOf(END));
        if (Boolean.getBoolean("firn.rewrite")) {
            Files.writeString(README, fresh);
            return;
        }
        assertThat(readme)
                .as("gateway/README.md is stale; rewrite it with: mvn -q -pl gateway -am test -Dtest=ServedApisTest -Dsurefire.failIfNoSpecifiedTests=false -Dfirn.rewrite=true")
                .isEqualTo(fresh);
    }

    private static String table() {
        String rows = ApiKeys.apisForListener(ListenerType.BROKER).stream().filter(ApiKeys::hasValidVersion).sorted(Comparator.comparing(api -> api.id))
                .map(ServedApisTest::row).collect(Collectors.joining());
        return "| API | key | Firn | Apache Kafka |\n|---|---|---|---|\n" + rows;
    }

    private static String row(ApiKeys api) {
        ApiVersion served = answer.apiKeys().find(api.id);
        String ours = served == null ? "–" : range(least(api, served), served.maxVersion());
        return "| " + api.name + " | " + api.id + " | " + ours + " | " + range(api.oldestVersion(), api.latestVersion(false)) + " |\n";
    }

    private static String range(int least, int most) {
        return least == most ? "" + least : least + "–" + most;
    }

    private static int least(ApiKeys api, ApiVersion served) {
        return Math.max(served.minVersion(), api.oldestVersion());
    }

    private static ApiMessage emptyRequest(ApiKeys api) {
        return api == ApiKeys.PRODUCE ? new ProduceRequestData().setAcks((short) 1) : ApiMessageType.fromApiKey(api.id).newRequest();
    }
}
