package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Command.AddPartitions;
import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.Command.AlterClientQuotas;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.AlterScramCredential;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.DeleteTopic;
import io.firn.membership.Command.RegisterBroker;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.PartitionView;
import io.firn.membership.QuotaEntity;
import io.firn.membership.ScramCredential;
import io.firn.membership.ScramMechanism;
import io.firn.membership.Seeds;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Each command on views where it is right and where it is not. */
class ControllerTest {

    private static final Policy POLICY = new Policy(4, 2, 10, 25, 3, 8, 2, 2);
    private static final Uuid ID = new Uuid(1, 1);

    private final Controller controller = new Controller(POLICY);
    private ClusterView view = ClusterView.EMPTY;

    private Decision decide(Command command) {
        return controller.decide(view, command, Seeds.random(3));
    }

    private void accept(Command command) {
        Decision decision = decide(command);
        assertThat(decision).isInstanceOf(Decision.Accepted.class);
        for (Entry entry : ((Decision.Accepted) decision).entries()) {
            view = entry.applyTo(view).at(view.version() + 1, 1);
        }
    }

    private void refuse(Reason reason, Command command) {
        assertThat(decide(command)).isInstanceOfSatisfying(Decision.Refused.class, refused -> {
            assertThat(refused.reason()).as(refused.message()).isEqualTo(reason);
            assertThat(refused.message()).isNotBlank();
        });
    }

    private void brokers(int count) {
        for (int id = 0; id < count; id++) {
            accept(new RegisterBroker(id, "h" + id, 9092, Optional.empty()));
        }
    }

    private void fence(int id) {
        BrokerView broker = view.brokers().get(id);
        view = new Entry.BrokerRegistered(new BrokerView(id, view.version() + 1, broker.host(), broker.port(), broker.rack(), true)).applyTo(view).at(view.version() + 1, 1);
    }

    private static CreateTopic topic(String name, int partitions, int factor) {
        return new CreateTopic(new Uuid(2, name.hashCode()), name, partitions, factor, Map.of(), Map.of());
    }

    private static CreateTopic assigned(int partitions, Map<Integer, List<Integer>> assignments) {
        return new CreateTopic(ID, "t", partitions, -1, assignments, Map.of());
    }

    @Test
    void aTopicOfTheBucketIsRestoredWithItsLeadersAloneInSyncAndRecovering() {
        brokers(3);
        accept(new Command.RestoreTopic(ID, "t", 2, 2, 7, Map.of("k", "v")));
        TopicView topic = view.topics().get("t");
        assertThat(topic.id()).isEqualTo(ID);
        assertThat(topic.configs()).containsEntry("k", "v");
        assertThat(topic.partitions()).hasSize(2).allSatisfy(partition -> {
            assertThat(partition.leaderEpoch()).isEqualTo(7);
            assertThat(partition.recovering()).isTrue();
            assertThat(partition.replicas()).hasSize(2);
            assertThat(partition.isr()).containsExactly(partition.leader());
        });
        refuse(Reason.TOPIC_EXISTS, new Command.RestoreTopic(new Uuid(5, 5), "t", 2, 2, 7, Map.of()));
        refuse(Reason.TOPIC_EXISTS, new Command.RestoreTopic(ID, "u", 2, 2, 7, Map.of()));
        refuse(Reason.INVALID_PARTITIONS, new Command.RestoreTopic(new Uuid(5, 5), "u", 0, 2, 7, Map.of()));
        refuse(Reason.INVALID_REPLICATION_FACTOR, new Command.RestoreTopic(new Uuid(5, 5), "u", 2, 4, 7, Map.of()));
    }

    @Test
    void aTopicThatThisClusterHasDeletedIsRestoredAboveEveryEpochItsLeadersHad() {
        brokers(1);
        accept(new Command.RestoreTopic(ID, "t", 2, 1, 7, Map.of()));
        accept(new DeleteTopic(ID));
        accept(new Command.RestoreTopic(ID, "t", 2, 1, 3, Map.of()));
        assertThat(view.topics().get("t").partitions()).allMatch(partition -> partition.leaderEpoch() == 8);
    }

