package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.DeletedTopic;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.Uuid;

/**
 * Decides the creation, growth and deletion of topics. Immutable.
 *
 * <p>A new partition's leader is its first replica that is alive, and its in-sync replicas are all that are: an empty log is in sync with itself.
 */
final class TopicDecisions {

    private final Policy policy;
    private final ConfigDecisions configs;

    TopicDecisions(Policy policy) {
        this.policy = policy;
        this.configs = new ConfigDecisions(policy);
    }

    Decision restore(ClusterView view, Command.RestoreTopic restore, RandomGenerator random) {
        Optional<DeletedTopic> deleted = view.deleted().find(restore.id());
        Optional<Decision> refusal = checkName(view, restore.name()).or(() -> checkId(view, restore.id())).or(() -> deleted.filter(DeletedTopic::buried).map(TopicDecisions::buried))
                .or(() -> configs.checkNew(restore.configs()));
        if (refusal.isPresent()) {
            return refusal.get();
        }
        int leaderEpoch = Math.max(restore.leaderEpoch(), deleted.map(known -> known.leaderEpoch() + 1).orElse(0));
        Placed placed = placeNew(view, restore.partitions(), restore.replicationFactor(), random);
        return placed.refusal().orElseGet(() -> Decision.accept(new Entry.TopicCreated(new TopicView(restore.id(), restore.name(),
                partitions(view, 0, placed.replicas()).stream().map(partition -> recovering(partition, leaderEpoch)).toList(), restore.configs()))));
    }

    private static Decision buried(DeletedTopic topic) {
        return Decision.refuse(Reason.INVALID_TOPIC, "the topic of the id " + topic.id() + " was deleted, and what is left of it in the bucket is being deleted too");
    }

    /** The others have to fetch what the leader finds in the bucket, as any replica that is behind. */
    private static PartitionView recovering(PartitionView placed, int leaderEpoch) {
        return new PartitionView(placed.partition(), placed.leader(), leaderEpoch, 0, placed.replicas(), List.of(placed.leader()), List.of(), List.of(), true);
    }

    Decision create(ClusterView view, Command.CreateTopic create, RandomGenerator random) {
        Optional<Decision> refusal = checkName(view, create.name()).or(() -> checkId(view, create.id())).or(() -> configs.checkNew(create.configs()));
        if (refusal.isPresent()) {
            return refusal.get();
        }
        Placed placed = create.assignments().isEmpty() ? placeNew(view, create.partitions(), create.replicationFactor(), random) : checkManual(view, create);
        return placed.refusal().orElseGet(
                () -> Decision.accept(new Entry.TopicCreated(new TopicView(create.id(), create.name(), partitions(view, 0, placed.replicas()), create.configs()))));
    }

    Decision delete(ClusterView view, Command.DeleteTopic delete) {
        if (view.topic(delete.id()).isEmpty()) {
            return Decision.refuse(Reason.UNKNOWN_TOPIC, "there is no topic with id " + delete.id());
        }
        return Decision.accept(new Entry.TopicDeleted(delete.id()));
    }

    Decision bury(ClusterView view, Command.BuryTopics bury) {
        List<DeletedTopic> buried = bury.ids().stream().distinct().flatMap(id -> view.deleted().find(id).stream()).filter(topic -> !topic.buried())
                .map(topic -> new DeletedTopic(topic.id(), topic.version(), topic.leaderEpoch(), true)).toList();
        return new Decision.Accepted(buried.isEmpty() ? List.of() : List.of(new Entry.DeletionsKnown(buried)));
    }

    Decision grow(ClusterView view, Command.AddPartitions add, RandomGenerator random) {
        Optional<TopicView> found = view.topic(add.name());
        if (found.isEmpty()) {
            return Decision.refuse(Reason.UNKNOWN_TOPIC, "there is no topic named " + add.name());
        }
        TopicView topic = found.get();
        int current = topic.partitions().size();
        if (add.totalPartitions() <= current) {
            return Decision.refuse(Reason.INVALID_PARTITIONS, "topic " + add.name() + " has " + current + " partitions, " + add.totalPartitions() + " would not be more");
        }
        Placed placed = checkCount(view, current, add.totalPartitions()).map(Placed::no).orElseGet(() -> placeMore(view, topic, add, random));
        return placed.refusal().orElseGet(() -> Decision.accept(new Entry.PartitionsAdded(topic.id(), partitions(view, current, placed.replicas()))));
    }

    private static Optional<Decision> checkName(ClusterView view, String name) {
        if (view.topics().containsKey(name)) {
            return Optional.of(Decision.refuse(Reason.TOPIC_EXISTS, "topic " + name + " exists already"));
        }
        return TopicNames.colliding(view.topics().keySet(), name)
                .map(other -> Decision.refuse(Reason.INVALID_TOPIC, "topic " + name + " would look like the existing topic " + other + " in metric names"));
    }

    private static Optional<Decision> checkId(ClusterView view, Uuid id) {
        return view.topic(id).map(other -> Decision.refuse(Reason.TOPIC_EXISTS, "topic " + other.name() + " has the id " + id + " already"));
    }

    private Optional<Decision> checkCount(ClusterView view, int current, int total) {
        if (total < 1 || total > policy.maxPartitionsPerTopic()) {
            return Optional.of(Decision.refuse(Reason.INVALID_PARTITIONS, "a topic has 1 to " + policy.maxPartitionsPerTopic() + " partitions, not " + total));
        }
        if (view.partitionCount() + (total - current) > policy.maxPartitions()) {
            return Optional.of(Decision.refuse(Reason.LIMIT_EXCEEDED, "the cluster has " + view.partitionCount() + " of at most " + policy.maxPartitions() + " partitions"));
        }
        return Optional.empty();
    }

