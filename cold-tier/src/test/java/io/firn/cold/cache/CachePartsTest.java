package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class CachePartsTest {

    @Nested
    class Fetching {
        private final FetchQueue queue = new FetchQueue(2);
        private final List<String> begun = new ArrayList<>();
        private final ArrayDeque<Runnable> inFlight = new ArrayDeque<>();

        @Test
        void readersTakeTurnsHoweverMuchOneOfThemAsksFor() {
            for (int i = 0; i < 5; i++) {
                demand("greedy", "g" + i);
            }
            demand("modest", "m0");
            demand("other", "o0");
            drain();
            assertThat(begun).containsExactly("g0", "g1", "g2", "m0", "o0", "g3", "g4");
        }

        @Test
        void noMoreThanTheParallelismIsInFlight() {
            for (int i = 0; i < 5; i++) {
                demand("r", "r" + i);
            }
            assertThat(begun).containsExactly("r0", "r1");
            assertThat(queue.inFlight()).isEqualTo(2);
            inFlight.remove().run();
            assertThat(begun).hasSize(3);
        }

        @Test
        void whatSomebodyWaitsForGoesBeforeWhatIsFetchedAheadAlsoWhenThatIsPromotedLater() {
            demand("x", "x0");
            demand("x", "x1");
            ahead(queue, "a0");
            FetchQueue.Fetch promoted = ahead(queue, "a1");
            demand("x", "x2");
            queue.promote(promoted);
            drain();
            assertThat(begun).containsExactly("x0", "x1", "x2", "a1", "a0");
        }

        @Test
        void whatIsCancelledNeverBegins() {
            demand("x", "x0");
            demand("x", "x1");
            FetchQueue.Fetch doomed = ahead(queue, "a0");
            assertThat(queue.cancel(doomed)).isTrue();
            drain();
            assertThat(begun).containsExactly("x0", "x1");
            assertThat(queue.cancel(doomed)).as("already").isFalse();
        }

        @Test
        void whatIsFetchedAheadLeavesRoomForWhatSomebodyWillWaitFor() {
            FetchQueue wide = new FetchQueue(16);
            for (int i = 0; i < 20; i++) {
                ahead(wide, "a" + i);
            }
            assertThat(wide.inFlight()).isEqualTo(14);
            wide.demand("x", done -> begun.add("x0"));
            wide.demand("x", done -> begun.add("x1"));
            assertThat(begun).endsWith("x0", "x1");
            FetchQueue narrow = new FetchQueue(1);
            ahead(narrow, "alone");
            assertThat(begun).endsWith("alone");
        }

        @Test
        void whatSomebodyWaitsForIsNotCancelledAndBeginsOnce() {
            demand("x", "x0");
            demand("x", "x1");
            FetchQueue.Fetch promoted = ahead(queue, "a0");
            queue.promote(promoted);
            queue.promote(promoted);
            assertThat(queue.cancel(promoted)).isFalse();
            drain();
            assertThat(begun).containsExactly("x0", "x1", "a0");
        }

        private void demand(String reader, String name) {
            queue.demand(reader, done -> begin(name, done));
        }

        private FetchQueue.Fetch ahead(FetchQueue into, String name) {
            return into.ahead("a", done -> begin(name, done));
        }

        private void begin(String name, Runnable done) {
            begun.add(name);
            inFlight.add(done);
        }

        private void drain() {
            while (!inFlight.isEmpty()) {
                inFlight.remove().run();
            }
        }
    }

    @Nested
    class Pins {
        private final PinBudget budget = new PinBudget(10);

        @Test
        void whoDoesNotWaitGetsWhatNobodyElseWants() {
            PinBudget.Ticket now = budget.now(8).orElseThrow();
            assertThat(budget.now(3)).as("more than there is").isEmpty();
            PinBudget.Ticket large = budget.request(10);
            assertThat(budget.now(1)).as("somebody waits for it").isEmpty();
            budget.giveBack(now);
            assertThat(large.granted()).isCompleted();
            budget.giveBack(large);
            assertThat(budget.takenUnits()).isZero();
        }

        @Test
        void whatCanBeDoneWithoutIsGivenBackAsSoonAsSomebodyWaits() {
            List<PinBudget.Ticket> held = new ArrayList<>();
            PinBudget[] lending = new PinBudget[1];
            lending[0] = new PinBudget(10, () -> {
                held.forEach(lending[0]::giveBack);
                held.clear();
            });
            held.add(lending[0].now(8).orElseThrow());
            lending[0].request(2);
            assertThat(held).as("there was enough").hasSize(1);
            assertThat(lending[0].request(8).granted()).isCompleted();
        }

        @Test
        void aLargeRequestIsNotOvertakenForEver() {
            PinBudget.Ticket first = budget.request(8);
            PinBudget.Ticket large = budget.request(9);
            PinBudget.Ticket small = budget.request(1);
            assertThat(first.granted()).isDone();
            assertThat(large.granted()).isNotDone();
            assertThat(small.granted()).isNotDone();
            budget.giveBack(first);
            assertThat(large.granted()).isDone();
            assertThat(small.granted()).isDone();
            assertThat(budget.takenUnits()).isEqualTo(10);
        }

        @Test
        void aWithdrawnRequestMakesWayForTheNext() {
            PinBudget.Ticket first = budget.request(8);
            PinBudget.Ticket large = budget.request(9);
            PinBudget.Ticket small = budget.request(2);
            budget.giveBack(large);
            assertThat(small.granted()).isDone();
            budget.giveBack(large);
            budget.giveBack(first);
            budget.giveBack(small);
            assertThat(budget.takenUnits()).isZero();
        }

        @Test
        void whatCanNeverBeGrantedIsAProgrammersError() {
            assertThatThrownBy(() -> budget.request(11)).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Nested
    class Buffers {
        private final long[] nowMs = {1};
        private final List<Integer> asked = new ArrayList<>();
        private int available = Integer.MAX_VALUE;
        private final BufferPool pool = new BufferPool(1024, 4, () -> Instant.ofEpochMilli(nowMs[0]), this::memory);

        private ByteBuffer memory(int bytes) {
            asked.add(bytes);
            if (available-- <= 0) {
                throw new OutOfMemoryError("by the test");
            }
            return ByteBuffer.allocate(bytes);
        }

        /** Each time it would wait half a second to hear the same, on an event loop perhaps. */
        @Test
        void memoryThatWasRefusedIsNotAskedForAgainAtOnceAndBuffersThatAreThereAreUsedOn() {
            available = 2;
            ByteBuffer first = pool.take(1024).orElseThrow();
            pool.take(1024).orElseThrow();
            for (int i = 0; i < 3; i++) {
                assertThat(pool.take(1024)).isEmpty();
            }
            assertThat(asked).as("two given, one refused").hasSize(3);
            pool.give(first);
            assertThat(pool.take(1024)).contains(first);
            nowMs[0] += BufferPool.ASK_AGAIN_MS;
            available = 1;
            assertThat(pool.take(1024)).isPresent();
            assertThat(pool.usedUnits()).isEqualTo(3);
        }

        @Test
        void oneThatIsLostHasToBeMadeAnew() {
            BufferPool large = new BufferPool(BufferPool.MAKE_BYTES, 2, () -> Instant.EPOCH, this::memory);
            ByteBuffer first = large.take(BufferPool.MAKE_BYTES).orElseThrow();
            large.beginTask();
            large.take(BufferPool.MAKE_BYTES).orElseThrow();
            assertThat(large.affords(BufferPool.MAKE_BYTES)).as("all are made").isTrue();
            large.lose(first);
            assertThat(large.usedUnits()).isEqualTo(1);
            assertThat(large.affords(BufferPool.MAKE_BYTES)).isFalse();
        }

        @Test
        void aTaskMakesALittleMemoryAndUsesWhatThereIsAsItLikes() {
            int unit = BufferPool.MAKE_BYTES / 2;
            BufferPool large = new BufferPool(unit, 4, () -> Instant.EPOCH, this::memory);
            ByteBuffer first = large.take(unit).orElseThrow();
            assertThat(large.affords(unit)).isTrue();
            large.take(unit).orElseThrow();
            assertThat(large.affords(unit)).as("a third").isFalse();
            large.give(first);
            assertThat(large.affords(unit)).as("it is there").isTrue();
            assertThat(large.take(unit)).contains(first);
            large.beginTask();
            assertThat(large.affords(5 * unit)).as("a chunk larger than all that, alone").isTrue();
            large.take(unit).orElseThrow();
            assertThat(large.affords(5 * unit)).isFalse();
            large.take(unit).orElseThrow();
            assertThat(large.affords(unit)).as("all are made").isTrue();
            assertThat(large.madeUnits()).isEqualTo(4);
        }

        @Test
        void buffersAreUsedAgainAndBounded() {
            List<ByteBuffer> taken = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                taken.add(pool.take(1 + i).orElseThrow());
            }
            assertThat(pool.take(1)).isEmpty();
            pool.give(taken.get(2));
            Optional<ByteBuffer> again = pool.take(1024);
            assertThat(again.orElseThrow()).isSameAs(taken.get(2));
            assertThat(pool.usedUnits()).isEqualTo(4);
        }

        /** As after {@code cold.chunk.bytes} was lowered: older segments have chunks of several units. */
        @Test
        void withChunksOfAllSizesThereIsNeverMoreMemoryThanTheBound() {
            List<ByteBuffer> units = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                units.add(pool.take(1024).orElseThrow());
            }
            units.forEach(pool::give);
            assertThat(pool.madeUnits()).isEqualTo(4);
            ByteBuffer large = pool.take(2049).orElseThrow();
            assertThat(pool.madeUnits()).as("three for it, one idle").isEqualTo(4);
            assertThat(pool.take(1024)).isPresent();
            assertThat(asked).as("which was not made anew").hasSize(5);
            pool.give(large);
            for (int i = 0; i < 3; i++) {
                assertThat(pool.take(1024)).isPresent();
            }
            assertThat(asked).hasSize(8);
            assertThat(pool.madeUnits()).isEqualTo(4);
            assertThat(pool.affords(1024)).as("as all are made").isTrue();
        }

        @Test
        void whatIsIdleIsNotGivenUpForWhatTheJvmRefuses() {
            available = 2;
            List<ByteBuffer> units = List.of(pool.take(1024).orElseThrow(), pool.take(1024).orElseThrow());
            assertThat(pool.take(1024)).isEmpty();
            units.forEach(pool::give);
            assertThat(pool.take(4096)).isEmpty();
            assertThat(pool.take(1024)).isPresent();
            assertThat(pool.take(1024)).isPresent();
        }

        @Test
        void aLargerChunkCountsAsSeveral() {
            ByteBuffer large = pool.take(2049).orElseThrow();
            assertThat(large.capacity()).isGreaterThanOrEqualTo(2049);
            assertThat(pool.usedUnits()).isEqualTo(3);
            assertThat(pool.take(1025)).isEmpty();
            pool.give(large);
            assertThat(pool.usedUnits()).isZero();
        }
    }
}
