package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.AppendResult.Appended;
import io.firn.hot.SimDisk.Op;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Rewritten segments take the place of others under readers, writers, full disks and changes of mind. */
final class SegmentReplacementTest {

    private static final HotLogConfig COMPACTED = new HotLogConfig(1500, Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, true);
    private static final HotLogConfig PLAIN = new HotLogConfig(1500, Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);

    private final SimDisk disk = new SimDisk(1);
    private SteppedStore store = new SteppedStore(disk, Durability.FSYNC);
    private HotLog log = store.open(COMPACTED);

    private void fill(int segments) {
        while (log.sealedSegments(Long.MAX_VALUE).size() < segments) {
            log.append(RecordBuffers.of(Batches.plain(0, 3, 1000 + log.logEndOffset())), 3, AppendOrigin.CLIENT, store.nowMs);
            store.run();
        }
    }

    private List<SealedSegment> sealed() {
        return log.sealedSegments(Long.MAX_VALUE);
    }

    private List<Long> offsets(long from) throws IOException {
        return LogReads.records(log, from, log.logEndOffset(), 500, store::run).stream().map(record -> record.offset()).filter(offset -> offset >= from).toList();
    }

    /** Offsets of the records that are left when of every second batch below {@code end} nothing is, but of the one that ends there. */
    private List<Long> thinned(long end) {
        return LongStream.range(0, log.logEndOffset()).filter(o -> o >= end - 3 || o % 6 < 3).boxed().toList();
    }

    private SegmentRewrite thin(List<SealedSegment> run) throws IOException {
        SegmentRewrite rewrite = log.rewrite(run).orElseThrow();
        Rewrites.write(rewrite, run, base -> base % 6 == 0);
        return rewrite;
    }

    private void reopen(HotLogConfig config) {
        store.die();
        disk.kill();
        store = new SteppedStore(disk, Durability.FSYNC);
        log = store.open(config);
    }

    private List<String> files(String suffix) throws IOException {
        return disk.list(SteppedStore.DIRECTORY.resolve("topic-0")).stream().filter(name -> name.endsWith(suffix)).toList();
    }

    @Test
    void aRunBecomesFewerSegmentsThatReadTheSameFromEveryOffset() throws IOException {
        fill(6);
        List<SealedSegment> run = sealed().subList(1, 5);
        long end = run.get(3).nextOffset();
        long before = log.sizeBytes();
        SegmentRewrite rewrite = log.rewrite(run).orElseThrow();
        Rewrites.write(rewrite, run, base -> base % 6 == 0);
        assertThat(store.finish(log.replace(rewrite))).isTrue();
        assertThat(log.sizeBytes()).isLessThan(before);
        assertThat(sealed()).as("one for four, though larger than segment.bytes").hasSize(3);
        assertThat(sealed().get(1).sizeBytes()).isGreaterThan(1500);
        List<Long> left = LongStream.range(0, log.logEndOffset()).filter(o -> o < run.get(0).baseOffset() || o >= end - 3 || o % 6 < 3).boxed().toList();
        for (HotLogConfig config : List.of(COMPACTED, PLAIN)) { // the topic's policy may have changed
            reopen(config);
            assertThat(log.offlineReason()).isEmpty();
            for (long from = 0; from < log.logEndOffset(); from++) {
                long at = from;
                assertThat(offsets(from)).isEqualTo(left.stream().filter(o -> o >= at).toList());
            }
        }
        assertThat(files(".cleaned")).isEmpty();
        assertThat(files(".swap")).isEmpty();
        assertThat(files(".log")).hasSize(sealed().size() + 1);
        assertThat(files(".snapshot")).hasSizeLessThanOrEqualTo(sealed().size() + 2);
    }

    @Test
    void aRangeFoundBeforeIsSentWholeAfterwards() throws IOException {
        fill(4);
        ReadResult.Range range = (ReadResult.Range) log.read(0, 1 << 20, log.logEndOffset(), true);
        ByteBuffer before = ByteBuffer.allocate(range.range().sizeBytes());
        SealedSegment view = sealed().get(1).retain();
        SegmentRewrite rewrite = thin(sealed().subList(0, 3));
        assertThat(store.finish(log.replace(rewrite))).isTrue();
        store.run();
        java.io.ByteArrayOutputStream out = new java.io.ByteArrayOutputStream();
        assertThat(range.range().transferTo(0, range.range().sizeBytes(), Channels.newChannel(out))).isEqualTo(before.capacity());
        assertThat(view.offsetIndex().remaining()).isPositive();
        assertThat(view.producerSnapshot().remaining()).isPositive();
        assertThat(files(".deleted")).isNotEmpty();
        range.range().release();
        view.release();
        store.run();
        assertThat(files(".deleted")).isEmpty();
    }

