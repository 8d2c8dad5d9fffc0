package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

/** Appends and deletions with something going wrong at each step. */
class ColdLogFaultTest {

    private final ColdFixture cold = new ColdFixture();
    private final Random random = new Random(11);
    private final SegmentFixture first = SegmentFixture.random(random, 0, 1, 2 * CHUNK);
    private final SegmentFixture second = SegmentFixture.random(random, first.nextOffset(), 1, CHUNK);

    @Test
    void whateverSingleRequestFailsTheAppendSucceedsWhenRepeatedAndTheSegmentIsThereOnce() {
        for (Operation operation : Operation.values()) {
            for (SimFault fault : List.of(SimFault.failing(1), SimFault.losingReply(1), SimFault.losingRequest(1), SimFault.cuttingBody(1))) {
                ColdFixture fresh = new ColdFixture();
                ColdLog log = fresh.log(1);
                fresh.await(log.append(first));
                fresh.objects.inject(fault.on(operation));
                try {
                    fresh.await(log.append(second));
                } catch (RuntimeException e) {
                    assertThat(e.getCause()).isInstanceOfAny(ColdStoreException.Unavailable.class, ColdStoreException.Uncertain.class);
                    fresh.await(log.append(second));
                }
                assertThat(log.endOffset()).isEqualTo(second.nextOffset());
                assertThat(fresh.segments(fresh.log(2))).isEqualTo(fresh.segments(log)).hasSize(2);
            }
        }
    }

    @Test
    void aFailedUploadIsUnavailableAndNothingCounts() {
        ColdLog log = cold.log(1);
        cold.objects.inject(SimFault.outage().on(Operation.PUT));
        assertThat(cold.failure(log.append(first))).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(log.endOffset()).isZero();
        assertThat(cold.log(2).endOffset()).isZero();
    }

    @Test
    void aLostReplyOfTheManifestIsFoundOutBeforeTheNextChange() {
        ColdLog log = cold.log(1);
        cold.objects.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
        assertThat(cold.failure(log.append(first))).isInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(log.endOffset()).as("not known yet").isZero();
        int uploads = cold.objects.requests(Operation.PUT);
        assertThat(cold.await(log.append(first)).nextOffset()).isEqualTo(first.nextOffset());
        assertThat(cold.objects.requests(Operation.PUT)).as("not sent again").isEqualTo(uploads);
        assertThat(cold.segments(cold.log(2))).hasSize(1);
    }

    @Test
    void aLostRequestOfTheManifestIsRepeatedBeforeTheNextChange() {
        ColdLog log = cold.log(1);
        cold.objects.inject(SimFault.losingRequest(1).on(Operation.PUT_IF_ABSENT));
        assertThat(cold.failure(log.append(first))).isInstanceOf(ColdStoreException.Uncertain.class);
        assertThat(cold.await(log.append(first)).nextOffset()).isEqualTo(first.nextOffset());
        assertThat(cold.segments(cold.log(2))).hasSize(1);
    }

    @Test
    void anUploadThatTheStoreTruncatedIsNeverCommitted() {
        ColdLog log = cold.log(1);
        SimFault hold = cold.objects.inject(SimFault.holdingRequests().on(Operation.GET));
        CompletableFuture<ColdSegment> append = log.append(first);
        cold.sim.settle();
        String key = cold.objects.keys().stream().filter(k -> k.endsWith(".segment")).findFirst().orElseThrow();
        cold.objects.flipBit(key, cold.objects.bytes(key).length - 300);
        hold.release();
        assertThat(cold.failure(append)).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(cold.segments(cold.log(2))).isEmpty();
    }

    @Test
    void aDamagedLocalSegmentIsRefusedBeforeAnythingIsSent() {
        ColdLog log = cold.log(1);
        for (int at : new int[] {8, 16, 17, 40, 100}) {
            SegmentFixture damaged = SegmentFixture.random(new Random(3), 0, 1, 1000);
            damaged.bytes()[at] ^= 1;
            assertThat(cold.failure(log.append(damaged))).isInstanceOf(ColdStoreException.SourceFailed.class);
        }
        assertThat(cold.objects.requests(Operation.PUT)).isZero();
    }

    @Test
    void aLocalSegmentThatCannotBeReadIsNotTheStoresFault() {
        ColdLog log = cold.log(1);
        assertThat(cold.failure(log.append(new SegmentSourceView(first) {
            @Override
            public int readLog(long position, ByteBuffer target) throws IOException {
                throw new IOException("bad sector");
            }
        }))).isInstanceOf(ColdStoreException.SourceFailed.class).hasMessageContaining("bad sector");
    }

    @Test
    void aLocalSegmentThatChangesWhileItIsSentIsNotCommitted() {
        ColdLog log = cold.log(1);
        int[] reads = new int[1];
        assertThat(cold.failure(log.append(new SegmentSourceView(first) {
            @Override
            public int readLog(long position, ByteBuffer target) throws IOException {
                int at = target.position();
                int count = super.readLog(position, target);
                if (reads[0]++ > 0) {
                    target.put(at, (byte) (target.get(at) ^ 1));
                }
                return count;
            }
        }))).isInstanceOf(ColdStoreException.SourceFailed.class);
        assertThat(cold.segments(cold.log(2))).isEmpty();
    }

