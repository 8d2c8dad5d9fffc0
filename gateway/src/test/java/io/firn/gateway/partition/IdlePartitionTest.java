package io.firn.gateway.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.cold.SegmentFixture;
import io.firn.cold.SegmentSource;
import io.firn.cold.SegmentSourceView;
import io.firn.cold.manifest.GeneratedHistory;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.sim.SimObjectStore;
import io.firn.gateway.rig.Await;
import io.firn.membership.Command;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a whole partition of a long history takes of a broker while nobody asks for it: its local log, its view of the bucket, the two together, what leads it and what clients meet. */
class IdlePartitionTest {

    private static final int SEGMENTS = 1_000_000;
    private static final int PARTITIONS = 200;
    /** In service before anything is measured, for what the first ones need besides. */
    private static final int FIRST = 20;
    private static final int LIMIT_BYTES = 64 << 10;
    /** Collections until what is used goes down no more. */
    private static final int COLLECTIONS_LIMIT = 20;
    private static final Map<String, String> CONFIGS = Map.of("remote.storage.enable", "true", "local.retention.ms", "1", "retention.ms", "-1");
    private static final BucketLayout LAYOUT = new BucketLayout("");
    /** One of the history, one of the segment that is there, one of the leader's claim. */
    private static final String CLAIM = "00000000000000000003.manifest";

    @TempDir
    Path directory;
    private final Random random = new Random(9);

    @Test
    void anIdleTieredPartitionOfAMillionSegmentsStaysBelowItsShareOfTheMemory() {
        try (TestPartitions broker = new TestPartitions(directory)) {
            lead(broker, "first", FIRST);
            long before = usedBytes();
            lead(broker, "idle", PARTITIONS);
            long each = (usedBytes() - before) / PARTITIONS;
            System.out.println("Heap, direct and mapped memory of an idle tiered partition of " + SEGMENTS + " segments: " + each + " bytes");
            assertThat(each).isBetween(1_000L, (long) LIMIT_BYTES);
        }
    }

    /** A topic of which the bucket has a long history comes back, and a record follows to each partition; then nothing more is done to it. */
    private void lead(TestPartitions broker, String topic, int count) {
        Uuid id = new Uuid(11, topic.hashCode());
        fillBucket(broker.metadata.view().clusterId(), IntStream.range(0, count).mapToObj(partition -> new TopicIdPartition(id, partition, topic)).toList());
        broker.metadata.submit(new Command.RestoreTopic(id, topic, count, 1, 2, CONFIGS)).join();
        Await.until("all are in service", () -> IntStream.range(0, count).allMatch(partition -> broker.partitions.find(topic, partition).isPresent()));
        for (int partition = 0; partition < count; partition++) {
            assertThat(broker.append(broker.partition(topic, partition), new SimpleRecord("now".getBytes()))).isEqualTo(GeneratedHistory.OFFSETS * (SEGMENTS + 1L));
        }
        Await.until("all cold logs are open and claimed", () -> claims(topic) == count);
    }

    private void fillBucket(String cluster, List<TopicIdPartition> partitions) {
        SimObjectStore elsewhere = new SimObjectStore();
        ManifestContent history = GeneratedHistory.write(elsewhere, LAYOUT.partition(partitions.get(0)), partitions.get(0), SEGMENTS);
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        ObjectStore objects = ObjectStores.open(ObjectStoreConfig.ofDirectory(directory.resolve("cold")), meters);
        try (ColdStore cold = ColdStore.open(new ColdStoreConfig("", cluster, 1 << 20, 16 << 20, 2, 1 << 20, 1, 5_000, 2, 1_000, false), objects, InstantSource.system(), meters)) {
            for (TopicIdPartition partition : partitions) {
                GeneratedHistory.writeManifest(objects, LAYOUT.partition(partition), partition, history);
                ColdLog log = cold.openLog(partition, 1).join();
                log.append(withoutProducers(new SegmentFixture(log.endOffset(), 1).batch(random, Compression.NONE, GeneratedHistory.OFFSETS, 50))).join();
                assertThat(log.segmentCount()).isEqualTo(SEGMENTS + 1);
            }
        }
    }

    /** With a snapshot as brokers write it, from which a log can begin. */
    private static SegmentSource withoutProducers(SegmentFixture segment) {
        CRC32C checksum = new CRC32C();
        checksum.update(new byte[Integer.BYTES]);
        return new SegmentSourceView(segment) {
            @Override
            public ByteBuffer producerSnapshot() {
                return ByteBuffer.allocate(10).putShort((short) 1).putInt((int) checksum.getValue()).putInt(0).flip();
            }
        };
    }

    private long claims(String topic) {
        try (Stream<Path> files = Files.walk(directory.resolve("cold"))) {
            return files.filter(file -> file.endsWith(CLAIM) && file.toString().contains("/" + topic + "-" + new Uuid(11, topic.hashCode()))).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long usedBytes() {
        long used = Long.MAX_VALUE;
        for (int i = 0; i < COLLECTIONS_LIMIT; i++) {
            System.gc();
            long now = Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
            used = Math.min(used, now);
        }
        return used + ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream().mapToLong(BufferPoolMXBean::getMemoryUsed).sum();
    }
}
