package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.HotLog;
import io.firn.hot.HotStoreConfig;
import io.firn.hot.RecordBuffers;
import io.firn.hot.Seeds;
import io.firn.hot.SimDisk;
import io.firn.hot.SimHotStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Test;

/** Many partitions of one worker, and a bucket that answers 503: to a share of all requests, or to all of them. Threads and time are simulated, so that each request has its second. */
class RefusalStormTest {

    private static final int PARTITIONS = 200;
    private static final int SEEDS = 1;
    private static final double REFUSED_SHARE = 0.3;
    private static final long CHECK_INTERVAL_MS = 500;
    private static final long SECOND_MS = 1_000;
    private static final int OUTAGE_S = 300;
    /** Doubling from one second to a minute, each up to a fifth shorter: seven attempts in the first 51 seconds at the most, from then on one in 48 seconds. */
    private static final int ATTEMPTS_A_PARTITION = 12;
    /** When the pauses are a minute, and what was drawn of the earlier ones has parted those that failed at once. */
    private static final int PARTED_FROM_S = 100;
    private static final int MOST_OF_A_SECOND = PARTITIONS / 5;
    private static final long STORM_LIMIT_S = 3_600;

    @Test
    void everySegmentGetsThroughAStormInTheEndAndWhileAllIsRefusedRequestsAreFewAndSpread() {
        Seeds.each(SEEDS, random -> {
            try (Storm storm = new Storm(random)) {
                storm.segmentEach();
                SimFault some = storm.objects.inject(SimFault.outage().forKeys(key -> random.nextDouble() < REFUSED_SHARE));
                storm.passUntil("all is offloaded through a storm", storm::allOffloaded);
                assertThat(storm.meter("firn.offload.failures")).as("refused meanwhile").isGreaterThan(PARTITIONS * REFUSED_SHARE);
                some.release();

                TreeMap<Long, Integer> requests = new TreeMap<>();
                SimFault all = storm.objects.inject(SimFault.outage().forKeys(key -> requests.merge(storm.second(), 1, Integer::sum) > 0));
                long begunS = storm.second();
                storm.segmentEach();
                while (storm.second() < begunS + OUTAGE_S) {
                    storm.pass();
                }
                assertThat(requests.firstEntry().getValue()).as("all come to know it at once").isGreaterThanOrEqualTo(PARTITIONS);
                assertThat(requests.values().stream().mapToInt(Integer::intValue).sum()).as("requests in %s s", OUTAGE_S).isBetween(PARTITIONS * OUTAGE_S / 60, PARTITIONS * ATTEMPTS_A_PARTITION);
                Map<Long, Integer> parted = requests.tailMap(begunS + PARTED_FROM_S, true);
                assertThat(Collections.max(parted.values())).as("requests in the worst second of %s", parted).isLessThanOrEqualTo(MOST_OF_A_SECOND);
                assertThat(storm.logs).allSatisfy(log -> assertThat(log.latestTieredOffset()).isLessThan(log.hot().logEndOffset() - 1));

                all.release();
                storm.objects.inject(SimFault.outage().forKeys(key -> random.nextDouble() < REFUSED_SHARE));
                storm.segmentEach();
                storm.passUntil("all is offloaded after it", storm::allOffloaded);
                assertThat(storm.logs).allSatisfy(log -> assertThat(log.cold().map(ColdLog::segmentCount)).hasValue(3L));
                assertThat(storm.logs).allSatisfy(log -> assertThat(log.offlineReason()).isEmpty());
            }
        });
    }

    /** The storage of a broker on the test's thread. */
    private static final class Storm implements AutoCloseable {
        private static final Path DIRECTORY = Path.of("/data/hot");
        private static final int LEADER_EPOCH = 1;

        final SimThreads threads = new SimThreads();
        final SimObjectStore objects = new SimObjectStore(threads, threads);
        final List<TieredLog> logs = new ArrayList<>();
        private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
        private final SimHotStore hotStore;
        private final ColdStore cold;
        private final SimRetention retention;

        Storm(Random random) throws IOException {
            SimDisk disk = new SimDisk(1);
            disk.createDirectories(DIRECTORY);
            hotStore = new SimHotStore(new HotStoreConfig(DIRECTORY, Durability.OS, 0, 1, 86_400_000, 64 << 20), disk, threads, threads, meters);
            cold = ColdStore.open(new ColdStoreConfig("", "cluster", 64 << 10, 4 << 20, 4, 256 << 10, 2, 5_000, 1, 0, false), objects, threads, meters, threads.threads(), new SecureRandom());
            RetentionConfig config = new RetentionConfig(CHECK_INTERVAL_MS, 0, 0, () -> Long.MAX_VALUE / 4, RetentionConfig.DEFAULT_UPLOADS_AT_ONCE);
            retention = new SimRetention(config, cold, threads, random::nextDouble, meters, threads, threads, threads, new ScratchSpace(disk, Path.of("/data/scratch")));
            for (int partition = 0; partition < PARTITIONS; partition++) {
                HotLog hot = await(hotStore.store().openOrCreate(new TopicIdPartition(new Uuid(7, 7), partition, "logs"), Views.config().hot(), threads));
                logs.add(retention.worker().attach(hot, Views.coldOnly(), LEADER_EPOCH, threads, hot::durableOffset));
            }
        }

        /** Appends to each partition, and seals it. */
        void segmentEach() {
            for (TieredLog log : logs) {
                SimpleRecord record = new SimpleRecord(threads.millis(), "key".getBytes(), "value".getBytes());
                ByteBuffer batch = MemoryRecords.withRecords(Compression.NONE, record).buffer();
                ByteBuffer bytes = ByteBuffer.allocateDirect(batch.remaining()).put(batch).flip();
                assertThat(log.hot().append(RecordBuffers.of(bytes), LEADER_EPOCH, AppendOrigin.CLIENT, threads.millis())).isInstanceOf(AppendResult.Appended.class);
                await(log.hot().roll());
            }
        }

        /** Until a check interval later; nothing is left to do then but to wait. */
        void pass() {
            retention.tick();
            do {
                threads.settle();
            } while (hotStore.force() > 0);
            threads.pass(CHECK_INTERVAL_MS);
        }

        void passUntil(String what, BooleanSupplier condition) {
            for (long endS = second() + STORM_LIMIT_S; !condition.getAsBoolean(); pass()) {
                assertThat(second()).as(what).isLessThan(endS);
            }
        }

        boolean allOffloaded() {
            return logs.stream().allMatch(log -> log.latestTieredOffset() == log.hot().logEndOffset() - 1);
        }

        long second() {
            return threads.millis() / SECOND_MS;
        }

        double meter(String name) {
            return meters.getMeters().stream().filter(meter -> meter.getId().getName().equals(name)).mapToDouble(meter -> meter.measure().iterator().next().getValue()).sum();
        }

        private <T> T await(CompletableFuture<T> future) {
            while (!future.isDone()) {
                threads.settle();
                assertThat(future.isDone() || hotStore.force() > 0).as("something is left to do").isTrue();
            }
            return future.join();
        }

        @Override
        public void close() {
            retention.worker().close();
            cold.close();
            threads.settle();
            hotStore.release(await(hotStore.closeLogs()));
        }
    }
}
