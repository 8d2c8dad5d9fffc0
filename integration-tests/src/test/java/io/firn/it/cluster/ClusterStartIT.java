package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnProcess;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Place;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A cluster of three processes from its forming to its end: what an operator does in the first minute. */
class ClusterStartIT {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);

    @RegisterExtension
    final LastLines lastLines = new LastLines();

    @TempDir
    Path directory;

    private ClusterHarness cluster;
    private final List<String> acknowledged = new ArrayList<>();

    private TopicPartitionInfo partition() {
        return cluster.describe(PARTITION.topic()).partitions().get(0);
    }

    private List<Integer> inSync() {
        return partition().isr().stream().map(Node::id).sorted().toList();
    }

    private void produce(KafkaProducer<byte[], byte[]> producer, int records) throws ExecutionException, InterruptedException, TimeoutException {
        for (int i = 0; i < records; i++) {
            String value = "record " + acknowledged.size();
            producer.send(new ProducerRecord<>(PARTITION.topic(), 0, null, value.getBytes(StandardCharsets.UTF_8))).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            acknowledged.add(value);
        }
    }

    @Test
    void threeBrokersFormAClusterThatOutlivesTheLossOfOneAStopAndTheLossOfAll() throws Exception {
        cluster = lastLines.of(ClusterHarness.of(3, directory, Map.of())).form();
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(PARTITION.topic(), Optional.of(1), Optional.of((short) 3)).configs(Map.of("min.insync.replicas", "2")))).all());
        }
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(cluster.bootstrap(), Map.of("acks", "all", "enable.idempotence", "true"))) {
            produce(producer, 20);

            int killed = cluster.leader(PARTITION);
            cluster.broker(killed).kill9();
            produce(producer, 20);
            assertThat(cluster.leader(PARTITION)).as("another broker leads").isNotEqualTo(killed);
            assertThat(inSync()).doesNotContain(killed).hasSize(2);

            cluster.startMissing();
            assertThat(inSync()).as("it has caught up").containsExactly(1, 2, 3);

            int stopped = cluster.leader(PARTITION);
            cluster.broker(stopped).stop();
            produce(producer, 20);
            assertThat(cluster.leader(PARTITION)).isNotEqualTo(stopped);
            cluster.startMissing();

            cluster.kill9(Set.of(1, 2, 3));
            cluster.startMissing();
            produce(producer, 20);
        }
        assertThat(read()).as("everything acknowledged, once and in order").containsExactlyElementsOf(acknowledged);
    }

    private List<String> read() {
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(cluster.bootstrap(), Map.of("auto.offset.reset", "earliest"))) {
            consumer.assign(List.of(PARTITION));
            Await.until("all records read", LIMIT, () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(one -> values.add(new String(one.value(), StandardCharsets.UTF_8)));
                return values.size() >= acknowledged.size();
            });
        }
        return values;
    }

    @Test
    void oneCommandStartsThreeBrokersAndTheSameOneStopsThem() throws Exception {
        Path data = directory.resolve("c");
        for (int run = 1; run <= 2; run++) {
            FirnProcess firn = FirnProcess.launch(Place.LOOPBACK, "cluster", List.of("--brokers", "3", "--data", data.toString(), "--kafka-port", "0"), directory.resolve("firn-cluster.log"));
            try (Topics topics = Topics.of("127.0.0.1:" + firn.kafkaPort())) {
                assertThat(Topics.done(topics.admin().describeCluster().nodes())).hasSize(3);
                if (run == 1) {
                    Topics.done(topics.admin().createTopics(List.of(new NewTopic(PARTITION.topic(), Optional.empty(), Optional.empty()))).all());
                }
                List<Node> replicas = Topics.done(topics.admin().describeTopics(List.of(PARTITION.topic())).allTopicNames()).get(PARTITION.topic()).partitions().get(0).replicas();
                assertThat(replicas).as("a topic has three replicas by default, and is there after a restart of all").hasSize(3);
            }
            assertThat(firn.stop()).as(firn.logText()).isZero();
        }
        List<String> logs = new ArrayList<>();
        for (int id = 1; id <= 3; id++) {
            logs.add(Files.readString(data.resolve("broker-" + id).resolve("log")));
        }
        assertThat(logs).allSatisfy(log -> assertThat(log).contains("firn: stopped").doesNotContain("level=ERROR"));
        assertThat(logs).as("leaderships go before the broker does, as long as there is a majority").anySatisfy(log -> assertThat(log).contains("Gave the leaderships away").contains("stillLed=0"));
    }

    @Test
    void aVoterThatLostItsDiskVotesAgain() {
        cluster = lastLines.of(ClusterHarness.of(3, directory, Map.of("logging.level", "info"))).form();
        cluster.kill9(Set.of(1));
        delete(((FirnNode) cluster.broker(1)).data());
        cluster.startMissing();
        assertThat(cluster.broker(1).logText().split("This broker became a CP member")).hasSize(2);
        assertThat(cluster.broker(1).logText().split("This broker became a CP member")[1]).as("a voter that says it is ready has its vote, in all groups")
                .contains("\"This CP member has caught up\" group=METADATA").contains("\"This CP member has caught up\" group=default");
        cluster.kill9(Set.of(2));
        try (Topics topics = Topics.of(cluster.broker(1).bootstrap())) {
            Await.until("two of three decide", LIMIT, () -> {
                topics.create("decided-" + System.nanoTime(), 1); // an attempt that ran out of time may have succeeded
                return true;
            });
        }
        cluster.startMissing();
    }

    private static void delete(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
