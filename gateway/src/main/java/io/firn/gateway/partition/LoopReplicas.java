package io.firn.gateway.partition;

import io.firn.gateway.api.Timer;
import io.firn.gateway.codec.RecompressionPool;
import io.firn.gateway.config.TopicSettings;
import io.firn.gateway.partition.IsrChanges.Wish;
import io.firn.gateway.peer.FollowerFetcher;
import io.firn.gateway.peer.LeaderLink;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.hot.HotLog;
import io.firn.hot.replication.IsrProposal;
import io.firn.hot.replication.ProposalOutcome;
import io.firn.hot.replication.Replica;
import io.firn.hot.replication.ReplicaSettings;
import io.firn.hot.replication.TierBoundary;
import io.firn.membership.Answer;
import io.firn.retention.RetentionWorker;
import io.firn.retention.TieredLog;
import io.firn.retention.TieredLogConfig;
import io.netty.channel.EventLoop;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The replicas of one event loop, and what they share: ticks, one {@link FollowerFetcher} for each leader, and the way to the controller.
 *
 * <p><b>ISR proposals</b> of a loop are gathered while a command is under way, and go together with the next one; so there is at most one command under way, of at most one proposal for each partition.
 *
 * <p>Threading: confined to the loop.
 */
final class LoopReplicas {

    private static final Logger LOG = LoggerFactory.getLogger(LoopReplicas.class);

    /** Each replica is ticked once per {@code TICK_SLICES * TICK_MS}, a slice of them at a time, to keep the loop even. */
    private static final long TICK_MS = 100;
    private static final int TICK_SLICES = 10;

    /** What all loops share. */
    record Ground(Replication replication, RetentionWorker retention, Partitions partitions, RecompressionPool recompression, ThrottleQuota throttle, InstantSource clock, AtomicInteger failed) {}

    private final Ground ground;
    private final Replication replication;
    private final ViewBrokers brokers;
    private final EventLoop loop;
    private final List<LocalReplica> owned = new ArrayList<>();
    private final Map<Integer, FollowerFetcher> fetchers = new HashMap<>();
    private List<Wish> wishes = new ArrayList<>();
    private boolean asking;
    private int slice;

    LoopReplicas(Ground ground, EventLoop loop) {
        this.ground = ground;
        this.replication = ground.replication();
        this.brokers = new ViewBrokers(replication.view());
        this.loop = loop;
    }

    void begin() {
        loop.scheduleAtFixedRate(this::tick, TICK_MS, TICK_MS, TimeUnit.MILLISECONDS);
    }

    private void tick() {
        long now = ground.clock().millis();
        for (int i = slice; i < owned.size(); i += TICK_SLICES) {
            owned.get(i).tick(now);
        }
        slice = (slice + 1) % TICK_SLICES;
    }

    void add(LocalReplica replica) {
        owned.add(replica);
    }

    void remove(LocalReplica replica) {
        owned.remove(replica);
    }

    // What a replica is made of

    int brokerId() {
        return replication.brokerId();
    }

    Executor executor() {
        return loop;
    }

    long monotonicMs() {
        return replication.monotonicMs().getAsLong();
    }

    void after(long delayMs, Runnable task) {
        Timer.on(loop).after(delayMs, task);
    }

    Partitions partitions() {
        return ground.partitions();
    }

    RecompressionPool recompression() {
        return ground.recompression();
    }

    InstantSource clock() {
        return ground.clock();
    }

    ReplicaSettings settings(TopicSettings topic) {
        return new ReplicaSettings(replication.brokerId(), topic.minInsyncReplicas(), replication.lagMs(), topic.log().tiered());
    }

    Replica replica(TopicIdPartition id, HotLog log, ReplicaSettings settings, LocalReplica local) {
        TierBoundary boundary = ground.retention().boundary(id, loop);
        return new Replica(log, settings, brokers, replication.authority(), boundary, local, replication.monotonicMs(), ground.clock()::millis);
    }

    TieredLog attach(HotLog log, TieredLogConfig config, LongSupplier committedOffset) {
        return ground.retention().attach(log, config, loop, committedOffset);
    }

    CompletableFuture<Void> detach(TieredLog log, boolean deleteCold) {
        return ground.retention().detach(log, deleteCold);
    }

    /** One replica more that can take no role, or one less. */
    void countFailed(int change) {
        ground.failed().addAndGet(change);
    }

    void lostLog(TopicIdPartition id, String reason) {
        replication.onLostLog().accept(id + ": " + reason);
    }

    // Following

    void follow(int leader, LocalReplica replica) {
        fetchers.computeIfAbsent(leader, this::fetcher).add(replica.id(), replica.replica());
    }

    private FollowerFetcher fetcher(int leader) {
        return new FollowerFetcher(replication.brokerId(), replication.brokerEpoch(), leader, LeaderLink.over(replication.peers(), leader, loop), replication.limits(), ground.throttle(), Timer.on(loop), loop);
    }

    void unfollow(int leader, LocalReplica replica) {
        FollowerFetcher fetcher = fetchers.get(leader);
        fetcher.remove(replica.id());
        if (fetcher.isEmpty()) {
            fetchers.remove(leader).close();
        }
    }

    void onReadyToFetch(int leader) {
        fetchers.get(leader).onReady();
    }

    // The controller

    /** Asked for at the end of what the loop has to do now, with what others want by then. What the same replica has asked for and was not sent yet is asked for no more: it wants something else now. */
    void propose(LocalReplica replica, IsrProposal proposal) {
        wishes.removeIf(wish -> wish.replica() == replica);
        wishes.add(new Wish(replica, proposal));
        if (!asking) {
            asking = true;
            loop.execute(this::ask);
        }
    }

    private void ask() {
        List<Wish> asked = wishes;
        wishes = new ArrayList<>();
        if (asked.isEmpty()) {
            asking = false;
            return;
        }
        replication.controller().apply(IsrChanges.command(replication.brokerId(), replication.brokerEpoch().getAsLong(), asked)).whenComplete((answer, failure) -> {
            try {
                loop.execute(() -> answered(asked, answer, failure));
            } catch (RejectedExecutionException stopped) {
                LOG.atDebug().log("An answer about replicas in sync found its loop shut down");
            }
        });
    }

    private void answered(List<Wish> asked, Answer answer, Throwable failure) {
        for (int i = 0; i < asked.size(); i++) {
            Wish wish = asked.get(i);
            ProposalOutcome outcome = failure == null ? IsrChanges.outcome(wish.replica().id(), wish.proposal(), answer, answer.partitions().get(i)) : IsrChanges.outcome(failure);
            LOG.atInfo().addKeyValue("partition", wish.replica().id()).addKeyValue("isr", wish.proposal().isr()).addKeyValue("outcome", outcome).log("Replicas in sync were to change");
            wish.replica().onOutcome(wish.proposal(), outcome);
        }
        ask();
    }
}