    @Test
    void aBuriedTopicIsNeverRestoredAndOnlyOneThatWasDeletedIsBuried() {
        brokers(1);
        Uuid stranger = new Uuid(5, 5);
        Uuid alive = new Uuid(5, 6);
        accept(new CreateTopic(ID, "t", 1, 1, Map.of(), Map.of()));
        accept(new CreateTopic(alive, "u", 1, 1, Map.of(), Map.of()));
        accept(new DeleteTopic(ID));
        accept(new Command.BuryTopics(List.of(stranger, ID, alive, ID)));
        assertThat(view.deleted().all()).singleElement().satisfies(topic -> assertThat(topic.buried() && topic.id().equals(ID)).isTrue());
        refuse(Reason.INVALID_TOPIC, new Command.RestoreTopic(ID, "t", 1, 1, 9, Map.of()));
        accept(new Command.RestoreTopic(stranger, "s", 1, 1, 9, Map.of()));
        long version = view.version();
        accept(new Command.BuryTopics(List.of(ID, alive)));
        assertThat(view.version()).as("nothing to say twice").isEqualTo(version);
    }

    @Test
    void everyCommandHasADecision() {
        brokers(1);
        List<Command> one = List.of(new RegisterBroker(0, "h", 1, Optional.empty()), topic("t", 1, 1), new Command.RestoreTopic(ID, "t", 1, 1, 0, Map.of()), new DeleteTopic(ID), new Command.BuryTopics(List.of(ID)), new AddPartitions("t", 1, List.of()),
                new AlterConfigs(ConfigScope.TOPIC, "t", Map.of()), new AllocateProducerIds(1),
                new AlterClientQuotas(new QuotaEntity(Map.of("user", Optional.empty())), Map.of()), new AlterScramCredential("u", ScramMechanism.SHA_256, Optional.empty()),
                new Command.UnfenceBroker(0, 1, 1), new Command.FenceBroker(0, 1), new Command.ShutDownBroker(0, 1), new Command.UnregisterBroker(0),
                new Command.DrainBroker(0, 1), new Command.EndDrain(0), new Command.AlterIsr(0, 1, List.of()),
                new Command.ElectLeaders(Command.Election.PREFERRED, Optional.empty()), new Command.BalanceLeaders(10, 1), new Command.ReassignPartitions(List.of(), true));
        Set<Class<?>> commands = Arrays.stream(Command.class.getPermittedSubclasses()).collect(Collectors.toSet());
        assertThat(one.stream().map(Object::getClass).collect(Collectors.toSet())).isEqualTo(commands);
        one.forEach(command -> assertThat(decide(command)).isNotNull());
    }

    @Test
    void registeringAgainChangesTheAddressAndRaisesTheEpoch() {
        brokers(2);
        accept(new RegisterBroker(0, "elsewhere", 1, Optional.of("r")));
        assertThat(view.brokers().get(0)).isEqualTo(new BrokerView(0, 3, "elsewhere", 1, Optional.of("r"), false));
    }

    @Test
    void moreBrokersThanAllowedAreRefused() {
        brokers(4);
        refuse(Reason.UNKNOWN_BROKER, new RegisterBroker(4, "h", 1, Optional.empty()));
        accept(new RegisterBroker(3, "h", 1, Optional.empty()));
    }

    @Test
    void aNewTopicsPartitionsAreNumberedPlacedAndLed() {
        brokers(3);
        accept(topic("t", 10, 3));
        List<PartitionView> partitions = view.topic("t").orElseThrow().partitions();
        assertThat(partitions).extracting(PartitionView::partition).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assertThat(partitions).allSatisfy(p -> {
            assertThat(p.replicas()).containsExactlyInAnyOrder(0, 1, 2);
            assertThat(p.leader()).isEqualTo(p.replicas().get(0));
            assertThat(p.isr()).isEqualTo(p.replicas());
            assertThat(p.leaderEpoch()).isZero();
        });
        assertThat(view.partitionCount()).isEqualTo(10);
    }

    @Test
    void theDefaultReplicationFactorIsThePolicys() {
        brokers(3);
        accept(topic("t", 1, -1));
        assertThat(view.topic("t").orElseThrow().partitions().get(0).replicas()).hasSize(2);
    }