    @Test
    void aSegmentBelowTheTierBoundaryIsRefusedAndOneThatLeavesAGapToo() {
        ColdLog log = cold.log(1);
        cold.await(log.append(first));
        ColdLog reopened = cold.log(2);
        assertThat(cold.failure(reopened.append(first))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("already ends at " + first.nextOffset());
        SegmentFixture later = SegmentFixture.random(random, first.nextOffset() + 1, 2, 100);
        assertThat(cold.failure(reopened.append(later))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("gap");
        cold.await(reopened.deleteBefore(first.nextOffset()));
        assertThat(reopened.startOffset()).isEqualTo(first.nextOffset()).isEqualTo(reopened.endOffset());
        cold.await(reopened.append(later));
        assertThat(reopened.startOffset()).isEqualTo(later.baseOffset());
    }

    @Test
    void aDeposedLeaderIsFencedAndItsUploadCountsForNothing() {
        ColdLog old = cold.log(1);
        cold.await(old.append(first));
        ColdLog next = cold.await(cold.another(5).openLog(PARTITION, 2));
        SegmentFixture others = new SegmentFixture(first.nextOffset(), 2).batch(random, Compression.NONE, 3, 50);
        cold.await(next.append(others));
        assertThat(cold.failure(old.append(second))).isInstanceOf(ColdStoreException.Fenced.class);
        assertThat(cold.failure(old.deleteBefore(1))).isInstanceOf(ColdStoreException.Fenced.class);
        assertThat(cold.count("firn.cold.fenced")).isEqualTo(2);
        assertThat(cold.segments(cold.log(3))).isEqualTo(cold.segments(next)).hasSize(2);
    }

    @Test
    void aLeaderThatClaimsTheLogFencesEarlierOnesBeforeItChangesAnything() {
        for (boolean lostReply : new boolean[] {false, true}) {
            ColdFixture fresh = new ColdFixture();
            ColdLog old = fresh.log(1);
            fresh.await(old.append(first));
            ColdLog next = fresh.await(fresh.another(5).openLog(PARTITION, 2));
            if (lostReply) {
                fresh.objects.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
                assertThat(fresh.failure(next.claim())).isInstanceOf(ColdStoreException.Uncertain.class);
            }
            fresh.await(next.claim());
            assertThat(next.endOffset()).isEqualTo(first.nextOffset());
            assertThat(fresh.failure(old.append(second))).isInstanceOf(ColdStoreException.Fenced.class);
            assertThat(fresh.failure(old.claim())).isInstanceOf(ColdStoreException.Fenced.class);
            int requests = fresh.objects.requests();
            fresh.await(next.claim());
            assertThat(fresh.objects.requests()).as("done already").isEqualTo(requests);
            assertThat(fresh.segments(fresh.log(3))).hasSize(1);
        }
    }

    @Test
    void aLogWithoutAnySegmentCanBeClaimed() {
        ColdLog old = cold.log(1);
        cold.await(cold.await(cold.another(5).openLog(PARTITION, 2)).claim());
        assertThat(cold.failure(old.append(first))).isInstanceOf(ColdStoreException.Fenced.class);
        ColdLog next = cold.log(2);
        assertThat(next.endOffset()).isZero();
        cold.await(next.append(first));
    }

    @Test
    void nobodyWritesUnderAnEpochThatNoneCanFollow() {
        assertThat(cold.failure(cold.store.openLog(PARTITION, Integer.MAX_VALUE))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.failure(cold.store.openAside(PARTITION, Integer.MAX_VALUE))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.failure(cold.store.openAside(PARTITION, -1))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aLogThatIsOpenedAsideLeavesTheSweepingToTheOneThatIsOpen() {
        ColdFixture fresh = new ColdFixture();
        ColdLog open = fresh.log(1);
        fresh.await(open.append(first));
        fresh.await(open.deleteBefore(first.nextOffset()));
        ColdLog aside = fresh.await(fresh.store.openAside(PARTITION, 1));
        fresh.await(aside.claim());
        aside.close();
        fresh.sim.pass(61_000);
        assertThat(fresh.objects.keys()).noneMatch(key -> key.endsWith(".segment"));
    }

    @Test
    void aClaimCountsWhatAnEarlierLeaderCommittedBeforeIt() {
        ColdLog old = cold.log(1);
        ColdLog next = cold.await(cold.another(5).openLog(PARTITION, 2));
        cold.await(old.append(first));
        cold.await(next.claim());
        assertThat(next.endOffset()).isEqualTo(first.nextOffset());
    }

    @Test
    void aSecondChangeAtTheSameTimeIsACallersMistake() {
        ColdLog log = cold.log(1);
        CompletableFuture<ColdSegment> running = log.append(first);
        CompletableFuture<ColdSegment> append = log.append(first);
        assertThat(cold.failure(append)).isInstanceOf(IllegalStateException.class);
        assertThat(cold.failure(log.deleteBefore(1))).isInstanceOf(IllegalStateException.class);
        cold.await(running);
    }

    @Test
    void objectsGoAfterTheGracePeriodAlsoWhenTheBrokerWasRestartedInBetween() {
        ColdLog log = cold.log(1);
        ColdSegment doomed = cold.await(log.append(first));
        cold.await(log.append(second));
        assertThat(cold.await(log.deleteBefore(first.nextOffset()))).isOne();
        assertThat(cold.segments(log)).hasSize(1);
        cold.sim.pass(59_000);
        assertThat(cold.objects.keys()).contains(doomed.key());
        cold.store.close();
        ColdFixtureRestart restart = new ColdFixtureRestart(cold);
        ColdLog again = cold.sim.await(restart.store.openLog(PARTITION, 2));
        cold.sim.pass(61_000);
        assertThat(cold.objects.keys()).doesNotContain(doomed.key());
        SegmentFixture third = SegmentFixture.random(random, second.nextOffset(), 2, 100);
        cold.await(again.append(third));
        int requests = restart.requests();
        cold.sim.pass(600_000);
        assertThat(restart.requests()).as("done and forgotten").isEqualTo(requests);
    }

    @Test
    void aFailedDeletionIsTriedAgain() {
        ColdLog log = cold.log(1);
        ColdSegment doomed = cold.await(log.append(first));
        cold.await(log.deleteBefore(first.nextOffset()));
        cold.objects.inject(SimFault.failing(2).on(Operation.DELETE));
        cold.sim.pass(300_000);
        assertThat(cold.objects.keys()).doesNotContain(doomed.key());
        assertThat(cold.count("firn.cold.deleted.objects")).isOne();
    }

    @Test
    void deletingBelowTheStartCostsNothing() {
        ColdLog log = cold.log(1);
        cold.await(log.append(first));
        int requests = cold.objects.requests();
        assertThat(cold.await(log.deleteBefore(0))).isZero();
        assertThat(cold.objects.requests()).isEqualTo(requests);
        assertThat(cold.await(log.deleteBefore(first.baseOffset() + 1))).as("within the first segment").isZero();
        assertThat(cold.log(2).logStartOffset()).isOne();
    }

    @Test
    void deletingALogRemovesEveryObjectOfThePartitionAndNothingElse() {
        ColdLog log = cold.log(1);
        cold.await(log.append(first));
        cold.await(log.append(second));
        cold.await(cold.store.check());
        cold.await(cold.store.deleteLog(PARTITION, 2));
        assertThat(cold.objects.keys()).containsExactly("firn/cluster");
        cold.await(cold.store.deleteLog(PARTITION, 2));
    }

    @Test
    void aDeletionThatWasInterruptedFencesWritersAndIsFinishedByRepeatingIt() {
        int steps = 0;
        for (boolean finished = false; !finished; steps++) {
            ColdFixture fresh = new ColdFixture();
            ColdLog log = fresh.log(1);
            fresh.await(log.append(first));
            int allowed = steps;
            int before = fresh.objects.requests();
            fresh.objects.inject(SimFault.outage().forKeys(key -> fresh.objects.requests() - before > allowed));
            CompletableFuture<Void> deletion = fresh.store.deleteLog(PARTITION, 2);
            fresh.sim.settle();
            finished = !deletion.isCompletedExceptionally();
            fresh.objects.clearFaults();
            boolean tombstone = fresh.objects.keys().stream().anyMatch(key -> key.endsWith("09223372036854775807.boundary"));
            if (tombstone) {
                assertThat(fresh.failure(log.append(second))).isInstanceOf(ColdStoreException.Fenced.class);
                assertThat(fresh.failure(fresh.store.openLog(PARTITION, 3))).isInstanceOf(ColdStoreException.Fenced.class);
            }
            fresh.await(fresh.store.deleteLog(PARTITION, 2));
            assertThat(fresh.objects.keys()).noneMatch(key -> key.contains("/manifest/"));
        }
        assertThat(steps).isGreaterThan(5);
    }

    @Test
    void aDeposedLeaderMayNotDelete() {
        cold.await(cold.log(7).append(first));
        assertThat(cold.failure(cold.store.deleteLog(PARTITION, 6))).isInstanceOf(ColdStoreException.Fenced.class);
        assertThat(cold.segments(cold.log(8))).hasSize(1);
    }

    /** A store over the same bucket, after the first one was closed. */
    private static final class ColdFixtureRestart {
        private final SimObjectStore objects;
        private final ColdStore store;

        ColdFixtureRestart(ColdFixture before) {
            objects = before.objects.reopened();
            store = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), objects, before.sim, new SimpleMeterRegistry(),
                    before.sim.threads(), new Random(77));
        }

        int requests() {
            return objects.requests();
        }
    }
}
