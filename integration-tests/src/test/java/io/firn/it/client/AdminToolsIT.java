package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.HttpCalls;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.ThrottlingQuotaExceededException;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Subtopology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.TaskIds;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData.Topology;
import org.apache.kafka.common.message.StreamsGroupHeartbeatResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apache Kafka's tools for the cluster itself, its clients' settings and streams groups; each says of a single broker what it says of a single Kafka broker. */
class AdminToolsIT {

    private static final String ELECTION = "org.apache.kafka.tools.LeaderElectionCommand";
    private static final String REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
    private static final String FEATURES = "org.apache.kafka.tools.FeatureCommand";
    private static final String QUORUM = "org.apache.kafka.tools.MetadataQuorumCommand";
    private static final String CLIENT_METRICS = "org.apache.kafka.tools.ClientMetricsCommand";
    private static final String CONFIGS = "kafka.admin.ConfigCommand";
    private static final String STREAMS_GROUPS = "org.apache.kafka.tools.streams.StreamsGroupCommand";
    private static final String CONSUMER_GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    private static final String ALL_GROUPS = "org.apache.kafka.tools.GroupsCommand";
    private static final String LOG_DIRS = "org.apache.kafka.tools.LogDirsCommand";
    private static final String ACLS = "org.apache.kafka.tools.AclCommand";
    private static final String TOKENS = "org.apache.kafka.tools.DelegationTokenCommand";
    private static final String CLUSTER = "org.apache.kafka.tools.ClusterTool";

    @TempDir
    static Path directory;

    private static FirnNode node;

    @BeforeAll
    static void startBroker() {
        node = FirnNode.in(directory.resolve("data"), Map.of("group.settings.group.streams.initial.rebalance.delay.ms", "0")).start();
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("t", 2);
        }
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    /** Runs a tool to its end, whatever that is. */
    private static ProcessResult attempt(String main, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", node.bootstrap()));
        all.addAll(List.of(arguments));
        return KafkaTool.run(main, all.toArray(String[]::new));
    }

    private static ProcessResult tool(String main, String... arguments) {
        return attempt(main, arguments).succeeded();
    }

    @Test
    void leadersNeedNoElection() {
        assertThat(tool(ELECTION, "--election-type", "preferred", "--all-topic-partitions").all()).doesNotContain("Exception", "Error");
        assertThat(tool(ELECTION, "--election-type", "preferred", "--topic", "t", "--partition", "1").output()).contains("Valid replica already elected for partitions t-1");
        assertThat(attempt(ELECTION, "--election-type", "unclean", "--topic", "nope", "--partition", "0").all()).contains("No such topic as nope");
    }

    @Test
    void partitionsAreReassignedToWhereTheyAre() throws IOException {
        Path topics = Files.writeString(directory.resolve("topics.json"), "{\"topics\":[{\"topic\":\"t\"}],\"version\":1}");
        assertThat(tool(REASSIGN, "--generate", "--topics-to-move-json-file", topics.toString(), "--broker-list", "1").output()).contains("Proposed partition reassignment configuration");
        Path plan = Files.writeString(directory.resolve("plan.json"),
                "{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"replicas\":[1],\"log_dirs\":[\"any\"]},{\"topic\":\"t\",\"partition\":1,\"replicas\":[1],\"log_dirs\":[\"any\"]}]}");
        assertThat(tool(REASSIGN, "--execute", "--reassignment-json-file", plan.toString()).output()).contains("Successfully started partition reassignments for t-0,t-1");
        assertThat(tool(REASSIGN, "--verify", "--reassignment-json-file", plan.toString()).output()).contains("Reassignment of partition t-0 is completed.");
        assertThat(tool(REASSIGN, "--list").output()).contains("No partition reassignments found.");
        Path away = Files.writeString(directory.resolve("away.json"), "{\"version\":1,\"partitions\":[{\"topic\":\"t\",\"partition\":0,\"replicas\":[2],\"log_dirs\":[\"any\"]}]}");
        assertThat(attempt(REASSIGN, "--execute", "--reassignment-json-file", away.toString()).all()).contains("Unknown broker id 2");
    }

    @Test
    void featuresAreDescribedAndOnlyTheirOwnLevelCanBeSet() {
        assertThat(tool(FEATURES, "describe").output()).containsPattern("Feature: group.version\\s+SupportedMinVersion: 1\\s+SupportedMaxVersion: 1\\s+FinalizedVersionLevel: 1")
                .containsPattern("Feature: streams.version\\s+SupportedMinVersion: 1").containsPattern("Feature: metadata.version.*FinalizedVersionLevel: 4.3-IV0");
        assertThat(tool(FEATURES, "upgrade", "--feature", "group.version=1", "--dry-run").output()).contains("group.version can be upgraded to 1");
        assertThat(tool(FEATURES, "upgrade", "--feature", "streams.version=1").output()).contains("streams.version was upgraded to 1");
        assertThat(attempt(FEATURES, "downgrade", "--feature", "group.version=0").all()).contains("only supports versions 1-1");
    }

