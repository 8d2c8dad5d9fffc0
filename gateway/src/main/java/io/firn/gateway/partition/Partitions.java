package io.firn.gateway.partition;

import io.firn.membership.ClusterView;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partitions in service on this broker: those it leads, which are meant where nothing else is said, and those it follows.
 *
 * <p>Threading: thread-safe; lookups take no lock. Changes are made by {@link PartitionKeeper} alone.
 */
public final class Partitions {

    private static final Logger LOG = LoggerFactory.getLogger(Partitions.class);

    /** A partition, or the Kafka error that says why there is none here. */
    public record Found(Partition partition, Errors error) {}

    private final Supplier<ClusterView> view;
    private final Standing standing;
    private final Map<TopicPartition, Partition> byName = new ConcurrentHashMap<>();
    private final Map<TopicIdPartition, Partition> byId = new ConcurrentHashMap<>();
    private final Map<TopicIdPartition, Partition> followed = new ConcurrentHashMap<>();
    private final List<Consumer<Partition>> added = new CopyOnWriteArrayList<>();
    private final List<Consumer<Partition>> removed = new CopyOnWriteArrayList<>();

    /** Of a broker that is alone. */
    public Partitions(Supplier<ClusterView> view) {
        this(view, Standing.ALONE);
    }

    public Partitions(Supplier<ClusterView> view, Standing standing) {
        this.view = view;
        this.standing = standing;
    }

    /** What this broker may say for those it leads. */
    public Standing standing() {
        return standing;
    }

    public Optional<Partition> find(String topic, int partition) {
        return Optional.ofNullable(byName.get(new TopicPartition(topic, partition)));
    }

    /**
     * Finds by id when there is one or no name, else by name; answers as Apache Kafka does when it is not here: UNKNOWN_TOPIC_ID,
     * UNKNOWN_TOPIC_OR_PARTITION, or NOT_LEADER_OR_FOLLOWER for one that exists but is not (yet) served by this broker.
     */
    public Found locate(TopicIdPartition wanted) {
        Partition partition = byId.get(wanted);
        if (partition != null) {
            return new Found(partition, Errors.NONE);
        }
        boolean withId = !wanted.topicId().equals(Uuid.ZERO_UUID) || wanted.topic() == null;
        Optional<TopicView> topic = withId ? view.get().topic(wanted.topicId()) : view.get().topic(wanted.topic());
        if (topic.isEmpty()) {
            return new Found(null, withId ? Errors.UNKNOWN_TOPIC_ID : Errors.UNKNOWN_TOPIC_OR_PARTITION);
        }
        if (wanted.partition() < 0 || wanted.partition() >= topic.get().partitions().size()) {
            return new Found(null, Errors.UNKNOWN_TOPIC_OR_PARTITION);
        }
        partition = byName.get(new TopicPartition(topic.get().name(), wanted.partition()));
        boolean same = partition != null && partition.id().topicId().equals(topic.get().id());
        return same ? new Found(partition, Errors.NONE) : new Found(null, Errors.NOT_LEADER_OR_FOLLOWER);
    }

    /** Whether as many replicas are in sync as acks=all needs: {@code min.insync.replicas}, or all where the partition has fewer (as Kafka 4 counts). */
    public boolean enoughInSync(Partition partition) {
        int wanted = partition.settings().minInsyncReplicas();
        if (wanted <= 1) {
            return true;
        }
        Optional<TopicView> topic = view.get().topic(partition.id().topicId());
        return topic.map(found -> found.partitions().get(partition.id().partition())).map(placed -> placed.isr().size() >= Math.min(wanted, placed.replicas().size())).orElse(true);
    }

    public Collection<Partition> all() {
        return List.copyOf(byName.values());
    }

    /** Those this broker has a replica of, whether it leads or follows. */
    public List<Partition> hosted() {
        List<Partition> hosted = new ArrayList<>(byName.values());
        hosted.addAll(followed.values());
        return hosted;
    }

    /** Those this broker follows. */
    public Collection<Partition> followed() {
        return List.copyOf(followed.values());
    }

    /** As {@link #locate}, and a partition that this broker follows is found too: for readers who take what is committed from any replica (KIP-392). */
    public Found readable(TopicIdPartition wanted) {
        Found led = locate(wanted);
        if (led.error() != Errors.NOT_LEADER_OR_FOLLOWER || followed.isEmpty()) {
            return led;
        }
        Optional<TopicView> topic = wanted.topic() == null ? view.get().topic(wanted.topicId()) : view.get().topic(wanted.topic());
        Optional<Partition> found = topic.map(named -> followed.get(new TopicIdPartition(named.id(), wanted.partition(), named.name())));
        return found.map(partition -> new Found(partition, Errors.NONE)).orElse(led);
    }

    /** Told of each partition that this broker begins to lead, on its loop, beginning now. Each leadership is another object. */
    public void onAdded(Consumer<Partition> listener) {
        added.add(listener);
    }

    /** Told of each partition that this broker leads no more, on its loop. */
    public void onRemoved(Consumer<Partition> listener) {
        removed.add(listener);
    }

    void put(Partition partition) {
        if (!partition.leads()) {
            followed.put(partition.id(), partition);
            return;
        }
        byName.put(partition.id().topicPartition(), partition);
        byId.put(partition.id(), partition);
        tell(added, partition);
    }

    void remove(Partition partition) {
        followed.remove(partition.id(), partition);
        byId.remove(partition.id(), partition);
        if (byName.remove(partition.id().topicPartition(), partition)) {
            tell(removed, partition);
        }
    }

    /** A listener that fails is logged; the partition's coming or going is a fact, and the others have to know it. */
    private static void tell(List<Consumer<Partition>> listeners, Partition partition) {
        for (Consumer<Partition> listener : listeners) {
            try {
                listener.accept(partition);
            } catch (RuntimeException e) {
                LOG.atError().addKeyValue("partition", partition.id()).setCause(e).log("A listener for partitions in service failed");
            }
        }
    }
}
