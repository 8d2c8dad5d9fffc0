package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.config.StaticBrokerConfigs;
import io.firn.gateway.group.GroupSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.IncrementalAlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.IncrementalAlterConfigsResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigHandlersTest {
    private static final ConfigResource.Type TOPIC = ConfigResource.Type.TOPIC;
    private static final ConfigResource.Type BROKER = ConfigResource.Type.BROKER;
    private static final ConfigResource.Type GROUP = ConfigResource.Type.GROUP;

    @TempDir
    Path directory;
    private AdminFixture admin;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
        admin.topic("t", 1, Map.of("retention.ms", "5000"));
    }

    @AfterEach
    void close() {
        admin.close();
    }

    @Test
    void aClientMetricsSubscriptionIsMadeChangedDescribedAndRemovedByItsConfigs() throws Exception {
        ConfigResource.Type metrics = ConfigResource.Type.CLIENT_METRICS;
        assertThat(change(metrics, "m", false, operation(OpType.SET, "metrics", "org.apache.kafka."), operation(OpType.SET, "interval.ms", "1000"))).isEqualTo(Errors.NONE);
        assertThat(change(metrics, "m", true, operation(OpType.SET, "interval.ms", "2000"))).isEqualTo(Errors.NONE);
        assertThat(admin.view().clients().metrics()).isEqualTo(Map.of("m", Map.of("metrics", "org.apache.kafka.", "interval.ms", "1000")));
        DescribeConfigsResult described = describe(metrics, "m");
        assertThat(described.configs()).extracting(DescribeConfigsResourceResult::name).containsExactly("interval.ms", "match", "metrics");
        assertThat(described.configs()).extracting(DescribeConfigsResourceResult::value).containsExactly("1000", "", "org.apache.kafka.");
        assertThat(described.configs()).extracting(DescribeConfigsResourceResult::configSource)
                .containsExactly(ConfigSource.CLIENT_METRICS_CONFIG.id(), ConfigSource.DEFAULT_CONFIG.id(), ConfigSource.CLIENT_METRICS_CONFIG.id());
        assertThat(change(metrics, "m", false, operation(OpType.DELETE, "metrics", null), operation(OpType.DELETE, "interval.ms", null))).isEqualTo(Errors.NONE);
        assertThat(admin.view().clients().metrics()).isEmpty();
        assertThat(describe(metrics, "m").configs()).as("what is not there has the defaults").hasSize(3);
    }

    @Test
    void clientMetricsConfigsHaveKafkasBounds() throws Exception {
        ConfigResource.Type metrics = ConfigResource.Type.CLIENT_METRICS;
        assertThat(change(metrics, "m", false, operation(OpType.SET, "interval.ms", "99"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(metrics, "m", false, operation(OpType.SET, "interval.ms", "soon"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(metrics, "m", false, operation(OpType.SET, "match", "client_id=[")).name()).isEqualTo("INVALID_CONFIG");
        assertThat(change(metrics, "m", false, operation(OpType.SET, "nope", "1"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(metrics, "", false, operation(OpType.SET, "interval.ms", "1000"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(Errors.forCode(describe(metrics, "").errorCode())).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(admin.view().clients().metrics()).isEmpty();
    }

    @Test
    void theLevelOfALoggerIsSetDescribedAndUnset() throws Exception {
        ConfigResource.Type loggers = ConfigResource.Type.BROKER_LOGGER;
        org.slf4j.Logger logger = org.slf4j.LoggerFactory.getLogger("io.firn.test.ConfigHandlersTest");
        assertThat(change(loggers, "1", true, operation(OpType.SET, logger.getName(), "TRACE"))).isEqualTo(Errors.NONE);
        assertThat(logger.isTraceEnabled()).as("only validated").isFalse();
        assertThat(change(loggers, "1", false, operation(OpType.SET, logger.getName(), "TRACE"))).isEqualTo(Errors.NONE);
        assertThat(logger.isTraceEnabled()).isTrue();
        DescribeConfigsResult described = describe(loggers, "1", logger.getName());
        assertThat(described.configs()).singleElement().satisfies(level -> {
            assertThat(level.value()).isEqualTo("TRACE");
            assertThat(level.configSource()).isEqualTo(ConfigSource.DYNAMIC_BROKER_LOGGER_CONFIG.id());
        });
        assertThat(change(loggers, "1", false, operation(OpType.DELETE, logger.getName(), null))).isEqualTo(Errors.NONE);
        assertThat(logger.isTraceEnabled()).isFalse();
        assertThat(describe(loggers, "1").configs()).extracting(DescribeConfigsResourceResult::name).contains("root", logger.getName());
    }

    @Test
    void loggersThatAreNotThereAndLevelsThatAreNoneAreRefused() throws Exception {
        ConfigResource.Type loggers = ConfigResource.Type.BROKER_LOGGER;
        assertThat(change(loggers, "1", false, operation(OpType.SET, "no.such.logger", "INFO"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(loggers, "1", false, operation(OpType.SET, "root", "LOUD"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(loggers, "1", false, operation(OpType.SET, "root", "info"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(loggers, "1", false, operation(OpType.DELETE, "root", null))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(loggers, "1", false, operation(OpType.APPEND, "root", "INFO"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(loggers, "1", false, operation(OpType.SET, "root", null))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(loggers, "9", false, operation(OpType.SET, "root", "INFO"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(Errors.forCode(describe(loggers, "9").errorCode())).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(describe(loggers, "").errorMessage()).isEqualTo("Broker id must not be empty");
    }

    private ApiHandler altering(ApiKeys api) {
        return new AlterConfigsHandler(admin.metadata, admin.changes(), admin.commands, new BrokerLoggers(AdminFixture.BROKER)).all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    private static AlterableConfig operation(OpType type, String name, String value) {
        return new AlterableConfig().setConfigOperation(type.id()).setName(name).setValue(value);
    }

    @Test
    void missingValuesAreNamedAllAtOnceAndBeforeAnythingElseIsLookedAt() throws Exception {
        for (ConfigResource.Type type : List.of(TOPIC, ConfigResource.Type.BROKER_LOGGER, ConfigResource.Type.UNKNOWN)) {
            IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse refused = response(type, "t", false, operation(OpType.SUBTRACT, "segment.index.bytes", null),
                    operation(OpType.DELETE, "flush.ms", null), operation(OpType.SET, "retention.ms", null));
            assertThat(Errors.forCode(refused.errorCode())).isEqualTo(Errors.INVALID_REQUEST);
            assertThat(refused.errorMessage()).isEqualTo("Null value not supported for : segment.index.bytes, retention.ms");
        }
    }

    private Errors change(ConfigResource.Type type, String name, boolean validateOnly, AlterableConfig... operations) throws Exception {
        return Errors.forCode(response(type, name, validateOnly, operations).errorCode());
    }

    private IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse response(ConfigResource.Type type, String name, boolean validateOnly, AlterableConfig... operations) throws Exception {
        return responses(validateOnly, resource(type, name, operations)).get(0);
    }

    private List<IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse> responses(boolean validateOnly, AlterConfigsResource... resources) throws Exception {
        IncrementalAlterConfigsRequestData body = new IncrementalAlterConfigsRequestData().setValidateOnly(validateOnly);
        body.resources().addAll(List.of(resources));
        return ask(altering(ApiKeys.INCREMENTAL_ALTER_CONFIGS), ApiKeys.INCREMENTAL_ALTER_CONFIGS, 1, body, IncrementalAlterConfigsResponseData.class).responses();
    }

    private static AlterConfigsResource resource(ConfigResource.Type type, String name, AlterableConfig... operations) {
        AlterConfigsResource resource = new AlterConfigsResource().setResourceType(type.id()).setResourceName(name);
        resource.configs().addAll(List.of(operations));
        return resource;
    }

    private Map<String, String> overrides() {
        return admin.view().topic("t").orElseThrow().configs();
    }

    private DescribeConfigsResult describe(ConfigResource.Type type, String name, String... keys) throws Exception {
        BrokerConfig config = ConfigLoader.load(Optional.empty(), Map.of(), List.of());
        DescribeConfigsHandler handler = new DescribeConfigsHandler(1, admin.metadata, admin.entries, new StaticBrokerConfigs(config, directory), () -> GroupSettings.of(config.group()));
        DescribeConfigsRequestData body = new DescribeConfigsRequestData().setIncludeSynonyms(true).setIncludeDocumentation(true).setResources(List.of(
                new DescribeConfigsResource().setResourceType(type.id()).setResourceName(name).setConfigurationKeys(keys.length == 0 ? null : List.of(keys))));
        return ask(handler, ApiKeys.DESCRIBE_CONFIGS, 4, body, DescribeConfigsResponseData.class).results().get(0);
    }

    @Test
    void configsAreSetAndRemoved() throws Exception {
        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "segment.ms", "7000"), operation(OpType.DELETE, "retention.ms", null))).isEqualTo(Errors.NONE);

        assertThat(overrides()).isEqualTo(Map.of("segment.ms", "7000"));
    }

    @Test
    void validateOnlyChangesNothing() throws Exception {
        assertThat(change(TOPIC, "t", true, operation(OpType.SET, "segment.ms", "7000"))).isEqualTo(Errors.NONE);
        assertThat(change(TOPIC, "t", true, operation(OpType.SET, "segment.ms", "x"))).isEqualTo(Errors.INVALID_CONFIG);

        assertThat(overrides()).isEqualTo(Map.of("retention.ms", "5000"));
    }

    @Test
    void listsAreEditedFromWhatIsInForce() throws Exception {
        admin.topic("c", 1, Map.of("cleanup.policy", "compact"));

        assertThat(change(TOPIC, "c", false, operation(OpType.APPEND, "cleanup.policy", "delete"))).isEqualTo(Errors.NONE);
        assertThat(admin.view().topic("c").orElseThrow().configs()).containsEntry("cleanup.policy", "compact,delete");
        assertThat(change(TOPIC, "c", false, operation(OpType.SUBTRACT, "cleanup.policy", "delete"))).isEqualTo(Errors.NONE);
        assertThat(admin.view().topic("c").orElseThrow().configs()).containsEntry("cleanup.policy", "compact");
        assertThat(change(TOPIC, "t", false, operation(OpType.APPEND, "segment.ms", "1"))).isEqualTo(Errors.INVALID_CONFIG);
    }

    @Test
    void aListCannotGrowBeyondWhatAValueMayHave() throws Exception {
        String first = IntStream.range(0, 1_000).mapToObj(i -> "1:" + i).collect(Collectors.joining(","));
        String second = IntStream.range(0, 1_000).mapToObj(i -> "2:" + i).collect(Collectors.joining(","));

        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "leader.replication.throttled.replicas", first))).isEqualTo(Errors.NONE);
        assertThat(change(TOPIC, "t", false, operation(OpType.APPEND, "leader.replication.throttled.replicas", second))).isEqualTo(Errors.INVALID_CONFIG);
    }

    @Test
    void throttlesOfReplicationAreSetDescribedAndTakenBackByBroker() throws Exception {
        String rate = "leader.replication.throttled.rate";
        assertThat(describe(ConfigResource.Type.BROKER, "1", rate).configs()).singleElement()
                .satisfies(entry -> assertThat(entry.value() + " " + entry.configSource() + " " + entry.readOnly()).isEqualTo(Long.MAX_VALUE + " 5 false"));
        assertThat(change(ConfigResource.Type.BROKER, "1", false, operation(OpType.SET, rate, "-1"))).isEqualTo(Errors.INVALID_REQUEST);

        assertThat(change(ConfigResource.Type.BROKER, "", false, operation(OpType.SET, rate, "7"))).isEqualTo(Errors.NONE);
        assertThat(change(ConfigResource.Type.BROKER, "1", false, operation(OpType.SET, rate, "1000000"), operation(OpType.SET, "follower.replication.throttled.rate", "5"))).isEqualTo(Errors.NONE);

        assertThat(describe(ConfigResource.Type.BROKER, "1", rate).configs()).singleElement().satisfies(entry -> {
            assertThat(entry.value()).isEqualTo("1000000");
            assertThat(entry.synonyms()).extracting(synonym -> synonym.value() + " " + synonym.source()).containsExactly("1000000 2", "7 3", Long.MAX_VALUE + " 5");
        });
        assertThat(change(ConfigResource.Type.BROKER, "1", false, operation(OpType.DELETE, rate, null))).isEqualTo(Errors.NONE);
        assertThat(describe(ConfigResource.Type.BROKER, "1", rate).configs().get(0).value()).isEqualTo("7");
        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "leader.replication.throttled.replicas", "0:1,0:"))).isEqualTo(Errors.INVALID_CONFIG);
    }

    @Test
    void whatCannotBeChangedIsRefusedWithKafkasError() throws Exception {
        assertThat(change(TOPIC, "nope", false, operation(OpType.SET, "segment.ms", "7000"))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(change(TOPIC, "nope", false, operation(OpType.SET, "segment.ms", "x"))).as("what is wrong with the change comes first").isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(TOPIC, "nope", false)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(change(TOPIC, "bad name", false, operation(OpType.SET, "segment.ms", "7000"))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "no.such", "7000"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "segment.ms", null))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "segment.ms", "1"), operation(OpType.SET, "segment.ms", "2"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(TOPIC, "t", false, operation(OpType.SET, "local.retention.ms", "6000"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(BROKER, "7", false, operation(OpType.SET, "log.retention.ms", "7000"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(BROKER, "x", false, operation(OpType.SET, "log.retention.ms", "7000"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(BROKER, "1", false, operation(OpType.SET, "num.io.threads", "7"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(GROUP, "", false, operation(OpType.SET, "consumer.session.timeout.ms", "50000"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(change(GROUP, "g", false, operation(OpType.SET, "consumer.session.timeout.ms", "1"))).isEqualTo(Errors.INVALID_CONFIG);
        assertThat(change(ConfigResource.Type.UNKNOWN, "1", false, operation(OpType.SET, "root", "DEBUG"))).isEqualTo(Errors.INVALID_REQUEST);
        assertThat(overrides()).isEqualTo(Map.of("retention.ms", "5000"));
    }

    @Test
    void whatIsNoListOfABrokerIsNotEditedAndSaysSoAsKafkaDoes() throws Exception {
        assertThat(response(BROKER, "", false, operation(OpType.APPEND, "metrics", "1")).errorMessage()).isEqualTo("Unknown config name: metrics");
        assertThat(response(BROKER, "1", false, operation(OpType.SUBTRACT, "log.segment.bytes", "1")).errorMessage())
                .isEqualTo("Config value subtract is not allowed for config key: log.segment.bytes");
        assertThat(change(BROKER, "1", false, operation(OpType.APPEND, "log.cleanup.policy", "compact"))).isEqualTo(Errors.NONE);
        assertThat(response(TOPIC, "t", false, operation(OpType.APPEND, "segment.ms", "1")).errorMessage()).isEqualTo("Can't APPEND to key segment.ms because its type is not LIST.");
    }

    @Test
    void anOperationThatDoesNotExistRefusesAllThatIsNotRefusedAlready() throws Exception {
        AlterableConfig senseless = operation(OpType.SET, "segment.ms", "7000").setConfigOperation((byte) 9);

        assertThat(responses(false, resource(TOPIC, "t", senseless), resource(GROUP, "g", operation(OpType.SET, "consumer.session.timeout.ms", "50000")),
                resource(BROKER, "7", operation(OpType.SET, "log.retention.ms", "7000")), resource(ConfigResource.Type.BROKER_LOGGER, "1", operation(OpType.SET, "root", "warn"))))
                .extracting(IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse::errorMessage)
                .containsExactly("Unknown operations type 9", "Unknown operations type 9", "Unexpected broker id, expected 1, but received 7",
                        "Cannot set the log level of root to warn as it is not a supported log level. Valid log levels are DEBUG, ERROR, FATAL, INFO, TRACE, WARN");
        assertThat(overrides()).isEqualTo(Map.of("retention.ms", "5000"));
        assertThat(admin.view().groupConfigs()).isEmpty();
    }

    @Test
    void anOperationThatDoesNotExistOfAResourceThatIsRefusedAnywayKeepsNoOtherOut() throws Exception {
        AlterableConfig senseless = operation(OpType.SET, "log.retention.ms", "7000").setConfigOperation((byte) 9);

        assertThat(responses(false, resource(BROKER, "1", senseless), resource(ConfigResource.Type.UNKNOWN, "t", senseless.duplicate()), resource(TOPIC, "t", operation(OpType.SET, "segment.ms", "7000"))))
                .extracting(IncrementalAlterConfigsResponseData.AlterConfigsResourceResponse::errorMessage)
                .containsExactly("Unknown operations type 9", "Unknown resource type 0", null);
        assertThat(overrides()).containsEntry("segment.ms", "7000");
    }

    @Test
    void whichBrokerItIsComesBeforeWhatIsToBeChanged() throws Exception {
        assertThat(response(BROKER, "7", false, operation(OpType.APPEND, "no.such", "1")).errorMessage()).isEqualTo("Unexpected broker id, expected 1, but received 7");
        assertThat(response(BROKER, "x", false, operation(OpType.APPEND, "no.such", "1")).errorMessage()).isEqualTo("Node id must be an integer, but it is: x");
        assertThat(describe(BROKER, "x").errorMessage()).isEqualTo("Broker id must be an integer, but it is: x");
    }

    @Test
    void anEmptyNameIsRefusedInKafkasWordsWhereItIsDescribed() throws Exception {
        assertThat(describe(TOPIC, "")).satisfies(refused -> {
            assertThat(refused.errorCode()).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION.code());
            assertThat(refused.errorMessage()).isEqualTo("Topic name is invalid: the empty string is not allowed");
        });
        assertThat(describe(GROUP, "").errorMessage()).isEqualTo("Group name must not be empty");
        assertThat(describe(ConfigResource.Type.CLIENT_METRICS, "").errorMessage()).isEqualTo("Client metrics subscription name must not be empty");
    }

    @Test
    void alterConfigsReplacesAllOverrides() throws Exception {
        AlterConfigsRequestData body = new AlterConfigsRequestData();
        AlterConfigsRequestData.AlterConfigsResource resource = new AlterConfigsRequestData.AlterConfigsResource().setResourceType(TOPIC.id()).setResourceName("t");
        resource.configs().add(new AlterConfigsRequestData.AlterableConfig().setName("segment.ms").setValue("9000"));
        body.resources().add(resource);

        AlterConfigsResponseData response = ask(altering(ApiKeys.ALTER_CONFIGS), ApiKeys.ALTER_CONFIGS, 2, body, AlterConfigsResponseData.class);

        assertThat(response.responses().get(0).errorCode()).isZero();
        assertThat(overrides()).isEqualTo(Map.of("segment.ms", "9000"));
    }

    @Test
    void clusterDefaultsAndBrokerConfigsReachTopics() throws Exception {
        assertThat(change(BROKER, "", false, operation(OpType.SET, "log.segment.bytes", "2097152"))).isEqualTo(Errors.NONE);
        assertThat(change(BROKER, "1", false, operation(OpType.SET, "message.max.bytes", "3000"))).isEqualTo(Errors.NONE);

        assertThat(admin.configs.settings(admin.view(), admin.view().topic("t").orElseThrow()).log().hot().segmentBytes()).isEqualTo(2_097_152);
        assertThat(admin.configs.settings(admin.view(), admin.view().topic("t").orElseThrow()).log().hot().maxMessageBytes()).isEqualTo(3000);
        assertThat(describe(BROKER, "").configs()).extracting(DescribeConfigsResourceResult::name).containsExactly("log.segment.bytes");
        assertThat(describe(TOPIC, "t", "segment.bytes").configs()).singleElement()
                .satisfies(entry -> assertThat(entry.configSource()).isEqualTo(ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.id()));
    }

    @Test
    void aTopicIsDescribedWithSourcesTypesSynonymsAndDocumentation() throws Exception {
        DescribeConfigsResult result = describe(TOPIC, "t");

        assertThat(result.errorCode()).isZero();
        assertThat(result.configs()).hasSizeGreaterThan(30);
        assertThat(result.configs()).anySatisfy(entry -> {
            assertThat(entry.name()).isEqualTo("retention.ms");
            assertThat(entry.value()).isEqualTo("5000");
            assertThat(entry.configSource()).isEqualTo(ConfigSource.TOPIC_CONFIG.id());
            assertThat(entry.configType()).isEqualTo(ConfigType.LONG.id());
            assertThat(entry.isSensitive()).isFalse();
            assertThat(entry.documentation()).isNotBlank();
            assertThat(entry.synonyms()).extracting(synonym -> synonym.value()).containsExactly("5000");
        });
        assertThat(describe(TOPIC, "nope").errorCode()).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
    }

    @Test
    void thisBrokerIsDescribedUnderKafkasNames() throws Exception {
        DescribeConfigsResult result = describe(BROKER, "1");

        assertThat(result.configs()).extracting(DescribeConfigsResourceResult::name).doesNotHaveDuplicates()
                .contains("log.retention.ms", "message.max.bytes", "num.partitions", "auto.create.topics.enable", "offsets.topic.num.partitions", "group.max.session.timeout.ms");
        assertThat(result.configs()).filteredOn(entry -> entry.name().equals("num.partitions")).allSatisfy(entry -> assertThat(entry.readOnly()).isTrue());
        assertThat(result.configs()).filteredOn(entry -> entry.name().equals("log.retention.ms")).allSatisfy(entry -> assertThat(entry.readOnly()).isFalse());
        assertThat(describe(BROKER, "2").errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
    }

    @Test
    void groupsAreDescribedAndChanged() throws Exception {
        assertThat(change(GROUP, "g", false, operation(OpType.SET, "consumer.session.timeout.ms", "50000"))).isEqualTo(Errors.NONE);

        assertThat(describe(GROUP, "g", "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms").configs()).satisfiesExactlyInAnyOrder(
                entry -> assertThat(entry.configSource()).isEqualTo(ConfigSource.DEFAULT_CONFIG.id()),
                entry -> {
                    assertThat(entry.value()).isEqualTo("50000");
                    assertThat(entry.configSource()).isEqualTo(ConfigSource.GROUP_CONFIG.id());
                });
    }
}
