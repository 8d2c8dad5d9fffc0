package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Listings that show what was there some time ago. Stores of today do not do that, and one that does it always is found out by the check; where it happens for a while, whoever notices waits, and nothing is committed on top of what is not the newest.
 */
class LaggingListsTest {

    private final ColdFixture cold = new ColdFixture();
    private final Random random = new Random(23);
    private final SegmentFixture first = SegmentFixture.random(random, 0, 1, 1_000);
    private final SegmentFixture second = SegmentFixture.random(random, first.nextOffset(), 1, 1_000);
    private final SegmentFixture third = SegmentFixture.random(random, second.nextOffset(), 1, 1_000);

    /** Another process, whose listings are right. */
    private ColdStore sighted() {
        SimObjectStore bucket = cold.objects.reopened();
        return ColdStore.open(ColdFixture.config(16 * CHUNK, 0), bucket, cold.sim, new SimpleMeterRegistry(), cold.sim.threads(), new Random(3));
    }

    @Test
    void theLeaderThatKnowsItsHeadGoesOn() {
        ColdLog log = cold.log(1);
        cold.await(log.append(first));
        cold.objects.inject(SimFault.laggingLists());
        cold.await(log.append(second));
        cold.await(log.append(third));
        assertThat(cold.segments(cold.await(sighted().openLog(PARTITION, 2)))).isEqualTo(cold.segments(log)).hasSize(3);
    }

    @Test
    void aLeaderThatBeginsWithAnOldListingCommitsNothingUntilItSeesTheNewestManifest() {
        ColdLog before = cold.await(sighted().openLog(PARTITION, 1));
        cold.await(before.append(first));
        cold.await(cold.store.check());
        cold.objects.inject(SimFault.laggingLists());
        cold.await(before.append(second));
        cold.await(before.append(third));
        List<ColdSegment> history = cold.segments(before);

        ColdLog next = cold.log(2);
        assertThat(next.endOffset()).as("what it sees").isEqualTo(first.nextOffset());
        ColdRead read = cold.await(next.read(0, 10_000, Long.MAX_VALUE, true));
        assertThat(ColdFixture.bytes(read)).isEqualTo(first.bytes(0, read.upperBoundOffset()));
        read.release();
        assertThat(cold.failure(next.append(second))).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(cold.failure(next.claim())).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(cold.failure(next.deleteBefore(first.nextOffset()))).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(cold.segments(cold.await(sighted().openLog(PARTITION, 1)))).isEqualTo(history);

        cold.objects.clearFaults();
        cold.await(next.claim());
        assertThat(cold.segments(next)).isEqualTo(history);
        cold.await(next.append(SegmentFixture.random(random, next.endOffset(), 2, 1_000)));
        assertThat(cold.failure(before.append(SegmentFixture.random(random, before.endOffset(), 1, 100)))).isInstanceOf(ColdStoreException.Fenced.class);
    }

    @Test
    void aHeadThatIsNotListedIsNotTakenForADeletedLog() {
        ColdLog log = cold.log(1);
        cold.await(log.append(first));
        cold.objects.inject(SimFault.laggingLists());
        cold.await(log.append(second));
        ColdLog twin = cold.await(sighted().openLog(PARTITION, 1));
        cold.await(twin.append(third));
        SegmentFixture other = SegmentFixture.random(random, second.nextOffset(), 1, 500);
        assertThat(cold.failure(log.append(other))).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("lags");
        cold.objects.clearFaults();
        assertThat(cold.failure(log.append(other))).as("it finds what the twin has written").isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("Another process");
        assertThat(cold.failure(log.append(other))).isInstanceOf(IllegalArgumentException.class);
        assertThat(cold.segments(log)).isEqualTo(cold.segments(twin)).hasSize(3);
    }

    @Test
    void aListingOfManifestsThatWereTrimmedLongAgoIsWaitedOut() {
        ColdLog log = cold.await(sighted().openLog(PARTITION, 1));
        cold.await(log.append(first));
        cold.await(cold.store.check());
        cold.objects.inject(SimFault.laggingLists());
        for (int clean = 1; clean < 40; clean++) {
            cold.await(log.cleanUpTo(Math.min(clean, log.endOffset())));
            cold.await(log.append(SegmentFixture.random(random, log.endOffset(), 1, 100)));
        }
        cold.sim.settle();
        assertThat(cold.failure(cold.store.openLog(PARTITION, 2))).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("lags");
        cold.objects.clearFaults();
        assertThat(cold.segments(cold.log(2))).isEqualTo(cold.segments(log));
    }
}
