package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Apache Kafka's own command line tools, unmodified and in processes of their own, do their work against a broker of ours, and its dump tool reads our files. */
class KafkaToolsIT {

    private static final String TOPICS = "org.apache.kafka.tools.TopicCommand";
    private static final String CONSOLE_PRODUCER = "org.apache.kafka.tools.ConsoleProducer";
    private static final String CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";
    private static final String VERIFIABLE_PRODUCER = "org.apache.kafka.tools.VerifiableProducer";
    private static final String VERIFIABLE_CONSUMER = "org.apache.kafka.tools.VerifiableConsumer";
    private static final String GET_OFFSETS = "org.apache.kafka.tools.GetOffsetShell";
    private static final String GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    private static final String CONFIGS = "kafka.admin.ConfigCommand";
    private static final String DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand";
    private static final String LOG_DIRS = "org.apache.kafka.tools.LogDirsCommand";
    private static final String DUMP = "org.apache.kafka.tools.DumpLogSegments";
    private static final String PRODUCER_PERFORMANCE = "org.apache.kafka.tools.ProducerPerformance";
    private static final String CONSUMER_PERFORMANCE = "org.apache.kafka.tools.ConsumerPerformance";
    private static final String API_VERSIONS = "org.apache.kafka.tools.BrokerApiVersionsCommand";

    @TempDir
    static Path directory;

    private static FirnNode node;

    @BeforeAll
    static void startBroker() {
        node = FirnNode.in(directory.resolve("data"), Map.of("group.settings.group.initial.rebalance.delay.ms", "100", "retention.check.interval.ms", "100")).start();
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
        assertThat(node.logLines("ERROR")).isEmpty();
    }

    private static ProcessResult tool(String main, String... arguments) {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", node.bootstrap()));
        all.addAll(List.of(arguments));
        return KafkaTool.run(main, all.toArray(String[]::new)).succeeded();
    }

    private static void produce(String topic, int from, int to) {
        String lines = IntStream.range(from, to).mapToObj(i -> "key" + i + ":value" + i).collect(Collectors.joining("\n", "", "\n"));
        KafkaTool.feed(lines, CONSOLE_PRODUCER, "--bootstrap-server", node.bootstrap(), "--topic", topic, "--reader-property", "parse.key=true", "--reader-property", "key.separator=:").succeeded();
    }

    @Test
    void topicsAreCreatedListedDescribedAlteredAndDeleted() {
        tool(TOPICS, "--create", "--topic", "tooled", "--partitions", "3", "--config", "retention.ms=86400000");
        assertThat(tool(TOPICS, "--list").lines()).contains("tooled");
        assertThat(tool(TOPICS, "--describe", "--topic", "tooled").output()).contains("PartitionCount: 3", "ReplicationFactor: 1", "retention.ms=86400000", "Leader: 1", "Isr: 1");
        tool(TOPICS, "--alter", "--topic", "tooled", "--partitions", "5");
        assertThat(tool(TOPICS, "--describe", "--topic", "tooled").output()).contains("PartitionCount: 5", "Partition: 4");
        assertThat(KafkaTool.run(TOPICS, "--bootstrap-server", node.bootstrap(), "--create", "--topic", "tooled").all()).contains("already exists");
        tool(TOPICS, "--delete", "--topic", "tooled");
        assertThat(tool(TOPICS, "--list").lines()).doesNotContain("tooled");
    }

    @Test
    void whatTheConsoleProducerSendsTheConsoleConsumerShows() {
        tool(TOPICS, "--create", "--topic", "console", "--partitions", "1");
        produce("console", 0, 50);
        ProcessResult shown = tool(CONSOLE_CONSUMER, "--topic", "console", "--from-beginning", "--max-messages", "50", "--timeout-ms", "60000", "--formatter-property", "print.key=true",
                "--formatter-property", "key.separator=:");
        assertThat(shown.lines()).isEqualTo(IntStream.range(0, 50).mapToObj(i -> "key" + i + ":value" + i).toList());
    }

    @Test
    void theVerifiableToolsAgree() {
        tool(TOPICS, "--create", "--topic", "verifiable", "--partitions", "2");
        ProcessResult sent = tool(VERIFIABLE_PRODUCER, "--topic", "verifiable", "--max-messages", "500", "--acks", "-1");
        assertThat(sent.lines().stream().filter(line -> line.contains("producer_send_success"))).hasSize(500);
        ProcessResult read = tool(VERIFIABLE_CONSUMER, "--topic", "verifiable", "--group-id", "verifying", "--max-messages", "500", "--reset-policy", "earliest");
        long counted = read.lines().stream().filter(line -> line.contains("\"name\":\"records_consumed\"") || line.contains("records_consumed"))
                .mapToLong(line -> Long.parseLong(line.replaceAll(".*?\"count\":(\\d+).*", "$1"))).sum();
        assertThat(counted).isEqualTo(500);
        assertThat(read.output()).contains("offsets_committed", "\"success\":true");
    }

