package io.firn.gateway.group;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import io.firn.membership.Metadata;
import io.firn.membership.TopicView;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
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
 * <p>On a failed start: logged, and tried again at the next request for a group.
 *
 * <p>Threading: thread-safe. The library is told of changes only on the control thread, as it may block there for as long as a pending write of a group takes.
 */
public final class GroupCoordination implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(GroupCoordination.class);
    private static final String OFFSETS_TOPIC = Topic.GROUP_METADATA_TOPIC_NAME;
    private static final long STOP_TIMEOUT_MS = 10_000;

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
        this.control = new ScheduledThreadPoolExecutor(1, task -> new Thread(task, "firn-group-control"));
        this.control.setKeepAliveTime(10, TimeUnit.SECONDS);
        this.control.allowCoreThreadTimeOut(true);
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
            int count = view.topic(OFFSETS_TOPIC).map(TopicView::partitions).map(java.util.List::size).orElse(offsetsPartitions);
            service = Optional.of(CoordinatorService.start(brokerId, settings.get(), partitions, clock, count));
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
            }
        }
        target.forEach((number, partition) -> {
            if (elected.putIfAbsent(number, partition) == null) {
                running.elected(number, partition.leaderEpoch());
            }
        });
    }

    /** Stops the coordinator before the partitions stop. Blocks, at most about {@value #STOP_TIMEOUT_MS} ms. */
    @Override
    public void close() {
        stopping = true;
        control.execute(() -> {
            serving = Optional.empty();
            service.ifPresent(CoordinatorService::stop);
        });
        control.shutdown();
        try {
            if (!control.awaitTermination(STOP_TIMEOUT_MS, TimeUnit.MILLISECONDS)) {
                log.atWarn().log("Group coordinator did not stop in time; its state is in the log and will be read from there");
                control.shutdownNow();
            }
        } catch (InterruptedException e) {
            control.shutdownNow();
            Thread.currentThread().interrupt();
        }
    }
}
