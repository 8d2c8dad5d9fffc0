package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** What readers get beside each other of a store that takes a second for each request, in virtual time. Of 112 chunks of memory 56 may be ahead of readers, 32 of one. */
class ColdReadersTogetherTest {

    private static final long STORE_MS = 1_000;
    private static final long STEP_MS = 50;

    private final SimThreads sim = new SimThreads();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final Random random = new Random(7);
    private long storeMs;
    private final SimObjectStore objects = new SimObjectStore(task -> sim.executeAfter(storeMs, task), sim);
    private final ColdStore store = ColdStore.open(new ColdStoreConfig("firn", "cluster-a", CHUNK, 128L * CHUNK, 64, 32L * CHUNK, 2, 10_000, 3, 60_000, false), objects, sim, registry, sim.threads(), random);
    private final ColdLog log = done(store.openLog(ColdFixture.PARTITION, 1));
    private long written;

    private <T> T done(CompletableFuture<T> future) {
        while (!future.isDone()) {
            sim.pass(1);
        }
        return future.join();
    }

    private Reader reader(int chunks, long everyMs) {
        SegmentFixture segment = new SegmentFixture(written, 1);
        while (segment.logSizeBytes() < (long) chunks * CHUNK) {
            segment.batch(random, Compression.NONE, 1, 30_000);
        }
        written = segment.nextOffset();
        done(log.append(segment));
        return new Reader(segment, everyMs);
    }

    /** Reads a chunk each so many ms, or as fast as it can. */
    private final class Reader {
        private final long end;
        private long everyMs;
        private long offset;
        private long nextMs;
        private long bytes;
        private CompletableFuture<ColdRead> asked = new CompletableFuture<>();
        private boolean asking;

        private Reader(SegmentFixture segment, long everyMs) {
            this.offset = segment.baseOffset();
            this.end = segment.nextOffset();
            this.everyMs = everyMs;
        }

        /** Whether it did anything. */
        private boolean step() {
            if (asking && asked.isDone()) {
                ColdRead read = asked.join();
                bytes += read.sizeBytes();
                offset = read.upperBoundOffset();
                read.release();
                asking = false;
                nextMs += everyMs;
                return true;
            }
            if (!asking && sim.millis() >= nextMs) {
                assertThat(offset).as("there is more").isLessThan(end);
                nextMs = sim.millis();
                asked = log.read(offset, CHUNK, Long.MAX_VALUE, true);
                asking = true;
                return true;
            }
            return false;
        }
    }

    private void run(long ms, Reader... readers) {
        for (long until = sim.millis() + ms; sim.millis() < until; sim.pass(STEP_MS)) {
            sim.settle();
            while (Stream.of(readers).anyMatch(Reader::step)) {
                sim.settle();
            }
            sim.settle();
        }
    }

    /** Of the first one. */
    private long bytesIn(long ms, Reader... readers) {
        long before = readers[0].bytes;
        run(ms, readers);
        return readers[0].bytes - before;
    }

    @Test
    void aFastReaderBesideSlowOnesThatWereFastOnceHasWhatItHasAlone() {
        Reader alone = reader(700, 0);
        List<Reader> slow = List.of(reader(300, 100), reader(300, 100));
        Reader fast = reader(700, 0);
        storeMs = STORE_MS;
        run(12_000, alone);
        long byItself = bytesIn(5_000, alone);
        run(14_000, slow.get(0), slow.get(1));
        assertThat(store.reads().inUse().unreadUnits()).as("of 56").isGreaterThan(50);
        slow.forEach(reader -> reader.everyMs = 2_500);
        run(20_000, slow.get(0), slow.get(1));
        run(12_000, slow.get(0), slow.get(1), fast);

        assertThat(bytesIn(5_000, fast, slow.get(0), slow.get(1))).as("what it has alone").isGreaterThan(byItself * 9 / 10);
        assertThat(bytesIn(25_000, slow.get(0), slow.get(1))).as("who has its pace").isGreaterThan(10L * CHUNK * 9 / 10);
    }

    @Test
    void whoReadsSlowlyFromTheBeginningHasAheadWhatItTakesInSomeSeconds() {
        Reader slow = reader(100, 2_500);
        storeMs = STORE_MS;
        run(60_000, slow);

        assertThat(slow.bytes).isGreaterThan(20L * CHUNK);
        assertThat(store.reads().inUse().unreadUnits()).isBetween(2, 6);
    }
}
