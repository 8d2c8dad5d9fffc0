package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Command.AddPartitions;
import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.Command.AlterClientQuotas;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.AlterScramCredential;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.DeleteTopic;
import io.firn.membership.Command.RegisterBroker;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.EntryHash;
import io.firn.membership.PartitionView;
import io.firn.membership.RandomCommands;
import io.firn.membership.ScramCredential;
import io.firn.membership.Seeds;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import io.firn.membership.entry.EntryCodec;
import io.firn.membership.journal.Snapshot;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Random commands against a model that knows nothing of views and entries, and the invariants of every view on the way. */
class ControllerPropertyTest {

    @Test
    void viewsFollowTheModelAndKeepTheirInvariants() {
        Seeds.forEach(200, seed -> {
            RandomGenerator random = Seeds.random(seed);
            Controller controller = new Controller(new Policy(4, 1, 6, 20, 3, 100, 2, 2));
            RandomCommands commands = new RandomCommands(random, 4);
            Model model = new Model();
            ClusterView view = ClusterView.EMPTY;
            for (int step = 0; step < 300; step++) {
                Command command = commands.next();
                Decision decision = controller.decide(view, command, random);
                if (decision instanceof Decision.Accepted accepted) {
                    ClusterView before = view;
                    for (Entry entry : accepted.entries()) {
                        assertThat(EntryCodec.decode(ByteBuffer.wrap(EntryCodec.encode(entry)))).isEqualTo(entry);
                        view = entry.applyTo(view).at(view.version() + 1, 1);
                    }
                    model.apply(command);
                    assertThat(before.version()).isEqualTo(view.version() - accepted.entries().size());
                } else {
                    model.assertReason(command, ((Decision.Refused) decision).reason());
                }
                model.assertSame(view);
                assertInvariants(view);
            }
            Snapshot snapshot = new Snapshot(view, new EntryHash(1, 2, 3, seed));
            Snapshot again = Snapshot.decode("s", snapshot.encode());
            assertThat(again).isEqualTo(snapshot);
            assertThat(again.encode()).isEqualTo(snapshot.encode());
        });
    }

    private static void assertInvariants(ClusterView view) {
        int partitions = 0;
        Map<Uuid, String> names = new HashMap<>();
        for (TopicView topic : view.topics().values()) {
            names.put(topic.id(), topic.name());
            partitions += topic.partitions().size();
            for (int i = 0; i < topic.partitions().size(); i++) {
                PartitionView partition = topic.partitions().get(i);
                assertThat(partition.partition()).isEqualTo(i);
                assertThat(partition.replicas()).doesNotHaveDuplicates().containsAll(partition.isr()).hasSameSizeAs(topic.partitions().get(0).replicas());
                assertThat(partition.isr()).contains(partition.leader());
                assertThat(view.brokers().keySet()).containsAll(partition.replicas());
            }
        }
        assertThat(view.partitionCount()).isEqualTo(partitions);
        assertThat(view.topicNames()).isEqualTo(names);
        assertThat(view.deleted().all()).noneMatch(gone -> names.containsKey(gone.id()));
    }

    /** What the commands mean, in the simplest terms. */
    private static final class Model {
        private final Map<Integer, String> brokers = new HashMap<>();
        private final Map<String, Uuid> ids = new HashMap<>();
        private final Map<String, Integer> sizes = new HashMap<>();
        private final Map<String, Map<String, String>> configs = new HashMap<>();
        private long nextProducerId;

        void apply(Command command) {
            if (command instanceof RegisterBroker register) {
                brokers.put(register.id(), register.endpoints().get(0).host() + register.endpoints().get(0).port() + register.rack());
            } else if (command instanceof CreateTopic create) {
                ids.put(create.name(), create.id());
                sizes.put(create.name(), create.assignments().isEmpty() ? create.partitions() : create.assignments().size());
                alter("TOPIC" + create.name(), Map.of());
                configs.put("TOPIC" + create.name(), new HashMap<>(create.configs()));
            } else if (command instanceof DeleteTopic delete) {
                String name = name(delete.id()).orElseThrow();
                ids.remove(name);
                sizes.remove(name);
                configs.remove("TOPIC" + name);
            } else if (command instanceof AddPartitions add) {
                sizes.put(add.name(), add.totalPartitions());
            } else if (command instanceof AlterConfigs alter) {
                alter(alter.scope() + alter.name(), alter.changes());
            } else if (command instanceof AlterClientQuotas alter) {
                Map<String, Optional<String>> changes = new HashMap<>();
                alter.changes().forEach((key, value) -> changes.put(key, value.map(String::valueOf)));
                alter("QUOTAS" + new TreeMap<>(alter.entity().parts()), changes);
            } else if (command instanceof AlterScramCredential alter) {
                alter("SCRAM" + alter.user(), Map.of(alter.mechanism().name(), alter.credential().map(ControllerPropertyTest::secret)));
            } else if (command instanceof AllocateProducerIds allocate) {
                nextProducerId += allocate.count();
            }
        }

        private void alter(String resource, Map<String, Optional<String>> changes) {
            Map<String, String> all = configs.computeIfAbsent(resource, r -> new HashMap<>());
            changes.forEach((key, value) -> value.ifPresentOrElse(v -> all.put(key, v), () -> all.remove(key)));
        }

