package io.firn.gateway.cluster;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Endpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * Who is alive, as the controller judges it: by heartbeats, and by machines that say that a broker's process is gone.
 *
 * <pre>
 *   heard ── silent for two heartbeats, or its connection ended, or a controller was just elected ──▶ asked: does anybody listen? ── refused ──▶ condemned
 *     │                                                                                                  └─ somebody does, or nothing known: asked again while it is silent
 *     ├── silent for the patience ──▶ condemned ──▶ FenceBroker, again until the view shows it fenced ──▶ heard again, with its logs open, and shows what it did not ──▶ UnfenceBroker
 *     └── heard, but for the patience does not show what was committed before ──▶ answered as fenced ── for another patience ──▶ condemned
 *                  ▲                                                                  └─ shows it: heard
 * </pre>
 *
 * <p>Who is heard and learns nothing (the disk of its journal hangs, say) has no lease any more ({@link Lifecycle}): nobody can use what it leads, so that is given to others, too.
 *
 * <p><b>Invariant: no broker is fenced by silence while it may believe that it leads.</b> A broker leads only under a lease: {@link ClusterTimes#leaseMs()}, nine tenths of the patience, from the
 * moment it <i>sent</i> a heartbeat that was answered as not fenced, by its own monotonic clock ({@link Lifecycle}). Let S be the sending of the last such heartbeat, and R &ge; S its arrival.
 * <ul>
 *   <li>It arrived here: this controller fences at R + patience at the earliest, by its clock. As clocks of two machines differ by less than a tenth over that time, the lease, S + 0.9 patience by the broker's clock, is
 *       over. Nobody is answered as not fenced any more once {@link #turn} has condemned it, whatever becomes of the command: the outcome of a fencing may be unknown for a while.
 *       The command names this controller's epoch, so that it is not carried out by a successor that has heard the broker since.
 *   <li>It arrived at a predecessor that had lost its lock and did not know: that one answers only while {@link io.firn.membership.Metadata#isController()} says so, which by its own clock ends
 *       {@link ClusterTimes#controllerLeaseMs} after the last confirmation of its lock was asked for, hence, confirmed when the lock was still held, before this controller's election E plus that lease. So S &le; R &lt; E + lease (and a tenth for its clock:
 *       {@link ClusterTimes#predecessorMs()}), and nobody is fenced by silence before E + predecessorMs + patience, heard or not. A predecessor that has stepped down answers NOT_CONTROLLER, which gives nothing.
 *   <li>It is heard, and behind: every answer since it was first refused says fenced, so S is before that, and it is condemned a patience later.
 * </ul>
 * What remains is the loss of a lease's end by a process that was stopped in between (SIGSTOP, a sleeping machine): it asks its clock before each acknowledgement, and acknowledgements of {@code acks=all} are also kept safe by
 * leader epochs and the in-sync replicas, on which no clock has an influence.
 *
 * <p>A <b>refused</b> connection is no silence but an answer, of the kernel of the broker's machine: no process has the port open, so the one that was registered with it has ended, or is closing and has given its leaderships
 * away before. The peer port must not lie behind something that refuses connections in place of the machine (a proxy, a firewall that answers with resets); with such a thing in between, a living broker may lose its leaderships when that
 * cannot reach it, without loss of what was acknowledged to {@code acks=all}.
 *
 * <p>Limits: one entry for each registered broker.
 *
 * <p>Threading: confined to one thread. Time is what callers say it is, monotonic.
 */
final class Liveness {

    /** What is to be done. */
    sealed interface Step {
        /** Take it for dead. @param controllerEpoch whose judgement it is; another controller's is its own */
        record Fence(int broker, long epoch, int controllerEpoch) implements Step {}

        /** Take it for alive: it was heard, has caught up and its logs are open. */
        record Unfence(int broker, long epoch, long appliedVersion) implements Step {}

        /** Ask its machine; see {@link #refused}. */
        record Probe(int broker, long epoch, Endpoint endpoint) implements Step {}
    }

    /** Time between two commands for the same broker whose outcome is not seen. */
    static final long AGAIN_MS = 500;

    /** What is known of one registration. */
    private static final class Known {
        final long epoch;
        long sinceMs;
        long heardMs;
        boolean probing;
        boolean condemned;
        long fenceMs;
        long unfenceMs;
        /** What it has to show, and since when: what was committed when it last showed what it had to before. */
        long wantedVersion = Long.MIN_VALUE;
        long wantedMs;
        /** Since when it has been answered as fenced because it does not show that. */
        OptionalLong refusedMs = OptionalLong.empty();

        Known(long epoch, long nowMs) {
            this.epoch = epoch;
            this.sinceMs = nowMs;
            this.heardMs = nowMs;
            this.fenceMs = nowMs - AGAIN_MS;
            this.unfenceMs = nowMs - AGAIN_MS;
        }

        void shows(long appliedVersion, long committedVersion, long nowMs, long patienceMs) {
            if (appliedVersion >= wantedVersion) {
                wantedVersion = committedVersion;
                wantedMs = nowMs;
                refusedMs = OptionalLong.empty();
            } else if (refusedMs.isEmpty() && nowMs - wantedMs > patienceMs) {
                refusedMs = OptionalLong.of(nowMs);
            }
        }
    }

    private final ClusterTimes times;
    private final Map<Integer, Known> known = new HashMap<>();
    private boolean controlling;
    private long electedMs;

    Liveness(ClusterTimes times) {
        this.times = times;
    }

    /** What is due. To be asked a few times in each heartbeat's time, and when the broker has become the controller. */
    List<Step> turn(ClusterView view, boolean controls, long nowMs) {
        if (!controls) {
            controlling = false;
            known.clear();
            return List.of();
        }
        boolean elected = !controlling;
        if (elected) {
            controlling = true;
            electedMs = nowMs;
        }
        known.keySet().retainAll(view.brokers().keySet());
        List<Step> steps = new ArrayList<>();
        for (BrokerView broker : view.brokers().values()) {
            Known one = known(broker, nowMs);
            if (broker.fenced()) {
                one.condemned = false;
                one.sinceMs = nowMs;
            } else {
                judge(view, broker, one, elected, nowMs, steps);
            }
        }
        return steps;
    }

    private Known known(BrokerView broker, long nowMs) {
        return known.compute(broker.id(), (id, before) -> before != null && before.epoch == broker.epoch() ? before : new Known(broker.epoch(), nowMs));
    }

    private void judge(ClusterView view, BrokerView broker, Known one, boolean elected, long nowMs, List<Step> steps) {
        long heardMs = Math.max(one.heardMs, one.sinceMs);
        long leasesUntilMs = Math.max(Math.min(heardMs, one.refusedMs.orElse(Long.MAX_VALUE)), electedMs + times.predecessorMs());
        if (nowMs - leasesUntilMs > times.patienceMs()) {
            one.condemned = true;
        }
        if (one.condemned) {
            fence(view, broker, one, nowMs, steps);
        } else if (elected || nowMs - heardMs > times.suspicionMs()) {
            probe(broker, one, steps);
        }
    }

    private static void fence(ClusterView view, BrokerView broker, Known one, long nowMs, List<Step> steps) {
        if (nowMs - one.fenceMs >= AGAIN_MS) {
            one.fenceMs = nowMs;
            steps.add(new Step.Fence(broker.id(), broker.epoch(), view.controllerEpoch()));
        }
    }

    private static void probe(BrokerView broker, Known one, List<Step> steps) {
        if (!one.probing) {
            one.probing = true;
            steps.add(new Step.Probe(broker.id(), broker.epoch(), broker.peer()));
        }
    }

    /** A heartbeat has arrived. @param steps what is to be done for it is added */
    HeartbeatReply heard(ClusterView view, boolean controls, Heartbeat heartbeat, long nowMs, List<Step> steps) {
        steps.addAll(turn(view, controls, nowMs)); // an election or a fencing that is due comes before the heartbeat
        if (!controls) {
            return HeartbeatReply.NOT_CONTROLLER;
        }
        BrokerView broker = view.brokers().get(heartbeat.broker());
        if (broker == null || broker.epoch() != heartbeat.epoch()) {
            boolean later = view.version() >= heartbeat.epoch() && (broker == null || broker.epoch() > heartbeat.epoch());
            return later ? HeartbeatReply.STALE : HeartbeatReply.NOT_CONTROLLER; // a registration this view does not have is nothing to judge by
        }
        Known one = known(broker, nowMs);
        one.heardMs = nowMs;
        one.shows(heartbeat.appliedVersion(), view.version(), nowMs, times.patienceMs());
        boolean caughtUp = heartbeat.appliedVersion() >= broker.epoch();
        boolean ready = broker.fenced() && caughtUp && one.refusedMs.isEmpty() && !heartbeat.wantsFence() && !broker.inControlledShutdown();
        if (ready && nowMs - one.unfenceMs >= AGAIN_MS) {
            one.unfenceMs = nowMs;
            steps.add(new Step.Unfence(broker.id(), broker.epoch(), heartbeat.appliedVersion()));
        }
        return new HeartbeatReply(HeartbeatReply.Outcome.HEARD, caughtUp, broker.fenced() || one.condemned || one.refusedMs.isPresent(), view.version());
    }

    /** A connection on which the broker's heartbeats came has ended. */
    List<Step> connectionEnded(ClusterView view, int broker, long epoch) {
        List<Step> steps = new ArrayList<>();
        BrokerView registered = view.brokers().get(broker);
        Known one = known.get(broker);
        if (controlling && registered != null && one != null && one.epoch == epoch && registered.epoch() == epoch && !registered.fenced()) {
            probe(registered, one, steps);
        }
        return steps;
    }

    /** What became of a probe. @param sentMs when it was asked for: who was heard since is there */
    List<Step> probed(ClusterView view, Step.Probe probe, boolean refused, long sentMs, long nowMs) {
        List<Step> steps = new ArrayList<>();
        BrokerView broker = view.brokers().get(probe.broker());
        Known one = known.get(probe.broker());
        if (!controlling || broker == null || one == null || one.epoch != probe.epoch() || broker.epoch() != probe.epoch()) {
            return steps;
        }
        one.probing = false;
        if (refused && !broker.fenced() && one.heardMs <= sentMs) {
            one.condemned = true;
            fence(view, broker, one, nowMs, steps);
        }
        return steps;
    }
}
