package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdLog;
import io.firn.cold.ColdRead;
import io.firn.cold.ColdStoreException;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.hot.HotLog;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A replay is in the middle of the cold tier, with a request on its way, when something is done to its log. It gets what was written, in order and whole, or is told that it begins below the log start; never a hole, another record, or an object that is missing.
 */
class ReplayInFlightTest {

    private static final long GRACE_MS = 2_000;
    private static final int SEGMENTS = 6;
    private static final long BOUNDARY = 12L * SEGMENTS;
    private static final int LARGE = 100_000;

    /** What is done. Ends when it has been done in the bucket too, and the dropped objects await their deletion. */
    private enum Change {
        DELETE_RECORDS {
            @Override
            void make(TieredRig rig) {
                rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(30)));
                rig.roundsUntil("dropped", 0, () -> cold(rig).startOffset() == 24);
            }
        },
        DELETE_RECORDS_OF_THE_WHOLE_COLD_TIER {
            @Override
            void make(TieredRig rig) {
                rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(BOUNDARY)));
                rig.roundsUntil("dropped", 0, () -> cold(rig).isEmpty());
            }
        },
        SHORTER_RETENTION {
            @Override
            void make(TieredRig rig) {
                rig.reconfigure(Views.total(Views.coldOnly(), -1, rig.onLoop(rig.log::sizeBytes) / 3));
                rig.roundsUntil("expired", 0, () -> rig.log.logStartOffset() > 36 && cold(rig).startOffset() == rig.log.logStartOffset());
            }
        },
        TIERING_OFF_AND_ON_AGAIN {
            @Override
            void make(TieredRig rig) {
                rig.reconfigure(Views.untiered());
                rig.segment(4);
                rig.round();
                rig.round();
                rig.reconfigure(Views.coldOnly());
                offloadsAgain(rig);
            }
        },
        TIERING_OFF_WITH_ITS_DATA_AND_ON_AGAIN {
            @Override
            void make(TieredRig rig) {
                rig.reconfigure(Views.coldDeleted(Views.config()));
                rig.roundsUntil("the bucket is emptied", 0, () -> rig.log.logStartOffset() == BOUNDARY && cold(rig).isEmpty());
                rig.reconfigure(Views.coldOnly());
                offloadsAgain(rig);
            }
        };

        abstract void make(TieredRig rig);

        private static ColdLog cold(TieredRig rig) {
            return rig.log.cold().orElseThrow();
        }

        private static void offloadsAgain(TieredRig rig) {
            long end = rig.segment(4);
            rig.roundsUntil("offload goes on", 0, () -> cold(rig).endOffset() == end);
        }
    }

    /** Only the active segment is on the disk. */
    private static TieredRig settled() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.deleteGraceMs = GRACE_MS;
        rig.start();
        rig.segments(SEGMENTS);
        rig.awaitOffloaded(BOUNDARY);
        rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == BOUNDARY);
        rig.append();
        rig.awaitDurable();
        return rig;
    }

    /** Holds what readers ask of segments, on its way there or back. */
    private static SimFault holding(TieredRig rig, boolean answers) {
        SimFault hold = answers ? SimFault.holdingReplies() : SimFault.holdingRequests();
        Set<String> present = Set.copyOf(rig.objects.keys());
        return rig.objects.inject(hold.on(Operation.GET).forKeys(key -> key.endsWith(".segment") && present.contains(key)));
    }

    private static CompletableFuture<ColdRead> begun(TieredRig rig, long offset, SimFault hold) {
        CompletableFuture<ColdRead> read = ((TieredRead.Cold) rig.onLoop(() -> rig.log.read(offset, LARGE, Long.MAX_VALUE, true))).read();
        rig.await("the read is on its way", () -> hold.heldCount() > 0);
        return read;
    }

    @ParameterizedTest
    @EnumSource(Change.class)
    void aReplaySeesNoHoleNoOtherRecordAndNoMissingObject(Change change) {
        for (boolean answers : new boolean[] {false, true}) {
            try (TieredRig rig = settled()) {
                Replay replay = new Replay(rig);
                long next = replay.check(0, Replay.bytes(rig.get(((TieredRead.Cold) rig.onLoop(() -> rig.log.read(0, LARGE, Long.MAX_VALUE, true))).read())));
                assertThat(next).as("one segment a read").isEqualTo(12);
                SimFault hold = holding(rig, answers);
                CompletableFuture<ColdRead> underWay = begun(rig, next, hold);

                change.make(rig);
                hold.release();
                next = goneOn(replay, rig, next, underWay);
                next = fromTheStartIfBelow(rig, next);
                replay.everythingFrom(next, LARGE);

                if (!answers) {
                    rig.until("the dropped objects are deleted", 1_000, () -> rig.segmentObjects() == rig.onLoop(() -> rig.log.cold().orElseThrow().segmentCount()));
                }
                Replay.of(rig, LARGE);
            }
        }
    }

    /** What was on its way is what was written, though it may be deleted by now; on a machine that was too slow it may have to be asked for again. */
    private static long goneOn(Replay replay, TieredRig rig, long offset, CompletableFuture<ColdRead> underWay) {
        ColdRead read = rig.get(underWay.exceptionally(failure -> {
            assertThat(PartitionLoop.unwrapped(failure)).isInstanceOf(ColdStoreException.Unavailable.class);
            return null;
        }));
        return read == null ? offset : replay.check(offset, Replay.bytes(read));
    }

    private static long fromTheStartIfBelow(TieredRig rig, long next) {
        long start = rig.onLoop(rig.log::logStartOffset);
        if (next < start) {
            assertThat(rig.onLoop(() -> rig.log.read(next, LARGE, Long.MAX_VALUE, true))).isInstanceOf(TieredRead.OutOfRange.class);
        }
        return Math.max(next, start);
    }

    @Test
    void aTopicThatIsDeletedAndMadeAnewUnderItsNameIsNothingToAReplayOfTheOldOne() {
        for (boolean answers : new boolean[] {false, true}) {
            try (TieredRig rig = settled()) {
                SimFault hold = holding(rig, answers);
                CompletableFuture<ColdRead> underWay = begun(rig, 12, hold);
                Map<Long, byte[]> old = new TreeMap<>(rig.written);
                String oldId = TieredRig.PARTITION.topicId().toString();
                rig.get(rig.worker.detach(rig.log, true));
                rig.get(rig.hotStore.delete(TieredRig.PARTITION));

                madeAnew(rig);
                rig.segments(2);
                rig.awaitOffloaded(24);
                rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == 24);
                hold.release();
                assertIsOld(old, rig, underWay);
                rig.until("the old one's objects are deleted", 1_000, () -> rig.objects.keys().stream().noneMatch(key -> key.contains(oldId)));
                assertThat(rig.segmentObjects()).isEqualTo(2);
                assertThat(Replay.of(rig, LARGE).coldReads).isEqualTo(2);
            }
        }
    }

    /** The rig deals with the new one from now on. */
    private static void madeAnew(TieredRig rig) {
        TopicIdPartition anew = new TopicIdPartition(new Uuid(8, 8), TieredRig.PARTITION.partition(), TieredRig.PARTITION.topic());
        HotLog hot = rig.get(rig.hotStore.openOrCreate(anew, rig.config.hot(), rig.loop));
        rig.log = rig.onLoop(() -> rig.worker.attach(hot, rig.config, 1, rig.loop, () -> hot.lastStableOffset(hot.durableOffset())));
        rig.hot = hot;
        rig.written.clear();
        rig.clock.advanceMs(7); // its records are others
    }

    private static void assertIsOld(Map<Long, byte[]> old, TieredRig rig, CompletableFuture<ColdRead> underWay) {
        ColdRead read = rig.get(underWay.exceptionally(failure -> {
            assertThat(PartitionLoop.unwrapped(failure)).isInstanceOf(ColdStoreException.class);
            return null;
        }));
        if (read != null) {
            ByteBuffer bytes = Replay.bytes(read);
            byte[] first = new byte[old.get(12L).length];
            bytes.get(first);
            assertThat(first).isEqualTo(old.get(12L));
        }
    }
}