    @Test
    void namesAndIdsAreUsedOnce() {
        brokers(1);
        accept(new CreateTopic(ID, "a.b", 1, 1, Map.of(), Map.of()));
        refuse(Reason.TOPIC_EXISTS, topic("a.b", 1, 1));
        refuse(Reason.TOPIC_EXISTS, new CreateTopic(ID, "other", 1, 1, Map.of(), Map.of()));
        refuse(Reason.INVALID_TOPIC, topic("a_b", 1, 1));
        accept(topic("a-b", 1, 1));
        accept(topic("a_bb", 1, 1));
    }

    @Test
    void partitionCountsOutsideTheLimitsAreRefused() {
        brokers(1);
        refuse(Reason.INVALID_PARTITIONS, topic("t", 0, 1));
        refuse(Reason.INVALID_PARTITIONS, topic("t", -1, 1));
        refuse(Reason.INVALID_PARTITIONS, topic("t", 11, 1));
        accept(topic("a", 10, 1));
        accept(topic("b", 10, 1));
        refuse(Reason.LIMIT_EXCEEDED, topic("c", 6, 1));
        accept(topic("c", 5, 1));
        refuse(Reason.LIMIT_EXCEEDED, new AddPartitions("c", 6, List.of()));
        accept(new DeleteTopic(view.topic("a").orElseThrow().id()));
        accept(new AddPartitions("c", 6, List.of()));
    }

    @Test
    void aReplicationFactorNeedsAsManyBrokersAndOneThatIsAlive() {
        refuse(Reason.INVALID_REPLICATION_FACTOR, topic("t", 1, 1));
        brokers(2);
        refuse(Reason.INVALID_REPLICATION_FACTOR, topic("t", 1, 0));
        refuse(Reason.INVALID_REPLICATION_FACTOR, topic("t", 1, -2));
        refuse(Reason.INVALID_REPLICATION_FACTOR, topic("t", 1, 3));
        fence(1);
        accept(topic("t", 1, 1));
        assertThat(view.topic("t").orElseThrow().partitions().get(0).replicas()).containsExactly(0);
        fence(0);
        refuse(Reason.INVALID_REPLICATION_FACTOR, topic("u", 1, 1));
    }

    @Test
    void manualAssignmentsAreTakenAsGiven() {
        brokers(3);
        accept(assigned(-1, Map.of(0, List.of(2, 0), 1, List.of(1, 2))));
        assertThat(view.topic(ID).orElseThrow().partitions()).extracting(PartitionView::replicas).containsExactly(List.of(2, 0), List.of(1, 2));
    }

    @Test
    void manualAssignmentsThatMakeNoSenseAreRefused() {
        brokers(3);
        refuse(Reason.INVALID_ASSIGNMENT, assigned(-1, Map.of(0, List.of(0), 2, List.of(1))));
        refuse(Reason.INVALID_ASSIGNMENT, assigned(-1, Map.of(-1, List.of(0), 0, List.of(1))));
        refuse(Reason.INVALID_ASSIGNMENT, assigned(-1, Map.of(0, List.of(0, 0))));
        refuse(Reason.INVALID_ASSIGNMENT, assigned(-1, Map.of(0, List.of())));
        refuse(Reason.INVALID_ASSIGNMENT, assigned(-1, Map.of(0, List.of(0, 1), 1, List.of(1))));
        refuse(Reason.INVALID_ASSIGNMENT, assigned(-1, Map.of(0, List.of(3))));
        refuse(Reason.INVALID_PARTITIONS, assigned(3, Map.of(0, List.of(0))));
        refuse(Reason.INVALID_PARTITIONS, assigned(-1, IntStream.range(0, 11).boxed().collect(Collectors.toMap(p -> p, p -> List.of(0)))));
    }

    @Test
    void fencedBrokersMayHoldReplicasButNeitherLeadNorBeInSync() {
        brokers(3);
        fence(2);
        accept(assigned(-1, Map.of(0, List.of(2, 1))));
        PartitionView partition = view.topic(ID).orElseThrow().partitions().get(0);
        assertThat(partition.leader()).isEqualTo(1);
        assertThat(partition.isr()).containsExactly(1);
        refuse(Reason.INVALID_ASSIGNMENT, new CreateTopic(new Uuid(5, 5), "u", -1, -1, Map.of(0, List.of(2)), Map.of()));
    }

