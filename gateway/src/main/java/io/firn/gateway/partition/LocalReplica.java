package io.firn.gateway.partition;

import io.firn.gateway.config.TopicSettings;
import io.firn.hot.HotLog;
import io.firn.hot.replication.IsrProposal;
import io.firn.hot.replication.Placement;
import io.firn.hot.replication.ProposalOutcome;
import io.firn.hot.replication.Replica;
import io.firn.hot.replication.ReplicaListener;
import io.firn.hot.replication.ReplicaSettings;
import io.firn.membership.PartitionView;
import io.firn.retention.TieredLog;
import java.util.HashSet;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A replica on this broker, from the opening of its log to its closing: takes on the roles it is given, and shows a {@link Partition} to the rest of the broker for each.
 *
 * <pre>
 *   placement, newer leader epoch ─▶ the partition of the old role is retired ─▶ the role begins (Replica) ─▶ a new partition is in service
 * </pre>
 *
 * <p><i>Invariants</i>: at most one partition in service; none between two roles, so nobody is acknowledged anything in the name of the old one.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class LocalReplica implements ReplicaListener {

    private static final Logger LOG = LoggerFactory.getLogger(LocalReplica.class);

    private static final long GIVE_UP_AGAIN_MS = 5_000;

    private final TopicIdPartition id;
    private final LoopReplicas loop;
    private final HotLog log;
    private final TieredLog tiered;
    private final Replica replica;
    private TopicSettings settings;
    private boolean placedAsLeader;
    private Optional<PartitionView> placed = Optional.empty();
    private boolean saidLost;
    private boolean saidFailed;
    private boolean countedFailed;
    /** When the controller may be asked to let it give up, by the monotonic clock: again only after a while, should it lead still. */
    private long giveUpFromMs = Long.MIN_VALUE;
    private OptionalInt followed = OptionalInt.empty();
    private Optional<Partition> partition = Optional.empty();
    private final CompletableFuture<Void> shown = new CompletableFuture<>();

    /** To be made on the loop. */
    LocalReplica(TopicIdPartition id, HotLog log, TopicSettings settings, LoopReplicas loop) {
        this.id = id;
        this.log = log;
        this.settings = settings;
        this.loop = loop;
        this.tiered = loop.attach(log, settings.log(), this::lastStableOffset);
        this.replica = loop.replica(id, log, replicaSettings(), this);
        log.onDurable(this::durableAdvanced);
    }

    private ReplicaSettings replicaSettings() {
        return loop.settings(settings);
    }

    private long lastStableOffset() {
        return partition.map(Partition::lastStableOffset).orElse(0L);
    }

    TopicIdPartition id() {
        return id;
    }

    TieredLog tiered() {
        return tiered;
    }

    Replica replica() {
        return replica;
    }

    /** Completes when it has shown its first partition, which an unclean leader does when it has recovered; and when it is closed. */
    CompletableFuture<Void> shown() {
        return shown;
    }

    void configure(TopicSettings changed) {
        settings = changed;
        tiered.reconfigure(changed.log());
        replica.configure(replicaSettings());
        partition.ifPresent(serving -> serving.configure(changed));
    }

    // Roles

    /** What the controller has committed, told in its order. One of an older leader epoch changes nothing. */
    void onPlacement(PartitionView placement) {
        if (placement.leaderEpoch() > replica.leaderEpoch()) {
            retirePartition();
            placedAsLeader = placement.leader() == loop.brokerId();
            saidLost = false;
            saidFailed = false;
        }
        if (placed.filter(before -> before.partitionEpoch() >= placement.partitionEpoch()).isEmpty()) {
            placed = Optional.of(placement);
            giveUpFromMs = Long.MIN_VALUE;
        }
        replica.onPlacement(new Placement(placement.leader(), placement.leaderEpoch(), placement.partitionEpoch(), placement.replicas(), new HashSet<>(placement.isr()), placement.recovering()));
    }

    @Override
    public void onRole() {
        boolean failed = replica.failure().isPresent(); // has to say so, in whatever role
        countFailed(failed);
        boolean leads = replica.leader().isPresent() || placedAsLeader && failed;
        if (leads) {
            tiered.lead(replica.leaderEpoch());
        } else {
            tiered.follow(replica.leaderEpoch());
        }
        if (leads || failed || replica.follower().isPresent()) {
            Partition begun = new Partition(id, tiered, replica, leads, settings, loop.executor(), loop.recompression(), loop.clock());
            partition = Optional.of(begun);
            loop.partitions().put(begun);
            shown.complete(null);
        }
        sayIfLost();
        replica.follower().ifPresent(following -> {
            followed = OptionalInt.of(following.leader());
            loop.follow(following.leader(), this);
        });
    }

    /**
     * Where this replica is the one to lead and cannot, while others are in sync: as long as this process lives, none of them would be elected. If it is the disk, the process has to end. If it is not, but something that nobody
     * thought of, it gives up this partition alone; but the next leader may meet the same, sent by the same client, and then the one after that: so only where all replicas are in sync, which they are not any more before a person
     * has started this broker again.
     */
    private void sayIfLost() {
        if (!placedAsLeader || replica.failure().isEmpty() || placed.isEmpty() || placed.get().isr().size() < 2) {
            return;
        }
        log.offlineReason().ifPresentOrElse(this::sayLost, () -> giveUp(placed.get()));
    }

    private void sayLost(String reason) {
        if (!saidLost) {
            saidLost = true;
            loop.lostLog(id, reason);
        }
    }

    private void giveUp(PartitionView leading) {
        if (!saidFailed) {
            saidFailed = true;
            LOG.atError().addKeyValue("partition", id).addKeyValue("reason", replica.failure().orElseThrow()).log("This broker leads a partition and cannot serve it, nor follow, until it is started again");
        }
        long nowMs = loop.monotonicMs();
        if (nowMs >= giveUpFromMs && leading.isr().containsAll(leading.replicas())) {
            giveUpFromMs = nowMs + GIVE_UP_AGAIN_MS;
            loop.propose(this, IsrProposal.givingUp(loop.brokerId(), leading.leaderEpoch(), leading.partitionEpoch(), leading.replicas()));
        }
    }

    private void countFailed(boolean failed) {
        if (failed != countedFailed) {
            countedFailed = failed;
            loop.countFailed(failed ? 1 : -1);
        }
    }

    private void retirePartition() {
        followed.ifPresent(leader -> loop.unfollow(leader, this));
        followed = OptionalInt.empty();
        Optional<Partition> old = partition;
        partition = Optional.empty();
        old.ifPresent(retiring -> {
            loop.partitions().remove(retiring);
            retiring.retire();
        });
    }

    /** Ends its service. Completes on the loop when nothing here changes the log any more. */
    CompletableFuture<Void> close(boolean deleteCold) {
        retirePartition();
        countFailed(false);
        replica.stop();
        shown.complete(null);
        return loop.detach(tiered, deleteCold);
    }

    // What the replica tells

    private void durableAdvanced() {
        if (partition.isEmpty() || !partition.get().isAppending()) {
            replica.onDurable();
        }
    }

    @Override
    public void onHighWatermark(long offset) {
        partition.ifPresent(serving -> serving.watermarkMoved(offset));
    }

    @Override
    public void onProposal(IsrProposal proposal) {
        loop.propose(this, proposal);
    }

    void onOutcome(IsrProposal proposal, ProposalOutcome outcome) {
        replica.onOutcome(proposal, outcome);
    }

    @Override
    public void onReadyToFetch() {
        followed.ifPresent(loop::onReadyToFetch);
    }

    @Override
    public void onTickWanted(long delayMs) {
        loop.after(delayMs, () -> guarded(replica::tick));
    }

    // Upkeep

    /** Seals by age, expires producers, looks after followers and those who wait. */
    void tick(long nowMs) {
        guarded(() -> {
            log.tick(nowMs);
            replica.tick();
            partition.ifPresent(serving -> serving.tick(nowMs));
            countFailed(replica.failure().isPresent());
            sayIfLost();
        });
    }

    /** A failure of one must not end the ticking of all: the loop runs a periodic task no more once it has thrown. */
    private void guarded(Runnable upkeep) {
        try {
            upkeep.run();
        } catch (RuntimeException e) {
            LOG.atError().addKeyValue("partition", id).setCause(e).log("Upkeep of a partition failed");
        }
    }
}
