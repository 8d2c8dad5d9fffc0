package io.firn.it.txn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.ProducerState;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What transactions promise to real clients. */
class TransactionsIT {
    private static final Map<String, Object> COMMITTED = Map.of("isolation.level", "read_committed");
    private static final String TOOL = "org.apache.kafka.tools.TransactionsCommand";

    @TempDir
    static Path directory;
    private static FirnNode node;

    @BeforeAll
    static void startBroker() {
        node = FirnNode.in(directory.resolve("data"), Map.of("transaction.abort.interval.ms", "100", "retention.check.interval.ms", "50",
                "group.settings.group.initial.rebalance.delay.ms", "100")).start();
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    private static KafkaProducer<byte[], byte[]> producer(String id, Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("transactional.id", id);
        KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), all);
        producer.initTransactions();
        return producer;
    }

    private static TopicPartition topic(String name, Map<String, String> configs) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            return topics.create(name, 1, configs).get(0);
        }
    }

    private static ProducerRecord<byte[], byte[]> record(TopicPartition partition, String value) {
        return new ProducerRecord<>(partition.topic(), partition.partition(), null, value.getBytes(StandardCharsets.UTF_8));
    }

    private static List<String> read(TopicPartition partition, Map<String, Object> settings) {
        return Reading.all(node.bootstrap(), List.of(partition), settings).get(partition).stream().map(record -> new String(record.value(), StandardCharsets.UTF_8)).toList();
    }

    @ParameterizedTest
    @CsvSource({"clients-2.8, 2.8.2", "clients-3.9, 3.9.2"})
    void olderClientsConsumeTransformAndProduceExactlyOnce(String peer, String version) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("drive-" + peer, 2);
        }
        ProcessResult result = KafkaTool.runWithClient(peer, TransactionDrive.class, node.bootstrap(), "drive-" + peer).succeeded();
        assertThat(result.lines()).startsWith("client " + version).endsWith("done");
    }

    @Test
    void theClientOfTheseTestsDoesTheSame() {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("drive-own", 2);
        }
        assertThat(KafkaTool.runWithOwnClient(TransactionDrive.class, node.bootstrap(), "drive-own").succeeded().lines()).startsWith("client 4.3.1").endsWith("done");
    }

    @Test
    void anOpenTransactionHoldsBackReadersOfCommittedRecordsAndNobodyElse() {
        TopicPartition partition = topic("held", Map.of());
        try (KafkaProducer<byte[], byte[]> producer = producer("held", Map.of()); KafkaProducer<byte[], byte[]> plain = KafkaClients.producer(node.bootstrap(), Map.of());
                Topics topics = Topics.of(node.bootstrap())) {
            producer.beginTransaction();
            producer.send(record(partition, "in"));
            producer.flush();
            plain.send(record(partition, "beside"));
            plain.flush();

            assertThat(read(partition, Map.of())).containsExactly("in", "beside");
            assertThat(read(partition, COMMITTED)).isEmpty();
            ProducerState state = Topics.done(topics.admin().describeProducers(List.of(partition)).partitionResult(partition)).activeProducers().stream()
                    .filter(active -> active.currentTransactionStartOffset().isPresent()).findAny().orElseThrow();
            assertThat(state.currentTransactionStartOffset()).hasValue(0);
            assertThat(Topics.done(topics.admin().describeTransactions(List.of("held")).description("held")).topicPartitions()).containsExactly(partition);

            producer.commitTransaction();
            Await.until("marker", () -> read(partition, COMMITTED).equals(List.of("in", "beside")));
        }
    }

    @Test
    void aZombieIsFencedAndItsTransactionAborted() {
        TopicPartition partition = topic("fenced", Map.of());
        try (KafkaProducer<byte[], byte[]> zombie = producer("fenced", Map.of())) {
            zombie.beginTransaction();
            zombie.send(record(partition, "of the zombie"));
            zombie.flush();
            try (KafkaProducer<byte[], byte[]> next = producer("fenced", Map.of())) {
                next.beginTransaction();
                next.send(record(partition, "of the next"));
                next.commitTransaction();
            }
            zombie.send(record(partition, "late"));
            assertThatThrownBy(zombie::commitTransaction).isInstanceOfAny(ProducerFencedException.class, InvalidProducerEpochException.class, KafkaException.class);
        }
        Await.until("marker", () -> read(partition, COMMITTED).equals(List.of("of the next")));
    }

    @Test
    void aTransactionThatItsProducerLeavesOpenIsAborted() {
        TopicPartition partition = topic("left", Map.of());
        try (KafkaProducer<byte[], byte[]> producer = producer("left", Map.of("transaction.timeout.ms", 1_000)); Topics topics = Topics.of(node.bootstrap())) {
            producer.beginTransaction();
            producer.send(record(partition, "left"));
            producer.flush();
            Await.until("aborted", () -> Topics.done(topics.admin().describeTransactions(List.of("left")).description("left")).state() == TransactionState.COMPLETE_ABORT);

            assertThat(topics.offset(partition, OffsetSpec.latest())).isEqualTo(2);
            assertThat(read(partition, COMMITTED)).isEmpty();
            assertThatThrownBy(producer::commitTransaction).isInstanceOf(KafkaException.class);
        }
    }

    @Test
    void aTimeoutAboveTheLimitIsRefused() {
        assertThatThrownBy(() -> producer("too long", Map.of("transaction.timeout.ms", 900_001)).close()).isInstanceOf(KafkaException.class).hasMessageContaining("transaction timeout is larger");
    }

    @Test
    void abortedRecordsStayUnseenInTheColdTier() {
        TopicPartition partition = topic("cold", Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1"));
        List<String> committed = new ArrayList<>();
        String filling = "x".repeat(10_000);
        try (KafkaProducer<byte[], byte[]> producer = producer("cold", Map.of("linger.ms", 5)); Topics topics = Topics.of(node.bootstrap())) {
            for (int transaction = 0; transaction < 60; transaction++) {
                boolean commit = transaction % 3 != 0;
                producer.beginTransaction();
                for (int i = 0; i < 10; i++) {
                    String value = (commit ? "committed " : "aborted ") + transaction + "-" + i;
                    producer.send(record(partition, value + filling));
                    if (commit) {
                        committed.add(value);
                    }
                }
                producer.flush();
                if (commit) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
            topics.awaitCold(List.of(partition), 150);
        }
        assertThat(read(partition, COMMITTED).stream().map(value -> value.replace(filling, "")).toList()).isEqualTo(committed);
        assertThat(read(partition, Map.of()).stream().filter(value -> value.startsWith("aborted"))).hasSize(200);

        node.stop();
        node.start();
        assertThat(read(partition, COMMITTED).stream().map(value -> value.replace(filling, "")).toList()).isEqualTo(committed);
    }

    @Test
    void theTransactionsToolListsDescribesFindsAndAborts() {
        TopicPartition partition = topic("tool", Map.of());
        try (KafkaProducer<byte[], byte[]> producer = producer("tool", Map.of())) {
            producer.beginTransaction();
            producer.send(record(partition, "a"));
            producer.flush();

            assertThat(tool("list")).anyMatch(line -> line.startsWith("tool ") && line.contains("Ongoing"));
            assertThat(tool("list", "--transactional-id-pattern", "no.*")).noneMatch(line -> line.startsWith("tool "));
            assertThat(tool("describe", "--transactional-id", "tool")).anyMatch(line -> line.contains("Ongoing") && line.contains("tool-0"));
            List<String> producers = tool("describe-producers", "--topic", "tool", "--partition", "0");
            assertThat(producers).hasSize(2);
            assertThat(producers.get(1).strip()).as("start of the open transaction").endsWith("\t0");
            assertThat(tool("find-hanging", "--broker-id", "1")).hasSize(1);

            tool("abort", "--topic", "tool", "--partition", "0", "--start-offset", "0");
            Await.until("aborted", () -> read(partition, Map.of()).size() == 1 && isStable(partition));
            assertThat(read(partition, COMMITTED)).isEmpty();
            producer.abortTransaction();
        }
    }

    private static boolean isStable(TopicPartition partition) {
        try (KafkaConsumer<byte[], byte[]> committed = KafkaClients.consumer(node.bootstrap(), COMMITTED); Topics topics = Topics.of(node.bootstrap())) {
            return committed.endOffsets(Set.of(partition)).get(partition) == topics.offset(partition, OffsetSpec.latest());
        }
    }

    private static List<String> tool(String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", node.bootstrap()));
        all.addAll(List.of(arguments));
        return KafkaTool.run(TOOL, all.toArray(String[]::new)).succeeded().lines();
    }
}