    @Test
    void aLimitInsideAReplacedSegmentIsLookedUpAnew() throws IOException {
        fill(4);
        store.run();
        long limit = sealed().get(0).nextOffset() - 4;
        log.read(0, 1 << 20, limit, true);
        store.run();
        assertThat(store.finish(log.replace(thin(sealed().subList(0, 3))))).isTrue();
        store.run();
        ReadResult.Range range = (ReadResult.Range) log.read(0, 1 << 20, limit, true);
        range.range().prefetch();
        range.range().release();
        store.run();
        for (var batch : LogReads.batches(((ReadResult.Range) log.read(0, 1 << 20, limit, true)).range())) {
            assertThat(batch.lastOffset()).isLessThan(limit);
        }
    }

    @Test
    void appendsGoOnWhileSegmentsAreReplacedAndDeletionsWait() throws IOException {
        fill(5);
        SegmentRewrite rewrite = thin(sealed().subList(0, 3));
        CompletableFuture<Boolean> replaced = log.replace(rewrite);
        assertThat(log.append(RecordBuffers.of(Batches.plain(0, 3, 1)), 3, AppendOrigin.CLIENT, store.nowMs)).isInstanceOf(Appended.class);
        CompletableFuture<Long> deleted = log.deleteLocalBefore(rewrite.nextOffset());
        assertThat(replaced).isNotDone();
        assertThat(store.finish(deleted)).isEqualTo(rewrite.sizeBytes());
        assertThat(replaced.join()).isTrue();
        assertThat(log.localLogStartOffset()).isEqualTo(rewrite.nextOffset());
        reopen(COMPACTED);
        assertThat(log.localLogStartOffset()).isEqualTo(rewrite.nextOffset());
    }

    @Test
    void aTruncationMeanwhileWins() throws IOException {
        fill(5);
        long end = sealed().get(1).nextOffset();
        SegmentRewrite rewrite = thin(sealed().subList(0, 4));
        CompletableFuture<Void> cut = log.truncateTo(end);
        assertThat(store.finish(log.replace(rewrite))).isFalse();
        store.finish(cut);
        rewrite.abandon();
        assertThat(log.logEndOffset()).isEqualTo(end);
        assertThat(offsets(0)).isEqualTo(LongStream.range(0, end).boxed().toList());
        assertThat(files(".cleaned")).isEmpty();
        assertThat(log.rewrite(sealed().subList(0, 1))).isPresent();
    }

    @Test
    void aTruncationRightBehindAReplacementFindsWhatItLeft() throws IOException {
        fill(5);
        SegmentRewrite rewrite = thin(sealed().subList(0, 4));
        CompletableFuture<Boolean> replaced = log.replace(rewrite);
        CompletableFuture<Void> cut = log.truncateTo(rewrite.nextOffset() - 6);
        store.finish(cut);
        assertThat(replaced.join()).isTrue();
        assertThat(log.offlineReason()).isEmpty();
        assertThat(log.logEndOffset()).isLessThanOrEqualTo(rewrite.nextOffset() - 6);
        assertThat(offsets(0)).allMatch(o -> o % 6 < 3);
    }

    @Test
    void aFullDiskLeavesTheLogAsItWas() throws IOException {
        fill(5);
        int refused = 0;
        for (int room = 0; room < 12_000; room += 50) {
            disk.capacityBytes(Long.MAX_VALUE);
            List<SealedSegment> run = sealed().subList(0, 3);
            SegmentRewrite rewrite = log.rewrite(run).orElseThrow();
            disk.capacityBytes(used() + room);
            try {
                Rewrites.write(rewrite, run, base -> true);
                CompletableFuture<Boolean> replaced = log.replace(rewrite);
                store.run();
                if (!replaced.isCompletedExceptionally()) {
                    break;
                }
                assertThatThrownBy(replaced::join).hasCauseInstanceOf(DiskFullException.class);
            } catch (DiskFullException e) {
                rewrite.abandon();
            }
            refused++;
            assertThat(log.offlineReason()).isEmpty();
            assertThat(files(".cleaned")).isEmpty();
            assertThat(files(".swap")).isEmpty();
            assertThat(sealed()).hasSize(5);
        }
        assertThat(refused).isBetween(20, 230);
        assertThat(offsets(0)).hasSize((int) log.logEndOffset());
    }

    private long used() throws IOException {
        long used = 0;
        for (String name : disk.list(SteppedStore.DIRECTORY.resolve("topic-0"))) {
            used += disk.bytes(SteppedStore.DIRECTORY.resolve("topic-0").resolve(name)).length;
        }
        for (String name : disk.list(SteppedStore.DIRECTORY)) {
            if (name.startsWith(".")) {
                used += disk.bytes(SteppedStore.DIRECTORY.resolve(name)).length;
            }
        }
        return used;
    }

