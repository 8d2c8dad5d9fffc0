package io.firn.it.connect;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file goes through two Connect workers and a topic into another file. The topic has each line exactly once though workers are killed; the sink, which Connect runs at least once, has every line. */
class ConnectIT {

    private static final int LINES = 3_000;
    /** Lines appended at once: of more than it takes in one go (its {@code batch.size}), the source would keep the rest until the file grows again. */
    private static final int CHUNK = 300;
    private static final String TOPIC = "lines";

    @TempDir
    private Path directory;

    @Test
    void everyLineArrivesExactlyOnceInTheTopicAndNoneIsMissingInTheSinkThoughWorkersAreKilled() throws IOException {
        Map<String, String> settings = Map.of("group.settings.group.initial.rebalance.delay.ms", "0", "group.offsets.partitions", "4");
        Path in = Files.createFile(directory.resolve("in.txt"));
        Path out = directory.resolve("out.txt");
        try (BrokerNode node = BrokerNode.underTest(directory.resolve("data"), settings).start(); Topics topics = Topics.of(node.bootstrap());
                Worker one = Worker.start(node.bootstrap(), directory, 1); Worker other = Worker.start(node.bootstrap(), directory, 2)) {
            topics.create(TOPIC, 1);
            one.awaitReady();
            other.awaitReady();
            one.create("source", json("FileStreamSource", "\"file\": \"" + in + "\", \"topic\": \"" + TOPIC + "\", \"exactly.once.support\": \"required\""));
            one.create("sink", json("FileStreamSink", "\"file\": \"" + out + "\", \"topics\": \"" + TOPIC + "\", \"consumer.override.isolation.level\": \"read_committed\""));
            int source = one.awaitRunning("source", 0);
            one.awaitRunning("sink", 0);
            for (int line = 0; line < LINES / 2; line += CHUNK) {
                long before = end(topics);
                append(in, line, line + CHUNK);
                Await.until("more lines have arrived", () -> end(topics) > before);
            }
            Worker killed = source == one.port() ? one : other;
            Worker left = killed == one ? other : one;
            append(in, LINES / 2, LINES - CHUNK);
            killed.kill9();
            append(in, LINES - CHUNK, LINES);
            left.awaitRunning("source", killed.port());
            left.awaitRunning("sink", killed.port());
            assertThat(committed(node.bootstrap(), LINES)).as("lines in the topic").isEqualTo(lines(0, LINES));
            Await.until("the sink has every line", () -> new TreeSet<>(Files.readAllLines(out)).equals(new TreeSet<>(lines(0, LINES))));
            assertThat(left.alive()).isTrue();
        }
    }

    private static String json(String connector, String settings) {
        return "{\"connector.class\": \"" + connector + "\", \"tasks.max\": \"1\", " + settings + "}";
    }

    private static List<String> lines(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "line " + i).toList();
    }

    private static void append(Path file, int from, int to) throws IOException {
        Files.writeString(file, lines(from, to).stream().collect(Collectors.joining("\n", "", "\n")), StandardOpenOption.APPEND);
    }

    private static long end(Topics topics) {
        return topics.ends(Topics.partitions(TOPIC, 1)).values().iterator().next();
    }

    /** All committed lines, once there are as many as there have to be, and those that come shortly after. */
    private static List<String> committed(String bootstrap, int expected) {
        List<String> lines = new ArrayList<>();
        TopicPartition partition = new TopicPartition(TOPIC, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, Map.of("isolation.level", "read_committed"))) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            Await.until("all lines are committed", () -> {
                take(consumer, Duration.ofMillis(200), lines);
                if (lines.size() < expected) {
                    throw new IllegalStateException("only " + lines.size() + ", the last is " + lines.get(lines.size() - 1));
                }
                return true;
            });
            take(consumer, Duration.ofSeconds(1), lines);
        }
        return lines;
    }

    private static void take(KafkaConsumer<byte[], byte[]> consumer, Duration limit, List<String> lines) {
        consumer.poll(limit).forEach(record -> lines.add(new String(record.value(), StandardCharsets.UTF_8)));
    }
}
