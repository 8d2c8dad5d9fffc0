package io.firn.gateway.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.cluster.HeartbeatReply.Outcome;
import io.firn.gateway.cluster.Lifecycle.Step;
import io.firn.membership.ClusterView;
import java.util.List;
import java.util.OptionalInt;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** A broker's life on virtual time. */
class LifecycleTest {

    private static final ClusterTimes TIMES = new ClusterTimes(6_000, 500, 4_000);
    private static final int SELF = 1;
    private static final OptionalInt CONTROLLER = OptionalInt.of(2);
    private static final HeartbeatReply UNFENCED = new HeartbeatReply(Outcome.HEARD, true, false, 3);
    private static final HeartbeatReply FENCED = new HeartbeatReply(Outcome.HEARD, true, true, 3);

    private final Lifecycle life = new Lifecycle(SELF, Views.process(SELF), TIMES);
    private ClusterView view = Views.of(3);
    private long nowMs = 1_000_000;

    private List<Step> turn() {
        return life.turn(view, CONTROLLER, nowMs);
    }

    private Step.Beat beat() {
        List<Step> steps = turn();
        assertThat(steps).singleElement().isInstanceOf(Step.Beat.class);
        return (Step.Beat) steps.get(0);
    }

    private void registered(boolean fenced) {
        view = Views.of(7, Views.broker(SELF, 4, fenced));
    }

    /** A heartbeat that is answered so, after so long. */
    private void exchange(HeartbeatReply reply, long underWayMs) {
        Step.Beat beat = beat();
        nowMs += underWayMs;
        life.answered(beat, reply, nowMs);
    }

    @Test
    void itRegistersAgainUntilTheOwnViewShowsThisProcess() {
        assertThat(turn()).containsExactly(new Step.Register());
        assertThat(turn()).as("one at a time").isEmpty();
        life.registered(false, nowMs);
        assertThat(turn()).as("not at once").isEmpty();
        nowMs += Lifecycle.AGAIN_MS;
        assertThat(turn()).containsExactly(new Step.Register());
        life.registered(true, nowMs);
        assertThat(life.epoch()).as("an answer is no view").isEqualTo(Lifecycle.NO_EPOCH);
        view = Views.of(7, Views.broker(SELF, 4, false).in(false, false, false));
        turn();
        assertThat(life.epoch()).isEqualTo(4);
    }

    @Test
    void theRegistrationOfAnEarlierProcessIsNotTheOwn() {
        Lifecycle restarted = new Lifecycle(SELF, new Uuid(7, 99), TIMES);
        registered(false);
        assertThat(restarted.turn(view, CONTROLLER, nowMs)).containsExactly(new Step.Register());
        assertThat(restarted.epoch()).isEqualTo(Lifecycle.NO_EPOCH);
    }

    @Test
    void heartbeatsAskToBeFencedUntilTheLogsAreOpen() {
        registered(true);
        Step.Beat first = beat();
        assertThat(first).isEqualTo(new Step.Beat(2, new Heartbeat(SELF, 4, 7, true), nowMs));
        life.answered(first, FENCED, nowMs);
        life.logsOpen();
        nowMs += TIMES.heartbeatMs();
        assertThat(beat().heartbeat().wantsFence()).isFalse();
    }

    @Test
    void theLeaseIsCountedFromTheSendingAndEndsBeforeThePatience() {
        registered(false);
        assertThat(life.holds(nowMs)).isFalse();
        long sentMs = nowMs;
        exchange(UNFENCED, 700);
        assertThat(life.holds(nowMs)).isTrue();
        assertThat(life.holds(sentMs + 5_399)).isTrue();
        assertThat(life.holds(sentMs + 5_400)).isFalse();
    }

    @Test
    void anAnswerCountsOnceWhatWasCommittedThenIsShown() {
        registered(false);
        long sentMs = nowMs;
        exchange(at(9), 10);
        assertThat(life.holds(nowMs)).as("this broker shows 7").isFalse();
        nowMs += 1_000;
        view = Views.of(8, Views.broker(SELF, 4, false));
        turn();
        assertThat(life.holds(nowMs)).isFalse();
        view = Views.of(9, Views.broker(SELF, 4, false));
        turn();
        assertThat(life.holds(sentMs + 5_399)).as("from the sending").isTrue();
        assertThat(life.holds(sentMs + 5_400)).isFalse();
    }

    @Test
    void aBrokerThatIsHeardButLearnsNothingLosesItsLease() {
        registered(false);
        exchange(at(7), 1);
        long lastMs = nowMs - 1;
        long version = 7;
        while (nowMs < lastMs + 20_000) {
            nowMs += TIMES.heartbeatMs();
            exchange(at(++version), 1);
            assertThat(life.holds(lastMs + 5_400)).isFalse();
        }
        view = Views.of(version, Views.broker(SELF, 4, false));
        turn();
        assertThat(life.holds(nowMs)).as("it has learned everything").isTrue();
    }

    @Test
    void aBrokerThatIsAlwaysALittleBehindKeepsItsLease() {
        registered(false);
        exchange(at(7), 1);
        for (long version = 8; version < 100; version++) {
            nowMs += TIMES.heartbeatMs();
            exchange(at(version), 1);
            view = Views.of(version - 1, Views.broker(SELF, 4, false));
            turn();
            assertThat(life.holds(nowMs)).isTrue();
        }
    }

