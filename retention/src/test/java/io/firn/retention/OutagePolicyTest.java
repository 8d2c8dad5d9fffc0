package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.cold.sim.SimFault;
import org.junit.jupiter.api.Test;

/** What a broker does while its bucket is away for long, or refuses it, and when that is over. */
class OutagePolicyTest {

    private static final long DISK_BYTES = 200_000;
    private static final long WATERMARK_BYTES = 40_000;
    private static final int TEN_MINUTES_S = 600;

    @Test
    void aDiskThatFillsDuringAnOutageStopsProducersBeforeItIsFullAndAllGoesOnAfterwards() {
        TieredRig rig = new TieredRig(Views.coldOnly());
        rig.workerConfig = new RetentionConfig(1_000, 0, WATERMARK_BYTES, rig.usableBytes::get);
        rig.usableBytes.set(DISK_BYTES);
        rig.start();
        try (rig) {
            rig.segments(2);
            rig.awaitOffloaded(24);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == 24);

            rig.objects.inject(SimFault.outage());
            for (int segments = 0; !rig.worker.rejectsProduce(); segments++) {
                assertThat(segments).isLessThan(100);
                rig.segment(4);
                rig.usableBytes.set(free(rig));
                rig.round();
            }
            assertThat(rig.usableBytes.get()).as("free when producers are refused").isBetween(WATERMARK_BYTES / 2, WATERMARK_BYTES);
            double failures = rig.meter("firn.offload.failures");
            for (int second = 0; second < TEN_MINUTES_S; second++) {
                rig.round();
                rig.clock.advanceMs(1_000);
            }
            assertThat(rig.worker.rejectsProduce()).isTrue();
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).as("nothing goes that the bucket does not have").isEqualTo(24);
            assertThat(rig.meter("firn.offload.failures") - failures).as("attempts in ten minutes").isBetween(1.0, 30.0);
            new Replay(rig).everythingFrom(24, 100_000);

            rig.objects.clearFaults();
            rig.roundsUntil("producers are let in again", 1_000, () -> {
                rig.usableBytes.set(DISK_BYTES - rig.hot.sizeBytes());
                return !rig.worker.rejectsProduce();
            });
            rig.awaitOffloaded(rig.segment(4));
            Replay.of(rig, 100_000);
        }
    }

    private static long free(TieredRig rig) {
        return DISK_BYTES - rig.onLoop(rig.hot::sizeBytes);
    }

    /** Wrong or expired credentials, a key that may not be used, a permission that was taken away. */
    @Test
    void whileABucketRefusesNothingIsLostAndWhenItNoMoreDoesAllGoesOnWithoutARestart() {
        try (TieredRig rig = TieredRig.started(Views.coldOnly())) {
            rig.segments(2);
            rig.awaitOffloaded(24);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == 24);

            rig.objects.inject(SimFault.refusing());
            rig.segments(2);
            rig.roundsUntil("refused a few times", 1_000, () -> rig.meter("firn.offload.failures") >= 4);
            assertThat(rig.state()).isNotInstanceOf(OffloadState.Stopped.class);
            assertThat(rig.onLoop(rig.hot::localLogStartOffset)).isEqualTo(24);
            TieredRead read = rig.onLoop(() -> rig.log.read(0, 1_000, 24, true));
            assertThat(rig.failure(((TieredRead.Cold) read).read())).as("what a reader of old records is told").isInstanceOf(ColdStoreException.Misconfigured.class);
            new Replay(rig).everythingFrom(24, 100_000);

            rig.objects.clearFaults();
            rig.roundsUntil("caught up", 1_000, () -> rig.hot.localLogStartOffset() == 48);
            assertThat(Replay.of(rig, 100_000).coldReads).isEqualTo(4);
        }
    }
}