    @Test
    void theQuorumIsDescribed() {
        assertThat(tool(QUORUM, "describe", "--status").output()).containsPattern("LeaderId:\\s+1").containsPattern("MaxFollowerLag:\\s+0").contains("\"id\": 1");
        assertThat(tool(QUORUM, "describe", "--replication").output()).containsPattern("1\\s+\\S+\\s+\\d+\\s+0\\s+\\d+\\s+\\d+\\s+Leader");
    }

    @Test
    void clientMetricsSubscriptionsAreMadeAndClientsPushWhatTheyAskFor() throws Exception {
        tool(CLIENT_METRICS, "--alter", "--name", "all", "--metrics", "org.apache.kafka.producer.", "--interval", "200", "--match", "client_id=watched,client_software_name=apache-kafka-java");
        assertThat(tool(CLIENT_METRICS, "--list").lines()).contains("all");
        assertThat(tool(CLIENT_METRICS, "--describe", "--name", "all").output()).contains("interval.ms=200", "metrics=org.apache.kafka.producer.", "match=client_id=watched,client_software_name=apache-kafka-java");
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("client.id", "watched", "enable.metrics.push", true))) {
            Await.until("the producer's own metrics are on the broker's page", () -> {
                producer.send(new ProducerRecord<>("t", new byte[10])).get();
                return HttpCalls.get(node.http("/metrics")).body().lines()
                        .anyMatch(line -> line.startsWith("firn_client_counter_total{") && line.contains("client_id=\"watched\"") && line.contains("org.apache.kafka.producer."));
            });
        }
        tool(CLIENT_METRICS, "--delete", "--name", "all");
        assertThat(tool(CLIENT_METRICS, "--list").lines()).doesNotContain("all");
    }

    @Test
    void quotasAndCredentialsAreSetDescribedAndRemoved() {
        tool(CONFIGS, "--alter", "--entity-type", "users", "--entity-name", "ann", "--entity-type", "clients", "--entity-default", "--add-config", "producer_byte_rate=1024,request_percentage=200");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "users", "--entity-name", "ann", "--entity-type", "clients", "--entity-default").output())
                .contains("producer_byte_rate=1024.0", "request_percentage=200.0");
        assertThat(attempt(CONFIGS, "--alter", "--entity-type", "users", "--entity-name", "ann", "--add-config", "producer_byte_rate=-1").all()).contains("must be greater than 0");
        tool(CONFIGS, "--alter", "--entity-type", "ips", "--entity-name", "127.0.0.1", "--add-config", "connection_creation_rate=100");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "ips").output()).contains("connection_creation_rate=100.0");
        tool(CONFIGS, "--alter", "--entity-type", "ips", "--entity-name", "127.0.0.1", "--delete-config", "connection_creation_rate");
        tool(CONFIGS, "--alter", "--entity-type", "users", "--entity-name", "ann", "--add-config", "SCRAM-SHA-256=[iterations=4096,password=secret]");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "users", "--entity-name", "ann").output()).contains("SCRAM-SHA-256=iterations=4096").doesNotContain("secret");
        tool(CONFIGS, "--alter", "--entity-type", "users", "--entity-name", "ann", "--delete-config", "SCRAM-SHA-256");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "users", "--entity-name", "ann").output()).doesNotContain("SCRAM-SHA-256");
        tool(CONFIGS, "--alter", "--entity-type", "users", "--entity-name", "ann", "--entity-type", "clients", "--entity-default", "--delete-config", "producer_byte_rate,request_percentage");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "users", "--entity-name", "ann", "--entity-type", "clients", "--entity-default").output()).doesNotContain("byte_rate");
        assertThat(node.logText()).doesNotContain("secret");
    }

    @Test
    void aClientThatChangesMoreTopicsThanItsQuotaIsRefusedAndGetsThroughWhenItWaits() throws Exception {
        tool(CONFIGS, "--alter", "--entity-type", "clients", "--entity-name", "changing", "--add-config", "controller_mutation_rate=2");
        try (Admin changing = KafkaClients.admin(node.bootstrap(), Map.of("client.id", "changing")); Admin other = KafkaClients.admin(node.bootstrap())) {
            changing.createTopics(List.of(new NewTopic("quota-large", 36, (short) 1))).all().get();
            NewTopic small = new NewTopic("quota-small", 1, (short) 1);
            assertThatThrownBy(() -> changing.createTopics(List.of(small), new CreateTopicsOptions().retryOnQuotaViolation(false)).all().get())
                    .cause().isInstanceOfSatisfying(ThrottlingQuotaExceededException.class, refused -> assertThat(refused.throttleTimeMs()).isBetween(1, 7_000));
            assertThat(other.listTopics().names().get()).contains("quota-large").doesNotContain("quota-small");
            changing.createTopics(List.of(small)).all().get();
            changing.deleteTopics(List.of("quota-small", "quota-large")).all().get();
            assertThat(other.listTopics().names().get()).doesNotContain("quota-large", "quota-small");
        }
    }

    @Test
    void anAddressThatConnectsFasterThanItsQuotaIsSentAwayAndItsClientsComeIn() throws Exception {
        ClientQuotaEntity address = new ClientQuotaEntity(Map.of(ClientQuotaEntity.IP, "127.0.0.1"));
        try (Admin before = KafkaClients.admin(node.bootstrap())) {
            before.alterClientQuotas(List.of(new ClientQuotaAlteration(address, List.of(new ClientQuotaAlteration.Op("connection_creation_rate", 1.0))))).all().get();
            Await.until("the broker closes the last of many new connections", AdminToolsIT::lastOfManyIsClosed);
            try (Admin late = KafkaClients.admin(node.bootstrap())) {
                assertThat(late.describeCluster().clusterId().get()).isEqualTo(before.describeCluster().clusterId().get());
            }
            before.alterClientQuotas(List.of(new ClientQuotaAlteration(address, List.of(new ClientQuotaAlteration.Op("connection_creation_rate", null))))).all().get();
            Await.until("the broker keeps all", () -> !lastOfManyIsClosed());
        }
    }

    /** Ten are let in at once by a quota of one a second. */
    private static boolean lastOfManyIsClosed() throws IOException {
        List<Socket> opened = new ArrayList<>();
        try {
            for (int i = 0; i < 30; i++) {
                opened.add(new Socket("127.0.0.1", node.kafkaPort()));
            }
            Socket last = opened.get(opened.size() - 1);
            last.setSoTimeout(1_500);
            return last.getInputStream().read() == -1;
        } catch (SocketTimeoutException kept) {
            return false;
        } finally {
            for (Socket socket : opened) {
                socket.close();
            }
        }
    }

    @Test
    void groupConfigsAreSetAndListed() {
        tool(CONFIGS, "--alter", "--entity-type", "groups", "--entity-name", "g", "--add-config", "consumer.session.timeout.ms=50000");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "groups").output()).contains("g", "consumer.session.timeout.ms=50000");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "groups", "--entity-name", "g").output()).contains("consumer.session.timeout.ms=50000");
    }

    @Test
    void loggersAreDescribedAndChanged() {
        String logger = "io.firn.gateway.wire.Connection";
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "broker-loggers", "--entity-name", "1").output()).contains("root=WARN", logger + "=INFO");
        tool(CONFIGS, "--alter", "--entity-type", "broker-loggers", "--entity-name", "1", "--add-config", logger + "=WARN");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "broker-loggers", "--entity-name", "1").output()).contains(logger + "=WARN");
        tool(CONFIGS, "--alter", "--entity-type", "broker-loggers", "--entity-name", "1", "--delete-config", logger);
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "broker-loggers", "--entity-name", "1").output()).contains(logger + "=INFO");
    }

    @Test
    void aStreamsGroupIsListedDescribedAndDeleted() throws Exception {
        join();
        assertThat(tool(STREAMS_GROUPS, "--list").lines()).contains("app");
        assertThat(tool(ALL_GROUPS, "--list", "--group-type", "streams").output()).containsPattern("app\\s+Streams\\s+streams");
        assertThat(tool(STREAMS_GROUPS, "--describe", "--group", "app", "--state").output()).containsPattern("app\\s+.*Stable\\s+1");
        assertThat(tool(STREAMS_GROUPS, "--describe", "--group", "app", "--members").output()).contains("member-1");
        assertThat(tool(STREAMS_GROUPS, "--describe", "--group", "app", "--offsets").output()).containsPattern("app\\s+t\\s+0").containsPattern("app\\s+t\\s+1");
        assertThat(Errors.forCode(heartbeat(member(-1)).errorCode())).isEqualTo(Errors.NONE);
        assertThat(tool(STREAMS_GROUPS, "--describe", "--group", "app", "--state").output()).containsPattern("app\\s+.*Empty\\s+0");
        tool(STREAMS_GROUPS, "--delete", "--group", "app");
        assertThat(tool(STREAMS_GROUPS, "--list").lines()).doesNotContain("app");
    }

    /** Joins as a Kafka Streams client with one source topic and no state, until it has its tasks. */
    private static void join() {
        // Somebody has to ask for a coordinator first, as every client does.
        attempt(CONSUMER_GROUPS, "--describe", "--group", "nobody");
        StreamsGroupHeartbeatRequestData joining = new StreamsGroupHeartbeatRequestData().setGroupId("app").setMemberId("member-1").setRebalanceTimeoutMs(60_000).setProcessId("process")
                .setTopology(new Topology().setSubtopologies(List.of(new Subtopology().setSubtopologyId("0").setSourceTopics(List.of("t")))))
                .setActiveTasks(List.of()).setStandbyTasks(List.of()).setWarmupTasks(List.of()).setClientTags(List.of());
        AtomicInteger epoch = new AtomicInteger();
        Await.until("the member has its tasks", () -> {
            StreamsGroupHeartbeatResponseData answer = heartbeat(epoch.get() == 0 ? joining : member(epoch.get()));
            if (answer.errorCode() == Errors.NONE.code()) {
                epoch.set(answer.memberEpoch());
            }
            if (answer.activeTasks() == null || answer.activeTasks().isEmpty()) {
                return false;
            }
            heartbeat(member(epoch.get()).setStandbyTasks(List.of()).setWarmupTasks(List.of()).setActiveTasks(answer.activeTasks().stream()
                    .map(tasks -> new TaskIds().setSubtopologyId(tasks.subtopologyId()).setPartitions(tasks.partitions())).toList()));
            return true;
        });
    }

    private static StreamsGroupHeartbeatRequestData member(int epoch) {
        return new StreamsGroupHeartbeatRequestData().setGroupId("app").setMemberId("member-1").setMemberEpoch(epoch);
    }

    private static StreamsGroupHeartbeatResponseData heartbeat(StreamsGroupHeartbeatRequestData body) throws IOException {
        RequestHeader header = new RequestHeader(ApiKeys.STREAMS_GROUP_HEARTBEAT, (short) 0, "test", 1);
        ByteBuffer head = MessageUtil.toByteBufferAccessor(header.data(), header.headerVersion()).buffer();
        ByteBuffer request = MessageUtil.toByteBufferAccessor(body, (short) 0).buffer();
        try (Socket socket = new Socket("127.0.0.1", node.kafkaPort())) {
            socket.setSoTimeout(30_000);
            ByteBuffer frame = ByteBuffer.allocate(4 + head.remaining() + request.remaining()).putInt(head.remaining() + request.remaining()).put(head).put(request);
            socket.getOutputStream().write(frame.array());
            byte[] answer = socket.getInputStream().readNBytes(ByteBuffer.wrap(socket.getInputStream().readNBytes(4)).getInt());
            ByteBufferAccessor bytes = new ByteBufferAccessor(ByteBuffer.wrap(answer));
            ResponseHeader.parse(bytes.buffer(), ApiKeys.STREAMS_GROUP_HEARTBEAT.responseHeaderVersion((short) 0));
            return new StreamsGroupHeartbeatResponseData(bytes, (short) 0);
        }
    }

    @Test
    void logDirectoriesAreDescribed() {
        assertThat(tool(LOG_DIRS, "--describe", "--broker-list", "1", "--topic-list", "t").output()).contains("\"partition\":\"t-0\"", "\"isFuture\":false");
    }

    @Test
    void whatNeedsSecurityIsRefusedAndSaysSo() {
        assertThat(attempt(ACLS, "--list").all()).contains("No Authorizer is configured");
        assertThat(attempt(TOKENS, "--describe", "--command-config", emptyProperties()).all()).contains("Delegation Token requests are not allowed on PLAINTEXT");
    }

    private static String emptyProperties() {
        try {
            return Files.writeString(directory.resolve("empty.properties"), "").toString();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void theOnlyBrokerStays() {
        assertThat(KafkaTool.run(CLUSTER, "cluster-id", "--bootstrap-server", node.bootstrap()).succeeded().output()).contains("Cluster ID: ");
        assertThat(KafkaTool.run(CLUSTER, "unregister", "--bootstrap-server", node.bootstrap(), "--id", "1").all()).contains("broker 1 is alive");
        assertThat(KafkaTool.run(CLUSTER, "unregister", "--bootstrap-server", node.bootstrap(), "--id", "9").all()).contains("not currently registered");
    }
}
