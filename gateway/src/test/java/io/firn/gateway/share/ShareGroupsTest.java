package io.firn.gateway.share;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.Broker;
import io.firn.gateway.config.Assignment;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.WireClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.SharePartitionOffsetInfo;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.message.FindCoordinatorRequestData;
import org.apache.kafka.common.message.FindCoordinatorResponseData;
import org.apache.kafka.common.message.ReadShareGroupStateSummaryRequestData;
import org.apache.kafka.common.message.ReadShareGroupStateSummaryResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FindCoordinatorRequest.CoordinatorType;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole broker with Kafka's own share consumer. */
class ShareGroupsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;
    private Broker broker;
    private Admin admin;

    @BeforeEach
    void start() throws Exception {
        broker = Broker.start(ConfigLoader.load(Optional.empty(), Map.of(), Stream.of("data.dir=" + directory, "kafka.port=0", "http.port=0", "group.offsets.partitions=3",
                "group.settings.share.coordinator.state.topic.num.partitions=3", "group.settings.group.share.assignment.interval.ms=0",
                "group.settings.group.share.min.record.lock.duration.ms=1000", "group.settings.group.share.heartbeat.interval.ms=1000",
                "group.settings.group.share.min.heartbeat.interval.ms=1000").map(Assignment::parse).toList()));
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap()));
    }

    @AfterEach
    void stop() {
        admin.close();
        broker.close();
    }

    private String bootstrap() {
        return "127.0.0.1:" + broker.kafkaPort();
    }

    private void produce(String topic, int from, int to) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap()), new StringSerializer(), new StringSerializer())) {
            for (int i = from; i < to; i++) {
                producer.send(new ProducerRecord<>(topic, Integer.toString(i)));
            }
        }
    }

    private void configure(String group, String name, String value) throws Exception {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.GROUP, group);
        admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)))).all().get();
    }

    private KafkaShareConsumer<String, String> member(String group, Map<String, Object> more) throws Exception {
        configure(group, "share.auto.offset.reset", "earliest");
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap(), "group.id", group));
        config.putAll(more);
        KafkaShareConsumer<String, String> member = new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer());
        member.subscribe(List.of("t"));
        return member;
    }

    private static List<ConsumerRecord<String, String>> take(KafkaShareConsumer<String, String> member, int wanted) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        List<ConsumerRecord<String, String>> taken = new ArrayList<>();
        while (taken.size() < wanted && System.nanoTime() < deadline) {
            member.poll(Duration.ofMillis(200)).forEach(taken::add);
        }
        return taken;
    }

    private static List<Integer> numbers(List<ConsumerRecord<String, String>> records) {
        return records.stream().map(record -> Integer.parseInt(record.value())).sorted().toList();
    }

    private static List<Integer> range(int from, int to) {
        return IntStream.range(from, to).boxed().toList();
    }

    @Test
    void aMemberIsGivenEachRecordOnceAndOthersGoOnAfterARestart() throws Exception {
        admin.createTopics(List.of(new NewTopic("t", 2, (short) 1))).all().get();
        produce("t", 0, 300);
        try (KafkaShareConsumer<String, String> member = member("g", Map.of())) {
            assertThat(numbers(take(member, 300))).isEqualTo(range(0, 300));
            assertThat(member.commitSync().values()).allMatch(Optional::isEmpty);
        }

        stop();
        start();
        produce("t", 300, 400);

        try (KafkaShareConsumer<String, String> member = member("g", Map.of())) {
            assertThat(numbers(take(member, 100))).isEqualTo(range(300, 400));
        }
    }

    @Test
    void releasedRecordsComeAgainWithTheirCountAndRejectedOnesDoNot() throws Exception {
        admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
        produce("t", 0, 10);
        try (KafkaShareConsumer<String, String> member = member("g", Map.of("share.acknowledgement.mode", "explicit"))) {
            Map<Integer, List<Integer>> deliveries = new TreeMap<>();
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (deliveries.values().stream().mapToInt(List::size).sum() < 18 && System.nanoTime() < deadline) {
                for (ConsumerRecord<String, String> record : member.poll(Duration.ofMillis(200))) {
                    int number = Integer.parseInt(record.value());
                    deliveries.computeIfAbsent(number, any -> new ArrayList<>()).add((int) record.deliveryCount().orElseThrow());
                    member.acknowledge(record, number < 2 ? AcknowledgeType.RELEASE : number < 4 ? AcknowledgeType.REJECT : AcknowledgeType.ACCEPT);
                }
                assertThat(member.commitSync().values()).allMatch(Optional::isEmpty);
            }
            assertThat(deliveries.get(0)).isEqualTo(List.of(1, 2, 3, 4, 5));
            assertThat(deliveries.get(1)).isEqualTo(List.of(1, 2, 3, 4, 5));
            assertThat(deliveries.values().stream().skip(2)).allMatch(List.of(1)::equals);
            produce("t", 10, 11);
            assertThat(numbers(take(member, 1))).containsExactly(10);
        }
    }

    private static FindCoordinatorResponseData.Coordinator find(WireClient client, int version, String key) {
        FindCoordinatorRequestData body = new FindCoordinatorRequestData().setKeyType(CoordinatorType.SHARE.id()).setCoordinatorKeys(List.of(key));
        return client.ask(ApiKeys.FIND_COORDINATOR, version, body, FindCoordinatorResponseData.class).coordinators().get(0);
    }

    @Test
    void theCoordinatorOfASharePartitionIsFoundAndTellsItsState() throws Exception {
        admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
        produce("t", 0, 20);
        try (KafkaShareConsumer<String, String> member = member("g", Map.of())) {
            take(member, 20);
            assertThat(member.commitSync().values()).allMatch(Optional::isEmpty);
        }
        Uuid topic = admin.describeTopics(List.of("t")).allTopicNames().get().get("t").topicId();
        try (WireClient client = new WireClient(broker.kafkaPort())) {
            FindCoordinatorResponseData.Coordinator found = find(client, 6, "g:" + topic + ":0");
            assertThat(Errors.forCode(found.errorCode())).isEqualTo(Errors.NONE);
            assertThat(found.port()).isEqualTo(broker.kafkaPort());
            assertThat(Errors.forCode(find(client, 6, "g:0").errorCode())).isEqualTo(Errors.INVALID_REQUEST);
            assertThat(Errors.forCode(find(client, 5, "g:" + topic + ":0").errorCode())).isEqualTo(Errors.INVALID_REQUEST);

            ReadShareGroupStateSummaryRequestData question = new ReadShareGroupStateSummaryRequestData().setGroupId("g").setTopics(List.of(
                    new ReadShareGroupStateSummaryRequestData.ReadStateSummaryData().setTopicId(topic)
                            .setPartitions(List.of(new ReadShareGroupStateSummaryRequestData.PartitionData().setPartition(0).setLeaderEpoch(0)))));
            ReadShareGroupStateSummaryResponseData.PartitionResult state = client.ask(ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY, 1, question, ReadShareGroupStateSummaryResponseData.class)
                    .results().get(0).partitions().get(0);
            assertThat(state.startOffset() + state.deliveryCompleteCount()).isEqualTo(20);
        }
        SharePartitionOffsetInfo offsets = admin.listShareGroupOffsets(Map.of("g", new ListShareGroupOffsetsSpec())).partitionsToOffsetInfo("g").get().get(new TopicPartition("t", 0));
        assertThat(offsets.lag()).hasValue(0L);
    }

    /** "Latest" is where the log ended when the group first looked, whatever happens before the first acknowledgement. */
    @Test
    void aGroupThatBeginsAtTheEndKeepsItsPlaceOverARestart() throws Exception {
        admin.createTopics(List.of(new NewTopic("t", 1, (short) 1))).all().get();
        produce("t", 0, 10);
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap(), "group.id", "late", "share.acknowledgement.mode", "explicit");
        try (KafkaShareConsumer<String, String> member = new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
            member.subscribe(List.of("t"));
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (start("late") != 10 && System.nanoTime() < deadline) {
                member.poll(Duration.ofMillis(100));
            }
            assertThat(start("late")).isEqualTo(10);
        }
        produce("t", 10, 15);

        stop();
        start();

        Map<String, Object> again = Map.of("bootstrap.servers", bootstrap(), "group.id", "late");
        try (KafkaShareConsumer<String, String> member = new KafkaShareConsumer<>(again, new StringDeserializer(), new StringDeserializer())) {
            member.subscribe(List.of("t"));
            assertThat(numbers(take(member, 5))).isEqualTo(range(10, 15));
        }
    }

    private long start(String group) throws Exception {
        SharePartitionOffsetInfo info = admin.listShareGroupOffsets(Map.of(group, new ListShareGroupOffsetsSpec())).partitionsToOffsetInfo(group).get().get(new TopicPartition("t", 0));
        return info == null ? -1 : info.startOffset();
    }
}
