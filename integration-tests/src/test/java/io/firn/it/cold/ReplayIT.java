package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnTool;
import io.firn.it.harness.KafkaNode;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.Letter;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code firn replay} and the tools that look into a bucket, beside a broker and after its end, against what stock clients wrote and read. */
class ReplayIT {

    private static final int PARTITIONS = 3;
    private static final int MEGABYTES = 3;

    @TempDir
    Path directory;

    /** A record as a line of JSON told it; see {@link Letter}. */
    private record Line(int partition, long offset, Letter letter) {}

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3"})
    void whatClientsWroteIsReplayedWithoutABroker(String provider) throws IOException {
        TieredLoad load = new TieredLoad(Seed.random("ReplayIT"));
        try (Buckets buckets = Buckets.open(provider, directory)) {
            Map<TopicPartition, Long> boundaries = new HashMap<>();
            List<TopicPartition> partitions;
            try (FirnNode node = buckets.node(directory.resolve("data"), Map.of()).start(); Topics topics = Topics.of(node.bootstrap())) {
                partitions = topics.create("tiered", PARTITIONS, TieredLoad.TINY_SEGMENTS);
                load.send(node.bootstrap(), partitions, MEGABYTES);
                topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
                assertThat(read(FirnTool.run(buckets.settings(), "replay", "tiered", "--to", "100").succeeded().output())).as("beside the broker").hasSize(PARTITIONS * 100);
                for (TopicPartition partition : partitions) {
                    boundaries.put(partition, topics.offset(partition, OffsetSpec.latestTiered()) + 1);
                }
                node.kill9();
            }
            assertThat(FirnTool.run(buckets.settings(), "manifest", "verify", "--deep").succeeded().output()).contains(" 0 problem(s)");

            List<Line> all = read(FirnTool.run(buckets.settings(), "replay", "tiered").succeeded().output());
            Map<TopicPartition, List<Line>> byPartition = new HashMap<>();
            all.forEach(line -> byPartition.computeIfAbsent(new TopicPartition("tiered", line.partition()), any -> new ArrayList<>()).add(line));
            for (TopicPartition partition : partitions) {
                List<Line> lines = byPartition.get(partition);
                assertThat((long) lines.size()).isGreaterThanOrEqualTo(boundaries.get(partition)).isLessThanOrEqualTo(load.sent(partition).size());
                for (int offset = 0; offset < lines.size(); offset++) {
                    assertThat(lines.get(offset).offset()).isEqualTo(offset);
                    assertThat(lines.get(offset).letter().equals(load.sent(partition).get(offset))).as("%s at %d", partition, offset).isTrue();
                }
            }
            byTime(buckets, load, byPartition, partitions.get(1));
            intoAnotherCluster(buckets, byPartition, partitions);
        }
    }

    private static void byTime(Buckets buckets, TieredLoad load, Map<TopicPartition, List<Line>> all, TopicPartition partition) throws IOException {
        int from = all.get(partition).size() / 3;
        int to = 2 * from;
        List<Line> lines = read(FirnTool.run(buckets.settings(), "replay", "tiered", "--partition", "1", "--from", "@" + load.sent(partition).get(from).timestamp(), "--to",
                "@" + load.sent(partition).get(to).timestamp()).succeeded().output());
        assertThat(lines.stream().map(Line::offset)).isEqualTo(all.get(partition).subList(from, to).stream().map(Line::offset).toList());
    }

    /** Of Firn and of Apache Kafka. */
    private void intoAnotherCluster(Buckets buckets, Map<TopicPartition, List<Line>> expected, List<TopicPartition> partitions) throws IOException {
        try (FirnNode firn = FirnNode.in(directory.resolve("other"))) {
            replayedInto(firn.start(), buckets, expected, partitions);
        }
        try (KafkaNode kafka = KafkaNode.in(directory.resolve("kafka"), Map.of())) {
            replayedInto(kafka.start(), buckets, expected, partitions);
            withTheClientsSettings(kafka, buckets, expected, partitions);
        }
    }

