package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Compacted topics under load and kill -9: whoever reads one from the beginning ends up with the newest value of every key, as its producer had it acknowledged.
 *
 * <p>{@code -Dfirn.crash.rounds=N} sets the number of kills, {@code -Dfirn.seed=N} their timing.
 */
class CompactionIT {
    private static final int ROUNDS = Integer.getInteger("firn.crash.rounds", 12);
    private static final int LONGEST_LIFE_MS = 1_500;
    private static final int PARTITIONS = 2;
    private static final Map<String, String> COMPACTED = Map.of("cleanup.policy", "compact", "segment.bytes", "1048576", "min.cleanable.dirty.ratio", "0.2", "delete.retention.ms", "2000",
            "compression.type", "producer");

    @TempDir
    Path directory;

    @Test
    void theNewestValueOfEveryKeyIsThereAfterManyKillsDuringCompaction() throws Exception {
        Random random = Seed.random("theNewestValueOfEveryKeyIsThereAfterManyKillsDuringCompaction");
        try (FirnNode node = FirnNode.in(directory.resolve("data"), Map.of("retention.check.interval.ms", "20")).start()) {
            List<TopicPartition> partitions;
            try (Topics topics = Topics.of(node.bootstrap())) {
                partitions = topics.create("table", PARTITIONS, COMPACTED);
            }
            try (KeyedLoad load = KeyedLoad.start(node.bootstrap(), "table")) {
                for (int round = 1; round <= ROUNDS; round++) {
                    load.awaitProgress();
                    long end = System.nanoTime() + Duration.ofMillis(random.nextInt(LONGEST_LIFE_MS)).toNanos();
                    Await.until("moment of the kill", () -> System.nanoTime() - end > 0);
                    node.kill9();
                    node.start();
                }
                Await.until("compacted in this life, under load", () -> node.metric("firn_compaction_dropped_records_total") > 0);
                load.awaitProgress();
                load.finish();
                verify(node, partitions, load);
            }
            assertThat(node.logLines("ERROR")).isEmpty();
            node.stop();
            node.start();
            assertThat(node.logLines("ERROR")).isEmpty();
            node.stop();
        }
    }

    private static void verify(FirnNode node, List<TopicPartition> partitions, KeyedLoad load) {
        Map<String, Long> table = new HashMap<>();
        long[] read = {0};
        Reading.each(node.bootstrap(), partitions, record -> {
            read[0]++;
            String key = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
                table.remove(key);
            } else {
                long number = KeyedLoad.number(record.value());
                assertThat(table.getOrDefault(key, -1L)).as("order of %s at offset %s", key, record.offset()).isLessThan(number);
                table.put(key, number);
            }
        });
        assertThat(table).isEqualTo(load.expected());
        assertThat(read[0]).as("records left of " + load.sent()).isLessThan(load.sent() * 9 / 10);
        assertThat(load.failures()).isEmpty();
    }

    @Test
    void groupsFindTheirOffsetsAfterTheOffsetsTopicWasCompacted() throws Exception {
        Map<String, String> settings = Map.of("retention.check.interval.ms", "20", "group.offsets.partitions", "1");
        try (FirnNode node = FirnNode.in(directory.resolve("data"), settings).start()) {
            Map<TopicPartition, OffsetAndMetadata> last;
            try (Topics topics = Topics.of(node.bootstrap())) {
                List<TopicPartition> partitions = topics.create("work", 20);
                last = commit(topics, "early", partitions, 1);
                ConfigResource offsets = new ConfigResource(ConfigResource.Type.TOPIC, "__consumer_offsets");
                Topics.done(topics.admin().incrementalAlterConfigs(Map.of(offsets, List.of(set("segment.bytes", "1048576"), set("min.cleanable.dirty.ratio", "0.1")))).all());
                for (int round = 1; node.metric("firn_compaction_dropped_records_total") == 0; round++) {
                    assertThat(round).as("commits until something is compacted").isLessThan(20_000);
                    last = commit(topics, "late", partitions, round);
                }
            }
            node.kill9();
            node.start();
            try (Topics topics = Topics.of(node.bootstrap())) {
                assertThat(Topics.done(topics.admin().listConsumerGroupOffsets("late").partitionsToOffsetAndMetadata())).isEqualTo(last);
                assertThat(Topics.done(topics.admin().listConsumerGroupOffsets("early").partitionsToOffsetAndMetadata())).hasSize(20).allSatisfy((partition, offset) -> assertThat(offset.offset()).isEqualTo(1));
            }
            assertThat(node.logLines("ERROR")).isEmpty();
            node.stop();
        }
    }

    private static Map<TopicPartition, OffsetAndMetadata> commit(Topics topics, String group, List<TopicPartition> partitions, long offset) {
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        partitions.forEach(partition -> offsets.put(partition, new OffsetAndMetadata(offset, "m".repeat(200))));
        Topics.done(topics.admin().alterConsumerGroupOffsets(group, offsets).all());
        return offsets;
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), OpType.SET);
    }
}
