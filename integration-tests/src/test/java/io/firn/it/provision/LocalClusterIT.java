package io.firn.it.provision;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FreePorts;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Processes;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example {@code local-dev}, for real: {@code terraform apply} starts three brokers, which serve stock clients and outlive the loss of one, and {@code terraform destroy} stops them cleanly. */
class LocalClusterIT {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final TopicPartition PARTITION = new TopicPartition("t", 0);
    private static final List<Integer> IDS = List.of(1, 2, 3);

    @TempDir
    Path directory;

    private final Map<Integer, Integer> kafkaPorts = new LinkedHashMap<>();
    private final List<String> acknowledged = new ArrayList<>();
    private final Runnable ending = this::endBrokers;

    /** Brokers outlive Terraform, and would outlive these tests where no {@code @AfterEach} runs. */
    @BeforeEach
    void endBrokersWhateverHappens() {
        Processes.lastly(ending);
    }

    @AfterEach
    void endBrokersOfAFailedTest() {
        endBrokers();
        Processes.notLastly(ending);
    }

    /** Each by the process id that it wrote, if it is a broker of this directory. */
    private void endBrokers() {
        IDS.stream().filter(id -> Files.exists(pidFile(id))).map(this::process).flatMap(Optional::stream).forEach(ProcessHandle::destroyForcibly);
    }

