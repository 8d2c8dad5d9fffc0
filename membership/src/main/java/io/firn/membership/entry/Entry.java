package io.firn.membership.entry;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.DeletedTopic;
import io.firn.membership.PartitionView;
import io.firn.membership.QuotaEntity;
import io.firn.membership.ScramCredential;
import io.firn.membership.ScramMechanism;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;

/**
 * One committed change. Immutable.
 *
 * <p>Entries carry what was decided, never what was asked: replaying them needs no clock, no chance and no limits. A snapshot of a view is a list of
 * entries too ({@link ViewEntries}). Applying an entry that does not fit the view throws {@link IllegalStateException}: then journal and program disagree,
 * and going on would let brokers drift apart.
 */
public sealed interface Entry {

    /** The view with this change; pure. Version and controller epoch stay, they belong to the journal record around the entry. */
    ClusterView applyTo(ClusterView view);

    /** The very first entry: the cluster has an identity. */
    record ClusterFormed(String clusterId) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.formed(view, clusterId);
        }
    }

    /** A controller's first entry; its epoch is in the record. After it no earlier controller can commit. */
    record ControllerElected() implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return view;
        }
    }

    record BrokerRegistered(BrokerView broker) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.registered(view, broker);
        }
    }

    /** A broker is fenced, about to stop or being drained, or is so no more. */
    record BrokerStateChanged(int id, long epoch, boolean fenced, boolean inControlledShutdown, boolean draining) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.changedState(view, this);
        }
    }

    record BrokerUnregistered(int id, long epoch) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.unregistered(view, id, epoch);
        }
    }

    /** Leaders, in-sync replicas or replicas of partitions that exist. A topic is named once. */
    record PartitionsChanged(List<TopicChange> topics) implements Entry {
        public PartitionsChanged {
            topics = List.copyOf(topics);
        }

        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.changed(view, topics);
        }
    }

    record TopicCreated(TopicView topic) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.created(view, topic);
        }
    }

    record TopicDeleted(Uuid id) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.deleted(view, id);
        }
    }

    /** What is to be known of topics that were deleted: that they can never be restored any more; in a snapshot all that is. */
    record DeletionsKnown(List<DeletedTopic> topics) implements Entry {
        public DeletionsKnown {
            topics = List.copyOf(topics);
        }

        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.deletionsKnown(view, topics);
        }
    }

    /** @param partitions numbered on from the topic's last one */
    record PartitionsAdded(Uuid topicId, List<PartitionView> partitions) implements Entry {
        public PartitionsAdded {
            partitions = List.copyOf(partitions);
        }

        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.grown(view, topicId, partitions);
        }
    }

    /**
     * Overrides set or removed.
     *
     * @param name topic name, group id, name of a client metrics subscription, broker id in decimal digits, or "" for the cluster-wide broker defaults
     * @param changes present: the new value; empty: no override any more
     */
    record ConfigsChanged(ConfigScope scope, String name, Map<String, Optional<String>> changes) implements Entry {
        public ConfigsChanged {
            changes = Map.copyOf(changes);
        }

        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.configured(view, scope, name, changes);
        }
    }

    /** @param changes by the limit's name; present: the new value; empty: no such limit any more */
    record ClientQuotasChanged(QuotaEntity entity, Map<String, Optional<Double>> changes) implements Entry {
        public ClientQuotasChanged {
            changes = Map.copyOf(changes);
        }

        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.limited(view, entity, changes);
        }
    }

    /** @param credential empty: there is none any more */
    record ScramCredentialChanged(String user, ScramMechanism mechanism, Optional<ScramCredential> credential) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.credited(view, user, mechanism, credential);
        }
    }

    /** @param nextProducerId first id after the block */
    record ProducerIdsAllocated(long nextProducerId) implements Entry {
        @Override
        public ClusterView applyTo(ClusterView view) {
            return Evolution.allocated(view, nextProducerId);
        }
    }
}
