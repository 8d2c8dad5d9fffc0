package io.firn.hot.log;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.SimDisk;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SegmentFile;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

final class ResidencyTest {

    private final LogDirectory directory = new LogDirectory(new SimDisk(1), Path.of("/sim/topic-0"));
    private final SegmentFile one = new SegmentFile(directory, 0, null, Runnable::run);
    private final SegmentFile other = new SegmentFile(directory, 100, null, Runnable::run);
    private final Residency residency = new Residency();

    @Test
    void partsThatTouchAreOneWindow() {
        residency.add(one, 0, 100);
        residency.add(one, 200, 300);
        assertThat(residency.covers(one, 50, 250)).isFalse();
        residency.add(one, 100, 200);
        assertThat(residency.covers(one, 50, 250)).isTrue();
        assertThat(residency.runway(one, 250)).isEqualTo(50);
        assertThat(residency.covers(other, 50, 60)).isFalse();
    }

    @Test
    void aWindowThatGrowsForgetsItsBeginning() {
        for (int from = 0; from < 3 * Residency.TAIL_BYTES; from += Residency.TAIL_BYTES / 4) {
            residency.add(one, from, from + Residency.TAIL_BYTES / 4);
        }
        assertThat(residency.covers(one, 0, 10)).isFalse();
        assertThat(residency.covers(one, 2 * Residency.TAIL_BYTES, 3 * Residency.TAIL_BYTES)).isTrue();
    }

    @Test
    void theOldestWindowIsForgottenAtTheLimit() {
        for (int i = 0; i <= Residency.MAX_WINDOWS; i++) {
            residency.add(one, i * 100, i * 100 + 10);
        }
        assertThat(residency.covers(one, 0, 10)).isFalse();
        assertThat(residency.covers(one, 100, 110)).isTrue();
        assertThat(residency.runway(one, 5)).isZero();
    }

    @Test
    void theTailOfTheActiveSegmentNeedsNoWindow() {
        residency.onActive(one, 1000);
        residency.onAppended(2000);
        assertThat(residency.covers(one, 1500, 2000)).isTrue();
        assertThat(residency.runway(one, 1500)).isEqualTo(Integer.MAX_VALUE);
        assertThat(residency.covers(one, 500, 600)).as("written before this process").isFalse();
    }
}
