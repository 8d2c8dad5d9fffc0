package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerLoad;
import io.firn.membership.Command;
import io.firn.membership.Command.FenceBroker;
import io.firn.membership.Command.RegisterBroker;
import io.firn.membership.Command.ShutDownBroker;
import io.firn.membership.Command.UnfenceBroker;
import io.firn.membership.Command.UnregisterBroker;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.PartitionView;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The life of a broker in a cluster, and what becomes of the partitions it leads. */
class BrokerDecisionsTest {

    private final DecidedCluster cluster = DecidedCluster.of(3, 3);

    private void assertPartition(int number, int leader, int leaderEpoch, Integer... isr) {
        PartitionView partition = cluster.partition("t", number);
        assertThat(partition.leader()).isEqualTo(leader);
        assertThat(partition.leaderEpoch()).isEqualTo(leaderEpoch);
        assertThat(partition.isr()).containsExactly(isr);
    }

    @Test
    void aNewcomerIsFencedUntilItHasCaughtUpWithItsRegistration() {
        cluster.accept(cluster.registration(3, 3, Optional.empty()));
        long epoch = cluster.broker(3).epoch();
        assertThat(epoch).isEqualTo(cluster.view().version());
        assertThat(cluster.broker(3).fenced()).isTrue();
        cluster.refuse(Reason.NOT_CAUGHT_UP, new UnfenceBroker(3, epoch, epoch - 1));
        cluster.accept(new UnfenceBroker(3, epoch, epoch));
        assertThat(cluster.broker(3).fenced()).isFalse();
        assertThat(cluster.accept(new UnfenceBroker(3, epoch, epoch))).isEmpty();
    }

    @Test
    void askingAgainKeepsTheEpochAndChangesTheAddress() {
        RegisterBroker once = cluster.registration(3, 3, Optional.empty());
        cluster.accept(once);
        long epoch = cluster.broker(3).epoch();
        long version = cluster.view().version();
        cluster.accept(once);
        assertThat(cluster.view().version()).isEqualTo(version);
        cluster.unfence(3);
        cluster.accept(new RegisterBroker(3, once.incarnation(), List.of(Endpoint.client("moved", 1), new Endpoint(Endpoint.PEER, "inside", 2)), Optional.of("r9")));
        assertThat(cluster.broker(3)).satisfies(moved -> {
            assertThat(moved.epoch()).isEqualTo(epoch);
            assertThat(moved.fenced()).isFalse();
            assertThat(moved.host()).isEqualTo("moved");
            assertThat(moved.peer()).isEqualTo(new Endpoint(Endpoint.PEER, "inside", 2));
            assertThat(moved.rack()).contains("r9");
        });
    }

