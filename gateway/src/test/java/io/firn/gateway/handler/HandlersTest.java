package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.config.TopicConfigs;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.group.GroupCoordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.group.Groups;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.share.ShareCoordination;
import io.firn.gateway.share.ShareGroups;
import io.firn.gateway.share.ShareSettings;
import io.firn.gateway.share.StateTopic;
import io.firn.gateway.transaction.MarkerSender;
import io.firn.gateway.transaction.ProducerIds;
import io.firn.gateway.transaction.TransactionCoordination;
import io.firn.gateway.transaction.TransactionSettings;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HandlersTest {
    /** What is served, without Produce, Fetch and ApiVersions. */
    private static final Set<ApiKeys> PROMISED = Set.of(ApiKeys.METADATA, ApiKeys.LIST_OFFSETS, ApiKeys.INIT_PRODUCER_ID, ApiKeys.CREATE_TOPICS, ApiKeys.DELETE_TOPICS,
            ApiKeys.CREATE_PARTITIONS, ApiKeys.DELETE_RECORDS, ApiKeys.DESCRIBE_CONFIGS, ApiKeys.ALTER_CONFIGS, ApiKeys.INCREMENTAL_ALTER_CONFIGS, ApiKeys.DESCRIBE_CLUSTER,
            ApiKeys.DESCRIBE_TOPIC_PARTITIONS, ApiKeys.DESCRIBE_LOG_DIRS, ApiKeys.OFFSET_FOR_LEADER_EPOCH, ApiKeys.FIND_COORDINATOR, ApiKeys.JOIN_GROUP, ApiKeys.SYNC_GROUP,
            ApiKeys.HEARTBEAT, ApiKeys.LEAVE_GROUP, ApiKeys.OFFSET_COMMIT, ApiKeys.OFFSET_FETCH, ApiKeys.OFFSET_DELETE, ApiKeys.DESCRIBE_GROUPS, ApiKeys.LIST_GROUPS,
            ApiKeys.DELETE_GROUPS, ApiKeys.CONSUMER_GROUP_HEARTBEAT, ApiKeys.CONSUMER_GROUP_DESCRIBE, ApiKeys.SASL_HANDSHAKE, ApiKeys.SASL_AUTHENTICATE, ApiKeys.DESCRIBE_ACLS,
            ApiKeys.CREATE_ACLS, ApiKeys.DELETE_ACLS, ApiKeys.CREATE_DELEGATION_TOKEN, ApiKeys.RENEW_DELEGATION_TOKEN, ApiKeys.EXPIRE_DELEGATION_TOKEN, ApiKeys.DESCRIBE_DELEGATION_TOKEN,
            ApiKeys.ELECT_LEADERS, ApiKeys.ALTER_PARTITION_REASSIGNMENTS, ApiKeys.LIST_PARTITION_REASSIGNMENTS, ApiKeys.DESCRIBE_CLIENT_QUOTAS, ApiKeys.ALTER_CLIENT_QUOTAS,
            ApiKeys.DESCRIBE_USER_SCRAM_CREDENTIALS, ApiKeys.ALTER_USER_SCRAM_CREDENTIALS, ApiKeys.DESCRIBE_QUORUM, ApiKeys.UPDATE_FEATURES, ApiKeys.UNREGISTER_BROKER,
            ApiKeys.LIST_CONFIG_RESOURCES, ApiKeys.ALTER_REPLICA_LOG_DIRS, ApiKeys.STREAMS_GROUP_HEARTBEAT, ApiKeys.STREAMS_GROUP_DESCRIBE, ApiKeys.GET_TELEMETRY_SUBSCRIPTIONS,
            ApiKeys.PUSH_TELEMETRY, ApiKeys.ADD_PARTITIONS_TO_TXN, ApiKeys.ADD_OFFSETS_TO_TXN, ApiKeys.END_TXN, ApiKeys.TXN_OFFSET_COMMIT, ApiKeys.WRITE_TXN_MARKERS,
            ApiKeys.DESCRIBE_TRANSACTIONS, ApiKeys.LIST_TRANSACTIONS, ApiKeys.DESCRIBE_PRODUCERS,
            ApiKeys.SHARE_GROUP_HEARTBEAT, ApiKeys.SHARE_GROUP_DESCRIBE, ApiKeys.SHARE_FETCH, ApiKeys.SHARE_ACKNOWLEDGE, ApiKeys.INITIALIZE_SHARE_GROUP_STATE,
            ApiKeys.READ_SHARE_GROUP_STATE, ApiKeys.WRITE_SHARE_GROUP_STATE, ApiKeys.DELETE_SHARE_GROUP_STATE, ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY,
            ApiKeys.DESCRIBE_SHARE_GROUP_OFFSETS, ApiKeys.ALTER_SHARE_GROUP_OFFSETS, ApiKeys.DELETE_SHARE_GROUP_OFFSETS);

    private static final MarkerSender NO_MARKERS = marker -> new CompletableFuture<>();

    @TempDir
    Path directory;

    @Test
    void everyPromisedApiHasOneHandlerForItsStableVersions() {
        BrokerConfig config = ConfigLoader.load(Optional.empty(), Map.of(), List.of());
        try (TestPartitions broker = new TestPartitions(directory);
                Coordination<GroupCoordinator> coordination = GroupCoordination.of(broker.peers(), 3, () -> GroupSettings.of(config.group()), NoOpStatePersister::new, broker.metadata, broker.partitions,
                        TransactionAdmission.NONE, InstantSource.system());
                Coordination<ShareCoordinator> shares = ShareCoordination.of(1, 3, () -> ShareSettings.of(Map.of()), broker.metadata, broker.partitions, InstantSource.system());
                TransactionCoordination transactions = new TransactionCoordination(2, new TransactionSettings(1, 1, 1, 1, 1), broker.metadata, broker.partitions, NO_MARKERS,
                        CompletableFuture::new, InstantSource.system())) {
            ShareGroups shareGroups = new ShareGroups(new ShareGroups.Ground(broker.partitions, broker.metadata::view, () -> GroupSettings.of(config.group()), shares,
                    new StateTopic(broker.metadata, topic -> CompletableFuture.completedFuture(null), 3, view -> 1), NoOpStatePersister::new, (delayMs, task) -> () -> {}, InstantSource.system(), () -> 0));
            HandlerContext context = new HandlerContext(config, Quorum.single(1), TopicConfigs.of(config), broker.metadata, broker.partitions,
                    topic -> CompletableFuture.completedFuture(null), new Groups(coordination), () -> GroupSettings.of(config.group()), transactions.transactions(), TransactionAdmission.NONE, NO_MARKERS,
                    new ProducerIds(Runnable::run, command -> new CompletableFuture<>()), shareGroups, broker.hot, directory, Runnable::run, (delayMs, task) -> () -> {}, Runnable::run,
                    new ClientQuotas(broker.metadata::view, InstantSource.system()), InstantSource.system(), new SimpleMeterRegistry());
            List<ServedApi> table = Handlers.table(context);

            assertThat(table.stream().map(ServedApi::key).collect(Collectors.toSet())).isEqualTo(PROMISED);
            assertThat(Handlers.forPeers(context).stream().map(ServedApi::key)).as("what brokers ask of each other").containsExactlyInAnyOrder(ApiKeys.ADD_PARTITIONS_TO_TXN, ApiKeys.WRITE_TXN_MARKERS,
                    ApiKeys.INITIALIZE_SHARE_GROUP_STATE, ApiKeys.READ_SHARE_GROUP_STATE, ApiKeys.WRITE_SHARE_GROUP_STATE, ApiKeys.DELETE_SHARE_GROUP_STATE, ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY,
                    ApiKeys.LIST_OFFSETS, ApiKeys.FETCH, ApiKeys.OFFSET_FOR_LEADER_EPOCH);
            ApiTable apis = new ApiTable(table);
            assertThat(table).allSatisfy(row -> {
                assertThat(row.minVersion()).isEqualTo(row.key().oldestVersion());
                assertThat(row.maxVersion()).isEqualTo(row.key().latestVersion(false));
                assertThat(apis.handler(row.key(), row.maxVersion())).isPresent();
            });
        }
    }
}
