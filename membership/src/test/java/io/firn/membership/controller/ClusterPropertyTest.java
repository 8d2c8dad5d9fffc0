package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Command.AlterIsr;
import io.firn.membership.Command.ElectLeaders;
import io.firn.membership.Command.ReassignPartitions;
import io.firn.membership.Command.RegisterBroker;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.EntryHash;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionView;
import io.firn.membership.Seeds;
import io.firn.membership.TopicView;
import io.firn.membership.journal.Snapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Random lives of clusters, and after every command the invariants: of each view, of each step from one view to the next, and of each answer. */
class ClusterPropertyTest {

    private static final int BROKERS = 6;

    @Test
    void everyStepOfEveryLifeKeepsTheInvariants() {
        Seeds.forEach(300, seed -> {
            Life life = new Life(seed);
            for (int step = 0; step < 250; step++) {
                life.step();
            }
            Snapshot snapshot = new Snapshot(life.cluster.view(), new EntryHash(1, 2, 3, seed));
            assertThat(Snapshot.decode("s", snapshot.encode())).isEqualTo(snapshot);
        });
    }

    /** The random commands meet what they are meant to: else the invariants above would hold of nothing. */
    @Test
    void theLivesAreNotDull() {
        Set<Object> met = new HashSet<>();
        for (long seed = 0; seed < 100; seed++) {
            Life life = new Life(seed);
            for (int step = 0; step < 250; step++) {
                life.step();
            }
            met.addAll(life.met);
        }
        assertThat(met).contains("accepted RegisterBroker", "accepted ShutDownBroker", "accepted UnregisterBroker", "accepted DrainBroker", "accepted BalanceLeaders", "clean election", "a leader gave up",
                "unclean election", "leaderless", "empty isr", "reassigning", "recovering", "reassigned", "cancelled", "leader moved by a completed reassignment",
                Reason.INELIGIBLE_REPLICA, Reason.FENCED_LEADER_EPOCH, Reason.STALE_PARTITION_EPOCH, Reason.NEW_LEADER_ELECTED, Reason.NOT_CONTROLLER, Reason.STALE_BROKER_EPOCH,
                Reason.DUPLICATE_BROKER, Reason.BROKER_IN_USE, Reason.NOT_CAUGHT_UP, Reason.ELECTION_NOT_NEEDED, Reason.PREFERRED_LEADER_NOT_AVAILABLE,
                Reason.ELIGIBLE_LEADERS_NOT_AVAILABLE, Reason.NO_REASSIGNMENT_IN_PROGRESS, Reason.INVALID_ASSIGNMENT);
    }

    /** One random life, with what must hold remembered beside it. */
    private static final class Life {
        private final RandomGenerator random;
        private final boolean unclean;
        private final DecidedCluster cluster;
        private final Map<Integer, Long> directories = new HashMap<>();
        private final Map<TopicPartition, List<Integer>> targets = new HashMap<>();
        private final Map<TopicPartition, Set<Integer>> origins = new HashMap<>();
        private final Set<Object> met = new HashSet<>();
        private long nextTopic = 1;
        private long nextDirectory = 1;

        Life(long seed) {
            this.random = Seeds.random(seed);
            this.unclean = seed % 5 == 0;
            this.cluster = new DecidedCluster(Policy.cluster(2, unclean), seed);
            for (int id = 0; id < 3; id++) {
                directories.put(id, nextDirectory++);
                cluster.accept(cluster.registration(id, directories.get(id), Optional.of("r" + id)));
                cluster.unfence(id);
            }
        }

        void step() {
            ClusterView before = cluster.view();
            Command command = next();
            Decision decision = cluster.decide(command);
            ClusterView after = cluster.view();
            if (decision instanceof Decision.Refused refused) {
                met.add(refused.reason());
                assertThat(after).isSameAs(before);
                return;
            }
            met.add("accepted " + command.getClass().getSimpleName());
            List<PartitionOutcome> outcomes = ((Decision.Accepted) decision).partitions();
            outcomes.forEach(outcome -> outcome.refusal().ifPresent(refusal -> met.add(refusal.reason())));
            if (command instanceof ReassignPartitions reassign) {
                remember(reassign, outcomes, before, after);
            } else if (command instanceof Command.DrainBroker drain) {
                rememberDrain(drain, outcomes, before, after);
            } else if (command instanceof AlterIsr alter) {
                checkAnswer(alter, outcomes, before, after);
            }
            after.topics().values().forEach(topic -> topic.partitions().forEach(partition -> {
                checkState(after, partition);
                before.topic(topic.id()).filter(was -> partition.partition() < was.partitions().size())
                        .ifPresent(was -> checkStep(command, before, after, topic, was.partitions().get(partition.partition()), partition));
                checkTarget(new TopicPartition(topic.name(), partition.partition()), partition);
            }));
        }

