package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.PartitionOutcome;
import io.firn.membership.PartitionView;
import io.firn.membership.Seeds;
import io.firn.membership.entry.Entry;
import io.firn.membership.entry.EntryCodec;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/** A cluster as a controller's decisions make it: each accepted command's entries are written, read again and applied. */
final class DecidedCluster {

    private final Controller controller;
    private final RandomGenerator random;
    private ClusterView view = ClusterView.EMPTY;
    private long processes = 1;

    DecidedCluster(Policy policy, long seed) {
        this.controller = new Controller(policy);
        this.random = Seeds.random(seed);
    }

    /** So many brokers, alive, in so many racks in turn. */
    static DecidedCluster of(int brokers, int racks) {
        DecidedCluster cluster = new DecidedCluster(Policy.cluster(Math.min(3, brokers), false), 1);
        for (int id = 0; id < brokers; id++) {
            cluster.start(id, Optional.of("r" + id % racks));
        }
        return cluster;
    }

    ClusterView view() {
        return view;
    }

    Decision decide(Command command) {
        Decision decision = controller.decide(view, command, random);
        if (decision instanceof Decision.Accepted accepted) {
            for (Entry entry : accepted.entries()) {
                Entry again = EntryCodec.decode(ByteBuffer.wrap(EntryCodec.encode(entry)));
                assertThat(again).isEqualTo(entry);
                view = again.applyTo(view).at(view.version() + 1, 1);
            }
        }
        return decision;
    }

    List<PartitionOutcome> accept(Command command) {
        Decision decision = decide(command);
        assertThat(decision).isInstanceOf(Decision.Accepted.class);
        return ((Decision.Accepted) decision).partitions();
    }

    void refuse(Reason reason, Command command) {
        ClusterView before = view;
        assertThat(decide(command)).isInstanceOfSatisfying(Decision.Refused.class, refused -> {
            assertThat(refused.reason()).as(refused.message()).isEqualTo(reason);
            assertThat(refused.message()).isNotBlank();
        });
        assertThat(view).isSameAs(before);
    }

    /** The command is for one partition, which is refused. */
    void refusePartition(Reason reason, Command command) {
        ClusterView before = view;
        assertThat(accept(command)).singleElement().satisfies(outcome -> {
            assertThat(outcome.refusal()).isPresent();
            assertThat(outcome.refusal().get().reason()).isEqualTo(reason);
            assertThat(outcome.refusal().get().message()).isNotBlank();
        });
        assertThat(view).isSameAs(before);
    }

    Command.RegisterBroker registration(int id, long directory, Optional<String> rack) {
        return new Command.RegisterBroker(id, new Incarnation(new Uuid(7, processes++), new Uuid(8, directory)), List.of(Endpoint.client("h" + id, 9092)), rack);
    }

    /** Registers with the directory it always had, and unfences. */
    void start(int id, Optional<String> rack) {
        accept(registration(id, 1000L + id, rack));
        unfence(id);
    }

    void unfence(int id) {
        accept(new Command.UnfenceBroker(id, broker(id).epoch(), view.version()));
    }

    void fence(int id) {
        accept(new Command.FenceBroker(id, broker(id).epoch()));
    }

    BrokerView broker(int id) {
        return view.brokers().get(id);
    }

    /** A topic whose partitions are where the lists say. */
    void topic(String name, List<List<Integer>> replicas) {
        Map<Integer, List<Integer>> assignments = new HashMap<>();
        for (int i = 0; i < replicas.size(); i++) {
            assignments.put(i, replicas.get(i));
        }
        accept(new Command.CreateTopic(id(name), name, -1, -1, assignments, Map.of()));
    }

    static Uuid id(String name) {
        return new Uuid(9, name.hashCode());
    }

    PartitionView partition(String topic, int number) {
        return view.partition(topic, number).orElseThrow();
    }

    /** The leader's change of the partition as it is, with the brokers' present epochs. */
    Command.AlterIsr isr(String topic, int number, Integer... isr) {
        PartitionView partition = partition(topic, number);
        List<Command.InSync> members = Arrays.stream(isr).map(id -> new Command.InSync(id, broker(id).epoch())).toList();
        return new Command.AlterIsr(partition.leader(), broker(partition.leader()).epoch(),
                List.of(new Command.IsrChange(id(topic), number, partition.leaderEpoch(), partition.partitionEpoch(), members, false)));
    }

    static Command.ReassignPartitions reassign(String topic, int number, Integer... target) {
        return new Command.ReassignPartitions(List.of(new Command.Reassignment(new TopicPartition(topic, number), Optional.of(List.of(target)))), true);
    }

    static Command.ReassignPartitions cancel(String topic, int number) {
        return new Command.ReassignPartitions(List.of(new Command.Reassignment(new TopicPartition(topic, number), Optional.empty())), true);
    }

    static Command.ElectLeaders elect(Command.Election election, String topic, int number) {
        return new Command.ElectLeaders(election, Optional.of(List.of(new TopicPartition(topic, number))));
    }
}
