package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.BucketInspection;
import io.firn.cold.BucketVerdict;
import io.firn.cold.s3.HttpFault;
import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A leader is stopped (SIGSTOP) while the manifest that names a segment is on its way to the bucket; another one leads, offloads and deletes local copies; then the first one goes on, and its manifest arrives. */
class ZombieOffloadIT {

    private static final Duration FAILOVER_LIMIT = Duration.ofMinutes(2);
    private static final int VALUE_BYTES = 4_000;
    private static final int RECORDS_A_MEGABYTE = 250;

    @RegisterExtension
    final LastLines lastLines = new LastLines();

    @TempDir
    Path directory;

    private final Random random = Seed.random("ZombieOffloadIT");
    private final List<byte[]> sent = new ArrayList<>();
    private final TopicPartition partition = new TopicPartition("zombie", 0);
    private ClusterHarness cluster;

    @Test
    void aLeaderThatWasStoppedWhileItCommittedChangesNothingWhenItGoesOn() throws Exception {
        cluster = lastLines.of(ClusterHarness.behindProxy(3, directory, Map.of("cold.request.timeout.ms", "120000", "cluster.session.timeout.ms", "3000"))).form();
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(partition.topic(), Map.of(partition.partition(), replicas())).configs(Map.of("min.insync.replicas", "2",
                    "segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1")))).all());
        }
        send(cluster.bootstrap(), 2);
        HttpFault held = cluster.store().proxy().inject(HttpFault.holdingRequest().on(line -> line.startsWith("PUT ") && line.contains("/zombie-") && line.contains(".manifest")).times(1));
        send(cluster.bootstrap(), 2);
        Await.until("a manifest is on its way", FAILOVER_LIMIT, held::awaitReached);

        int old = cluster.leader(partition);
        cluster.broker(old).pause();
        String others = cluster.ids().stream().filter(id -> id != old).map(id -> cluster.broker(id).bootstrap()).collect(Collectors.joining(","));
        awaitAnotherLeader(others, old);
        send(others, 3);
        try (Topics topics = Topics.of(others)) {
            Await.until("the new leader offloads, and local copies go", FAILOVER_LIMIT, () -> topics.offset(partition, OffsetSpec.earliestLocal()) > 5 * RECORDS_A_MEGABYTE);
        }

        cluster.broker(old).resume();
        held.release();
        cluster.awaitReady();
        send(cluster.bootstrap(), 1);
        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(cluster.bootstrap(), partition);
        assertThat(read).hasSameSizeAs(sent);
        for (int i = 0; i < sent.size(); i++) {
            assertThat(read.get(i).offset()).isEqualTo(i);
            assertThat(Arrays.equals(read.get(i).value(), sent.get(i))).as("record %d", i).isTrue();
        }
        Await.until("the bucket has what the old leader's successors committed", FAILOVER_LIMIT, () -> verdict(new ArrayList<>()).segments() > 5);
        assertNothingIsWrongInTheBucket();
    }

    /** The controller is not the one to lead: if it was stopped, another one would have to take its place first, which takes long and is another test's matter. */
    private List<Integer> replicas() {
        Predicate<Integer> wasController = id -> cluster.broker(id).logText().contains("This broker is the controller");
        return cluster.ids().stream().sorted(Comparator.comparing(wasController::test)).toList();
    }

    /** All are acknowledged when this returns. One at a time in flight and idempotent: at contiguous offsets. */
    private void send(String bootstrap, int megabytes) throws Exception {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("linger.ms", 5, "batch.size", 64_000, "delivery.timeout.ms", 120_000))) {
            for (int i = 0; i < megabytes * RECORDS_A_MEGABYTE; i++) {
                byte[] value = new byte[VALUE_BYTES];
                random.nextBytes(value);
                sent.add(value);
                answers.add(producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, value)));
            }
        }
        for (Future<RecordMetadata> answer : answers) {
            answer.get();
        }
    }

    private void awaitAnotherLeader(String others, int old) {
        try (Admin admin = KafkaClients.admin(others, Map.of("default.api.timeout.ms", 10_000, "request.timeout.ms", 5_000))) {
            Await.until("another leader than broker " + old, FAILOVER_LIMIT, () -> {
                TopicDescription topic = Topics.done(admin.describeTopics(List.of(partition.topic())).allTopicNames()).get(partition.topic());
                return topic.partitions().get(0).leader() != null && topic.partitions().get(0).leader().id() != old && !topic.partitions().get(0).leader().isEmpty();
            });
        }
    }

    /** What the old leader has left behind is found as orphans, if it has left anything. */
    private void assertNothingIsWrongInTheBucket() throws InterruptedException {
        List<String> told = new ArrayList<>();
        BucketVerdict verdict = verdict(told);
        System.out.println("zombie: " + verdict);
        assertThat(verdict.problems()).as("%s", told).isZero();
    }

    private BucketVerdict verdict(List<String> told) throws InterruptedException {
        try (BucketInspection inspection = BucketInspection.open(cluster.store().opened(), "")) {
            return inspection.verify(inspection.partitions(Optional.of(partition.topic())), true, told::add, bytes -> {});
        }
    }
}
