package io.firn.membership.entry;

import io.firn.membership.BrokerView;
import io.firn.membership.ClientSettings;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.DeletedTopic;
import io.firn.membership.DeletedTopics;
import io.firn.membership.PartitionView;
import io.firn.membership.QuotaEntity;
import io.firn.membership.ScramCredential;
import io.firn.membership.ScramMechanism;
import io.firn.membership.TopicChanges;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.pcollections.PMap;

/**
 * How each kind of entry turns one view into the next. Pure functions; each checks what the controller must have made sure of.
 *
 * <p>Cost: O(log of the map) per entry, plus the partitions of the one topic it touches.
 */
final class Evolution {

    private Evolution() {}

    static ClusterView formed(ClusterView view, String clusterId) {
        check(view.clusterId().isEmpty(), "a cluster is formed once");
        return copy(view, clusterId, view.brokers(), view.nextProducerId());
    }

    static ClusterView registered(ClusterView view, BrokerView broker) {
        BrokerView before = view.brokers().get(broker.id());
        boolean again = before != null && before.epoch() == broker.epoch() && before.incarnation().known() && before.incarnation().equals(broker.incarnation());
        check(before == null || before.epoch() < broker.epoch() || again, "a broker's epoch grows");
        return copy(view, view.clusterId(), plus(view.brokers(), broker.id(), broker), view.nextProducerId());
    }

    static ClusterView changedState(ClusterView view, Entry.BrokerStateChanged change) {
        BrokerView broker = registration(view, change.id(), change.epoch()).in(change.fenced(), change.inControlledShutdown(), change.draining());
        return copy(view, view.clusterId(), plus(view.brokers(), broker.id(), broker), view.nextProducerId());
    }

    static ClusterView unregistered(ClusterView view, int id, long epoch) {
        registration(view, id, epoch);
        return copy(view, view.clusterId(), minus(view.brokers(), id), view.nextProducerId());
    }

    private static BrokerView registration(ClusterView view, int id, long epoch) {
        BrokerView broker = view.brokers().get(id);
        check(broker != null && broker.epoch() == epoch, "the broker is registered with this epoch");
        return broker;
    }

    static ClusterView changed(ClusterView view, List<TopicChange> changes) {
        PMap<String, TopicView> topics = (PMap<String, TopicView>) view.topics();
        TopicChanges recent = view.recent();
        for (TopicChange change : changes) {
            recent = recent.plus(view.version() + 1, change.topicId());
            TopicView topic = topics.get(existing(view, change.topicId()).name());
            topics = topics.plus(topic.name(), changed(topic, change.partitions()));
        }
        return topics(view, topics, view.topicNames(), 0, recent);
    }

    private static TopicView changed(TopicView topic, List<PartitionChange> changes) {
        PartitionView[] partitions = topic.partitions().toArray(PartitionView[]::new);
        for (PartitionChange change : changes) {
            check(change.partition() < partitions.length, "the partition exists");
            PartitionView after = change.applyTo(partitions[change.partition()]);
            check(after.leader() == PartitionView.NO_LEADER || after.isr().contains(after.leader()), "a leader is in sync");
            check(after.replicas().containsAll(after.isr()), "who is in sync has a replica");
            partitions[change.partition()] = after;
        }
        return new TopicView(topic.id(), topic.name(), List.of(partitions), topic.configs());
    }

    static ClusterView created(ClusterView view, TopicView topic) {
        check(!view.topics().containsKey(topic.name()) && !view.topicNames().containsKey(topic.id()), "a topic is created once");
        checkNumbered(topic.partitions(), 0);
        return topics(view, plus(view.topics(), topic.name(), topic), plus(view.topicNames(), topic.id(), topic.name()), topic.partitions().size(), view.deleted().minus(topic.id()),
                about(view, topic.id()));
    }

    static ClusterView deleted(ClusterView view, Uuid id) {
        TopicView topic = existing(view, id);
        int leaderEpoch = topic.partitions().stream().mapToInt(PartitionView::leaderEpoch).max().orElse(0);
        DeletedTopics deleted = view.deleted().plus(new DeletedTopic(id, view.version() + 1, leaderEpoch, false));
        return topics(view, minus(view.topics(), topic.name()), minus(view.topicNames(), id), -topic.partitions().size(), deleted, about(view, id));
    }

    static ClusterView deletionsKnown(ClusterView view, List<DeletedTopic> topics) {
        DeletedTopics deleted = view.deleted();
        for (DeletedTopic topic : topics) {
            check(!view.topicNames().containsKey(topic.id()), "a topic that is deleted is not there");
            deleted = deleted.plus(topic);
        }
        return topics(view, view.topics(), view.topicNames(), 0, deleted, view.recent());
    }

    static ClusterView grown(ClusterView view, Uuid id, List<PartitionView> added) {
        TopicView topic = existing(view, id);
        checkNumbered(added, topic.partitions().size());
        List<PartitionView> partitions = new ArrayList<>(topic.partitions().size() + added.size());
        partitions.addAll(topic.partitions());
        partitions.addAll(added);
        TopicView larger = new TopicView(id, topic.name(), partitions, topic.configs());
        return topics(view, plus(view.topics(), topic.name(), larger), view.topicNames(), added.size(), about(view, id));
    }

