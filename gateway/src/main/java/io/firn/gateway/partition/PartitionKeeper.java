package io.firn.gateway.partition;

import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.TopicSettings;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.gateway.wire.EventLoops;
import io.firn.hot.HotLog;
import io.firn.hot.HotStore;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.retention.RetentionWorker;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the replicas on this broker equal to what the cluster view says: which there are, and which of them lead.
 *
 * <p>Life of a replica here: absent → opening (log opened or recovered on the hot tier's pool) → here, in one role after the other ({@link LocalReplica}) → closing (waiters
 * told, background work stopped, files and objects deleted) → absent. Each step is chained behind the one before it, so a topic that is
 * deleted while it opens, created again while it is deleted, or configured while it opens is handled in order.
 *
 * <p>What is deleted: the files of a replica that the view does not name any more; the objects of a deleted topic by one broker, the one that led last. If that one is dead, they are left to the sweep of topics that are gone.
 *
 * <p><b>On crash</b>: a replica that is gone from the view and whose files were not deleted yet is found by {@link #start} as a directory that nobody claims, and deleted then.
 *
 * <p><b>Cost</b> of a change: a look at each topic's reference, and at each partition's of the topics that have changed.
 *
 * <p>Threading: thread-safe. Views may come from any thread: whoever brings one works it off, unless somebody is doing so already, who then takes it on. What is begun ends on the partitions' loops.
 */
public final class PartitionKeeper {

    private static final Logger LOG = LoggerFactory.getLogger(PartitionKeeper.class);

    private final int brokerId;
    private final HotStore hot;
    private final EventLoops loops;
    private final BiFunction<ClusterView, TopicView, TopicSettings> configs;
    private final LoopReplicas.Ground ground;
    private final Map<TopicIdPartition, CompletableFuture<Optional<LocalReplica>>> steps = new ConcurrentHashMap<>();
    private final Map<TopicPartition, CompletableFuture<?>> closing = new ConcurrentHashMap<>();
    private final Map<EventLoop, LoopReplicas> byLoop = new ConcurrentHashMap<>();
    private final Optional<WatermarkSaver> saver;

    private final AtomicReference<ClusterView> newest = new AtomicReference<>(ClusterView.EMPTY);
    private final AtomicInteger turns = new AtomicInteger();
    private final CompletableFuture<CompletableFuture<Void>> opened = new CompletableFuture<>();
    private volatile boolean started;
    private volatile boolean stopped;

    /** What was brought about. Confined to whoever has the turn. */
    private ClusterView applied = ClusterView.EMPTY;

    public PartitionKeeper(Replication replication, HotStore hot, RetentionWorker retention, EventLoops loops, Partitions partitions,
            BiFunction<ClusterView, TopicView, TopicSettings> configs, RecompressionPool recompression, InstantSource clock) {
        this.brokerId = replication.brokerId();
        this.hot = hot;
        this.loops = loops;
        this.configs = configs;
        this.ground = new LoopReplicas.Ground(replication, retention, partitions, recompression,
                new ThrottleQuota(ThrottleQuota.Side.FOLLOWER, replication.brokerId(), replication.view(), replication.monotonicMs()), clock, new AtomicInteger());
        this.saver = replication.saveEveryMs().map(everyMs -> new WatermarkSaver(hot, everyMs));
    }

    /**
     * Opens what the view says, deletes what nobody claims; completes when all are here (or offline with a reason). In a cluster the view has to be one that shows this process' registration: placements of an earlier
     * life of this broker may speak of leaderships that others have by now.
     */
    public CompletableFuture<Void> start(ClusterView view) {
        saver.ifPresent(WatermarkSaver::start);
        offer(view);
        started = true;
        turn();
        return opened.thenCompose(all -> all);
    }

    /** How many replicas here can neither lead nor follow until the broker is started again. */
    public int failedReplicas() {
        return ground.failed().get();
    }

    /** Brings {@code next} about, whatever came before; one that comes before {@link #start}, with it. */
    public void apply(ClusterView next) {
        offer(next);
        if (started) {
            turn();
        }
    }

    private void offer(ClusterView view) {
        newest.accumulateAndGet(view, (now, offered) -> offered.version() > now.version() ? offered : now);
    }

    private void turn() {
        if (turns.getAndIncrement() > 0) {
            return;
        }
        int seen = 1;
        while (seen > 0) {
            try {
                bringAbout(newest.get());
            } catch (RuntimeException e) {
                LOG.atError().setCause(e).log("The partitions could not be brought in line with the cluster view; it is tried again with the next one");
            }
            seen = turns.addAndGet(-seen);
        }
    }

    private void bringAbout(ClusterView next) {
        if (stopped || opened.isDone() && next == applied) {
            return;
        }
        boolean first = !opened.isDone();
        if (first) {
            deleteUnclaimed(next);
        }
        for (TopicView before : applied.topics().values()) {
            TopicView after = next.topics().get(before.name());
            if (after == null || !after.id().equals(before.id())) {
                before.partitions().stream().filter(this::isHere).forEach(gone -> close(id(before, gone), true, ledLast(gone)));
            }
        }
        boolean defaultsChanged = !applied.brokerConfigs().equals(next.brokerConfigs());
        for (TopicView after : next.topics().values()) {
            Optional<TopicView> before = Optional.ofNullable(applied.topics().get(after.name())).filter(same -> same.id().equals(after.id()));
            if (before.isEmpty() || before.get() != after) {
                place(next, before, after);
            }
            if (before.isPresent() && (defaultsChanged || !before.get().configs().equals(after.configs()))) {
                reconfigure(next, after);
            }
        }
        applied = next;
        if (first) {
            opened.complete(all(steps.values()));
        }
    }

    private void deleteUnclaimed(ClusterView view) {
        Set<TopicIdPartition> claimed = new HashSet<>();
        view.topics().values().forEach(topic -> topic.partitions().stream().filter(this::isHere).forEach(partition -> claimed.add(id(topic, partition))));
        for (TopicIdPartition id : hot.onDisk()) {
            if (!claimed.contains(id)) {
                LOG.atInfo().addKeyValue("partition", id).log("Deleting the files of a partition whose topic was deleted, or that was moved away");
                closing(id, hot.delete(id));
            }
        }
    }

    /** Completes when this broker serves every partition of the topic that it leads. */
    public CompletableFuture<Void> whenInService(TopicView topic) {
        return all(topic.partitions().stream().filter(partition -> partition.leader() == brokerId).map(partition -> steps.get(id(topic, partition))).filter(Objects::nonNull)
                .map(step -> step.thenCompose(found -> found.map(LocalReplica::shown).orElse(CompletableFuture.completedFuture(null)))).toList());
    }

    private static CompletableFuture<Void> all(Iterable<? extends CompletableFuture<?>> futures) {
        List<CompletableFuture<?>> list = new ArrayList<>();
        futures.forEach(list::add);
        return CompletableFuture.allOf(list.toArray(CompletableFuture[]::new));
    }

    private boolean isHere(PartitionView partition) {
        return partition.replicas().contains(brokerId);
    }

    private boolean ledLast(PartitionView partition) {
        boolean leaderless = partition.leader() == PartitionView.NO_LEADER;
        return partition.leader() == brokerId || leaderless && !partition.isr().isEmpty() && partition.isr().get(0) == brokerId;
    }

    private static TopicIdPartition id(TopicView topic, PartitionView partition) {
        return new TopicIdPartition(topic.id(), partition.partition(), topic.name());
    }

    // Placement

    private void place(ClusterView view, Optional<TopicView> before, TopicView after) {
        Optional<TopicSettings> settings = Optional.empty();
        for (PartitionView now : after.partitions()) {
            Optional<PartitionView> was = before.filter(topic -> now.partition() < topic.partitions().size()).map(topic -> topic.partitions().get(now.partition()));
            if (was.isPresent() && was.get() == now) {
                continue;
            }
            TopicIdPartition id = id(after, now);
            if (!isHere(now)) {
                close(id, true, false);
            } else if (steps.containsKey(id)) {
                change(id, replica -> replica.onPlacement(now));
            } else {
                settings = settings.or(() -> Optional.of(configs.apply(view, after)));
                open(id, settings.get(), now);
            }
        }
    }

    private void open(TopicIdPartition id, TopicSettings settings, PartitionView placement) {
        EventLoop loop = loops.loopOf(id);
        CompletableFuture<?> predecessor = closing.getOrDefault(id.topicPartition(), CompletableFuture.completedFuture(null));
        steps.put(id, predecessor.thenCompose(gone -> hot.openOrCreate(id, settings.log().hot(), loop))
                .thenApplyAsync(log -> Optional.of(here(id, log, settings, placement, loop)), loop)
                .exceptionally(failed -> logFailure(id, "open", failed)));
    }

    private LocalReplica here(TopicIdPartition id, HotLog log, TopicSettings settings, PartitionView placement, EventLoop loop) {
        LoopReplicas replicas = replicasOf(loop);
        LocalReplica replica = new LocalReplica(id, log, settings, replicas);
        replicas.add(replica);
        replica.onPlacement(placement);
        return replica;
    }

    private LoopReplicas replicasOf(EventLoop loop) {
        return byLoop.computeIfAbsent(loop, owner -> {
            LoopReplicas replicas = new LoopReplicas(ground, owner);
            replicas.begin();
            return replicas;
        });
    }

    /** Behind the opening and earlier changes, so that none is lost and the last one counts. */
    private void change(TopicIdPartition id, Consumer<LocalReplica> what) {
        UnaryOperator<Optional<LocalReplica>> change = found -> {
            try {
                found.ifPresent(what);
            } catch (RuntimeException e) {
                LOG.atError().addKeyValue("partition", id).setCause(e).log("A change of a partition failed");
            }
            return found;
        };
        steps.computeIfPresent(id, (same, step) -> step.thenApplyAsync(change, loops.loopOf(id)));
    }

    private void reconfigure(ClusterView view, TopicView topic) {
        TopicSettings settings = configs.apply(view, topic);
        topic.partitions().stream().filter(this::isHere).forEach(partition -> change(id(topic, partition), replica -> replica.configure(settings)));
    }

    // The end

    private void close(TopicIdPartition id, boolean delete, boolean deleteCold) {
        CompletableFuture<Optional<LocalReplica>> step = steps.remove(id);
        if (step == null) {
            return;
        }
        EventLoop loop = loops.loopOf(id);
        closing(id, step.thenComposeAsync(found -> gone(found, loop, deleteCold), loop).thenComposeAsync(gone -> delete ? hot.delete(id) : CompletableFuture.completedFuture(null), loop));
    }

    /** A topic of the same name may only come after this; a failure is logged and does not hold it up. */
    private void closing(TopicIdPartition id, CompletableFuture<Void> end) {
        CompletableFuture<?> logged = end.handle((done, failed) -> failed == null ? Optional.empty() : logFailure(id, "close", failed));
        closing.put(id.topicPartition(), logged);
        logged.thenRun(() -> closing.remove(id.topicPartition(), logged));
    }

    private CompletableFuture<Void> gone(Optional<LocalReplica> found, EventLoop loop, boolean deleteCold) {
        if (found.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        replicasOf(loop).remove(found.get());
        return found.get().close(deleteCold);
    }

    /** Takes every replica out of service, deleting nothing; completes when no background work is left, deletions begun earlier included. */
    public CompletableFuture<Void> stop() {
        stopped = true;
        saver.ifPresent(WatermarkSaver::close);
        List<CompletableFuture<?>> stopping = new ArrayList<>(closing.values());
        for (TopicIdPartition id : steps.keySet()) {
            CompletableFuture<Optional<LocalReplica>> step = steps.remove(id);
            if (step != null) {
                EventLoop loop = loops.loopOf(id);
                stopping.add(step.thenComposeAsync(found -> gone(found, loop, false), loop));
            }
        }
        return all(stopping);
    }

    private static Optional<LocalReplica> logFailure(TopicIdPartition id, String action, Throwable failed) {
        LOG.atError().addKeyValue("partition", id).addKeyValue("action", action).setCause(failed).log("Partition could not be opened or closed");
        return Optional.empty();
    }
}
