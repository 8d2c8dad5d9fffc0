package io.firn.gateway.group;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumer groups: the life of Kafka's coordinator library over Firn's partitions.
 *
 * <p>States: <b>idle</b> (nothing asked for a group yet and this broker leads no partition of {@code __consumer_offsets}; the library is not even loaded, which keeps
 * start-up fast) → <b>starting</b> (on the control thread) → <b>serving</b> → <b>stopped</b>. Until it serves, requests get retriable errors.
 *
 * <p>What the coordinator is to know (led partitions, cluster view, group configs) is held here as it should be, and one task on the control thread brings the library
 * to it. Any number of changes are one task, so nothing queues up. A partition object that was replaced by another (topic deleted and created again) counts as resigned and elected.
 *
 * <p>On a failed start: logged, and tried again at the next request for a group. On a failed load of a partition: see {@link #MAX_LOADS}; until then its groups get
 * NOT_COORDINATOR.
 *
 * <p>Threading: thread-safe. The library is told of changes only on the control thread, as it may block there for as long as a pending write of a group takes.
 */
public final class GroupCoordination implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GroupCoordination.class);
    private static final String OFFSETS_TOPIC = Topic.GROUP_METADATA_TOPIC_NAME;
    private static final long STOP_TIMEOUT_MS = 10_000;
    /** Loads of one partition in a row that may fail; the time between them doubles from {@link #FIRST_RELOAD_MS}, to about two minutes at the end. */
    private static final int MAX_LOADS = 8;
    private static final long FIRST_RELOAD_MS = 1_000;

    private final int brokerId;
    private final int offsetsPartitions;
    private final Supplier<GroupSettings> settings;
    private final Metadata metadata;
    private final Partitions partitions;
    private final InstantSource clock;
    private final ScheduledThreadPoolExecutor control;

    // As it should be.
    private final Map<Integer, Partition> led = new ConcurrentHashMap<>();
    private final AtomicBoolean pending = new AtomicBoolean();
    private volatile boolean wanted;
    private volatile boolean stopping;

    private volatile Optional<GroupCoordinator> serving = Optional.empty();
    private final Map<Integer, Integer> failedLoads = new ConcurrentHashMap<>();

    // As the library knows it; confined to the control thread.
    private final MetadataMirror mirror;
    private final Map<Integer, Partition> elected = new HashMap<>();
    private Map<String, Map<String, String>> groupConfigs = Map.of();
    private Optional<CoordinatorService> service = Optional.empty();

    /**
     * @param offsetsPartitions partitions {@code __consumer_offsets} will get, while it does not exist
     * @param settings made at most once, when the coordinator starts
     */
    public GroupCoordination(int brokerId, int offsetsPartitions, Supplier<GroupSettings> settings, Metadata metadata, Partitions partitions, InstantSource clock) {
        this.brokerId = brokerId;
        this.offsetsPartitions = offsetsPartitions;
        this.settings = settings;
        this.metadata = metadata;
        this.partitions = partitions;
        this.clock = clock;
        this.mirror = new MetadataMirror(clock::millis);
        this.control = controlThread();
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

    /** The coordinator, once it serves. */
    Optional<GroupCoordinator> serving() {
        if (serving.isEmpty()) {
            want();
        }
        return serving;
    }

    private void inService(Partition partition) {
        if (partition.id().topic().equals(OFFSETS_TOPIC)) {
            led.put(partition.id().partition(), partition);
            wanted = true;
            changed();
        }
    }

    private void outOfService(Partition partition) {
        if (partition.id().topic().equals(OFFSETS_TOPIC) && led.remove(partition.id().partition(), partition)) {
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
            CoordinatorService running = running(view);
            mirror.advance(view).ifPresent(running::metadata);
            applyGroupConfigs(running, view.groupConfigs());
            applyElections(running);
            serving = Optional.of(running.api());
        } catch (RuntimeException | LinkageError e) {
            wanted = service.isPresent();
            log.atError().setCause(e).log("Group coordinator could not follow the cluster");
        }
    }

    private CoordinatorService running(ClusterView view) {
        if (service.isEmpty()) {
            int count = view.topic(OFFSETS_TOPIC).map(TopicView::partitions).map(List::size).orElse(offsetsPartitions);
            service = Optional.of(CoordinatorService.start(brokerId, settings.get(), partitions, clock, new Loads(), count));
            log.atInfo().addKeyValue("offsetsPartitions", count).log("Group coordinator started");
        }
        return service.get();
    }

    private void applyGroupConfigs(CoordinatorService running, Map<String, Map<String, String>> next) {
        if (next == groupConfigs) {
            return;
        }
        Set<String> groups = new HashSet<>(groupConfigs.keySet());
        groups.addAll(next.keySet());
        for (String group : groups) {
            Map<String, String> configs = next.getOrDefault(group, Map.of());
            if (!configs.equals(groupConfigs.getOrDefault(group, Map.of()))) {
                running.groupConfig(group, configs);
            }
        }
        groupConfigs = next;
    }

    private void applyElections(CoordinatorService running) {
        Map<Integer, Partition> target = Map.copyOf(led);
        for (Map.Entry<Integer, Partition> old : Map.copyOf(elected).entrySet()) {
            if (target.get(old.getKey()) != old.getValue()) {
                running.resigned(old.getKey());
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

    /** Elects a partition anew whose load failed, as the library does not try again by itself. */
    private final class Loads implements LogLoader.Outcome {
        @Override
        public void loaded(TopicPartition partition) {
            failedLoads.remove(partition.partition());
        }

        @Override
        public void failed(TopicPartition tp) {
            int times = failedLoads.merge(tp.partition(), 1, Integer::sum);
            if (stopping) {
                return;
            }
            if (times >= MAX_LOADS) {
                log.atError().addKeyValue("partition", tp).addKeyValue("attempts", times).log("Groups of a partition are out of service: their state could not be read");
            } else {
                control.schedule(() -> electAnew(tp.partition()), FIRST_RELOAD_MS << (times - 1), TimeUnit.MILLISECONDS);
            }
        }
    }

    private void electAnew(int number) {
        if (elected.remove(number) != null) {
            service.ifPresent(running -> running.resigned(number));
            changed();
        }
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
            log.atWarn().log("Group coordinator did not stop in time; its state is in the log and will be read from there");
        } catch (ExecutionException e) {
            log.atWarn().setCause(e.getCause()).log("Group coordinator did not stop cleanly");
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

    private static ScheduledThreadPoolExecutor controlThread() {
        ScheduledThreadPoolExecutor control = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "firn-group-control");
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
