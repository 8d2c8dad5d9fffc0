package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** A controller's belief ends by its own clock. */
class ControllerLeaseTest {

    private final ControllerLease lease = new ControllerLease(10);

    @Test
    void itIsNotValidBeforeTheFirstConfirmation() {
        assertThat(lease.validAt(0)).isFalse();
    }

    @Test
    void itCountsFromTheAskingAndNotFromTheAnswer() {
        lease.confirmed(100);
        assertThat(lease.validAt(109)).isTrue();
        assertThat(lease.validAt(110)).isFalse();
    }

    @Test
    void anAnswerThatComesLateDoesNotShortenIt() {
        lease.confirmed(100);
        lease.confirmed(95);
        assertThat(lease.validAt(109)).isTrue();
    }

    @Test
    void itEndsAtOnceWhenTheLockIsLostAndBeginsAnewWithAnother() {
        lease.confirmed(100);
        lease.lost();
        assertThat(lease.validAt(101)).isFalse();
        lease.confirmed(90);
        assertThat(lease.validAt(99)).isTrue();
        assertThat(lease.validAt(100)).isFalse();
    }

    @Test
    void clocksThatWrapAreRight() {
        lease.confirmed(Long.MAX_VALUE - 2);
        assertThat(lease.validAt(Long.MIN_VALUE + 3)).isTrue();
        assertThat(lease.validAt(Long.MIN_VALUE + 8)).isFalse();
    }
}
