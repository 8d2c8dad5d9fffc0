package io.firn.retention;

import static io.firn.retention.Views.cold;
import static io.firn.retention.Views.segment;
import static io.firn.retention.Views.view;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class OffloadChoiceTest {

    @Test
    void theOldestSealedSegmentGoesFirst() {
        assertThat(OffloadChoice.of(view(ColdView.NOTHING, 0, 0, 3))).isEqualTo(new OffloadChoice.Whole(segment(0)));
    }

    @Test
    void theNextSegmentBeginsAtTheTierBoundary() {
        assertThat(OffloadChoice.of(view(cold(0, 2), 0, 1, 5))).isEqualTo(new OffloadChoice.Whole(segment(2)));
    }

    @Test
    void nothingIsLeftWhenAllSealedSegmentsAreInTheColdTier() {
        assertThat(OffloadChoice.of(view(cold(0, 5), 0, 1, 5))).isEqualTo(new OffloadChoice.Nothing());
        assertThat(OffloadChoice.of(view(cold(0, 5), 0, 5, 5))).isEqualTo(new OffloadChoice.Nothing());
    }

    @Test
    void aSegmentNobodyCanReadIsNotOffloaded() {
        assertThat(OffloadChoice.of(view(ColdView.NOTHING, 3, 3, 5))).isEqualTo(new OffloadChoice.Whole(segment(3)));
    }

    @Test
    void aSegmentThatStraddlesTheBoundaryIsOffloadedFromTheBoundaryOn() {
        ColdView cold = new ColdView(0, 25, 250, List.of(new SegmentSpan(0, 25, 250, 1)));
        assertThat(OffloadChoice.of(view(cold, 0, 0, 5))).isEqualTo(new OffloadChoice.Tail(segment(2), 25));
    }

    @Test
    void whenTheLogStartHasPassedTheBoundaryTheColdTierIsEmptiedFirst() {
        assertThat(OffloadChoice.of(view(cold(0, 2), 4, 4, 6))).isEqualTo(new OffloadChoice.EmptyColdFirst());
        assertThat(OffloadChoice.of(view(new ColdView(20, 20, 0, List.of()), 4, 4, 6))).isEqualTo(new OffloadChoice.Whole(segment(4)));
    }

    @Test
    void readableRecordsInNeitherTierStopTheOffload() {
        assertThat(OffloadChoice.of(view(cold(0, 2), 0, 4, 6))).isEqualTo(new OffloadChoice.Hole(20, 40));
        assertThat(OffloadChoice.of(view(ColdView.NOTHING, 1, 4, 6))).isEqualTo(new OffloadChoice.Hole(10, 40));
    }
}
