package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The broker dies between any two steps of an offload; after the restart nothing is missing and offload goes on. */
class OffloadCrashTest {
    private static final int MOST_REQUESTS = 200;

    @Test
    void aKillBeforeAnyRequestToTheBucketLosesNothing() {
        everyPoint(SimFault::holdingRequests, false, false);
    }

    @Test
    void requestsOfTheDeadProcessThatArriveAfterTheRestartDoNoHarm() {
        everyPoint(SimFault::holdingRequests, false, true);
    }

    @Test
    void aPowerLossAfterAnyRequestWhoseReplyWasOnItsWayLosesNothing() {
        everyPoint(SimFault::holdingReplies, true, false);
    }

    private static void everyPoint(Supplier<SimFault> kind, boolean powerLoss, boolean late) {
        int point = 1;
        while (crashAt(point, kind.get(), powerLoss, late)) {
            point++;
            assertThat(point).isLessThan(MOST_REQUESTS);
        }
        assertThat(point).as("points at which it was killed").isGreaterThan(3);
    }

    /** Kills at the given request, counted from the first after the start; false when offload needed fewer. */
    private static boolean crashAt(int point, SimFault fault, boolean powerLoss, boolean late) {
        TieredRig rig = new TieredRig(Views.coldOnly());
        AtomicInteger requests = new AtomicInteger();
        rig.objects.inject(fault.forKeys(key -> requests.incrementAndGet() >= point));
        rig.start();
        try (rig) {
            rig.segments(2);
            long boundary = rig.onLoop(rig.hot::logEndOffset);
            rig.roundsUntil("held at request " + point, 100, () -> fault.heldCount() > 0 || rig.hot.localLogStartOffset() == boundary);
            boolean reached = fault.heldCount() > 0;
            rig.restart(powerLoss);
            rig.seal(); // a power loss may undo the last roll
            rig.awaitOpened();
            if (late) {
                fault.release();
            }
            rig.roundsUntil("offloaded after crash at " + point, 1_000, () -> rig.hot.localLogStartOffset() == boundary);
            assertThat(Replay.of(rig, 100_000).coldReads).isEqualTo(2);
            assertThat(rig.segmentObjects()).as("an orphan for each upload cut short").isBetween(2L, 4L);
            return reached;
        }
    }
}
