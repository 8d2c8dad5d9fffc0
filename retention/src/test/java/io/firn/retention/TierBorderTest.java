package io.firn.retention;

import static io.firn.retention.Views.cold;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class TierBorderTest {

    @Test
    void tiersThatMeetAreSound() {
        assertThat(TierBorder.of(0, 50, 100, cold(0, 5))).isEqualTo(new TierBorder.Sound());
        assertThat(TierBorder.of(7, 50, 100, cold(0, 8))).isEqualTo(new TierBorder.Sound());
        assertThat(TierBorder.of(0, 0, 100, ColdView.NOTHING)).isEqualTo(new TierBorder.Sound());
        assertThat(TierBorder.of(90, 90, 100, cold(0, 5))).isEqualTo(new TierBorder.Sound());
    }

    @Test
    void anEmptyDiskUnderAColdHistoryIsRefusedClearly() {
        assertThat(TierBorder.of(0, 0, 0, cold(0, 5))).isInstanceOf(TierBorder.ColdAhead.class);
    }

    @Test
    void recordsInNeitherTierAreAHole() {
        assertThat(TierBorder.of(0, 50, 100, cold(0, 4))).isInstanceOf(TierBorder.Hole.class);
        assertThat(TierBorder.of(0, 50, 100, new ColdView(40, 40, 0, List.of()))).isInstanceOf(TierBorder.Hole.class);
        assertThat(TierBorder.of(0, 50, 100, ColdView.NOTHING)).isInstanceOf(TierBorder.Hole.class);
    }

    @Test
    void aColdTierThatBeginsAboveTheLogStartTakesTheLogStartWithIt() {
        assertThat(TierBorder.of(0, 50, 100, cold(2, 5))).isEqualTo(new TierBorder.RaiseLogStart(20));
    }

    @Test
    void aColdTierThatWasEmptiedByAnotherLeaderTakesTheLogStartWithIt() {
        assertThat(TierBorder.of(0, 50, 100, new ColdView(50, 50, 0, List.of()))).isEqualTo(new TierBorder.RaiseLogStart(50));
        assertThat(TierBorder.of(0, 50, 100, new ColdView(70, 70, 0, List.of()))).isEqualTo(new TierBorder.RaiseLogStart(70));
        assertThat(TierBorder.of(50, 50, 100, new ColdView(70, 70, 0, List.of()))).isEqualTo(new TierBorder.Sound());
    }
}
