package io.firn.hot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a range leaves behind is what the log itself has kept of it. */
final class RangeReplayTest {
    private static final int LENGTH_AT = 8;
    private static final int OVERHEAD_BYTES = 12;
    private static final int ATTRIBUTES_AT = 21;
    private static final int DELETE_HORIZON_BIT = 0x40;
    private static final int RECORD_COUNT_AT = 57;

    private final SteppedStore store = new SteppedStore(new SimDisk(1), Durability.FSYNC);
    private final HotLog log = store.open(HotLogTest.SMALL);

    /** Transactions that lie over borders of segments, some aborted, under three leaders. */
    private List<SealedSegment> filled() {
        for (int i = 0; i < 90; i++) {
            int epoch = 1 + i / 30;
            append(Batches.data(0, 100 + i, (short) 0, 0, 3, true, 1000), AppendOrigin.CLIENT, epoch);
            append(Batches.data(0, 7, (short) 0, 2 * i, 2, false, 1000), AppendOrigin.CLIENT, epoch);
            if (i >= 5) {
                append(Batches.marker(0, 100 + i - 5, (short) 0, i % 3 != 0, 1, 1000), AppendOrigin.COORDINATOR, epoch);
            }
        }
        store.run();
        List<SealedSegment> sealed = log.sealedSegments(Long.MAX_VALUE);
        assertThat(sealed).hasSizeGreaterThan(3);
        return sealed;
    }

    private void append(ByteBuffer batch, AppendOrigin origin, int epoch) {
        while (log.append(RecordBuffers.of(batch), epoch, origin, store.nowMs) instanceof AppendResult.NotWritableYet) {
            store.run();
        }
    }

    @Test
    void aRangeReplayedFromTheStateBeforeItEndsInTheStateThatTheLogKept() throws Exception {
        List<SealedSegment> sealed = filled();
        List<AbortedTransaction> aborted = new ArrayList<>();
        Optional<ByteBuffer> producers = Optional.empty();
        for (SealedSegment segment : sealed) {
            RangeReplay replay = RangeReplay.of(segment.baseOffset(), log.lineage(), producers);
            for (ByteBuffer batch : batches(segment)) {
                replay.take(batch).ifPresent(aborted::add);
                assertThat(replay.finishedTransactions()).as("not more memory with each transaction").isZero();
            }
            assertThat(replay.nextOffset()).isEqualTo(segment.nextOffset());
            assertThat(replay.producerSnapshot()).isEqualTo(segment.producerSnapshot());
            assertThat(replay.leaderEpochs()).isEqualTo(segment.leaderEpochs());
            producers = Optional.of(segment.producerSnapshot());
        }
        long end = sealed.get(sealed.size() - 1).nextOffset();
        assertThat(aborted).isNotEmpty().isEqualTo(store.finish(log.abortedTransactions(0, end)).stream().filter(one -> one.lastOffset() < end).toList());
    }

    @Test
    void aBatchOfAnotherLeaderIsNotTheOneThatTheLogHas() throws Exception {
        SealedSegment first = filled().get(0);
        ByteBuffer batch = batches(first).get(0);
        batch.putInt(OVERHEAD_BYTES, 2);
        RangeReplay replay = RangeReplay.of(0, log.lineage(), Optional.empty());
        assertThatThrownBy(() -> replay.take(batch)).isInstanceOf(CorruptStateException.class).hasMessageContaining("leader epoch 2, the log has 1");
    }

    @Test
    void aGapIsRefusedAndSoIsAnOffsetOfWhichTheLineageKnowsNothing() throws Exception {
        List<ByteBuffer> batches = batches(filled().get(0));
        RangeReplay replay = RangeReplay.of(0, log.lineage(), Optional.empty());
        assertThatThrownBy(() -> replay.take(batches.get(1))).isInstanceOf(CorruptStateException.class).hasMessageContaining("but 0 is next");
        RangeReplay unknown = RangeReplay.of(0, ByteBuffer.wrap("0\n1\n1 50\n".getBytes()), Optional.empty());
        assertThatThrownBy(() -> unknown.take(batches.get(0))).isInstanceOf(CorruptStateException.class).hasMessageContaining("the log has none");
    }

    @Test
    void aBatchThatCompactionHasTouchedIsRefused() throws Exception {
        ByteBuffer thinned = batches(filled().get(0)).get(0);
        thinned.putInt(RECORD_COUNT_AT, thinned.getInt(RECORD_COUNT_AT) - 1);
        ByteBuffer withHorizon = batches(log.sealedSegments(Long.MAX_VALUE).get(0)).get(0);
        withHorizon.putShort(ATTRIBUTES_AT, (short) (withHorizon.getShort(ATTRIBUTES_AT) | DELETE_HORIZON_BIT));
        for (ByteBuffer batch : List.of(thinned, withHorizon)) {
            RangeReplay replay = RangeReplay.of(0, log.lineage(), Optional.empty());
            assertThatThrownBy(() -> replay.take(batch)).isInstanceOf(CorruptStateException.class).hasMessageContaining("was compacted");
        }
    }

    @Test
    void statesThatCannotBeReadAreRefused() {
        assertThatThrownBy(() -> RangeReplay.of(0, ByteBuffer.wrap("rot".getBytes()), Optional.empty())).isInstanceOf(CorruptStateException.class);
        assertThatThrownBy(() -> RangeReplay.of(0, log.lineage(), Optional.of(ByteBuffer.allocate(9)))).isInstanceOf(CorruptStateException.class);
    }

    private static List<ByteBuffer> batches(SealedSegment segment) throws IOException {
        ByteBuffer all = ByteBuffer.allocate((int) segment.sizeBytes());
        segment.readLog(0, all);
        all.flip();
        List<ByteBuffer> batches = new ArrayList<>();
        while (all.hasRemaining()) {
            int size = OVERHEAD_BYTES + all.getInt(all.position() + LENGTH_AT);
            batches.add(all.slice(all.position(), size));
            all.position(all.position() + size);
        }
        return batches;
    }
}
