package io.firn.cold.manifest;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdFixture;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;

/** A partition's manifest directory, where old manifests cannot be deleted for long. */
class ManifestTrimTest {

    /** More than ten pages of a listing. */
    private static final int MANY = 10 * ObjectStore.LIST_LIMIT_KEYS + 100;

    private final SimObjectStore bucket = new SimObjectStore();
    private final PartitionKeys keys = new BucketLayout("firn").partition(ColdFixture.PARTITION);

    private ManifestChain open(int epoch) {
        return ManifestChain.open(bucket, keys, ColdFixture.PARTITION, epoch, epoch, InstantSource.system()).join();
    }

    private static void commit(ManifestChain chain, int times) {
        for (int i = 0; i < times; i++) {
            chain.confirm(content -> content).join();
        }
    }

    @Test
    void aLogOfWhichNothingCanBeDeletedForLongIsWrittenAndOpenedAndIsPutRightAfterwards() {
        ManifestChain chain = open(1);
        commit(chain, 40);
        bucket.inject(SimFault.refusing().on(Operation.DELETE));
        commit(chain, MANY);
        int lists = bucket.requests(Operation.LIST);
        commit(chain, 16);
        assertThat(bucket.requests(Operation.LIST) - lists).as("one a commit, and those of one trim").isLessThan(16 + 1 + 3);
        assertThat(bucket.keys().size()).isGreaterThan(MANY);

        ManifestChain next = open(2);
        assertThat(next.head().number()).isEqualTo(chain.head().number());
        commit(next, 1);
        bucket.clearFaults();
        commit(next, 2 * ManifestTrim.TRIM_AT);
        assertThat(bucket.keys()).hasSizeLessThan(2 * ManifestTrim.TRIM_AT);
        assertThat(open(3).head().number()).isEqualTo(next.head().number());
    }

    @Test
    void theSameProcessDeletesWhatItCouldNot() {
        ManifestChain chain = open(1);
        bucket.inject(SimFault.refusing().on(Operation.DELETE));
        commit(chain, 3_000);
        bucket.clearFaults();
        commit(chain, 2 * ManifestTrim.TRIM_AT);
        assertThat(bucket.keys()).hasSizeLessThan(2 * ManifestTrim.TRIM_AT);
    }

    @Test
    void aDirectoryThatIsTrimmedStaysSmallForOneListingACommit() {
        ManifestChain chain = open(1);
        commit(chain, 40);
        int lists = bucket.requests(Operation.LIST);
        commit(chain, 400);
        assertThat(bucket.requests(Operation.LIST) - lists).isEqualTo(400);
        assertThat(bucket.keys()).hasSizeLessThan(2 * ManifestTrim.TRIM_AT);
    }
}
