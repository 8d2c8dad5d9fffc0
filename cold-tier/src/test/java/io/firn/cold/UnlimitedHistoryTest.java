package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.manifest.GeneratedHistory;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** A partition of a million segments costs what one of a thousand does: as many requests for whatever is done with it, and as little memory while it is idle. */
class UnlimitedHistoryTest {

    private static final int SHORT = 1_000;
    private static final int LONG = 1_000_000;
    private static final int IDLE_LIMIT_BYTES = 64 << 10;
    private static final PartitionKeys KEYS = new BucketLayout("firn").partition(PARTITION);

    private final Random random = new Random(7);

    @Test
    void whateverIsDoneWithAMillionSegmentsTakesAsManyRequestsAsWithAThousand() {
        Map<String, Map<Operation, Integer>> few = requests(SHORT);
        Map<String, Map<Operation, Integer>> many = requests(LONG);
        assertThat(few).containsKeys("open", "append", "seek by offset", "seek by time", "largest timestamp", "replace", "expire one", "expire a third");
        assertThat(many).isEqualTo(few);
        many.forEach((what, counts) -> assertThat(counts.values().stream().mapToInt(Integer::intValue).sum()).as(what).isLessThanOrEqualTo(12));
        System.out.println("Requests, " + LONG + " segments: " + many);
    }

    /** Each with nothing in memory but the manifest. */
    private Map<String, Map<Operation, Integer>> requests(int count) {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, count);
        Map<String, Map<Operation, Integer>> requests = new LinkedHashMap<>();
        long middle = (long) GeneratedHistory.OFFSETS * (count / 2);
        Broker first = new Broker(bucket, 1);
        first.sim.await(first.store.check());
        ColdLog opened = first.counted(requests, "open", () -> first.store.openLog(PARTITION, 1));
        assertThat(opened.segmentCount()).isEqualTo(count);
        assertThat(opened.sizeBytes()).isEqualTo(1_000L * count);