    @Test
    void aFailureInTheMiddleTakesTheLogOfflineAndTheNextOpeningFinishes() throws IOException {
        fill(5);
        SegmentRewrite rewrite = thin(sealed().subList(0, 4));
        disk.fail(Op.RENAME, path -> path.toString().endsWith(".index.cleaned"), 1, new IOException("bad sector"));
        CompletableFuture<Boolean> replaced = log.replace(rewrite);
        store.run();
        assertThat(replaced).isCompletedExceptionally();
        assertThat(log.offlineReason()).hasValueSatisfying(reason -> assertThat(reason).contains("replacing segments failed"));
        rewrite.abandon(); // must not remove what is committed
        reopen(COMPACTED);
        assertThat(log.offlineReason()).isEmpty();
        assertThat(offsets(0)).isEqualTo(thinned(rewrite.nextOffset()));
    }

    @Test
    void aRunTooLargeForOneSegmentBecomesSeveral() throws IOException {
        fill(6);
        List<SealedSegment> run = sealed().subList(0, 6);
        SegmentRewrite rewrite = log.rewrite(run, 1500).orElseThrow();
        Rewrites.write(rewrite, run, base -> base % 12 != 0);
        assertThat(store.finish(log.replace(rewrite))).isTrue();
        assertThat(sealed()).hasSizeBetween(2, 5);
        List<Long> left = offsets(0);
        reopen(PLAIN);
        assertThat(offsets(0)).isEqualTo(left);
        assertThat(left).noneMatch(o -> o % 12 < 3 && o < rewrite.nextOffset() - 3);
    }

    @Test
    void damagedIndexesOfARewrittenSegmentAreRebuilt() throws IOException {
        fill(5);
        assertThat(store.finish(log.replace(thin(sealed().subList(0, 4))))).isTrue();
        List<Long> left = offsets(0);
        store.close();
        for (String name : files("index")) {
            disk.delete(SteppedStore.DIRECTORY.resolve("topic-0").resolve(name));
        }
        disk.delete(SteppedStore.DIRECTORY.resolve("topic-0").resolve("leader-epoch-checkpoint"));
        for (String name : files(".snapshot")) {
            disk.delete(SteppedStore.DIRECTORY.resolve("topic-0").resolve(name));
        }
        reopen(PLAIN);
        assertThat(log.offlineReason()).isEmpty();
        assertThat(offsets(0)).isEqualTo(left);
    }

    @Test
    void aGapNobodyMadeIsStillDamage() throws IOException {
        fill(5);
        List<SealedSegment> run = sealed().subList(0, 2);
        assertThat(store.finish(log.replace(thin(run)))).isTrue();
        SealedSegment damaged = sealed().get(sealed().size() - 1);
        int second = Rewrites.batches(damaged).get(0).limit();
        store.close();
        java.nio.file.Path file = SteppedStore.DIRECTORY.resolve("topic-0").resolve(String.format("%020d.log", damaged.baseOffset()));
        disk.flipBit(file, second + 6, 0); // its base offset grows by 256
        disk.delete(SteppedStore.DIRECTORY.resolve("topic-0").resolve(String.format("%020d.index", damaged.baseOffset())));
        reopen(PLAIN);
        assertThat(log.offlineReason()).hasValueSatisfying(reason -> assertThat(reason).contains("is next"));
    }

    @Test
    void whereCompactionHasGotToSurvivesAndFollowsATruncation() throws IOException {
        fill(5);
        long at = sealed().get(3).nextOffset();
        store.finish(log.cleanedTo(at));
        reopen(COMPACTED);
        assertThat(log.cleanTo()).isEqualTo(at);
        store.finish(log.truncateTo(at - 7));
        assertThat(log.cleanTo()).isLessThanOrEqualTo(at - 7);
        reopen(COMPACTED);
        assertThat(log.cleanTo()).isLessThanOrEqualTo(at - 7);
    }

    @Test
    void aRunThatIsNotTheLogsIsNotTaken() throws IOException {
        fill(4);
        List<SealedSegment> run = new ArrayList<>(sealed().subList(0, 2));
        store.finish(log.deleteLocalBefore(run.get(0).nextOffset()));
        assertThat(log.rewrite(run)).isEmpty();
        assertThat(log.rewrite(List.of(sealed().get(0), sealed().get(2)))).isEmpty();
        assertThat(log.rewrite(List.of(sealed().get(1)))).isPresent();
    }
}
