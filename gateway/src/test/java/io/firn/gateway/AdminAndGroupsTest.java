package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.config.Assignment;
import io.firn.gateway.config.ConfigLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A whole broker with Kafka's own Java clients: what an administrator and a consumer group see of it. */
class AdminAndGroupsTest {
    private static final int RECORDS = 500;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;
    private Broker broker;
    private Admin admin;

    @BeforeEach
    void start() {
        broker = Broker.start(ConfigLoader.load(Optional.empty(), Map.of(), Stream.of("data.dir=" + directory, "kafka.port=0", "http.port=0", "group.offsets.partitions=3",
                "group.settings.group.initial.rebalance.delay.ms=0").map(Assignment::parse).toList()));
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

    private void produce(String topic) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", bootstrap()), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < RECORDS; i++) {
                producer.send(new ProducerRecord<>(topic, "key" + i, "value" + i));
            }
        }
    }

    private KafkaConsumer<String, String> consumer(String group, String protocol) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", bootstrap(), "group.id", group, "group.protocol", protocol, "auto.offset.reset", "earliest",
                "enable.auto.commit", "false"));
        return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    }

    private static int consume(KafkaConsumer<String, String> consumer, int wanted) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        int consumed = 0;
        while (consumed < wanted && System.nanoTime() < deadline) {
            consumed += consumer.poll(Duration.ofMillis(100)).count();
        }
        return consumed;
    }

    private long committed(String group) throws Exception {
        return admin.listConsumerGroupOffsets(group, new ListConsumerGroupOffsetsOptions().requireStable(true)).partitionsToOffsetAndMetadata().get().values().stream()
                .mapToLong(OffsetAndMetadata::offset).sum();
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "consumer"})
    void aGroupConsumesCommitsAndGoesOnAfterARestart(String protocol) throws Exception {
        admin.createTopics(List.of(new NewTopic("t", 3, (short) 1))).all().get();
        produce("t");
        try (KafkaConsumer<String, String> consumer = consumer("g", protocol)) {
            consumer.subscribe(List.of("t"));
            assertThat(consume(consumer, RECORDS)).isEqualTo(RECORDS);
            consumer.commitSync();
            assertThat(consumer.assignment()).hasSize(3);
        }
        assertThat(committed("g")).isEqualTo(RECORDS);

        stop();
        start();

        assertThat(committed("g")).isEqualTo(RECORDS);
        produce("t");
        try (KafkaConsumer<String, String> consumer = consumer("g", protocol)) {
            consumer.subscribe(List.of("t"));
            assertThat(consume(consumer, RECORDS)).isEqualTo(RECORDS);
        }
        assertThat(admin.describeConsumerGroups(List.of("g")).all().get().get("g").groupState()).isEqualTo(GroupState.EMPTY);
        admin.deleteConsumerGroupOffsets("g", Set.of(new TopicPartition("t", 0))).all().get();
        admin.deleteConsumerGroups(List.of("g")).all().get();
        assertThat(admin.listGroups().all().get()).isEmpty();
    }

    @Test
    void aGroupSubscribesByARegularExpressionTheBrokerEvaluates() throws Exception {
        admin.createTopics(List.of(new NewTopic("red-1", 1, (short) 1), new NewTopic("blue-1", 1, (short) 1))).all().get();
        produce("red-1");
        produce("blue-1");
        try (KafkaConsumer<String, String> consumer = consumer("g", "consumer")) {
            consumer.subscribe(new SubscriptionPattern("red-.*"));
            assertThat(consume(consumer, RECORDS)).isEqualTo(RECORDS);
            assertThat(consumer.assignment()).containsExactly(new TopicPartition("red-1", 0));
        }
    }

    @Test
    void anAdministratorCreatesChangesGrowsShrinksAndDeletesATopic() throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "t");
        TopicPartition first = new TopicPartition("t", 0);

        admin.createTopics(List.of(new NewTopic("t", Optional.of(1), Optional.empty()).configs(Map.of("retention.ms", "100000")))).all().get();
        admin.incrementalAlterConfigs(Map.of(topic, List.of(new AlterConfigOp(new ConfigEntry("segment.ms", "50000"), AlterConfigOp.OpType.SET)))).all().get();
        assertThat(admin.describeConfigs(List.of(topic)).all().get().get(topic).get("segment.ms").source()).isEqualTo(ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
        produce("t");
        assertThat(admin.listOffsets(Map.of(first, OffsetSpec.latest())).all().get().get(first).offset()).isEqualTo(RECORDS);
        assertThat(admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(20))).lowWatermarks().get(first).get().lowWatermark()).isEqualTo(20);
        assertThat(admin.listOffsets(Map.of(first, OffsetSpec.earliest())).all().get().get(first).offset()).isEqualTo(20);
        admin.createPartitions(Map.of("t", NewPartitions.increaseTo(2))).all().get();
        assertThat(admin.describeTopics(List.of("t")).allTopicNames().get().get("t").partitions()).hasSize(2);
        assertThat(admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).values()).singleElement()
                .satisfies(log -> assertThat(log.replicaInfos().get(first).size()).isPositive());
        admin.deleteTopics(List.of("t")).all().get();
        assertThat(admin.listTopics().names().get()).isEmpty();
        assertThat(admin.describeCluster().nodes().get()).hasSize(1);
    }

    @Test
    void readersOfCommittedRecordsSeeWhatTransactionsCommittedAndNoMore() {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap(), "transactional.id", "tx");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            producer.initTransactions();
            for (int transaction = 0; transaction < 10; transaction++) {
                producer.beginTransaction();
                for (int record = 0; record < 3; record++) {
                    producer.send(new ProducerRecord<>("t", Integer.toString(transaction)));
                }
                if (transaction % 2 == 0) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        Map<String, Object> reading = Map.of("bootstrap.servers", bootstrap(), "isolation.level", "read_committed", "auto.offset.reset", "earliest");
        List<String> seen = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(reading, new StringDeserializer(), new StringDeserializer())) {
            TopicPartition partition = new TopicPartition("t", 0);
            consumer.assign(List.of(partition));
            long end = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> seen.add(record.value()));
            }
        }
        assertThat(seen).containsExactly("0", "0", "0", "2", "2", "2", "4", "4", "4", "6", "6", "6", "8", "8", "8");
    }
}
