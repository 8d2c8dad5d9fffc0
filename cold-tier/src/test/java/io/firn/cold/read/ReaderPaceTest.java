package io.firn.cold.read;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ReaderPaceTest {

    private static final long SPAN = ReaderPace.SPAN_MS;

    private final ReaderPace pace = new ReaderPace();

    @Test
    void whoHasJustBegunMayHaveAll() {
        pace.took(100, 5);
        assertThat(pace.bytesInASpan(5)).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void thePaceIsWhatWasTakenInTheLastTwoSpans() {
        for (long ms = 0; ms < 3 * SPAN; ms += SPAN / 10) {
            pace.took(10, ms);
        }
        assertThat(pace.bytesInASpan(3 * SPAN - 1)).isBetween(95L, 105L);
    }

    @Test
    void whoBecomesSlowHasItsNewPaceTwoSpansLater() {
        pace.took(1_000_000, 0);
        assertThat(pace.bytesInASpan(SPAN / 2)).isEqualTo(2_000_000);
        pace.took(10, SPAN + 1);
        assertThat(pace.bytesInASpan(2 * SPAN - 1)).isGreaterThan(400_000);
        pace.took(10, 2 * SPAN + 1);
        assertThat(pace.bytesInASpan(2 * SPAN + 1)).isLessThanOrEqualTo(20);
    }

    @Test
    void aRestOfManySpansCountsAsOneWithoutAnything() {
        pace.took(1_000, 0);
        pace.took(50, 100 * SPAN);
        assertThat(pace.bytesInASpan(100 * SPAN)).isEqualTo(50);
    }

    @Test
    void aClockThatIsSetBackBeginsANewSpan() {
        pace.took(1_000, 100 * SPAN);
        pace.took(1_000, 0);
        assertThat(pace.bytesInASpan(SPAN / 2)).isPositive();
    }

    @Test
    void pausesAreTheTimeOfTheLastTwoSpansByTheReadsInThem() {
        for (long ms = 0; ms <= 3 * SPAN; ms += SPAN / 10) {
            pace.took(10, ms);
        }
        assertThat(pace.pausesMs(5, 3 * SPAN)).isBetween(4 * SPAN / 10, 5 * SPAN / 10);
    }

    @Test
    void whoHasNotReadSoOftenMayPauseForAsLongAsItLikes() {
        pace.took(10, 0);
        pace.took(10, 1);
        assertThat(pace.pausesMs(3, 1)).isEqualTo(Long.MAX_VALUE);
        pace.took(10, 2);
        assertThat(pace.pausesMs(3, 2)).isEqualTo(2);
    }
}
