package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.Sweeps;
import io.firn.cold.sim.SimFault;
import io.firn.hot.SimDisk;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** The broker dies between any two steps of a compaction of the cold tier; after the restart every key has its newest value, no object is missing, and compaction goes on. */
class ColdCompactionCrashTest {
    private static final int MOST_POINTS = 200;
    private static final int SEGMENTS = 4;
    private static final CompactionConfig NEVER = new CompactionConfig(1, 0, Long.MAX_VALUE, 1_000_000);
    private static final CompactionConfig EAGER = new CompactionConfig(0, 0, Long.MAX_VALUE, 1_000_000);

    @Test
    void aKillBeforeAnyRequestToTheBucketLosesNothing() {
        everyRequest(SimFault::holdingRequests, false, false);
    }

    @Test
    void requestsOfTheDeadProcessThatArriveAfterTheRestartDoNoHarm() {
        everyRequest(SimFault::holdingRequests, false, true);
    }

    @Test
    void aPowerLossAfterAnyRequestWhoseReplyWasOnItsWayLosesNothing() {
        everyRequest(SimFault::holdingReplies, true, false);
    }

    private static void everyRequest(Supplier<SimFault> kind, boolean powerLoss, boolean late) {
        int point = 1;
        while (crashAt(point, kind.get(), powerLoss, late)) {
            point++;
            assertThat(point).isLessThan(MOST_POINTS);
        }
        assertThat(point).as("points at which it was killed").isGreaterThan(2 * SEGMENTS);
    }

    /** Two large segments and between them small ones that become one: so a pass makes three swaps. Kills at the given request of the pass; false when it needed fewer. */
    private static boolean crashAt(int point, SimFault fault, boolean powerLoss, boolean late) {
        TieredRig rig = new TieredRig(config(NEVER));
        rig.deleteGraceMs = 60_000;
        rig.start();
        try (rig) {
            Map<String, String> table = new TreeMap<>();
            long end = fill(rig, table);
            rig.awaitOffloaded(end);
            rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == end);
            AtomicInteger requests = new AtomicInteger();
            rig.objects.inject(fault.forKeys(key -> requests.incrementAndGet() >= point));
            rig.reconfigure(config(EAGER));
            rig.roundsUntil("held at request " + point, 5_000, () -> fault.heldCount() > 0 || compacted(rig, end));
            boolean reached = fault.heldCount() > 0;
            rig.restart(powerLoss);
            rig.awaitOpened();
            if (late) {
                fault.release();
            }
            assertThat(KeyedReplay.of(rig).table()).as("after a crash at %d", point).isEqualTo(table);
            rig.roundsUntil("compacted after a crash at " + point, 5_000, () -> compacted(rig, end));
            KeyedReplay replay = KeyedReplay.of(rig);
            assertThat(replay.table()).isEqualTo(table);
            assertThat(replay.supersededBelow(end)).isZero();
            rig.clock.advanceMs(120_000);
            int live = (int) (long) rig.onLoop(() -> rig.log.cold().orElseThrow().segmentCount());
            rig.get(Sweeps.now(rig.cold));
            assertThat(rig.segmentObjects()).as("one orphan at most: the object that was being uploaded").isBetween((long) live, live + 1L);
            return reached;
        }
    }

    private static TieredLogConfig config(CompactionConfig compaction) {
        TieredLogConfig c = Views.compactedCold(compaction);
        return new TieredLogConfig(Views.segmentBytes(c.hot(), 1 << 20), true, false, -1, -1, -1, 0, compaction);
    }

    private static boolean compacted(TieredRig rig, long end) {
        return rig.log.cold().map(cold -> cold.cleanOffset() >= end).orElse(false);
    }

    private static long fill(TieredRig rig, Map<String, String> table) {
        long end = 0;
        for (int segment = 0; segment < SEGMENTS; segment++) {
            int valueBytes = segment == 0 || segment == SEGMENTS - 1 ? 60_000 : 1_000;
            for (int i = 0; i < 10; i++) {
                String key = "key-" + i % 7;
                String value = "value " + segment + "." + i + " ".repeat(valueBytes);
                rig.put(key, value);
                table.put(key, value);
            }
            rig.put("deleted", segment < SEGMENTS - 1 ? "there" : null);
            rig.awaitDurable();
            end = rig.seal();
        }
        return end;
    }

    @Test
    void aScratchDiskThatFailsAtAnyStepIsTriedAgainAndHarmsNothing() {
        for (SimDisk.Op op : new SimDisk.Op[] {SimDisk.Op.CREATE, SimDisk.Op.LIST, SimDisk.Op.APPEND, SimDisk.Op.READ, SimDisk.Op.DELETE}) {
            try (TieredRig rig = TieredRig.started(config(NEVER))) {
                Map<String, String> table = new TreeMap<>();
                long end = fill(rig, table);
                rig.awaitOffloaded(end);
                rig.disk.fail(op, path -> path.startsWith(TieredRig.SCRATCH), 1, new IOException("injected"));
                rig.reconfigure(config(EAGER));
                rig.roundsUntil("compacted in spite of a failing " + op, 5_000, () -> compacted(rig, end));
                assertThat(rig.meter("firn.cold.compaction.interrupted")).as("interrupted by %s", op).isEqualTo(op == SimDisk.Op.DELETE ? 0 : 1);
                assertThat(rig.meter("firn.offload.stopped.partitions")).isZero();
                assertThat(KeyedReplay.of(rig).table()).isEqualTo(table);
                long next = fill(rig, table);
                rig.awaitOffloaded(next);
            }
        }
    }
}
