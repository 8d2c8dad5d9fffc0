package io.firn.cold.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdFixture;
import io.firn.cold.ColdStoreException;
import io.firn.cold.UploadSource;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What becomes of the pages of a change that is not made. */
class PageChangesTest {

    private static final long NONCE = 5;
    private static final List<SegmentEntry> FIRST = List.of(new SegmentEntry(new SegmentName(0, 1, 1), 10, 100, 200, 1, 1, false));
    private static final List<SegmentEntry> SECOND = List.of(new SegmentEntry(new SegmentName(10, 1, 2), 20, 100, 200, 1, 1, false));

    private final SimObjectStore bucket = new SimObjectStore();
    private final PartitionKeys keys = new BucketLayout("firn").partition(ColdFixture.PARTITION);
    private final AtomicInteger possibleOrphans = new AtomicInteger();
    private final PageChanges changes = new PageChanges(bucket, keys, ColdFixture.PARTITION, PageSource.direct(bucket, keys, ColdFixture.PARTITION), () -> NONCE, possibleOrphans::incrementAndGet);

    @Test
    void aPageWhoseNameIsTakenStaysAndWhatTheChangeHasMadeBeforeGoes() {
        String live = keys.page(10, 0, NONCE);
        byte[] bytes = {1, 2, 3};
        bucket.put(live, UploadSource.of(ByteBuffer.wrap(bytes))).join();
        changes.make(0, FIRST);
        changes.make(0, SECOND);
        assertThatThrownBy(() -> changes.upload().join()).hasRootCauseInstanceOf(ColdStoreException.Unavailable.class);
        changes.discard().join();
        assertThat(bucket.keys()).containsExactly(live);
        assertThat(bucket.bytes(live)).isEqualTo(bytes);
        assertThat(possibleOrphans).hasValue(0);
    }

    @Test
    void aPageOfWhichNobodyKnowsWhetherItWasMadeStaysAndIsCounted() {
        bucket.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
        changes.make(0, FIRST);
        assertThatThrownBy(() -> changes.upload().join()).hasRootCauseInstanceOf(ColdStoreException.class);
        assertThat(bucket.keys()).containsExactly(keys.page(0, 0, NONCE));
        assertThat(possibleOrphans).hasValue(1);
    }

    @Test
    void pagesOfAChangeThatIsNotMadeGo() {
        changes.make(0, FIRST);
        changes.make(0, SECOND);
        changes.upload().join();
        assertThat(bucket.keys()).hasSize(2);
        changes.discard().join();
        assertThat(bucket.keys()).isEmpty();
    }
}
