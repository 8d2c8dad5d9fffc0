package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.FileRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Finding records by time and aborted transactions by range; sealed segments, deletion, the log's start. */
final class HotLogSearchTest {

    private final SimDisk disk = new SimDisk(1);
    private SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
    private HotLog log = store.open(HotLogTest.SMALL);

    @Test
    void theFirstRecordNotBeforeATimeIsFoundInAnySegmentAndInsideItsBatch() {
        for (int i = 0; i < 200; i++) {
            append(i % 2 == 0 ? Batches.plain(0, 5, 1000 + i * 10L) : Batches.compressed(Compression.gzip().build(), 5, 1000 + i * 10L));
        }
        store.run();
        assertThat(log.sealedSegments(Long.MAX_VALUE)).hasSizeGreaterThan(2);
        for (int i = 0; i < 200; i++) {
            assertThat(find(1000 + i * 10L + 3)).contains(new TimestampedOffset(1000 + i * 10L + 3, i * 5L + 3, 0));
            assertThat(find(1000 + i * 10L - 2)).contains(new TimestampedOffset(1000 + i * 10L, i * 5L, 0));
        }
        assertThat(find(4000)).isEmpty();
        assertThat(find(Long.MIN_VALUE)).contains(new TimestampedOffset(1000, 0, 0));
        assertThat(store.finish(log.maxTimestamp())).contains(new TimestampedOffset(2994, 999, 0));
        store.finish(log.advanceLogStart(7));
        assertThat(find(0)).contains(new TimestampedOffset(1012, 7, 0));
        assertThat(store.finish(log.offsetForTimestamp(1050, 20))).isEmpty();
    }

    @Test
    void anEmptyLogHasNoTimes() {
        assertThat(find(0)).isEmpty();
        assertThat(store.finish(log.maxTimestamp())).isEmpty();
    }

    @Test
    void theLargestTimestampMayBeThatOfADeletedRecordUntilItsSegmentGoes() {
        log.append(RecordBuffers.of(Batches.plain(0, 2, 9000)), 3, AppendOrigin.CLIENT, store.nowMs);
        log.append(RecordBuffers.of(Batches.plain(0, 2, 1000)), 4, AppendOrigin.CLIENT, store.nowMs);
        store.run();
        store.finish(log.advanceLogStart(3));
        assertThat(store.finish(log.maxTimestamp())).contains(new TimestampedOffset(9001, 1, 3));
        assertThat(find(0)).as("a search by time").contains(new TimestampedOffset(1001, 3, 4));
        store.finish(log.advanceLogStart(4));
        assertThat(store.finish(log.maxTimestamp())).as("nothing left to read").contains(new TimestampedOffset(9001, 1, 3));
        store.finish(log.roll());
        log.append(RecordBuffers.of(Batches.plain(0, 2, 2000)), 4, AppendOrigin.CLIENT, store.nowMs);
        store.run();
        store.finish(log.deleteLocalBefore(4));
        assertThat(store.finish(log.maxTimestamp())).as("the segment is gone").contains(new TimestampedOffset(2001, 5, 4));
    }

    @Test
    void recordsWithoutTimestampsAnswerWithTheFirst() {
        append(Batches.plain(0, 1, -1));
        append(Batches.plain(0, 1, -1));
        store.run();
        assertThat(store.finish(log.maxTimestamp())).contains(new TimestampedOffset(-1, 0, 0));
    }