        SegmentFixture real = new SegmentFixture(middle, 1).batch(random, Compression.NONE, GeneratedHistory.OFFSETS, 50);
        Broker second = new Broker(bucket, 2);
        List<ColdSegment> replaced = second.sim.await(second.open().segmentsFrom(middle, 1));
        second.store.close();
        new Broker(bucket, 3).on(requests, "replace", log -> log.replace(replaced, List.of(real)));
        new Broker(bucket, 4).on(requests, "append", log -> log.append(new SegmentFixture(log.endOffset(), 1).batch(random, Compression.NONE, 10, 50)));
        ColdRead read = new Broker(bucket, 5).on(requests, "seek by offset", log -> log.read(middle + 3, 10_000, Long.MAX_VALUE, true));
        assertThat(ColdFixture.bytes(read)).isEqualTo(real.bytes());
        long justAfterTheOneBefore = GeneratedHistory.timestampMs(middle - 1) + 1;
        Optional<ColdTimestamp> byTime = new Broker(bucket, 6).on(requests, "seek by time", log -> log.offsetForTimestamp(justAfterTheOneBefore, 0));
        assertThat(byTime).hasValueSatisfying(found -> assertThat(found.offset()).isBetween(middle, middle + GeneratedHistory.OFFSETS - 1));
        Optional<ColdTimestamp> largest = new Broker(bucket, 7).on(requests, "largest timestamp", ColdLog::maxTimestamp);
        assertThat(largest).isPresent();
        long one = new Broker(bucket, 8).on(requests, "expire one", log -> log.deleteBefore(GeneratedHistory.OFFSETS));
        assertThat(one).isOne();
        long third = (long) GeneratedHistory.OFFSETS * (count / 3);
        Broker last = new Broker(bucket, 9);
        long dropped = last.on(requests, "expire a third", log -> log.deleteBefore(third));
        assertThat(dropped).isEqualTo(count / 3 - 1);
        ColdLog log = last.open();
        assertThat(log.startOffset()).isEqualTo(third);
        assertThat(log.segmentCount()).isEqualTo(count + 1 - count / 3);
        return requests;
    }

    /** A process of its own: nothing is in its memory. */
    private static final class Broker {
        private final SimThreads sim = new SimThreads();
        private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
        private final SimObjectStore objects;
        private final ColdStore store;
        private final int epoch;

        Broker(SimObjectStore bucket, int epoch) {
            this.objects = bucket.reopened();
            this.epoch = epoch;
            this.store = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), objects, sim, registry, sim.threads(), new Random(epoch));
        }

        ColdLog open() {
            return sim.await(store.openLog(PARTITION, epoch));
        }

        private <T> T on(Map<String, Map<Operation, Integer>> requests, String what, Function<ColdLog, CompletableFuture<T>> action) {
            ColdLog log = open();
            return counted(requests, what, () -> action.apply(log));
        }

        private <T> T counted(Map<String, Map<Operation, Integer>> requests, String what, Supplier<CompletableFuture<T>> action) {
            Map<Operation, Integer> counts = new EnumMap<>(Operation.class);
            for (Operation operation : Operation.values()) {
                counts.put(operation, -objects.requests(operation));
            }
            T result = sim.await(action.get());
            counts.replaceAll((operation, count) -> count + objects.requests(operation));
            requests.put(what, counts);
            return result;
        }
    }

    @Test
    void anIdlePartitionOfAMillionSegmentsStaysBelowItsShareOfTheHeap() {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, LONG);
        Broker broker = new Broker(bucket, 1);
        List<ColdLog> open = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            open.add(broker.sim.await(broker.store.openLog(PARTITION, 1))); // what the first ones need besides
        }
        int partitions = 400;
        long before = usedBytes();
        for (int i = 0; i < partitions; i++) {
            ColdLog log = broker.sim.await(broker.store.openLog(PARTITION, 1));
            log.outline(); // as retention looks
            open.add(log);
        }
        long each = (usedBytes() - before) / partitions;
        System.out.println("Heap of an idle partition of " + LONG + " segments: " + each + " bytes");
        assertThat(each).isBetween(1_000L, (long) IDLE_LIMIT_BYTES);
        assertThat(open).hasSize(20 + partitions);
    }

    @Test
    void aReaderWithoutABrokerFindsItsPlaceInAMillionSegmentsAsInAThousand() {
        assertThat(reading(LONG)).isEqualTo(reading(SHORT));
    }

    /** Requests of streams that begin in the middle, by offset and by time. */
    private Map<String, Integer> reading(int count) {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, count);
        long middle = (long) GeneratedHistory.OFFSETS * (count / 2);
        SegmentFixture real = new SegmentFixture(middle, 1).batch(random, Compression.NONE, GeneratedHistory.OFFSETS, 50);
        Broker broker = new Broker(bucket, 1);
        ColdLog log = broker.open();
        broker.sim.await(log.replace(broker.sim.await(log.segmentsFrom(middle, 1)), List.of(real)));
        broker.store.close();
        Map<String, Integer> requests = new LinkedHashMap<>();
        Map<String, ColdPosition> positions = Map.of("offset", new ColdPosition.Offset(middle + 3), "time", new ColdPosition.Time(GeneratedHistory.timestampMs(middle - 1) + 1));
        positions.forEach((by, from) -> {
            SimThreads sim = new SimThreads();
            SimObjectStore objects = bucket.reopened();
            SimpleMeterRegistry meters = new SimpleMeterRegistry();
            ColdLogReader reader = ColdLogReader.open(new ColdReaderConfig("firn", Optional.empty(), CHUNK, 16L * CHUNK, 4, 0, 1_000, 3), objects, sim, meters, sim.threads());
            ColdStream stream = sim.await(reader.stream(PARTITION, from, new ColdPosition.Offset(real.nextOffset()), false));
            try (ColdPiece.Batches piece = (ColdPiece.Batches) sim.await(stream.next()).orElseThrow()) {
                assertThat(piece.sizeBytes()).isEqualTo((int) real.logSizeBytes());
            }
            assertThat(sim.await(stream.next())).isEmpty();
            assertThat(meters.get("firn.cold.page.gets").counter().count()).isOne();
            requests.put(by, objects.requests());
        });
        return requests;
    }

    @Test
    void aMillionSegmentsAreShownPageByPage() {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, LONG);
        SimObjectStore objects = bucket.reopened();
        Map<String, Integer> lines = new LinkedHashMap<>();
        assertThat(BucketInspection.open(objects, "firn").show(PARTITION, true, line -> lines.merge(line.substring(0, line.indexOf(' ')), 1, Integer::sum))).isZero();
        assertThat(lines).containsEntry("segment", LONG).containsEntry("page", (int) bucket.keys().stream().filter(key -> key.endsWith(".page")).count());
        assertThat(objects.requests()).as("each page once").isEqualTo(lines.get("page") + 2);
    }

    private static long usedBytes() {
        Runtime runtime = Runtime.getRuntime();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 4; i++) {
            System.gc();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
        }
        return least;
    }

    @Test
    void whatWasDeletedOfALongLogLeavesNothingInMemory() {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, 50_000);
        Broker broker = new Broker(bucket, 1);
        ColdLog log = broker.open();
        int before = broker.objects.requests(Operation.DELETE);
        broker.sim.await(log.deleteBefore(GeneratedHistory.OFFSETS * 45_000L));
        broker.sim.pass(61_000);
        assertThat(broker.objects.requests(Operation.DELETE) - before).as("in one round").isLessThanOrEqualTo(16);
        broker.sim.pass(600_000);
        assertThat(broker.objects.requests(Operation.DELETE) - before).as("a thousand segments each, and the pages").isBetween(55, 75);
        assertThat(broker.objects.keys().stream().filter(key -> key.endsWith(".page")).count()).isEqualTo(log.outline().stream().filter(ColdStretch::isPage).count());
        assertThat(log.pendingCount()).isZero();
        int requests = broker.objects.requests();
        broker.sim.pass(600_000);
        assertThat(broker.objects.requests()).isEqualTo(requests);
    }

    @Test
    void goingThroughAMillionSegmentsHoldsAFewPagesAtATime() {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, LONG);
        Broker broker = new Broker(bucket, 1);
        ColdLog log = broker.sim.await(broker.store.openLog(PARTITION, 1));
        long count = 0;
        int gets = broker.objects.requests(Operation.GET);
        for (List<ColdSegment> next = broker.sim.await(log.segmentsFrom(0, 500)); !next.isEmpty(); next = broker.sim.await(log.segmentsFrom(next.get(next.size() - 1).nextOffset(), 500))) {
            count += next.size();
        }
        assertThat(count).isEqualTo(LONG);
        assertThat(broker.registry.get("firn.cold.cache.page.bytes").gauge().value()).as("kept of 58 MiB").isBetween(15.0 * (1 << 20), (double) ColdStoreConfig.PAGE_CACHE_BYTES);
        assertThat(broker.objects.requests(Operation.GET) - gets).as("each page once").isEqualTo(log.outline().stream().filter(ColdStretch::isPage).count());
    }

    @Test
    void aMillionAppendsWouldHaveWrittenAPageIn128() {
        SimObjectStore bucket = new SimObjectStore();
        GeneratedHistory.write(bucket, KEYS, PARTITION, LONG);
        Broker broker = new Broker(bucket, 1);
        ColdLog log = broker.sim.await(broker.store.openLog(PARTITION, 1));
        int before = broker.objects.requests();
        int creates = broker.objects.requests(Operation.PUT_IF_ABSENT);
        int appends = 512;
        for (int i = 0; i < appends; i++) {
            broker.sim.await(log.append(new SegmentFixture(log.endOffset(), 1).batch(random, Compression.NONE, 3, 20)));
        }
        broker.sim.settle();
        int pages = broker.objects.requests(Operation.PUT_IF_ABSENT) - creates - appends;
        assertThat(pages).as("pages and trims").isBetween(appends / 128, appends / 128 + appends / 10);
        assertThat((double) (broker.objects.requests() - before) / appends).as("requests an append").isLessThan(5.4);
    }
}