        // ---- what may be asked

        private Command next() {
            int broker = random.nextInt(BROKERS);
            BrokerView view = cluster.broker(broker);
            long epoch = view == null ? 1 : random.nextInt(15) == 0 ? view.epoch() - 1 : view.epoch();
            return switch (random.nextInt(24)) {
                case 0, 1 -> register(broker, view);
                case 2, 3, 4 -> new Command.UnfenceBroker(broker, epoch, random.nextInt(10) == 0 ? 0 : cluster.view().version());
                case 5, 6 -> new Command.FenceBroker(broker, epoch);
                case 7 -> new Command.ShutDownBroker(broker, epoch);
                case 8 -> new Command.UnregisterBroker(broker);
                case 9 -> random.nextBoolean() ? new Command.DrainBroker(broker, random.nextInt(4)) : new Command.EndDrain(broker);
                case 10 -> topic();
                case 11 -> random.nextInt(4) > 0 ? unclean() : new Command.DeleteTopic(anyTopic().map(TopicView::id).orElse(Uuid.ONE_UUID));
                case 12 -> new Command.AddPartitions(anyTopic().map(TopicView::name).orElse("none"), 1 + random.nextInt(6), List.of());
                case 13 -> new ElectLeaders(random.nextInt(3) > 0 ? Command.Election.PREFERRED : Command.Election.UNCLEAN,
                        random.nextBoolean() ? Optional.empty() : Optional.of(List.of(anyPartition())));
                case 14 -> new Command.BalanceLeaders(random.nextInt(60), 1 + random.nextInt(3));
                case 15, 16, 17 -> reassign();
                default -> alterIsr();
            };
        }

        private Command register(int broker, BrokerView view) {
            boolean lost = view == null || view.fenced() && random.nextInt(3) == 0;
            if (lost) {
                directories.put(broker, nextDirectory++);
            }
            boolean second = view != null && !view.fenced() && random.nextBoolean();
            return cluster.registration(broker, second ? nextDirectory++ : directories.get(broker), random.nextInt(4) == 0 ? Optional.empty() : Optional.of("r" + broker % 3));
        }

        private Command topic() {
            long number = nextTopic++;
            return new Command.CreateTopic(new Uuid(1, number), "t" + number, 1 + random.nextInt(3), 1 + random.nextInt(4), Map.of(),
                    random.nextInt(4) == 0 ? Map.of(Cluster.UNCLEAN_ELECTION, "true") : Map.of());
        }

        private Command unclean() {
            Optional<String> value = random.nextInt(3) == 0 ? Optional.empty() : Optional.of(String.valueOf(random.nextInt(3) == 0));
            return random.nextInt(4) == 0 ? new Command.AlterConfigs(Command.ConfigScope.BROKER, "", Map.of(Cluster.UNCLEAN_ELECTION, value))
                    : new Command.AlterConfigs(Command.ConfigScope.TOPIC, anyTopic().map(TopicView::name).orElse("none"), Map.of(Cluster.UNCLEAN_ELECTION, value));
        }

        private Command reassign() {
            List<Command.Reassignment> all = new ArrayList<>();
            for (int i = 1 + random.nextInt(2); i > 0; i--) {
                all.add(new Command.Reassignment(anyPartition(), random.nextInt(4) == 0 ? Optional.empty() : Optional.of(someBrokers())));
            }
            return new ReassignPartitions(all, random.nextInt(4) > 0);
        }

        private List<Integer> someBrokers() {
            List<Integer> ids = new ArrayList<>(cluster.view().brokers().keySet());
            Collections.sort(ids);
            Collections.shuffle(ids, new Random(random.nextLong()));
            return ids.subList(0, Math.min(ids.size(), 1 + random.nextInt(3)));
        }

