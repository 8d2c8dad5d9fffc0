package io.firn.it.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LinkPaceTest {

    private static final long MS = 1_000_000;
    private static final long NOW = 1_000 * MS;

    /** 1 MB/s: a byte takes a microsecond. */
    private final LinkPace pace = new LinkPace(1_000_000, NOW);

    @Test
    void anAnswerComesTheDelayAfterTheLastOfWhatAskedForItAndItsOwnLengthLater() {
        pace.turn(NOW, 100 * MS);
        pace.turn(NOW + 30 * MS, 100 * MS);
        assertThat(pace.due(NOW + 40 * MS, 1_000)).isEqualTo(NOW + 131 * MS);
    }

    @Test
    void timeThatTheServerTakesIsPartOfTheDelay() {
        pace.turn(NOW, 100 * MS);
        assertThat(pace.due(NOW + 250 * MS, 1_000)).isEqualTo(NOW + 251 * MS);
    }

    @Test
    void onlyTheBeginningOfAnAnswerIsDelayed() {
        pace.turn(NOW, 100 * MS);
        long first = pace.due(NOW, 1_000);
        assertThat(pace.due(first, 1_000)).isEqualTo(first + MS);
    }

    @Test
    void eachAnswerIsDelayed() {
        pace.turn(NOW, 100 * MS);
        long first = pace.due(NOW, 1_000);
        pace.turn(first + 5 * MS, 100 * MS);
        assertThat(pace.due(first + 6 * MS, 1_000)).isEqualTo(first + 106 * MS);
    }

    @Test
    void aDelayThatShrinksMakesNoAnswerToAnEarlierQuestionEarly() {
        pace.turn(NOW, 100 * MS);
        pace.turn(NOW + MS, 0);
        assertThat(pace.due(NOW + 2 * MS, 0)).isEqualTo(NOW + 100 * MS);
    }

    @Test
    void noMoreComesThanTheWayCarriesHoweverItIsCutIntoPieces() {
        long due = NOW;
        for (int bytes : IntStream.rangeClosed(1, 200).map(i -> i * 37 % 5_000 + 1).toArray()) {
            due = pace.due(due, bytes);
        }
        long total = IntStream.rangeClosed(1, 200).mapToLong(i -> i * 37 % 5_000 + 1).sum();
        assertThat(due - NOW).isBetween(total * 1_000 - LinkPace.SLACK_NANOS, total * 1_000);
    }

    @Test
    void whoLooksLateMakesTheWayNoSlower() {
        long due = pace.due(NOW, 10_000);
        for (int i = 0; i < 20; i++) {
            due = pace.due(due + 2 * MS, 10_000);
        }
        assertThat(due).isEqualTo(NOW + 21 * 10 * MS);
    }

    @Test
    void aWayThatWasIdleCarriesNoMoreAfterwardsThanTheSlack() {
        pace.due(NOW, 1_000);
        assertThat(pace.due(NOW + 10_000 * MS, 100_000)).isEqualTo(NOW + 10_095 * MS);
    }

    @Test
    void anAnswerHasNothingOfTheSlack() {
        pace.turn(NOW, 0);
        assertThat(pace.due(NOW + 10_000 * MS, 100_000)).isEqualTo(NOW + 10_100 * MS);
    }

    @Test
    void withoutALimitOnlyTheDelayCounts() {
        LinkPace any = new LinkPace(0, NOW);
        any.turn(NOW, 30 * MS);
        assertThat(any.due(NOW, Integer.MAX_VALUE)).isEqualTo(NOW + 30 * MS);
        assertThat(any.due(NOW + 31 * MS, 1)).isLessThanOrEqualTo(NOW + 31 * MS);
    }
}
