package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a topic costs on which nothing happens, counted on the way to the bucket. Sweep and scrub read by design and are off.
 *
 * <p>How often the broker has looked after its partitions is told by another topic, which is not tiered: each time one of its segments has been written full, the next look raises its log start, and that is counted.
 */
class IdleTopicIT {

    /** More than twice as many as there are between two looks for what can be merged or compacted in the cold tier. */
    private static final int LOOKS = 32;

    /** As many as there are between two such looks, and one. */
    private static final int SETTLED_LOOKS = 16;
    private static final int KEYS = 200;
    private static final int VALUE_BYTES = 6_000;
    /** Updates in one segment at most. */
    private static final int SEGMENT_UPDATES = 600;
    private static final Map<String, String> SETTINGS = Map.of("retention.check.interval.ms", "50", "cold.sweep.interval.ms", "0", "cold.scrub.interval.ms", "0", "cold.delete.grace.ms", "100");
    private static final Map<String, String> PULSE = Map.of("segment.bytes", "1048576", "remote.storage.enable", "false", "retention.bytes", "1", "retention.ms", "-1");

    @TempDir
    Path directory;

    private final Random random = Seed.random("IdleTopicIT");
    private FirnNode node;
    private List<TopicPartition> pulsing;

    @Test
    void topicsWithColdRecordsAndNoClientsCostNoRequests() throws Exception {
        try (S3Server server = S3Server.start(directory.resolve("objects")); FaultProxy way = FaultProxy.start(server.port())) {
            Map<String, String> settings = new HashMap<>(Buckets.settings("s3", server, way.endpoint()));
            settings.putAll(SETTINGS);
            node = FirnNode.in(directory.resolve("data"), settings);
            try (FirnNode running = node.start()) {
                fill(running);
                costsNothing(way, "after it was filled");
                running.stop();
                running.start();
                costsNothing(way, "after a restart");
            }
        }
    }

    /** Topics that are deleted by age or not at all, and one that is compacted. */
    private void fill(FirnNode running) throws InterruptedException {
        try (Topics topics = Topics.of(running.bootstrap())) {
            List<TopicPartition> idle = new ArrayList<>(topics.create("idle", 4, TieredLoad.TINY_SEGMENTS));
            idle.addAll(topics.create("idle-expiring", 2, with(Map.of("retention.ms", "" + Long.MAX_VALUE / 2))));
            new TieredLoad(random).send(running.bootstrap(), idle, 3);
            TopicPartition compacted = topics.create("idle-compacted", 1, with(Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "min.cleanable.dirty.ratio", "0.1"))).get(0);
            try (KeyedLoad load = KeyedLoad.start(running.bootstrap(), compacted, KEYS, VALUE_BYTES, random)) {
                Await.until("updates of keys", () -> load.acknowledgements() > 4 * SEGMENT_UPDATES);
                load.finish();
                assertThat(load.failures()).isEmpty();
            }
            topics.awaitCold(idle, TieredLoad.SEGMENT_RECORDS);
            topics.awaitCold(List.of(compacted), SEGMENT_UPDATES);
            pulsing = topics.create("pulse", 1, PULSE);
        }
    }

    private static Map<String, String> with(Map<String, String> more) {
        Map<String, String> configs = new HashMap<>(TieredLoad.TINY_SEGMENTS);
        configs.putAll(more);
        return configs;
    }

    private void costsNothing(FaultProxy way, String when) throws IOException {
        Await.until("the broker has settled " + when, () -> {
            long before = way.requests("");
            looks(SETTLED_LOOKS);
            return way.requests("") == before;
        });
        way.clear();
        looks(LOOKS);
        assertThat(way.requests("")).as("requests in %d looks, %s", LOOKS, when).isZero();
    }

    /** Returns after the broker has looked at its partitions so many times. */
    private void looks(int times) throws IOException {
        for (int look = 0; look < times; look++) {
            double before = node.metric("firn_log_start_advances_total");
            Await.until("a look", () -> {
                new TieredLoad(random).send(node.bootstrap(), pulsing, 1);
                return node.metric("firn_log_start_advances_total") > before;
            });
        }
    }
}
