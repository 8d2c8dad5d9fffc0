package io.firn.membership.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Head;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataStore;
import io.firn.membership.MetadataStoreContract;
import io.firn.membership.Seeds;
import io.firn.membership.storage.SimFolder.Loss;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** The single broker's store keeps the contract on a disk that loses all it was not forced to keep, and stops for good at the first error. */
class LocalMetadataStoreTest extends MetadataStoreContract {

    private SimFolder folder = new SimFolder(Seeds.random(0));

    @Override
    protected MetadataStore open() {
        return LocalMetadataStore.open(folder);
    }

    @Override
    protected void crashEverything() {
        folder = folder.afterCrash(Loss.EVERYTHING);
    }

    @Test
    void afterAnErrorOfTheDiskTheOutcomeIsUnknownAndEveryLaterCallFails() throws Exception {
        MetadataStore store = open();
        int epoch = acquire(store);
        set(store, Optional.empty(), head(1, 1));
        for (int operation = 1; operation <= 5; operation++) {
            MetadataStore next = open();
            folder.failAt(operation);
            assertUnknown(next.compareAndSetHead(read(next), head(1 + operation, 1), 1));
            int before = folder.operations();
            assertUnavailable(next.readHead(1));
            assertUnavailable(next.acquireController(1));
            assertUnavailable(next.confirmController(epoch, 1));
            assertUnavailable(next.compareAndSetHead(Optional.empty(), head(9, 1), 1));
            assertThat(folder.operations()).isEqualTo(before);
        }
    }

    @Test
    void aPowerLossAtAnyOperationLeavesTheOldOrTheNewHeadAndNeverAnEpochTwice() {
        Seeds.forEach(300, seed -> {
            for (Loss loss : Loss.values()) {
                SimFolder disk = new SimFolder(Seeds.random(seed));
                int lastEpoch = 0;
                Optional<Head> acknowledged = Optional.empty();
                Optional<Head> attempted = Optional.empty();
                for (int start = 0; start < 4; start++) {
                    disk.crashAt(1 + (int) (seed * 7 + start * 13) % 17);
                    MetadataStore store = LocalMetadataStore.open(disk);
                    Optional<Head> found = store.readHead(1).join();
                    assertThat(found.equals(acknowledged) || found.equals(attempted)).isTrue();
                    acknowledged = found;
                    OptionalInt epoch = valueOf(store.acquireController(1)).orElse(OptionalInt.empty());
                    if (epoch.isPresent()) {
                        assertThat(epoch.getAsInt()).isGreaterThan(lastEpoch);
                        lastEpoch = epoch.getAsInt();
                    }
                    attempted = Optional.of(head(found.map(Head::version).orElse(0L) + 1, 1 + start));
                    if (valueOf(store.compareAndSetHead(found, attempted.get(), 1)).isPresent()) {
                        acknowledged = attempted;
                    }
                    disk = disk.afterCrash(loss);
                }
            }
        });
    }

    @Test
    void everyFlippedBitAndEveryCutOfTheFileIsFound() throws Exception {
        MetadataStore store = open();
        acquire(store);
        set(store, Optional.empty(), head(1, 1));
        byte[] good = folder.read("store");
        for (int bit = 0; bit < good.length * 8; bit++) {
            byte[] bad = good.clone();
            bad[bit / 8] ^= (byte) (1 << bit % 8);
            folder.put("store", bad);
            assertThatThrownBy(this::open).isInstanceOf(MetadataOpenFailed.class).hasMessageNotContaining("\n");
        }
        for (int size = 0; size < good.length; size++) {
            folder.put("store", java.util.Arrays.copyOf(good, size));
            assertThatThrownBy(this::open).isInstanceOf(MetadataOpenFailed.class);
        }
        folder.put("store", good);
        assertThat(read(open())).contains(head(1, 1));
    }

    private static <T> Optional<T> valueOf(CompletableFuture<T> future) {
        return future.isCompletedExceptionally() ? Optional.empty() : Optional.of(future.join());
    }
}