    @Test
    void aTopicGrowsAndOnlyGrows() {
        brokers(3);
        accept(new CreateTopic(ID, "t", 2, 2, Map.of(), Map.of("k", "v")));
        TopicView before = view.topic(ID).orElseThrow();
        refuse(Reason.INVALID_PARTITIONS, new AddPartitions("t", 2, List.of()));
        refuse(Reason.INVALID_PARTITIONS, new AddPartitions("t", 1, List.of()));
        refuse(Reason.INVALID_PARTITIONS, new AddPartitions("t", 11, List.of()));
        refuse(Reason.UNKNOWN_TOPIC, new AddPartitions("u", 3, List.of()));
        refuse(Reason.INVALID_ASSIGNMENT, new AddPartitions("t", 4, List.of(List.of(0, 1))));
        refuse(Reason.INVALID_ASSIGNMENT, new AddPartitions("t", 3, List.of(List.of(0))));
        refuse(Reason.INVALID_ASSIGNMENT, new AddPartitions("t", 3, List.of(List.of(1, 1))));
        accept(new AddPartitions("t", 3, List.of(List.of(2, 1))));
        accept(new AddPartitions("t", 5, List.of()));
        TopicView after = view.topic(ID).orElseThrow();
        assertThat(after.partitions().subList(0, 2)).isEqualTo(before.partitions());
        assertThat(after.partitions().get(2).replicas()).containsExactly(2, 1);
        assertThat(after.partitions()).hasSize(5).allMatch(p -> p.replicas().size() == 2);
        assertThat(after.configs()).isEqualTo(Map.of("k", "v"));
        fence(1);
        fence(2);
        accept(new AddPartitions("t", 6, List.of()));
        assertThat(view.topic(ID).orElseThrow().partitions().get(5)).satisfies(added -> {
            assertThat(added.replicas()).hasSize(2).startsWith(0);
            assertThat(added.isr()).containsExactly(0);
        });
    }

    @Test
    void aDeletedTopicIsGoneWithItsConfigsAndItsNameIsFree() {
        brokers(1);
        accept(new CreateTopic(ID, "t", 2, 1, Map.of(), Map.of("k", "v")));
        accept(new DeleteTopic(ID));
        refuse(Reason.UNKNOWN_TOPIC, new DeleteTopic(ID));
        assertThat(view.topics()).isEmpty();
        assertThat(view.topicNames()).isEmpty();
        assertThat(view.partitionCount()).isZero();
        accept(topic("t", 1, 1));
        assertThat(view.topic("t").orElseThrow().configs()).isEmpty();
    }

    @Test
    void configsAreSetAndRemovedInTheirScope() {
        brokers(1);
        accept(topic("t", 1, 1));
        accept(new AlterConfigs(ConfigScope.TOPIC, "t", Map.of("a", Optional.of("1"), "b", Optional.of("2"))));
        accept(new AlterConfigs(ConfigScope.TOPIC, "t", Map.of("a", Optional.empty(), "b", Optional.of("3"))));
        accept(new AlterConfigs(ConfigScope.BROKER, "", Map.of("a", Optional.of("1"))));
        accept(new AlterConfigs(ConfigScope.BROKER, "0", Map.of("a", Optional.of("2"))));
        accept(new AlterConfigs(ConfigScope.GROUP, "g", Map.of("a", Optional.of("3"))));
        assertThat(view.topic("t").orElseThrow().configs()).isEqualTo(Map.of("b", "3"));
        assertThat(view.brokerConfigs()).isEqualTo(Map.of(-1, Map.of("a", "1"), 0, Map.of("a", "2")));
        assertThat(view.groupConfigs()).isEqualTo(Map.of("g", Map.of("a", "3")));
        accept(new AlterConfigs(ConfigScope.GROUP, "g", Map.of("a", Optional.empty())));
        assertThat(view.groupConfigs()).isEmpty();
    }

    @Test
    void configsOfWhatDoesNotExistAreRefused() {
        brokers(1);
        Map<String, Optional<String>> change = Map.of("a", Optional.of("1"));
        refuse(Reason.UNKNOWN_TOPIC, new AlterConfigs(ConfigScope.TOPIC, "t", change));
        for (String broker : List.of("1", "-1", "x", "00", "99999999999")) {
            refuse(Reason.UNKNOWN_BROKER, new AlterConfigs(ConfigScope.BROKER, broker, change));
        }
        refuse(Reason.INVALID_CONFIG, new AlterConfigs(ConfigScope.GROUP, "", change));
    }

