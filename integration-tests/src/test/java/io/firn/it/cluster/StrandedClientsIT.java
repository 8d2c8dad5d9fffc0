package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * A stock consumer that is connected to one broker only, because that one leads what it reads and the others were away, asks that broker for everything: who leads, and who coordinates. When the others
 * do not hear that broker any more, it must not keep the consumer with what it knew then.
 */
class StrandedClientsIT {

    private static final Duration LIMIT = Duration.ofMinutes(2);

    @RegisterExtension
    final LastLines lastLines = new LastLines();

    @TempDir
    Path directory;

    private ClusterHarness cluster;

    @Test
    void aConsumerConnectedToNoOtherBrokerLeavesTheOneThatIsMute() throws Exception {
        cluster = lastLines.of(ClusterHarness.of(3, directory, Map.of())).form();
        assumeTrue(cluster.network().cuts(), "ways between brokers cannot be cut here");
        TopicPartition partition = new TopicPartition("stranding", 0);
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(partition.topic(), Optional.of(1), Optional.of((short) 3)).configs(Map.of("min.insync.replicas", "2")))).all());
        }
        int old = cluster.leader(partition);
        List<Integer> others = cluster.ids().stream().filter(id -> id != old).toList();
        String reached = others.stream().map(id -> cluster.broker(id).bootstrap()).collect(Collectors.joining(","));
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(cluster.bootstrap(), Map.of("group.id", "stranded", "default.api.timeout.ms", 10_000))) {
            consumer.subscribe(List.of(partition.topic()));
            sendOne(cluster.bootstrap(), partition);
            awaitCommit(consumer);
            cluster.kill9(others);
            cluster.startMissing();
            sendOne(cluster.bootstrap(), partition);
            awaitCommit(consumer);
            others.forEach(other -> cluster.network().cut(old, other));
            sendOne(reached, partition);
            assertThat(groups(reached)).contains("stranded");
            awaitCommit(consumer);
        }
    }

    /** As tools list them, of all brokers that the cluster takes for alive. */
    private static List<String> groups(String bootstrap) {
        try (Topics topics = Topics.of(bootstrap)) {
            return Topics.done(topics.admin().listGroups().all()).stream().map(GroupListing::groupId).toList();
        }
    }

    private static void sendOne(String bootstrap, TopicPartition partition) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("request.timeout.ms", 5_000))) {
            producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, new byte[10])).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Until something was read and its commit confirmed. */
    private static void awaitCommit(KafkaConsumer<byte[], byte[]> consumer) {
        boolean[] read = {false};
        Await.until("the group has read and committed", LIMIT, () -> {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(Duration.ofMillis(200));
            read[0] |= !records.isEmpty();
            return read[0] && committed(consumer);
        });
    }

    private static boolean committed(KafkaConsumer<byte[], byte[]> consumer) {
        try {
            consumer.commitSync();
            return true;
        } catch (CommitFailedException | RebalanceInProgressException | RetriableException later) {
            return false;
        }
    }
}
