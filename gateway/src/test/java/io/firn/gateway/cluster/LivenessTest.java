package io.firn.gateway.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.cluster.HeartbeatReply.Outcome;
import io.firn.gateway.cluster.Liveness.Step;
import io.firn.membership.ClusterView;
import io.firn.membership.Endpoint;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Who is alive, on virtual time. */
class LivenessTest {

    private static final ClusterTimes TIMES = new ClusterTimes(6_000, 500, 4_000);
    /** When nobody need be feared any more who heard a predecessor. */
    private static final long SETTLED_MS = 4_400;
    private static final Step.Fence FENCE = new Step.Fence(1, 4, Views.CONTROLLER_EPOCH);
    private static final Step.Probe PROBE = new Step.Probe(1, 4, new Endpoint(Endpoint.PEER, "p1", 9093));

    private final Liveness liveness = new Liveness(TIMES);
    private ClusterView view = Views.of(9, Views.broker(1, 4, false));
    private long nowMs = 1_000_000;
    private final long electedMs = nowMs;

    private List<Step> turn() {
        return liveness.turn(view, true, nowMs);
    }

    private HeartbeatReply hear(boolean wantsFence, List<Step> steps) {
        return liveness.heard(view, true, new Heartbeat(1, 4, 9, wantsFence), nowMs, steps);
    }

    private void elected() {
        assertThat(turn()).containsExactly(PROBE);
        liveness.probed(view, PROBE, false, nowMs, nowMs);
    }

    /** A controller for so long that only what it heard itself counts, and that has just heard the broker. */
    private void settled() {
        elected();
        nowMs += SETTLED_MS;
        assertThat(hear(false, new ArrayList<>()).fenced()).isFalse();
        liveness.probed(view, PROBE, false, nowMs, nowMs);
    }

    private long firstFenceMs(long untilMs) {
        for (; nowMs < untilMs; nowMs += 50) {
            if (turn().contains(FENCE)) {
                return nowMs;
            }
        }
        return Long.MAX_VALUE;
    }

    @Test
    void aSilentBrokerIsFencedAfterThePatienceAndNotBefore() {
        settled();
        long heardMs = nowMs;
        assertThat(firstFenceMs(heardMs + 20_000)).isBetween(heardMs + 6_001, heardMs + 6_050);
    }

    @Test
    void theLeaseOfTheLastHeartbeatIsOverWhenItsSenderIsFencedWhateverTheNetworkDid() {
        Lifecycle broker = new Lifecycle(1, Views.process(1), TIMES);
        elected();
        nowMs += SETTLED_MS;
        broker.turn(view, java.util.OptionalInt.of(9), nowMs);
        Lifecycle.Step.Beat beat = new Lifecycle.Step.Beat(9, new Heartbeat(1, 4, 9, false), nowMs);
        broker.answered(beat, hear(false, new ArrayList<>()), nowMs + 900);
        assertThat(broker.holds(nowMs + 900)).isTrue();
        long fencedMs = firstFenceMs(nowMs + 20_000);
        assertThat(broker.holds(fencedMs)).isFalse();
        assertThat(fencedMs - (beat.sentMs() + TIMES.leaseMs())).as("room for clocks that differ").isGreaterThanOrEqualTo(600);
    }

    @Test
    void afterAnElectionNobodyIsFencedWhileAHeartbeatMayHaveBeenAnsweredByTheOneBefore() {
        elected();
        long last = electedMs + SETTLED_MS;
        long leaseEndMs = last + TIMES.leaseMs();
        assertThat(firstFenceMs(electedMs + 30_000)).isGreaterThan(leaseEndMs).isLessThan(electedMs + 4_400 + 6_000 + 200);
    }

    @Test
    void whoIsHeardIsNotFenced() {
        elected();
        for (int i = 0; i < 100; i++) {
            nowMs += 500;
            List<Step> steps = new ArrayList<>();
            assertThat(hear(false, steps)).isEqualTo(new HeartbeatReply(Outcome.HEARD, true, false, view.version()));
            assertThat(steps).isEmpty();
            assertThat(turn()).isEmpty();
        }
    }

