package io.firn.it.provision;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnProcess;
import io.firn.it.harness.Place;
import io.firn.it.harness.Topics;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.AlterConfigsRequestData;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResource;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterConfigsResourceCollection;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfig;
import org.apache.kafka.common.message.AlterConfigsRequestData.AlterableConfigCollection;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopicCollection;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicCollection;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfigCollection;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData;
import org.apache.kafka.common.message.DescribeConfigsRequestData.DescribeConfigsResource;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.AlterConfigsRequest;
import org.apache.kafka.common.requests.AlterConfigsResponse;
import org.apache.kafka.common.requests.ApiVersionsRequest;
import org.apache.kafka.common.requests.ApiVersionsResponse;
import org.apache.kafka.common.requests.CreatePartitionsRequest;
import org.apache.kafka.common.requests.CreatePartitionsResponse;
import org.apache.kafka.common.requests.CreateTopicsRequest;
import org.apache.kafka.common.requests.CreateTopicsResponse;
import org.apache.kafka.common.requests.DeleteTopicsRequest;
import org.apache.kafka.common.requests.DeleteTopicsResponse;
import org.apache.kafka.common.requests.DescribeConfigsRequest;
import org.apache.kafka.common.requests.DescribeConfigsResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Topics as Terraform resources: what the provider Mongey/kafka asks of a cluster, in the versions in which it asks (its {@code kafka_version} 2.7, which it takes without one, and later): a topic is made, read, changed,
 * given partitions and replicas, and deleted. It takes for a topic's own what DescribeConfigs does not mark as a default, and would plan to undo anything else it found there for ever.
 */
class KafkaTopicsIT {

    private static final int TIMEOUT_MS = 30_000;
    private static final Map<String, String> SET = Map.of("cleanup.policy", "compact", "segment.ms", "100000");

    /** What the provider takes for no config of the topic. */
    private static final Set<Byte> DEFAULTS = Stream.of(DescribeConfigsResponse.ConfigSource.DEFAULT_CONFIG, DescribeConfigsResponse.ConfigSource.STATIC_BROKER_CONFIG,
            DescribeConfigsResponse.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG).map(DescribeConfigsResponse.ConfigSource::id).collect(Collectors.toSet());

    @TempDir
    static Path directory;

    private static FirnProcess cluster;
    private static Topics topics;
    private static Collection<Node> brokers;

    /** With a default of the operator's own: no topic has set it. */
    @BeforeAll
    static void start() {
        Place place = new Place("127.0.0.1", List.of(), Map.of("FIRN_TOPIC_DEFAULTS_RETENTION_MS", "123456789"));
        cluster = FirnProcess.launch(place, "cluster", List.of("--brokers", "3", "--data", directory.resolve("c").toString(), "--kafka-port", "0"), directory.resolve("log"));
        topics = Topics.of("127.0.0.1:" + cluster.kafkaPort());
        brokers = Topics.done(topics.admin().describeCluster().nodes());
        assertThat(brokers).hasSize(3);
    }

    /** What there is of it, so that a start that failed says why. */
    @AfterAll
    static void stop() {
        if (topics != null) {
            topics.close();
        }
        if (cluster != null) {
            cluster.stop();
        }
    }

    @Test
    void everyBrokerSaysThatItServesWhatTheProviderAsks() throws IOException {
        for (Node broker : brokers) {
            ApiVersionsResponse served = (ApiVersionsResponse) ask(broker, new ApiVersionsRequest(new ApiVersionsRequestData(), (short) 0));
            asked().forEach((api, version) -> assertThat(served.apiVersion(api.id)).as("%s of broker %s", api, broker).satisfies(range -> {
                assertThat(range).isNotNull();
                assertThat(version).isBetween(range.minVersion(), range.maxVersion());
            }));
        }
    }

