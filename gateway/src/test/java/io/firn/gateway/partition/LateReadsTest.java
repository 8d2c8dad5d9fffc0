package io.firn.gateway.partition;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.Seeds;
import io.firn.cold.SimColdReads;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LateReadsTest {

    private static final int MOST_BYTES = 100;
    private static final ReadTerms TERMS = new ReadTerms(MOST_BYTES, true, false);
    /** Of a reader for which the room that is left is to do. */
    private static final ReadTerms WHAT_FITS = new ReadTerms(MOST_BYTES, false, false);

    private final SimColdReads cold = new SimColdReads();
    private final LateReads reads = new LateReads();

    private ColdArrival arrival(long offset) {
        return new ColdArrival(cold.read(offset, 10), Optional.empty());
    }

    private AwaitedRead begin(long offset, CompletableFuture<ColdArrival> read) {
        return reads.begin(offset, TERMS, read);
    }

    private Optional<AwaitedRead> claim(long offset) {
        return reads.claim(offset, TERMS);
    }

    private void left(long offset, CompletableFuture<ColdArrival> read) {
        reads.leave(begin(offset, read));
    }

    @Test
    void whatComesWhileAFetchWaitsIsItsOwn() {
        CompletableFuture<ColdArrival> read = new CompletableFuture<>();
        AwaitedRead begun = begin(7, read);
        assertThat(claim(7)).as("somebody waits for it").isEmpty();
        ColdArrival came = arrival(7);
        read.complete(came);
        assertThat(begun.arrival()).isCompletedWithValue(came);
        assertThat(cold.released()).isZero();
    }

    @Test
    void whatNobodyWaitsForIsReleasedAndForgotten() {
        CompletableFuture<ColdArrival> read = new CompletableFuture<>();
        left(7, read);
        assertThat(reads.isEmpty()).isFalse();
        read.complete(arrival(7));
        assertThat(cold.released()).isOne();
        assertThat(reads.isEmpty()).isTrue();
        assertThat(claim(7)).isEmpty();
    }

    @Test
    void aReadThatWasLeftIsTheNextFetchsAloneAndNotTheEarlierOnes() {
        CompletableFuture<ColdArrival> read = new CompletableFuture<>();
        AwaitedRead begun = begin(7, read);
        CompletableFuture<ColdArrival> earlier = begun.arrival();
        reads.leave(begun);
        assertThat(claim(8)).isEmpty();
        AwaitedRead claimed = claim(7).orElseThrow();
        assertThat(claim(7)).as("one claim").isEmpty();
        read.complete(arrival(7));
        assertThat(claimed.arrival()).isCompleted();
        assertThat(earlier).isNotDone();
        assertThat(cold.released()).isZero();
    }

    @Test
    void aFailureIsToldToTheFetchThatWaitsAndForgottenIfNoneDoes() {
        CompletableFuture<ColdArrival> one = new CompletableFuture<>();
        CompletableFuture<ColdArrival> other = new CompletableFuture<>();
        left(7, one);
        left(9, other);
        AwaitedRead claimed = claim(7).orElseThrow();
        one.completeExceptionally(new IllegalStateException("no answer"));
        other.completeExceptionally(new IllegalStateException("no answer"));
        assertThat(claimed.arrival()).isCompletedExceptionally();
        assertThat(reads.isEmpty()).isTrue();
    }

    @Test
    void aReadOfAnotherKindIsNotTakenOver() {
        left(7, new CompletableFuture<>());
        assertThat(reads.claim(7, new ReadTerms(MOST_BYTES, true, true))).as("it may hold what is not committed").isEmpty();
        assertThat(reads.claim(7, new ReadTerms(MOST_BYTES - 1, true, false))).as("it may bring more than the reader takes").isEmpty();
        assertThat(reads.claim(7, new ReadTerms(MOST_BYTES + 1, true, false))).isPresent();
    }

    @Test
    void aReadThatMayBringNothingIsNotTakenOverByWhoIsToHaveABatchButTheOtherWayRound() {
        reads.leave(reads.begin(7, WHAT_FITS, new CompletableFuture<>()));
        assertThat(reads.claim(7, TERMS)).isEmpty();
        assertThat(reads.claim(7, WHAT_FITS)).isPresent();
        left(7, new CompletableFuture<>());
        assertThat(reads.claim(7, WHAT_FITS)).isPresent();
    }

    @Test
    void ofSeveralReadsTheOneThatMayBringMostIsTakenOver() {
        for (int maxBytes : new int[] {1, 3, 2}) {
            reads.leave(reads.begin(7, new ReadTerms(maxBytes, true, false), new CompletableFuture<>()));
        }
        assertThat(reads.claim(7, new ReadTerms(2, true, false)).orElseThrow().terms().maxBytes()).isEqualTo(2);
        assertThat(reads.claim(7, TERMS).orElseThrow().terms().maxBytes()).isEqualTo(3);
        assertThat(reads.claim(7, TERMS).orElseThrow().terms().maxBytes()).isEqualTo(1);
    }

    @Test
    void leavingAReadThatHasJustEndedChangesNothing() {
        CompletableFuture<ColdArrival> read = new CompletableFuture<>();
        AwaitedRead begun = begin(7, read);
        CompletableFuture<ColdArrival> arrival = begun.arrival();
        read.complete(arrival(7));
        reads.leave(begun);
        assertThat(arrival).as("whom it was given to").isCompleted();
        assertThat(reads.isEmpty()).isTrue();
    }

    /** Clients with one fetch at a time each, which is to have a batch or not, who leave and come back, and reads that end when they like. */
    @Test
    void neverMoreReadsThanTwoAClientAreUnderWayAndWhatEachBringsComesToOneOrIsReleased() {
        int clients = 3;
        Seeds.each(200, random -> {
            Map<Integer, AwaitedRead> waiting = new HashMap<>();
            List<CompletableFuture<ColdArrival>> underWay = new ArrayList<>();
            int releasedBefore = cold.released();
            int ended = 0;
            int delivered = 0;
            for (int step = 0; step < 200; step++) {
                int client = random.nextInt(clients);
                AwaitedRead its = waiting.get(client);
                if (its != null && its.arrival().isDone()) {
                    delivered++;
                    waiting.remove(client);
                } else if (its != null && random.nextBoolean()) {
                    reads.leave(waiting.remove(client));
                } else if (its == null) {
                    ReadTerms terms = random.nextBoolean() ? TERMS : WHAT_FITS;
                    waiting.put(client, reads.claim(7, terms).orElseGet(() -> {
                        CompletableFuture<ColdArrival> read = new CompletableFuture<>();
                        underWay.add(read);
                        return reads.begin(7, terms, read);
                    }));
                } else if (!underWay.isEmpty() && random.nextInt(3) == 0) {
                    underWay.remove(random.nextInt(underWay.size())).complete(arrival(7));
                    ended++;
                }
                assertThat(underWay).hasSizeLessThanOrEqualTo(2 * clients);
            }
            delivered += (int) waiting.values().stream().filter(read -> read.arrival().isDone()).count();
            assertThat(delivered + cold.released() - releasedBefore).as("reads that came to somebody, or were released").isEqualTo(ended);
            waiting.values().forEach(reads::leave);
            underWay.forEach(read -> read.complete(arrival(7)));
            assertThat(reads.isEmpty()).isTrue();
        });
    }

    @Test
    void anOffsetWhoseReadsComeToNobodyAgainAndAgainWantsPatienceUntilOneIsServed() {
        waste(7);
        assertThat(reads.wantsPatience(7)).isFalse();
        waste(7);
        assertThat(reads.wantsPatience(7)).isTrue();
        assertThat(reads.wantsPatience(8)).isFalse();
        reads.served(7);
        assertThat(reads.wantsPatience(7)).isFalse();
    }

    @Test
    void readsThatFailOrAreTakenOverAreNoReasonForPatience() {
        for (int again = 0; again < 3; again++) {
            CompletableFuture<ColdArrival> failing = new CompletableFuture<>();
            left(7, failing);
            failing.completeExceptionally(new IllegalStateException("no answer"));
            CompletableFuture<ColdArrival> late = new CompletableFuture<>();
            left(7, late);
            assertThat(claim(7)).isPresent();
            late.complete(arrival(7));
        }
        assertThat(reads.wantsPatience(7)).isFalse();
    }

    @Test
    void theOldestOfManyOffsetsIsForgotten() {
        for (long offset = 0; offset <= 64; offset++) {
            waste(offset);
            waste(offset);
        }
        assertThat(reads.wantsPatience(0)).isFalse();
        assertThat(reads.wantsPatience(1)).isTrue();
    }

    private void waste(long offset) {
        CompletableFuture<ColdArrival> read = new CompletableFuture<>();
        left(offset, read);
        read.complete(arrival(offset));
    }
}
