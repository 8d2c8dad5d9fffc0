package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.kafka.common.record.internal.Record;
import org.junit.jupiter.api.Test;

/** Damage to the files of a log whose process was killed: what recovery keeps, cuts, and refuses. */
final class RecoveryPropertyTest {

    private static final Path LOG_DIRECTORY = SteppedStore.DIRECTORY.resolve("topic-0");

    private SimDisk disk = new SimDisk(1);

    /** File positions at which batches of the active segment end, with the offset after them. */
    private final TreeMap<Integer, Long> boundaries = new TreeMap<>();

    @Test
    void cutAtEveryByteOfTheActiveSegmentTheWholeBatchesBeforeTheCutAreKept() throws IOException {
        Path active = write(12, HotLogTest.SMALL);
        for (int cut = disk.bytes(active).length; cut >= 0; cut--) {
            write(12, HotLogTest.SMALL);
            disk.cut(active, cut);
            HotLog log = new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL);
            long expected = boundaries.floorEntry(cut).getValue();
            assertThat(log.offlineReason()).as("cut at " + cut).isEmpty();
            assertThat(log.logEndOffset()).as("cut at " + cut).isEqualTo(expected);
            assertThat(timestamps(log, 0, expected)).isEqualTo(upTo(expected));
        }
    }

    @Test
    void garbageBehindTheLastBatchIsCutOff() throws IOException {
        Seeds.each(50, random -> {
            Path active = write(5, HotLogTest.SMALL);
            byte[] whole = disk.bytes(active);
            byte[] garbage = new byte[1 + random.nextInt(200)];
            random.nextBytes(garbage);
            append(active, garbage);
            HotLog log = new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL);
            assertThat(log.logEndOffset()).isEqualTo(boundaries.lastEntry().getValue());
            assertThat(disk.bytes(active)).isEqualTo(whole);
        });
    }

    @Test
    void aFlippedBitAboveTheRecoveryPointCutsThereAndNothingWrongIsServed() throws IOException {
        Seeds.each(150, random -> {
            Path active = write(12, HotLogTest.SMALL);
            int position = random.nextInt(disk.bytes(active).length);
            disk.flipBit(active, position, random.nextInt(8));
            SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
            HotLog log = store.open(HotLogTest.SMALL);
            assertThat(log.offlineReason()).isEmpty();
            long damaged = boundaries.floorEntry(position).getValue();
            // Of the header only epoch and, upwards, base offset lie outside of the checksum; a changed epoch cannot be told.
            assertThat(log.logEndOffset()).isIn(damaged, boundaries.lastEntry().getValue()).satisfiesAnyOf(
                    end -> assertThat(end).isEqualTo(damaged),
                    end -> assertThat(position - boundaries.floorKey(position)).isBetween(12, 15));
            assertThat(LogReads.records(log, 0, damaged, 900, store::run)).extracting(Record::timestamp).isEqualTo(upTo(damaged));
        });
    }

    @Test
    void aFlippedBitInASealedSegmentNeverServesWrongRecords() throws IOException {
        Path sealed = LOG_DIRECTORY.resolve("%020d.log".formatted(0));
        Seeds.each(100, random -> {
            write(120, HotLogTest.SMALL);
            disk.flipBit(sealed, random.nextInt(disk.bytes(sealed).length), random.nextInt(8));
            SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
            HotLog log = store.open(HotLogTest.SMALL);
            if (log.offlineReason().isEmpty()) {
                readUntilOffline(log);
            }
        });
    }

    /** The client checks the batches it gets; here only that the log never gives one under another offset or outside the file's batches. */
    private static void readUntilOffline(HotLog log) throws IOException {
        for (long offset = 0; offset < log.logEndOffset(); offset += 7) {
            ReadResult result = log.read(offset, 1000, log.logEndOffset(), true);
            if (result instanceof ReadResult.Range range) {
                assertThat(range.range().upperBoundOffset()).isGreaterThan(offset);
                range.range().release();
            } else {
                assertThat(result).isInstanceOf(ReadResult.Offline.class);
                return;
            }
        }
    }

    @Test
    void damagedOrMissingIndexFilesAreRebuiltByteForByte() throws IOException {
        write(300, HotLogTest.SMALL);
        for (String suffix : List.of(".index", ".timeindex", ".txnindex")) {
            Path file = LOG_DIRECTORY.resolve("%020d".formatted(0) + suffix);
            byte[] before = disk.bytes(file);
            disk.delete(file);
            HotLog log = new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL);
            assertThat(log.offlineReason()).isEmpty();
            assertThat(disk.bytes(file)).as(suffix).isEqualTo(before);
            append(file, new byte[] {1, 2, 3});
            assertThat(new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL).offlineReason()).isEmpty();
            assertThat(disk.bytes(file)).as(suffix).isEqualTo(before);
            disk.kill();
        }
    }

    @Test
    void aMissingSealedSegmentTakesThePartitionOffline() throws IOException {
        write(300, HotLogTest.SMALL);
        disk.delete(LOG_DIRECTORY.resolve("%020d.log".formatted(0)));
        HotLog log = new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL);
        assertThat(log.offlineReason()).hasValueSatisfying(reason -> assertThat(reason).contains("missing"));
        assertThat(log.read(0, 100, 1, true)).isInstanceOf(ReadResult.Offline.class);
        assertThat(log.append(RecordBuffers.of(Batches.plain(0, 1, 1)), 0, AppendOrigin.CLIENT, 1))
                .isInstanceOfSatisfying(AppendResult.Rejected.class, rejected -> assertThat(rejected.error()).isEqualTo(AppendError.OFFLINE));
    }

    @Test
    void aShortenedSealedSegmentTakesThePartitionOffline() throws IOException {
        write(300, HotLogTest.SMALL);
        Path sealed = LOG_DIRECTORY.resolve("%020d.log".formatted(0));
        disk.cut(sealed, disk.bytes(sealed).length - 1);
        assertThat(new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL).offlineReason()).isPresent();
    }

    @Test
    void aDamagedCheckpointTakesThePartitionOffline() throws IOException {
        write(3, HotLogTest.SMALL);
        disk.flipBit(LOG_DIRECTORY.resolve("partition.checkpoint"), 9, 1);
        assertThat(new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL).offlineReason()).isPresent();
    }

    @Test
    void damagedEpochsAndSnapshotsAreTakenFromTheBatches() throws IOException {
        write(300, HotLogTest.SMALL);
        for (String name : disk.list(LOG_DIRECTORY)) {
            if (name.endsWith(".snapshot") || name.equals("leader-epoch-checkpoint")) {
                disk.flipBit(LOG_DIRECTORY.resolve(name), 0, 1);
            }
        }
        HotLog log = new SteppedStore(disk, Durability.FSYNC).open(HotLogTest.SMALL);
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.latestEpoch()).hasValue(5);
        assertThat(log.epochAt(0)).hasValue(5);
        assertThat(log.activeProducers()).hasSize(1);
    }

    /** Writes batches of one idempotent producer, kills the process, and returns the active segment's file. */
    private Path write(int batches, HotLogConfig config) throws IOException {
        disk = new SimDisk(1);
        SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
        HotLog log = store.open(config);
        int sequence = 0;
        for (int i = 0; i < batches; i++) {
            int count = 1 + i % 4;
            AppendResult result = null;
            while (!(result instanceof Appended)) {
                ByteBuffer batch = Batches.data(0, 9, (short) 0, sequence, count, false, sequence);
                result = log.append(RecordBuffers.of(batch), 5, AppendOrigin.CLIENT, store.nowMs);
                store.finish(log.whenWritable());
            }
            sequence += count;
        }
        store.run();
        disk.kill();
        store.die();
        String name = disk.list(LOG_DIRECTORY).stream().filter(file -> file.endsWith(".log")).reduce((first, second) -> second).orElseThrow();
        long offset = Long.parseLong(name.substring(0, 20));
        boundaries.clear();
        boundaries.put(0, offset);
        ByteBuffer bytes = ByteBuffer.wrap(disk.bytes(LOG_DIRECTORY.resolve(name)));
        for (int at = 0; at < bytes.capacity(); at += 12 + bytes.getInt(at + 8)) {
            boundaries.put(at + 12 + bytes.getInt(at + 8), bytes.getLong(at) + bytes.getInt(at + 23) + 1);
        }
        return LOG_DIRECTORY.resolve(name);
    }

    private static List<Long> upTo(long count) {
        return LongStream.range(0, count).boxed().toList();
    }

    private static List<Long> timestamps(HotLog log, long from, long to) throws IOException {
        return LogReads.records(log, from, to, 900).stream().map(Record::timestamp).toList();
    }

    private void append(Path path, byte[] bytes) throws IOException {
        disk.kill();
        try (DiskFile file = disk.open(path)) {
            file.append(ByteBuffer.wrap(bytes));
        }
    }
}