    private static Map<ApiKeys, Short> asked() {
        return Map.of(ApiKeys.CREATE_TOPICS, (short) 3, ApiKeys.DELETE_TOPICS, (short) 3, ApiKeys.DESCRIBE_CONFIGS, (short) 2, ApiKeys.ALTER_CONFIGS, (short) 1, ApiKeys.CREATE_PARTITIONS, (short) 1,
                ApiKeys.ALTER_PARTITION_REASSIGNMENTS, (short) 0, ApiKeys.LIST_PARTITION_REASSIGNMENTS, (short) 0);
    }

    @Test
    void anyBrokerCreatesTopicsAndDeletesThem() throws IOException {
        for (Node broker : brokers) {
            String topic = "made-by-" + broker.id();
            create(broker, topic);
            Await.until("it has two partitions of three replicas", () -> replicas(described(topic)).equals(List.of(3, 3)));
            DeleteTopicsRequestData data = new DeleteTopicsRequestData().setTopicNames(List.of(topic)).setTimeoutMs(TIMEOUT_MS);
            DeleteTopicsResponse deleted = (DeleteTopicsResponse) ask(broker, new DeleteTopicsRequest.Builder(data).build((short) 3));
            assertThat(deleted.errorCounts()).containsOnlyKeys(Errors.NONE);
            Await.until("it is gone", () -> !topics.names().contains(topic));
        }
    }

