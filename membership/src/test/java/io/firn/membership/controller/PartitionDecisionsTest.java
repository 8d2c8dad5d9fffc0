package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.Command;
import io.firn.membership.Command.AlterIsr;
import io.firn.membership.Command.BalanceLeaders;
import io.firn.membership.Command.Election;
import io.firn.membership.Command.ElectLeaders;
import io.firn.membership.Command.InSync;
import io.firn.membership.Command.IsrChange;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Who is in sync and who leads. */
class PartitionDecisionsTest {

    private final DecidedCluster cluster = DecidedCluster.of(4, 2);

    private AlterIsr ask(int leader, int leaderEpochMore, int partitionEpochMore, boolean recovering, InSync... isr) {
        PartitionView partition = cluster.partition("t", 0);
        return new AlterIsr(leader, cluster.broker(leader).epoch(),
                List.of(new IsrChange(DecidedCluster.id("t"), 0, partition.leaderEpoch() + leaderEpochMore, partition.partitionEpoch() + partitionEpochMore, List.of(isr), recovering)));
    }

    private static InSync any(int broker) {
        return new InSync(broker, InSync.ANY_EPOCH);
    }

    @Test
    void theLeaderShrinksAndExpandsTheIsrWithoutANewLeaderEpoch() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.accept(cluster.isr("t", 0, 0, 2));
        assertThat(cluster.partition("t", 0)).isEqualTo(new PartitionView(0, 0, 0, 1, List.of(0, 1, 2), List.of(0, 2)));
        cluster.accept(cluster.isr("t", 0, 2, 1, 0));
        assertThat(cluster.partition("t", 0)).isEqualTo(new PartitionView(0, 0, 0, 2, List.of(0, 1, 2), List.of(0, 1, 2)));
        long version = cluster.view().version();
        assertThat(cluster.accept(cluster.isr("t", 0, 0, 1, 2)).get(0).refusal()).isEmpty();
        assertThat(cluster.view().version()).as("nothing changes, nothing is written").isEqualTo(version);
    }

    @Test
    void changesOfThePastAreFencedByTheirEpochs() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.fence(0);
        cluster.start(0, Optional.of("r0"));
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new AlterIsr(1, cluster.broker(1).epoch() - 1, List.of()));
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new AlterIsr(9, 1, List.of()));
        cluster.refusePartition(Reason.FENCED_LEADER_EPOCH, ask(1, -1, 0, false, any(1)));
        cluster.refusePartition(Reason.STALE_PARTITION_EPOCH, ask(1, 0, -1, false, any(1)));
        cluster.refusePartition(Reason.NOT_CONTROLLER, ask(1, 1, 0, false, any(1)));
        cluster.refusePartition(Reason.NOT_CONTROLLER, ask(1, 0, 1, false, any(1)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(2, 0, 0, false, any(2)));
    }

    @Test
    void aLeaderGivesUpToTheOthersWhereAllAreInSync() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        List<PartitionOutcome> outcomes = cluster.accept(ask(0, 0, 0, false, any(2), any(1)));
        assertThat(outcomes.get(0).refusal().orElseThrow().reason()).isEqualTo(Reason.NEW_LEADER_ELECTED);
        assertThat(cluster.partition("t", 0)).isEqualTo(new PartitionView(0, 1, 1, 1, List.of(0, 1, 2), List.of(1, 2)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(1, 0, 0, false, any(2)));
        cluster.accept(cluster.isr("t", 0, 0, 1, 2));
        cluster.accept(ask(1, 0, 0, false, any(0), any(2)));
        assertThat(cluster.partition("t", 0).leader()).as("the first is back, and was opened anew").isZero();
    }

    @Test
    void aLeaderGivesUpToNobodyElse() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.topic("alone", List.of(List.of(3)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, false, any(1)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, true, any(1), any(2)));
        cluster.refusePartition(Reason.STALE_PARTITION_EPOCH, ask(0, 0, -1, false, any(1), any(2)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(1, 0, 0, false, any(0), any(2)));
        cluster.refusePartition(Reason.INVALID_REQUEST, cluster.isr("alone", 0));
        cluster.accept(cluster.isr("t", 0, 0, 1));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, false, any(1)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, false, any(1), any(2)));
    }

    @Test
    void whatCannotBeAnIsrIsRefused() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, false, any(0), any(0)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, false, any(0), any(3)));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, false));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(0, 0, 0, true, any(0)));
        cluster.refusePartition(Reason.UNKNOWN_TOPIC_ID, new AlterIsr(0, cluster.broker(0).epoch(), List.of(new IsrChange(new Uuid(4, 4), 0, 0, 0, List.of(any(0)), false))));
        cluster.refusePartition(Reason.UNKNOWN_PARTITION, new AlterIsr(0, cluster.broker(0).epoch(), List.of(new IsrChange(DecidedCluster.id("t"), 1, 0, 0, List.of(any(0)), false))));
    }

    @Test
    void onlyTheLiveBrokerThatWasSeenFetchingBecomesInSync() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        long former = cluster.broker(1).epoch();
        cluster.fence(1);
        cluster.refusePartition(Reason.INELIGIBLE_REPLICA, ask(0, 0, 0, false, any(0), any(1)));
        cluster.start(1, Optional.of("r1"));
        cluster.refusePartition(Reason.INELIGIBLE_REPLICA, ask(0, 0, 0, false, any(0), new InSync(1, former)));
        cluster.accept(ask(0, 0, 0, false, any(0), new InSync(1, cluster.broker(1).epoch())));
        assertThat(cluster.partition("t", 0).isr()).containsExactly(0, 1);
    }

    @Test
    void ofManyPartitionsEachIsAnsweredAndNoneHindersAnother() {
        cluster.topic("t", List.of(List.of(0, 1), List.of(1, 0), List.of(0, 2)));
        List<IsrChange> changes = new ArrayList<>();
        for (int partition : List.of(0, 1, 2, 2)) {
            changes.add(new IsrChange(DecidedCluster.id("t"), partition, 0, 0, List.of(any(0)), false));
        }
        List<PartitionOutcome> outcomes = cluster.accept(new AlterIsr(0, cluster.broker(0).epoch(), changes));
        assertThat(outcomes).extracting(PartitionOutcome::partition)
                .containsExactly(new TopicPartition("t", 0), new TopicPartition("t", 1), new TopicPartition("t", 2), new TopicPartition("t", 2));
        assertThat(outcomes).extracting(outcome -> outcome.refusal().map(PartitionOutcome.Refusal::reason))
                .containsExactly(Optional.empty(), Optional.of(Reason.INVALID_REQUEST), Optional.empty(), Optional.of(Reason.INVALID_REQUEST));
        assertThat(cluster.view().topic("t").orElseThrow().partitions()).extracting(PartitionView::isr).containsExactly(List.of(0), List.of(1, 0), List.of(0));
        assertThat(cluster.partition("t", 2).partitionEpoch()).isEqualTo(1);
    }

    @Test
    void thePreferredLeaderIsElectedWhereItIsInSync() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.refusePartition(Reason.ELECTION_NOT_NEEDED, DecidedCluster.elect(Election.PREFERRED, "t", 0));
        cluster.fence(0);
        cluster.refusePartition(Reason.PREFERRED_LEADER_NOT_AVAILABLE, DecidedCluster.elect(Election.PREFERRED, "t", 0));
        cluster.start(0, Optional.of("r0"));
        cluster.refusePartition(Reason.PREFERRED_LEADER_NOT_AVAILABLE, DecidedCluster.elect(Election.PREFERRED, "t", 0));
        cluster.accept(cluster.isr("t", 0, 0, 1, 2));
        assertThat(cluster.accept(DecidedCluster.elect(Election.PREFERRED, "t", 0)).get(0).refusal()).isEmpty();
        assertThat(cluster.partition("t", 0)).satisfies(elected -> {
            assertThat(elected.leader()).isZero();
            assertThat(elected.leaderEpoch()).isEqualTo(2);
            assertThat(elected.isr()).containsExactly(0, 1, 2);
        });
        cluster.refusePartition(Reason.UNKNOWN_TOPIC, DecidedCluster.elect(Election.PREFERRED, "u", 0));
        cluster.refusePartition(Reason.UNKNOWN_PARTITION, DecidedCluster.elect(Election.PREFERRED, "t", 1));
    }

    @Test
    void anUncleanElectionIsForPartitionsWithoutLeaderAndLeavesTheNewOneRecovering() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.refusePartition(Reason.ELECTION_NOT_NEEDED, DecidedCluster.elect(Election.UNCLEAN, "t", 0));
        cluster.accept(cluster.isr("t", 0, 0));
        cluster.fence(0);
        cluster.accept(DecidedCluster.elect(Election.UNCLEAN, "t", 0));
        assertThat(cluster.partition("t", 0)).isEqualTo(new PartitionView(0, 1, 2, 3, List.of(0, 1, 2), List.of(1), List.of(), List.of(), true));
        cluster.refusePartition(Reason.INVALID_REQUEST, ask(1, 0, 0, true, any(1), any(2)));
        cluster.accept(ask(1, 0, 0, false, any(1), any(2)));
        assertThat(cluster.partition("t", 0)).isEqualTo(new PartitionView(0, 1, 2, 4, List.of(0, 1, 2), List.of(1, 2)));
        cluster.topic("u", List.of(List.of(3)));
        cluster.fence(3);
        cluster.refusePartition(Reason.ELIGIBLE_LEADERS_NOT_AVAILABLE, DecidedCluster.elect(Election.UNCLEAN, "u", 0));
    }

    @Test
    void askedForAllPartitionsThoseThatNeedNoElectionAreLeftOut() {
        cluster.topic("t", List.of(List.of(0, 1), List.of(1, 0), List.of(2, 1)));
        cluster.fence(0);
        cluster.fence(2);
        cluster.start(0, Optional.of("r0"));
        cluster.accept(cluster.isr("t", 0, 0, 1));
        List<PartitionOutcome> outcomes = cluster.accept(new ElectLeaders(Election.PREFERRED, Optional.empty()));
        assertThat(outcomes).extracting(PartitionOutcome::partition).containsExactly(new TopicPartition("t", 0), new TopicPartition("t", 2));
        assertThat(outcomes.get(0).refusal()).isEmpty();
        assertThat(outcomes.get(1).refusal().orElseThrow().reason()).isEqualTo(Reason.PREFERRED_LEADER_NOT_AVAILABLE);
    }

    @Test
    void leadersAreBalancedOnlyForBrokersThatLackMoreThanTheyMay() {
        List<List<Integer>> replicas = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            replicas.add(i < 10 ? List.of(0, 1) : List.of(2, 3));
        }
        cluster.topic("t", replicas);
        cluster.accept(cluster.isr("t", 0, 0));
        for (int partition : List.of(0, 10, 11)) {
            int other = partition == 0 ? 0 : 3;
            cluster.accept(DecidedCluster.reassign("t", partition, partition == 0 ? List.of(1, 0).toArray(Integer[]::new) : new Integer[] {other, 2}));
            cluster.accept(cluster.isr("t", partition, cluster.partition("t", partition).replicas().toArray(Integer[]::new)));
            cluster.accept(DecidedCluster.elect(Election.PREFERRED, "t", partition));
            cluster.accept(DecidedCluster.reassign("t", partition, replicas.get(partition).toArray(Integer[]::new)));
        }
        assertThat(leaders()).isEqualTo(Map.of(0, 9L, 1, 1L, 2, 8L, 3, 2L));
        cluster.accept(new BalanceLeaders(20, 100));
        assertThat(leaders()).as("a tenth of 0's and a fifth of 2's are allowed to be elsewhere").isEqualTo(Map.of(0, 9L, 1, 1L, 2, 8L, 3, 2L));
        cluster.accept(new BalanceLeaders(BalanceLeaders.DEFAULT_IMBALANCE_PERCENT, 1));
        assertThat(leaders()).isEqualTo(Map.of(0, 9L, 1, 1L, 2, 9L, 3, 1L));
        cluster.accept(new BalanceLeaders(0, 100));
        assertThat(leaders()).isEqualTo(Map.of(0, 10L, 2, 10L));
    }

    private Map<Integer, Long> leaders() {
        return cluster.view().topic("t").orElseThrow().partitions().stream()
                .collect(Collectors.groupingBy(PartitionView::leader, Collectors.counting()));
    }
}
