package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnTool;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Letter;
import io.firn.it.harness.ProcessResult;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every disk is gone, and a fresh cluster is pointed at the bucket: the topic comes back with all that was offloaded, and goes on from there. */
class RecoverTopicIT {

    private static final int PARTITIONS = 3;
    private static final int MEGABYTES = 3;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"file", "s3"})
    void theTopicComesBackWithItsIdConfigsAndEveryOffloadedRecord(String provider) {
        TieredLoad load = new TieredLoad(Seed.random("RecoverTopicIT"));
        try (Buckets buckets = Buckets.open(provider, directory)) {
            Path lost = directory.resolve("lost");
            List<TopicPartition> partitions;
            Uuid id;
            Map<TopicPartition, Long> boundaries = new HashMap<>();
            try (FirnNode node = buckets.node(lost, Map.of()).start(); Topics topics = Topics.of(node.bootstrap())) {
                partitions = topics.create("rivers", PARTITIONS, TieredLoad.TINY_SEGMENTS);
                id = id(topics);
                load.send(node.bootstrap(), partitions, MEGABYTES);
                topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
                partitions.forEach(partition -> boundaries.put(partition, topics.offset(partition, OffsetSpec.latestTiered()) + 1));
                node.kill9();
            }
            delete(lost);

            try (FirnNode node = buckets.node(directory.resolve("fresh"), Map.of())) {
                buckets.takeOver(node);
                node.start();
                ProcessResult recovered = FirnTool.run("topic", "recover", "rivers", "--http", node.http("").toString().replaceAll("/$", "")).succeeded();
                assertThat(recovered.output()).startsWith("recovered topic rivers, id " + id + ", " + PARTITIONS + " partition(s)");
                try (Topics topics = Topics.of(node.bootstrap())) {
                    assertThat(id(topics)).isEqualTo(id);
                    Config configs = Topics.done(topics.admin().describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, "rivers"))).all()).values().iterator().next();
                    TieredLoad.TINY_SEGMENTS.forEach((name, value) -> assertThat(configs.get(name).value()).as(name).isEqualTo(value));
                    Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = Reading.all(node.bootstrap(), partitions);
                    for (TopicPartition partition : partitions) {
                        List<ConsumerRecord<byte[], byte[]>> records = read.get(partition);
                        assertThat((long) records.size()).isGreaterThanOrEqualTo(boundaries.get(partition));
                        assertThat(recovered.output()).contains("partition " + partition.partition() + ": offsets 0 to " + (records.size() - 1) + ", newest record "
                                + Instant.ofEpochMilli(records.stream().mapToLong(ConsumerRecord::timestamp).max().orElseThrow()) + "\n");
                        verify(load, partition, records);
                    }
                    itGoesOn(node, topics, partitions, read);
                }
                assertThat(FirnTool.run("topic", "recover", "rivers", "--http", node.http("").toString().replaceAll("/$", "")).exitCode()).as("it is there").isOne();
                node.stop();
                assertThat(node.logLines("ERROR")).isEmpty();
            }
            assertThat(FirnTool.run(buckets.settings(), "manifest", "verify", "--deep").succeeded().output()).contains(" 0 problem(s)");
        }
    }

    private static Uuid id(Topics topics) {
        return Topics.done(topics.admin().describeTopics(List.of("rivers")).allTopicNames()).get("rivers").topicId();
    }

    private static void verify(TieredLoad load, TopicPartition partition, List<ConsumerRecord<byte[], byte[]>> records) {
        for (int offset = 0; offset < records.size(); offset++) {
            assertThat(records.get(offset).offset()).isEqualTo(offset);
            assertThat(Letter.of(records.get(offset)).equals(load.sent(partition).get(offset))).as("%s at %d", partition, offset).isTrue();
        }
    }

    /** New records follow the old ones, and settle in the bucket as those did. */
    private static void itGoesOn(FirnNode node, Topics topics, List<TopicPartition> partitions, Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> before) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of("linger.ms", 5))) {
            for (int i = 0; i < 1_000; i++) {
                partitions.forEach(partition -> producer.send(new ProducerRecord<>(partition.topic(), partition.partition(), null, new byte[3_000])));
            }
        }
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS + 100);
        Map<TopicPartition, List<ConsumerRecord<byte[], byte[]>>> read = Reading.all(node.bootstrap(), partitions);
        partitions.forEach(partition -> {
            assertThat(read.get(partition)).hasSize(before.get(partition).size() + 1_000);
            assertThat(read.get(partition).get(before.get(partition).size()).offset()).isEqualTo(before.get(partition).size());
        });
    }

    private static void delete(Path lost) {
        try (Stream<Path> files = Files.walk(lost)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
