package io.firn.gateway.cluster;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Timer;
import io.firn.hot.replication.Authority;
import io.firn.membership.Answer;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers this broker, keeps it alive in the controller's eyes, and takes its leaderships away before it stops; {@link Lifecycle} decides.
 *
 * <p>Threading: thread-safe; the work is done on {@code loop}.
 */
public final class BrokerLifecycle {

    private static final Logger LOG = LoggerFactory.getLogger(BrokerLifecycle.class);

    /** Between two looks at what is due. */
    private static final long LOOK_MS = 100;

    /** An answer that comes later than this is as good as none: the next heartbeat is worth more. */
    private static final long ANSWER_MS = 1_000;

    /** No time makes these good. */
    private static final Set<Reason> HOPELESS = Set.of(Reason.INVALID_REGISTRATION, Reason.UNKNOWN_BROKER);

    private final Metadata metadata;
    private final Command.RegisterBroker registration;
    private final HeartbeatPort heartbeats;
    private final Executor loop;
    private final Timer timer;
    private final LongSupplier monotonicMs;
    private final Lifecycle lifecycle;
    private final CompletableFuture<Long> registered = new CompletableFuture<>();
    private final CompletableFuture<String> replaced = new CompletableFuture<>();
    private boolean saidDuplicate;
    private boolean saidCutOff;
    private volatile boolean closed;

    /**
     * @param registration with which this process asks for its place
     * @param loop runs one task at a time
     * @param monotonicMs the clock of the lease; those who ask {@link #authority()} must use the same
     */
    public BrokerLifecycle(Metadata metadata, Command.RegisterBroker registration, ClusterTimes times, HeartbeatPort heartbeats, Executor loop, Timer timer, LongSupplier monotonicMs) {
        this.metadata = metadata;
        this.registration = registration;
        this.heartbeats = heartbeats;
        this.loop = loop;
        this.timer = timer;
        this.monotonicMs = monotonicMs;
        this.lifecycle = new Lifecycle(registration.id(), registration.incarnation().process(), times);
    }

    /** Begins to register, again and again until it is done. */
    public void start() {
        metadata.subscribe((before, after) -> loop.execute(this::look));
        loop.execute(this::tick);
    }

    /**
     * Completes with the broker epoch when this broker's own view shows the registration of this process: nothing the view says of its partitions is older than that. Fails with
     * {@link CommandRefused} if it cannot become a member as it is.
     */
    public CompletableFuture<Long> registered() {
        return registered.copy();
    }

    /** Completes with the reason when this process is not the broker of its id any more, and must end. */
    public CompletableFuture<String> replaced() {
        return replaced.copy();
    }

    /** Whether this broker may act as a leader, by the clock it was given. */
    public Authority authority() {
        return lifecycle;
    }

    /** Whether no controller has answered for so long that the others may have gone on without this broker. */
    public boolean cutOff() {
        return lifecycle.cutOff(monotonicMs.getAsLong());
    }

    /** Of its registration; -1 before that. */
    public long brokerEpoch() {
        return lifecycle.epoch();
    }

    /** The logs are open: from now on heartbeats ask for leaderships. */
    public void logsOpen() {
        loop.execute(() -> {
            lifecycle.logsOpen();
            look();
        });
    }

    /** Heartbeats end; others take this broker for dead when its process has ended, or its patience has. */
    public void close() {
        closed = true;
    }

    private void tick() {
        if (!closed) {
            look();
            timer.after(LOOK_MS, () -> loop.execute(this::tick));
        }
    }

    private void look() {
        if (closed) {
            return;
        }
        try {
            for (Lifecycle.Step step : lifecycle.turn(metadata.view(), metadata.controller(), monotonicMs.getAsLong())) {
                take(step);
            }
            tell();
            sayIfCutOff();
        } catch (RuntimeException e) {
            LOG.atError().setCause(e).log("A step in this broker's life failed");
        }
    }

    private void tell() {
        if (lifecycle.epoch() != Lifecycle.NO_EPOCH) {
            registered.complete(lifecycle.epoch());
        }
        lifecycle.replaced().ifPresent(replaced::complete);
    }

    private void sayIfCutOff() {
        if (cutOff() != saidCutOff) {
            saidCutOff = !saidCutOff;
            if (saidCutOff) {
                LOG.atWarn().log("No controller has answered this broker for long; clients are sent to other brokers");
            } else {
                LOG.atInfo().log("A controller has answered again");
            }
        }
    }

    private void take(Lifecycle.Step step) {
        if (step instanceof Lifecycle.Step.Beat beat) {
            heartbeats.send(beat.controller(), beat.heartbeat(), ANSWER_MS).whenComplete((reply, failed) -> loop.execute(() -> answered(beat, reply, failed)));
        } else {
            metadata.submit(registration).whenComplete((view, failed) -> loop.execute(() -> registered(failed)));
        }
    }

    private void answered(Lifecycle.Step.Beat beat, HeartbeatReply reply, Throwable failed) {
        if (failed == null) {
            lifecycle.answered(beat, reply, monotonicMs.getAsLong());
            tell();
        } else {
            LOG.atDebug().addKeyValue("controller", beat.controller()).setCause(failed).log("A heartbeat was not answered");
            lifecycle.unanswered(monotonicMs.getAsLong());
        }
        look();
    }

    private void registered(Throwable failed) {
        lifecycle.registered(failed == null, monotonicMs.getAsLong());
        if (failed == null) {
            look();
            return;
        }
        Throwable cause = ErrorMapping.unwrap(failed);
        if (cause instanceof CommandRefused refused && HOPELESS.contains(refused.reason())) {
            registered.completeExceptionally(cause);
        } else if (cause instanceof CommandRefused refused && refused.reason() == Reason.DUPLICATE_BROKER && !saidDuplicate) {
            saidDuplicate = true;
            LOG.atWarn().addKeyValue("broker", registration.id()).log("Another process is registered with this broker's id and another data directory; waiting until it is taken for dead");
        } else {
            LOG.atDebug().setCause(cause).log("The registration was not accepted yet");
        }
    }

    // ---- stopping

    /**
     * Gives this broker's leaderships to others; completes when its own view shows that it leads nothing more that others could lead. Fails when there is nobody to decide that. It stays a follower meanwhile, and keeps its lease.
     *
     * @param timeoutMs after which it fails
     */
    public CompletableFuture<Void> shutDown(long timeoutMs) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        if (lifecycle.epoch() == Lifecycle.NO_EPOCH) {
            return CompletableFuture.completedFuture(null);
        }
        Runnable cancel = timer.after(timeoutMs, () -> done.completeExceptionally(new org.apache.kafka.common.errors.TimeoutException("leaderships were not given away within " + timeoutMs + " ms")));
        metadata.ask(new Command.ShutDownBroker(registration.id(), lifecycle.epoch())).whenComplete((answer, failed) -> {
            if (failed == null) {
                say(answer);
                done.complete(null); // the answer comes when this broker shows the view it left
            } else {
                done.completeExceptionally(ErrorMapping.unwrap(failed));
            }
        });
        return done.whenComplete((nothing, failed) -> cancel.run());
    }

    private void say(Answer answer) {
        long leaderless = answer.partitions().stream().filter(outcome -> outcome.refusal().isPresent()).count();
        LOG.atInfo().addKeyValue("partitionsWithoutLeader", leaderless).addKeyValue("stillLed", led(answer.view())).log("Gave the leaderships away");
    }

    private long led(ClusterView view) {
        return view.topics().values().stream().flatMap(topic -> topic.partitions().stream()).mapToInt(PartitionView::leader).filter(leader -> leader == registration.id()).count();
    }
}
