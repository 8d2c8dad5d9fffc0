package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerLoad;
import io.firn.membership.Command;
import io.firn.membership.Command.DrainBroker;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Replicas on the move. */
class ReassignmentDecisionsTest {

    private final DecidedCluster cluster = DecidedCluster.of(6, 3);

    private void assertPartition(int leader, List<Integer> replicas, List<Integer> isr, List<Integer> adding, List<Integer> removing) {
        PartitionView partition = cluster.partition("t", 0);
        assertThat(List.of(partition.replicas(), partition.isr(), partition.adding(), partition.removing())).isEqualTo(List.of(replicas, isr, adding, removing));
        assertThat(partition.leader()).isEqualTo(leader);
    }

    @Test
    void aReassignmentEndsWhenWhatItAddsIsInSync() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.accept(DecidedCluster.reassign("t", 0, 3, 4, 2));
        assertPartition(0, List.of(3, 4, 2, 0, 1), List.of(2, 0, 1), List.of(3, 4), List.of(0, 1));
        assertThat(cluster.partition("t", 0).leaderEpoch()).isZero();
        cluster.accept(cluster.isr("t", 0, 0, 1, 2, 3));
        assertPartition(0, List.of(3, 4, 2, 0, 1), List.of(3, 2, 0, 1), List.of(3, 4), List.of(0, 1));
        List<PartitionOutcome> outcomes = cluster.accept(cluster.isr("t", 0, 0, 1, 2, 3, 4));
        assertThat(outcomes.get(0).refusal().orElseThrow().reason()).isEqualTo(Reason.NEW_LEADER_ELECTED);
        assertPartition(3, List.of(3, 4, 2), List.of(3, 4, 2), List.of(), List.of());
        assertThat(cluster.partition("t", 0).leaderEpoch()).isEqualTo(1);
    }

    @Test
    void aLeaderThatStaysGetsANewEpochWhenReplicasAreTakenAway() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.accept(DecidedCluster.reassign("t", 0, 0, 1, 3));
        assertThat(cluster.accept(cluster.isr("t", 0, 0, 1, 2, 3)).get(0).refusal()).isEmpty();
        assertPartition(0, List.of(0, 1, 3), List.of(0, 1, 3), List.of(), List.of());
        assertThat(cluster.partition("t", 0).leaderEpoch()).isEqualTo(1);
    }

    @Test
    void anotherOrderIsThereAtOnceAndTheLeaderStays() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.accept(DecidedCluster.reassign("t", 0, 2, 0, 1));
        assertPartition(0, List.of(2, 0, 1), List.of(2, 0, 1), List.of(), List.of());
        assertThat(cluster.partition("t", 0).leaderEpoch()).isZero();
    }

    @Test
    void theFactorGrowsWhenTheNewOnesAreInSyncAndShrinksOnlyToReplicasInSync() {
        cluster.topic("t", List.of(List.of(0)));
        cluster.accept(DecidedCluster.reassign("t", 0, 0, 1, 2));
        cluster.accept(cluster.isr("t", 0, 0, 1, 2));
        assertPartition(0, List.of(0, 1, 2), List.of(0, 1, 2), List.of(), List.of());
        cluster.accept(cluster.isr("t", 0, 0, 1));
        cluster.accept(DecidedCluster.reassign("t", 0, 2, 1));
        assertPartition(0, List.of(2, 1, 0), List.of(1, 0), List.of(), List.of(0));
        cluster.accept(cluster.isr("t", 0, 0, 1, 2));
        assertPartition(2, List.of(2, 1), List.of(2, 1), List.of(), List.of());
        Command.Reassignment more = new Command.Reassignment(new TopicPartition("t", 0), Optional.of(List.of(2, 1, 3)));
        cluster.refusePartition(Reason.INVALID_REPLICATION_FACTOR, new Command.ReassignPartitions(List.of(more), false));
    }

    @Test
    void cancellingLeadsBack() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.refusePartition(Reason.NO_REASSIGNMENT_IN_PROGRESS, DecidedCluster.cancel("t", 0));
        cluster.accept(DecidedCluster.reassign("t", 0, 3, 4, 5));
        cluster.accept(cluster.isr("t", 0, 0, 1, 2, 3));
        cluster.accept(DecidedCluster.cancel("t", 0));
        assertPartition(0, List.of(0, 1, 2), List.of(0, 1, 2), List.of(), List.of());
        assertThat(cluster.partition("t", 0).leaderEpoch()).as("3 must not go on fetching as a replica").isEqualTo(1);
    }

    @Test
    void aReplacedReassignmentDropsWhatIsNotWantedAnyMoreAndCancellingStillLeadsBack() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.accept(DecidedCluster.reassign("t", 0, 3, 1, 4));
        cluster.accept(cluster.isr("t", 0, 0, 1, 2, 3));
        cluster.accept(DecidedCluster.reassign("t", 0, 5, 1, 4));
        assertPartition(0, List.of(5, 1, 4, 0, 2), List.of(1, 0, 2), List.of(5, 4), List.of(0, 2));
        cluster.accept(DecidedCluster.cancel("t", 0));
        assertThat(cluster.partition("t", 0).replicas()).containsExactlyInAnyOrder(0, 1, 2);
        cluster.accept(DecidedCluster.reassign("t", 0, 3, 1, 2));
        cluster.accept(DecidedCluster.reassign("t", 0, 0, 1, 2));
        assertPartition(0, List.of(0, 1, 2), List.of(0, 1, 2), List.of(), List.of());
    }

    @Test
    void cancellingIsRefusedWhereOnlyTheNewcomersHaveWhatWasAcknowledged() {
        cluster.topic("t", List.of(List.of(0, 1)));
        cluster.accept(DecidedCluster.reassign("t", 0, 2, 3));
        cluster.accept(cluster.isr("t", 0, 0, 2));
        cluster.fence(0);
        assertPartition(2, List.of(2, 3, 0, 1), List.of(2), List.of(2, 3), List.of(0, 1));
        cluster.refusePartition(Reason.INVALID_ASSIGNMENT, DecidedCluster.cancel("t", 0));
        cluster.accept(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "t", Map.of(Cluster.UNCLEAN_ELECTION, Optional.of("true"))));
        cluster.accept(DecidedCluster.cancel("t", 0));
        assertPartition(1, List.of(0, 1), List.of(1), List.of(), List.of());
        assertThat(cluster.partition("t", 0).recovering()).isTrue();
    }

    @Test
    void targetsThatMakeNoSenseAreRefused() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.refusePartition(Reason.INVALID_ASSIGNMENT, DecidedCluster.reassign("t", 0));
        cluster.refusePartition(Reason.INVALID_ASSIGNMENT, DecidedCluster.reassign("t", 0, 1, 1));
        cluster.refusePartition(Reason.INVALID_ASSIGNMENT, DecidedCluster.reassign("t", 0, 1, 9));
        cluster.refusePartition(Reason.UNKNOWN_TOPIC, DecidedCluster.reassign("u", 0, 1));
        cluster.refusePartition(Reason.UNKNOWN_PARTITION, DecidedCluster.reassign("t", 1, 1));
    }

    @Test
    void aDrainedBrokerIsReplacedEvenlyAcrossRacksAndGetsNothingNew() {
        cluster.accept(new Command.CreateTopic(new Uuid(1, 1), "t", 120, 3, Map.of(), Map.of()));
        List<PartitionOutcome> outcomes = cluster.accept(new DrainBroker(5, 1_000));
        assertThat(outcomes).hasSize(60).allMatch(outcome -> outcome.refusal().isEmpty());
        assertThat(cluster.broker(5).draining()).isTrue();
        TopicView topic = cluster.view().topic("t").orElseThrow();
        assertThat(topic.partitions()).allSatisfy(partition -> {
            assertThat(partition.target()).hasSize(3).doesNotHaveDuplicates().doesNotContain(5);
            assertThat(partition.target().stream().map(id -> cluster.broker(id).rack()).distinct()).as("a rack each").hasSize(3);
        });
        // The drained broker's rack has one other broker, which has to take all; nothing else moves.
        assertThat(count(topic, false)).isEqualTo(Map.of(0, 60, 1, 60, 2, 120, 3, 60, 4, 60));
        assertThat(cluster.accept(new DrainBroker(5, 1_000))).as("all is under way").isEmpty();
        cluster.accept(new Command.CreateTopic(new Uuid(1, 2), "u", 30, 3, Map.of(), Map.of()));
        assertThat(cluster.view().topic("u").orElseThrow().partitions()).noneMatch(partition -> partition.replicas().contains(5));
        cluster.accept(new Command.EndDrain(5));
        assertThat(cluster.broker(5).draining()).isFalse();
    }

    @Test
    void withoutRacksWhatADrainedBrokerHadIsSharedByAll() {
        DecidedCluster plain = new DecidedCluster(Policy.cluster(3, false), 4);
        for (int id = 0; id < 5; id++) {
            plain.start(id, Optional.empty());
        }
        plain.accept(new Command.CreateTopic(new Uuid(1, 1), "t", 200, 3, Map.of(), Map.of()));
        plain.accept(new DrainBroker(2, 1_000));
        assertThat(count(plain.view().topic("t").orElseThrow(), false).values()).allSatisfy(replicas -> assertThat(replicas).isBetween(148, 152));
        assertThat(count(plain.view().topic("t").orElseThrow(), true).values()).allSatisfy(leaders -> assertThat(leaders).isBetween(49, 51));
    }

    @Test
    void drainingGoesOnInPartsUntilTheBrokerCanBeForgotten() {
        cluster.topic("t", List.of(List.of(5, 1, 0), List.of(0, 5, 1), List.of(1, 0, 5), List.of(1, 0, 3)));
        Map<TopicPartition, Integer> asked = new HashMap<>();
        for (int round = 0; round < 2; round++) {
            List<PartitionOutcome> moved = cluster.accept(new DrainBroker(5, 2));
            assertThat(cluster.view().reassigning()).isEqualTo(moved.stream().map(PartitionOutcome::partition).toList());
            assertThat(BrokerLoad.of(cluster.view(), 5).replicas()).isEqualTo(round == 0 ? 3 : 1);
            moved.forEach(outcome -> asked.merge(outcome.partition(), 1, Integer::sum));
            for (PartitionOutcome outcome : moved) {
                int number = outcome.partition().partition();
                cluster.accept(cluster.isr("t", number, cluster.partition("t", number).replicas().toArray(Integer[]::new)));
            }
        }
        assertThat(asked).hasSize(3).allSatisfy((name, times) -> assertThat(times).isEqualTo(1));
        assertThat(cluster.view().topic("t").orElseThrow().partitions()).noneMatch(partition -> partition.replicas().contains(5) || partition.reassigning());
        assertThat(BrokerLoad.of(cluster.view(), 5)).isEqualTo(new BrokerLoad(0, 0, 0));
        cluster.fence(5);
        cluster.accept(new Command.UnregisterBroker(5));
    }

    @Test
    void whatNobodyElseCanTakeIsNamedAndStays() {
        DecidedCluster small = DecidedCluster.of(3, 3);
        small.topic("t", List.of(List.of(0, 1, 2)));
        small.topic("u", List.of(List.of(0, 1)));
        List<PartitionOutcome> outcomes = small.accept(new DrainBroker(0, 10));
        assertThat(outcomes.stream().collect(Collectors.toMap(outcome -> outcome.partition().topic(), outcome -> outcome.refusal().map(PartitionOutcome.Refusal::reason))))
                .isEqualTo(Map.of("t", Optional.of(Reason.INVALID_REPLICATION_FACTOR), "u", Optional.empty()));
        assertThat(small.partition("t", 0).reassigning()).isFalse();
        assertThat(small.partition("u", 0).target()).containsExactly(2, 1);
        small.refuse(Reason.UNKNOWN_BROKER, new DrainBroker(9, 1));
        small.refuse(Reason.UNKNOWN_BROKER, new Command.EndDrain(9));
    }

    @Test
    void aTopicThatIsBeingReassignedGrowsByItsTargetsFactor() {
        cluster.topic("t", List.of(List.of(0, 1)));
        cluster.accept(DecidedCluster.reassign("t", 0, 2, 3));
        cluster.accept(new Command.AddPartitions("t", 2, List.of()));
        assertThat(cluster.partition("t", 1).replicas()).hasSize(2);
        cluster.accept(new Command.DeleteTopic(DecidedCluster.id("t")));
        assertThat(cluster.view().topics()).isEmpty();
    }

    private static Map<Integer, Integer> count(TopicView topic, boolean preferredOnly) {
        Map<Integer, Integer> counts = new HashMap<>();
        topic.partitions().forEach(partition -> partition.target().stream().limit(preferredOnly ? 1 : Integer.MAX_VALUE).forEach(id -> counts.merge(id, 1, Integer::sum)));
        return counts;
    }
}
