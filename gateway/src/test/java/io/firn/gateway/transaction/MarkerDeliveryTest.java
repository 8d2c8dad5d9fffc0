package io.firn.gateway.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.Await;
import io.firn.gateway.transaction.MarkerDelivery.Ending;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MarkerDeliveryTest {
    private static final TopicPartition HOME = new TopicPartition("__transaction_state", 3);
    private static final TopicPartition A = new TopicPartition("a", 0);
    private static final TopicPartition B = new TopicPartition("b", 1);

    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
    private final Queue<Sent> sent = new ConcurrentLinkedQueue<>();
    private final Queue<Completed> completions = new ConcurrentLinkedQueue<>();
    private final Set<TopicPartition> deleted = ConcurrentHashMap.newKeySet();
    private final MarkerDelivery delivery = new MarkerDelivery(marker -> {
        Sent one = new Sent(marker, new CompletableFuture<>());
        sent.add(one);
        return one.answer();
    }, partition -> !deleted.contains(partition), (id, prepared) -> {
        Completed one = new Completed(id, new CompletableFuture<>());
        completions.add(one);
        return one.answer();
    }, executor);

    private record Sent(EndMarker marker, CompletableFuture<Map<TopicPartition, Errors>> answer) {
        void answer(Errors... errors) {
            Map<TopicPartition, Errors> answers = new HashMap<>();
            int i = 0;
            for (TopicPartition partition : marker.partitions().stream().sorted((left, right) -> left.topic().compareTo(right.topic())).toList()) {
                answers.put(partition, errors[i++]);
            }
            answer.complete(answers);
        }
    }

    private record Completed(String id, CompletableFuture<Errors> answer) {}

    @AfterEach
    void stop() {
        executor.shutdownNow();
    }

    private static Transaction prepared() {
        return new Transaction(7, 7, -1, (short) 1, (short) 0, 60_000, TransactionState.PREPARE_COMMIT, Set.of(A, B), 1, 2, TransactionVersion.TV_2);
    }

    private Sent next() {
        Await.until("markers were sent", () -> !sent.isEmpty());
        return sent.remove();
    }

    private Completed completion() {
        Await.until("a completion was written", () -> !completions.isEmpty());
        return completions.remove();
    }

    private void awaitGone() {
        Await.until("nothing is left", () -> delivery.size() == 0);
    }

    @Test
    void onlyTheMarkersThatAreMissingAreSentAgainAndThenTheCompletionIsWritten() {
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        Sent first = next();
        assertThat(first.marker()).isEqualTo(new EndMarker(7, (short) 1, 4, true, (short) 2, Set.of(A, B)));
        first.answer(Errors.NONE, Errors.NOT_LEADER_OR_FOLLOWER);
        Sent second = next();
        assertThat(second.marker().partitions()).containsExactly(B);
        assertThat(completions).isEmpty();
        second.answer(Errors.REQUEST_TIMED_OUT);
        next().answer(Errors.NONE);

        completion().answer().complete(Errors.NONE);

        awaitGone();
        assertThat(sent).isEmpty();
    }

    @Test
    void nothingIsSentBeforeThePreparationIsCommittedAndNobodyElseTakesIt() {
        Transaction prepared = prepared();
        Ending claimed = delivery.claim(HOME, 4, "tx", prepared).orElseThrow();

        assertThat(delivery.claim(HOME, 4, "tx", prepared)).isEmpty();
        assertThat(sent).isEmpty();
        claimed.release();
        delivery.claim(HOME, 4, "tx", prepared).orElseThrow().begin();
        next();
    }

    @Test
    void anotherEndOfTheSameTransactionalIdTakesThePlaceOfTheOneBefore() {
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        next().answer(Errors.NONE, Errors.NONE);
        Completed before = completion();

        Ending later = delivery.claim(HOME, 4, "tx", prepared()).orElseThrow();
        before.answer().complete(Errors.NONE);
        later.begin();

        next().answer(Errors.NONE, Errors.NONE);
        completion().answer().complete(Errors.NONE);
        awaitGone();
    }

    @Test
    void aCompletionThatCannotBeWrittenIsWrittenAgain() {
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        next().answer(Errors.NONE, Errors.NONE);

        completion().answer().complete(Errors.COORDINATOR_NOT_AVAILABLE);
        completion().answer().completeExceptionally(new IllegalStateException("no"));
        completion().answer().complete(Errors.NONE);

        awaitGone();
        assertThat(sent).isEmpty();
    }

    @Test
    void whoCoordinatesNoMoreSendsNoMore() {
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        Sent first = next();
        delivery.cancel(HOME);
        first.answer(Errors.NONE, Errors.NOT_LEADER_OR_FOLLOWER);
        delivery.claim(HOME, 5, "other", prepared()).orElseThrow().begin();

        assertThat(next().marker().coordinatorEpoch()).isEqualTo(5);
        assertThat(completions).isEmpty();
        assertThat(sent).isEmpty();
    }

    @Test
    void aFencedCoordinatorStops() {
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();

        next().answer(Errors.NONE, Errors.TRANSACTION_COORDINATOR_FENCED);

        awaitGone();
        assertThat(completions).isEmpty();
    }

    @Test
    void partitionsOfDeletedTopicsAreLeftOut() {
        deleted.add(A);
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        assertThat(next().marker().partitions()).containsExactly(B);
        deleted.add(B);
        delivery.claim(HOME, 4, "gone", prepared()).orElseThrow().begin();

        assertThat(completion().id()).isEqualTo("gone");
    }

    @Test
    void thoseBeyondTheLimitWaitInOrder() {
        for (int i = 0; i <= MarkerDelivery.MAX_SENDING; i++) {
            delivery.claim(HOME, 4, "tx" + i, prepared()).orElseThrow().begin();
        }
        Await.until("as many as may be are under way", () -> sent.size() == MarkerDelivery.MAX_SENDING);

        next().answer(Errors.NONE, Errors.NONE);
        completion().answer().complete(Errors.NONE);

        Await.until("the next has its turn", () -> sent.size() == MarkerDelivery.MAX_SENDING);
    }

    @Test
    void partitionsOutOfReachHoldUpNoTransactionsButTheirOwn() throws Exception {
        for (int i = 0; i < MarkerDelivery.MAX_SENDING; i++) {
            delivery.claim(HOME, 4, "tx" + i, prepared()).orElseThrow().begin();
        }
        List<Sent> first = new ArrayList<>();
        for (int i = 0; i < MarkerDelivery.MAX_SENDING; i++) {
            first.add(next());
        }
        delivery.claim(HOME, 4, "another", prepared()).orElseThrow().begin();
        handled();
        assertThat(sent).isEmpty();

        executor.submit(() -> { // so that no pause is over before all have begun theirs
            first.forEach(one -> one.answer(Errors.NONE, Errors.NOT_LEADER_OR_FOLLOWER));
        }).get();

        Await.until("the one behind them has its turn", () -> sent.stream().anyMatch(one -> one.marker().partitions().size() == 2));
    }

    @Test
    void aCompletionIsNotWrittenAgainWhenTheNextEndOfTheSameTransactionalIdHasCome() throws Exception {
        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        next().answer(Errors.NONE, Errors.NONE);
        completion().answer().complete(Errors.COORDINATOR_NOT_AVAILABLE);
        handled();

        delivery.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();
        next();
        executor.schedule(() -> {}, 3 * MarkerDelivery.FIRST_PAUSE_MS, TimeUnit.MILLISECONDS).get();

        assertThat(completions).isEmpty();
    }

    @Test
    void aSenderOrALogThatThrowsIsTriedAgain() {
        AtomicInteger sends = new AtomicInteger();
        AtomicInteger writes = new AtomicInteger();
        MarkerDelivery throwing = new MarkerDelivery(marker -> {
            if (sends.incrementAndGet() == 1) {
                throw new IllegalStateException("no way to the partition");
            }
            return CompletableFuture.completedFuture(Map.of(A, Errors.NONE, B, Errors.NONE));
        }, partition -> true, (id, prepared) -> {
            if (writes.incrementAndGet() == 1) {
                throw new IllegalStateException("no way to the log");
            }
            return CompletableFuture.completedFuture(Errors.NONE);
        }, executor);

        throwing.claim(HOME, 4, "tx", prepared()).orElseThrow().begin();

        Await.until("the transaction has ended", () -> throwing.size() == 0);
        assertThat(sends).hasValue(2);
        assertThat(writes).hasValue(2);
    }

    /** Everything that was answered so far has been looked at. */
    private void handled() throws Exception {
        executor.submit(() -> {}).get();
    }
}
