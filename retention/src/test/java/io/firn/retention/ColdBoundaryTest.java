package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.sim.SimFault;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.FileRange;
import io.firn.hot.HotLog;
import io.firn.hot.LogStart;
import io.firn.hot.ReadResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.Batches;
import io.firn.hot.replication.TierUnavailableException;
import java.nio.ByteBuffer;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** A replica that begins where the cold tier ends, and copies only what is not in it. */
final class ColdBoundaryTest {

    private static final TopicIdPartition REPLICA = new TopicIdPartition(new Uuid(8, 8), 0, "replica");
    private static final long PRODUCER = 4711;

    private static Optional<LogStart> find(TieredRig rig) {
        ColdBoundary boundary = new ColdBoundary(rig.cold, TieredRig.PARTITION, rig.loop);
        return rig.get(boundary.find(() -> true));
    }

    private static AppendResult append(TieredRig rig, HotLog log, int sequence) {
        return rig.onLoop(() -> log.append(RecordBuffers.of(Batches.data(0, PRODUCER, (short) 0, sequence, 3, false, 1)), rig.leaderEpoch, AppendOrigin.CLIENT, 1));
    }

    @Test
    void aReplicaBeginsAtTheTierBoundaryAndCopiesTheTailAlone() throws Exception {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.segments(5);
            append(rig, rig.hot, 0);
            rig.awaitDurable();
            rig.seal();
            long boundary = rig.onLoop(rig.hot::logEndOffset);
            rig.awaitOffloaded(boundary);
            append(rig, rig.hot, 3);
            rig.awaitDurable();
            LogStart start = find(rig).orElseThrow();
            assertThat(start.offset()).isEqualTo(boundary);
            assertThat(start.logStartOffset()).isZero();

            HotLog replica = rig.get(rig.hotStore.openOrCreate(REPLICA, rig.config.hot(), rig.loop));
            rig.get(rig.onLoop(() -> replica.startAt(start)));
            assertThat(rig.onLoop(replica::latestEpoch)).isEqualTo(rig.onLoop(rig.hot::latestEpoch));
            long copied = 0;
            long end = rig.onLoop(rig.hot::logEndOffset);
            while (rig.onLoop(replica::logEndOffset) < end) {
                ByteBuffer tail = rig.onLoop(() -> read(rig.hot, replica.logEndOffset(), end));
                copied += tail.remaining();
                assertThat(rig.onLoop(() -> replica.appendFetched(RecordBuffers.of(tail), rig.leaderEpoch, end, 1))).isInstanceOf(AppendResult.Appended.class);
            }
            assertThat(copied).isEqualTo(rig.onLoop(replica::sizeBytes)).isLessThan(1000);
            assertThat(append(rig, replica, 0)).as("a batch of which the replica has only heard").isEqualTo(new AppendResult.Duplicate(boundary - 3, boundary - 1, -1));
        }
    }

    private static ByteBuffer read(HotLog log, long from, long limit) throws Exception {
        FileRange range = ((ReadResult.Range) log.read(from, 1 << 20, limit, true)).range();
        try {
            ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
            range.read(0, bytes);
            return bytes.flip();
        } finally {
            range.release();
        }
    }

    @Test
    void whereNothingWasOffloadedThereIsNoBoundary() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            assertThat(find(rig)).isEmpty();
        }
    }

    @Test
    void aBucketThatDoesNotAnswerIsNotAnEmptyOne() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.awaitOpened();
            rig.objects.inject(SimFault.outage());
            assertThatThrownBy(() -> find(rig)).isInstanceOf(Throwable.class).hasStackTraceContaining("ColdStoreException");
            assertThat(rig.failure(new ColdBoundary(rig.cold, TieredRig.PARTITION, rig.loop).find(() -> true))).isInstanceOf(TierUnavailableException.class);
        }
    }

    @Test
    void oneThatALaterLeaderHasClaimedIsNoPassingFailure() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            ColdBoundary boundary = new ColdBoundary(rig.cold, TieredRig.PARTITION, rig.loop);
            rig.get(boundary.claim(3, () -> true));
            assertThat(rig.failure(boundary.claim(2, () -> true))).isInstanceOf(ColdStoreException.Fenced.class);
        }
    }
}
