package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class DiskPressureTest {
    private static final long WATERMARK = 1_000;

    @Test
    void produceIsRefusedBelowTheWatermarkUntilAQuarterMoreIsFree() {
        DiskPressure full = DiskPressure.NONE.next(999, WATERMARK, 0);
        assertThat(full.rejectsProduce()).isTrue();
        assertThat(full.next(1_249, WATERMARK, 1).rejectsProduce()).isTrue();
        assertThat(full.next(1_250, WATERMARK, 1).rejectsProduce()).isFalse();
        assertThat(DiskPressure.NONE.next(1_000, WATERMARK, 0).rejectsProduce()).isFalse();
    }

    @Test
    void earlyDeletionWantsWhatIsMissingToTwiceTheWatermark() {
        assertThat(DiskPressure.NONE.next(2_000, WATERMARK, 0).wantedBytes()).isZero();
        assertThat(DiskPressure.NONE.next(1_700, WATERMARK, 0).wantedBytes()).isEqualTo(300);
    }

    @Test
    void earlyDeletionIsNotAskedForAgainBeforeItCouldShow() {
        DiskPressure asked = DiskPressure.NONE.next(1_700, WATERMARK, 10_000);
        DiskPressure soon = asked.next(1_700, WATERMARK, 10_000 + DiskPressure.SETTLE_MS - 1);
        assertThat(soon.wantedBytes()).isZero();
        assertThat(soon.next(1_700, WATERMARK, 10_000 + DiskPressure.SETTLE_MS).wantedBytes()).isEqualTo(300);
    }

    @Test
    void aWatermarkOfZeroTurnsItOff() {
        assertThat(DiskPressure.NONE.next(0, 0, 0)).isEqualTo(DiskPressure.NONE);
    }
}