    @Test
    void aVersionThatIsNeverReachedHoldsUpNoLaterAnswer() {
        registered(false);
        for (int i = 0; i < 2 * Lifecycle.MAX_HELD; i++) {
            exchange(at(50), 1);
            nowMs += Lifecycle.AGAIN_MS;
        }
        exchange(at(7), 1);
        assertThat(life.holds(nowMs)).isTrue();
    }

    private static HeartbeatReply at(long version) {
        return new HeartbeatReply(Outcome.HEARD, true, false, version);
    }

    @Test
    void anAnswerThatSaysFencedEndsTheLeaseAtOnce() {
        registered(false);
        exchange(UNFENCED, 1);
        nowMs += TIMES.heartbeatMs();
        exchange(FENCED, 1);
        assertThat(life.holds(nowMs)).isFalse();
    }

    @Test
    void anAnswerThatIsHeldEndsWithTheLease() {
        registered(false);
        exchange(at(8), 1);
        nowMs += TIMES.heartbeatMs();
        exchange(FENCED, 1);
        view = Views.of(8, Views.broker(SELF, 4, false));
        turn();
        assertThat(life.holds(nowMs)).isFalse();
    }

    @Test
    void noAnswerAndAnAnswerOfSomebodyElseProlongNothing() {
        registered(false);
        long sentMs = nowMs;
        exchange(UNFENCED, 1);
        nowMs += TIMES.heartbeatMs();
        exchange(HeartbeatReply.NOT_CONTROLLER, 1);
        nowMs += TIMES.heartbeatMs();
        beat();
        life.unanswered(nowMs + 1_000);
        assertThat(life.holds(sentMs + 5_399)).isTrue();
        assertThat(life.holds(sentMs + 5_400)).isFalse();
    }

    @Test
    void aBrokerThatNoControllerAnswersForThreePatiencesIsCutOffUntilOneDoes() {
        registered(true);
        assertThat(life.cutOff(nowMs + 1_000_000)).as("one that was never answered is starting").isFalse();
        long sentMs = nowMs;
        exchange(FENCED, 1);
        nowMs += TIMES.heartbeatMs();
        exchange(HeartbeatReply.NOT_CONTROLLER, 1);
        assertThat(life.cutOff(sentMs + 17_999)).as("longer than a change of the controller takes, fenced or not").isFalse();
        assertThat(life.cutOff(sentMs + 18_000)).isTrue();
        nowMs = sentMs + 20_000;
        exchange(UNFENCED, 1);
        assertThat(life.cutOff(nowMs)).isFalse();
    }

    @Test
    void aHeartbeatIsSentAtItsTimeAndOneAtATime() {
        registered(false);
        Step.Beat first = beat();
        nowMs += 10 * TIMES.heartbeatMs();
        assertThat(turn()).as("the first is under way").isEmpty();
        life.answered(first, UNFENCED, nowMs);
        exchange(UNFENCED, 0);
        nowMs += TIMES.heartbeatMs() - 1;
        assertThat(turn()).isEmpty();
        nowMs += 1;
        beat();
    }

    @Test
    void anotherControllerHearsAtOnce() {
        registered(false);
        exchange(UNFENCED, 1);
        assertThat(turn()).isEmpty();
        assertThat(life.turn(view, OptionalInt.of(3), nowMs)).singleElement().isInstanceOfSatisfying(Step.Beat.class, beat -> assertThat(beat.controller()).isEqualTo(3));
    }

    @Test
    void aBrokerThatWasUnfencedAsksForItsLeaseWithoutWaitingForItsTime() {
        registered(true);
        exchange(FENCED, 1);
        nowMs += Lifecycle.AGAIN_MS;
        assertThat(turn()).as("fenced: in its time").isEmpty();
        registered(false);
        beat();
    }

    @Test
    void aProcessWhoseIdBelongsToAnotherOneHoldsNoLeaseAndSaysSo() {
        registered(false);
        exchange(UNFENCED, 1);
        view = Views.of(9, Views.broker(SELF, 8, true));
        Lifecycle replaced = new Lifecycle(SELF, new Uuid(7, 50), TIMES);
        assertThat(life.replaced()).isEmpty();
        nowMs += TIMES.heartbeatMs();
        exchange(HeartbeatReply.STALE, 1);
        assertThat(life.replaced()).isPresent();
        assertThat(life.holds(nowMs)).isFalse();
        assertThat(turn()).isEmpty();
        assertThat(replaced.replaced()).as("who never was registered is not replaced").isEmpty();
    }

    @Test
    void theOwnViewTellsOfAnotherProcessAndOfARemoval() {
        Lifecycle removed = new Lifecycle(SELF, Views.process(SELF), TIMES);
        registered(false);
        removed.turn(view, CONTROLLER, nowMs);
        removed.turn(Views.of(8), CONTROLLER, nowMs);
        assertThat(removed.replaced()).hasValueSatisfying(why -> assertThat(why).contains("removed"));
        Lifecycle other = new Lifecycle(3, Views.process(3), TIMES);
        other.turn(Views.of(8, Views.broker(3, 5, false)), CONTROLLER, nowMs);
        io.firn.membership.BrokerView later = new io.firn.membership.BrokerView(3, 9, new io.firn.membership.Incarnation(new Uuid(7, 77), new Uuid(8, 3)), Views.broker(3, 9, true).endpoints(),
                java.util.Optional.empty(), true, false, false);
        other.turn(Views.of(9, later), CONTROLLER, nowMs);
        assertThat(other.replaced()).hasValueSatisfying(why -> assertThat(why).contains("another process"));
    }
}
