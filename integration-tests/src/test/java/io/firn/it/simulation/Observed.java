package io.firn.it.simulation;

import io.firn.gateway.partition.Partition;
import io.firn.membership.ClusterView;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;

/** Everything that must hold, one class each; tells each what it has to know, and looks after every event. */
final class Observed {

    private final Cluster cluster;
    final MetadataInvariant metadata;
    final LogsAgreeInvariant logs;
    final OneLeaderInvariant leaders = new OneLeaderInvariant();
    final NothingGoesBackInvariant progress = new NothingGoesBackInvariant();
    final AcknowledgedInvariant acknowledged = new AcknowledgedInvariant();
    final LeaseInvariant leases;
    final TiersInvariant tiers;
    final ReadCommittedInvariant transactions = new ReadCommittedInvariant();
    final UncleanElectionInvariant unclean;
    final GroupOffsetsInvariant offsets = new GroupOffsetsInvariant();
    private Optional<AssertionError> violation = Optional.empty();

    Observed(Cluster cluster) {
        this.cluster = cluster;
        this.metadata = new MetadataInvariant(cluster);
        this.logs = new LogsAgreeInvariant(new NoDuplicatesInvariant(), acknowledged);
        this.leases = new LeaseInvariant(cluster);
        this.unclean = new UncleanElectionInvariant(cluster);
        this.tiers = new TiersInvariant(cluster, unclean);
    }

    // What is told; inside of production code, which may take any error for its own: so it is kept for the next look

    void shown(Life life, ClusterView view) {
        kept(() -> {
            metadata.shown(life, view);
            leases.shown(view);
            progress.shown(view);
            unclean.shown(view);
        });
    }

    void bucketChanged(String key) {
        kept(() -> tiers.changed(key));
    }

    /** A process tells a client that its batch is committed. */
    void acknowledges(Life life, TopicIdPartition partition, Records.Batch batch) {
        kept(() -> {
            leases.acknowledged(life, partition);
            if (UncleanElectionInvariant.concerns(partition)) {
                life.held(partition).ifPresent(leader -> unclean.acknowledged(leader.leaderEpoch(), batch));
            } else {
                acknowledged.add(partition, batch);
            }
        });
    }

    /** A client is given a committed record. */
    void consumed(TopicIdPartition partition, long offset, long number) {
        if (UncleanElectionInvariant.concerns(partition)) {
            unclean.read(offset, number);
        } else {
            logs.show(partition, offset, number, "a consumer");
        }
    }

    void answersPosition(int position, int atLeast, Partition by) {
        leases.speaks(by);
        offsets.answered(position, atLeast, by, leases.moved(by));
    }

    void kept(Runnable look) {
        try {
            look.run();
        } catch (AssertionError e) {
            violation = violation.or(() -> Optional.of(e));
        }
    }

    void afterEvent() {
        violation.ifPresent(found -> {
            throw found;
        });
        metadata.afterEvent();
        cluster.brokers().forEach(broker -> broker.life.ifPresent(this::afterEvent));
    }

    private void afterEvent(Life life) {
        metadata.afterEvent(life);
        life.held().forEach(partition -> {
            Seen seen = life.seen(partition);
            leaders.look(life, partition, seen);
            progress.look(partition, seen);
            tiers.look(partition, seen);
            if (UncleanElectionInvariant.concerns(partition.id())) {
                unclean.look(partition, seen);
            } else {
                logs.look(partition, seen);
            }
        });
    }

    void atEnd() {
        cluster.partitions().forEach(partition -> acknowledged.atEnd(partition, logs.of(partition)));
        cluster.partitions().forEach(partition -> transactions.atEnd(logs.of(partition), cluster.clients.deletedUpTo(partition)));
        acknowledged.atEnd();
        unclean.atEnd();
        cluster.lives().forEach(metadata::atEnd);
    }

    LogsAgreeInvariant.Shown of(TopicIdPartition partition) {
        return logs.of(partition);
    }
}
