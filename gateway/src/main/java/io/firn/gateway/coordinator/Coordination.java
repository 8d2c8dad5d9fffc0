package io.firn.gateway.coordinator;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The life of one coordinator over the partitions of its internal topic that this broker leads.
 *
 * <p>States: <b>idle</b> (nobody asked for it yet and this broker leads no partition of the topic; its library is not even loaded, which keeps start-up fast) →
 * <b>starting</b> (on the control thread) → <b>serving</b> → <b>stopped</b>. Until it serves, and while this broker may not lead, requests get retriable errors that have clients look for their coordinator.
 *
 * <p>What the coordinator is to know (led partitions, cluster view) is held here as it should be, and one task on the control thread brings the coordinator to it. Any number of changes
 * are one task, so nothing queues up. A partition object that was replaced by another (topic deleted and created again) counts as resigned and elected.
 *
 * <p>On a failed start: logged, and tried again at the next request. On a failed load of a partition: see {@link #MAX_LOADS}; until then its requests get NOT_COORDINATOR.
 *
 * <p>Threading: thread-safe. The coordinator is told of changes only on the control thread, as it may block there for as long as a pending write takes.
 *
 * @param <A> what requests are answered with
 */
public final class Coordination<A> implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Coordination.class);
    private static final long STOP_TIMEOUT_MS = 10_000;
    /** Loads of one partition in a row that may fail; the time between them doubles from {@link #FIRST_RELOAD_MS}, to about two minutes at the end. */
    private static final int MAX_LOADS = 8;
    private static final long FIRST_RELOAD_MS = 1_000;

    private final Kind kind;
    private final Starter<A> starter;
    private final Metadata metadata;
    private final Partitions partitions;
    private final ScheduledThreadPoolExecutor control;

    // As it should be.
    private final Map<Integer, Partition> led = new ConcurrentHashMap<>();
    private final AtomicBoolean pending = new AtomicBoolean();
    private volatile boolean wanted;
    private volatile boolean stopping;

    private volatile Optional<A> serving = Optional.empty();
    private final Map<Integer, Integer> failedLoads = new ConcurrentHashMap<>();

    // As the coordinator knows it; confined to the control thread.
    private final Map<Integer, Partition> elected = new HashMap<>();
    private Optional<CoordinatorService<A>> service = Optional.empty();

    /**
     * Which coordinator it is.
     *
     * @param name in log lines and thread names
     * @param topic its internal topic
     * @param partitions partitions the topic will get, while it does not exist
     */
    public record Kind(String name, String topic, int partitions) {}

    /** Makes the coordinator and starts its threads. Called on the control thread, again after it failed. */
    @FunctionalInterface
    public interface Starter<A> {
        /** @param partitions partitions of the topic, fixed for the service's life */
        CoordinatorService<A> start(int partitions, LogLoader.Outcome loads);
    }

    public Coordination(Kind kind, Starter<A> starter, Metadata metadata, Partitions partitions) {
        this.kind = kind;
        this.starter = starter;
        this.metadata = metadata;
        this.partitions = partitions;
        this.control = controlThread("firn-" + kind.name() + "-control");
    }

    /** Begins to follow the partitions and the cluster view. To be called once, when both exist and the broker's listener is up. */
    public void start() {
        partitions.onAdded(this::inService);
        partitions.onRemoved(this::outOfService);
        partitions.all().forEach(this::inService);
        metadata.subscribe((previous, next) -> changed());
    }

    /** Has the coordinator started, if it has not been; returns at once. */
    public void want() {
        if (!wanted) {
            wanted = true;
            changed();
        }
    }

    /** The coordinator, once it serves; none while this broker may not lead: another may have its groups and transactions by now, and whoever is answered here would not look for that one. */
    public Optional<A> serving() {
        if (serving.isEmpty()) {
            want();
        }
        return partitions.standing().mayLead() ? serving : Optional.empty();
    }

    private void inService(Partition partition) {
        if (partition.id().topic().equals(kind.topic())) {
            led.put(partition.id().partition(), partition);
            wanted = true;
            changed();
        }
    }

    private void outOfService(Partition partition) {
        if (partition.id().topic().equals(kind.topic()) && led.remove(partition.id().partition(), partition)) {
            changed();
        }
    }

    private void changed() {
        if (wanted && !stopping && pending.compareAndSet(false, true)) {
            control.execute(this::catchUp);
        }
    }

    private void catchUp() {
        pending.set(false);
        if (stopping) {
            return;
        }
        try {
            ClusterView view = metadata.view();
            CoordinatorService<A> running = running(view);
            running.follow(view);
            applyElections(running);
            serving = Optional.of(running.api());
        } catch (RuntimeException | LinkageError e) {
            wanted = service.isPresent();
            log.atError().addKeyValue("coordinator", kind.name()).setCause(e).log("Coordinator could not follow the cluster");
        }
    }

    private CoordinatorService<A> running(ClusterView view) {
        if (service.isEmpty()) {
            int count = view.topic(kind.topic()).map(TopicView::partitions).map(List::size).orElse(kind.partitions());
            service = Optional.of(starter.start(count, new Loads()));
            log.atInfo().addKeyValue("coordinator", kind.name()).addKeyValue("partitions", count).log("Coordinator started");
        }
        return service.get();
    }

    private void applyElections(CoordinatorService<A> running) {
        Map<Integer, Partition> target = Map.copyOf(led);
        for (Map.Entry<Integer, Partition> old : Map.copyOf(elected).entrySet()) {
            if (target.get(old.getKey()) != old.getValue()) {
                resign(running, old.getKey());
                elected.remove(old.getKey());
                failedLoads.remove(old.getKey());
            }
        }
        target.forEach((number, partition) -> {
            if (elected.putIfAbsent(number, partition) == null) {
                running.elected(number, partition.leaderEpoch());
            }
        });
    }

    /** Elects a partition anew whose load failed, as Kafka's coordinators do not try again by themselves. */
    private final class Loads implements LogLoader.Outcome {
        @Override
        public void loaded(TopicPartition partition) {
            failedLoads.remove(partition.partition());
        }

        @Override
        public void failed(Partition partition) {
            int times = failedLoads.merge(partition.id().partition(), 1, Integer::sum);
            if (stopping) {
                return;
            }
            if (times >= MAX_LOADS) {
                log.atError().addKeyValue("partition", partition.id()).addKeyValue("attempts", times).log("A coordinator's partition is out of service: its state could not be read");
            } else {
                control.schedule(() -> electAnew(partition), FIRST_RELOAD_MS << (times - 1), TimeUnit.MILLISECONDS);
            }
        }
    }

    /** Unless another has been elected in its place since. */
    private void electAnew(Partition partition) {
        int number = partition.id().partition();
        if (elected.remove(number, partition)) {
            service.ifPresent(running -> resign(running, number));
            changed();
        }
    }

    /** What is still being loaded for the election that is over must not be taken for the next one's. */
    private void resign(CoordinatorService<A> running, int number) {
        running.loader().drop(new TopicPartition(kind.topic(), number));
        running.resigned(number);
    }

    /** Stops the coordinator before the partitions stop. Blocks, at most about {@value #STOP_TIMEOUT_MS} ms. Idempotent. */
    @Override
    public void close() {
        if (stopping) {
            return;
        }
        stopping = true;
        try {
            control.submit(this::stop).get(STOP_TIMEOUT_MS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            log.atWarn().addKeyValue("coordinator", kind.name()).log("Coordinator did not stop in time; its state is in the log and will be read from there");
        } catch (ExecutionException e) {
            log.atWarn().addKeyValue("coordinator", kind.name()).setCause(e.getCause()).log("Coordinator did not stop cleanly");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            control.shutdownNow();
        }
    }

    private void stop() {
        serving = Optional.empty();
        service.ifPresent(CoordinatorService::stop);
        service = Optional.empty();
    }

    private static ScheduledThreadPoolExecutor controlThread(String name) {
        ScheduledThreadPoolExecutor control = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, name);
            thread.setDaemon(true);
            return thread;
        });
        control.setKeepAliveTime(10, TimeUnit.SECONDS);
        control.allowCoreThreadTimeOut(true);
        // What still comes after close() is of no use any more.
        control.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        return control;
    }
}
