package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.read.ReadsInUse;
import io.firn.cold.sim.SimFault;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Readers go through a log while its segments are replaced by compacted ones, merged, and dropped from the front, whatever the moment. */
class ColdSwapPropertyTest {

    private int swaps;
    private int readsOverASwap;
    private int readsInAGap;

    @Test
    void sequentialReadersSeeEveryRecordThatSurvivesOnceAndInOrder() {
        Seeds.each(80, random -> new World(random).run());
        if (Long.getLong("firn.seed") == null) {
            assertThat(swaps).isGreaterThan(150);
            assertThat(readsOverASwap).as("reads that began before a swap and ended after it").isGreaterThan(50);
            assertThat(readsInAGap).as("reads that began in a gap").isGreaterThan(50);
        }
    }

    @Test
    void aReadThatBeganBeforeTheSwapEndsWithTheOldObject() {
        ColdFixture cold = new ColdFixture();
        ColdLog log = cold.log(1);
        Random random = new Random(4);
        SegmentFixture old = SegmentFixture.random(random, 0, 1, 3 * CHUNK);
        ColdSegment replaced = cold.await(log.append(old));
        SimFault held = cold.objects.inject(SimFault.holdingRequests().on(SimFault.Operation.GET).forKeys(key -> key.equals(replaced.key())));
        CompletableFuture<ColdRead> read = log.read(0, CHUNK, Long.MAX_VALUE, true);
        cold.sim.settle();
        assertThat(held.heldCount()).isPositive();
        SegmentFixture compacted = SegmentFixture.compacted(random, List.of(old), 10);
        cold.await(log.replace(cold.segments(log), List.of(compacted)));
        held.release();
        ColdRead arrived = cold.await(read);
        assertThat(ColdFixture.bytes(arrived)).isEqualTo(old.bytes(0, arrived.upperBoundOffset()));
        arrived.release();
        ColdRead next = cold.await(log.read(0, CHUNK, Long.MAX_VALUE, true));
        assertThat(next.baseOffset()).isEqualTo(compacted.batches().get(0).baseOffset());
        next.release();
    }

    @Test
    void aReadBehindTheLastBatchOfTheColdTierSaysWhereToGoOn() {
        ColdFixture cold = new ColdFixture();
        ColdLog log = cold.log(1);
        Random random = new Random(4);
        SegmentFixture first = SegmentFixture.random(random, 0, 1, 2_000);
        long batchesEnd = first.nextOffset();
        cold.await(log.append(first.upTo(batchesEnd + 50)));
        cold.await(log.append(new SegmentFixture(batchesEnd + 50, 1).upTo(batchesEnd + 60).emptyBatch(5, -1).upTo(batchesEnd + 80)));
        assertRead(cold, log, batchesEnd + 3, Long.MAX_VALUE, batchesEnd + 60, batchesEnd + 65);
        assertRead(cold, log, batchesEnd + 65, Long.MAX_VALUE, batchesEnd + 65, batchesEnd + 80);
        assertRead(cold, log, batchesEnd + 70, batchesEnd + 75, batchesEnd + 70, batchesEnd + 75);
        assertRead(cold, log, batchesEnd + 3, batchesEnd + 40, batchesEnd + 3, batchesEnd + 40);
        assertRead(cold, log, batchesEnd + 3, batchesEnd + 62, batchesEnd + 3, batchesEnd + 3);
        assertThat(cold.inUse().pinnedChunks()).isZero();
    }

    private static void assertRead(ColdFixture cold, ColdLog log, long offset, long limit, long base, long goOn) {
        ColdRead read = cold.await(log.read(offset, 1_000_000, limit, true));
        assertThat(read.baseOffset()).isEqualTo(base);
        assertThat(read.upperBoundOffset()).isEqualTo(goOn);
        read.release();
    }

    private final class World {
        private final Random random;
        private final ColdFixture cold;
        private final ColdLog log;
        /** What the live segments hold, one for each. */
        private final List<SegmentFixture> live = new ArrayList<>();
        private final TreeMap<Long, byte[]> originals = new TreeMap<>();
        private final List<Reader> readers = new ArrayList<>();
        private boolean changing;

        World(Random random) {
            this.random = random;
            this.cold = new ColdFixture(ColdFixture.config((8 + random.nextInt(20)) * CHUNK, random.nextInt(6) * CHUNK), ColdFixture.anyShape(random));
            this.log = cold.log(1);
        }

