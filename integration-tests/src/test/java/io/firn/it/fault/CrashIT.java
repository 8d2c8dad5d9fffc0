package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnProcess;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * kill -9 under load, again and again, over one data directory while segments roll and move to the cold tier. Producers go on through it. In the end every acknowledged record is
 * there once, at the offset that was acknowledged, and each producer's records of a partition are in the order in which it sent them.
 *
 * <p>{@code -Dfirn.crash.rounds=N} sets the number of kills, {@code -Dfirn.seed=N} their timing.
 */
class CrashIT {

    private static final int ROUNDS = Integer.getInteger("firn.crash.rounds", 20);
    private static final int PARTITIONS = 4;
    private static final int PRODUCERS = 2;
    private static final int LONGEST_LIFE_MS = 1_000;
    private static final int CLEAN_RESTARTS = 2;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"fsync", "os"})
    void everyAcknowledgedRecordIsThereOnceAndInOrderAfterManyKills(String durability) {
        Random random = Seed.random("everyAcknowledgedRecordIsThereOnceAndInOrderAfterManyKills(" + durability + ")");
        Map<String, String> settings = Map.of("log.durability", durability, "retention.check.interval.ms", "50", "cold.delete.grace.ms", "1000");
        try (FirnNode node = FirnNode.in(directory.resolve("data"), settings).start()) {
            List<TopicPartition> partitions = createTopic(node);
            try (SequencedLoad load = SequencedLoad.start(node.bootstrap(), partitions, PRODUCERS)) {
                for (int round = 1; round <= ROUNDS; round++) {
                    killAfterSomeWork(node, load, random, round);
                    node.start();
                }
                load.awaitProgress();
                awaitColdTier(node, partitions);
                load.finish();
                load.verify(node.bootstrap());
                assertThat(node.logLines("ERROR")).isEmpty();
            }
            node.stop();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fsync", "os"})
    void cleanRestartsUnderLoadLoseAndDoubleNothing(String durability) {
        try (FirnNode node = FirnNode.in(directory.resolve("data"), Map.of("log.durability", durability, "retention.check.interval.ms", "50")).start()) {
            List<TopicPartition> partitions = createTopic(node);
            try (SequencedLoad load = SequencedLoad.start(node.bootstrap(), partitions, PRODUCERS)) {
                for (int round = 0; round < CLEAN_RESTARTS; round++) {
                    load.awaitProgress();
                    node.stop();
                    node.start();
                }
                load.awaitProgress();
                awaitColdTier(node, partitions);
                load.finish();
                load.verify(node.bootstrap());
                assertThat(node.logLines("ERROR")).isEmpty();
            }
            node.stop();
        }
    }

    private static List<TopicPartition> createTopic(FirnNode node) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            return topics.create("crash", PARTITIONS, Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1"));
        }
    }

    /** Half of the kills come some time after work began again, the others at any moment since the start. */
    private static void killAfterSomeWork(FirnNode node, SequencedLoad load, Random random, int round) {
        int lifeMs = random.nextInt(LONGEST_LIFE_MS);
        if (round % 2 == 0) {
            load.awaitProgress();
        }
        long end = System.nanoTime() + Duration.ofMillis(lifeMs).toNanos();
        Await.until("moment of the kill", () -> System.nanoTime() - end > 0);
        node.kill9();
    }

    /** While the load goes on: a slow machine may not have filled a segment yet. */
    private static void awaitColdTier(FirnNode node, List<TopicPartition> partitions) {
        try (Topics topics = Topics.of(node.bootstrap())) {
            Await.until("the cold tier takes part", () -> partitions.stream().anyMatch(partition -> topics.offset(partition, OffsetSpec.latestTiered()) > 0));
        }
    }

    @Test
    void aSecondProcessOnTheSameDataDirectoryIsRefusedWithOneLine() {
        try (FirnNode node = FirnNode.in(directory.resolve("data")).start()) {
            FirnProcess rival = node.launchRival();
            assertThat(rival.exitCode(Duration.ofSeconds(60))).isEqualTo(2);
            assertThat(rival.logText().lines().toList()).hasSize(1).allMatch(line -> line.startsWith("firn: ") && line.contains("data"));
            assertThat(node.process().alive()).isTrue();
            node.stop();
        }
    }
}
