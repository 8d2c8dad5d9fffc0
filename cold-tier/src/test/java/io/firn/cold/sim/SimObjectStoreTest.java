package io.firn.cold.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.ObjectStoreContract;
import io.firn.cold.sim.SimFault.Operation;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The simulation keeps the contract, and its faults do what their names say. */
class SimObjectStoreTest extends ObjectStoreContract {

    private final SimObjectStore store = new SimObjectStore();

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Nested
    class Faults {

        @Test
        void anOutageFailsEverythingUntilCleared() {
            store.inject(SimFault.outage());
            assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent("a", utf8("x")));
            assertFails(ColdStoreException.Unavailable.class, store.head("a"));
            store.clearFaults();
            assertThat(await(store.head("a"))).isEmpty();
            assertThat(store.requests()).isEqualTo(3);
            assertThat(store.requests(Operation.HEAD)).isEqualTo(2);
        }

        @Test
        void aFaultAppliesAsOftenAsSaidAndOnlyWhereSaid() {
            store.inject(SimFault.failing(2).on(Operation.PUT_IF_ABSENT).forKeys(key -> key.startsWith("m/")));
            assertThat(await(store.putIfAbsent("other", utf8("x")))).isEqualTo(PutOutcome.CREATED);
            assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent("m/1", utf8("x")));
            assertThat(await(store.head("m/1"))).isEmpty();
            assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent("m/1", utf8("x")));
            assertThat(await(store.putIfAbsent("m/1", utf8("x")))).isEqualTo(PutOutcome.CREATED);
        }

        @Test
        void aLostReplyIsUncertainAndTheWriteHappened() {
            store.inject(SimFault.losingReply(1));
            assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent("a", utf8("x")));
            assertThat(store.keys()).containsExactly("a");
        }

        @Test
        void aLostRequestIsUncertainAndNothingHappened() {
            store.inject(SimFault.losingRequest(1));
            assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent("a", utf8("x")));
            assertThat(store.keys()).isEmpty();
        }

        @Test
        void aCutBodyIsUnavailable() {
            await(store.putIfAbsent("a", utf8("0123456789")));
            store.inject(SimFault.cuttingBody(2));
            assertFails(ColdStoreException.Unavailable.class, store.get("a", 0, ByteBuffer.allocate(10)));
            assertFails(ColdStoreException.Unavailable.class, store.getSmall("a"));
            assertThat(await(store.getSmall("a")).remaining()).isEqualTo(10);
        }

        @Test
        void aHeldRequestHasNoEffectBeforeItsRelease() {
            SimFault hold = store.inject(SimFault.holdingRequests());
            CompletableFuture<PutOutcome> put = store.putIfAbsent("a", utf8("x"));
            assertThat(put).isNotDone();
            assertThat(store.keys()).isEmpty();
            assertThat(hold.heldCount()).isOne();
            hold.release();
            assertThat(put).isCompletedWithValue(PutOutcome.CREATED);
            assertThat(store.putIfAbsent("b", utf8("x"))).isCompleted();
        }

        @Test
        void aHeldReplyHidesAnEffectThatIsThere() {
            SimFault hold = store.inject(SimFault.holdingReplies().on(Operation.PUT_IF_ABSENT));
            CompletableFuture<PutOutcome> put = store.putIfAbsent("a", utf8("x"));
            assertThat(put).isNotDone();
            assertThat(store.keys()).containsExactly("a");
            hold.release();
            assertThat(put).isCompletedWithValue(PutOutcome.CREATED);
        }

        @Test
        void withAQueueAsExecutorTheTestDecidesWhenARequestHappens() {
            Queue<Runnable> queue = new ArrayDeque<>();
            SimObjectStore stepped = new SimObjectStore(queue::add, () -> Instant.ofEpochMilli(42));
            CompletableFuture<PutOutcome> first = stepped.putIfAbsent("a", utf8("x"));
            CompletableFuture<PutOutcome> second = stepped.putIfAbsent("a", utf8("y"));
            assertThat(first).isNotDone();
            queue.remove().run();
            assertThat(first).isCompletedWithValue(PutOutcome.CREATED);
            assertThat(second).isNotDone();
            queue.remove().run();
            assertThat(second).isCompletedWithValue(PutOutcome.EXISTED);
        }

        @Test
        void objectsOutliveTheStoreThatWroteThem() {
            await(store.putIfAbsent("a", utf8("x")));
            store.close();
            SimObjectStore next = store.reopened();
            assertThat(await(next.head("a"))).isPresent();
            next.flipBit("a", 0);
            assertThat(next.bytes("a")).containsExactly('x' ^ 1);
            next.truncate("a", 0);
            assertThat(next.bytes("a")).isEmpty();
        }
    }
}
