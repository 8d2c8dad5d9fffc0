package io.firn.it.cold;

import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.it.cold.TopicRequests.Change;
import io.firn.it.harness.Await;
import java.util.List;

/**
 * A death of a broker at one step of one change of one topic; {@link #threeInARow} has it die.
 *
 * <p>For one thread, the test's.
 */
abstract class StepKill {

    final BucketStep step;
    private final Change change;
    private TopicRequests requests;

    StepKill(BucketStep step, Change change) {
        this.step = step;
        this.change = change;
    }

    /** Makes what the change is to be made of; tells the requests about it apart from then on. */
    abstract TopicRequests prepare() throws Exception;

    /** What leads to the step. */
    abstract void begin();

    /** What leads to it once more, after a restart: nothing, where that is what the broker does anyway. */
    abstract void goOn() throws Exception;

    /** The last process is there: waits until it has done it, and judges. */
    abstract void end() throws Exception;

    HttpFault inject(FaultProxy proxy, HttpFault fault) {
        requests.restarted();
        return proxy.inject(fault.on((line, body) -> requests.is(step, change, line, body)).times(1));
    }

    /**
     * Three processes die at each of these steps, all of which each of them comes to: of the first one the request never arrives, of the second one it arrives when the third is at the same step, whose request takes effect and whose answer finds
     * nobody. The fourth one stays.
     */
    static void threeInARow(ProxiedBroker broker, List<? extends StepKill> kills) throws Exception {
        for (StepKill kill : kills) {
            kill.requests = kill.prepare();
        }

        List<HttpFault> lost = kills.stream().map(kill -> kill.inject(broker.proxy(), HttpFault.silence())).toList();
        kills.forEach(StepKill::begin);
        killAt(broker, kills, lost);
        lost.forEach(HttpFault::release);

        List<HttpFault> late = kills.stream().map(kill -> kill.inject(broker.proxy(), HttpFault.holdingRequest())).toList();
        startAgain(broker, kills);
        killAt(broker, kills, late);

        List<HttpFault> unanswered = kills.stream().map(kill -> kill.inject(broker.proxy(), HttpFault.holdingReply())).toList();
        startAgain(broker, kills);
        awaitReached(kills, unanswered);
        late.forEach(HttpFault::release);
        for (HttpFault fault : late) {
            Await.until("the dead one's request has arrived", fault::awaitDone);
        }
        broker.node().kill9();
        unanswered.forEach(HttpFault::release);

        broker.node().start();
        for (StepKill kill : kills) {
            kill.end();
        }
    }

    private static void startAgain(ProxiedBroker broker, List<? extends StepKill> kills) throws Exception {
        broker.node().start();
        for (StepKill kill : kills) {
            kill.goOn();
        }
    }

    private static void killAt(ProxiedBroker broker, List<? extends StepKill> kills, List<HttpFault> faults) {
        awaitReached(kills, faults);
        broker.node().kill9();
    }

    private static void awaitReached(List<? extends StepKill> kills, List<HttpFault> faults) {
        for (int i = 0; i < faults.size(); i++) {
            Await.until(kills.get(i) + " is reached", faults.get(i)::awaitReached);
        }
    }
}
