package io.firn.gateway.cluster;

import io.firn.hot.replication.Authority;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.kafka.common.Uuid;

/**
 * What a broker does for its place in the cluster, and whether it may act as a leader: decisions only.
 *
 * <pre>
 *   REGISTERING ── the own view shows this process ──▶ registered: heartbeats that want to be fenced ── logs open ──▶ heartbeats that do not ──▶ unfenced by the controller
 *        any of them ── the view shows another process under this id, or none ──▶ REPLACED: this process must end
 * </pre>
 *
 * <p><b>The lease.</b> It holds for {@link ClusterTimes#leaseMs()} from the <i>sending</i> of a heartbeat that was answered as not fenced; one answered as fenced ends it at once. {@link Liveness} says why no other broker leads
 * before. It is nobody's word that ends it but this broker's own clock.
 *
 * <p>Such an answer counts once this broker shows a view as new as any that was committed when it was given ({@link HeartbeatReply#version}), and is held until then. So a broker that is heard but learns nothing, and does not know
 * that its leaderships were moved away, has no lease any more at the latest {@link ClusterTimes#leaseMs()} after the move: heartbeats that were answered later name a version that it does not reach.
 *
 * <p>Threading: confined to one thread, except {@link #holds}, {@link #cutOff} and {@link #epoch}, which are volatile reads. Time is monotonic and what callers say it is.
 */
final class Lifecycle implements Authority {

    /** What is to be done. */
    sealed interface Step {
        record Register() implements Step {}

        record Beat(int controller, Heartbeat heartbeat, long sentMs) implements Step {}
    }

    static final long NO_EPOCH = -1;

    /** Pause after a registration or a heartbeat that came to nothing, and before a lease that is lacking is asked for again. */
    static final long AGAIN_MS = 100;

    /** Answers held at most: as many as are given in the time of a lease, and some. When there are more, the newest takes the place of the one before. */
    static final int MAX_HELD = 16;

    private static final long NEVER = Long.MIN_VALUE / 2;

    private final int id;
    private final Uuid process;
    private final ClusterTimes times;
    private volatile long epoch = NO_EPOCH;
    private volatile long leaseEndMs = NEVER;
    private volatile long heardMs = NEVER;
    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private long shownVersion;
    private boolean logsOpen;
    private boolean busy;
    private long notBeforeMs = NEVER;
    private long sentMs = NEVER;
    private OptionalInt asked = OptionalInt.empty();
    private Optional<String> replaced = Optional.empty();

    /** An answer that gives a lease when this broker shows the version. */
    private record Held(long version, long sentMs) {}

    Lifecycle(int id, Uuid process, ClusterTimes times) {
        this.id = id;
        this.process = process;
        this.times = times;
    }

    @Override
    public boolean holds(long nowMs) {
        return nowMs < leaseEndMs;
    }

    /** Whether a controller has answered this broker, and none has for {@link ClusterTimes#cutOffMs()}, counted from the sending as well: what it knows of the cluster is that old. */
    boolean cutOff(long nowMs) {
        return heardMs != NEVER && nowMs - heardMs >= times.cutOffMs();
    }

    /** Of its registration; {@link #NO_EPOCH} before the own view shows it. */
    long epoch() {
        return epoch;
    }

    /** Why this process is not that broker any more. */
    Optional<String> replaced() {
        return replaced;
    }

    void logsOpen() {
        logsOpen = true;
    }

    /** What is due. To be asked a few times in each heartbeat's time, and when the view has changed. */
    List<Step> turn(ClusterView view, OptionalInt controller, long nowMs) {
        look(view);
        count();
        List<Step> steps = new ArrayList<>();
        if (busy || replaced.isPresent() || nowMs < notBeforeMs) {
            return steps;
        }
        if (epoch == NO_EPOCH) {
            busy = true;
            steps.add(new Step.Register());
        } else if (controller.isPresent() && beatDue(view, controller, nowMs)) {
            busy = true;
            sentMs = nowMs;
            asked = controller;
            steps.add(new Step.Beat(controller.getAsInt(), new Heartbeat(id, epoch, view.version(), !logsOpen), nowMs));
        }
        return steps;
    }

    /** At its time; at once to another controller than before; and when it could lead if it had the lease. */
    private boolean beatDue(ClusterView view, OptionalInt controller, long nowMs) {
        boolean lacking = !view.brokers().get(id).fenced() && !holds(nowMs);
        return nowMs - sentMs >= times.heartbeatMs() || !controller.equals(asked) || lacking && nowMs - sentMs >= AGAIN_MS;
    }

    private void look(ClusterView view) {
        shownVersion = view.version();
        BrokerView own = view.brokers().get(id);
        boolean mine = own != null && own.incarnation().process().equals(process);
        if (mine) {
            epoch = own.epoch();
        } else if (epoch != NO_EPOCH && view.version() >= epoch) {
            replace(own == null ? "broker " + id + " was removed from the cluster" : "another process has registered as broker " + id);
        }
    }

    private void replace(String why) {
        replaced = replaced.or(() -> Optional.of(why));
        endLease();
    }

    private void endLease() {
        held.clear();
        leaseEndMs = NEVER;
    }

    /** A registration was answered: what it did shows in the view, so this is only about when to ask again. */
    void registered(boolean done, long nowMs) {
        busy = false;
        notBeforeMs = nowMs + (done ? times.heartbeatMs() : AGAIN_MS);
    }

    /** A heartbeat was answered. */
    void answered(Step.Beat beat, HeartbeatReply reply, long nowMs) {
        busy = false;
        switch (reply.outcome()) {
            case HEARD -> {
                heardMs = Math.max(heardMs, beat.sentMs());
                heard(beat, reply, nowMs);
            }
            case NOT_CONTROLLER -> notBeforeMs = nowMs + AGAIN_MS;
            case STALE -> replace("the controller knows a later registration of broker " + id + ", or that it was removed");
        }
        if (reply.outcome() != HeartbeatReply.Outcome.HEARD) {
            asked = OptionalInt.empty();
        }
    }

    private void heard(Step.Beat beat, HeartbeatReply reply, long nowMs) {
        if (reply.fenced()) {
            endLease();
        } else if (replaced.isEmpty()) {
            held.removeIf(old -> old.sentMs() + times.leaseMs() <= nowMs);
            if (held.size() == MAX_HELD) {
                held.removeLast();
            }
            held.add(new Held(reply.version(), beat.sentMs()));
            count();
        }
    }

    /** Versions of answers need not grow: a controller may have named one that was never committed. */
    private void count() {
        for (Iterator<Held> each = held.iterator(); each.hasNext();) {
            Held answer = each.next();
            if (answer.version() <= shownVersion) {
                leaseEndMs = Math.max(leaseEndMs, answer.sentMs() + times.leaseMs());
                each.remove();
            }
        }
    }

    /** A heartbeat was not answered. */
    void unanswered(long nowMs) {
        busy = false;
        asked = OptionalInt.empty();
        notBeforeMs = nowMs + AGAIN_MS;
    }
}