    @Test
    void offsetsAreToldByEveryKindOfQuestion() {
        tool(TOPICS, "--create", "--topic", "asked", "--partitions", "1");
        long before = System.currentTimeMillis();
        produce("asked", 0, 20);
        assertThat(offsets("asked", "earliest")).isEqualTo("asked:0:0");
        assertThat(offsets("asked", "latest")).isEqualTo("asked:0:20");
        assertThat(offsets("asked", "-1")).isEqualTo("asked:0:20");
        assertThat(offsets("asked", "-2")).isEqualTo("asked:0:0");
        assertThat(offsets("asked", "-3")).startsWith("asked:0:");
        assertThat(offsets("asked", "-4")).as("earliest local").isEqualTo("asked:0:0");
        assertThat(offsets("asked", "-5")).as("latest tiered: none").isIn("", "asked:0:-1", "asked:0:");
        assertThat(offsets("asked", Long.toString(before))).isEqualTo("asked:0:0");
        assertThat(offsets("asked", Long.toString(System.currentTimeMillis() + 1_000_000))).isIn("", "asked:0:", "asked:0:20");
    }

    private static String offsets(String topic, String time) {
        return tool(GET_OFFSETS, "--topic", topic, "--time", time).output().strip();
    }

    @Test
    void groupsAreListedDescribedResetAndDeleted() {
        tool(TOPICS, "--create", "--topic", "grouped", "--partitions", "1");
        produce("grouped", 0, 30);
        tool(CONSOLE_CONSUMER, "--topic", "grouped", "--group", "tool-group", "--from-beginning", "--max-messages", "30", "--timeout-ms", "60000");
        assertThat(tool(GROUPS, "--list").lines()).contains("tool-group");
        assertThat(tool(GROUPS, "--list", "--state").output()).containsPattern("tool-group\\s+.*Empty");
        assertThat(tool(GROUPS, "--describe", "--group", "tool-group").output()).containsPattern("tool-group\\s+grouped\\s+0\\s+30\\s+30\\s+0");
        tool(GROUPS, "--group", "tool-group", "--topic", "grouped", "--reset-offsets", "--to-offset", "7", "--execute");
        assertThat(tool(GROUPS, "--describe", "--group", "tool-group").output()).containsPattern("tool-group\\s+grouped\\s+0\\s+7\\s+30\\s+23");
        tool(GROUPS, "--delete-offsets", "--group", "tool-group", "--topic", "grouped");
        tool(GROUPS, "--delete", "--group", "tool-group");
        assertThat(tool(GROUPS, "--list").lines()).doesNotContain("tool-group");
    }

    @Test
    void configsAreDescribedAndAltered() {
        tool(TOPICS, "--create", "--topic", "configured", "--partitions", "1");
        tool(CONFIGS, "--entity-type", "topics", "--entity-name", "configured", "--alter", "--add-config", "max.message.bytes=2000000,retention.ms=5000000");
        assertThat(tool(CONFIGS, "--entity-type", "topics", "--entity-name", "configured", "--describe").output())
                .contains("max.message.bytes=2000000", "retention.ms=5000000", "DYNAMIC_TOPIC_CONFIG");
        tool(CONFIGS, "--entity-type", "topics", "--entity-name", "configured", "--alter", "--delete-config", "retention.ms");
        assertThat(tool(CONFIGS, "--entity-type", "topics", "--entity-name", "configured", "--describe").output()).doesNotContain("retention.ms=5000000");
        assertThat(tool(CONFIGS, "--entity-type", "topics", "--entity-name", "configured", "--describe", "--all").output()).contains("segment.bytes=1073741824", "remote.storage.enable=true");
        tool(CONFIGS, "--entity-type", "brokers", "--entity-default", "--alter", "--add-config", "log.retention.ms=7000000");
        assertThat(tool(CONFIGS, "--entity-type", "brokers", "--entity-default", "--describe").output()).contains("log.retention.ms=7000000");
        assertThat(tool(CONFIGS, "--entity-type", "topics", "--entity-name", "configured", "--describe", "--all").output()).contains("retention.ms=7000000");
        tool(CONFIGS, "--entity-type", "brokers", "--entity-default", "--alter", "--delete-config", "log.retention.ms");
        assertThat(tool(CONFIGS, "--entity-type", "brokers", "--entity-name", "1", "--describe", "--all").output()).contains("log.segment.bytes=");
    }

