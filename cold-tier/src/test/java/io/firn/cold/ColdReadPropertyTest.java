package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.read.ReadsInUse;
import io.firn.cold.sim.SimFault;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.DoubleAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Random logs, random reads, compared with the bytes that went in. */
class ColdReadPropertyTest {

    @Test
    void everyReadGivesTheSourcesBytesFromTheBatchOfTheOffsetAndNothingAboveTheLimit() {
        Seeds.each(60, random -> {
            ColdFixture cold = new ColdFixture(ColdFixture.config((8 + random.nextInt(20)) * CHUNK, random.nextInt(6) * CHUNK));
            ColdLog log = cold.log(1);
            List<SegmentFixture> segments = fill(cold, log, random);
            for (int i = 0; i < 150; i++) {
                readOnce(cold, log, segments, random);
            }
            assertNothingHeld(cold);
        });
    }

    @Test
    void sequentialReadersGetEveryByteOnceAndInOrderWhateverTheirNumber() {
        Seeds.each(25, random -> {
            ColdFixture cold = new ColdFixture(ColdFixture.config((8 + random.nextInt(20)) * CHUNK, random.nextInt(6) * CHUNK));
            ColdLog log = cold.log(1);
            List<SegmentFixture> segments = fill(cold, log, random);
            long[] offsets = new long[1 + random.nextInt(5)];
            int running = offsets.length;
            while (running > 0) {
                int reader = random.nextInt(offsets.length);
                if (offsets[reader] < log.endOffset()) {
                    offsets[reader] = follow(cold, log, segments, offsets[reader], 1 + random.nextInt(3 * CHUNK));
                    running -= offsets[reader] == log.endOffset() ? 1 : 0;
                }
            }
            assertNothingHeld(cold);
        });
    }

    @Test
    void whatComesFromTheDiskIsTheSourcesBytesWhateverIsEvictedAndEvenIfItRots(@TempDir Path temp) {
        AtomicInteger directories = new AtomicInteger();
        DoubleAdder hits = new DoubleAdder();
        DoubleAdder corrupt = new DoubleAdder();
        Seeds.each(40, random -> {
            Path directory = temp.resolve("" + directories.incrementAndGet());
            ColdFixture cold = new ColdFixture(ColdFixture.config((8 + random.nextInt(8)) * CHUNK, random.nextInt(6) * CHUNK, directory, random.nextInt(40) * (long) CHUNK));
            ColdLog log = cold.log(1);
            List<SegmentFixture> segments = fill(cold, log, random);
            for (int i = 0; i < 300; i++) {
                if (random.nextInt(40) == 0) {
                    damage(directory, random);
                }
                if (random.nextInt(3) == 0) {
                    for (long offset = log.startOffset() + random.nextLong(log.endOffset() - log.startOffset()); offset < log.endOffset() && random.nextInt(20) > 0; ) {
                        ColdRead first = cold.await(log.read(offset, 0, Long.MAX_VALUE, true));
                        long begin = first.baseOffset();
                        first.release();
                        offset = follow(cold, log, segments, begin, 1 + random.nextInt(3 * CHUNK));
                    }
                } else {
                    readOnce(cold, log, segments, random);
                }
            }
            assertNothingHeld(cold);
            hits.add(cold.count("firn.cold.disk.hits"));
            corrupt.add(cold.count("firn.cold.disk.corrupt"));
            cold.store.close();
            cold.sim.settle();
            assertThat(directory.toFile().list()).satisfiesAnyOf(left -> assertThat(left).isNull(), left -> assertThat(left).isEmpty());
        });
        assertThat(hits.sum()).isGreaterThan(0);
        assertThat(corrupt.sum()).isGreaterThan(0);
    }

