package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.BucketInspection;
import io.firn.cold.BucketVerdict;
import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A leader is stopped (SIGSTOP) while a request of its is on the way to the bucket; another one leads, offloads and deletes local copies; then the first one goes on, and its request arrives. Nothing of it counts, and what it has left is swept.
 */
class ZombieOffloadIT {

    private static final Duration FAILOVER_LIMIT = Duration.ofMinutes(2);
    private static final int VALUE_BYTES = 4_000;
    private static final int RECORDS_A_MEGABYTE = 250;
    private static final Map<String, String> SETTINGS = Map.of("cold.request.timeout.ms", "120000", "cluster.session.timeout.ms", "3000", "cold.delete.grace.ms", "100", "cold.sweep.interval.ms", "1000", "cold.sweep.grace.ms", "0");

    @RegisterExtension
    static final LastLines LAST_LINES = new LastLines();

    @TempDir
    static Path directory;

    private static ClusterHarness cluster;

    private final Random random = Seed.random("ZombieOffloadIT");
    private final List<byte[]> sent = new ArrayList<>();
    private TopicPartition partition;

    /** What is on the way. */
    private enum OnTheWay {
        UPLOAD("PUT ", ".segment", true),
        /** That names a segment whose upload has arrived. */
        MANIFEST("PUT ", ".manifest", true),
        /** Of segments that a manifest has dropped, which its successor deletes as well. */
        DELETE("POST ", ".segment", false);

        final String method;
        final String named;
        final boolean leaks;

        OnTheWay(String method, String named, boolean leaks) {
            this.method = method;
            this.named = named;
            this.leaks = leaks;
        }

        boolean is(String topic, String requestLine, byte[] body) {
            String about = requestLine + new String(body, StandardCharsets.ISO_8859_1);
            return requestLine.startsWith(method) && about.contains("/" + topic + "-") && about.contains(named);
        }
    }

    @BeforeAll
    static void form() {
        cluster = LAST_LINES.ofAll(ClusterHarness.behindProxy(3, directory, SETTINGS)).form();
    }

    @AfterEach
    void release() {
        cluster.store().proxy().clear();
    }

    @ParameterizedTest
    @EnumSource
    void aLeaderThatWasStoppedChangesNothingWhenItGoesOnAndWhatItLeftIsSwept(OnTheWay request) throws Exception {
        partition = new TopicPartition("zombie-" + request.name().toLowerCase(Locale.ROOT), 0);
        FaultProxy proxy = cluster.store().proxy();
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(partition.topic(), Map.of(partition.partition(), replicas())).configs(Map.of("min.insync.replicas", "2",
                    "segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1")))).all());
        }
        send(cluster.bootstrap(), 2);
        awaitOffloaded(cluster.bootstrap());
        HttpFault held = proxy.inject(HttpFault.holdingRequest().on((line, body) -> request.is(partition.topic(), line, body)).times(1));
        int start = lead(request);
        Await.until("it is on its way", FAILOVER_LIMIT, held::awaitReached);

        int old = cluster.leader(partition);
        cluster.broker(old).pause();
        Optional<HttpFault> refusal = request.leaks ? Optional.of(proxy.inject(HttpFault.answering(403, "AccessDenied").on((line, body) -> OnTheWay.DELETE.is(partition.topic(), line, body)))) : Optional.empty();
        List<Integer> others = cluster.ids().stream().filter(id -> id != old).toList();
        String bootstrap = others.stream().map(id -> cluster.broker(id).bootstrap()).collect(Collectors.joining(","));
        awaitAnotherLeader(bootstrap, old);
        send(bootstrap, 3);
        awaitOffloaded(bootstrap);

        cluster.broker(old).resume();
        held.release();
        Await.until("it has arrived", held::awaitDone);
        cluster.awaitReady();
        send(cluster.bootstrap(), 1);
        refusal.ifPresent(deletes -> {
            Await.until("what was left behind is told while it cannot be deleted", () -> metric("firn_cold_orphan_objects") > 0 && metric("firn_cold_orphan_bytes") > 0);
            deletes.release();
        });
        awaitOffloaded(cluster.bootstrap());
        assertEverythingIsThere(start);
        awaitNothingIsLeftBehind();
    }

    /** Has the leader do what leads to the request. Returns where the log begins then. */
    private int lead(OnTheWay request) throws Exception {
        if (request != OnTheWay.DELETE) {
            send(cluster.bootstrap(), 2);
            return 0;
        }
        int start = RECORDS_A_MEGABYTE * 6 / 5; // within the second segment
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(start))).all());
        }
        return start;
    }

    private void assertEverythingIsThere(int start) {
        List<ConsumerRecord<byte[], byte[]>> read = Reading.all(cluster.bootstrap(), partition);
        assertThat(read).hasSize(sent.size() - start);
        for (int i = 0; i < read.size(); i++) {
            assertThat(read.get(i).offset()).isEqualTo(start + i);
            assertThat(Arrays.equals(read.get(i).value(), sent.get(start + i))).as("record %d", start + i).isTrue();
        }
    }

    /** All but what may be in the segment that is written. */
    private void awaitOffloaded(String bootstrap) {
        try (Topics topics = Topics.of(bootstrap)) {
            Await.until("offloaded, and local copies go", FAILOVER_LIMIT, () -> topics.offset(partition, OffsetSpec.earliestLocal()) > sent.size() - 2 * RECORDS_A_MEGABYTE);
        }
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

    private void awaitNothingIsLeftBehind() {
        List<String> told = new ArrayList<>();
        Await.until("nothing is left behind", () -> {
            told.clear();
            BucketVerdict verdict = verdict(told);
            assertThat(verdict.problems()).as("%s", told).isZero();
            return verdict.orphans() == 0 && metric("firn_cold_orphan_objects") == 0 && metric("firn_cold_orphan_bytes") == 0 && metric("firn_cold_missing_objects") == 0;
        });
    }

    /** Of all brokers together. */
    private static double metric(String name) throws IOException {
        double sum = 0;
        for (int id : cluster.ids()) {
            sum += ((FirnNode) cluster.broker(id)).metric(name);
        }
        return sum;
    }

    private BucketVerdict verdict(List<String> told) throws InterruptedException {
        try (BucketInspection inspection = BucketInspection.open(cluster.store().opened(), "")) {
            return inspection.verify(inspection.partitions(Optional.of(partition.topic())), true, told::add, bytes -> {});
        }
    }
}
