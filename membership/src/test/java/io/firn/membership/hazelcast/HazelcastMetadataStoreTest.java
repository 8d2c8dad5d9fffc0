package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.CpPeer;
import io.firn.membership.Head;
import io.firn.membership.MetadataStore;
import io.firn.membership.MetadataStoreContract;
import io.firn.membership.storage.SimFolder.Loss;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The cluster's store keeps the contract: three members in this JVM, whose disks lose everything that was not forced. */
class HazelcastMetadataStoreTest extends MetadataStoreContract {

    private static final long TIMEOUT_MS = 10_000;
    private static final SimCluster CLUSTER = new SimCluster(1);

    private static int number;

    private final List<HazelcastMetadataStore> opened = new ArrayList<>();

    /** Each test has objects of its own in the one CP subsystem. */
    @BeforeEach
    void nextNumber() {
        number++;
    }

    @AfterEach
    void closeStores() {
        opened.forEach(HazelcastMetadataStore::close);
    }

    @AfterAll
    static void stop() {
        CLUSTER.close();
    }

    @Override
    protected MetadataStore open() throws Exception {
        return open(1);
    }

    private HazelcastMetadataStore open(int broker) throws Exception {
        CLUSTER.start().ready();
        HazelcastMetadataStore store = new HazelcastMetadataStore(5, number + "-");
        opened.add(store);
        store.connect(CLUSTER.member(broker).instance().cp()).get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
        return store;
    }

    @Override
    protected void crashEverything() throws Exception {
        CLUSTER.powerLoss(Loss.EVERYTHING);
    }

    @Test
    void theLockIsOneMembersAloneAndGoesToAnotherWithAGreaterEpoch() throws Exception {
        MetadataStore one = open(1);
        MetadataStore two = open(2);
        int epoch = acquire(one);
        assertThat(get(two.acquireController(TIMEOUT_MS))).isEmpty();
        assertThat(get(two.confirmController(epoch, TIMEOUT_MS))).isFalse();
        get(one.releaseController(epoch, TIMEOUT_MS));
        assertThat(acquire(two)).isEqualTo(epoch + 1);
        assertThat(get(one.confirmController(epoch, TIMEOUT_MS))).isFalse();
    }

    @Test
    void aClosedStoreGivesTheLockBack() throws Exception {
        MetadataStore one = open(1);
        int epoch = acquire(one);
        one.close();
        assertThat(acquire(open(2))).isGreaterThan(epoch);
    }

    @Test
    void aStoreThatIsClosedWithoutAMajorityGivesTheLockBackWhenThereIsOne() throws Exception {
        MetadataStore one = open(1);
        int epoch = acquire(one);
        CLUSTER.kill(2, 3);
        assertUnavailable(one.confirmController(epoch, 500));
        one.close();
        MetadataStore two = open(2);
        OptionalInt next = OptionalInt.empty();
        for (long endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(60); next.isEmpty() && System.nanoTime() < endNanos;) {
            next = get(two.acquireController(TIMEOUT_MS));
        }
        assertThat(next).isNotEmpty();
    }

    @Test
    void theLockOfABrokerThatIsGoneIsFreeWithoutWaitingForItsSession() throws Exception {
        MetadataStore two = open(2);
        int epoch = acquire(open(1));
        String incarnation = CLUSTER.member(1).instance().name();
        CompletableFuture<CpPeer> left = new CompletableFuture<>();
        CLUSTER.member(2).subscribe(new CpMember.Listener() {
            @Override
            public void joined(CpPeer peer) {
                // Of no interest.
            }

            @Override
            public void left(CpPeer peer) {
                left.complete(peer);
            }
        });
        CLUSTER.member(1).instance().terminate();
        CpPeer gone = left.get(60, TimeUnit.SECONDS);
        assertThat(gone.brokerId()).isEqualTo(1);
        assertThat(gone.incarnation()).isEqualTo(incarnation);
        // Listeners are called when its session has been closed, by this member or the other.
        assertThat(get(two.acquireController(TIMEOUT_MS))).hasValue(epoch + 1);
        CLUSTER.powerLoss(Loss.NOTHING);
    }

    @Test
    void withoutAMajorityEveryCallEndsInTimeAndAnOutcomeThatIsUnknownIsCalledSo() throws Exception {
        MetadataStore store = open();
        assertThat(set(store, Optional.empty(), head(1, 1))).isTrue();
        CLUSTER.member(2).instance().terminate();
        CLUSTER.member(3).instance().terminate();
        long limitMs = 1_000;
        assertUnknown(store.compareAndSetHead(Optional.of(head(1, 1)), head(2, 1), limitMs));
        assertUnavailable(store.readHead(limitMs));
        assertUnknown(store.acquireController(limitMs));
        assertUnknown(store.acquireController(limitMs));
        crashEverything();
        Optional<Head> settled = read(open());
        assertThat(settled).isIn(Optional.of(head(1, 1)), Optional.of(head(2, 1)));
    }
}