        /** Mostly what a leader would ask, with all live replicas in sync or some. */
        private Command alterIsr() {
            TopicPartition name = anyPartition();
            Optional<PartitionView> found = cluster.view().partition(name.topic(), name.partition());
            int leader = found.map(PartitionView::leader).filter(id -> id >= 0 && random.nextInt(20) > 0).orElse(random.nextInt(BROKERS));
            boolean givesUp = random.nextInt(15) == 0;
            List<Command.InSync> isr = new ArrayList<>();
            for (int id : found.map(PartitionView::replicas).orElse(List.of())) {
                BrokerView broker = cluster.broker(id);
                if (id == leader ? !givesUp : givesUp || (broker.active() || random.nextInt(12) == 0) && random.nextInt(4) > 0) {
                    isr.add(new Command.InSync(id, random.nextInt(30) == 0 ? broker.epoch() - 1 : random.nextBoolean() ? broker.epoch() : Command.InSync.ANY_EPOCH));
                }
            }
            int leaderEpoch = found.map(PartitionView::leaderEpoch).orElse(0) + off();
            int partitionEpoch = found.map(PartitionView::partitionEpoch).orElse(0) + off();
            BrokerView asking = cluster.broker(leader);
            return new AlterIsr(leader, asking == null ? 1 : asking.epoch(), List.of(new Command.IsrChange(cluster.view().topic(name.topic()).map(TopicView::id).orElse(Uuid.ONE_UUID),
                    name.partition(), leaderEpoch, partitionEpoch, isr, random.nextInt(10) == 0)));
        }

        private int off() {
            return random.nextInt(20) == 0 ? random.nextInt(3) - 1 : 0;
        }

        private Optional<TopicView> anyTopic() {
            List<TopicView> topics = cluster.view().topics().values().stream().sorted((a, b) -> a.name().compareTo(b.name())).toList();
            return topics.isEmpty() ? Optional.empty() : Optional.of(topics.get(random.nextInt(topics.size())));
        }

        private TopicPartition anyPartition() {
            return anyTopic().map(topic -> new TopicPartition(topic.name(), random.nextInt(topic.partitions().size()))).orElse(new TopicPartition("none", 0));
        }

        // ---- what must hold

        private void checkState(ClusterView view, PartitionView partition) {
            assertThat(partition.replicas()).isNotEmpty().doesNotHaveDuplicates();
            assertThat(view.brokers().keySet()).containsAll(partition.replicas());
            assertThat(partition.isr()).as("in sync, in the order of the replicas").isEqualTo(partition.replicas().stream().filter(partition.isr()::contains).toList());
            assertThat(partition.replicas()).containsAll(partition.adding()).containsAll(partition.removing());
            assertThat(Collections.disjoint(partition.adding(), partition.removing())).isTrue();
            List<Integer> active = partition.isr().stream().filter(id -> view.brokers().get(id).active()).toList();
            if (partition.leader() == PartitionView.NO_LEADER) {
                met.add(partition.isr().isEmpty() ? "empty isr" : "leaderless");
                assertThat(active).as("a partition with a live broker in sync has a leader").isEmpty();
                assertThat(partition.isr()).as("the last in sync is kept, and only it").hasSizeLessThanOrEqualTo(1);
            } else {
                assertThat(active).as("the leader and all others in sync are alive").contains(partition.leader()).isEqualTo(partition.isr());
            }
            assertThat(partition.recovering() && partition.isr().size() > 1).as("who recovers is in sync alone").isFalse();
            Stream.of("reassigning", "recovering").filter(what -> what.equals("recovering") ? partition.recovering() : partition.reassigning()).forEach(met::add);
        }

        private void checkStep(Command command, ClusterView before, ClusterView after, TopicView topic, PartitionView was, PartitionView is) {
            if (was.equals(is)) {
                return;
            }
            assertThat(is.partitionEpoch()).as("one change, one epoch").isEqualTo(was.partitionEpoch() + 1);
            boolean newEpoch = was.leader() != is.leader() || !is.replicas().containsAll(was.replicas());
            assertThat(is.leaderEpoch()).isEqualTo(was.leaderEpoch() + (newEpoch ? 1 : 0));
            Set<Integer> inSync = new HashSet<>(was.isr());
            if (command instanceof AlterIsr alter) {
                alter.changes().get(0).isr().forEach(member -> inSync.add(member.broker()));
            }
            if (is.leader() != was.leader() && is.leader() != PartitionView.NO_LEADER) {
                boolean clean = inSync.contains(is.leader());
                boolean allowed = command instanceof ElectLeaders elect && elect.election() == Command.Election.UNCLEAN
                        || Cluster.of(after, Policy.cluster(2, unclean)).uncleanAllowed(topic);
                assertThat(clean || allowed).as("an election from outside the ISR is allowed").isTrue();
                assertThat(clean || is.recovering() && is.isr().equals(List.of(is.leader()))).as("and leaves the new leader alone in sync").isTrue();
                met.add(clean ? "clean election" : "unclean election");
                if (command instanceof AlterIsr alter) {
                    boolean gaveUp = alter.changes().get(0).isr().stream().noneMatch(member -> member.broker() == was.leader());
                    met.add(gaveUp ? "a leader gave up" : "leader moved by a completed reassignment");
                    assertThat(!gaveUp || was.isr().containsAll(was.replicas())).as("one leader after the other gives up").isTrue();
                }
            }
            if (!(command instanceof AlterIsr) && !is.recovering()) {
                assertThat(was.isr()).as("only leaders say who came in sync").containsAll(is.isr());
            }
            if (is.isr().isEmpty() && !was.isr().isEmpty()) {
                assertThat(command).as("nobody is in sync only where the last one lost its disk").isInstanceOf(RegisterBroker.class);
                assertThat(was.isr()).containsExactly(((RegisterBroker) command).id());
            }
        }

