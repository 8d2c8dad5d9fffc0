package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kafka's tools that move offsets of groups, whatever way they are told where to, and those that measure and copy in transactions. */
class GroupOffsetToolsIT {

    private static final String GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    private static final String RESETTER = "org.apache.kafka.tools.StreamsResetter";
    private static final String COPIER = "org.apache.kafka.tools.TransactionalMessageCopier";
    private static final String LATENCY = "org.apache.kafka.tools.EndToEndLatency";
    private static final String PRODUCER_PERFORMANCE = "org.apache.kafka.tools.ProducerPerformance";
    private static final long FIRST_TIMESTAMP = 1_700_000_000_000L;
    private static final int RECORDS = 40;
    private static final TopicPartition PARTITION = new TopicPartition("reset", 0);

    @TempDir
    static Path directory;

    private static BrokerNode node;
    private static Topics topics;

    @BeforeAll
    static void startBroker() {
        node = BrokerNode.underTest(directory.resolve("data"), Map.of("group.settings.group.initial.rebalance.delay.ms", "0", "group.offsets.partitions", "4")).start();
        topics = Topics.of(node.bootstrap());
        topics.create(PARTITION.topic(), 1, Map.of("retention.ms", "-1"));
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            for (int i = 0; i < RECORDS; i++) {
                producer.send(new ProducerRecord<>(PARTITION.topic(), 0, FIRST_TIMESTAMP + i * 1000L, null, ("value" + i).getBytes(StandardCharsets.UTF_8)));
            }
        }
    }

    @AfterAll
    static void stopBroker() {
        topics.close();
        node.stop();
    }

    @BeforeEach
    void commitInTheMiddle() {
        Topics.done(topics.admin().alterConsumerGroupOffsets("moved", Map.of(PARTITION, new OffsetAndMetadata(20))).all());
    }

    private static ProcessResult run(String main, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", node.bootstrap()));
        all.addAll(List.of(arguments));
        return KafkaTool.run(main, all.toArray(String[]::new));
    }

    private static ProcessResult reset(String... how) {
        List<String> all = new ArrayList<>(List.of("--group", "moved", "--topic", PARTITION.topic(), "--reset-offsets"));
        all.addAll(List.of(how));
        return run(GROUPS, all.toArray(String[]::new)).succeeded();
    }

    private static long committed() {
        return Topics.done(topics.admin().listConsumerGroupOffsets("moved").partitionsToOffsetAndMetadata()).get(PARTITION).offset();
    }

    @Test
    void offsetsAreMovedByEveryKindOfTarget() throws IOException {
        reset("--to-earliest", "--dry-run");
        assertThat(committed()).as("a dry run changes nothing").isEqualTo(20);
        reset("--shift-by", "-5", "--execute");
        assertThat(committed()).isEqualTo(15);
        reset("--to-datetime", "2023-11-14T22:13:27.500Z", "--execute");
        assertThat(committed()).as("the first record at or after that time").isEqualTo(8);
        Path plan = Files.writeString(directory.resolve("plan.csv"), reset("--to-current", "--export", "--dry-run").output().strip());
        reset("--to-latest", "--execute");
        assertThat(committed()).isEqualTo(RECORDS);
        reset("--to-earliest", "--execute");
        assertThat(committed()).isZero();
        run(GROUPS, "--group", "moved", "--reset-offsets", "--from-file", plan.toString(), "--execute").succeeded();
        assertThat(committed()).as("what was exported").isEqualTo(8);
        reset("--by-duration", "P1D", "--execute");
        assertThat(committed()).as("nothing is so young").isEqualTo(RECORDS);
    }

    @Test
    void aGroupWithMembersIsDescribedAndKeepsItsOffsets() {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("group.id", "moved", "client.id", "busy"))) {
            consumer.subscribe(List.of(PARTITION.topic()));
            assertThat(consumer.poll(Duration.ofSeconds(30)).count()).isPositive();
            assertThat(run(GROUPS, "--describe", "--group", "moved", "--members", "--verbose").succeeded().output()).containsPattern("moved\\s+busy-\\S+\\s+.*busy\\s+1.*reset:0");
            assertThat(run(GROUPS, "--describe", "--all-groups", "--state").succeeded().output()).containsPattern("moved\\s.*Stable\\s+1");
            assertThat(run(GROUPS, "--group", "moved", "--topic", PARTITION.topic(), "--reset-offsets", "--to-earliest", "--execute").all()).contains("can only be reset if the group 'moved' is inactive");
            assertThat(run(GROUPS, "--delete", "--group", "moved").all()).contains("The group is not empty");
            assertThat(run(GROUPS, "--delete-offsets", "--group", "moved", "--topic", PARTITION.topic()).all()).contains("while the consumer group is actively subscribed to it");
        }
        assertThat(committed()).isEqualTo(20);
    }

    @Test
    void theStreamsResetToolMovesInputTopicsToTheirBeginning() {
        assertThat(run(RESETTER, "--application-id", "moved", "--input-topics", PARTITION.topic()).succeeded().output()).contains("Following input topics offsets will be reset to (for consumer group moved)",
                "Topic: reset Partition: 0 Offset: 0");
        assertThat(committed()).isZero();
    }

    @Test
    void theTransactionalCopierCopiesEverythingOnce() {
        topics.create("copied", 1);
        ProcessResult copied = KafkaTool.run(COPIER, "--broker-list", node.bootstrap(), "--input-topic", PARTITION.topic(), "--input-partition", "0", "--output-topic", "copied", "--max-messages", "" + RECORDS,
                "--consumer-group", "copying", "--transaction-size", "7", "--transactional-id", "copier").succeeded();
        assertThat(copied.output()).contains("\"remaining\":0");
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("isolation.level", "read_committed"))) {
            consumer.assign(List.of(new TopicPartition("copied", 0)));
            List<String> values = new ArrayList<>();
            Await.until("all are committed", () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(new String(record.value(), StandardCharsets.UTF_8)));
                return values.size() >= RECORDS;
            });
            assertThat(values).hasSize(RECORDS).doesNotHaveDuplicates();
        }
    }

    @Test
    void latencyAndTransactionalThroughputAreMeasured() {
        topics.create("measured", 1);
        assertThat(run(LATENCY, "--topic", "measured", "--num-records", "100", "--producer-acks", "all", "--record-size", "100").succeeded().output()).contains("Percentiles: 50th = ");
        assertThat(run(PRODUCER_PERFORMANCE, "--topic", "measured", "--num-records", "5000", "--record-size", "100", "--throughput", "-1", "--transactional-id", "measured", "--transaction-duration-ms", "50")
                .succeeded().output()).contains("5000 records sent");
    }
}