    @Test
    void onceCondemnedItGetsNoLeaseUntilTheViewShowsItFencedAndUnfenced() {
        settled();
        nowMs = firstFenceMs(nowMs + 10_000);
        List<Step> steps = new ArrayList<>();
        assertThat(hear(false, steps).fenced()).as("the fencing may still be carried out").isTrue();
        nowMs += Liveness.AGAIN_MS;
        assertThat(turn()).as("it is said again while the view does not show it").contains(FENCE);
        view = Views.of(10, Views.broker(1, 4, true));
        nowMs += Liveness.AGAIN_MS;
        assertThat(hear(false, steps).fenced()).isTrue();
        assertThat(steps).contains(new Step.Unfence(1, 4, 9));
        view = Views.of(11, Views.broker(1, 4, false));
        nowMs += 100;
        assertThat(hear(false, steps).fenced()).isFalse();
    }

    /** Heartbeats of a broker that goes on to show version 9, until it is fenced. @return when its answers began to say fenced, and when the command came */
    private long[] hearBehind() {
        long refusedMs = Long.MAX_VALUE;
        for (long until = nowMs + 30_000; nowMs < until; nowMs += 500) {
            List<Step> steps = new ArrayList<>();
            if (hear(false, steps).fenced()) {
                refusedMs = Math.min(refusedMs, nowMs);
            }
            steps.addAll(turn());
            if (steps.contains(FENCE)) {
                return new long[] {refusedMs, nowMs};
            }
        }
        throw new AssertionError("not fenced");
    }

    @Test
    void whoIsHeardButDoesNotShowWhatWasCommittedIsGivenNoLeaseAfterThePatienceAndFencedWhenItCanHaveNoneAnyMore() {
        settled();
        view = Views.of(10, Views.broker(1, 4, false));
        hear(false, new ArrayList<>());
        long toldMs = nowMs;
        long[] times = hearBehind();
        assertThat(times[0] - toldMs).isBetween(6_001L, 7_000L);
        assertThat(times[1] - times[0]).as("a heartbeat answered just before may count for the lease once it has caught up").isBetween(6_001L, 7_000L);
        view = Views.of(11, Views.broker(1, 4, true));
        List<Step> steps = new ArrayList<>();
        nowMs += 10_000;
        hear(false, steps);
        assertThat(steps).as("it does not show yet what it was fenced for").isEmpty();
        assertThat(liveness.heard(view, true, new Heartbeat(1, 4, 11, false), nowMs, steps).fenced()).isTrue();
        assertThat(steps).containsExactly(new Step.Unfence(1, 4, 11));
    }

    @Test
    void whoShowsWhatWasCommittedBeforeIsAlwaysALittleBehindAndIsNotFenced() {
        settled();
        for (int version = 10; version < 100; version++) {
            view = Views.of(version, Views.broker(1, 4, false));
            nowMs += 500;
            List<Step> steps = new ArrayList<>();
            assertThat(liveness.heard(view, true, new Heartbeat(1, 4, version - 2, false), nowMs, steps).fenced()).isFalse();
            assertThat(steps).isEmpty();
            assertThat(turn()).isEmpty();
        }
    }

    @Test
    void whoCatchesUpBeforeItIsFencedHasALeaseAgain() {
        settled();
        view = Views.of(10, Views.broker(1, 4, false));
        hear(false, new ArrayList<>());
        for (int i = 0; i < 20; i++) {
            nowMs += 500;
            hear(false, new ArrayList<>());
        }
        assertThat(hear(false, new ArrayList<>()).fenced()).isTrue();
        assertThat(liveness.heard(view, true, new Heartbeat(1, 4, 10, false), nowMs, new ArrayList<>()).fenced()).isFalse();
        nowMs += 5_900;
        assertThat(turn()).doesNotContain(FENCE);
    }

    @Test
    void aBrokerIsUnfencedWhenItHasCaughtUpAndItsLogsAreOpen() {
        view = Views.of(9, Views.broker(1, 4, true));
        List<Step> steps = new ArrayList<>();
        assertThat(hear(true, steps)).isEqualTo(new HeartbeatReply(Outcome.HEARD, true, true, view.version()));
        liveness.heard(view, true, new Heartbeat(1, 4, 3, false), nowMs, steps);
        assertThat(steps).as("one wants to be fenced, the other has not seen its registration").isEmpty();
        hear(false, steps);
        assertThat(steps).containsExactly(new Step.Unfence(1, 4, 9));
        view = Views.of(9, Views.broker(1, 4, true).in(true, true, false));
        nowMs += Liveness.AGAIN_MS;
        steps.clear();
        hear(false, steps);
        assertThat(steps).as("it is about to stop").isEmpty();
    }

