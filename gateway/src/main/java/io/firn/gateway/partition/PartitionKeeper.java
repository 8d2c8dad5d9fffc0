package io.firn.gateway.partition;

import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.TopicSettings;
import io.firn.gateway.wire.EventLoops;
import io.firn.hot.HotLog;
import io.firn.hot.HotStore;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.retention.RetentionWorker;
import io.firn.retention.TieredLog;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiFunction;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the partitions in service on this broker equal to what the cluster view says it leads.
 *
 * <p>Life of a partition here: absent → opening (log opened or recovered on the hot tier's pool) → in service → closing (waiters
 * told, background work stopped, files and objects deleted) → absent. Each step is chained behind the one before it, so a topic that is
 * deleted while it opens, created again while it is deleted, or configured while it opens is handled in order.
 *
 * <p><b>On crash</b>: a topic deleted in the view whose files were not deleted yet is found by {@link #start} as a directory that
 * no topic claims, and deleted then.
 *
 * <p>Threading: {@link #start} and {@link #apply} are called from one thread at a time (the metadata thread); what they begin
 * ends on the partitions' loops.
 */
public final class PartitionKeeper {

    private static final Logger LOG = LoggerFactory.getLogger(PartitionKeeper.class);

    /** Each partition is ticked once per {@code TICK_SLICES * TICK_MS}, a slice of them at a time, to keep the loop even. */
    private static final long TICK_MS = 100;
    private static final int TICK_SLICES = 10;

    private final int brokerId;
    private final HotStore hot;
    private final RetentionWorker retention;
    private final EventLoops loops;
    private final Partitions partitions;
    private final BiFunction<ClusterView, TopicView, TopicSettings> configs;
    private final RecompressionPool recompression;
    private final InstantSource clock;
    private final Map<TopicIdPartition, CompletableFuture<Partition>> steps = new ConcurrentHashMap<>();
    private final Map<TopicPartition, CompletableFuture<?>> closing = new ConcurrentHashMap<>();
    private final Map<EventLoop, LoopShare> shares = new ConcurrentHashMap<>();
    private volatile boolean stopped;

    /** The partitions of one loop; confined to it. */
    private final class LoopShare {
        private final List<Partition> owned = new ArrayList<>();
        private int slice;

        void tick() {
            long now = clock.millis();
            for (int i = slice; i < owned.size(); i += TICK_SLICES) {
                tick(owned.get(i), now);
            }
            slice = (slice + 1) % TICK_SLICES;
        }

        /** A failure of one must not end the ticking of all: the loop runs a periodic task no more once it has thrown. */
        private void tick(Partition partition, long now) {
            try {
                partition.tick(now);
            } catch (RuntimeException e) {
                LOG.atError().addKeyValue("partition", partition.id()).setCause(e).log("Upkeep of a partition failed");
            }
        }
    }

    public PartitionKeeper(int brokerId, HotStore hot, RetentionWorker retention, EventLoops loops, Partitions partitions,
            BiFunction<ClusterView, TopicView, TopicSettings> configs, RecompressionPool recompression, InstantSource clock) {
        this.brokerId = brokerId;
        this.hot = hot;
        this.retention = retention;
        this.loops = loops;
        this.partitions = partitions;
        this.configs = configs;
        this.recompression = recompression;
        this.clock = clock;
    }

    /** Opens what the view says, deletes what no topic claims; completes when all are in service (or offline with a reason). */
    public CompletableFuture<Void> start(ClusterView view) {
        Set<TopicIdPartition> claimed = new HashSet<>();
        List<CompletableFuture<Partition>> opening = new ArrayList<>();
        for (TopicView topic : view.topics().values()) {
            for (TopicIdPartition id : ledHere(topic).keySet()) {
                claimed.add(id);
            }
        }
        for (TopicIdPartition id : hot.onDisk()) {
            if (!claimed.contains(id)) {
                LOG.atInfo().addKeyValue("partition", id).log("Deleting the files of a partition whose topic was deleted");
                closing(id, hot.delete(id));
            }
        }
        view.topics().values().forEach(topic -> open(view, topic, opening));
        return CompletableFuture.allOf(opening.toArray(CompletableFuture[]::new));
    }

    /** Brings about what changed from {@code previous} to {@code next}. */
    public void apply(ClusterView previous, ClusterView next) {
        if (stopped) {
            return;
        }
        for (TopicView before : previous.topics().values()) {
            TopicView after = next.topics().get(before.name());
            if (after == null || !after.id().equals(before.id())) {
                ledHere(before).keySet().forEach(id -> close(id, true));
            }
        }
        boolean defaultsChanged = !previous.brokerConfigs().equals(next.brokerConfigs());
        for (TopicView after : next.topics().values()) {
            TopicView before = previous.topics().get(after.name());
            if (before != after) {
                open(next, after, new ArrayList<>());
            }
            boolean same = before != null && before.id().equals(after.id());
            if (same && (defaultsChanged || !before.configs().equals(after.configs()))) {
                reconfigure(next, after);
            }
        }
    }

    /** Completes when this broker serves every partition of the topic that it leads. */
    public CompletableFuture<Void> whenInService(TopicView topic) {
        return CompletableFuture.allOf(ledHere(topic).keySet().stream().map(steps::get).filter(Objects::nonNull).toArray(CompletableFuture[]::new));
    }

    private Map<TopicIdPartition, PartitionView> ledHere(TopicView topic) {
        Map<TopicIdPartition, PartitionView> led = new HashMap<>();
        for (PartitionView partition : topic.partitions()) {
            if (partition.leader() == brokerId) {
                led.put(new TopicIdPartition(topic.id(), partition.partition(), topic.name()), partition);
            }
        }
        return led;
    }

    private void open(ClusterView view, TopicView topic, List<CompletableFuture<Partition>> opening) {
        TopicSettings config = configs.apply(view, topic);
        ledHere(topic).forEach((id, placement) -> {
            if (!steps.containsKey(id)) {
                CompletableFuture<Partition> step = opened(id, config, placement.leaderEpoch());
                steps.put(id, step);
                opening.add(step);
            }
        });
    }

    private CompletableFuture<Partition> opened(TopicIdPartition id, TopicSettings config, int leaderEpoch) {
        EventLoop loop = loops.loopOf(id);
        CompletableFuture<?> predecessor = closing.getOrDefault(id.topicPartition(), CompletableFuture.completedFuture(null));
        return predecessor.thenCompose(gone -> hot.openOrCreate(id, config.log().hot(), loop))
                .thenApplyAsync(log -> inService(id, log, config, leaderEpoch, loop), loop)
                .exceptionally(failed -> logFailure(id, "open", failed));
    }

    private Partition inService(TopicIdPartition id, HotLog log, TopicSettings config, int leaderEpoch, EventLoop loop) {
        Partition[] made = new Partition[1];
        TieredLog tiered = retention.attach(log, config.log(), leaderEpoch, loop, () -> made[0] == null ? 0 : made[0].lastStableOffset());
        Partition partition = new Partition(id, tiered, config, leaderEpoch, loop, recompression, clock);
        made[0] = partition;
        share(loop).owned.add(partition);
        partitions.put(partition);
        return partition;
    }

    private LoopShare share(EventLoop loop) {
        return shares.computeIfAbsent(loop, owner -> {
            LoopShare share = new LoopShare();
            owner.scheduleAtFixedRate(share::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
            return share;
        });
    }

    private void close(TopicIdPartition id, boolean delete) {
        CompletableFuture<Partition> step = steps.remove(id);
        if (step == null) {
            return;
        }
        EventLoop loop = loops.loopOf(id);
        closing(id, step
                .thenComposeAsync(partition -> partition == null ? CompletableFuture.completedFuture(null) : outOfService(partition, loop, delete), loop)
                .thenComposeAsync(gone -> delete ? hot.delete(id) : CompletableFuture.completedFuture(null), loop));
    }

    /** A topic of the same name may only come after this; a failure is logged and does not hold it up. */
    private void closing(TopicIdPartition id, CompletableFuture<Void> end) {
        CompletableFuture<?> logged = end.handle((done, failed) -> logFailure(id, "close", failed));
        closing.put(id.topicPartition(), logged);
        logged.thenRun(() -> closing.remove(id.topicPartition(), logged));
    }

    private CompletableFuture<Void> outOfService(Partition partition, EventLoop loop, boolean deleteCold) {
        share(loop).owned.remove(partition);
        partitions.remove(partition);
        partition.retire();
        return retention.detach(partition.log(), deleteCold);
    }

    /** Behind the opening and earlier changes, so that none is lost and the last one counts. */
    private void reconfigure(ClusterView view, TopicView topic) {
        TopicSettings config = configs.apply(view, topic);
        ledHere(topic).keySet().forEach(id -> steps.computeIfPresent(id, (same, step) ->
                step.thenApplyAsync(partition -> reconfigured(partition, config), loops.loopOf(id))));
    }

    private static Partition reconfigured(Partition partition, TopicSettings config) {
        if (partition != null) {
            try {
                partition.configure(config);
            } catch (RuntimeException e) {
                LOG.atError().addKeyValue("partition", partition.id()).setCause(e).log("Partition keeps its former settings");
            }
        }
        return partition;
    }

    /** Takes every partition out of service, deleting nothing; completes when no background work is left, deletions begun earlier included. */
    public CompletableFuture<Void> stop() {
        stopped = true;
        List<CompletableFuture<?>> stopping = new ArrayList<>(closing.values());
        for (TopicIdPartition id : steps.keySet()) {
            CompletableFuture<Partition> step = steps.remove(id);
            if (step != null) {
                EventLoop loop = loops.loopOf(id);
                stopping.add(step.thenComposeAsync(partition -> partition == null ? CompletableFuture.completedFuture(null)
                        : outOfService(partition, loop, false), loop));
            }
        }
        return CompletableFuture.allOf(stopping.toArray(CompletableFuture[]::new));
    }

    private static Partition logFailure(TopicIdPartition id, String action, Throwable failed) {
        if (failed != null) {
            LOG.atError().addKeyValue("partition", id).addKeyValue("action", action).setCause(failed).log("Partition could not be opened or closed");
        }
        return null;
    }
}
