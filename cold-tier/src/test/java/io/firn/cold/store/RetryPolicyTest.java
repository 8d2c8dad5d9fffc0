package io.firn.cold.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import org.junit.jupiter.api.Test;

/** When another attempt is made, and after how long. */
class RetryPolicyTest {

    private final RetryPolicy policy = new RetryPolicy(4, 100, 350);

    @Test
    void onlyWhatMayPassIsTriedAgain() {
        assertThat(policy.retries(1, new ColdStoreException.Unavailable("x", null))).isTrue();
        assertThat(policy.retries(1, new ColdStoreException.Uncertain("x", null))).isTrue();
        assertThat(policy.retries(1, new ColdStoreException.Missing("x"))).isFalse();
        assertThat(policy.retries(1, new ColdStoreException.Corrupt("x", null))).isFalse();
        assertThat(policy.retries(1, new ColdStoreException.Misconfigured("x", null))).isFalse();
        assertThat(policy.retries(1, new ColdStoreException.SourceFailed("x", null))).isFalse();
        assertThat(policy.retries(1, new ColdStoreException.Fenced("x"))).isFalse();
        assertThat(policy.retries(1, new IllegalStateException())).isFalse();
    }

    @Test
    void attemptsAreBounded() {
        ColdStoreException passing = new ColdStoreException.Unavailable("x", null);
        assertThat(policy.retries(3, passing)).isTrue();
        assertThat(policy.retries(4, passing)).isFalse();
    }

    @Test
    void pausesDoubleUpToTheirBoundAndLieInItsUpperHalf() {
        assertThat(policy.delayMs(1, 0)).isEqualTo(50);
        assertThat(policy.delayMs(1, 1)).isEqualTo(100);
        assertThat(policy.delayMs(2, 1)).isEqualTo(200);
        assertThat(policy.delayMs(3, 1)).isEqualTo(350);
        assertThat(policy.delayMs(1000, 0)).isEqualTo(175);
    }

    @Test
    void senselessPoliciesAreRefused() {
        assertThatThrownBy(() -> new RetryPolicy(0, 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RetryPolicy(1, 2, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
