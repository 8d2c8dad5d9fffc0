package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.Await;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A whole broker's start, stop, failed start and next start, on a real disk. */
class BrokerTest {

    private static final int RECORDS = 200;

    @TempDir
    Path directory;

    private Map<String, String> settings() {
        return new HashMap<>(Map.of("data.dir", directory.resolve("data").toString(), "kafka.port", "0", "http.port", "0", "kafka.loops", "2",
                "group.offsets.partitions", "1"));
    }

    private Broker start() {
        return Broker.start(ConfigLoader.of(settings()));
    }

    private Broker start(String key, String value) {
        Map<String, String> settings = settings();
        settings.put(key, value);
        return Broker.start(ConfigLoader.of(settings));
    }

    /** Threads of this process that are not the JVM's or the test's. */
    private static Set<Thread> brokerThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("firn") || thread.getName().startsWith("vert.x") || thread.getName().startsWith("group-coordinator"))
                .collect(Collectors.toSet());
    }

    /** Fails to start with one line about {@code hint}, and leaves no thread behind. For when no broker runs: its threads may start at any time. */
    private void assertRefused(String hint, Runnable start) {
        Set<Thread> before = brokerThreads();
        assertRefusedBesideABroker(hint, start);
        Await.until("no thread is left", () -> before.containsAll(brokerThreads()));
    }

    private static void assertRefusedBesideABroker(String hint, Runnable start) {
        StartupException refused = catchThrowableOfType(StartupException.class, start::run);
        assertThat(refused).hasMessageContaining(hint);
        assertThat(refused.getMessage().lines()).hasSize(1);
    }

    private static void produce(Broker broker, String topic) {
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(Map.of("bootstrap.servers", "127.0.0.1:" + broker.kafkaPort(), "linger.ms", "5"),
                new StringSerializer(), new StringSerializer())) {
            IntStream.range(0, RECORDS).forEach(i -> producer.send(new ProducerRecord<>(topic, i % 3, null, "value " + i)));
        }
    }

    private static List<String> consume(Broker broker, String topic) {
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(Map.of("bootstrap.servers", "127.0.0.1:" + broker.kafkaPort(), "isolation.level", "read_committed"),
                new StringDeserializer(), new StringDeserializer())) {
            List<TopicPartition> partitions = IntStream.range(0, 3).mapToObj(i -> new TopicPartition(topic, i)).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<String> values = new ArrayList<>();
            Await.until("all records are read", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach((ConsumerRecord<String, String> record) -> values.add(record.value()));
                return values.size() >= RECORDS;
            });
            return values;
        }
    }

    private static void createTopic(Broker broker, String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker.kafkaPort()))) {
            admin.createTopics(List.of(new NewTopic(topic, 3, (short) 1))).all().get();
        }
    }

    private static String[] allValues() {
        return IntStream.range(0, RECORDS).mapToObj(i -> "value " + i).toArray(String[]::new);
    }

    @Test
    void topicsAndRecordsAreThereAfterARestartAndTheClusterIsTheSame() throws Exception {
        String cluster;
        try (Broker broker = start()) {
            cluster = broker.clusterId();
            createTopic(broker, "logs");
            produce(broker, "logs");
            assertThat(consume(broker, "logs")).containsExactlyInAnyOrder(allValues());
        }
        try (Broker again = start()) {
            assertThat(again.clusterId()).isEqualTo(cluster);
            Await.until("ready", again::ready);
            assertThat(consume(again, "logs")).containsExactlyInAnyOrder(allValues());
        }
    }

    @Test
    void brokerClosesOnceHoweverOftenAndFromWhereverItIsAsked() {
        Set<Thread> before = brokerThreads();
        Broker broker = start();
        assertThat(brokerThreads()).isNotEqualTo(before);
        CompletableFuture<Void> beside = CompletableFuture.runAsync(broker::close);
        broker.close();
        Await.until("no thread is left", () -> before.containsAll(brokerThreads()));
        Await.get(beside);
        broker.close();
        assertThat(broker.ready()).isFalse();
    }

    @Test
    void kafkaPortInUseIsOneLineAndEverythingOpenedIsClosedAgain() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertRefused("kafka.port", () -> start("kafka.port", Integer.toString(taken.getLocalPort())));
        }
        start().close();
    }

    @Test
    void httpPortInUseIsOneLineAndEverythingOpenedIsClosedAgain() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertRefused("http.port", () -> start("http.port", Integer.toString(taken.getLocalPort())));
        }
        start().close();
    }

    @Test
    void dataDirectoryOfARunningBrokerIsRefusedAndTheRunningBrokerIsNotDisturbed() throws Exception {
        try (Broker running = start()) {
            createTopic(running, "logs");
            assertRefusedBesideABroker(directory.toString(), this::start);
            produce(running, "logs");
            assertThat(consume(running, "logs")).containsExactlyInAnyOrder(allValues());
        }
    }

    @Test
    void aCacheThatTheJvmCannotHoldIsRefusedBeforeAnythingIsMade() {
        assertRefused("cold.cache.bytes 1052640", () -> start("cold.cache.bytes", Long.toString(1L << 40)));
        assertThat(directory.resolve("data")).doesNotExist();
    }

    @Test
    void dataDirectoryThatCannotBeMadeIsRefused() throws IOException {
        Path file = Files.createFile(directory.resolve("file"));
        assertRefused("data.dir", () -> start("data.dir", file.resolve("data").toString()));
    }

    @Test
    void bucketOfAnotherClusterIsRefusedBeforeAnythingIsWritten() throws IOException {
        Path bucket = directory.resolve("bucket");
        start("cold.file.dir", bucket.toString()).close();
        Map<Path, String> before = contents(bucket);
        assertThat(before).isNotEmpty();
        Map<String, String> other = settings();
        other.put("data.dir", directory.resolve("other").toString());
        other.put("cold.file.dir", bucket.toString());
        assertRefused("cluster", () -> Broker.start(ConfigLoader.of(other)));
        assertThat(contents(bucket)).isEqualTo(before);
    }

    /** Of each file what is in it and when it was written. */
    private static Map<Path, String> contents(Path bucket) throws IOException {
        Map<Path, String> contents = new HashMap<>();
        try (Stream<Path> files = Files.walk(bucket)) {
            for (Path file : files.toList()) {
                contents.put(file, Files.isRegularFile(file) ? Files.getLastModifiedTime(file) + " " + Files.readString(file, StandardCharsets.ISO_8859_1) : "directory");
            }
        }
        return contents;
    }

    /** A supervisor starts again what was refused: the second start must not take the logs for those of deleted topics either. */
    @Test
    void logsWhoseMetadataAreLostAreRefusedAtEveryStartAndNotDeleted() throws Exception {
        try (Broker broker = start()) {
            createTopic(broker, "logs");
            produce(broker, "logs");
        }
        Path metadata = directory.resolve("data/metadata");
        Path kept = directory.resolve("kept");
        Files.move(metadata, kept);
        for (int attempt = 0; attempt < 3; attempt++) {
            assertRefused("holds logs", this::start);
        }
        Files.createDirectories(metadata);
        assertRefused("holds logs", this::start);
        deleteTree(metadata);
        Files.move(kept, metadata);
        try (Broker restored = start()) {
            Await.until("ready", restored::ready);
            assertThat(consume(restored, "logs")).containsExactlyInAnyOrder(allValues());
        }
    }

    @Test
    void topicThatWasDeletedBeforeAStopIsGoneAfterTheNextStart() throws Exception {
        try (Broker broker = start()) {
            createTopic(broker, "logs");
            try (Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker.kafkaPort()))) {
                admin.deleteTopics(List.of("logs")).all().get();
            }
        }
        try (Broker again = start()) {
            Await.until("ready", again::ready);
            Await.until("no log of the topic is left", () -> {
                try (Stream<Path> names = Files.list(directory.resolve("data/hot"))) {
                    return names.noneMatch(path -> path.getFileName().toString().startsWith("logs"));
                }
            });
        }
    }

    private static void deleteTree(Path tree) throws IOException {
        Files.walkFileTree(tree, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failed) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
