package io.firn.retention;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class PacingTest {

    @Test
    void delaysDoubleUpToTheBoundAndAreNeverTight() {
        Backoff backoff = new Backoff(1_000, 60_000);
        assertThat(backoff.delayMs(1, 0)).isEqualTo(1_000);
        assertThat(backoff.delayMs(2, 0)).isEqualTo(2_000);
        assertThat(backoff.delayMs(7, 0)).isEqualTo(60_000);
        assertThat(backoff.delayMs(1_000_000, 0)).isEqualTo(60_000);
        assertThat(backoff.delayMs(1, 0.999)).isBetween(800L, 1_000L);
        assertThat(backoff.delayMs(1_000, 0.999)).isBetween(48_000L, 60_000L);
    }

    @Test
    void anUploadWaitsUntilTheOnesBeforeItArePaidFor() {
        UploadPace pace = UploadPace.of(1_000).started(5_000, 0);
        assertThat(pace.mayStart(4_999)).isFalse();
        assertThat(pace.mayStart(5_000)).isTrue();
        assertThat(pace.started(1_000, 5_000).mayStart(6_000)).isTrue();
        assertThat(UploadPace.of(0).started(1L << 40, 0).mayStart(0)).isTrue();
    }

    @Test
    void onlyThatManyTurnsAreOutAndTheyGoRound() {
        Turns turns = new Turns(2, UploadPace.of(0));
        List<String> granted = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            turns.request(new Turns.Turn(Runnable::run, 1, () -> granted.add(name)), 0);
        }
        assertThat(granted).containsExactly("a", "b");
        turns.release(0);
        turns.request(new Turns.Turn(Runnable::run, 1, () -> granted.add("a again")), 0);
        turns.release(0);
        assertThat(granted).containsExactly("a", "b", "c", "a again");
    }

    @Test
    void theRateHoldsBackTurnsUntilTimeHasPassed() {
        Turns turns = new Turns(4, UploadPace.of(1_000));
        List<String> granted = new ArrayList<>();
        turns.request(new Turns.Turn(Runnable::run, 3_000, () -> granted.add("a")), 0);
        turns.request(new Turns.Turn(Runnable::run, 3_000, () -> granted.add("b")), 0);
        turns.grant(2_999);
        assertThat(granted).containsExactly("a");
        turns.grant(3_000);
        assertThat(granted).containsExactly("a", "b");
    }

    @Test
    void aLoopThatIsGoneDoesNotKeepItsTurn() {
        Turns turns = new Turns(1, UploadPace.of(0));
        List<String> granted = new ArrayList<>();
        turns.request(new Turns.Turn(task -> { throw new RejectedExecutionException(); }, 1, () -> granted.add("gone")), 0);
        turns.request(new Turns.Turn(Runnable::run, 1, () -> granted.add("alive")), 0);
        assertThat(granted).containsExactly("alive");
    }

    @Test
    void failuresCountUpUntilASuccess() {
        OffloadState.Waiting waiting = new OffloadState.Idle(0).queue(OffloadState.Work.UPLOAD).start().failed(new Backoff(100, 1_000), 0, 0);
        assertThat(waiting).isEqualTo(new OffloadState.Waiting(1, 100));
        assertThat(waiting.due(99)).isSameAs(waiting);
        OffloadState.Idle idle = (OffloadState.Idle) waiting.due(100);
        assertThat(idle.start(OffloadState.Work.DELETE).failed(new Backoff(100, 1_000), 0, 100)).isEqualTo(new OffloadState.Waiting(2, 300));
        assertThat(idle.start(OffloadState.Work.DELETE).succeeded()).isEqualTo(new OffloadState.Idle(0));
    }
}