    @Test
    void anUnfencedBrokerHasThePatienceFromThen() {
        elected();
        view = Views.of(9, Views.broker(1, 4, true));
        nowMs += 60_000;
        turn();
        view = Views.of(10, Views.broker(1, 4, false));
        long unfencedMs = nowMs;
        assertThat(firstFenceMs(nowMs + 20_000)).isGreaterThan(unfencedMs + 6_000);
    }

    @Test
    void whoseMachineSaysThatNobodyListensIsFencedAtOnce() {
        settled();
        nowMs += 10;
        assertThat(liveness.connectionEnded(view, 1, 4)).containsExactly(PROBE);
        assertThat(liveness.connectionEnded(view, 1, 4)).as("one question at a time").isEmpty();
        assertThat(liveness.probed(view, PROBE, true, nowMs, nowMs + 1)).containsExactly(FENCE);
        assertThat(hear(false, new ArrayList<>()).fenced()).isTrue();
    }

    @Test
    void anEndedConnectionAloneAndAnOldRefusalFenceNobody() {
        settled();
        liveness.connectionEnded(view, 1, 4);
        long askedMs = nowMs + 1;
        nowMs += 2;
        hear(false, new ArrayList<>());
        assertThat(liveness.probed(view, PROBE, true, askedMs, nowMs)).as("it was heard since").isEmpty();
        liveness.connectionEnded(view, 1, 4);
        assertThat(liveness.probed(view, PROBE, false, nowMs, nowMs + 1)).isEmpty();
        assertThat(liveness.connectionEnded(view, 1, 3)).as("of an earlier process").isEmpty();
    }

    @Test
    void theRefusalOfAnEarlierProcessIsNoneOfTheNext() {
        settled();
        liveness.connectionEnded(view, 1, 4);
        view = Views.of(12, Views.broker(1, 11, false));
        turn();
        assertThat(liveness.probed(view, PROBE, true, nowMs, nowMs + 1)).isEmpty();
    }

    @Test
    void aNewControllerAsksAtOnceAndOfTheSilentAgainAndAgain() {
        elected();
        nowMs += 900;
        assertThat(turn()).isEmpty();
        nowMs += 150;
        assertThat(turn()).containsExactly(PROBE);
        assertThat(turn()).isEmpty();
        liveness.probed(view, PROBE, false, nowMs, nowMs);
        nowMs += 50;
        assertThat(turn()).containsExactly(PROBE);
        assertThat(liveness.probed(view, PROBE, true, nowMs, nowMs)).containsExactly(FENCE);
    }

    @Test
    void whoIsNotTheControllerHearsNobodyAndForgets() {
        settled();
        nowMs += 5_900;
        List<Step> steps = new ArrayList<>();
        assertThat(liveness.heard(view, false, new Heartbeat(1, 4, 9, false), nowMs, steps)).isEqualTo(HeartbeatReply.NOT_CONTROLLER);
        assertThat(liveness.turn(view, false, nowMs + 100_000)).isEmpty();
        assertThat(liveness.connectionEnded(view, 1, 4)).isEmpty();
        nowMs += 100_000;
        assertThat(turn()).as("elected anew: asked, and not fenced for what was before").containsExactly(PROBE);
        assertThat(steps).isEmpty();
    }

    @Test
    void whomAControllerHasCondemnedItJudgesAnewWhenItIsElectedAgain() {
        settled();
        nowMs = firstFenceMs(nowMs + 10_000);
        liveness.turn(view, false, nowMs);
        nowMs += Liveness.AGAIN_MS;
        assertThat(turn()).containsExactly(PROBE);
        assertThat(hear(false, new ArrayList<>()).fenced()).isFalse();
    }

    @Test
    void earlierRegistrationsAreStaleAndLaterOnesUnknownHere() {
        elected();
        List<Step> steps = new ArrayList<>();
        assertThat(liveness.heard(view, true, new Heartbeat(1, 3, 9, false), nowMs, steps)).isEqualTo(HeartbeatReply.STALE);
        assertThat(liveness.heard(view, true, new Heartbeat(2, 8, 9, false), nowMs, steps)).as("removed").isEqualTo(HeartbeatReply.STALE);
        assertThat(liveness.heard(view, true, new Heartbeat(2, 10, 10, false), nowMs, steps)).as("not known here yet").isEqualTo(HeartbeatReply.NOT_CONTROLLER);
        assertThat(liveness.heard(view, true, new Heartbeat(1, 10, 10, false), nowMs, steps)).isEqualTo(HeartbeatReply.NOT_CONTROLLER);
        assertThat(steps).isEmpty();
    }
}
