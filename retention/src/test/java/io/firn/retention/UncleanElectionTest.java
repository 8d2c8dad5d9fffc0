package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.replication.Authority;
import io.firn.hot.replication.Brokers;
import io.firn.hot.replication.IsrProposal;
import io.firn.hot.replication.Placement;
import io.firn.hot.replication.Replica;
import io.firn.hot.replication.ReplicaListener;
import io.firn.hot.replication.ReplicaSettings;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** The last leader is gone, or thinks that it leads on; another broker, which was not in sync, is elected. What the old one has offloaded has to be there afterwards, and the partition to work. */
final class UncleanElectionTest {

    private static final int OLD_EPOCH = 1;
    private static final int MOST_OPERATIONS = 60;

    /** A broker that holds a replica, joined as the broker joins it. */
    private static final class Elected implements ReplicaListener, AutoCloseable {
        final TieredRig rig;
        Replica replica;
        private long nowMs;

        Elected(TieredRig old) {
            this(old, Views.coldOnly());
        }

        Elected(TieredRig old, TieredLogConfig config) {
            rig = new TieredRig(config);
            rig.objects = old.objects.reopened();
            start();
        }

        void start() {
            rig.startStores();
            rig.hot = rig.get(rig.hotStore.openOrCreate(TieredRig.PARTITION, rig.config.hot(), rig.loop));
            replica = new Replica(rig.hot, new ReplicaSettings(1, 1, 10_000, rig.config.tiered()), new NoBrokers(), Authority.ALWAYS,
                    rig.worker.boundary(TieredRig.PARTITION, rig.loop), this, () -> nowMs, rig.clock::millis);
            rig.log = rig.onLoop(() -> rig.worker.attach(rig.hot, rig.config, rig.loop, () -> rig.hot.lastStableOffset(replica.highWatermark())));
            rig.onLoop(() -> {
                rig.hot.onDurable(replica::onDurable);
                return null;
            });
        }

        /** Has followed the old leader up to {@code end}. */
        void follow(TieredRig old, long end) {
            old.written.headMap(end).values().forEach(batch -> fetched(ByteBuffer.wrap(batch.clone()), OLD_EPOCH));
            rig.awaitDurable();
        }

        /** Has, at its end, records of a leader whose successors never saw them. */
        void diverge(int epoch, int batches) {
            rig.leaderEpoch = epoch;
            for (int i = 0; i < batches; i++) {
                rig.append();
            }
            rig.awaitDurable();
            rig.written.clear();
        }

        private void fetched(ByteBuffer batch, int epoch) {
            while (!(rig.onLoop(() -> rig.hot.appendFetched(RecordBuffers.of(batch), epoch, 0, 1)) instanceof AppendResult.Appended)) {
                rig.get(rig.onLoop(rig.hot::whenWritable));
            }
        }

        void elect(int epoch, boolean unclean) {
            rig.leaderEpoch = epoch;
            rig.onLoop(() -> {
                replica.onPlacement(new Placement(1, epoch, epoch, List.of(0, 1), Set.of(1), unclean));
                return null;
            });
        }

        void awaitLeading() {
            rig.roundsUntil("it leads", 100, () -> {
                nowMs += 100;
                replica.tick();
                return replica.leader().isPresent();
            });
        }

        @Override
        public void onHighWatermark(long offset) {
            // Asked for.
        }

        @Override
        public void onProposal(IsrProposal proposal) {
            // The controller is away.
        }

        @Override
        public void onRole() {
            if (replica.leader().isPresent()) {
                rig.log.lead(replica.leaderEpoch());
            } else {
                rig.log.follow(replica.leaderEpoch());
            }
        }

        @Override
        public void onReadyToFetch() {
            // Nobody to fetch from.
        }

        @Override
        public void onTickWanted(long delayMs) {
            // Ticked all the time.
        }

        @Override
        public void close() {
            rig.close();
        }
    }

    private static final class NoBrokers implements Brokers {
        @Override
        public long epochOf(int brokerId) {
            return 1;
        }

        @Override
        public boolean mayJoin(int brokerId) {
            return true;
        }
    }

    private static TieredRig offloaded(int segments) {
        TieredRig old = new TieredRig(Views.coldOnly());
        old.leaderEpoch = OLD_EPOCH;
        old.start();
        old.segments(segments);
        old.awaitOffloaded(old.onLoop(old.hot::logEndOffset));
        assertThat(old.objects.keys().stream().anyMatch(key -> key.endsWith(".page"))).as("manifests spill into pages").isEqualTo(segments >= 5);
        return old;
    }

