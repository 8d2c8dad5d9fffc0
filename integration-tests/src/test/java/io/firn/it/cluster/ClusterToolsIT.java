package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What Apache Kafka's tools and clients see of a cluster of three: replicas that are moved and slowed down, elections, configs of each broker, and coordinators whose broker is killed. */
class ClusterToolsIT {

    private static final String TOPICS = "org.apache.kafka.tools.TopicCommand";
    private static final String ELECTION = "org.apache.kafka.tools.LeaderElectionCommand";
    private static final String REASSIGN = "org.apache.kafka.tools.reassign.ReassignPartitionsCommand";
    private static final String QUORUM = "org.apache.kafka.tools.MetadataQuorumCommand";
    private static final Pattern REPLICATION = Pattern.compile("(\\d+)\\s+(\\S+)\\s+(-?\\d+)\\s+(-?\\d+)\\s+(-?\\d+)\\s+(-?\\d+)\\s+(Leader|Follower)\\s*");
    private static final String CONFIGS = "kafka.admin.ConfigCommand";

    @TempDir
    static Path directory;

    private static ClusterHarness cluster;
    private static Admin admin;

    @BeforeAll
    static void start() {
        cluster = ClusterHarness.of(3, directory, Map.of()).form();
        admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        cluster.close();
    }

    private static ProcessResult tool(String main, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", cluster.bootstrap()));
        all.addAll(List.of(arguments));
        return KafkaTool.run(main, all.toArray(String[]::new)).succeeded();
    }

    private static void create(String topic, Map<Integer, List<Integer>> replicas) throws Exception {
        admin.createTopics(List.of(new NewTopic(topic, replicas))).all().get();
    }

