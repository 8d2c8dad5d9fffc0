package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.cli.Main;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaTool;
import io.firn.it.harness.ProcessResult;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker of three is emptied with {@code firn broker drain} and stopped for good, and nothing is missing. */
class ClusterDrainIT {

    private static final int PARTITIONS = 6;
    private static final int RECORDS = 300;

    @TempDir
    Path directory;

    @Test
    void aDrainedBrokerIsStoppedAndForgottenAndNothingIsMissing() throws Exception {
        try (ClusterHarness cluster = ClusterHarness.of(3, directory, Map.of()).form(); Admin admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrap()))) {
            Assumptions.assumeTrue(cluster.broker(1) instanceof FirnNode, "Kafka drains no brokers");
            String http = ((FirnNode) cluster.broker(1)).http("").toString();
            admin.createTopics(List.of(new NewTopic("t", PARTITIONS, (short) 2))).all().get();
            produce(cluster);

            ProcessResult drained = firn("broker", "drain", "3", "--at-once", "2", "--http", http).succeeded();

            assertThat(drained.output()).contains("broker 3 holds no replicas and leads nothing: it is safe to stop");
            assertThat(partitions(admin)).allSatisfy(partition -> {
                assertThat(partition.replicas()).extracting(Node::id).hasSize(2).doesNotContain(3);
                assertThat(partition.isr()).hasSize(2);
            });

            cluster.kill9(Set.of(3));
            Await.until("it is taken for dead and may be forgotten", Duration.ofSeconds(60), () -> firn("broker", "remove", "3", "--http", http).exitCode() == 0);

            assertThat(firn("broker", "list", "--http", http).succeeded().output()).contains("cluster ").doesNotContain("\n3 ");
            assertThat(read(cluster)).isEqualTo(IntStream.range(0, RECORDS).mapToObj(i -> "v" + i).collect(HashSet::new, Set::add, Set::addAll));
        }
    }

    private static ProcessResult firn(String... arguments) {
        return KafkaTool.runWithOwnClient(Main.class, arguments);
    }

    private static List<TopicPartitionInfo> partitions(Admin admin) throws Exception {
        return admin.describeTopics(List.of("t")).allTopicNames().get().get("t").partitions();
    }

    private static void produce(ClusterHarness cluster) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", cluster.bootstrap()), new StringSerializer(), new StringSerializer())) {
            IntStream.range(0, RECORDS).forEach(i -> producer.send(new ProducerRecord<>("t", i % PARTITIONS, "k", "v" + i)));
        }
    }

    private static Set<String> read(ClusterHarness cluster) {
        Set<String> values = new HashSet<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", cluster.bootstrap()), new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> all = new ArrayList<>(IntStream.range(0, PARTITIONS).mapToObj(partition -> new TopicPartition("t", partition)).toList());
            consumer.assign(all);
            consumer.seekToBeginning(all);
            Await.until("all is read", Duration.ofSeconds(60), () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(record.value()));
                return values.size() >= RECORDS;
            });
        }
        return values;
    }
}
