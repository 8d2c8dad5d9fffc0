package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.HttpCalls;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.ReplicaInfo;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers as processes, each in a rack of its own, and stock clients: what replicas are for. The brokers are started once. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReplicationIT {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final int MIB = 1 << 20;
    private static final int COLD_MIB = 24;

    @TempDir
    static Path directory;

    private static ClusterHarness cluster;

    @BeforeAll
    static void form() {
        cluster = ClusterHarness.of(3, directory, Map.of());
        cluster.ids().forEach(id -> ((FirnNode) cluster.broker(id)).set("node.rack", "r" + id));
        cluster.form();
    }

    @AfterAll
    static void close() {
        cluster.close();
    }

    private static void create(NewTopic topic, Map<String, String> configs) {
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(topic.configs(configs))).all());
        }
    }

    private static String text(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.value());
    }

    @Test
    @Order(1)
    void aConsumerReadsFromTheReplicaInItsRack() {
        TopicPartition partition = new TopicPartition("near", 0);
        create(new NewTopic("near", Map.of(0, List.of(1, 2, 3))), Map.of());
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(cluster.bootstrap(), Map.of())) {
            for (int i = 0; i < 2_000; i++) {
                producer.send(new ProducerRecord<>("near", 0, null, ("near " + i + "-".repeat(1000)).getBytes()));
            }
            producer.flush();
        }
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(cluster.bootstrap(), Map.of("client.rack", "r2", "max.partition.fetch.bytes", 100_000))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            List<ConsumerRecord<byte[], byte[]>> read = Reading.toEnd(consumer, List.of(partition)).get(partition);
            assertThat(read).hasSize(2_000);
            assertThat(receivedBytes(consumer, 2)).as("from the broker in its rack").isGreaterThan(1_900_000);
            assertThat(receivedBytes(consumer, 1)).as("from the leader").isLessThan(200_000);
        }
    }

    private static double receivedBytes(KafkaConsumer<byte[], byte[]> consumer, int broker) {
        return consumer.metrics().entrySet().stream().filter(metric -> metric.getKey().name().equals("incoming-byte-total") && ("node-" + broker).equals(metric.getKey().tags().get("node-id")))
                .mapToDouble(metric -> (Double) metric.getValue().metricValue()).sum();
    }

    @Test
    @Order(2)
    void movingAPartitionOfTheColdTierCopiesItsTailOnly() {
        TopicPartition partition = new TopicPartition("moved", 0);
        create(new NewTopic("moved", Map.of(0, List.of(1))), Map.of("segment.bytes", "" + MIB, "local.retention.ms", "1000"));
        int records = COLD_MIB * 100;
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(cluster.bootstrap(), Map.of())) {
            for (int i = 0; i < records; i++) {
                producer.send(new ProducerRecord<>("moved", 0, null, (i + "-".repeat(MIB / 100)).getBytes()));
            }
            producer.flush();
        }
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            topics.awaitCold(List.of(partition), 200);
            Admin admin = topics.admin();
            Topics.done(admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(List.of(3))))).all());
            Await.until("moved", LIMIT, () -> Topics.done(admin.listPartitionReassignments().reassignments()).isEmpty() && cluster.leader(partition) == 3);
            long copied = replica(admin, 3, partition).orElseThrow().size();
            System.out.println("a partition of " + COLD_MIB + " MiB was moved: " + copied + " bytes are on the new broker's disk");
            assertThat(copied).isLessThan(3 * MIB);
            Await.until("the old replica's files are gone", LIMIT, () -> replica(admin, 1, partition).isEmpty());
        }
        List<String> read = Reading.all(cluster.bootstrap(), partition).stream().map(record -> text(record).replace("-", "")).toList();
        assertThat(read).isEqualTo(IntStream.range(0, records).mapToObj(Integer::toString).toList());
    }

    private static Optional<ReplicaInfo> replica(Admin admin, int broker, TopicPartition partition) {
        return Topics.done(admin.describeLogDirs(List.of(broker)).allDescriptions()).get(broker).values().stream()
                .flatMap(dir -> dir.replicaInfos().entrySet().stream()).filter(replica -> replica.getKey().equals(partition)).map(Map.Entry::getValue).findFirst();
    }

    private static List<FirnNode> firn() {
        return cluster.ids().stream().map(cluster::broker).map(FirnNode.class::cast).filter(FirnNode::alive).toList();
    }

    private static boolean saysInSync(FirnNode node) {
        try {
            return HttpCalls.get(node.http("/health/in-sync")).statusCode() == 200;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Over all that run. */
    private static double metric(String name) throws IOException {
        double sum = 0;
        for (FirnNode node : firn()) {
            sum += node.metric(name);
        }
        return sum;
    }

    @Test
    @Order(3)
    void whatWasAcknowledgedSurvivesKillNineOfTheLeaderOnceAndInOrder() throws InterruptedException {
        List<TopicPartition> partitions = Topics.partitions("kept", 3);
        create(new NewTopic("kept", 3, (short) 3), Map.of("min.insync.replicas", "2"));
        AtomicReferenceArray<List<String>> acknowledged = new AtomicReferenceArray<>(3);
        IntStream.range(0, 3).forEach(partition -> acknowledged.set(partition, new ArrayList<>()));
        AtomicReference<Exception> failure = new AtomicReference<>();
        AtomicBoolean producing = new AtomicBoolean(true);
        Map<String, Object> settings = Map.of("linger.ms", 2, "delivery.timeout.ms", 120_000, "request.timeout.ms", 10_000, "max.block.ms", 120_000);
        Thread load = new Thread(() -> {
            try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(cluster.bootstrap(), settings)) {
                for (int i = 0; producing.get(); i++) {
                    String value = "kept " + i;
                    int partition = i % 3;
                    producer.send(new ProducerRecord<>("kept", partition, null, value.getBytes()), (metadata, failed) -> {
                        if (failed == null) {
                            acknowledged.get(partition).add(value);
                        } else {
                            failure.set(failed);
                        }
                    });
                    TimeUnit.MICROSECONDS.sleep(200);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        load.start();
        Await.until("the load runs", LIMIT, () -> partitions.stream().allMatch(partition -> acknowledged.get(partition.partition()).size() > 100));
        int leader = cluster.leader(partitions.get(0));
        cluster.kill9(List.of(leader));
        int[] before = partitions.stream().mapToInt(partition -> acknowledged.get(partition.partition()).size()).toArray();
        long killed = System.nanoTime();
        Await.until("every partition goes on", LIMIT, () -> partitions.stream().allMatch(partition -> acknowledged.get(partition.partition()).size() > before[partition.partition()] + 100));
        System.out.println("every partition was served again " + (System.nanoTime() - killed) / 1_000_000 + " ms after kill -9 of broker " + leader);
        if (!ClusterHarness.KAFKA) {
            Await.until("what lacks a replica is shown", LIMIT, () -> metric("firn_partitions_under_replicated") >= 3);
        }
        cluster.startMissing();
        if (!ClusterHarness.KAFKA) {
            Await.until("every broker says that its replicas are in sync", LIMIT, () -> firn().stream().allMatch(ReplicationIT::saysInSync));
            Await.until("nothing is shown to lack a replica", LIMIT, () -> metric("firn_partitions_under_replicated") == 0 && metric("firn_controller_brokers_active") == 3);
        }
        int[] whole = partitions.stream().mapToInt(partition -> acknowledged.get(partition.partition()).size()).toArray();
        Await.until("they go on with all three", LIMIT, () -> partitions.stream().allMatch(partition -> acknowledged.get(partition.partition()).size() > whole[partition.partition()] + 100));
        producing.set(false);
        load.join();
        assertThat(failure.get()).isNull();
        Reading.all(cluster.bootstrap(), partitions).forEach((partition, records) ->
                assertThat(records.stream().map(ReplicationIT::text).toList()).isEqualTo(acknowledged.get(partition.partition())));
    }
}
