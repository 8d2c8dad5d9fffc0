package io.firn.gateway.cluster;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Timer;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The periodic work of the controller, on whichever broker that is: fences and unfences ({@link Liveness} decides whom), and gives preferred leaders their partitions back.
 *
 * <p>Threading: thread-safe; the work is done on {@code loop}.
 */
public final class ControllerDuties {

    private static final Logger LOG = LoggerFactory.getLogger(ControllerDuties.class);

    /** Between two looks at what is due. */
    private static final long LOOK_MS = 100;

    /** Kafka's {@code leader.imbalance.check.interval.seconds}. */
    static final long BALANCE_MS = 300_000;

    /** Leaders moved at a time; the rest waits for the next. Each move makes clients look for the new leader. */
    private static final int MAX_ELECTIONS = 1_000;

    private final Metadata metadata;
    private final ProbePort probes;
    private final Executor loop;
    private final Timer timer;
    private final LongSupplier monotonicMs;
    private final Liveness liveness;
    private boolean controlling;
    private long balancedMs;
    private volatile boolean closed;

    public ControllerDuties(Metadata metadata, ClusterTimes times, ProbePort probes, Executor loop, Timer timer, LongSupplier monotonicMs) {
        this.metadata = metadata;
        this.probes = probes;
        this.loop = loop;
        this.timer = timer;
        this.monotonicMs = monotonicMs;
        this.liveness = new Liveness(times);
    }

    public void start() {
        metadata.subscribe((before, after) -> {
            if (before.controllerEpoch() != after.controllerEpoch()) {
                loop.execute(this::look);
            }
        });
        loop.execute(this::tick);
    }

    public void close() {
        closed = true;
    }

    /** A heartbeat of a broker, this one included. */
    public CompletableFuture<HeartbeatReply> heard(Heartbeat heartbeat) {
        CompletableFuture<HeartbeatReply> answer = new CompletableFuture<>();
        loop.execute(() -> {
            List<Liveness.Step> steps = new ArrayList<>();
            HeartbeatReply reply = liveness.heard(metadata.view(), controls(), heartbeat, monotonicMs.getAsLong(), steps);
            answer.complete(reply.outcome() == HeartbeatReply.Outcome.HEARD ? reply.at(metadata.committedAtMost()) : reply);
            steps.forEach(this::take);
        });
        return answer;
    }

    /** The connection has ended on which a broker's heartbeats came. */
    public void connectionEnded(int broker, long epoch) {
        loop.execute(() -> {
            if (controls()) {
                liveness.connectionEnded(metadata.view(), broker, epoch).forEach(this::take);
            }
        });
    }

    private boolean controls() {
        return !closed && metadata.isController();
    }

    private void tick() {
        if (!closed) {
            look();
            timer.after(LOOK_MS, () -> loop.execute(this::tick));
        }
    }

    private void look() {
        try {
            boolean controls = controls();
            liveness.turn(metadata.view(), controls, monotonicMs.getAsLong()).forEach(this::take);
            balance(controls);
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("A look at the brokers failed");
        }
    }

    private void balance(boolean controls) {
        long nowMs = monotonicMs.getAsLong();
        if (controls && controlling && nowMs - balancedMs >= BALANCE_MS) {
            balancedMs = nowMs;
            submit(new Command.BalanceLeaders(Command.BalanceLeaders.DEFAULT_IMBALANCE_PERCENT, MAX_ELECTIONS));
        } else if (controls && !controlling) {
            balancedMs = nowMs;
        }
        controlling = controls;
    }

    private void take(Liveness.Step step) {
        if (step instanceof Liveness.Step.Fence fence) {
            LOG.atWarn().addKeyValue("broker", fence.broker()).addKeyValue("epoch", fence.epoch()).log("A broker is taken for dead");
            submit(new Command.FenceBroker(fence.broker(), fence.epoch(), fence.controllerEpoch()));
        } else if (step instanceof Liveness.Step.Unfence unfence) {
            LOG.atInfo().addKeyValue("broker", unfence.broker()).addKeyValue("epoch", unfence.epoch()).log("A broker is taken for alive");
            submit(new Command.UnfenceBroker(unfence.broker(), unfence.epoch(), unfence.appliedVersion()));
        } else if (step instanceof Liveness.Step.Probe probe) {
            long sentMs = monotonicMs.getAsLong();
            probes.refused(probe.endpoint()).exceptionally(failed -> false).thenAccept(refused -> loop.execute(() -> probed(probe, refused, sentMs)));
        }
    }

    private void probed(Liveness.Step.Probe probe, boolean refused, long sentMs) {
        if (controls()) {
            liveness.probed(metadata.view(), probe, refused, sentMs, monotonicMs.getAsLong()).forEach(this::take);
        }
    }

    /** Without waiting: what is still due is found at the next look. */
    private void submit(Command command) {
        metadata.ask(command).whenComplete((answer, failed) -> {
            if (failed != null) {
                LOG.atDebug().addKeyValue("command", command.getClass().getSimpleName()).setCause(ErrorMapping.unwrap(failed)).log("A command of the controller was not carried out");
            }
        });
    }
}