    @Test
    void aSecondProcessOfTheSameIdWaitsUntilTheFirstIsTakenForDead() {
        RegisterBroker second = cluster.registration(1, 77, Optional.of("r1"));
        cluster.refuse(Reason.DUPLICATE_BROKER, second);
        long former = cluster.broker(1).epoch();
        cluster.fence(1);
        cluster.accept(second);
        assertThat(cluster.broker(1).epoch()).isGreaterThan(former);
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new FenceBroker(1, former));
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new UnfenceBroker(1, former, cluster.view().version()));
    }

    @Test
    void aSecondProcessWithTheSameDirectoryHasItsLockSoTheFirstIsDeadAndLeadsNoMore() {
        cluster.topic("t", List.of(List.of(1, 2, 0), List.of(1, 0, 2)));
        cluster.accept(cluster.isr("t", 1, 1));
        long former = cluster.broker(1).epoch();
        cluster.accept(cluster.registration(1, 1001, Optional.of("r1")));
        assertThat(cluster.broker(1).epoch()).isGreaterThan(former);
        assertThat(cluster.broker(1).fenced()).isTrue();
        assertPartition(0, 2, 1, 2, 0);
        assertPartition(1, PartitionView.NO_LEADER, 1, 1);
        cluster.unfence(1);
        assertPartition(0, 2, 1, 2, 0);
        assertPartition(1, 1, 2, 1);
    }

    @Test
    void registrationsWithoutIdentityOrWithAnothersDirectoryAreRefused() {
        cluster.refuse(Reason.INVALID_REGISTRATION, new RegisterBroker(4, "h", 1, Optional.empty()));
        cluster.refuse(Reason.INVALID_REGISTRATION, cluster.registration(4, 1001, Optional.empty()));
        Incarnation other = new Incarnation(cluster.broker(1).incarnation().process(), new Uuid(8, 5));
        cluster.refuse(Reason.INVALID_REGISTRATION, new RegisterBroker(1, other, List.of(Endpoint.client("h", 1)), Optional.empty()));
    }

    @Test
    void whatAFencedBrokerLedIsLedByTheNextInSync() {
        cluster.topic("t", List.of(List.of(0, 1, 2), List.of(1, 2, 0), List.of(2, 0, 1)));
        cluster.fence(0);
        assertPartition(0, 1, 1, 1, 2);
        assertPartition(1, 1, 0, 1, 2);
        assertPartition(2, 2, 0, 2, 1);
        assertThat(cluster.accept(new FenceBroker(0, cluster.broker(0).epoch()))).isEmpty();
        cluster.start(0, Optional.of("r0"));
        assertPartition(0, 1, 1, 1, 2);
    }

    @Test
    void onlyTheControllerThatDidNotHearABrokerFencesIt() {
        long epoch = cluster.broker(0).epoch();
        cluster.refuse(Reason.NOT_CONTROLLER, new FenceBroker(0, epoch, cluster.view().controllerEpoch() + 1));
        assertThat(cluster.broker(0).fenced()).isFalse();
        cluster.accept(new FenceBroker(0, epoch, cluster.view().controllerEpoch()));
        assertThat(cluster.broker(0).fenced()).isTrue();
    }

    @Test
    void theLastInSyncStaysSoWhenItDiesAndLeadsAgainWhenItIsBack() {
        cluster.topic("t", List.of(List.of(0, 1, 2)));
        cluster.fence(2);
        cluster.fence(1);
        assertPartition(0, 0, 0, 0);
        assertThat(BrokerLoad.of(cluster.view(), 0)).isEqualTo(new BrokerLoad(1, 1, 1));
        cluster.fence(0);
        assertPartition(0, -1, 1, 0);
        cluster.start(1, Optional.of("r1"));
        assertPartition(0, -1, 1, 0);
        cluster.start(0, Optional.of("r0"));
        assertPartition(0, 0, 2, 0);
    }

    @Test
    void aBrokerThatComesBackEmptyIsNotElectedForWhatOnlyItHad() {
        cluster.topic("t", List.of(List.of(0, 1), List.of(1, 0)));
        cluster.fence(1);
        cluster.fence(0);
        assertPartition(0, -1, 1, 0);
        cluster.accept(cluster.registration(0, 77, Optional.of("r0")));
        assertThat(cluster.partition("t", 0).isr()).isEmpty();
        cluster.unfence(0);
        cluster.start(1, Optional.of("r1"));
        assertThat(cluster.partition("t", 0).leader()).isEqualTo(PartitionView.NO_LEADER);
        cluster.refusePartition(Reason.PREFERRED_LEADER_NOT_AVAILABLE, DecidedCluster.elect(Command.Election.PREFERRED, "t", 0));
        cluster.accept(DecidedCluster.elect(Command.Election.UNCLEAN, "t", 0));
        assertPartition(0, 0, 2, 0);
        assertThat(cluster.partition("t", 0).recovering()).isTrue();
    }

    @Test
    void whereItsTopicAllowsAnyLiveReplicaLeads() {
        cluster.topic("t", List.of(List.of(0, 1, 2), List.of(0, 1, 2)));
        cluster.accept(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "t", Map.of(Cluster.UNCLEAN_ELECTION, Optional.of("true"))));
        cluster.accept(cluster.isr("t", 0, 0));
        cluster.fence(0);
        assertPartition(0, 1, 1, 1);
        assertThat(cluster.partition("t", 0).recovering()).isTrue();
        assertPartition(1, 1, 1, 1, 2);
        assertThat(cluster.partition("t", 1).recovering()).isFalse();
    }

    @Test
    void allowingUncleanElectionsElectsAtOnceWhereALeaderIsMissing() {
        for (Command.AlterConfigs allow : List.of(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "t", Map.of(Cluster.UNCLEAN_ELECTION, Optional.of("true"))),
                new Command.AlterConfigs(Command.ConfigScope.BROKER, "", Map.of(Cluster.UNCLEAN_ELECTION, Optional.of("true"))))) {
            DecidedCluster lost = DecidedCluster.of(3, 3);
            lost.topic("t", List.of(List.of(0, 1)));
            lost.topic("other", List.of(List.of(0, 1)));
            lost.accept(new Command.AlterConfigs(Command.ConfigScope.TOPIC, "other", Map.of(Cluster.UNCLEAN_ELECTION, Optional.of("false"))));
            lost.accept(lost.isr("t", 0, 0));
            lost.accept(lost.isr("other", 0, 0));
            lost.fence(0);
            assertThat(lost.partition("t", 0).leader()).isEqualTo(PartitionView.NO_LEADER);
            lost.accept(allow);
            assertThat(lost.partition("t", 0).leader()).isEqualTo(1);
            assertThat(lost.partition("other", 0).leader()).isEqualTo(PartitionView.NO_LEADER);
        }
    }

    @Test
    void aBrokerThatStopsHandsItsLeadershipsOverAndNamesWhatNobodyTakes() {
        cluster.topic("t", List.of(List.of(0, 1, 2), List.of(0, 2, 1), List.of(1, 0, 2)));
        cluster.accept(cluster.isr("t", 1, 0));
        long epoch = cluster.broker(0).epoch();
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new ShutDownBroker(0, epoch + 1));
        assertThat(cluster.accept(new ShutDownBroker(0, epoch))).singleElement().satisfies(left -> {
            assertThat(left.partition()).isEqualTo(new TopicPartition("t", 1));
            assertThat(left.refusal().orElseThrow().reason()).isEqualTo(Reason.ELIGIBLE_LEADERS_NOT_AVAILABLE);
        });
        assertPartition(0, 1, 1, 1, 2);
        assertPartition(1, -1, 1, 0);
        assertPartition(2, 1, 0, 1, 2);
        assertThat(cluster.broker(0)).satisfies(stopping -> {
            assertThat(stopping.inControlledShutdown()).isTrue();
            assertThat(stopping.fenced()).isFalse();
        });
        cluster.refusePartition(Reason.INELIGIBLE_REPLICA, cluster.isr("t", 0, 0, 1, 2));
        cluster.accept(new Command.CreateTopic(new Uuid(3, 3), "new", 4, 2, Map.of(), Map.of()));
        assertThat(cluster.view().topic("new").orElseThrow().partitions()).noneMatch(partition -> partition.replicas().contains(0));
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new UnfenceBroker(0, epoch, cluster.view().version()));
        cluster.fence(0);
        cluster.start(0, Optional.of("r0"));
        assertThat(cluster.broker(0).inControlledShutdown()).isFalse();
        assertPartition(1, 0, 2, 0);
    }

    @Test
    void onlyADeadBrokerWithoutReplicasIsForgotten() {
        cluster.topic("t", List.of(List.of(0, 1)));
        cluster.refuse(Reason.UNKNOWN_BROKER, new UnregisterBroker(9));
        cluster.refuse(Reason.BROKER_IN_USE, new UnregisterBroker(2));
        cluster.fence(1);
        cluster.fence(2);
        cluster.refuse(Reason.BROKER_IN_USE, new UnregisterBroker(1));
        cluster.accept(new UnregisterBroker(2));
        assertThat(cluster.view().brokers()).containsOnlyKeys(0, 1);
        cluster.refuse(Reason.STALE_BROKER_EPOCH, new FenceBroker(2, 1));
    }

    @Test
    void aTopicCanBeCreatedWhileABrokerRestarts() {
        cluster.fence(1);
        cluster.accept(new Command.CreateTopic(new Uuid(3, 3), "t", 6, -1, Map.of(), Map.of()));
        assertThat(cluster.view().topic("t").orElseThrow().partitions()).allSatisfy(partition -> {
            assertThat(partition.replicas()).containsExactlyInAnyOrder(0, 1, 2).endsWith(1);
            assertThat(partition.isr()).containsExactlyInAnyOrder(0, 2).startsWith(partition.leader());
        });
        cluster.refuse(Reason.INVALID_REPLICATION_FACTOR, new Command.CreateTopic(new Uuid(3, 4), "u", 1, 4, Map.of(), Map.of()));
    }
}