    private static void replayedInto(BrokerNode other, Buckets buckets, Map<TopicPartition, List<Line>> expected, List<TopicPartition> partitions) {
        try (Topics topics = Topics.of(other.bootstrap())) {
            topics.create("narrow", PARTITIONS - 1);
            for (String target : List.of("narrow", "nowhere")) {
                assertThat(FirnTool.run(buckets.settings(), "replay", "tiered", "--to-cluster", other.bootstrap(), "--to-topic", target).exitCode()).as(target).isNotZero();
            }
            assertThat(Topics.done(topics.admin().listTopics().names())).as("not made by asking for it").contains("narrow").doesNotContain("nowhere");
            topics.create("copy", PARTITIONS);
            FirnTool.run(buckets.settings(), "replay", "tiered", "--to-cluster", other.bootstrap(), "--to-topic", "copy").succeeded();
        }
        assertCopied(other, "copy", expected, partitions);
    }

    private static void assertCopied(BrokerNode other, String topic, Map<TopicPartition, List<Line>> expected, List<TopicPartition> partitions) {
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = Reading.all(other.bootstrap(), Topics.partitions(topic, PARTITIONS));
        for (TopicPartition partition : partitions) {
            List<Letter> letters = read.get(new TopicPartition(topic, partition.partition())).stream().map(Letter::of).toList();
            assertThat(letters.equals(expected.get(partition).stream().map(Line::letter).toList())).as("%s as it was", partition).isTrue();
        }
    }

    /** As the target's disk shows: without them nothing is compressed. */
    private void withTheClientsSettings(KafkaNode kafka, Buckets buckets, Map<TopicPartition, List<Line>> expected, List<TopicPartition> partitions) throws IOException {
        try (Topics topics = Topics.of(kafka.bootstrap())) {
            topics.create("packed", PARTITIONS);
        }
        FirnTool.run(buckets.settings(), "replay", "tiered", "--to-cluster", kafka.bootstrap(), "--to-topic", "packed", "--client-config", "compression.type=zstd", "--client-config", "client.id=mover").succeeded();
        assertCopied(kafka, "packed", expected, partitions);
        assertThat(batches("copy")).isNotEmpty().allMatch(line -> line.contains("compresscodec: none"));
        assertThat(batches("packed")).isNotEmpty().allMatch(line -> line.contains("compresscodec: zstd"));
    }

    private List<String> batches(String topic) throws IOException {
        Path log;
        try (Stream<Path> files = Files.walk(directory.resolve("kafka"))) {
            log = files.filter(file -> file.getParent().getFileName().toString().equals(topic + "-1") && file.toString().endsWith(".log")).findFirst().orElseThrow();
        }
        return KafkaTool.run("org.apache.kafka.tools.DumpLogSegments", "--files", log.toString()).succeeded().lines().stream().filter(line -> line.startsWith("baseOffset:")).toList();
    }

    /** As a cluster leaves them that has taken a bucket over and gave the name again without bringing the old topic back. */
    @Test
    void theTopicIdSaysWhichOneWhereANameWasGivenTwice() throws IOException {
        try (Buckets buckets = Buckets.open("file", directory)) {
            List<String> ids = new ArrayList<>();
            List<TieredLoad> loads = new ArrayList<>();
            for (String cluster : List.of("old", "new")) {
                try (FirnNode node = buckets.node(directory.resolve(cluster), Map.of())) {
                    if (!ids.isEmpty()) {
                        buckets.takeOver(node);
                    }
                    node.start();
                    TieredLoad load = new TieredLoad(Seed.random("ReplayIT." + cluster));
                    try (Topics topics = Topics.of(node.bootstrap())) {
                        List<TopicPartition> partition = topics.create("twice", 1, TieredLoad.TINY_SEGMENTS);
                        load.send(node.bootstrap(), partition, 2);
                        topics.awaitCold(partition, TieredLoad.SEGMENT_RECORDS);
                        ids.add(Topics.done(topics.admin().describeTopics(List.of("twice")).allTopicNames()).get("twice").topicId().toString());
                    }
                    loads.add(load);
                    node.kill9();
                }
            }
            ProcessResult undecided = FirnTool.run(buckets.settings(), "replay", "twice");
            assertThat(undecided.exitCode()).isEqualTo(2);
            assertThat(undecided.output()).isEmpty();
            assertThat(undecided.errors()).contains(ids);
            for (int i = 0; i < ids.size(); i++) {
                List<Letter> letters = read(FirnTool.run(buckets.settings(), "replay", "twice", "--topic-id", ids.get(i)).succeeded().output()).stream().map(Line::letter).toList();
                List<Letter> sent = loads.get(i).sent(new TopicPartition("twice", 0));
                assertThat(letters).hasSizeGreaterThan(TieredLoad.SEGMENT_RECORDS / 2);
                assertThat(letters.equals(sent.subList(0, letters.size()))).as("records of %s", ids.get(i)).isTrue();
            }
            assertThat(FirnTool.run(buckets.settings(), "replay", "twice", "--topic-id", Uuid.randomUuid().toString()).exitCode()).isOne();
        }
    }