    /** Reads all that was ever offloaded, takes new records, and offloads those. */
    private static void works(Elected elected, TieredRig old, long coldEnd) {
        TieredRig rig = elected.rig;
        rig.written.putAll(old.written.headMap(coldEnd));
        assertThat(rig.onLoop(rig.log::offlineReason)).isEmpty();
        long end = rig.segment(3);
        rig.awaitOffloaded(end);
        rig.roundsUntil("local copies gone", 100, () -> rig.hot.localLogStartOffset() == end);
        assertThat(Replay.of(rig, 100_000).coldReads).isGreaterThan(1);
    }

    @Test
    void aLogThatEndsBelowTheColdTierBeginsWhereThatEndsAndNothingOffloadedIsLost() {
        try (TieredRig old = offloaded(5); Elected elected = new Elected(old)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            elected.follow(old, 21);
            elected.elect(OLD_EPOCH + 1, true);
            elected.awaitLeading();
            assertThat(elected.rig.onLoop(elected.rig.hot::localLogStartOffset)).isEqualTo(boundary);
            assertThat(elected.replica.highWatermark()).isEqualTo(boundary);
            works(elected, old, boundary);
        }
    }

    @Test
    void aLogThatEndsAboveItButIsOfAnotherHistoryBeginsThereToo() {
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            elected.follow(old, 21);
            elected.diverge(OLD_EPOCH + 2, 20);
            assertThat(elected.rig.onLoop(elected.rig.hot::logEndOffset)).isGreaterThan(boundary);
            elected.elect(9, true);
            elected.awaitLeading();
            assertThat(elected.rig.onLoop(elected.rig.hot::localLogStartOffset)).isEqualTo(boundary);
            works(elected, old, boundary);
        }
    }

    @Test
    void whatIsInTheColdTierCountsAlsoWhereTieringWasSwitchedOffMeanwhile() {
        TieredLogConfig on = Views.coldOnly();
        TieredLogConfig off = new TieredLogConfig(on.hot(), false, false, -1, -1, -1, -1);
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old, off)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            elected.follow(old, 21);
            elected.elect(2, true);
            elected.awaitLeading();
            assertThat(elected.rig.onLoop(elected.rig.hot::localLogStartOffset)).isEqualTo(boundary);
            elected.rig.written.putAll(old.written.headMap(boundary));
            elected.rig.awaitOpened();
            assertThat(elected.rig.onLoop(elected.rig.log::offlineReason)).isEmpty();
            elected.rig.segment(3);
            assertThat(Replay.of(elected.rig, 100_000).coldReads).isGreaterThan(1);
        }
    }

    @Test
    void aLogThatHasAllOfTheColdTierIsKept() {
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            old.append();
            elected.follow(old, boundary + 1);
            elected.elect(2, true);
            elected.awaitLeading();
            assertThat(elected.rig.onLoop(elected.rig.hot::localLogStartOffset)).isZero();
            assertThat(elected.rig.onLoop(elected.rig.hot::logEndOffset)).isEqualTo(boundary + TieredRig.RECORDS);
            works(elected, old, boundary + 1);
        }
    }

    @Test
    void recordsThatWereDeletedDoNotComeBack() {
        for (boolean all : new boolean[] {false, true}) {
            try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
                long boundary = old.onLoop(old.hot::logEndOffset);
                elected.follow(old, boundary + 1);
                long start = all ? boundary : 13;
                old.get(old.onLoop(() -> old.log.deleteRecordsBefore(start)));
                old.roundsUntil("the cold tier has heard of it", 100, () -> old.log.cold().orElseThrow().logStartOffset() == start);
                elected.elect(2, true);
                elected.awaitLeading();
                assertThat(elected.rig.onLoop(elected.rig.hot::logStartOffset)).isEqualTo(start);
                assertThat(elected.rig.onLoop(elected.rig.hot::logEndOffset)).isEqualTo(boundary);
                assertThat(elected.rig.onLoop(elected.rig.log::offlineReason)).isEmpty();
            }
        }
    }

    @Test
    void whileTheBucketIsAwayItWaitsAndLeadsWhenItIsBack() {
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            elected.follow(old, 21);
            elected.rig.objects.inject(SimFault.outage());
            elected.elect(2, true);
            int before = elected.rig.objects.requests();
            elected.rig.roundsUntil("it has asked several times", 100, () -> {
                elected.nowMs += 1_000;
                elected.replica.tick();
                return elected.rig.objects.requests() > before + 12;
            });
            assertThat(elected.replica.isRecovering()).isTrue();
            assertThat(elected.replica.leader()).isEmpty();
            elected.rig.objects.clearFaults();
            elected.awaitLeading();
            works(elected, old, boundary);
        }
    }

    @Test
    void whatTheOldLeaderWasAboutToCommitDoesNotComeBehindTheBackOfTheNewOne() {
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            SimFault held = old.objects.inject(SimFault.holdingRequests().on(Operation.PUT_IF_ABSENT));
            old.segments(1);
            old.roundsUntil("the old leader commits another segment", 100, () -> held.heldCount() > 0);
            elected.follow(old, 21);
            elected.elect(2, true);
            elected.awaitLeading();
            assertThat(elected.rig.onLoop(elected.rig.hot::logEndOffset)).isEqualTo(boundary);
            held.release();
            old.until("the old leader is told", 100, () -> old.state() instanceof OffloadState.Stopped);
            works(elected, old, boundary);
        }
    }

    @Test
    void whereNothingWasOffloadedTheOldLeaderCannotBeginToAfterTheElection() {
        try (TieredRig old = TieredRig.started(Views.coldOnly()); Elected elected = new Elected(old)) {
            elected.elect(2, true);
            elected.awaitLeading();
            old.segments(1);
            old.until("the old leader is told", 100, () -> old.state() instanceof OffloadState.Stopped);
            elected.rig.segment(3);
            elected.rig.awaitOffloaded(elected.rig.onLoop(elected.rig.hot::logEndOffset));
        }
    }

    @Test
    void aCleanLeaderThatLacksWhatWasOffloadedRefusesAndKeepsItsLog() {
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
            elected.follow(old, 21);
            elected.elect(2, false);
            elected.awaitLeading();
            elected.rig.roundsUntil("it has noticed", 100, () -> elected.rig.log.offlineReason().isPresent());
            assertThat(elected.rig.onLoop(elected.rig.log::offlineReason).orElseThrow()).contains("the cold tier ends at offset");
            assertThat(elected.rig.onLoop(elected.rig.hot::localLogStartOffset)).isZero();
        }
    }

    @Test
    void afterACrashAnywhereInItTheNextElectionFindsTheSame() throws Exception {
        boolean lasts = true;
        for (int operations = 0; lasts; operations++) {
            assertThat(operations).isLessThan(MOST_OPERATIONS);
            try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
                long boundary = old.onLoop(old.hot::logEndOffset);
                elected.follow(old, 21);
                elected.rig.disk.dieAfter(operations);
                elected.elect(2, true);
                elected.rig.roundsUntil("it leads or its disk is dead", 100, () -> {
                    elected.nowMs += 100;
                    elected.replica.tick();
                    return !elected.replica.isRecovering();
                });
                lasts = elected.rig.onLoop(elected.replica::leader).isEmpty();
                elected.rig.kill(operations % 2 == 0);
                elected.start();
                elected.elect(3, true);
                elected.awaitLeading();
                works(elected, old, boundary);
            }
        }
    }

    @Test
    void aClaimWhoseTurnComesWhenTheReplicaIsStoppedOrAnotherLeadsIsNotMade() {
        Placement unclean = new Placement(1, 2, 2, List.of(0, 1), Set.of(1), true);
        List<Consumer<Replica>> over = List.of(Replica::stop, replica -> replica.onPlacement(new Placement(0, 3, 3, List.of(0, 1), Set.of(0))));
        for (Consumer<Replica> end : over) {
            try (TieredRig old = offloaded(3); Elected elected = new Elected(old); Elected next = new Elected(old)) {
                elected.follow(old, 21);
                int before = elected.rig.objects.requests();
                elected.rig.onLoop(() -> {
                    elected.replica.onPlacement(unclean);
                    end.accept(elected.replica);
                    return null;
                });
                assertThat(elected.rig.failure(elected.rig.worker.boundary(TieredRig.PARTITION, elected.rig.loop).find(() -> false))).as("a turn behind it").isInstanceOf(CancellationException.class);
                assertThat(elected.rig.objects.requests()).isEqualTo(before);
                next.follow(old, 21);
                next.elect(4, true);
                next.awaitLeading();
            }
        }
    }

    @Test
    void anElectionAfterItHasLedAndOffloadedKeepsWhatItHas() {
        try (TieredRig old = offloaded(3); Elected elected = new Elected(old)) {
            long boundary = old.onLoop(old.hot::logEndOffset);
            elected.follow(old, 21);
            elected.elect(2, true);
            elected.awaitLeading();
            works(elected, old, boundary);
            elected.rig.append();
            elected.rig.awaitDurable();
            long end = elected.rig.onLoop(elected.rig.hot::logEndOffset);
            elected.rig.kill(true);
            elected.start();
            elected.elect(3, true); // the controller was not told
            elected.awaitLeading();
            assertThat(elected.rig.onLoop(elected.rig.hot::logEndOffset)).isEqualTo(end);
            elected.rig.awaitOpened();
            Replay.of(elected.rig, 100_000);
        }
    }
}
