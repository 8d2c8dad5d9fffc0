package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * One partition's life with everything that may happen to it, in random order: appends, seals, outages, lost replies, kills and power losses in the middle of
 * things, DeleteRecords, changed settings. At every moment the promises hold; at the end every record that was durable and not deleted reads back.
 *
 * <p>{@code -Dfirn.seed=N} replays the order of events of one case; the threads inside are real.
 */
class TieredLifePropertyTest {
    private static final int CASES = 25;
    private static final int STEPS = 40;

    @Test
    void noRecordIsLostWhateverHappens() {
        Long only = Long.getLong("firn.seed");
        for (long seed = only == null ? 0 : only; seed < (only == null ? CASES : only + 1); seed++) {
            try {
                new Life(seed).live();
            } catch (AssertionError e) {
                throw new AssertionError("seed " + seed + " (replay with -Dfirn.seed=" + seed + ")", e);
            }
        }
    }

    private static final class Life {
        private final Random random;
        private final TieredRig rig;
        private long deletedBefore;

        Life(long seed) {
            random = new Random(seed);
            rig = new TieredRig(Views.coldOnly());
            rig.start();
        }

        void live() {
            try (rig) {
                for (int i = 0; i < STEPS; i++) {
                    step();
                    promises();
                }
                rig.objects.clearFaults();
                rig.reconfigure(Views.coldOnly());
                long end = rig.segment(1);
                rig.roundsUntil("all settled", 5_000, () -> rig.hot.localLogStartOffset() == end && rig.log.latestTieredOffset() == end - 1);
                Replay.of(rig, 1 + random.nextInt(20_000));
                promises();
            }
        }

        private void step() {
            switch (random.nextInt(12)) {
                case 0, 1, 2 -> rig.append();
                case 3, 4 -> rig.segment(1 + random.nextInt(3));
                case 5, 6 -> rounds();
                case 7 -> trouble();
                case 8 -> rig.objects.clearFaults();
                case 9 -> crash(random.nextBoolean());
                case 10 -> deleteRecords();
                default -> rig.reconfigure(settings());
            }
        }

        private void rounds() {
            for (int i = random.nextInt(10); i >= 0; i--) {
                rig.round();
                rig.clock.advanceMs(random.nextInt(3_000));
            }
        }

        private void trouble() {
            rig.objects.inject(switch (random.nextInt(5)) {
                case 0 -> SimFault.outage();
                case 1 -> SimFault.failing(1 + random.nextInt(4));
                case 2 -> SimFault.losingReply(1 + random.nextInt(3)).on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE);
                case 3 -> SimFault.losingRequest(1 + random.nextInt(3)).on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE);
                default -> SimFault.cuttingBody(1 + random.nextInt(3));
            });
        }

        private void crash(boolean powerLoss) {
            long durable = rig.onLoop(rig.hot::durableOffset);
            rig.restart(powerLoss);
            long end = rig.onLoop(rig.hot::logEndOffset);
            assertThat(end).as("forced records survive").isGreaterThanOrEqualTo(durable);
            rig.written.tailMap(end, true).clear();
        }

        private void deleteRecords() {
            rig.awaitDurable();
            long from = rig.onLoop(rig.log::logStartOffset);
            long offset = from + random.nextInt((int) (rig.onLoop(rig.hot::logEndOffset) - from) / 3 + 1);
            deletedBefore = rig.get(rig.onLoop(() -> rig.log.deleteRecordsBefore(offset)));
            assertThat(deletedBefore).isGreaterThanOrEqualTo(offset);
        }

        private TieredLogConfig settings() {
            return switch (random.nextInt(4)) {
                case 0 -> Views.untiered();
                case 1 -> Views.local(Views.config(), -1, random.nextInt(20_000));
                case 2 -> Views.local(Views.config(), 1_000L * random.nextInt(20), -1);
                default -> Views.coldOnly();
            };
        }

        /** What no moment may contradict. */
        private void promises() {
            rig.onLoop(() -> {
                assertThat(rig.log.offlineReason()).isEmpty();
                assertThat(rig.log.logStartOffset()).isEqualTo(deletedBefore);
                assertThat(rig.log.logStartOffset()).isLessThanOrEqualTo(rig.hot.logEndOffset());
                assertThat(rig.hot.localLogStartOffset()).isLessThanOrEqualTo(rig.hot.logEndOffset());
                if (rig.log.cold().isPresent()) {
                    assertThat(rig.hot.localLogStartOffset()).isLessThanOrEqualTo(Math.max(rig.log.latestTieredOffset() + 1, rig.log.logStartOffset()));
                    assertThat(rig.log.latestTieredOffset()).isLessThan(rig.hot.durableOffset());
                }
                return null;
            });
        }
    }
}