        private Optional<String> name(Uuid id) {
            return ids.entrySet().stream().filter(e -> e.getValue().equals(id)).map(Map.Entry::getKey).findAny();
        }

        /** A refusal names a fault that is there. */
        void assertReason(Command command, Reason reason) {
            boolean justified = switch (reason) {
                case TOPIC_EXISTS -> command instanceof CreateTopic create && (ids.containsKey(create.name()) || ids.containsValue(create.id()));
                case INVALID_TOPIC -> command instanceof CreateTopic create && ids.keySet().stream().anyMatch(n -> n.replace('.', '_').equals(create.name().replace('.', '_')));
                case UNKNOWN_TOPIC -> command instanceof DeleteTopic delete && name(delete.id()).isEmpty() || command instanceof AddPartitions add && !ids.containsKey(add.name())
                        || command instanceof AlterConfigs alter && !ids.containsKey(alter.name());
                case UNKNOWN_BROKER -> command instanceof RegisterBroker register && brokers.size() == 4 && !brokers.containsKey(register.id())
                        || command instanceof AlterConfigs alter && !brokers.containsKey(Integer.valueOf(alter.name()));
                case INVALID_PARTITIONS -> command instanceof CreateTopic create && create.partitions() <= 0
                        || command instanceof AddPartitions add && (add.totalPartitions() <= sizes.get(add.name()) || add.totalPartitions() > 6);
                case INVALID_REPLICATION_FACTOR -> command instanceof CreateTopic create && (create.replicationFactor() > brokers.size() || create.replicationFactor() == 0 || brokers.isEmpty());
                case INVALID_ASSIGNMENT -> command instanceof CreateTopic create && !create.assignments().isEmpty() || command instanceof AddPartitions add && !add.newAssignments().isEmpty();
                case INVALID_CONFIG -> command instanceof AlterConfigs alter && alter.changes().values().stream().anyMatch(Optional::isPresent)
                        || command instanceof AlterClientQuotas quotas && quotas.changes().values().stream().anyMatch(Optional::isPresent);
                case LIMIT_EXCEEDED -> sizes.values().stream().mapToInt(n -> n).sum() > 14 || command instanceof AlterConfigs alter && full(alter.scope().name(), alter.name())
                        || command instanceof AlterClientQuotas alter && full("QUOTAS", new TreeMap<>(alter.entity().parts()).toString())
                        || command instanceof AlterScramCredential added && full("SCRAM", added.user());
                case UNKNOWN_CREDENTIAL -> command instanceof AlterScramCredential alter && alter.credential().isEmpty()
                        && !configs.getOrDefault("SCRAM" + alter.user(), Map.of()).containsKey(alter.mechanism().name());
                default -> false;
            };
            assertThat(justified).as("%s for %s", reason, command).isTrue();
        }

        private boolean full(String kind, String name) {
            return nonEmpty().keySet().stream().filter(key -> key.startsWith(kind)).count() == 2 && !nonEmpty().containsKey(kind + name);
        }

        void assertSame(ClusterView view) {
            assertThat(view.brokers().keySet()).isEqualTo(brokers.keySet());
            view.brokers().values().forEach(b -> assertThat(b.host() + b.port() + b.rack()).isEqualTo(brokers.get(b.id())));
            assertThat(view.topics().keySet()).isEqualTo(ids.keySet());
            view.topics().values().forEach(topic -> {
                assertThat(topic.id()).isEqualTo(ids.get(topic.name()));
                assertThat(topic.partitions()).hasSize(sizes.get(topic.name()));
            });
            assertThat(view.nextProducerId()).isEqualTo(nextProducerId);
            assertThat(flatten(view)).isEqualTo(nonEmpty());
        }

        private Map<String, Map<String, String>> nonEmpty() {
            Map<String, Map<String, String>> all = new HashMap<>(configs);
            Set<String> empty = new HashSet<>(all.keySet());
            empty.removeIf(key -> !all.get(key).isEmpty());
            all.keySet().removeAll(empty);
            return all;
        }

        private static Map<String, Map<String, String>> flatten(ClusterView view) {
            Map<String, Map<String, String>> all = new HashMap<>();
            view.topics().values().stream().filter(topic -> !topic.configs().isEmpty()).forEach(topic -> all.put("TOPIC" + topic.name(), topic.configs()));
            view.brokerConfigs().forEach((id, configs) -> all.put("BROKER" + (id < 0 ? "" : id), configs));
            view.groupConfigs().forEach((group, configs) -> all.put("GROUP" + group, configs));
            view.clients().metrics().forEach((name, configs) -> all.put("CLIENT_METRICS" + name, configs));
            view.clients().quotas().forEach((entity, quotas) -> all.put("QUOTAS" + new TreeMap<>(entity.parts()),
                    quotas.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().toString()))));
            view.clients().scram().forEach((user, credentials) -> all.put("SCRAM" + user,
                    credentials.entrySet().stream().collect(Collectors.toMap(e -> e.getKey().name(), e -> secret(e.getValue())))));
            return all;
        }
    }

    private static String secret(ScramCredential credential) {
        return credential.iterations() + Arrays.toString(credential.salt()) + Arrays.toString(credential.storedKey()) + Arrays.toString(credential.serverKey());
    }
}
