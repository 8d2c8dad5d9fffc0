package io.firn.gateway.coordinator;

import io.firn.gateway.api.Features;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.FeatureLevelRecord;
import org.apache.kafka.common.metadata.PartitionChangeRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RegisterBrokerRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.common.metadata.UnregisterBrokerRecord;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.image.MetadataProvenance;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * The cluster view as the metadata image the coordinator library takes.
 *
 * <p>Each step is the difference of two views, replayed on the image before: deleted topics are known to the library only from that. A
 * topic comes with all its partitions in one step, as the library needs partition numbers without gaps.
 *
 * <p>Threading: confined to the coordinator's control thread.
 */
public final class MetadataMirror {
    private final LongSupplier clockMs;
    private Optional<ClusterView> applied = Optional.empty();
    private MetadataImage image = MetadataImage.EMPTY;

    public MetadataMirror(LongSupplier clockMs) {
        this.clockMs = clockMs;
    }

    /** What the library is told of one step. */
    public record Step(MetadataDelta delta, MetadataImage image) {}

    /** The step from the view applied last to {@code next}; empty when nothing in it concerns coordinators. */
    public Optional<Step> advance(ClusterView next) {
        MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
        boolean changed = applied.map(previous -> changes(previous, next, delta)).orElseGet(() -> first(next, delta));
        applied = Optional.of(next);
        if (!changed) {
            return Optional.empty();
        }
        image = delta.apply(new MetadataProvenance(next.version(), next.controllerEpoch(), clockMs.getAsLong(), true));
        return Optional.of(new Step(delta, image));
    }

    public MetadataImage image() {
        return image;
    }

    private static boolean first(ClusterView view, MetadataDelta delta) {
        delta.replay(new FeatureLevelRecord().setName(MetadataVersion.FEATURE_NAME).setFeatureLevel(MetadataVersion.LATEST_PRODUCTION.featureLevel()));
        Features.all().stream().filter(feature -> !feature.name().equals(MetadataVersion.FEATURE_NAME))
                .forEach(feature -> delta.replay(new FeatureLevelRecord().setName(feature.name()).setFeatureLevel((short) feature.level())));
        view.brokers().values().forEach(broker -> delta.replay(registration(broker)));
        view.topics().values().forEach(topic -> add(topic, delta));
        return true;
    }

    private static boolean changes(ClusterView previous, ClusterView next, MetadataDelta delta) {
        boolean changed = previous.brokers() != next.brokers() && brokers(previous, next, delta);
        return previous.topics() == next.topics() ? changed : topics(previous, next, delta) || changed;
    }

    private static boolean brokers(ClusterView previous, ClusterView next, MetadataDelta delta) {
        boolean changed = false;
        for (BrokerView broker : previous.brokers().values()) {
            if (!next.brokers().containsKey(broker.id())) {
                delta.replay(new UnregisterBrokerRecord().setBrokerId(broker.id()).setBrokerEpoch(broker.epoch()));
                changed = true;
            }
        }
        for (BrokerView broker : next.brokers().values()) {
            if (!broker.equals(previous.brokers().get(broker.id()))) {
                delta.replay(registration(broker));
                changed = true;
            }
        }
        return changed;
    }

    /** Looks at those that may have changed, at all only when that is not known. What is gone goes first: its name may be taken again. */
    private static boolean topics(ClusterView previous, ClusterView next, MetadataDelta delta) {
        Set<Uuid> candidates = next.topicsChangedSince(previous.version()).orElseGet(() -> {
            Set<Uuid> all = new HashSet<>(previous.topicNames().keySet());
            all.addAll(next.topicNames().keySet());
            return all;
        });
        boolean changed = false;
        for (Uuid id : candidates) {
            if (previous.topicNames().containsKey(id) && !next.topicNames().containsKey(id)) {
                delta.replay(new RemoveTopicRecord().setTopicId(id));
                changed = true;
            }
        }
        for (Uuid id : candidates) {
            changed |= next.topic(id).filter(after -> topic(previous.topic(id), after, delta)).isPresent();
        }
        return changed;
    }

    private static boolean topic(Optional<TopicView> before, TopicView after, MetadataDelta delta) {
        if (before.isEmpty()) {
            add(after, delta);
            return true;
        }
        return before.get() != after && partitions(before.get(), after, delta);
    }

    private static boolean partitions(TopicView before, TopicView after, MetadataDelta delta) {
        boolean changed = false;
        for (PartitionView partition : after.partitions()) {
            if (partition.partition() >= before.partitions().size()) {
                delta.replay(added(after.id(), partition));
                changed = true;
            } else if (!partition.equals(before.partitions().get(partition.partition()))) {
                delta.replay(new PartitionChangeRecord().setTopicId(after.id()).setPartitionId(partition.partition()).setLeader(partition.leader())
                        .setReplicas(partition.replicas()).setIsr(partition.isr()));
                changed = true;
            }
        }
        return changed;
    }

    private static void add(TopicView topic, MetadataDelta delta) {
        delta.replay(new TopicRecord().setName(topic.name()).setTopicId(topic.id()));
        topic.partitions().forEach(partition -> delta.replay(added(topic.id(), partition)));
    }

    private static PartitionRecord added(Uuid topicId, PartitionView partition) {
        return new PartitionRecord().setTopicId(topicId).setPartitionId(partition.partition()).setReplicas(partition.replicas()).setIsr(partition.isr())
                .setLeader(partition.leader()).setLeaderEpoch(partition.leaderEpoch()).setPartitionEpoch(partition.partitionEpoch());
    }

    /** Addresses are answered from the view. A single broker has not said which life of it this is. */
    private static RegisterBrokerRecord registration(BrokerView broker) {
        Uuid process = broker.incarnation().known() ? broker.incarnation().process() : new Uuid(0, broker.id() + 1L);
        return new RegisterBrokerRecord().setBrokerId(broker.id()).setBrokerEpoch(broker.epoch()).setIncarnationId(process)
                .setRack(broker.rack().orElse(null)).setFenced(broker.fenced()).setInControlledShutdown(broker.inControlledShutdown());
    }
}
