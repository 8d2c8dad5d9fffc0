package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.AppendResult.NotWritableYet;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.junit.jupiter.api.Test;

final class HotLogTest {

    static final HotLogConfig SMALL = new HotLogConfig(4096, 7 * 24 * 3600_000L, 0, 10 << 20, 256, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);

    private final SimDisk disk = new SimDisk(1);
    private SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
    private HotLog log = store.open(SMALL);

    @Test
    void appendedRecordsAreReadBackAtOnceAndDurableAfterAForce() throws IOException {
        assertThat(append(3)).isEqualTo(new Appended(0, 2, -1));
        assertThat(append(2)).isEqualTo(new Appended(3, 4, -1));
        assertThat(log.logEndOffset()).isEqualTo(5);
        assertThat(log.durableOffset()).isZero();
        assertThat(LogReads.offsets(log, 0, 5)).containsExactly(0L, 1L, 2L, 3L, 4L);
        assertThat(LogReads.offsets(log, 4, 5)).containsExactly(3L, 4L);
        store.run();
        assertThat(log.durableOffset()).isEqualTo(5);
    }

    @Test
    void aBatchThatDoesNotFitIsReturnedWholeOrNotAtAll() throws IOException {
        append(20);
        int size = (int) log.sizeBytes();
        append(20);
        store.run();
        for (int maxBytes = 1; maxBytes < size; maxBytes += size / 7) {
            assertThat(log.read(0, maxBytes, 40, false)).as("not even one batch in %d bytes", maxBytes).isInstanceOf(ReadResult.AtEnd.class);
            assertThat(log.read(0, maxBytes, 40, true)).isInstanceOfSatisfying(ReadResult.Range.class, found -> {
                assertThat(found.range().sizeBytes()).isEqualTo(size);
                found.range().release();
            });
        }
        assertThat(log.read(0, size, 40, false)).isInstanceOfSatisfying(ReadResult.Range.class, found -> found.range().release());
    }

    @Test
    void aSequentialReaderWaitsForColdPagesOnlyOnce() throws IOException {
        HotLogConfig large = new HotLogConfig(1 << 30, 7 * 24 * 3600_000L, 0, 10 << 20, 4096, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);
        log.reconfigure(large);
        while (log.sizeBytes() < 12 << 20) {
            append(2000);
            store.run();
        }
        assertThat(store.close()).isTrue();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(large);
        int waits = 0;
        int ranges = 0;
        for (long next = 0; next < log.logEndOffset(); ranges++) {
            FileRange range = ((ReadResult.Range) log.read(next, 1 << 20, log.logEndOffset(), true)).range();
            if (!range.probablyResident()) {
                waits++;
                store.finish(range.prefetch());
            }
            List<MutableRecordBatch> batches = LogReads.batches(range);
            next = batches.get(batches.size() - 1).nextOffset();
            store.run();
        }
        assertThat(ranges).isGreaterThan(10);
        assertThat(waits).isEqualTo(1);
    }

    /** Not even one of the index interval: a consumer that reads committed records would take them as a reason to go back. */
    @Test
    void aReaderOfPagesThatAreNotInMemoryGetsNoBatchBeforeTheOneAskedFor() throws IOException {
        for (int i = 0; i < 30; i++) {
            append(2);
        }
        store.run();
        for (long asked = 0; asked < 60; asked++) {
            assertThat(store.close()).isTrue();
            reopen(Durability.FSYNC);
            FileRange range = ((ReadResult.Range) log.read(asked, 1 << 20, log.logEndOffset(), true)).range();
            assertThat(range.probablyResident()).isFalse();
            store.finish(range.prefetch());
            assertThat(LogReads.batches(range)).extracting(MutableRecordBatch::baseOffset).startsWith(asked / 2 * 2).endsWith(58L);
        }
    }

    @Test
    void readersThatComeBackBeforeThePagesAreThereHaveThemReadOnce() throws IOException {
        for (int i = 0; i < 10; i++) {
            append(1);
        }
        store.run();
        assertThat(store.close()).isTrue();
        reopen(Durability.FSYNC);
        for (int i = 0; i < 100; i++) {
            assertThat(log.read(0, 1 << 20, 5, true)).as("where offset 5 begins is not known").isInstanceOf(ReadResult.AtEnd.class);
        }
        assertThat(store.waiting()).isEqualTo(1);
        store.run();
        assertThat(LogReads.offsets(log, 0, 5)).hasSize(5);
    }

    @Test
    void aFullSegmentIsRolledAndReadsGoOverTheBorder() throws IOException {
        for (int i = 0; i < 200; i++) {
            appendOrWait(5);
        }
        store.run();
        assertThat(log.sealedSegments(Long.MAX_VALUE)).hasSizeGreaterThan(3);
        assertThat(LogReads.offsets(log, 0, 1000)).hasSize(1000).isSorted();
        assertThat(log.durableOffset()).isEqualTo(1000);
    }

    @Test
    void aRollMakesAppendsWaitAndTheSameBytesAreTakenAfterwards() {
        while (log.sizeBytes() < 3900) {
            append(1);
        }
        ByteBuffer batch = Batches.plain(0, 20, 5000);
        assertThat(append(batch)).isInstanceOf(NotWritableYet.class);
        assertThat(append(batch)).isInstanceOf(NotWritableYet.class);
        store.finish(log.whenWritable());
        long end = log.logEndOffset();
        assertThat(append(batch)).isEqualTo(new Appended(end, end + 19, -1));
    }

    @Test
    void aCleanCloseOpensAgainWithTheSameContent() throws IOException {
        for (int i = 0; i < 100; i++) {
            appendOrWait(5);
        }
        assertThat(store.close()).isTrue();
        reopen(Durability.FSYNC);
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.logEndOffset()).isEqualTo(500);
        assertThat(log.durableOffset()).isEqualTo(500);
        assertThat(LogReads.offsets(log, 0, 500)).hasSize(500);
        assertThat(appendOrWait(1)).isEqualTo(new Appended(500, 500, -1));
    }

    @Test
    void aKilledProcessLosesNothingThatWasAppended() throws IOException {
        for (int i = 0; i < 100; i++) {
            appendOrWait(5);
        }
        disk.kill();
        reopen(Durability.OS);
        assertThat(log.logEndOffset()).isEqualTo(500);
        assertThat(log.durableOffset()).isEqualTo(500);
        assertThat(LogReads.offsets(log, 0, 500)).hasSize(500);
    }

    private void reopen(Durability durability) {
        store.die();
        store = new SteppedStore(disk, durability);
        log = store.open(SMALL);
    }

    private AppendResult append(int records) {
        return append(Batches.plain(0, records, 5000));
    }

    private AppendResult append(ByteBuffer batch) {
        return log.append(RecordBuffers.of(batch), 0, AppendOrigin.CLIENT, store.nowMs);
    }

    private AppendResult appendOrWait(int records) {
        AppendResult result = append(records);
        while (result instanceof NotWritableYet) {
            store.finish(log.whenWritable());
            result = append(records);
        }
        assertThat(result).isInstanceOf(Appended.class);
        return result;
    }

    static List<SealedSegment> sealed(HotLog log) {
        return log.sealedSegments(Long.MAX_VALUE);
    }
}
