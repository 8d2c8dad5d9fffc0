package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tiering of a topic paused, switched off with its data, and switched on again, by a stock admin client. */
class TieringSwitchesIT {

    @TempDir
    Path directory;

    private static void configure(Topics topics, String topic, Map<String, Optional<String>> changes) {
        List<AlterConfigOp> operations = new ArrayList<>();
        changes.forEach((name, value) -> operations.add(new AlterConfigOp(new ConfigEntry(name, value.orElse("")), value.isPresent() ? OpType.SET : OpType.DELETE)));
        Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), operations)).all());
    }

    @Test
    void copyingIsPausedWhileTheColdTierServesAndGoesOnAfterwards() {
        TieredLoad load = new TieredLoad(Seed.random("TieringSwitchesIT"));
        try (Buckets buckets = Buckets.open("file", directory); FirnNode node = buckets.node(directory.resolve("data"), Map.of()).start(); Topics topics = Topics.of(node.bootstrap())) {
            List<TopicPartition> partitions = topics.create("paused", 1, TieredLoad.TINY_SEGMENTS);
            load.send(node.bootstrap(), partitions, 3);
            topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
            long boundary = topics.offset(partitions.get(0), OffsetSpec.latestTiered());
            long localStart = topics.offset(partitions.get(0), OffsetSpec.earliestLocal());

            configure(topics, "paused", Map.of("remote.log.copy.disable", Optional.of("true"), "local.retention.bytes", Optional.empty()));
            load.send(node.bootstrap(), partitions, 4);
            node.stop();
            node.start();
            load.verify(Reading.all(node.bootstrap(), partitions));
            assertThat(topics.offset(partitions.get(0), OffsetSpec.latestTiered())).isEqualTo(boundary);
            assertThat(topics.offset(partitions.get(0), OffsetSpec.earliestLocal())).isEqualTo(localStart);

            configure(topics, "paused", Map.of("remote.log.copy.disable", Optional.of("false"), "local.retention.bytes", Optional.of("1")));
            topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
            load.verify(Reading.all(node.bootstrap(), partitions));
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    @Test
    void tieringSwitchedOffWithItsDataEmptiesTheBucketAndMayBeSwitchedOnAgain() {
        TieredLoad load = new TieredLoad(Seed.random("TieringSwitchesIT"));
        try (Buckets buckets = Buckets.open("file", directory); FirnNode node = buckets.node(directory.resolve("data"), Map.of()).start(); Topics topics = Topics.of(node.bootstrap())) {
            List<TopicPartition> partitions = topics.create("switched", 1, TieredLoad.TINY_SEGMENTS);
            TopicPartition partition = partitions.get(0);
            load.send(node.bootstrap(), partitions, 4);
            topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
            long localStart = topics.offset(partition, OffsetSpec.earliestLocal());

            configure(topics, "switched", Map.of("remote.storage.enable", Optional.of("false"), "remote.log.delete.on.disable", Optional.of("true")));
            Await.until("the log starts on the local disk", () -> topics.offset(partition, OffsetSpec.earliest()) == localStart);
            Await.until("no object is left", () -> buckets.segments("switched") == 0);
            load.verify(partition, Reading.all(node.bootstrap(), partition), localStart);

            configure(topics, "switched", Map.of("remote.storage.enable", Optional.of("true"), "remote.log.delete.on.disable", Optional.empty()));
            load.send(node.bootstrap(), partitions, 4);
            Await.until("offload goes on", () -> buckets.segments("switched") > 0);
            load.verify(partition, Reading.all(node.bootstrap(), partition), localStart);
            node.stop();
            node.start();
            load.verify(partition, Reading.all(node.bootstrap(), partition), localStart);
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }
}