        void run() {
            for (int i = 0; i < 2 + random.nextInt(6); i++) {
                SegmentFixture segment = SegmentFixture.random(random, log.endOffset(), 1, 1 + random.nextInt(4 * CHUNK));
                cold.await(log.append(segment));
                live.add(segment);
                segment.batches().forEach(batch -> originals.put(batch.baseOffset(), segment.bytes(batch.baseOffset(), batch.nextOffset())));
            }
            for (int i = 0; i < 1 + random.nextInt(4); i++) {
                readers.add(new Reader(1 + random.nextInt(2 * CHUNK)));
            }
            while (readers.stream().anyMatch(reader -> !reader.done)) {
                if (!changing && random.nextInt(40) == 0) {
                    change();
                }
                readers.forEach(Reader::maybeRead);
                if (!cold.sim.step()) {
                    cold.sim.pass(random.nextInt(50) == 0 ? 100_000 : 1 + random.nextInt(300));
                }
            }
            cold.sim.pass(200_000);
            readers.forEach(Reader::check);
            assertThat(cold.objects.keys().stream().filter(key -> key.endsWith(".segment"))).as("superseded objects are gone").hasSize(live.size());
            ReadsInUse held = cold.inUse();
            assertThat(held.pinnedChunks() + held.reads() + held.reservedUnits()).isZero();
        }

        private void change() {
            changing = true;
            if (random.nextInt(6) == 0 && live.size() > 1) {
                log.deleteBefore(live.get(0).nextOffset()).whenComplete((dropped, failure) -> {
                    assertThat(failure).isNull();
                    live.subList(0, Math.toIntExact(dropped)).clear();
                    changing = false;
                });
                return;
            }
            int from = random.nextInt(live.size());
            int to = from + 1 + random.nextInt(Math.min(3, live.size() - from));
            List<SegmentFixture> run = List.copyOf(live.subList(from, to));
            List<SegmentFixture> compacted = random.nextBoolean() ? List.of(SegmentFixture.compacted(random, run, 60))
                    : run.stream().map(segment -> SegmentFixture.compacted(random, List.of(segment), 60)).toList();
            log.replace(cold.segments(log).subList(from, to), compacted).whenComplete((replaced, failure) -> {
                assertThat(failure).isNull();
                assertThat(replaced.map(List::size)).isEqualTo(Optional.of(compacted.size()));
                live.subList(from, to).clear();
                live.addAll(from, compacted);
                readers.forEach(reader -> reader.swappedUnderRead |= reader.reading);
                swaps++;
                changing = false;
            });
        }

        /** A consumer: goes on where the last answer ended; where the front was deleted under it, at the new start. */
        private final class Reader {
            private final int maxBytes;
            private final Map<Long, byte[]> seen = new TreeMap<>();
            private long next;
            private long skippedTo;
            private boolean reading;
            private boolean swappedUnderRead;
            private boolean done;

            Reader(int maxBytes) {
                this.maxBytes = maxBytes;
            }

            void maybeRead() {
                if (reading || done || random.nextInt(4) > 0) {
                    return;
                }
                if (next < log.startOffset()) {
                    next = log.startOffset();
                    skippedTo = next;
                }
                if (next >= log.endOffset()) {
                    done = true;
                    return;
                }
                reading = true;
                swappedUnderRead = false;
                log.read(next, maxBytes, Long.MAX_VALUE, true).whenComplete((read, failure) -> {
                    reading = false;
                    assertThat(failure).as("read at %d", next).isNull();
                    take(read);
                });
            }

            private void take(ColdRead read) {
                readsOverASwap += swappedUnderRead ? 1 : 0;
                readsInAGap += read.baseOffset() > next ? 1 : 0;
                ByteBuffer bytes = ByteBuffer.wrap(ColdFixture.bytes(read));
                read.release();
                long at = next;
                while (bytes.hasRemaining()) {
                    long base = bytes.getLong(bytes.position());
                    byte[] batch = new byte[12 + bytes.getInt(bytes.position() + 8)];
                    bytes.get(batch);
                    assertThat(base).isGreaterThanOrEqualTo(at);
                    assertThat(batch).isEqualTo(originals.get(base));
                    seen.put(base, batch);
                    at = base + ByteBuffer.wrap(batch).getInt(23) + 1;
                }
                assertThat(read.upperBoundOffset()).as("the reader gets on").isGreaterThan(next).isGreaterThanOrEqualTo(at);
                next = read.upperBoundOffset();
            }

            void check() {
                live.forEach(segment -> segment.batches().stream().filter(batch -> batch.baseOffset() >= skippedTo)
                        .forEach(batch -> assertThat(seen).as("batch %d survived", batch.baseOffset()).containsKey(batch.baseOffset())));
            }
        }
    }
}
