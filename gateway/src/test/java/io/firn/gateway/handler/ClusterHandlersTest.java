package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Features;
import io.firn.gateway.api.ServedApi;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.ConfigScope;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.DescribeQuorumRequestData;
import org.apache.kafka.common.message.DescribeQuorumResponseData;
import org.apache.kafka.common.message.ListConfigResourcesRequestData;
import org.apache.kafka.common.message.ListConfigResourcesResponseData;
import org.apache.kafka.common.message.UnregisterBrokerRequestData;
import org.apache.kafka.common.message.UnregisterBrokerResponseData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData;
import org.apache.kafka.common.message.UpdateFeaturesRequestData.FeatureUpdateKey;
import org.apache.kafka.common.message.UpdateFeaturesResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterHandlersTest {

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
        return new ClusterHandlers(AdminFixture.BROKER, admin.metadata, admin.commands, Quorum.single(AdminFixture.BROKER)).all().stream().filter(row -> row.key() == api).map(ServedApi::handler).findFirst().orElseThrow();
    }

    private DescribeQuorumResponseData quorum(int version, String topic, Integer... partitions) throws Exception {
        DescribeQuorumRequestData body = new DescribeQuorumRequestData().setTopics(List.of(new DescribeQuorumRequestData.TopicData().setTopicName(topic)
                .setPartitions(Arrays.stream(partitions).map(index -> new DescribeQuorumRequestData.PartitionData().setPartitionIndex(index)).toList())));
        return ask(handler(ApiKeys.DESCRIBE_QUORUM), ApiKeys.DESCRIBE_QUORUM, version, body, DescribeQuorumResponseData.class);
    }

    @Test
    void theMetadataJournalIsShownAsAQuorumOfOneThatIsAlwaysCaughtUp() throws Exception {
        admin.topic("t", 1);
        long beforeMs = System.currentTimeMillis();
        DescribeQuorumResponseData answer = quorum(2, "__cluster_metadata", 0);
        DescribeQuorumResponseData.PartitionData partition = answer.topics().get(0).partitions().get(0);
        assertThat(partition.leaderId()).isEqualTo(1);
        assertThat(partition.leaderEpoch()).isEqualTo(admin.view().controllerEpoch());
        assertThat(partition.highWatermark()).isEqualTo(admin.view().version()).isPositive();
        assertThat(partition.observers()).isEmpty();
        assertThat(partition.currentVoters()).singleElement().satisfies(voter -> {
            assertThat(voter.replicaId()).isEqualTo(1);
            assertThat(voter.logEndOffset()).isEqualTo(partition.highWatermark());
            assertThat(voter.lastCaughtUpTimestamp()).isBetween(beforeMs, System.currentTimeMillis());
            assertThat(voter.lastFetchTimestamp()).isEqualTo(voter.lastCaughtUpTimestamp());
            assertThat(voter.replicaDirectoryId()).isEqualTo(Uuid.fromString(admin.view().clusterId()));
        });
        assertThat(answer.nodes()).singleElement().satisfies(node -> assertThat(node.listeners()).singleElement().satisfies(listener -> assertThat(listener.host()).isEqualTo("host.test")));
        for (int version = 0; version <= 1; version++) {
            assertThat(quorum(version, "__cluster_metadata", 0).topics().get(0).partitions().get(0).leaderId()).isEqualTo(1);
        }
    }

    @Test
    void otherPartitionsHaveNoQuorum() throws Exception {
        assertThat(quorum(2, "t", 0).topics().get(0).partitions()).allMatch(partition -> partition.errorCode() == Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(quorum(2, "__cluster_metadata", 0, 1).topics().get(0).partitions()).hasSize(2)
                .allMatch(partition -> partition.errorCode() == Errors.UNKNOWN_TOPIC_OR_PARTITION.code() && partition.errorMessage().equals("This server does not host this topic-partition."));
    }

    private UpdateFeaturesResponseData update(int version, String feature, int level, int type) throws Exception {
        FeatureUpdateKey update = new FeatureUpdateKey().setFeature(feature).setMaxVersionLevel((short) level);
        UpdateFeaturesRequestData body = new UpdateFeaturesRequestData();
        body.featureUpdates().add(version == 0 ? update : update.setUpgradeType((byte) type));
        return ask(handler(ApiKeys.UPDATE_FEATURES), ApiKeys.UPDATE_FEATURES, version, body, UpdateFeaturesResponseData.class);
    }

    private static final String FAILED = "The update failed for all features since the following feature had an error: Invalid update version ";

    @Test
    void theLevelInForceIsTheOnlyOneAFeatureCanBeSetTo() throws Exception {
        for (Features.Feature feature : Features.all()) {
            assertThat(update(2, feature.name(), feature.level(), 1)).isEqualTo(new UpdateFeaturesResponseData().setErrorMessage(null));
            UpdateFeaturesResponseData refused = update(2, feature.name(), feature.level() + 1, 1);
            assertThat(refused.errorCode()).isEqualTo(Errors.INVALID_UPDATE_VERSION.code());
            assertThat(refused.errorMessage()).isEqualTo(FAILED + (feature.level() + 1) + " for feature " + feature.name() + ". Local controller 1 only supports versions "
                    + feature.level() + "-" + feature.level());
        }
        assertThat(update(2, "nope", 1, 1).errorMessage()).isEqualTo(FAILED + "1 for feature nope. Local controller 1 does not support this feature.");
        assertThat(update(2, "group.version", 1, 9).errorMessage()).isEqualTo(FAILED + "1 for feature group.version. The controller does not support the given upgrade type.");
        assertThat(update(2, "group.version", -1, 1).errorMessage()).isEqualTo(FAILED + "-1 for feature group.version. A feature version cannot be less than 0.");
    }

    @Test
    void olderVersionsTellOfEachFeature() throws Exception {
        for (int version = 0; version <= 1; version++) {
            assertThat(update(version, "group.version", 1, 1).results()).singleElement()
                    .satisfies(result -> assertThat(result.feature() + result.errorCode() + result.errorMessage()).isEqualTo("group.version0NONE"));
        }
    }

    private UnregisterBrokerResponseData unregister(int broker) throws Exception {
        return ask(handler(ApiKeys.UNREGISTER_BROKER), ApiKeys.UNREGISTER_BROKER, 0, new UnregisterBrokerRequestData().setBrokerId(broker), UnregisterBrokerResponseData.class);
    }

    @Test
    void aBrokerThatIsNotThereCannotBeUnregisteredAndTheOnlyOneMustNotBe() throws Exception {
        assertThat(unregister(9)).isEqualTo(new UnregisterBrokerResponseData().setErrorCode(Errors.BROKER_ID_NOT_REGISTERED.code()).setErrorMessage("Broker ID 9 is not currently registered"));
        assertThat(unregister(1).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
        assertThat(admin.view().brokers()).containsKey(1);
    }

    private Map<Integer, List<String>> resources(int version, Integer... types) throws Exception {
        ListConfigResourcesRequestData body = new ListConfigResourcesRequestData();
        ListConfigResourcesResponseData answer = ask(new ListConfigResourcesHandler(admin.metadata), ApiKeys.LIST_CONFIG_RESOURCES, version,
                version == 0 ? body : body.setResourceTypes(Arrays.stream(types).map(Integer::byteValue).toList()), ListConfigResourcesResponseData.class);
        return answer.errorCode() != 0 ? Map.of(-1, List.of(Errors.forCode(answer.errorCode()).name())) : answer.configResources().stream().collect(
                Collectors.groupingBy(resource -> (int) resource.resourceType(), Collectors.mapping(resource -> resource.resourceName(), Collectors.toList())));
    }

    @Test
    void allKindsOfConfigResourcesAreListed() throws Exception {
        admin.topic("t", 1);
        admin.metadata.submit(new AlterConfigs(ConfigScope.GROUP, "g", Map.of("consumer.session.timeout.ms", Optional.of("45000")))).join();
        admin.metadata.submit(new AlterConfigs(ConfigScope.CLIENT_METRICS, "m", Map.of("interval.ms", Optional.of("1000")))).join();

        assertThat(resources(1)).isEqualTo(Map.of(2, List.of("t"), 4, List.of("1"), 8, List.of("1"), 16, List.of("m"), 32, List.of("g")));
        assertThat(resources(1, 16, 32)).isEqualTo(Map.of(16, List.of("m"), 32, List.of("g")));
        assertThat(resources(0)).isEqualTo(Map.of(16, List.of("m")));
        assertThat(resources(1, 2, 5)).isEqualTo(Map.of(-1, List.of("UNSUPPORTED_VERSION")));
    }
}
