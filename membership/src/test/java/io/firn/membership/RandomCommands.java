package io.firn.membership;

import io.firn.membership.Command.AddPartitions;
import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.Command.AlterClientQuotas;
import io.firn.membership.Command.AlterConfigs;
import io.firn.membership.Command.AlterScramCredential;
import io.firn.membership.Command.BuryTopics;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.DeleteTopic;
import io.firn.membership.Command.RegisterBroker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.Uuid;

/** Commands that make sense often and nonsense sometimes, over few names so that they meet. */
public final class RandomCommands {

    private final RandomGenerator random;
    private final int brokers;

    /** @param brokers ids 0 to brokers - 1 are used, and now and then one more */
    public RandomCommands(RandomGenerator random, int brokers) {
        this.random = random;
        this.brokers = brokers;
    }

    public Command next() {
        return switch (random.nextInt(15)) {
            case 0 -> new RegisterBroker(broker(), "host" + random.nextInt(3), 9000 + random.nextInt(3), random.nextBoolean() ? Optional.of("r" + random.nextInt(3)) : Optional.empty());
            case 1, 2, 3 -> new CreateTopic(topicId(), topic(), random.nextInt(5), random.nextInt(-1, brokers + 1), Map.of(), configs());
            case 4 -> new CreateTopic(topicId(), topic(), -1, -1, manual(), configs());
            case 5, 6 -> new DeleteTopic(topicId());
            case 7 -> new AddPartitions(topic(), random.nextInt(8), List.of());
            case 8 -> new AddPartitions(topic(), random.nextInt(8), new ArrayList<>(manual().values()));
            case 9, 10 -> alter();
            case 11 -> quotas();
            case 12 -> credential();
            case 13 -> new BuryTopics(List.of(topicId(), topicId()));
            default -> new AllocateProducerIds(1 + random.nextInt(1000));
        };
    }

    private int broker() {
        return random.nextInt(20) == 0 ? brokers : random.nextInt(brokers);
    }

    private String topic() {
        return List.of("a", "b", "c", "d.e", "d_e", "f").get(random.nextInt(6));
    }

    private Uuid topicId() {
        return new Uuid(1, 1 + random.nextInt(8));
    }

    private Map<Integer, List<Integer>> manual() {
        Map<Integer, List<Integer>> assignments = new HashMap<>();
        int replicas = 1 + random.nextInt(2);
        for (int partition = random.nextInt(10) == 0 ? 1 : 0; partition < 3; partition++) {
            List<Integer> ids = new ArrayList<>();
            for (int i = 0; i < replicas; i++) {
                ids.add(broker());
            }
            assignments.put(partition, ids);
        }
        return assignments;
    }

    private Map<String, String> configs() {
        return random.nextBoolean() ? Map.of() : Map.of("k" + random.nextInt(3), "v" + random.nextInt(3));
    }

    private Command quotas() {
        Optional<String> name = random.nextInt(3) == 0 ? Optional.empty() : Optional.of("u" + random.nextInt(3));
        Map<String, Optional<Double>> changes = new HashMap<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            changes.put("k" + random.nextInt(4), random.nextInt(3) == 0 ? Optional.empty() : Optional.of(random.nextInt(3) + 0.5));
        }
        return new AlterClientQuotas(new QuotaEntity(random.nextBoolean() ? Map.of("user", name) : Map.of("user", name, "client-id", Optional.of("c"))), changes);
    }

    private Command credential() {
        ScramMechanism mechanism = ScramMechanism.values()[random.nextInt(2)];
        byte[] secret = {(byte) random.nextInt(3)};
        return new AlterScramCredential("u" + random.nextInt(4), mechanism,
                random.nextInt(3) == 0 ? Optional.empty() : Optional.of(new ScramCredential(4096, secret, secret, secret)));
    }

    private Command alter() {
        ConfigScope scope = ConfigScope.values()[random.nextInt(4)];
        String name = switch (scope) {
            case TOPIC -> topic();
            case BROKER -> random.nextBoolean() ? "" : Integer.toString(broker());
            case GROUP -> "g" + random.nextInt(3);
            case CLIENT_METRICS -> "m" + random.nextInt(3);
        };
        Map<String, Optional<String>> changes = new HashMap<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            changes.put("k" + random.nextInt(4), random.nextInt(3) == 0 ? Optional.empty() : Optional.of("v" + random.nextInt(3)));
        }
        return new AlterConfigs(scope, name, changes);
    }
}