    @Test
    void committedRecordsAreReplayedAsStockConsumersReadThem() throws IOException {
        try (Buckets buckets = Buckets.open("file", directory); FirnNode node = buckets.node(directory.resolve("data"), Map.of()).start(); Topics topics = Topics.of(node.bootstrap())) {
            TopicPartition partition = topics.create("paid", 1, TieredLoad.TINY_SEGMENTS).get(0);
            Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", node.bootstrap(), "transactional.id", "till", "linger.ms", 5));
            try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
                producer.initTransactions();
                for (int transaction = 0; transaction < 60; transaction++) {
                    producer.beginTransaction();
                    for (int i = 0; i < 30; i++) {
                        producer.send(new ProducerRecord<>("paid", 0, null, ("k" + transaction + "." + i).getBytes(StandardCharsets.US_ASCII), new byte[3_000]));
                    }
                    if (transaction % 3 == 1) {
                        producer.flush();
                        producer.abortTransaction();
                    } else {
                        producer.commitTransaction();
                    }
                }
            }
            topics.awaitCold(List.of(partition), TieredLoad.SEGMENT_RECORDS + 60);
            List<ConsumerRecord<byte[], byte[]>> committed = Reading.all(node.bootstrap(), List.of(partition), Map.of("isolation.level", "read_committed")).get(partition);
            List<ConsumerRecord<byte[], byte[]>> everything = Reading.all(node.bootstrap(), List.of(partition), Map.of("isolation.level", "read_uncommitted")).get(partition);
            node.kill9();

            List<Long> replayed = read(FirnTool.run(buckets.settings(), "replay", "paid", "--read-committed").succeeded().output()).stream().map(Line::offset).toList();
            List<Long> uncommitted = read(FirnTool.run(buckets.settings(), "replay", "paid").succeeded().output()).stream().map(Line::offset).toList();
            assertThat(replayed).hasSizeGreaterThan(500);
            assertThat(replayed).isEqualTo(committed.stream().map(ConsumerRecord::offset).filter(offset -> offset <= replayed.get(replayed.size() - 1)).toList());
            assertThat(uncommitted).isEqualTo(everything.stream().map(ConsumerRecord::offset).filter(offset -> offset <= uncommitted.get(uncommitted.size() - 1)).toList());
            assertThat(uncommitted.size()).isGreaterThan(replayed.size());
        }
    }

    /** The proxy answers whoever wants to change anything as S3 answers somebody without that permission. Asking for a list is a GET. */
    @ParameterizedTest
    @ValueSource(strings = {"s3", "minio"})
    void whoMayOnlyReadReplaysVerifiesAndDumps(String provider) throws IOException {
        TieredLoad load = new TieredLoad(Seed.random("ReplayIT"));
        S3Server server = S3Server.start(directory.resolve("objects"));
        try (server; FaultProxy proxy = FaultProxy.start(server.port())) {
            TopicPartition partition = new TopicPartition("tiered", 0);
            Map<String, String> full = new HashMap<>(Buckets.settings(provider, server, server.endpoint()));
            full.putAll(Map.of("retention.check.interval.ms", "100"));
            try (FirnNode node = FirnNode.in(directory.resolve("data"), full).start(); Topics topics = Topics.of(node.bootstrap())) {
                topics.create("tiered", 1, TieredLoad.TINY_SEGMENTS);
                load.send(node.bootstrap(), List.of(partition), 2);
                topics.awaitCold(List.of(partition), TieredLoad.SEGMENT_RECORDS);
                node.kill9();
            }
            Map<String, String> reading = Buckets.settings(provider, server, proxy.endpoint());
            proxy.inject(HttpFault.answering(403, "AccessDenied").on(line -> !line.startsWith("GET ") && !line.startsWith("HEAD ")));

            List<Letter> letters = read(FirnTool.run(reading, "replay", "tiered").succeeded().output()).stream().map(Line::letter).toList();
            assertThat(letters).hasSizeGreaterThan(TieredLoad.SEGMENT_RECORDS / 2);
            assertThat(letters.equals(load.sent(partition).subList(0, letters.size()))).as("records as they were sent").isTrue();
            assertThat(FirnTool.run(reading, "manifest", "verify", "--deep").succeeded().output()).contains(" 0 problem(s)");
            String shown = FirnTool.run(reading, "manifest", "show", "tiered", "--segments").succeeded().output();
            Matcher segment = Pattern.compile("\\S+\\.segment").matcher(shown);
            assertThat(segment.find()).as(shown).isTrue();
            List<String> dumped = FirnTool.run(reading, "segment", "dump", segment.group(), "--records").succeeded().lines();
            assertThat(dumped).filteredOn(line -> line.startsWith("record")).hasSizeGreaterThan(TieredLoad.SEGMENT_RECORDS / 2);
            assertThat(proxy.requests("GET ")).isPositive();
            assertThat(proxy.requests("PUT ") + proxy.requests("POST ") + proxy.requests("DELETE ")).as("attempts to change anything").isZero();

            assertThat(FirnTool.run(reading, "bucket", "takeover", "--from", clusterOf(reading), "--to", "somebody").exitCode()).as("what does write is refused on this way").isNotZero();
            assertThat(proxy.requests("PUT ")).isPositive();
        }
    }

    private static String clusterOf(Map<String, String> reading) {
        String verified = FirnTool.run(reading, "manifest", "verify").succeeded().output();
        Matcher cluster = Pattern.compile("^cluster  (\\S+)").matcher(verified);
        assertThat(cluster.find()).as(verified).isTrue();
        return cluster.group(1);
    }

    private static List<Line> read(String output) throws IOException {
        List<Line> lines = new ArrayList<>();
        for (String line : output.lines().toList()) {
            try (JsonParser json = new JsonFactory().createParser(line)) {
                lines.add(read(json));
            }
        }
        return lines;
    }

    private static Line read(JsonParser json) throws IOException {
        int partition = -1;
        long offset = -1;
        long timestamp = -1;
        String key = "-";
        String value = "-";
        List<String> headers = new ArrayList<>();
        json.nextToken();
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            json.nextToken();
            switch (name) {
                case "partition" -> partition = json.getIntValue();
                case "offset" -> offset = json.getLongValue();
                case "timestamp" -> timestamp = json.getLongValue();
                case "key", "keyBase64" -> key = hex(name, json);
                case "value", "valueBase64" -> value = hex(name, json);
                case "headers" -> {
                    while (json.nextToken() == JsonToken.START_OBJECT) {
                        json.nextToken();
                        String header = json.nextTextValue();
                        String field = json.nextFieldName();
                        json.nextToken();
                        headers.add(header + "=" + hex(field, json));
                        json.nextToken();
                    }
                }
                default -> throw new AssertionError("Unknown field " + name);
            }
        }
        return new Line(partition, offset, new Letter(timestamp, key, value, headers));
    }

    private static String hex(String field, JsonParser json) throws IOException {
        if (json.currentToken() == JsonToken.VALUE_NULL) {
            return "-";
        }
        byte[] bytes = field.endsWith("Base64") ? Base64.getDecoder().decode(json.getText()) : json.getText().getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().formatHex(bytes);
    }
}