    private static TopicPartitionInfo partition(String topic, int number) {
        try {
            return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().get(number);
        } catch (ExecutionException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<Integer> replicas(String topic, int number) {
        return partition(topic, number).replicas().stream().map(Node::id).toList();
    }

    // Replicas

    @Test
    void replicasAreMovedSlowedDownAndVerifiedByTheStockTool() throws Exception {
        create("moved", Map.of(0, List.of(1, 2), 1, List.of(2, 1)));
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(producer())) {
            for (int i = 0; i < 200; i++) {
                producer.send(new ProducerRecord<>("moved", i % 2, "k" + i, "v".repeat(1_000)));
            }
        }
        Path plan = Files.writeString(directory.resolve("plan.json"),
                "{\"version\":1,\"partitions\":[{\"topic\":\"moved\",\"partition\":0,\"replicas\":[3,2]},{\"topic\":\"moved\",\"partition\":1,\"replicas\":[2,3]}]}");

        assertThat(tool(REASSIGN, "--execute", "--reassignment-json-file", plan.toString(), "--throttle", "50000000").output())
                .contains("The inter-broker throttle limit was set to 50000000 B/s", "Successfully started partition reassignments for moved-0,moved-1");

        Await.until("the replicas are where they are to be", Duration.ofSeconds(60), () -> replicas("moved", 0).equals(List.of(3, 2)) && replicas("moved", 1).equals(List.of(2, 3)));
        assertThat(tool(REASSIGN, "--verify", "--reassignment-json-file", plan.toString()).output())
                .contains("Reassignment of partition moved-0 is completed.", "Reassignment of partition moved-1 is completed.", "Clearing broker-level throttles on brokers 1,2,3");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "brokers", "--entity-name", "3").output()).as("the throttle is gone").doesNotContain("throttled.rate");
        assertThat(tool(TOPICS, "--describe", "--topic", "moved").output()).contains("Replicas: 3,2").doesNotContain("throttled");
    }

    @Test
    void theFactorOfATopicGrowsAndItsPreferredLeaderIsElected() throws Exception {
        create("grown", Map.of(0, List.of(1)));
        Path plan = Files.writeString(directory.resolve("grow.json"), "{\"version\":1,\"partitions\":[{\"topic\":\"grown\",\"partition\":0,\"replicas\":[3,1,2]}]}");
        tool(REASSIGN, "--execute", "--reassignment-json-file", plan.toString());
        Await.until("all three are in sync", Duration.ofSeconds(60), () -> partition("grown", 0).isr().size() == 3 && replicas("grown", 0).equals(List.of(3, 1, 2)));

        tool(ELECTION, "--election-type", "preferred", "--topic", "grown", "--partition", "0");

        Await.until("the first replica leads", Duration.ofSeconds(60), () -> partition("grown", 0).leader().id() == 3);
    }

    @Test
    void aConfigOfOneBrokerIsThatBrokersAlone() {
        tool(CONFIGS, "--alter", "--entity-type", "brokers", "--entity-name", "2", "--add-config", "log.retention.ms=7777777");

        assertThat(tool(CONFIGS, "--describe", "--entity-type", "brokers", "--entity-name", "2").output()).contains("log.retention.ms=7777777");
        assertThat(tool(CONFIGS, "--describe", "--entity-type", "brokers", "--entity-name", "3").output()).doesNotContain("7777777");
    }

    /** Whichever broker is asked, it says what the controller knows. */
    @Test
    void everyBrokerTellsTheStockToolHowFarTheJournalsOfAllAre() throws Exception {
        for (int asked : cluster.ids()) {
            long beforeMs = System.currentTimeMillis();
            String output = KafkaTool.run(QUORUM, "--bootstrap-server", cluster.broker(asked).bootstrap(), "describe", "--replication").succeeded().output();
            List<MatchResult> rows = output.lines().map(REPLICATION::matcher).filter(Matcher::matches).map(Matcher::toMatchResult).toList();
            assertThat(rows).as(output).extracting(row -> row.group(1)).containsExactlyInAnyOrder("1", "2", "3");
            MatchResult leader = rows.stream().filter(row -> row.group(7).equals("Leader")).reduce((one, another) -> {
                throw new AssertionError("two leaders: " + output);
            }).orElseThrow();
            long end = Long.parseLong(leader.group(3));
            assertThat(rows).as(output).allSatisfy(row -> {
                assertThat(Long.parseLong(row.group(3))).as("end").isPositive().isLessThanOrEqualTo(end);
                assertThat(Long.parseLong(row.group(4))).as("lag").isEqualTo(end - Long.parseLong(row.group(3)));
                assertThat(Long.parseLong(row.group(5))).as("last fetch").isBetween(beforeMs - 60_000, System.currentTimeMillis());
                assertThat(Long.parseLong(row.group(6))).as("caught up").isBetween(beforeMs - 60_000, Long.parseLong(row.group(5)));
            });
        }
        assertThat(tool(QUORUM, "describe", "--status").output()).containsPattern("MaxFollowerLag:\\s+\\d+\\s").containsPattern("MaxFollowerLagTimeMs:\\s+\\d+\\s").containsPattern("CurrentObservers:\\s+\\[]");
    }

    // Coordinators

    private static Properties producer() {
        Properties properties = new Properties();
        properties.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrap());
        properties.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
        properties.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 60_000);
        properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 10_000);
        return properties;
    }

    private static KafkaConsumer<String, String> consumer(String group) {
        return new KafkaConsumer<>(Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, cluster.bootstrap(), ConsumerConfig.GROUP_ID_CONFIG, group, ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed",
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest", ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false), new StringDeserializer(), new StringDeserializer());
    }

    private static int coordinatorOf(String transactionalId) throws Exception {
        return admin.describeTransactions(List.of(transactionalId)).description(transactionalId).get().coordinatorId();
    }

    /** Transactions into partitions of all brokers, with the offsets of a group in each, go on while the broker of the transaction's coordinator is killed; each is there whole, and once. */
    @Test
    void transactionsGoOnWhenTheBrokerOfTheirCoordinatorIsKilled() throws Exception {
        create("tx", Map.of(0, List.of(1, 2, 3), 1, List.of(2, 3, 1), 2, List.of(3, 1, 2)));
        Properties properties = producer();
        properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, "id");
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, 60_000);
        int transactions = 40;
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(properties)) {
            producer.initTransactions();
            for (int i = 0; i < transactions; i++) {
                if (i == transactions / 2) {
                    cluster.kill9(Set.of(coordinatorOf("id")));
                }
                producer.beginTransaction();
                for (int partition = 0; partition < 3; partition++) {
                    producer.send(new ProducerRecord<>("tx", partition, "k", "v" + i));
                }
                producer.sendOffsetsToTransaction(Map.of(new TopicPartition("tx", 0), new OffsetAndMetadata(i)), new ConsumerGroupMetadata("offsets"));
                producer.commitTransaction();
            }
        }
        cluster.startMissing();

        Map<Integer, List<String>> read = new HashMap<>();
        try (KafkaConsumer<String, String> consumer = consumer("reader")) {
            consumer.assign(List.of(new TopicPartition("tx", 0), new TopicPartition("tx", 1), new TopicPartition("tx", 2)));
            Await.until("all is read", Duration.ofSeconds(60), () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> read.computeIfAbsent(record.partition(), partition -> new ArrayList<>()).add(record.value()));
                return read.values().stream().mapToInt(List::size).sum() >= 3 * transactions;
            });
        }
        List<String> all = IntStream.range(0, transactions).mapToObj(i -> "v" + i).toList();
        assertThat(read).isEqualTo(Map.of(0, all, 1, all, 2, all));
        assertThat(admin.listConsumerGroupOffsets("offsets").partitionsToOffsetAndMetadata().get().get(new TopicPartition("tx", 0)).offset()).isEqualTo(transactions - 1);
    }

    /** A group whose coordinator's broker is killed finds another one, and its members go on from what they committed. */
    @Test
    void aGroupGoesOnWhenTheBrokerOfItsCoordinatorIsKilled() throws Exception {
        create("read", Map.of(0, List.of(1, 2, 3)));
        Set<String> seen = new TreeSet<>();
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(producer()); KafkaConsumer<String, String> consumer = consumer("members")) {
            consumer.subscribe(List.of("read"));
            producer.send(new ProducerRecord<>("read", "k", "before")).get();
            Await.until("the first is read", Duration.ofSeconds(60), () -> read(consumer, seen).contains("before"));
            consumer.commitSync(Duration.ofSeconds(30));

            cluster.kill9(Set.of(admin.describeConsumerGroups(List.of("members")).describedGroups().get("members").get().coordinator().id()));

            producer.send(new ProducerRecord<>("read", "k", "after")).get();
            Await.until("the second is read", Duration.ofSeconds(60), () -> read(consumer, seen).contains("after"));
            consumer.commitSync(Duration.ofSeconds(60));
        }
        cluster.startMissing();
        assertThat(admin.listConsumerGroupOffsets("members").partitionsToOffsetAndMetadata().get().values().stream().map(OffsetAndMetadata::offset).collect(Collectors.toSet())).containsExactly(2L);
    }

    private static Set<String> read(KafkaConsumer<String, String> consumer, Set<String> seen) {
        consumer.poll(Duration.ofMillis(200)).forEach(record -> seen.add(record.value()));
        return seen;
    }
}
