package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * kill -9 again and again while segments are offloaded, merged, compacted and deleted, and topics with them: what the dead have left in the bucket is swept by those who come after, and nothing else.
 *
 * <p>{@code -Dfirn.leak.rounds=N} sets the number of kills, {@code -Dfirn.seed=N} their timing. Each step at which a broker may die is tested by name in {@code StepKillIT}, {@code PageStepKillIT} and {@code LeakTest}; here it is a matter of luck, and of load.
 */
class LeakIT {

    private static final int ROUNDS = Integer.getInteger("firn.leak.rounds", 2);
    private static final int LONGEST_LIFE_MS = 1_500;
    private static final Map<String, String> SETTINGS = Map.of("retention.check.interval.ms", "50", "cold.sweep.interval.ms", "500", "cold.sweep.grace.ms", "0", "cold.scrub.interval.ms", "1000",
            "cold.scrub.bytes.per.second", "200000000");
    /** A batch each: so many that they are merged all the time. */
    private static final Map<String, String> SMALL_SEGMENTS = Map.of("segment.ms", "10", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1");
    private static final Map<String, String> COMPACTED = Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "segment.ms", "10", "local.retention.bytes", "1", "min.cleanable.dirty.ratio", "0.1");
    private static final int TABLE_UPDATES = 300;
    /** Each of the partitions that stay, twice. */
    private static final int SWEEPS = 10;
    private static final Map<String, String> SHORT = Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "2000000");

    @TempDir
    Path directory;

    @Test
    void whatKilledBrokersLeaveInTheBucketIsSweptAndNothingThatCountsIsMissing() throws Exception {
        Random random = Seed.random("LeakIT");
        TieredLoad kept = new TieredLoad(random);
        TieredLoad passing = new TieredLoad(new Random(random.nextLong()));
        ExecutorService thread = Executors.newSingleThreadExecutor();
        try (Buckets buckets = Buckets.open("file", directory); FirnNode node = buckets.node(directory.resolve("data"), SETTINGS).start()) {
            List<TopicPartition> keep;
            List<TopicPartition> pass;
            TableLoad table;
            try (Topics topics = Topics.of(node.bootstrap())) {
                keep = topics.create("kept", 2, SMALL_SEGMENTS);
                pass = topics.create("passing", 2, SHORT);
                table = new TableLoad(topics.create("table", 1, COMPACTED).get(0));
            }
            Semaphore rounds = new Semaphore(1);
            Future<?> load = thread.submit(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    rounds.acquire();
                    kept.send(node.bootstrap(), keep, 2);
                    passing.send(node.bootstrap(), pass, 2);
                    table.send(node.bootstrap(), TABLE_UPDATES);
                }
                return null;
            });
            for (int round = 0; round < ROUNDS; round++) {
                killInRound(node, random, round);
                rounds.release();
                node.start();
            }
            load.get(2, TimeUnit.MINUTES);
            kept.send(node.bootstrap(), keep, 1);
            table.send(node.bootstrap(), TABLE_UPDATES);
            Await.until("the last one merges and compacts as well", () -> node.metric("firn_cold_merges_total") > 0 && node.metric("firn_cold_compaction_passes_total") > 0);
            AtomicReference<String> left = new AtomicReference<>();
            Await.until("an orphan is put there, of what is offloaded by then and not replaced just now", () -> {
                left.set(orphan(directory.resolve("objects")));
                return true;
            });
            Await.until("topics that were deleted leave nothing", () -> buckets.objects("doomed") == 0);
            new LeakWatch(node, () -> ObjectStores.openToRead(ObjectStoreConfig.ofDirectory(directory.resolve("objects")), new SimpleMeterRegistry())).awaitNothing(Optional.empty(), SWEEPS);
            assertThat(buckets.objects(left.get())).as("what was put there").isZero();
            kept.verify(Reading.all(node.bootstrap(), keep));
            table.verify(node.bootstrap());
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        } finally {
            thread.shutdownNow();
        }
    }

    /** With every second one a topic is deleted, at the last moment. */
    private static void killInRound(FirnNode node, Random random, int round) {
        long end = System.nanoTime() + Duration.ofMillis(random.nextInt(LONGEST_LIFE_MS)).toNanos();
        String doomed = "doomed" + round;
        try (Topics topics = Topics.of(node.bootstrap())) {
            if (round % 2 == 0) {
                List<TopicPartition> partitions = topics.create(doomed, 2, TieredLoad.TINY_SEGMENTS);
                new TieredLoad(random).send(node.bootstrap(), partitions, 2);
                Topics.done(topics.admin().deleteTopics(List.of(doomed)).all());
            } else {
                Await.until("moment of the kill", () -> System.nanoTime() - end > 0);
            }
        }
        node.kill9();
    }

    /** An object as a broker leaves it that dies after an upload. */
    private static String orphan(Path objects) throws IOException {
        try (Stream<Path> files = Files.walk(objects)) {
            Path segment = files.filter(file -> file.toString().contains("kept") && file.toString().endsWith(".segment")).findFirst().orElseThrow();
            String name = segment.getFileName().toString().replaceFirst("-(\\d+)-[0-9a-f]{16}", "-0-00000000000000aa");
            Files.copy(segment, segment.resolveSibling(name));
            return name;
        }
    }
}
