package io.firn.it.streams;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.BrokerNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.PeerProcess;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Kafka Streams with {@code exactly_once_v2} gets every count and every join exactly once, though the application and the broker are killed under load. */
class StreamsIT {

    private static final int PARTITIONS = 2;
    private static final int KILLS = Integer.getInteger("firn.streams.kills", 1);
    private static final Duration LIMIT = Duration.ofSeconds(120);

    @TempDir
    static Path directory;

    private static BrokerNode node;

    @BeforeAll
    static void startBroker() {
        node = BrokerNode.underTest(directory.resolve("data"), Map.of("group.settings.group.initial.rebalance.delay.ms", "0", "group.offsets.partitions", "4",
                "group.settings.group.streams.session.timeout.ms", "6000", "group.settings.group.streams.min.session.timeout.ms", "6000", "group.settings.group.streams.heartbeat.interval.ms", "500",
                "group.settings.group.streams.min.heartbeat.interval.ms", "500", "group.settings.group.streams.initial.rebalance.delay.ms", "0")).start();
    }

    @AfterAll
    static void stopBroker() {
        node.stop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"classic", "streams"})
    void countsAndJoinsComeOutExactlyOnceThoughApplicationAndBrokerAreKilled(String protocol) throws InterruptedException {
        Random random = Seed.random("StreamsIT " + protocol);
        try (Topics topics = Topics.of(node.bootstrap())) {
            List.of(StreamsApp.WORDS, StreamsApp.COUNTS, StreamsApp.LEFT, StreamsApp.RIGHT, StreamsApp.JOINED).forEach(topic -> topics.create(topic, PARTITIONS, Map.of("retention.ms", "-1")));
            StreamsLoad load = StreamsLoad.begin(node.bootstrap(), random);
            try (PeerProcess app = app(protocol).start()) {
                awaitProgress(topics, app);
                for (int kill = 0; kill < KILLS; kill++) {
                    app.kill9();
                    app.start();
                    awaitProgress(topics, app);
                    node.kill9();
                    node.start();
                    awaitProgress(topics, app);
                }
                load.finish();
                new Output(node.bootstrap()).verify(load, app);
            }
            Topics.done(topics.admin().deleteTopics(List.of(StreamsApp.WORDS, StreamsApp.COUNTS, StreamsApp.LEFT, StreamsApp.RIGHT, StreamsApp.JOINED)).all());
        }
    }

    private PeerProcess app(String protocol) {
        return PeerProcess.of("streams", StreamsApp.class.getName(), "streams-" + protocol, List.of(), List.of(node.bootstrap(), "app-" + protocol, directory.resolve("state-" + protocol).toString(), protocol));
    }

    /** Both outputs have grown by a few hundred since now. */
    private static void awaitProgress(Topics topics, PeerProcess app) {
        long counts = end(topics, StreamsApp.COUNTS);
        long joins = end(topics, StreamsApp.JOINED);
        Await.until("more output, log " + app.log(), LIMIT, () -> {
            if (!app.alive()) {
                throw new AssertionError("The application gave up; its log is " + app.log());
            }
            return end(topics, StreamsApp.COUNTS) > counts + 300 && end(topics, StreamsApp.JOINED) > joins + 300;
        });
    }

    private static long end(Topics topics, String topic) {
        return topics.ends(Topics.partitions(topic, PARTITIONS)).values().stream().mapToLong(Long::longValue).sum();
    }

    /** What a reader of committed records sees. */
    private static final class Output {

        private final String bootstrap;
        private final Map<String, List<Long>> counts = new TreeMap<>();
        private final Map<String, List<String>> joins = new TreeMap<>();

        Output(String bootstrap) {
            this.bootstrap = bootstrap;
        }

        void verify(StreamsLoad load, PeerProcess app) {
            List.of(StreamsApp.WORDS, StreamsApp.LEFT, StreamsApp.RIGHT).forEach(topic -> verifyInput(topic, load));
            long words = load.counts().values().stream().mapToLong(Long::longValue).sum();
            List<TopicPartition> partitions = new ArrayList<>(Topics.partitions(StreamsApp.COUNTS, PARTITIONS));
            partitions.addAll(Topics.partitions(StreamsApp.JOINED, PARTITIONS));
            try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, Map.of("isolation.level", "read_committed"))) {
                consumer.assign(partitions);
                consumer.seekToBeginning(partitions);
                Await.until("all " + words + " inputs have their outputs, log " + app.log(), LIMIT, () -> {
                    consumer.poll(Duration.ofMillis(200)).forEach(this::take);
                    if (size(counts) < words || size(joins) < load.keys()) {
                        throw new IllegalStateException("only " + size(counts) + " counts and " + size(joins) + " joins are committed, at " + partitions.stream().map(partition -> partition + "@" + consumer.position(partition)).toList()
                                + ", stable ends " + consumer.endOffsets(partitions));
                    }
                    return true;
                });
                app.stop();
                // Nothing may come behind: the last transaction has been committed or aborted by now.
                consumer.poll(Duration.ofSeconds(1)).forEach(this::take);
            }
            Map<String, List<Long>> expected = new TreeMap<>();
            load.counts().forEach((word, count) -> expected.put(word, LongStream.rangeClosed(1, count).boxed().toList()));
            assertThat(counts).containsExactlyEntriesOf(expected);
            for (int i = 0; i < load.keys(); i++) {
                assertThat(joins.get("key" + i)).as("joins of key%d", i).containsExactly("lkey" + i + "+rkey" + i);
            }
            assertThat(joins).hasSize(load.keys());
        }

        private void take(ConsumerRecord<byte[], byte[]> record) {
            String key = new String(record.key(), StandardCharsets.UTF_8);
            if (record.topic().equals(StreamsApp.COUNTS)) {
                counts.computeIfAbsent(key, any -> new ArrayList<>()).add(ByteBuffer.wrap(record.value()).getLong());
            } else {
                joins.computeIfAbsent(key, any -> new ArrayList<>()).add(new String(record.value(), StandardCharsets.UTF_8));
            }
        }

        /** Else what came out would not be the application's doing. */
        private void verifyInput(String topic, StreamsLoad load) {
            Map<String, Integer> seen = new TreeMap<>();
            Reading.each(bootstrap, Topics.partitions(topic, PARTITIONS), Map.of(), record -> seen.merge(new String(record.key(), StandardCharsets.UTF_8), 1, Integer::sum));
            assertThat(seen).as("keys of %s", topic).hasSize(load.keys()).allSatisfy((key, times) -> assertThat(times).as(key).isOne());
        }

        private static long size(Map<String, ? extends List<?>> lists) {
            return lists.values().stream().mapToLong(List::size).sum();
        }
    }
}