    @Test
    void configsThatAreAlreadyAsAskedMakeNoEntry() {
        brokers(1);
        accept(new CreateTopic(ID, "t", 1, 1, Map.of(), Map.of("a", "1")));
        assertThat(decide(new AlterConfigs(ConfigScope.TOPIC, "t", Map.of("a", Optional.of("1"), "b", Optional.empty())))).isEqualTo(new Decision.Accepted(List.of()));
    }

    @Test
    void tooManyOrTooLongConfigsAreRefused() {
        brokers(1);
        refuse(Reason.INVALID_CONFIG, new CreateTopic(ID, "t", 1, 1, Map.of(), Map.of("a", "1", "b", "2", "c", "3", "d", "4")));
        refuse(Reason.INVALID_CONFIG, new CreateTopic(ID, "t", 1, 1, Map.of(), Map.of("a", "123456789")));
        accept(new CreateTopic(ID, "t", 1, 1, Map.of(), Map.of("a", "12345678", "b", "2", "c", "3")));
        refuse(Reason.INVALID_CONFIG, new AlterConfigs(ConfigScope.TOPIC, "t", Map.of("d", Optional.of("4"))));
        refuse(Reason.INVALID_CONFIG, new AlterConfigs(ConfigScope.TOPIC, "t", Map.of("a", Optional.of("123456789"))));
        refuse(Reason.INVALID_CONFIG, new AlterConfigs(ConfigScope.BROKER, "", Map.of("123456789", Optional.of("1"))));
        accept(new AlterConfigs(ConfigScope.TOPIC, "t", Map.of("d", Optional.of("4"), "a", Optional.empty())));
        for (String group : List.of("g1", "g2")) {
            accept(new AlterConfigs(ConfigScope.GROUP, group, Map.of("a", Optional.of("1"))));
        }
        refuse(Reason.LIMIT_EXCEEDED, new AlterConfigs(ConfigScope.GROUP, "g3", Map.of("a", Optional.of("1"))));
        refuse(Reason.INVALID_CONFIG, new AlterConfigs(ConfigScope.GROUP, "123456789", Map.of("a", Optional.of("1"))));
        accept(new AlterConfigs(ConfigScope.GROUP, "g2", Map.of("a", Optional.of("2"))));
    }

    @Test
    void quotasAreSetAndRemovedPerEntityWithinTheLimits() {
        QuotaEntity user = new QuotaEntity(Map.of("user", Optional.of("u")));
        QuotaEntity everybody = new QuotaEntity(Map.of("user", Optional.empty()));
        accept(new AlterClientQuotas(user, Map.of("a", Optional.of(1.0), "b", Optional.of(2.0))));
        accept(new AlterClientQuotas(everybody, Map.of("a", Optional.of(3.0))));
        accept(new AlterClientQuotas(user, Map.of("a", Optional.empty(), "b", Optional.of(4.0))));
        assertThat(view.clients().quotas()).isEqualTo(Map.of(user, Map.of("b", 4.0), everybody, Map.of("a", 3.0)));
        assertThat(decide(new AlterClientQuotas(user, Map.of("b", Optional.of(4.0), "x", Optional.empty())))).isEqualTo(new Decision.Accepted(List.of()));
        refuse(Reason.LIMIT_EXCEEDED, new AlterClientQuotas(new QuotaEntity(Map.of("ip", Optional.empty())), Map.of("a", Optional.of(1.0))));
        refuse(Reason.INVALID_CONFIG, new AlterClientQuotas(user, Map.of("c", Optional.of(1.0), "d", Optional.of(1.0), "e", Optional.of(1.0))));
        refuse(Reason.INVALID_CONFIG, new AlterClientQuotas(user, Map.of("123456789", Optional.of(1.0))));
        accept(new AlterClientQuotas(everybody, Map.of("a", Optional.empty())));
        assertThat(view.clients().quotas()).containsOnlyKeys(user);
        refuse(Reason.INVALID_CONFIG, new AlterClientQuotas(new QuotaEntity(Map.of("user", Optional.of("123456789"))), Map.of("a", Optional.of(1.0))));
    }

