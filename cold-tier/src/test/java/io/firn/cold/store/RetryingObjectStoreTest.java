package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.ObjectStoreContract;
import io.firn.cold.UploadSource;
import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The decorator keeps the contract, repeats what passes, and never calls an unknown outcome known. */
class RetryingObjectStoreTest extends ObjectStoreContract {

    private static final int ATTEMPTS = 3;

    private final SimObjectStore sim = new SimObjectStore();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final ObjectStore store = new RetryingObjectStore(sim, new Retrier(new RetryPolicy(ATTEMPTS, 0, 0), timer, () -> 0.5));

    @AfterEach
    void stopTimer() {
        timer.shutdownNow();
    }

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Nested
    class WithFaults {

        @Test
        void failuresThatPassAreNotSeen() {
            sim.inject(SimFault.failing(ATTEMPTS - 1));
            assertThat(await(store.putIfAbsent("a", utf8("x")))).isEqualTo(PutOutcome.CREATED);
            sim.inject(SimFault.cuttingBody(ATTEMPTS - 1));
            assertThat(await(store.getSmall("a")).remaining()).isOne();
            assertThat(sim.requests()).isEqualTo(2 * ATTEMPTS);
        }

        @Test
        void aGetThatIsRepeatedGoesOnBehindWhatIsFullAndNeverTouchesThatAgain() {
            byte[] bytes = {1, 2, 3, 4, 5, 6, 7, 8};
            await(sim.putIfAbsent("a", ByteBuffer.wrap(bytes)));
            sim.inject(SimFault.cuttingBody(1));
            List<ByteBuffer> targets = List.of(ByteBuffer.allocate(3), ByteBuffer.allocate(3), ByteBuffer.allocate(2));
            List<Integer> told = new CopyOnWriteArrayList<>();
            await(store.get("a", 0, targets, full -> {
                told.add(full);
                targets.get(0).put(0, (byte) 42); // ours again from the first time on
            }));
            assertThat(told).containsExactly(1, 2, 3);
            assertThat(targets.get(0).array()).containsExactly(42, 2, 3);
            assertThat(targets.get(1).array()).containsExactly(4, 5, 6);
            assertThat(targets.get(2).array()).containsExactly(7, 8);
        }

        @Test
        void whatAnEarlierAttemptTellsLateCountsForNothing() {
            List<Integer> told = new ArrayList<>();
            List<ObjectStore.Progress> attempts = new ArrayList<>();
            List<Long> froms = new ArrayList<>();
            ResumedGet get = new ResumedGet((from, targets, progress) -> {
                attempts.add(progress);
                froms.add(from);
                return new CompletableFuture<>();
            }, 10, List.of(ByteBuffer.allocate(3), ByteBuffer.allocate(3), ByteBuffer.allocate(2)), told::add);
            get.attempt();
            attempts.get(0).full(1);
            get.attempt();
            attempts.get(0).full(2);
            attempts.get(1).full(1);
            assertThat(froms).containsExactly(10L, 13L);
            assertThat(told).containsExactly(1, 2);
        }

        @Test
        void whatTheCallerDoesToATargetThatIsFullDoesNotMoveTheRepetition() {
            List<Long> froms = new ArrayList<>();
            List<ByteBuffer> targets = List.of(ByteBuffer.allocate(4), ByteBuffer.allocate(4));
            ResumedGet get = new ResumedGet((from, wanted, progress) -> {
                froms.add(from);
                progress.full(1);
                return new CompletableFuture<>();
            }, 100, targets, full -> targets.get(0).limit(2));
            get.attempt();
            get.attempt();
            assertThat(froms).containsExactly(100L, 104L);
        }

        @Test
        void attemptsEnd() {
            sim.inject(SimFault.outage());
            assertFails(ColdStoreException.Unavailable.class, store.head("a"));
            assertFails(ColdStoreException.Unavailable.class, store.putIfAbsent("a", utf8("x")));
            assertThat(sim.requests(Operation.HEAD)).isEqualTo(ATTEMPTS);
            assertThat(sim.requests(Operation.PUT_IF_ABSENT)).isEqualTo(ATTEMPTS);
        }

        @Test
        void refusalsAreNotRepeated() {
            sim.inject(SimFault.refusing());
            assertFails(ColdStoreException.Misconfigured.class, store.getSmall("a"));
            assertThat(sim.requests()).isOne();
            sim.clearFaults();
            assertFails(ColdStoreException.Missing.class, store.getSmall("a"));
            assertThat(sim.requests()).isEqualTo(2);
        }

        @Test
        void ourOwnCreateIsRecognizedAfterALostReply() {
            sim.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
            assertThat(await(store.putIfAbsent("a", utf8("mine")))).isEqualTo(PutOutcome.CREATED);
        }

        @Test
        void somebodyElsesObjectIsNotTakenForOursAfterALostReply() {
            await(sim.putIfAbsent("a", utf8("theirs")));
            sim.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
            assertThat(await(store.putIfAbsent("a", utf8("mine")))).isEqualTo(PutOutcome.EXISTED);
        }

        @Test
        void aLostRequestIsRepeated() {
            sim.inject(SimFault.losingRequest(1));
            assertThat(await(store.putIfAbsent("a", utf8("mine")))).isEqualTo(PutOutcome.CREATED);
            assertThat(sim.keys()).containsExactly("a");
        }

        @Test
        void uncertaintyOutlivesLaterFailuresOfAnotherKind() {
            sim.inject(SimFault.losingReply(1));
            sim.inject(SimFault.outage());
            assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent("a", utf8("mine")));
            sim.clearFaults();
            sim.inject(SimFault.losingReply(1));
            sim.inject(SimFault.refusing());
            assertFails(ColdStoreException.Uncertain.class, store.delete("a"));
        }

        @Test
        void whenTheComparisonFailsTheOutcomeStaysUncertain() {
            sim.inject(SimFault.losingReply(1).on(Operation.PUT_IF_ABSENT));
            sim.inject(SimFault.outage().on(Operation.GET_SMALL));
            assertFails(ColdStoreException.Uncertain.class, store.putIfAbsent("a", utf8("mine")));
        }

        @Test
        void anObjectInPartsIsNotRepeatedAsAWhole() {
            sim.inject(SimFault.failing(1));
            assertFails(ColdStoreException.Unavailable.class, store.put("large", UploadSource.of(ByteBuffer.allocate(MultipartUpload.PART_BYTES + 1))));
            sim.inject(SimFault.failing(1));
            assertThat(await(store.put("small", UploadSource.of(ByteBuffer.allocate(10)))).sizeBytes()).isEqualTo(10);
        }

        @Test
        void aPauseEndsWhenTheStoreIsClosed() {
            sim.inject(SimFault.outage());
            ObjectStore slow = new RetryingObjectStore(sim, new Retrier(new RetryPolicy(1000, 20, 20), Executors.newSingleThreadScheduledExecutor(), () -> 1));
            CompletableFuture<?> request = slow.head("a");
            slow.close();
            assertFails(ColdStoreException.Unavailable.class, request);
            assertFails(ColdStoreException.Unavailable.class, slow.head("a"));
        }
    }
}