    @Test
    void recordsAreDeletedAndLogDirectoriesDescribed() throws IOException {
        tool(TOPICS, "--create", "--topic", "trimmed", "--partitions", "1");
        produce("trimmed", 0, 10);
        Path file = Files.writeString(directory.resolve("delete.json"), "{\"partitions\":[{\"topic\":\"trimmed\",\"partition\":0,\"offset\":6}],\"version\":1}");
        assertThat(tool(DELETE_RECORDS, "--offset-json-file", file.toString()).output()).contains("low_watermark: 6");
        assertThat(offsets("trimmed", "earliest")).isEqualTo("trimmed:0:6");
        assertThat(tool(LOG_DIRS, "--describe", "--topic-list", "trimmed").output()).contains("\"partition\":\"trimmed-0\"", "\"error\":null");
    }

    @Test
    void theBrokerTellsItsApiVersions() {
        assertThat(tool(API_VERSIONS).output()).contains("Produce(0):", "Fetch(1):", "ConsumerGroupHeartbeat(68):").doesNotContain("ERROR");
    }

    @Test
    void thePerformanceToolsRunThrough() {
        tool(TOPICS, "--create", "--topic", "performance", "--partitions", "3");
        ProcessResult sent = KafkaTool.run(PRODUCER_PERFORMANCE, "--topic", "performance", "--num-records", "20000", "--record-size", "500", "--throughput", "-1", "--bootstrap-server", node.bootstrap())
                .succeeded();
        assertThat(sent.output()).contains("20000 records sent");
        ProcessResult read = tool(CONSUMER_PERFORMANCE, "--topic", "performance", "--num-records", "20000", "--timeout", "60000");
        assertThat(read.output()).containsPattern(",\\s*20000\\s*,");
    }

    @Test
    void theDumpToolReadsEveryFileOfTheHotTier() throws IOException {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("dumped", 1, Map.of("segment.bytes", "1048576", "remote.storage.enable", "false"));
        }
        KafkaTool.run(PRODUCER_PERFORMANCE, "--topic", "dumped", "--num-records", "6000", "--record-size", "500", "--throughput", "-1", "--bootstrap-server", node.bootstrap(), "--command-property",
                "enable.idempotence=true", "compression.type=none", "batch.size=8000").succeeded();
        assertThat(Reading.all(node.bootstrap(), new TopicPartition("dumped", 0))).hasSize(6_000);
        node.stop();
        try {
            Path partition = partitionDirectory("dumped");
            List<String> logs = files(partition, ".log");
            assertThat(logs).hasSizeGreaterThan(2);
            ProcessResult log = dump(logs, "--deep-iteration", "--print-data-log");
            assertThat(log.lines().stream().filter(line -> line.startsWith("| offset:"))).hasSize(6_000);
            assertThat(log.lines().stream().filter(line -> line.startsWith("baseOffset:"))).isNotEmpty().allMatch(line -> line.contains("isvalid: true") && line.contains("magic: 2"));
            assertThat(dump(files(partition, ".index"), "--index-sanity-check").all()).contains("passed sanity check").doesNotContain("Mismatches", "Exception");
            assertThat(dump(files(partition, ".index"), "--verify-index-only").all()).doesNotContain("Mismatches", "Exception", "Non-sequential");
            assertThat(dump(files(partition, ".timeindex")).all()).contains("timestamp:").doesNotContain("Found timestamp mismatch", "Found out of order timestamp", "Exception");
            assertThat(dump(files(partition, ".snapshot")).all()).contains("producerId:", "producerEpoch:").doesNotContain("Exception");
            assertThat(Files.readString(partition.resolve("leader-epoch-checkpoint")).lines().toList()).first().isEqualTo("0");
        } finally {
            node.start();
        }
    }

    private static Path partitionDirectory(String topic) throws IOException {
        try (Stream<Path> files = Files.walk(node.data())) {
            return files.filter(file -> file.toString().endsWith(".log") && file.getParent().toString().contains(topic)).findFirst().orElseThrow().getParent();
        }
    }

    private static List<String> files(Path partition, String ending) throws IOException {
        try (Stream<Path> files = Files.list(partition)) {
            return files.map(Path::toString).filter(name -> name.endsWith(ending)).sorted().toList();
        }
    }

    private static ProcessResult dump(List<String> files, String... flags) {
        assertThat(files).isNotEmpty();
        List<String> arguments = new ArrayList<>(List.of(flags));
        arguments.addAll(List.of("--files", String.join(",", files)));
        return KafkaTool.run(DUMP, arguments.toArray(String[]::new)).succeeded();
    }
}
