package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.firn.cold.sim.SimThreads;
import io.firn.cold.store.ForwardingObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class ColdStoreCheckTest {

    private final SimThreads sim = new SimThreads();
    private final SimObjectStore objects = new SimObjectStore(sim, sim);

    @Test
    void anUnclaimedBucketIsClaimedAndTheProbeLeavesNothing() {
        sim.await(store("cluster-a", false, objects).check());
        assertThat(objects.keys()).containsExactly("firn/cluster");
        assertThat(new String(objects.bytes("firn/cluster"), StandardCharsets.UTF_8)).isEqualTo("firn cluster 1\ncluster-a\n");
        sim.await(store("cluster-a", false, objects).check());
    }

    @Test
    void anotherClustersBucketIsRefused() {
        sim.await(store("cluster-a", false, objects).check());
        assertThat(failure(store("cluster-b", false, objects))).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("cluster-a");
    }

    @Test
    void somethingElseAtTheClaimsKeyIsRefused() {
        sim.await(objects.putIfAbsent("firn/cluster", ByteBuffer.wrap("hello".getBytes(StandardCharsets.UTF_8))));
        assertThat(failure(store("cluster-a", false, objects))).isInstanceOf(ColdStoreException.Misconfigured.class);
    }

    @Test
    void anUnreachableBucketIsUnavailable() {
        objects.inject(SimFault.outage());
        assertThat(failure(store("cluster-a", false, objects))).isInstanceOf(ColdStoreException.Unavailable.class);
    }

    @Test
    void aBucketThatWasAwayAtTheStartIsCheckedBeforeAnythingIsWritten() {
        sim.await(store("cluster-a", false, objects).check());
        ColdStore stranger = store("cluster-b", false, objects);
        objects.inject(SimFault.outage());
        assertThat(failure(stranger.check())).isInstanceOf(ColdStoreException.Unavailable.class);
        objects.clearFaults();
        assertThat(failure(stranger.openLog(ColdFixture.PARTITION, 1))).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("cluster-a");
        assertThat(failure(stranger.deleteLog(ColdFixture.PARTITION, 1))).isInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(objects.keys()).containsExactly("firn/cluster");
    }

    @Test
    void aCheckThatSucceededIsNotRepeatedAndCallersShareOne() {
        ColdStore store = store("cluster-a", false, objects);
        CompletableFuture<Void> first = store.check();
        sim.await(store.openLog(ColdFixture.PARTITION, 1));
        sim.await(first);
        int creates = objects.requests(Operation.PUT_IF_ABSENT);
        sim.await(store.check());
        assertThat(objects.requests(Operation.PUT_IF_ABSENT)).isEqualTo(creates).isEqualTo(3);
    }

    @Test
    void aProbeThatCannotBeDeletedIsNoReasonToRefuse() {
        objects.inject(SimFault.failing(1).on(Operation.DELETE));
        assertThatCode(() -> sim.await(store("cluster-a", false, objects).check())).doesNotThrowAnyException();
    }

    @Test
    void aStoreWithoutConditionalWritesIsRefusedUnlessAccepted() {
        assertThat(failure(store("cluster-a", false, new CarelessObjectStore(objects)))).isInstanceOf(ColdStoreException.Misconfigured.class)
                .hasMessageContaining("If-None-Match is ignored").hasMessageContaining("cold.accept.no.conditional.writes");
        assertThat(objects.keys()).as("it is not even claimed").isEmpty();
        sim.await(store("cluster-a", true, new CarelessObjectStore(objects)).check());
        assertThat(objects.keys()).containsExactly("firn/cluster");
    }

    @Test
    void aStoreThatRefusesConditionalWritesIsRefusedUnlessAcceptedAndThenSentNone() {
        assertThat(failure(store("cluster-a", false, refusingConditions(10)))).isInstanceOf(ColdStoreException.Misconfigured.class)
                .hasMessageContaining("HTTP 501 NotImplemented").hasMessageContaining("cold.accept.no.conditional.writes");
        assertThat(objects.keys()).as("it is not even claimed").isEmpty();
        ColdStore accepting = store("cluster-a", true, refusingConditions(2));
        sim.await(accepting.check());
        assertThat(objects.keys()).containsExactly("firn/cluster");
        assertThat(accepting.createsOnce()).isFalse();
        sim.await(sim.await(accepting.openLog(ColdFixture.PARTITION, 1)).claim());
        assertThat(objects.requests(Operation.PUT_IF_ABSENT)).isZero();
        assertThat(failure(store("cluster-b", true, refusingConditions(2)))).as("the claim counts there as well").isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("cluster-a");
    }

    @Test
    void aStoreThatTakesEveryKeyForTakenIsRefusedWithThatReasonWhateverIsAccepted() {
        ObjectStore denying = new ForwardingObjectStore(objects) {
            @Override
            public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
                return CompletableFuture.completedFuture(PutOutcome.EXISTED);
            }
        };
        assertThat(failure(store("cluster-a", true, denying))).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("a key is taken which nobody else knows of");
        assertThat(objects.keys()).as("it is not even claimed").isEmpty();
    }

    /** Such as credentials that were renewed, or a gateway that was put right, in the middle of the check. */
    @Test
    void aRefusalThatHasPassedIsNoLackOfConditionalWrites() {
        ColdStore store = store("cluster-a", false, refusingConditions(1));
        sim.await(store.check());
        assertThat(store.createsOnce()).isTrue();
    }

    /** Another broker, which found none when it started, may write plainly still. */
    @Test
    void whereALackOfConditionalWritesIsAcceptedATakenNumberProvesNothing() {
        ColdStore store = store("cluster-a", true, objects);
        sim.await(store.check());
        assertThat(store.createsOnce()).isFalse();
    }

    @Test
    void aConditionalWriteThatIsRefusedLaterIsNotSentWithoutItsCondition() {
        ColdStore store = store("cluster-a", true, objects);
        sim.await(store.check());
        ColdLog log = sim.await(store.openLog(ColdFixture.PARTITION, 1));
        objects.inject(SimFault.refusing().on(Operation.PUT_IF_ABSENT));
        assertThat(failure(log.claim())).isInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(objects.keys()).containsExactly("firn/cluster");
    }

    @Test
    void aStoreWhoseListingsLagIsNotUsedUntilTheyShowWhatWasWritten() {
        ColdStore store = store("cluster-a", false, objects);
        objects.inject(SimFault.laggingLists());
        assertThat(failure(store.openLog(ColdFixture.PARTITION, 1))).isInstanceOf(ColdStoreException.Unavailable.class).hasMessageContaining("listings").hasMessageContaining("lag");
        assertThat(objects.keys()).as("it is not even claimed").isEmpty();
        objects.clearFaults();
        sim.await(store.openLog(ColdFixture.PARTITION, 1));
    }

    @Test
    void aRefusedRequestOfTheCheckLeavesTheNextOneToFindOutAnew() {
        ColdStore store = store("cluster-a", false, objects);
        objects.inject(SimFault.refusing());
        assertThat(failure(store.check())).isInstanceOf(ColdStoreException.Misconfigured.class);
        objects.clearFaults();
        sim.await(store.check());
    }

    /** Answers the next {@code times} creates as a store does that does not know their header. */
    private ObjectStore refusingConditions(int times) {
        AtomicInteger left = new AtomicInteger(times);
        return new ForwardingObjectStore(objects) {
            @Override
            public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
                return left.getAndDecrement() > 0 ? CompletableFuture.failedFuture(new ColdStoreException.Misconfigured("PutObject " + key + " (HTTP 501 NotImplemented)", null)) : super.putIfAbsent(key, bytes);
            }
        };
    }

    private Throwable failure(ColdStore store) {
        return failure(store.check());
    }

    private Throwable failure(CompletableFuture<?> future) {
        try {
            sim.await(future);
        } catch (CompletionException e) {
            return e.getCause();
        }
        throw new AssertionError("It succeeded");
    }

    private ColdStore store(String clusterId, boolean accept, ObjectStore over) {
        ColdStoreConfig config = new ColdStoreConfig("firn", clusterId, 64 << 10, 8 << 20, 4, 0, 1, 1000, 1, 1000, accept);
        return ColdStore.open(config, over, sim, new SimpleMeterRegistry(), sim.threads(), new Random());
    }
}