    @Test
    void abortedTransactionsAreFoundAcrossSegmentsAndRestarts() throws IOException {
        List<AbortedTransaction> aborted = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            long first = append(Batches.data(0, 100 + i, (short) 0, 0, 3, true, 1000)).baseOffset();
            append(Batches.plain(0, 2, 1000));
            assertThat(log.lastStableOffset(log.logEndOffset())).isEqualTo(first);
            ByteBuffer marker = Batches.marker(0, 100 + i, (short) 0, i % 3 != 0, 1, 1000);
            long end = append(marker, AppendOrigin.COORDINATOR).baseOffset();
            if (i % 3 == 0) {
                aborted.add(new AbortedTransaction(100 + i, first, end, end + 1));
            }
            assertThat(log.lastStableOffset(log.logEndOffset())).isEqualTo(end + 1);
        }
        store.run();
        assertThat(log.sealedSegments(Long.MAX_VALUE)).hasSizeGreaterThan(1);
        for (int round = 0; round < 3; round++) {
            assertThat(store.finish(log.abortedTransactions(0, log.logEndOffset()))).isEqualTo(aborted);
            AbortedTransaction some = aborted.get(7);
            assertThat(store.finish(log.abortedTransactions(some.firstOffset(), some.firstOffset() + 1))).containsExactly(some);
            assertThat(store.finish(log.abortedTransactions(some.lastOffset() + 1, some.lastOffset() + 2))).isEmpty();
            if (round == 0) {
                disk.kill();
            } else {
                assertThat(store.close()).isTrue();
            }
            store.die();
            store = new SteppedStore(disk, Durability.FSYNC);
            log = store.open(HotLogTest.SMALL);
        }
    }

    @Test
    void aSealedSegmentStaysReadableWhileRetainedAndItsFilesGoWithTheLastRelease() throws IOException {
        fill(100);
        SealedSegment first = log.sealedSegments(Long.MAX_VALUE).get(0).retain();
        assertThat(first.baseOffset()).isZero();
        int files = disk.list(SteppedStore.DIRECTORY.resolve("topic-0")).size();
        assertThat(store.finish(log.deleteLocalBefore(first.nextOffset()))).isEqualTo(first.sizeBytes());
        assertThat(log.localLogStartOffset()).isEqualTo(first.nextOffset());
        assertThat(log.logStartOffset()).isZero();
        assertThat(log.read(0, 100, 10, true)).isInstanceOf(ReadResult.BelowLocal.class);
        ByteBuffer bytes = ByteBuffer.allocate((int) first.sizeBytes());
        assertThat(first.readLog(0, bytes)).isEqualTo(bytes.capacity());
        assertThat(first.offsetIndex().remaining() % 8).isZero();
        assertThat(first.offsetIndex().remaining()).isPositive();
        assertThat(first.timeIndex().remaining()).isPositive();
        assertThat(first.transactionIndex().remaining()).isZero();
        assertThat(first.producerSnapshot().remaining()).isPositive();
        assertThat(first.leaderEpochs().remaining()).isPositive();
        store.run();
        first.release();
        store.run();
        assertThat(disk.list(SteppedStore.DIRECTORY.resolve("topic-0"))).hasSize(files - 4).noneMatch(name -> name.endsWith(".deleted"));
    }

    @Test
    void aRetainedSegmentKeepsItsProducerSnapshotWhenLaterSegmentsGoToo() throws IOException {
        fill(200);
        List<SealedSegment> sealed = log.sealedSegments(Long.MAX_VALUE);
        SealedSegment first = sealed.get(0).retain();
        ByteBuffer snapshot = first.producerSnapshot();
        store.finish(log.deleteLocalBefore(sealed.get(0).nextOffset()));
        store.finish(log.deleteLocalBefore(sealed.get(2).nextOffset()));
        store.run();
        assertThat(first.producerSnapshot()).isEqualTo(snapshot);
        assertThat(first.timeIndex().remaining()).isPositive();
        first.release();
        store.run();
    }

    @Test
    void aRetainedSegmentStaysReadableWhenTheTopicIsDeletedAndItsNameUsedAnew() throws IOException {
        fill(100);
        SealedSegment first = log.sealedSegments(Long.MAX_VALUE).get(0).retain();
        ByteBuffer index = first.offsetIndex();
        store.finish(store.store().delete(SteppedStore.PARTITION));
        HotLog successor = store.open(new TopicIdPartition(Uuid.ONE_UUID, 0, "topic"), HotLogTest.SMALL);
        assertThat(successor.offlineReason()).isEmpty();
        store.run();
        assertThat(first.offsetIndex()).isEqualTo(index);
        assertThat(first.timeIndex().remaining()).isPositive();
        assertThat(first.producerSnapshot().remaining()).isPositive();
        assertThat(first.readLog(0, ByteBuffer.allocate(100))).isEqualTo(100);
        assertThat(disk.list(SteppedStore.DIRECTORY)).hasSize(2);
        first.release();
        store.run();
        assertThat(disk.list(SteppedStore.DIRECTORY)).containsExactly("topic-0");
    }

    @Test
    void undamagedBytesThatAreNoRecordsDoNotTakeTheLogOffline() {
        append(Batches.plain(0, 2, 1000));
        ByteBuffer nonsense = Batches.compressed(Compression.gzip().build(), 5, 2000);
        for (int at = 70; at < nonsense.limit(); at++) {
            nonsense.put(at, (byte) 0x5A);
        }
        append(Batches.mendCrc(nonsense));
        assertThat(find(2003)).contains(new TimestampedOffset(2004, 2, 0));
        assertThat(log.offlineReason()).isEmpty();
    }

    @Test
    void aRangeStaysReadableAfterItsSegmentWasDeleted() throws IOException {
        fill(100);
        FileRange range = ((ReadResult.Range) log.read(0, 500, 1000, true)).range();
        store.finish(log.deleteLocalBefore(log.logEndOffset()));
        store.run();
        FileRange part = range.slice(0, 61);
        range.release();
        ByteBuffer header = ByteBuffer.allocate(61);
        assertThat(part.read(0, header)).isEqualTo(61);
        assertThat(header.getLong(0)).isZero();
        part.release();
        store.run();
    }

    @Test
    void theLogStartIsRaisedAndSurvivesARestart() throws IOException {
        fill(50);
        store.finish(log.advanceLogStart(70));
        assertThat(log.logStartOffset()).isEqualTo(70);
        assertThat(log.read(69, 100, 100, true)).isInstanceOf(ReadResult.OutOfRange.class);
        assertThat(log.advanceLogStart(Long.MAX_VALUE)).isCompletedExceptionally();
        disk.kill();
        store.die();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(log.logStartOffset()).isEqualTo(70);
    }

    @Test
    void aLogCanStartAnewAtTheTierBoundary() throws IOException {
        fill(100);
        store.finish(log.truncateFullyAndStartAt(5000));
        assertThat(log.logEndOffset()).isEqualTo(5000);
        assertThat(log.localLogStartOffset()).isEqualTo(5000);
        assertThat(log.logStartOffset()).isZero();
        assertThat(log.read(10, 100, 5000, true)).isInstanceOf(ReadResult.BelowLocal.class);
        assertThat(append(Batches.plain(0, 2, 1)).baseOffset()).isEqualTo(5000);
        store.run();
        assertThat(log.durableOffset()).isEqualTo(5002);
        assertThat(store.close()).isTrue();
        store.die();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(HotLogTest.SMALL);
        assertThat(LogReads.offsets(log, 5000, 5002)).containsExactly(5000L, 5001L);
    }

    @Test
    void theTickSealsAnOldSegment() {
        HotLogConfig config = new HotLogConfig(4096, 1000, 0, 10 << 20, 256, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);
        log.reconfigure(config);
        append(Batches.plain(0, 2, 5000));
        log.tick(store.nowMs + 900);
        store.run();
        assertThat(log.sealedSegments(Long.MAX_VALUE)).isEmpty();
        log.tick(store.nowMs + 1001);
        store.run();
        assertThat(log.sealedSegments(Long.MAX_VALUE)).hasSize(1);
        assertThat(log.sealedSegments(1)).isEmpty();
    }

    @Test
    void jitterSealsSegmentsEarlierByLessThanItsLimitAndNotAllAtTheSameAge() {
        log.reconfigure(new HotLogConfig(4096, 1000, 400, 10 << 20, 256, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false));
        store.finish(log.roll());
        Set<Long> ages = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            ages.add(ageAtTheSeal());
        }
        assertThat(ages).allMatch(age -> age > 600 && age <= 1001).hasSizeGreaterThan(5);
    }

    @Test
    void jitterNeverTakesAwayAllOfTheAge() {
        log.reconfigure(new HotLogConfig(4096, 50, 100_000, 10 << 20, 256, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false));
        for (int i = 0; i < 20; i++) {
            append(Batches.plain(0, 1, 5000));
            int sealed = log.sealedSegments(Long.MAX_VALUE).size();
            append(Batches.plain(0, 1, 5000));
            assertThat(log.sealedSegments(Long.MAX_VALUE)).as("a record of the same age").hasSize(sealed);
            store.finish(log.roll());
            store.run();
        }
    }

    private long ageAtTheSeal() {
        append(Batches.plain(0, 1, 5000));
        int sealed = log.sealedSegments(Long.MAX_VALUE).size();
        long age = 0;
        while (log.sealedSegments(Long.MAX_VALUE).size() == sealed) {
            log.tick(store.nowMs + ++age);
            store.run();
        }
        return age;
    }

    @Test
    void aFollowersBytesAreTakenAsTheyAreAndReadTheSame() throws IOException {
        SimDisk otherDisk = new SimDisk(2);
        SteppedStore otherStore = new SteppedStore(otherDisk, Durability.FSYNC);
        HotLog follower = otherStore.open(HotLogTest.SMALL);
        fill(100);
        while (follower.logEndOffset() < log.logEndOffset()) {
            FileRange range = ((ReadResult.Range) log.read(follower.logEndOffset(), 900, log.logEndOffset(), true)).range();
            ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
            range.read(0, bytes);
            range.release();
            AppendResult result = follower.append(RecordBuffers.of(bytes.flip()), -1, AppendOrigin.REPLICATION, 1);
            otherStore.finish(follower.whenWritable());
            assertThat(result).isNotInstanceOf(AppendResult.Rejected.class);
        }
        otherStore.run();
        assertThat(LogReads.records(follower, 0, log.logEndOffset(), 900)).isEqualTo(LogReads.records(log, 0, log.logEndOffset(), 900));
        assertThat(follower.latestEpoch()).hasValue(0);
    }

    @Test
    void kafkasOwnFileRecordsReadTheSegmentFile(@TempDir Path directory) throws Exception {
        SteppedStore real = new SteppedStore(new FileDisk(), directory, Durability.FSYNC, 1 << 20);
        HotLog realLog = real.open(HotLogTest.SMALL);
        for (int i = 0; i < 20; i++) {
            realLog.append(RecordBuffers.of(Batches.plain(0, 5, 1000)), 7, AppendOrigin.CLIENT, 1);
        }
        assertThat(real.close()).isTrue();
        try (FileRecords records = FileRecords.open(directory.resolve("topic-0").resolve("%020d.log".formatted(0)).toFile(), false)) {
            long next = 0;
            for (RecordBatch batch : records.batches()) {
                batch.ensureValid();
                assertThat(batch.baseOffset()).isEqualTo(next);
                assertThat(batch.partitionLeaderEpoch()).isEqualTo(7);
                next = batch.nextOffset();
            }
            assertThat(next).isEqualTo(100);
        }
    }

    private void fill(int batches) {
        for (int i = 0; i < batches; i++) {
            append(Batches.plain(0, 4, 1000 + i));
        }
        store.run();
    }

    private Appended append(ByteBuffer batch) {
        return append(batch, AppendOrigin.CLIENT);
    }

    private Appended append(ByteBuffer batch, AppendOrigin origin) {
        AppendResult result = log.append(RecordBuffers.of(batch), 0, origin, store.nowMs);
        while (result instanceof AppendResult.NotWritableYet) {
            store.finish(log.whenWritable());
            result = log.append(RecordBuffers.of(batch), 0, origin, store.nowMs);
        }
        assertThat(result).isInstanceOf(Appended.class);
        return (Appended) result;
    }

    private Optional<TimestampedOffset> find(long timestampMs) {
        return store.finish(log.offsetForTimestamp(timestampMs, Long.MAX_VALUE));
    }
}
