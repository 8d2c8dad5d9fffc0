package io.firn.retention;

import static io.firn.retention.Views.cold;
import static io.firn.retention.Views.compacted;
import static io.firn.retention.Views.config;
import static io.firn.retention.Views.local;
import static io.firn.retention.Views.total;
import static io.firn.retention.Views.untiered;
import static io.firn.retention.Views.view;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RetentionPolicyTest {

    @Test
    void minusOneKeepsForEver() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(RetentionPolicy.logStartTarget(view, config(), Long.MAX_VALUE / 2)).isZero();
        assertThat(RetentionPolicy.localStartTarget(view, config(), 0, Long.MAX_VALUE / 2)).isEqualTo(50);
    }

    @Test
    void timeRemovesSegmentsWhoseNewestRecordIsTooOldOverBothTiers() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), 100, -1), 100)).isZero();
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), 100, -1), 103)).isEqualTo(30);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), 100, -1), 107)).isEqualTo(70);
    }

    @Test
    void totalRetentionOfATieredTopicStopsAtTheTierBoundary() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), 100, -1), 1_000)).isEqualTo(80);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), -1, 0), 0)).isEqualTo(80);
    }

    @Test
    void nothingIsDeletedWhileNothingIsOffloaded() {
        LogView view = view(ColdView.NOTHING, 0, 0, 10);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), 0, 0), 1_000)).isZero();
        assertThat(RetentionPolicy.localStartTarget(view, local(config(), 0, 0), 1_000_000, 1_000)).isZero();
    }

    @Test
    void sizeKeepsAtLeastRetentionBytesOverBothTiersCountingTheOverlapOnce() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(view.totalBytes()).isEqualTo(1_050);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), -1, 1_050), 0)).isZero();
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), -1, 951), 0)).isZero();
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), -1, 950), 0)).isEqualTo(10);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), -1, 500), 0)).isEqualTo(50);
    }

    @Test
    void coldSegmentsBelowTheLogStartThatAreStillToBeDroppedDoNotCount() {
        LogView view = view(cold(0, 8), 3, 5, 10);
        assertThat(view.totalBytes()).isEqualTo(750);
        assertThat(RetentionPolicy.logStartTarget(view, total(config(), -1, 650), 0)).isEqualTo(40);
    }

    @Test
    void anUntieredTopicIsPlainKafka() {
        LogView view = view(ColdView.NOTHING, 0, 0, 10);
        assertThat(RetentionPolicy.logStartTarget(view, total(untiered(), 100, -1), 104)).isEqualTo(40);
        assertThat(RetentionPolicy.logStartTarget(view, total(untiered(), 0, 0), 1_000)).isEqualTo(100);
        assertThat(RetentionPolicy.localStartTarget(view, local(untiered(), 0, 0), 1_000, 1_000)).isZero();
    }

    @Test
    void nothingAtOrAboveTheSafeOffsetIsDeleted() {
        LogView all = view(ColdView.NOTHING, 0, 0, 10);
        LogView view = new LogView(0, 0, 105, 47, all.sealed(), all.localBytes(), ColdView.NOTHING);
        assertThat(RetentionPolicy.logStartTarget(view, total(untiered(), 0, 0), 1_000)).isEqualTo(40);
    }

    @Test
    void aCompactedTieredTopicIsOffloadedAndItsLocalCopiesGoButNothingIsDeletedForGood() {
        assertThat(RetentionPolicy.offloads(compacted(false))).isTrue();
        LogView view = view(cold(0, 6), 0, 0, 10);
        assertThat(RetentionPolicy.logStartTarget(view, compacted(false), 1_000)).isZero();
        assertThat(RetentionPolicy.localStartTarget(view, local(compacted(false), -1, 0), 0, 1_000)).isEqualTo(60);
    }

    @Test
    void aCompactedTopicThatAlsoDeletesIsDeletedOverBothTiersUpToTheBoundary() {
        assertThat(RetentionPolicy.logStartTarget(view(cold(0, 6), 0, 4, 10), compacted(true), 1_000)).isEqualTo(60);
        assertThat(RetentionPolicy.logStartTarget(view(ColdView.NOTHING, 0, 0, 10), compacted(true), 1_000)).as("not offloaded yet").isZero();
    }

    @Test
    void aCompactedTopicThatIsNotTieredStaysLocal() {
        LogView view = view(ColdView.NOTHING, 0, 0, 10);
        assertThat(RetentionPolicy.offloads(Views.untiered(compacted(true)))).isFalse();
        assertThat(RetentionPolicy.logStartTarget(view, Views.untiered(compacted(true)), 1_000)).isEqualTo(100);
        assertThat(RetentionPolicy.logStartTarget(view, Views.untiered(compacted(false)), 1_000)).isZero();
        assertThat(RetentionPolicy.localStartTarget(view, Views.untiered(compacted(false)), 1_000, 1_000)).isZero();
    }

    @Test
    void localTimeAndSizeDeleteOnlyWhatTheColdTierHas() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(RetentionPolicy.localStartTarget(view, local(config(), 100, -1), 0, 106)).isEqualTo(60);
        assertThat(RetentionPolicy.localStartTarget(view, local(config(), 0, -1), 0, 1_000)).isEqualTo(80);
        assertThat(RetentionPolicy.localStartTarget(view, local(config(), -1, 450), 0, 0)).isEqualTo(60);
        assertThat(RetentionPolicy.localStartTarget(view, local(config(), -1, 0), 0, 0)).isEqualTo(80);
    }

    @Test
    void minusTwoTakesTheTotalRetention() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(RetentionPolicy.localStartTarget(view, total(config(), 100, -1), 0, 107)).isEqualTo(70);
        assertThat(RetentionPolicy.localStartTarget(view, total(config(), -1, 450), 0, 0)).isEqualTo(60);
        assertThat(RetentionPolicy.localStartTarget(view, local(total(config(), 100, 0), -1, -1), 0, 1_000)).isEqualTo(50);
    }

    @Test
    void aFillingDiskTakesCommittedLocalSegmentsEarlyAndNoMoreThanItWants() {
        LogView view = view(cold(0, 8), 0, 5, 10);
        assertThat(RetentionPolicy.localStartTarget(view, config(), 1, 0)).isEqualTo(60);
        assertThat(RetentionPolicy.localStartTarget(view, config(), 101, 0)).isEqualTo(70);
        assertThat(RetentionPolicy.localStartTarget(view, config(), 1_000_000, 0)).isEqualTo(80);
    }

    @Test
    void aTopicWithShortRetentionIsSealedEarlyEnoughForIt() {
        assertThat(total(config(), 3_600_000, -1).effectiveHot().segmentMs()).isEqualTo(3_600_000);
        assertThat(total(config(), 1, -1).effectiveHot().segmentMs()).isEqualTo(TieredLogConfig.MIN_SEAL_MS);
        assertThat(config().effectiveHot()).isEqualTo(config().hot());
        assertThat(compacted(false).effectiveHot()).isEqualTo(compacted(false).hot());
    }
}
