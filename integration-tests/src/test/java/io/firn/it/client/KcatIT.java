package io.firn.it.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Topics;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** librdkafka by way of kcat, where it is installed; else skipped, and said so. */
class KcatIT {

    @TempDir
    static Path directory;

    private static FirnNode node;
    private static Path kcat;

    @BeforeAll
    static void startBroker() {
        Optional<Path> found = Stream.of(System.getenv("PATH").split(File.pathSeparator)).flatMap(entry -> Stream.of("kcat", "kafkacat").map(name -> Path.of(entry, name)))
                .filter(Files::isExecutable).findFirst();
        assumeTrue(found.isPresent(), "kcat is not installed: librdkafka is not tested here");
        kcat = found.get();
        node = FirnNode.in(directory.resolve("data"), Map.of("group.settings.group.initial.rebalance.delay.ms", "100")).start();
    }

    @AfterAll
    static void stopBroker() {
        if (node != null) {
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    private static ProcessResult kcat(String input, String... arguments) {
        List<String> command = new ArrayList<>(List.of(kcat.toString(), "-b", node.bootstrap()));
        command.addAll(List.of(arguments));
        return ProcessResult.of(command, input, Duration.ofSeconds(90)).succeeded();
    }

    private static List<String> lines(int count) {
        return IntStream.range(0, count).mapToObj(i -> "k" + i + ":v" + i).toList();
    }

    @Test
    void itListsTheClusterAndItsTopics() {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("listed", 2);
        }
        assertThat(kcat("", "-L").output()).contains("1 brokers", "topic \"listed\" with 2 partitions");
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void whatItSendsItReads(String compression) {
        String topic = "kcat-" + compression;
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create(topic, 1);
        }
        kcat(String.join("\n", lines(500)) + "\n", "-P", "-t", topic, "-K", ":", "-z", compression, "-X", "enable.idempotence=true", "-H", "from=kcat");
        ProcessResult read = kcat("", "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%k:%s %h %o\n");
        assertThat(read.lines()).isEqualTo(IntStream.range(0, 500).mapToObj(i -> "k" + i + ":v" + i + " from=kcat " + i).toList());
    }

    @Test
    void itConsumesInAGroup() {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("kcat-group", 3);
        }
        kcat(String.join("\n", lines(300)) + "\n", "-P", "-t", "kcat-group", "-K", ":");
        ProcessResult read = kcat("", "-G", "kcat-readers", "-q", "-e", "-X", "auto.offset.reset=earliest", "-f", "%k:%s\n", "kcat-group");
        assertThat(read.lines().stream().collect(Collectors.toSet())).containsExactlyInAnyOrderElementsOf(lines(300));
        assertThat(kcat("", "-G", "kcat-readers", "-q", "-e", "-X", "auto.offset.reset=earliest", "-f", "%k:%s\n", "kcat-group").lines()).as("committed").isEmpty();
    }

    @Test
    void itFindsOffsetsByTime() {
        try (Topics topics = Topics.of(node.bootstrap())) {
            topics.create("kcat-times", 1);
        }
        kcat(String.join("\n", lines(10)) + "\n", "-P", "-t", "kcat-times", "-K", ":");
        assertThat(kcat("", "-Q", "-t", "kcat-times:0:-1").all()).contains("10");
        assertThat(kcat("", "-Q", "-t", "kcat-times:0:1").all()).contains("[0] offset 0");
    }
}