    @Test
    void aTopicsOwnConfigsAreThoseItWasGivenWhicheverBrokerIsAsked() throws IOException {
        create(brokers.iterator().next(), "own");
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "own");
        Config config = Topics.done(topics.admin().describeConfigs(List.of(resource)).all()).get(resource);
        assertThat(config.entries()).filteredOn(entry -> !entry.isDefault() && entry.source() != ConfigSource.STATIC_BROKER_CONFIG).extracting(ConfigEntry::name).containsExactlyInAnyOrderElementsOf(SET.keySet());
        assertThat(config.get("retention.ms")).satisfies(entry -> {
            assertThat(entry.value()).as("a default of the operator's own").isEqualTo("123456789");
            assertThat(entry.source()).as("is not the topic's").isEqualTo(ConfigSource.STATIC_BROKER_CONFIG);
        });
        assertThat(config.get("max.message.bytes").source()).isEqualTo(ConfigSource.DEFAULT_CONFIG);
    }

    @Test
    void anUpdateReplacesAllConfigsOfATopic() throws IOException {
        Node broker = brokers.iterator().next();
        create(broker, "updated");
        Map<String, String> wanted = Map.of("segment.ms", "200000", "max.message.bytes", "2000");
        AlterableConfigCollection configs = new AlterableConfigCollection();
        wanted.forEach((name, value) -> configs.add(new AlterableConfig().setName(name).setValue(value)));
        AlterConfigsRequestData data = new AlterConfigsRequestData().setResources(new AlterConfigsResourceCollection(
                List.of(new AlterConfigsResource().setResourceType(ConfigResource.Type.TOPIC.id()).setResourceName("updated").setConfigs(configs)).iterator()));
        AlterConfigsResponse altered = (AlterConfigsResponse) ask(broker, new AlterConfigsRequest(data, (short) 1));
        assertThat(altered.errorCounts()).containsOnlyKeys(Errors.NONE);
        Await.until("what was left out is a default again", () -> own(broker, "updated").equals(wanted));
    }

    @Test
    void partitionsAreAddedAndReplicasChanged() throws IOException {
        Node broker = brokers.iterator().next();
        create(broker, "grown");
        CreatePartitionsRequestData data = new CreatePartitionsRequestData().setTimeoutMs(TIMEOUT_MS)
                .setTopics(new CreatePartitionsTopicCollection(List.of(new CreatePartitionsTopic().setName("grown").setCount(4).setAssignments(null)).iterator()));
        CreatePartitionsResponse grown = (CreatePartitionsResponse) ask(broker, new CreatePartitionsRequest.Builder(data).build((short) 1));
        assertThat(grown.errorCounts()).containsOnlyKeys(Errors.NONE);
        AtomicReference<TopicDescription> four = new AtomicReference<>();
        Await.until("it has four", () -> {
            four.set(described("grown"));
            return four.get().partitions().size() == 4;
        });

        Map<TopicPartition, Optional<NewPartitionReassignment>> fewer = four.get().partitions().stream().collect(Collectors.toMap(one -> new TopicPartition("grown", one.partition()),
                one -> Optional.of(new NewPartitionReassignment(one.replicas().stream().map(Node::id).limit(2).toList()))));
        Topics.done(topics.admin().alterPartitionReassignments(fewer).all());
        Await.until("nothing is moving any more", () -> Topics.done(topics.admin().listPartitionReassignments(fewer.keySet()).reassignments()).isEmpty());
        Await.until("all four have two replicas", () -> replicas(described("grown")).equals(List.of(2, 2, 2, 2)));
    }

    private static List<Integer> replicas(TopicDescription topic) {
        return topic.partitions().stream().map(partition -> partition.replicas().size()).toList();
    }

    private static void create(Node broker, String topic) throws IOException {
        CreatableTopicConfigCollection configs = new CreatableTopicConfigCollection();
        SET.forEach((name, value) -> configs.add(new CreatableTopicConfig().setName(name).setValue(value)));
        CreateTopicsRequestData data = new CreateTopicsRequestData().setTimeoutMs(TIMEOUT_MS)
                .setTopics(new CreatableTopicCollection(List.of(new CreatableTopic().setName(topic).setNumPartitions(2).setReplicationFactor((short) 3).setConfigs(configs)).iterator()));
        CreateTopicsResponse created = (CreateTopicsResponse) ask(broker, new CreateTopicsRequest.Builder(data).build((short) 3));
        assertThat(created.data().topics()).as("asked of broker %s", broker).singleElement().satisfies(one -> assertThat(Errors.forCode(one.errorCode())).as(one.errorMessage()).isEqualTo(Errors.NONE));
        for (Node one : brokers) {
            Await.until("broker " + one.id() + " knows it", () -> own(one, topic).equals(SET));
        }
    }

    /** As the provider reads it: what is neither built in nor the broker's. */
    private static Map<String, String> own(Node broker, String topic) throws IOException {
        DescribeConfigsRequestData data = new DescribeConfigsRequestData().setResources(List.of(new DescribeConfigsResource().setResourceType(ConfigResource.Type.TOPIC.id()).setResourceName(topic).setConfigurationKeys(null)));
        DescribeConfigsResponse described = (DescribeConfigsResponse) ask(broker, new DescribeConfigsRequest(data, (short) 2));
        DescribeConfigsResult one = described.data().results().get(0);
        assertThat(Errors.forCode(one.errorCode())).as(one.errorMessage()).isIn(Errors.NONE, Errors.UNKNOWN_TOPIC_OR_PARTITION);
        return one.configs().stream().filter(config -> !DEFAULTS.contains(config.configSource())).collect(Collectors.toMap(config -> config.name(), config -> config.value()));
    }

    private static TopicDescription described(String topic) {
        return Topics.done(topics.admin().describeTopics(List.of(topic)).allTopicNames()).get(topic);
    }

    /** Sends a request to one broker, whoever the controller is, and waits for the answer. */
    private static AbstractResponse ask(Node broker, AbstractRequest request) throws IOException {
        RequestHeader header = new RequestHeader(request.apiKey(), request.version(), "terraform-provider-kafka", 1);
        ByteBuffer sent = request.serializeWithHeader(header);
        try (Socket socket = new Socket(broker.host(), broker.port())) {
            socket.setSoTimeout(2 * TIMEOUT_MS);
            ByteBuffer frame = ByteBuffer.allocate(Integer.BYTES + sent.remaining()).putInt(sent.remaining()).put(sent);
            socket.getOutputStream().write(frame.array());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            return AbstractResponse.parseResponse(ByteBuffer.wrap(answer), header);
        }
    }
}