    private Placed placeNew(ClusterView view, int count, int replicationFactor, RandomGenerator random) {
        int factor = replicationFactor == -1 ? policy.defaultReplicationFactor() : replicationFactor;
        return checkCount(view, 0, count).map(Placed::no).orElseGet(() -> place(view, 0, count, factor, random));
    }

    private static Placed place(ClusterView view, int first, int end, int factor, RandomGenerator random) {
        List<BrokerView> live = view.brokers().values().stream().filter(BrokerView::placeable).toList();
        List<BrokerView> rest = view.brokers().values().stream().filter(broker -> !broker.active() && !broker.draining()).toList();
        if (live.isEmpty()) {
            return Placed.no(Decision.refuse(Reason.INVALID_REPLICATION_FACTOR, "no broker may get replicas: all are fenced, about to stop or being drained"));
        }
        if (factor < 1 || factor > live.size() + rest.size()) {
            return Placed.no(Decision.refuse(Reason.INVALID_REPLICATION_FACTOR,
                    "replication factor " + factor + " is not between 1 and the number of brokers that may get replicas, " + (live.size() + rest.size())));
        }
        return Placed.on(Placement.place(live, rest, first, end, factor, random.nextInt(live.size() * live.size())));
    }

    private Placed checkManual(ClusterView view, Command.CreateTopic create) {
        int count = create.assignments().size();
        if (create.partitions() > 0 && create.partitions() != count) {
            return Placed.no(Decision.refuse(Reason.INVALID_PARTITIONS, create.partitions() + " partitions were asked for but " + count + " assigned"));
        }
        List<List<Integer>> replicas = new ArrayList<>(count);
        for (int partition = 0; partition < count; partition++) {
            List<Integer> assigned = create.assignments().get(partition);
            if (assigned == null) {
                return Placed.no(Decision.refuse(Reason.INVALID_ASSIGNMENT, "partitions must be numbered from 0 without a gap; " + partition + " is missing"));
            }
            replicas.add(assigned);
        }
        return checkCount(view, 0, count).or(() -> checkReplicas(view, replicas, replicas.get(0).size())).map(Placed::no).orElseGet(() -> Placed.on(replicas));
    }

    private static Placed placeMore(ClusterView view, TopicView topic, Command.AddPartitions add, RandomGenerator random) {
        int current = topic.partitions().size();
        int factor = topic.partitions().get(0).target().size();
        if (add.newAssignments().isEmpty()) {
            return place(view, current, add.totalPartitions(), factor, random);
        }
        if (add.newAssignments().size() != add.totalPartitions() - current) {
            return Placed.no(Decision.refuse(Reason.INVALID_ASSIGNMENT, add.newAssignments().size() + " assignments were given for " + (add.totalPartitions() - current) + " new partitions"));
        }
        return checkReplicas(view, add.newAssignments(), factor).map(Placed::no).orElseGet(() -> Placed.on(add.newAssignments()));
    }

    private static Optional<Decision> checkReplicas(ClusterView view, List<List<Integer>> assignments, int factor) {
        return assignments.stream().flatMap(replicas -> wrong(view, replicas, factor).stream()).findFirst()
                .map(what -> Decision.refuse(Reason.INVALID_ASSIGNMENT, what));
    }

    private static Optional<String> wrong(ClusterView view, List<Integer> replicas, int factor) {
        if (replicas.isEmpty() || replicas.size() != factor) {
            return Optional.of("every partition of a topic has the same number of replicas, at least one; " + replicas + " differs");
        }
        if (new HashSet<>(replicas).size() != replicas.size()) {
            return Optional.of("a broker is named twice in " + replicas);
        }
        Optional<Integer> unknown = replicas.stream().filter(id -> !view.brokers().containsKey(id)).findFirst();
        if (unknown.isPresent()) {
            return Optional.of("there is no broker " + unknown.get());
        }
        return replicas.stream().noneMatch(id -> view.brokers().get(id).active()) ? Optional.of("all brokers of " + replicas + " are fenced or about to stop") : Optional.empty();
    }

    /** In sync are those that are active: neither fenced nor about to stop. */
    private static List<PartitionView> partitions(ClusterView view, int first, List<List<Integer>> assignments) {
        Map<List<Integer>, List<Integer>> shared = new HashMap<>();
        List<PartitionView> partitions = new ArrayList<>(assignments.size());
        for (int i = 0; i < assignments.size(); i++) {
            List<Integer> replicas = shared.computeIfAbsent(List.copyOf(assignments.get(i)), same -> same);
            List<Integer> live = replicas.stream().filter(id -> view.brokers().get(id).active()).toList();
            List<Integer> isr = live.size() == replicas.size() ? replicas : live;
            partitions.add(new PartitionView(first + i, isr.get(0), 0, 0, replicas, isr));
        }
        return partitions;
    }

    /** Either where the partitions go or why they cannot. */
    private record Placed(List<List<Integer>> replicas, Optional<Decision> refusal) {

        static Placed on(List<List<Integer>> replicas) {
            return new Placed(replicas, Optional.empty());
        }

        static Placed no(Decision refusal) {
            return new Placed(List.of(), Optional.of(refusal));
        }
    }
}