    /** Turns some byte of some file. */
    private static void damage(Path directory, Random random) {
        File[] files = directory.toFile().listFiles();
        if (files == null || files.length == 0) {
            return;
        }
        try (RandomAccessFile file = new RandomAccessFile(files[random.nextInt(files.length)], "rw")) {
            if (file.length() > 0) {
                long at = random.nextLong(file.length());
                file.seek(at);
                int was = file.read();
                file.seek(at);
                file.write(was ^ 1);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void segmentsWrittenUnderAnotherChunkSizeAreReadAllTheSame() {
        Seeds.each(10, random -> {
            ColdFixture writer = new ColdFixture(ColdFixture.config(16 * CHUNK, 4 * CHUNK), ColdFixture.anyShape(random));
            List<SegmentFixture> segments = fill(writer, writer.log(1), random);
            for (int chunkBytes : new int[] {CHUNK, 3 * CHUNK, 4 * CHUNK + 1000}) {
                ColdStoreConfig config = new ColdStoreConfig("firn", "cluster-a", chunkBytes, 10L * chunkBytes, 4, 4L * chunkBytes, 2, 1_000, 3, 60_000, false);
                ColdStore store = ColdStore.open(config, writer.objects, writer.sim, new SimpleMeterRegistry(), writer.sim.threads(), random);
                ColdLog log = writer.await(store.openLog(ColdFixture.PARTITION, 2));
                SegmentFixture next = SegmentFixture.random(random, log.endOffset(), 2, 6 * CHUNK);
                writer.await(log.append(next));
                segments.add(next);
                ColdLog small = writer.log(3);
                for (long offset = log.startOffset(); offset < log.endOffset(); ) {
                    assertThat(follow(writer, small, segments, offset, 2 * CHUNK)).isGreaterThan(offset);
                    offset = follow(writer, log, segments, offset, 2 * CHUNK);
                }
            }
            assertNothingHeld(writer);
        });
    }

    @Test
    void whateverTheStoreDoesEveryReadEndsAndGivesItsMemoryBack() {
        Seeds.each(60, random -> {
            int chunkBytes = (1 + random.nextInt(3)) * CHUNK;
            ColdFixture cold = new ColdFixture(new ColdStoreConfig("firn", "cluster-a", chunkBytes, (8L + random.nextInt(8)) * chunkBytes, 1 + random.nextInt(4), (long) random.nextInt(6) * chunkBytes, 2, 1_000, 3, 60_000, false),
                    ColdFixture.anyShape(random));
            ColdStore writer = random.nextBoolean() ? cold.store : cold.another(7); // the other one writes the smallest chunks
            List<SegmentFixture> segments = fill(cold, cold.await(writer.openLog(ColdFixture.PARTITION, 1)), random);
            ColdLog log = cold.log(2);
            List<CompletableFuture<ColdRead>> open = new ArrayList<>();
            for (int i = 0; i < 120; i++) {
                switch (random.nextInt(10)) {
                    case 0 -> cold.objects.inject(SimFault.failing(1 + random.nextInt(3)));
                    case 1 -> cold.objects.inject(SimFault.cuttingBody(1));
                    case 2 -> cold.objects.inject(random.nextBoolean() ? SimFault.holdingReplies() : SimFault.holdingRequests());
                    case 3 -> cold.objects.clearFaults();
                    case 4 -> cold.sim.pass(random.nextInt(2_000));
                    case 5, 6 -> open.add(log.read(segments.get(random.nextInt(segments.size())).baseOffset(), random.nextInt(3 * CHUNK), Long.MAX_VALUE, true));
                    default -> open.add(log.read(log.startOffset() + random.nextLong(log.endOffset() - log.startOffset()), random.nextInt(3 * CHUNK), Long.MAX_VALUE, true));
                }
                for (int steps = random.nextInt(30); steps > 0 && cold.sim.step(); steps--) {
                    releaseSome(open, segments, random);
                }
            }
            cold.sim.pass(3_000);
            assertThat(open).allMatch(CompletableFuture::isDone);
            open.forEach(read -> {
                if (read.isCompletedExceptionally()) {
                    assertThat(cold.failure(read)).isInstanceOf(ColdStoreException.class);
                } else {
                    read.join().release();
                }
            });
            cold.objects.clearFaults();
            cold.sim.settle();
            assertNothingHeld(cold);
            readOnce(cold, log, segments, random);
        });
    }

    private static void releaseSome(List<CompletableFuture<ColdRead>> open, List<SegmentFixture> segments, Random random) {
        open.removeIf(future -> {
            if (!future.isDone() || future.isCompletedExceptionally() || random.nextInt(3) == 0) {
                return false;
            }
            ColdRead read = future.join();
            assertThat(ColdFixture.bytes(read)).isEqualTo(segmentOf(segments, read.baseOffset()).bytes(read.baseOffset(), read.upperBoundOffset()));
            read.release();
            return true;
        });
    }

    private static List<SegmentFixture> fill(ColdFixture cold, ColdLog log, Random random) {
        List<SegmentFixture> segments = new ArrayList<>();
        long base = random.nextInt(1000);
        for (int i = 0; i < 1 + random.nextInt(4); i++) {
            SegmentFixture segment = SegmentFixture.random(random, base, 1, 1 + random.nextInt(5 * CHUNK));
            cold.await(log.append(segment));
            segments.add(segment);
            base = segment.nextOffset();
        }
        return segments;
    }

    private static void readOnce(ColdFixture cold, ColdLog log, List<SegmentFixture> segments, Random random) {
        long offset = log.startOffset() + random.nextLong(log.endOffset() - log.startOffset());
        int maxBytes = random.nextBoolean() ? random.nextInt(3 * CHUNK) : random.nextInt(500);
        long limit = random.nextInt(3) > 0 ? Long.MAX_VALUE : offset + random.nextInt(300);
        boolean minOne = random.nextBoolean();
        SegmentFixture segment = segmentOf(segments, offset);
        SegmentFixture.Batch first = segment.batchOf(offset);
        ColdRead read = cold.await(log.read(offset, maxBytes, limit, minOne));
        boolean empty = first.nextOffset() > limit || !minOne && first.sizeBytes() > maxBytes;
        assertThat(read.sizeBytes() == 0).as("empty").isEqualTo(empty);
        if (empty) {
            assertThat(read.baseOffset()).isEqualTo(offset);
            assertThat(read.upperBoundOffset()).isEqualTo(offset);
        } else {
            assertThat(read.baseOffset()).isEqualTo(first.baseOffset());
            assertThat(read.upperBoundOffset()).isLessThanOrEqualTo(limit);
            assertThat(read.sizeBytes()).isLessThanOrEqualTo(Math.max(maxBytes, first.sizeBytes()));
            assertThat(ColdFixture.bytes(read)).isEqualTo(segment.bytes(read.baseOffset(), read.upperBoundOffset()));
        }
        read.release();
    }

    private static long follow(ColdFixture cold, ColdLog log, List<SegmentFixture> segments, long offset, int maxBytes) {
        long from = Math.max(offset, log.startOffset());
        ColdRead read = cold.await(log.read(from, maxBytes, Long.MAX_VALUE, true));
        assertThat(read.baseOffset()).isEqualTo(from);
        assertThat(ColdFixture.bytes(read)).isEqualTo(segmentOf(segments, from).bytes(from, read.upperBoundOffset()));
        read.release();
        return read.upperBoundOffset();
    }

    private static SegmentFixture segmentOf(List<SegmentFixture> segments, long offset) {
        return segments.stream().filter(segment -> offset >= segment.baseOffset() && offset < segment.nextOffset()).findFirst().orElseThrow();
    }

    private static void assertNothingHeld(ColdFixture cold) {
        cold.assertNothingHeld();
        ReadsInUse held = cold.inUse();
        assertThat(held.sequences() > 0 || held.unreadUnits() == 0).as("nothing is kept for nobody").isTrue();
    }
}
