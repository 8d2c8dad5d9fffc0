package io.firn.cold.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.cache.AheadBudget.Grant;
import io.firn.cold.cache.AheadBudget.Share;
import io.firn.cold.cache.ChunkCache.Ahead;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class AheadBudgetTest {

    private final AheadBudget budget = new AheadBudget(70, 112);

    @Test
    void whoReadsAheadAloneGetsAllItWants() {
        for (int i = 0; i < 8; i++) {
            take("alone", 64, 8);
        }
        assertThat(budget.unreadUnits()).isEqualTo(64);
    }

    @Test
    void sixteenThatWantMoreThanThereIsGetTheSameAndNoneStarves() {
        int[] held = new int[16];
        int[] served = new int[16];
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < 16; i++) {
                int read = Math.min(held[i], 3);
                read("s" + i, read);
                int more = takeIfGranted("s" + i, 64, 8);
                held[i] += more - read;
                served[i] += more;
            }
        }
        assertThat(Arrays.stream(served).min().orElseThrow()).as("of the most, " + Arrays.toString(served)).isGreaterThan(Arrays.stream(served).max().orElseThrow() * 8 / 10);
    }

    @Test
    void whoWantsLittleLeavesTheRestToTheOthers() {
        for (int i = 0; i < 10; i++) {
            take("small" + i, 2, 1);
        }
        int large = 0;
        for (int more = takeIfGranted("large", 50, 8); more > 0; more = takeIfGranted("large", 50, 8)) {
            large += more;
        }
        assertThat(large).isGreaterThanOrEqualTo(48);
    }

    @Test
    void whoReadsSlowlyWithItsWindowFullLeavesAllThatMayBeOnItsWayToTheOthers() {
        for (int i = 0; i < 6; i++) {
            take("slow", 48, 8);
        }
        budget.notOnTheWay(budget.share("slow"), 48);
        budget.content("slow");
        for (int i = 0; i < 8; i++) {
            take("fast", 64, 8);
        }
        budget.notUnread(budget.share("slow"), 8);
        assertThat(budget.ask("slow", 48, 1, 8).units()).as("and gets what is left when it goes on").isEqualTo(6);
        assertThat(budget.ask("fast", 64, 1, 8).answer()).as("who shares again from then on").isEqualTo(Ahead.SHARE_USED);
    }

    @Test
    void whoHasAllItWantsCountsWithWhatItHoldsAndLeavesTheRestToTheOthers() {
        take("atItsEnd", 64, 8);
        budget.notOnTheWay(budget.share("atItsEnd"), 8);
        budget.content("atItsEnd");
        int first = 0;
        for (int more = 1; more > 0; first += more) {
            takeIfGranted("second", 64, 8);
            more = takeIfGranted("first", 64, 8);
            budget.notOnTheWay(budget.share("first"), more);
        }
        assertThat(first).as("half of 104, not a third of 112").isEqualTo(48);
    }

    @Test
    void whoHasMoreThanItsShareGetsNoMoreAndWhoComesLaterGetsWhatComesBack() {
        for (int i = 0; i < 8; i++) {
            take("first", 64, 8);
        }
        Grant late = budget.ask("late", 64, 1, 8);
        assertThat(late.answer()).as("70 - 64 are most of a run").isEqualTo(Ahead.REQUESTED);
        assertThat(late.units()).isEqualTo(6);
        budget.requested(budget.share("late"), 6);
        assertThat(budget.ask("later", 64, 1, 8).answer()).isEqualTo(Ahead.MEMORY_USED);
        read("first", 8);
        assertThat(budget.ask("first", 64, 1, 8).answer()).isEqualTo(Ahead.SHARE_USED);
        assertThat(budget.ask("later", 64, 1, 8).units()).as("a quarter of 23").isEqualTo(5);
    }

    @Test
    void lessThanHalfARunIsRefused() {
        AheadBudget small = new AheadBudget(16, 16);
        small.requested(small.share("other"), 13);
        assertThat(small.ask("s", 16, 1, 8).answer()).isEqualTo(Ahead.MEMORY_USED);
        small.notOnTheWay(small.share("other"), 1);
        small.notUnread(small.share("other"), 1);
        assertThat(small.ask("s", 16, 1, 8)).isEqualTo(new Grant(Ahead.REQUESTED, 4));
    }

    @Test
    void aRunIsAQuarterOfWhatMayBeOnItsWaySoThatLittleOfItIsEmpty() {
        budget.ask("other", 64, 1, 8);
        assertThat(budget.ask("one", 64, 1, 32).units()).as("of 35").isEqualTo(8);
    }

    @Test
    void aShortRunIsHalfOfItSoThatOneIsReadWhileTheNextIsOnItsWay() {
        for (int i = 0; i < 7; i++) {
            budget.ask("s" + i, 64, 1, 8);
        }
        assertThat(budget.ask("s7", 64, 1, 8).units()).as("of 8").isEqualTo(4);
        for (int i = 8; i < 15; i++) {
            budget.ask("s" + i, 64, 1, 8);
        }
        assertThat(budget.ask("s15", 64, 1, 8).units()).as("of 4").isEqualTo(2);
    }

    @Test
    void aChunkAsLargeAsSeveralSharesIsFetchedAllTheSame() {
        for (int i = 0; i < 15; i++) {
            budget.ask("s" + i, 64, 1, 8);
        }
        assertThat(budget.ask("large", 64, 16, 16).units()).isEqualTo(16);
    }

    @Test
    void whoGivesUpOrHasAllItWantsIsForgottenOnceItHoldsNothing() {
        take("gone", 64, 8);
        budget.ask("content", 64, 1, 8);
        assertThat(budget.shares()).isEqualTo(2);
        budget.content("content");
        assertThat(budget.shares()).isOne();
        Share gone = budget.share("gone");
        budget.notUnread(gone, 8);
        budget.abandon("gone");
        assertThat(budget.shares()).as("still on its way").isOne();
        budget.notOnTheWay(gone, 8);
        assertThat(budget.shares()).isZero();
        budget.content("unknown");
        budget.abandon("unknown");
        assertThat(budget.shares()).isZero();
    }

    @Test
    void withMoreSequencesThanUnitsEachGetsOneAsLongAsThereIsOne() {
        AheadBudget tiny = new AheadBudget(2, 2);
        List<Ahead> answers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Grant grant = tiny.ask("s" + i, 8, 1, 4);
            answers.add(grant.answer());
            if (grant.answer() == Ahead.REQUESTED) {
                tiny.requested(tiny.share("s" + i), grant.units());
            }
        }
        assertThat(answers).containsExactly(Ahead.REQUESTED, Ahead.REQUESTED, Ahead.MEMORY_USED, Ahead.MEMORY_USED);
    }

    private void take(String sequence, int wanted, int run) {
        assertThat(takeIfGranted(sequence, wanted, run)).isEqualTo(run);
    }

    private int takeIfGranted(String sequence, int wanted, int run) {
        Grant grant = budget.ask(sequence, wanted, 1, run);
        if (grant.answer() == Ahead.REQUESTED) {
            budget.requested(budget.share(sequence), grant.units());
        }
        return grant.units();
    }

    private void read(String sequence, int units) {
        budget.notOnTheWay(budget.share(sequence), units);
        budget.notUnread(budget.share(sequence), units);
    }
}