    @Test
    void applyStartsThreeBrokersThatOutliveTheLossOfOneAndDestroyStopsThem() throws Exception {
        Terraform terraform = Terraform.in("terraform/examples/local-dev", directory, Map.of("directory", data().toString(), "firn", Terraform.launcher().toString(), "brokers", brokers()));
        terraform.apply().succeeded();
        assertThat(terraform.outputs()).contains("\"PLAINTEXT\": \"" + bootstrap() + "\"", "\"" + data() + "/cold\"");
        assertThat(terraform.plan().exitCode()).as("there is nothing left to do").isZero();
        List<ProcessHandle> first = IDS.stream().map(id -> process(id).orElseThrow()).toList();
        Optional<ProcessHandle> again;

        try (Topics topics = Topics.of(bootstrap()); KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap(), Map.of("acks", "all", "enable.idempotence", "true"))) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(PARTITION.topic(), Optional.of(1), Optional.empty()).configs(Map.of("min.insync.replicas", "2")))).all());
            assertThat(replicas(topics)).as("a real cluster: a copy on each broker").containsExactlyInAnyOrderElementsOf(IDS);
            produce(producer, 20);

            int killed = leader(topics);
            process(killed).orElseThrow().destroyForcibly();
            produce(producer, 20);
            Await.until("another broker leads", LIMIT, () -> leader(topics) != killed);
            assertThat(read()).as("everything acknowledged, once and in order").containsExactlyElementsOf(acknowledged);

            terraform.apply("-replace=module.firn.terraform_data.broker[\"" + killed + "\"]").succeeded();
            again = process(killed);
            assertThat(again).as("the killed broker runs again").isPresent();
            assertThat(IDS.stream().filter(id -> id != killed).map(id -> process(id).orElseThrow())).as("and the others were left alone").isSubsetOf(first);
            Await.until("it has caught up", LIMIT, () -> inSync(topics).containsAll(IDS));
            produce(producer, 20);
        }

        terraform.destroy().succeeded();
        assertThat(Stream.concat(first.stream(), again.stream())).as("all have ended").allMatch(LocalClusterIT::ended);
        assertThat(logs()).allSatisfy(log -> assertThat(log).as("a clean stop").contains("firn: stopped").doesNotContain("level=ERROR"));
        assertThat(IDS).as("nothing is left of the processes").noneMatch(id -> Files.exists(pidFile(id)));

        terraform.apply().succeeded();
        assertThat(read()).as("data stay when the cluster is destroyed, and are there when it is made again").containsExactlyElementsOf(acknowledged);
        terraform.destroy().succeeded();
    }

    @Test
    void aBrokerThatDoesNotStartFailsTheApplyAndSaysWhy() throws IOException {
        Terraform terraform = Terraform.in("terraform/examples/local-dev", directory, Map.of("directory", data().toString(), "firn", launcher("[ \"$1\" = --version ]").toString(), "brokers", brokers()));
        for (int id : IDS) {
            Files.writeString(Files.createDirectories(data().resolve("broker-" + id)).resolve("log"), "firn: the reason\n");
        }
        assertThat(terraform.apply()).satisfies(result -> {
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.all()).contains("a broker ended before it was in sync", "firn: the reason");
        });
        terraform.destroy().succeeded();
    }

    @Test
    void aLauncherThatDoesNotRunStartsNoBroker() throws IOException {
        Terraform terraform = Terraform.in("terraform/examples/local-dev", directory, Map.of("directory", data().toString(), "firn", launcher("echo no Java; exit 1").toString(), "brokers", brokers()));
        assertThat(terraform.apply()).satisfies(result -> {
            assertThat(result.exitCode()).isEqualTo(1);
            assertThat(result.all()).contains("no Java");
        });
        assertThat(data()).doesNotExist();
    }

    private Path launcher(String script) throws IOException {
        Path launcher = Files.writeString(directory.resolve("launcher"), "#!/bin/sh\n" + script + "\n");
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
        return launcher;
    }

    private Path data() {
        return directory.resolve("cluster");
    }

    private Path pidFile(int id) {
        return data().resolve("broker-" + id).resolve("pid");
    }

    private Optional<ProcessHandle> process(int id) {
        try {
            return ProcessHandle.of(Long.parseLong(Files.readString(pidFile(id)).strip())).filter(process -> commandLine(process).contains(data() + "/broker-" + id + "/firn.yaml"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One that nobody has asked for its exit code yet has ended, too. */
    private static boolean ended(ProcessHandle process) {
        String state = ProcessResult.of(List.of("ps", "-o", "stat=", "-p", Long.toString(process.pid())), "", LIMIT).output();
        return state.isBlank() || state.startsWith("Z");
    }

    /** Its class path is longer than what Java tells of another process. */
    private static String commandLine(ProcessHandle process) {
        return ProcessResult.of(List.of("ps", "-ww", "-o", "command=", "-p", Long.toString(process.pid())), "", LIMIT).output();
    }

    private String brokers() {
        IDS.forEach(id -> kafkaPorts.put(id, FreePorts.next()));
        return kafkaPorts.entrySet().stream().map(one -> "\"" + one.getKey() + "\"={kafka=" + one.getValue() + ",peer=" + FreePorts.next() + ",http=" + FreePorts.next() + ",cluster=" + FreePorts.next() + "}")
                .collect(Collectors.joining(",", "{", "}"));
    }

    private String bootstrap() {
        return kafkaPorts.values().stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    private static int leader(Topics topics) {
        Node[] leader = new Node[1];
        Await.until("a leader", LIMIT, () -> {
            leader[0] = partition(topics).leader();
            return leader[0] != null && !leader[0].isEmpty();
        });
        return leader[0].id();
    }

    private static TopicPartitionInfo partition(Topics topics) {
        return Topics.done(topics.admin().describeTopics(List.of(PARTITION.topic())).allTopicNames()).get(PARTITION.topic()).partitions().get(0);
    }

    private static List<Integer> replicas(Topics topics) {
        return partition(topics).replicas().stream().map(Node::id).toList();
    }

    private static List<Integer> inSync(Topics topics) {
        return partition(topics).isr().stream().map(Node::id).toList();
    }

    private void produce(KafkaProducer<byte[], byte[]> producer, int records) throws Exception {
        for (int i = 0; i < records; i++) {
            String value = "record " + acknowledged.size();
            producer.send(new ProducerRecord<>(PARTITION.topic(), 0, null, value.getBytes(StandardCharsets.UTF_8))).get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            acknowledged.add(value);
        }
    }

    private List<String> read() {
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap(), Map.of("auto.offset.reset", "earliest"))) {
            consumer.assign(List.of(PARTITION));
            Await.until("all records read", LIMIT, () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(one -> values.add(new String(one.value(), StandardCharsets.UTF_8)));
                return values.size() >= acknowledged.size();
            });
        }
        return values;
    }

    private List<String> logs() throws IOException {
        List<String> logs = new ArrayList<>();
        for (int id : IDS) {
            logs.add(Files.readString(data().resolve("broker-" + id).resolve("log")));
        }
        return logs;
    }
}
