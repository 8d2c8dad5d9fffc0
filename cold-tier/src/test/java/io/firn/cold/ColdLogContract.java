package io.firn.cold;

import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A log's whole life over a real store with real threads; a subclass a provider. */
abstract class ColdLogContract {

    private static final int CHUNK = 64 << 10;
    private static final long DEADLINE_S = 30;

    private ColdStore store;
    private ColdStore other;

    /** A new client of the same bucket each time. */
    abstract ObjectStore open();

    @BeforeEach
    void start() {
        store = newStore();
        other = newStore();
    }

    private ColdStore newStore() {
        ColdStoreConfig config = new ColdStoreConfig("it/firn", "cluster-a", CHUNK, 24L * CHUNK, 4, 4 * CHUNK, 2, 5_000, 3, 0, false);
        return ColdStore.open(config, open(), InstantSource.system(), new SimpleMeterRegistry());
    }

    @AfterEach
    void stop() {
        store.close();
        other.close();
    }

    private static <T> T await(CompletableFuture<T> future) throws Exception {
        return future.get(DEADLINE_S, TimeUnit.SECONDS);
    }

    private static List<ColdSegment> all(ColdLog log) throws Exception {
        return await(log.segmentsFrom(0, 1_000));
    }

    @Test
    void aLogIsOffloadedReadByManyTakenOverTrimmedAndDeleted() throws Exception {
        await(store.check());
        await(other.check());
        ColdLog log = await(store.openLog(PARTITION, 1));
        Random random = new Random(3);
        List<SegmentFixture> segments = new ArrayList<>();
        long base = 0;
        for (int i = 0; i < 4; i++) {
            SegmentFixture segment = SegmentFixture.random(random, base, 1, 5 * CHUNK);
            await(log.append(segment));
            segments.add(segment);
            base = segment.nextOffset();
        }
        readAll(log, segments, 0);
        ColdLog next = await(other.openLog(PARTITION, 2));
        assertThat(all(next)).isEqualTo(all(log));
        SegmentFixture fifth = SegmentFixture.random(random, base, 2, CHUNK);
        await(next.append(fifth));
        segments.add(fifth);
        assertThatThrownBy(() -> await(log.append(fifth))).cause().isInstanceOf(ColdStoreException.Fenced.class);
        assertThat(await(next.deleteBefore(segments.get(0).nextOffset()))).isOne();
        assertThat(await(other.sweep())).isOne();
        readAll(next, segments.subList(1, 5), segments.get(0).nextOffset());
        await(other.deleteLog(PARTITION, 2));
        assertThat(all(await(other.openLog(PARTITION, 3)))).isEmpty();
    }

    private static void readAll(ColdLog log, List<SegmentFixture> segments, long from) throws Exception {
        List<CompletableFuture<Void>> readers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            readers.add(follow(log, segments, from, (i + 1) * 20_000));
        }
        await(CompletableFuture.allOf(readers.toArray(CompletableFuture[]::new)));
    }

    private static CompletableFuture<Void> follow(ColdLog log, List<SegmentFixture> segments, long offset, int maxBytes) {
        if (offset == log.endOffset()) {
            return CompletableFuture.completedFuture(null);
        }
        return log.read(offset, maxBytes, Long.MAX_VALUE, true).thenCompose(read -> {
            SegmentFixture segment = segments.stream().filter(s -> offset >= s.baseOffset() && offset < s.nextOffset()).findFirst().orElseThrow();
            assertThat(ColdFixture.bytes(read)).isEqualTo(segment.bytes(offset, read.upperBoundOffset()));
            read.release();
            return follow(log, segments, read.upperBoundOffset(), maxBytes);
        });
    }
}
