package io.firn.gateway.peer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RedialTest {

    @Test
    void waitsDoubleUpToASecondAndStayBetweenHalfOfThatAndAll() {
        Redial redial = Redial.NOW;
        assertThat(redial.due(-5)).isTrue();
        for (int failures = 0; failures < 100; failures++) {
            long longest = Math.min(Redial.LONGEST_NANOS, (long) (Redial.FIRST_NANOS * Math.pow(2, failures)));
            assertThat(redial.failed(1_000, 0).atNanos()).isEqualTo(1_000 + longest);
            assertThat(redial.failed(1_000, 0.999).atNanos()).isBetween(1_000 + longest / 2, 1_000 + longest * 501 / 1000);
            redial = redial.failed(1_000, 0);
            assertThat(redial.due(999 + longest)).isFalse();
            assertThat(redial.due(1_000 + longest)).isTrue();
        }
    }
}