    static ClusterView configured(ClusterView view, ConfigScope scope, String name, Map<String, Optional<String>> changes) {
        return switch (scope) {
            case TOPIC -> {
                TopicView topic = view.topic(name).orElseThrow(() -> new IllegalStateException("no topic has this name: " + name));
                TopicView changed = new TopicView(topic.id(), name, topic.partitions(), merged(topic.configs(), changes));
                yield topics(view, plus(view.topics(), name, changed), view.topicNames(), 0, about(view, topic.id()));
            }
            case BROKER -> configs(view, reconfigured(view.brokerConfigs(), name.isEmpty() ? ClusterView.ALL_BROKERS : Integer.valueOf(name), changes), view.groupConfigs());
            case GROUP -> configs(view, view.brokerConfigs(), reconfigured(view.groupConfigs(), name, changes));
            case CLIENT_METRICS -> clients(view, new ClientSettings(reconfigured(view.clients().metrics(), name, changes), view.clients().quotas(), view.clients().scram()));
        };
    }

    static ClusterView allocated(ClusterView view, long nextProducerId) {
        check(nextProducerId > view.nextProducerId(), "producer ids are handed out once");
        return copy(view, view.clusterId(), view.brokers(), nextProducerId);
    }

    static ClusterView limited(ClusterView view, QuotaEntity entity, Map<String, Optional<Double>> changes) {
        return clients(view, new ClientSettings(view.clients().metrics(), reconfigured(view.clients().quotas(), entity, changes), view.clients().scram()));
    }

    static ClusterView credited(ClusterView view, String user, ScramMechanism mechanism, Optional<ScramCredential> credential) {
        return clients(view, new ClientSettings(view.clients().metrics(), view.clients().quotas(), reconfigured(view.clients().scram(), user, Map.of(mechanism, credential))));
    }

    /** An element without settings is not kept. */
    private static <K, S, V> Map<K, Map<S, V>> reconfigured(Map<K, Map<S, V>> all, K key, Map<S, Optional<V>> changes) {
        Map<S, V> configs = merged(all.getOrDefault(key, Map.of()), changes);
        return configs.isEmpty() ? minus(all, key) : plus(all, key, configs);
    }

    private static <S, V> Map<S, V> merged(Map<S, V> configs, Map<S, Optional<V>> changes) {
        Map<S, V> merged = new HashMap<>(configs);
        changes.forEach((key, value) -> value.ifPresentOrElse(set -> merged.put(key, set), () -> merged.remove(key)));
        return Map.copyOf(merged);
    }

    /** Of the entry that is being applied, whose version comes next. */
    private static TopicChanges about(ClusterView view, Uuid topic) {
        return view.recent().plus(view.version() + 1, topic);
    }

    private static TopicView existing(ClusterView view, Uuid id) {
        return view.topic(id).orElseThrow(() -> new IllegalStateException("no topic has this id: " + id));
    }

    private static void checkNumbered(List<PartitionView> partitions, int first) {
        check(!partitions.isEmpty(), "there is a partition");
        for (int i = 0; i < partitions.size(); i++) {
            check(partitions.get(i).partition() == first + i, "partitions are numbered without a gap");
        }
    }

    private static void check(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalStateException("entry does not fit the view: " + rule);
        }
    }

    private static <K, V> Map<K, V> plus(Map<K, V> map, K key, V value) {
        return ((PMap<K, V>) map).plus(key, value);
    }

    private static <K, V> Map<K, V> minus(Map<K, V> map, K key) {
        return ((PMap<K, V>) map).minus(key);
    }

    private static ClusterView copy(ClusterView view, String clusterId, Map<Integer, BrokerView> brokers, long nextProducerId) {
        return new ClusterView(view.version(), view.controllerEpoch(), clusterId, brokers, view.topics(), view.topicNames(), view.brokerConfigs(),
                view.groupConfigs(), nextProducerId, view.partitionCount(), view.clients(), view.deleted(), view.recent());
    }

    private static ClusterView topics(ClusterView view, Map<String, TopicView> topics, Map<Uuid, String> names, int morePartitions, TopicChanges recent) {
        return topics(view, topics, names, morePartitions, view.deleted(), recent);
    }

    private static ClusterView topics(ClusterView view, Map<String, TopicView> topics, Map<Uuid, String> names, int morePartitions, DeletedTopics deleted, TopicChanges recent) {
        return new ClusterView(view.version(), view.controllerEpoch(), view.clusterId(), view.brokers(), topics, names, view.brokerConfigs(),
                view.groupConfigs(), view.nextProducerId(), view.partitionCount() + morePartitions, view.clients(), deleted, recent);
    }

    private static ClusterView configs(ClusterView view, Map<Integer, Map<String, String>> brokers, Map<String, Map<String, String>> groups) {
        return new ClusterView(view.version(), view.controllerEpoch(), view.clusterId(), view.brokers(), view.topics(), view.topicNames(), brokers, groups,
                view.nextProducerId(), view.partitionCount(), view.clients(), view.deleted(), view.recent());
    }

    private static ClusterView clients(ClusterView view, ClientSettings clients) {
        return new ClusterView(view.version(), view.controllerEpoch(), view.clusterId(), view.brokers(), view.topics(), view.topicNames(), view.brokerConfigs(),
                view.groupConfigs(), view.nextProducerId(), view.partitionCount(), clients, view.deleted(), view.recent());
    }
}
