package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FreePorts;
import io.firn.it.harness.HttpCalls;
import io.firn.it.harness.KafkaClients;
import io.firn.it.launcher.FirnProcess;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three brokers of the previous release, replaced by this one's, one after the other, under load. {@code -Dfirn.previous=FILE} names the previous release's tarball; without it, as long as there is
 * none, this build's own takes its place: that shows the procedure, and nothing about two versions.
 */
@Timeout(600)
class RollingUpgradeIT {

    private static final String TOPIC = "upgraded";

    @TempDir
    Path directory;

    private final List<Member> members = new ArrayList<>();
    private final Map<Integer, FirnProcess> running = new TreeMap<>();

    private record Member(int id, int kafka, int peer, int http, int cluster) {
        String bootstrap() {
            return "127.0.0.1:" + kafka;
        }
    }

    @AfterEach
    void end() {
        running.values().forEach(FirnProcess::close);
    }

    @Test
    void nothingIsLostWhileOneBrokerAfterTheOtherIsUpgraded() throws Exception {
        Path now = extracted("now", Packed.tarball());
        Optional<Path> previous = Optional.ofNullable(System.getProperty("firn.previous")).filter(given -> !given.isBlank()).map(Path::of);
        Path before = previous.isPresent() ? extracted("before", previous.get()) : now;
        IntStream.rangeClosed(1, 3).forEach(id -> members.add(new Member(id, FreePorts.next(), FreePorts.next(), FreePorts.next(), FreePorts.next())));
        for (Member member : members) {
            configure(member);
            start(before, member, "--form");
        }
        members.forEach(member -> awaitHealth(member, "ready"));
        create(TOPIC);

        Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        AtomicBoolean enough = new AtomicBoolean();
        Thread load = new Thread(() -> produce(acknowledged, enough), "load");
        load.start();
        try {
            for (Member member : members) {
                int sent = acknowledged.size();
                Await.until("records acknowledged before broker " + member.id() + " is replaced", () -> acknowledged.size() > sent + 100);
                stop(member);
                start(now, member);
                awaitHealth(member, "in-sync");
                create("made-when-" + member.id() + "-was-new"); // metadata are written in the mixed cluster, and read by both
            }
        } finally {
            enough.set(true);
            load.join();
        }

        assertThat(missing(acknowledged)).as("acknowledged, and not there").isEmpty();
        try (Admin admin = KafkaClients.admin(bootstrap())) {
            assertThat(admin.listTopics().names().get()).contains(TOPIC, "made-when-1-was-new", "made-when-2-was-new", "made-when-3-was-new");
        }
        for (Member member : members) {
            stop(member);
        }
    }

    private void produce(Queue<String> acknowledged, AtomicBoolean enough) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap(), Map.of())) {
            for (int number = 0; !enough.get(); number++) {
                String value = "record " + number;
                Future<RecordMetadata> sent = producer.send(new ProducerRecord<>(TOPIC, value.getBytes(StandardCharsets.UTF_8)), (metadata, failed) -> {
                    if (failed == null) {
                        acknowledged.add(value);
                    }
                });
                assertThat(sent).isNotNull();
                LockSupport.parkNanos(Duration.ofMillis(2).toNanos());
            }
        }
    }

    private Set<String> missing(Queue<String> acknowledged) {
        Set<String> missing = new HashSet<>(acknowledged);
        assertThat(missing).hasSizeGreaterThan(300);
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap(), Map.of("group.id", "readers"))) {
            consumer.subscribe(List.of(TOPIC));
            long deadline = System.nanoTime() + Await.LONG.toNanos();
            while (!missing.isEmpty() && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach(one -> missing.remove(new String(one.value(), StandardCharsets.UTF_8)));
            }
        }
        return missing;
    }

    private void create(String topic) throws Exception {
        try (Admin admin = KafkaClients.admin(bootstrap())) {
            admin.createTopics(List.of(new NewTopic(topic, 3, (short) 3).configs(Map.of("min.insync.replicas", "2")))).all().get();
        }
    }

    private String bootstrap() {
        return members.stream().map(Member::bootstrap).collect(Collectors.joining(","));
    }

    private Path extracted(String name, Path tarball) throws IOException {
        Path into = Files.createDirectory(directory.resolve(name));
        Shell.run("tar", "-xzf", tarball.toString(), "-C", into.toString(), "--strip-components=1");
        return into;
    }

    private void configure(Member member) throws IOException {
        Files.writeString(settings(member), """
                node.id: %d
                data.dir: "%s"
                kafka.port: %d
                peer.port: %d
                http.port: %d
                cluster.port: %d
                cluster.name: upgrade
                cluster.voters: "1,2,3"
                cluster.seeds: "%s"
                cold.file.dir: "%s"
                """.formatted(member.id(), directory.resolve("data-" + member.id()), member.kafka(), member.peer(), member.http(), member.cluster(),
                members.stream().map(one -> "127.0.0.1:" + one.cluster()).collect(Collectors.joining(",")), directory.resolve("cold")));
    }

    private Path settings(Member member) {
        return directory.resolve("firn-" + member.id() + ".yaml");
    }

    private void start(Path release, Member member, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(release.resolve("bin/firn").toString(), "up", "--config", settings(member).toString()));
        command.addAll(List.of(more));
        Map<String, String> environment = Map.of("PATH", System.getenv("PATH"), "JAVA_HOME", System.getProperty("java.home"), "FIRN_CDS", "off");
        running.put(member.id(), FirnProcess.command(command, directory, environment));
    }

    private void stop(Member member) throws InterruptedException {
        FirnProcess process = running.remove(member.id());
        process.terminate();
        assertThat(process.exitCode()).as("%s", process).isZero();
        assertThat(process.err()).contains("firn: stopping").endsWith("firn: stopped");
    }

    private void awaitHealth(Member member, String what) {
        Await.until("broker " + member.id() + " is " + what, Duration.ofMinutes(3), () -> HttpCalls.get(URI.create("http://127.0.0.1:" + member.http() + "/health/" + what)).statusCode() == 200);
    }
}
