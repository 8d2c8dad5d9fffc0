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
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    /** Of a plain write that comes late nobody knows what had been built on the manifest that it takes the place of. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void pagesOfAManifestWhoseNumberIsAnothersGoOnlyWhereCreatesHappenOnce(boolean createsOnce) {
        ManifestChain chain = ManifestChain.open(bucket, keys, ColdFixture.PARTITION, 5, 1, () -> Instant.EPOCH, new PageShape(1, 1, 1, 2, 2), PageSource.direct(bucket, keys, ColdFixture.PARTITION),
                possibleOrphans::incrementAndGet, createsOnce).join();
        Manifest base = chain.head();
        SimFault stalled = bucket.inject(SimFault.holdingReplies().on(Operation.PUT_IF_ABSENT).forKeys(key -> key.endsWith(".manifest") && !pages().isEmpty()));
        CompletableFuture<Manifest> commit = append(chain);
        while (stalled.heldCount() == 0) {
            base = commit.join();
            commit = append(chain);
        }
        List<String> made = pages();
        Manifest late = new Manifest(base.topicId(), base.partition(), base.number() + 1, 0, 4, 99, 0, base.content());
        bucket.put(keys.manifest(late.number()), UploadSource.of(ManifestCodec.encode(late))).join();
        stalled.release();

        assertThat(commit.join().number()).as("made anew").isEqualTo(late.number() + 1);
        assertThat(bucket.keys().containsAll(made)).isEqualTo(!createsOnce);
        assertThat(possibleOrphans).hasValue(createsOnce ? 0 : made.size());
    }

    private List<String> pages() {
        return bucket.keys().stream().filter(key -> key.endsWith(".page")).toList();
    }

    private static CompletableFuture<Manifest> append(ManifestChain chain) {
        return chain.commit(content -> content.append(new SegmentEntry(new SegmentName(content.endOffset(), 5, content.endOffset()), content.endOffset() + 10, 100, 200, 1, 1, false)));
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