        private void checkAnswer(AlterIsr alter, List<PartitionOutcome> outcomes, ClusterView before, ClusterView after) {
            PartitionOutcome outcome = outcomes.get(0);
            Optional<TopicView> topic = after.topic(alter.changes().get(0).topicId());
            if (topic.isEmpty()) {
                return;
            }
            PartitionView was = before.topic(topic.get().id()).orElseThrow().partitions().get(alter.changes().get(0).partition());
            PartitionView is = topic.get().partitions().get(was.partition());
            if (outcome.refusal().isPresent() && outcome.refusal().get().reason() != Reason.NEW_LEADER_ELECTED) {
                assertThat(is).isEqualTo(was);
                return;
            }
            List<Integer> asked = alter.changes().get(0).isr().stream().map(Command.InSync::broker).toList();
            assertThat(asked).allMatch(id -> before.brokers().get(id).active());
            assertThat(is.isr()).containsExactlyInAnyOrderElementsOf(asked.stream().filter(is.replicas()::contains).toList());
            assertThat(is.leader() == alter.leader()).isEqualTo(outcome.refusal().isEmpty());
        }

        private void remember(ReassignPartitions reassign, List<PartitionOutcome> outcomes, ClusterView before, ClusterView after) {
            for (int i = 0; i < outcomes.size(); i++) {
                if (outcomes.get(i).refusal().isPresent()) {
                    continue;
                }
                TopicPartition name = outcomes.get(i).partition();
                PartitionView was = before.partition(name.topic(), name.partition()).orElseThrow();
                PartitionView is = after.partition(name.topic(), name.partition()).orElseThrow();
                Optional<List<Integer>> target = reassign.reassignments().get(i).replicas();
                if (target.isPresent()) {
                    begun(name, was, target.get());
                } else {
                    met.add("cancelled");
                    assertThat(is.reassigning()).isFalse();
                    assertThat(new HashSet<>(is.replicas())).as("cancelling leads back to where it began").isEqualTo(origins.get(name));
                    targets.remove(name);
                }
            }
        }

        private void begun(TopicPartition name, PartitionView was, List<Integer> target) {
            targets.put(name, target);
            // Where only replicas that are not wanted any more are in sync, they stay until the end, and are part of what cancelling leads back to.
            boolean stuck = !was.isr().isEmpty() && was.isr().stream().allMatch(id -> was.adding().contains(id) && !target.contains(id));
            origins.put(name, stuck || !was.reassigning() ? new HashSet<>(was.replicas()) : origins.get(name));
            if (stuck) {
                origins.get(name).removeAll(was.adding().stream().filter(target::contains).toList());
            }
        }

        private void rememberDrain(Command.DrainBroker drain, List<PartitionOutcome> outcomes, ClusterView before, ClusterView after) {
            outcomes.stream().filter(outcome -> outcome.refusal().isEmpty()).forEach(outcome -> {
                TopicPartition name = outcome.partition();
                PartitionView was = before.partition(name.topic(), name.partition()).orElseThrow();
                List<Integer> target = after.partition(name.topic(), name.partition()).orElseThrow().target();
                assertThat(target).doesNotContain(drain.id()).hasSameSizeAs(was.target());
                assertThat(target.stream().filter(id -> !was.target().contains(id)).map(before.brokers()::get)).hasSize(1).allMatch(BrokerView::placeable);
                begun(name, was, target);
            });
        }

        private void checkTarget(TopicPartition name, PartitionView partition) {
            List<Integer> target = targets.get(name);
            if (target == null) {
                assertThat(partition.reassigning()).isFalse();
                return;
            }
            assertThat(partition.target()).as("a reassignment is for its target, and ends with exactly that").isEqualTo(target);
            if (!partition.reassigning()) {
                met.add("reassigned");
                targets.remove(name);
            }
        }
    }
}