    @Test
    void credentialsAreSetReplacedAndRemovedPerUserAndMechanism() {
        ScramCredential one = new ScramCredential(4096, new byte[] {1}, new byte[] {2}, new byte[] {3});
        ScramCredential other = new ScramCredential(4096, new byte[] {1}, new byte[] {2}, new byte[] {4});
        accept(new AlterScramCredential("u", ScramMechanism.SHA_256, Optional.of(one)));
        accept(new AlterScramCredential("u", ScramMechanism.SHA_512, Optional.of(one)));
        accept(new AlterScramCredential("u", ScramMechanism.SHA_256, Optional.of(other)));
        assertThat(view.clients().scram()).isEqualTo(Map.of("u", Map.of(ScramMechanism.SHA_256, other, ScramMechanism.SHA_512, one)));
        assertThat(decide(new AlterScramCredential("u", ScramMechanism.SHA_256, Optional.of(other)))).isEqualTo(new Decision.Accepted(List.of()));
        accept(new AlterScramCredential("v", ScramMechanism.SHA_256, Optional.of(one)));
        refuse(Reason.LIMIT_EXCEEDED, new AlterScramCredential("w", ScramMechanism.SHA_256, Optional.of(one)));
        refuse(Reason.INVALID_CONFIG, new AlterScramCredential("u", ScramMechanism.SHA_256, Optional.of(new ScramCredential(1, new byte[9], new byte[0], new byte[0]))));
        refuse(Reason.UNKNOWN_CREDENTIAL, new AlterScramCredential("v", ScramMechanism.SHA_512, Optional.empty()));
        accept(new AlterScramCredential("v", ScramMechanism.SHA_256, Optional.empty()));
        assertThat(view.clients().scram()).containsOnlyKeys("u");
    }

    @Test
    void clientMetricsSubscriptionsAreCountedAndNamed() {
        Map<String, Optional<String>> change = Map.of("a", Optional.of("1"));
        accept(new AlterConfigs(ConfigScope.CLIENT_METRICS, "m1", change));
        accept(new AlterConfigs(ConfigScope.CLIENT_METRICS, "m2", change));
        assertThat(view.clients().metrics()).isEqualTo(Map.of("m1", Map.of("a", "1"), "m2", Map.of("a", "1")));
        refuse(Reason.LIMIT_EXCEEDED, new AlterConfigs(ConfigScope.CLIENT_METRICS, "m3", change));
        refuse(Reason.INVALID_CONFIG, new AlterConfigs(ConfigScope.CLIENT_METRICS, "", change));
        accept(new AlterConfigs(ConfigScope.CLIENT_METRICS, "m1", Map.of("a", Optional.empty())));
        assertThat(view.clients().metrics()).containsOnlyKeys("m2");
    }

    @Test
    void producerIdBlocksFollowEachOtherAndEndBeforeTheyOverflow() {
        accept(new AllocateProducerIds(1000));
        accept(new AllocateProducerIds(5));
        assertThat(view.nextProducerId()).isEqualTo(1005);
        view = new Entry.ProducerIdsAllocated(Long.MAX_VALUE - 3).applyTo(view);
        refuse(Reason.LIMIT_EXCEEDED, new AllocateProducerIds(4));
        accept(new AllocateProducerIds(3));
    }

    @Test
    void aThousandTopicsShareWhatDidNotChange() {
        brokers(1);
        Controller roomy = new Controller(Policy.SINGLE_BROKER);
        for (int i = 0; i < 1000; i++) {
            Decision.Accepted accepted = (Decision.Accepted) roomy.decide(view, topic("t" + i, 1, 1), Seeds.random(1));
            view = accepted.entries().get(0).applyTo(view);
        }
        Map<String, TopicView> before = new HashMap<>(view.topics());
        accept(new AlterConfigs(ConfigScope.TOPIC, "t7", Map.of("a", Optional.of("1"))));
        assertThat(view.topics().entrySet().stream().filter(e -> e.getValue() != before.get(e.getKey()))).hasSize(1);
        assertThat(Arrays.asList(view.topics().get("t8"))).containsExactly(before.get("t8"));
    }
}
