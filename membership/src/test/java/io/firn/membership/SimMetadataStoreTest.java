package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.SimMetadataStore.Fault;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The simulated store keeps the contract, and what any store shared by several brokers must do besides. */
class SimMetadataStoreTest extends MetadataStoreContract {

    private final SimMetadataStore.Cluster cluster = new SimMetadataStore.Cluster();

    @Override
    protected SimMetadataStore open() {
        return cluster.connect();
    }

    @Override
    protected void crashEverything() {
        cluster.depose();
    }

    @Test
    void theLockHasOneHolderUntilItIsGivenBackOrLost() throws Exception {
        SimMetadataStore one = open();
        SimMetadataStore two = open();
        int first = acquire(one);
        assertThat(get(two.acquireController(1))).isEmpty();
        get(one.releaseController(first, 1));
        int second = acquire(two);
        assertThat(second).isGreaterThan(first);
        cluster.depose();
        assertThat(acquire(one)).isGreaterThan(second);
        assertThat(get(two.confirmController(second, 1))).isFalse();
        one.close();
        assertThat(get(two.acquireController(1))).isPresent();
    }

    @Test
    void aDeposedControllersSetFails() throws Exception {
        SimMetadataStore one = open();
        SimMetadataStore two = open();
        acquire(one);
        set(one, Optional.empty(), head(1, 1));
        cluster.depose();
        acquire(two);
        assertThat(set(two, read(two), head(2, 2))).isTrue();
        assertThat(set(one, Optional.of(head(1, 1)), head(2, 1))).isFalse();
    }

    @Test
    void faultsDoWhatTheySay() throws Exception {
        SimMetadataStore store = open().then(Fault.REFUSED, Fault.REQUEST_LOST);
        assertUnavailable(store.compareAndSetHead(Optional.empty(), head(1, 1), 1));
        assertUnknown(store.compareAndSetHead(Optional.empty(), head(1, 1), 1));
        assertThat(cluster.head()).isEmpty();
        store.then(Fault.REPLY_LOST);
        assertUnknown(store.compareAndSetHead(Optional.empty(), head(1, 1), 1));
        assertThat(cluster.head()).contains(head(1, 1));
        store.then(Fault.LATE);
        assertUnknown(store.compareAndSetHead(cluster.head(), head(2, 1), 1));
        assertThat(cluster.head()).contains(head(1, 1));
        cluster.deliverLate();
        assertThat(cluster.head()).contains(head(2, 1));
    }
}
