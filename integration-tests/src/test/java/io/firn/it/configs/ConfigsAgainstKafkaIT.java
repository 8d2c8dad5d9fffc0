package io.firn.it.configs;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.KafkaNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.AlterConfigOp.OpType;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.server.config.ServerTopicConfigSynonyms;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same admin calls to Firn and to an unmodified Kafka 4.3.1 with tiered storage: each legal and illegal value of each topic config, values that do not go together, and brokers' dynamic configs; errors,
 * values, sources, synonyms, types and documentation are compared. Where the answers may differ is written down here, and a difference that is written down must be there.
 */
class ConfigsAgainstKafkaIT {

    /** Firn's topics are tiered unless told otherwise; told so by a setting here, so that all else can be compared. The setting itself shows. */
    private static final Map<String, String> ACCEPTED_OF_TOPICS = Map.of(
            "remote.storage.enable", "the default is Firn's own: here it comes from the setting that makes it Kafka's",
            "min.insync.replicas", "Kafka sets it for the cluster by itself, for its eligible leader replicas, which Firn has not");

    private static final String COMPACTED_AND_TIERED = "Firn compacts topics that are tiered, where Kafka refuses";

    private static final Map<Map<String, String>, String> ACCEPTED_OF_CREATIONS = Map.of(
            Map.of("internal.segment.bytes", "1048576"), "a config for Kafka's own tests",
            Map.of("remote.storage.enable", "true", "cleanup.policy", "compact"), COMPACTED_AND_TIERED,
            Map.of("remote.storage.enable", "true", "cleanup.policy", "compact,delete"), COMPACTED_AND_TIERED);

    private static final Map<String, String> ACCEPTED_OF_CHANGES = Map.of(
            "SET {cleanup.policy=compact} with {remote.storage.enable=true}", COMPACTED_AND_TIERED,
            "APPEND {cleanup.policy=compact} with {remote.storage.enable=true}", COMPACTED_AND_TIERED,
            "SET {cleanup.policy=compact} with {remote.storage.enable=true, retention.ms=1000}", COMPACTED_AND_TIERED,
            "APPEND {cleanup.policy=compact} with {remote.storage.enable=true, retention.ms=1000}", COMPACTED_AND_TIERED,
            "SET {remote.storage.enable=true} with {cleanup.policy=compact}", COMPACTED_AND_TIERED);

    private static final Map<String, String> ACCEPTED_OF_BROKER_CHANGES = accepted();

    private static Map<String, String> accepted() {
        Map<String, String> all = new LinkedHashMap<>();
        for (String name : List.of("log.cleaner.backoff.ms", "num.io.threads", "background.threads", "max.connections")) {
            all.put("SET " + name, "a setting of the broker's file, or without counterpart");
        }
        for (String name : List.of("foo.bar", "retention.ms")) {
            all.put("SET " + name, "Kafka takes names it does not know, for plug-ins; here there are none, and the name is more likely a slip");
        }
        for (String change : List.of("SET min.insync.replicas to broker 1", "DELETE min.insync.replicas to broker 1", "DELETE min.insync.replicas to all brokers")) {
            all.put(change, "Kafka's eligible leader replicas depend on it; Firn has none");
        }
        for (String value : List.of("-2147483649", "-3", "-2", "-1")) {
            all.put("SET log.flush.interval.ms=" + value, "Kafka takes for brokers what it refuses for topics");
        }
        all.put("SET log.cleanup.policy=delete,delete", "Kafka takes for brokers what it refuses for topics");
        return all;
    }

    @TempDir
    static Path directory;

    private static KafkaNode kafkaNode;
    private static FirnNode firnNode;
    private static AskedBroker kafka;
    private static AskedBroker firn;

    @BeforeAll
    static void startBoth() {
        kafkaNode = KafkaNode.in(directory.resolve("kafka"), Map.of("remote.log.storage.system.enable", "true",
                "remote.log.storage.manager.class.name", "org.apache.kafka.server.log.remote.storage.LocalTieredStorage", "remote.log.storage.manager.impl.prefix", "rsm.config.",
                "rsm.config.dir", directory.resolve("kafka-remote").toString(), "remote.log.metadata.manager.listener.name", "PLAINTEXT",
                "rlmm.config.remote.log.metadata.topic.replication.factor", "1", "rlmm.config.remote.log.metadata.topic.num.partitions", "1")).start();
        firnNode = FirnNode.in(directory.resolve("firn"), Map.of("topic.defaults.remote.storage.enable", "false")).start();
        kafka = new AskedBroker(kafkaNode);
        firn = new AskedBroker(firnNode);
    }

    @AfterAll
    static void stopBoth() {
        kafka.close();
        firn.close();
        kafkaNode.close();
        firnNode.stop();
        assertThat(firnNode.logLines("ERROR")).isEmpty();
    }

    private static <K> Map<K, String> differences(Map<K, String> ours, Map<K, String> kafkas) {
        Map<K, String> differing = new LinkedHashMap<>();
        kafkas.forEach((key, answer) -> {
            if (!answer.equals(ours.get(key))) {
                differing.put(key, "Kafka: " + answer + " | Firn: " + ours.get(key));
            }
        });
        ours.keySet().stream().filter(key -> !kafkas.containsKey(key)).forEach(key -> differing.put(key, "Kafka: nothing | Firn: " + ours.get(key)));
        return differing;
    }

    @Test
    void everyValueOfEveryTopicConfigIsTakenOrRefusedAsKafkaDoes() {
        List<Map<String, String>> all = new ArrayList<>(ConfigValues.single());
        all.addAll(ConfigValues.together());

        Map<Map<String, String>, String> ours = firn.create(all, "checked-", true);
        Map<Map<String, String>, String> kafkas = kafka.create(all, "checked-", true);

        assertThat(kafkas.values().stream().filter(answer -> answer.startsWith("ok"))).as("legal values").hasSizeGreaterThan(250);
        assertThat(kafkas.values().stream().filter(answer -> !answer.startsWith("ok"))).as("illegal values").hasSizeGreaterThan(250);
        Map<Map<String, String>, String> differing = differences(ours, kafkas);
        assertThat(differing.keySet()).as("%s", differing).isEqualTo(ACCEPTED_OF_CREATIONS.keySet());
    }

    @Test
    void topicsAreDescribedAsKafkaDoesWithAndWithoutOverrides() {
        Map<Map<String, String>, String> legal = new LinkedHashMap<>();
        kafka.create(ConfigValues.single(), "asked-", true).forEach((configs, answer) -> {
            if (answer.startsWith("ok")) {
                legal.putIfAbsent(Map.of(configs.keySet().iterator().next(), configs.values().iterator().next()), answer);
            }
        });
        List<Map<String, String>> topics = firstAndLastOfEach(legal.keySet());
        topics.add(Map.of());
        kafka.create(topics, "described-", false);
        firn.create(topics, "described-", false);
        TreeSet<String> differing = new TreeSet<>();
        for (int i = 0; i < topics.size(); i++) {
            ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "described-" + i);
            String probe = topics.get(i).isEmpty() ? "segment.bytes" : topics.get(i).keySet().iterator().next();
            ConfigSource source = topics.get(i).isEmpty() ? ConfigSource.DEFAULT_CONFIG : ConfigSource.DYNAMIC_TOPIC_CONFIG;
            Map<String, String> ours = firn.describe(topic, probe, source);
            assertThat(ours.keySet()).containsExactlyElementsOf(LogConfig.nonInternalConfigNames());
            Map<String, String> differences = differences(ours, kafka.describe(topic, probe, source));
            ACCEPTED_OF_TOPICS.keySet().forEach(name -> {
                if (differences.remove(name) != null) {
                    differing.add(name);
                }
            });
            assertThat(differences).as("topic with %s", topics.get(i)).isEmpty();
        }
        assertThat(differing).as("accepted differences that are there").isEqualTo(new TreeSet<>(ACCEPTED_OF_TOPICS.keySet()));
    }

    private static List<Map<String, String>> firstAndLastOfEach(Iterable<Map<String, String>> legal) {
        Map<String, List<Map<String, String>>> byName = new TreeMap<>();
        legal.forEach(one -> byName.computeIfAbsent(one.keySet().iterator().next(), name -> new ArrayList<>()).add(one));
        List<Map<String, String>> chosen = new ArrayList<>();
        byName.values().forEach(values -> {
            chosen.add(values.get(0));
            if (values.size() > 1) {
                chosen.add(values.get(values.size() - 1));
            }
        });
        assertThat(byName.keySet()).containsExactlyElementsOf(LogConfig.nonInternalConfigNames());
        return chosen;
    }

    @Test
    void changesOfATopicAreTakenOrRefusedAsKafkaDoes() {
        List<Map<String, String>> before = List.of(Map.of(), Map.of("remote.storage.enable", "true"), Map.of("cleanup.policy", "compact"), Map.of("retention.ms", "1000", "remote.storage.enable", "true"));
        List<Map<String, String>> changes = List.of(Map.of("remote.storage.enable", "false"), ConfigValues.of("remote.storage.enable", "false", "remote.log.delete.on.disable", "true"),
                Map.of("remote.storage.enable", "true"), Map.of("cleanup.policy", "compact"), Map.of("cleanup.policy", ""), Map.of("local.retention.ms", "2000"), Map.of("remote.log.copy.disable", "true"),
                ConfigValues.of("remote.log.copy.disable", "true", "local.retention.ms", "7"), Map.of("retention.bytes", "-9"), Map.of("segment.bytes", "1"), Map.of("no.such", "1"));
        Map<String, String> ours = new LinkedHashMap<>();
        Map<String, String> kafkas = new LinkedHashMap<>();
        firn.create(before, "changed-", false);
        kafka.create(before, "changed-", false);
        for (int i = 0; i < before.size(); i++) {
            ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "changed-" + i);
            for (Map<String, String> change : changes) {
                for (OpType operation : List.of(OpType.SET, OpType.DELETE, OpType.APPEND, OpType.SUBTRACT)) {
                    String key = operation + " " + new TreeMap<>(change) + " with " + new TreeMap<>(before.get(i));
                    ours.put(key, firn.alter(topic, operation, change, true));
                    kafkas.put(key, kafka.alter(topic, operation, change, true));
                }
            }
        }
        Map<String, String> differing = differences(ours, kafkas);
        assertThat(differing.keySet()).as("%s", differing).isEqualTo(ACCEPTED_OF_CHANGES.keySet());
    }

    @Test
    void changesOfBrokersAreTakenOrRefusedAsKafkaDoes() {
        Map<String, List<String>> values = new TreeMap<>();
        LogConfig.nonInternalConfigNames().forEach(name -> {
            String brokerName = ServerTopicConfigSynonyms.TOPIC_CONFIG_SYNONYMS.get(name);
            if (brokerName != null) {
                values.put(brokerName, ConfigValues.of(LogConfig.configKeys().get(name)));
            }
        });
        List.of("log.retention.hours", "log.retention.minutes", "log.roll.hours", "log.flush.scheduler.interval.ms", "num.partitions", "node.id", "log.dirs", "foo.bar", "retention.ms", "log.cleaner.threads",
                "log.cleaner.backoff.ms", "num.io.threads", "background.threads", "max.connections").forEach(name -> values.put(name, List.of("9")));
        Map<String, String> ours = new LinkedHashMap<>();
        Map<String, String> kafkas = new LinkedHashMap<>();
        for (String broker : List.of("", "1")) {
            ConfigResource resource = new ConfigResource(ConfigResource.Type.BROKER, broker);
            String who = broker.isEmpty() ? " to all brokers" : " to broker 1";
            values.forEach((name, all) -> all.forEach(value -> {
                ours.put("SET " + name + "=" + value + who, firn.alter(resource, OpType.SET, name, value, true));
                kafkas.put("SET " + name + "=" + value + who, kafka.alter(resource, OpType.SET, name, value, true));
            }));
            values.keySet().forEach(name -> {
                ours.put("DELETE " + name + who, firn.alter(resource, OpType.DELETE, name, "", true));
                kafkas.put("DELETE " + name + who, kafka.alter(resource, OpType.DELETE, name, "", true));
            });
        }
        Map<String, String> differing = differences(ours, kafkas);
        TreeSet<String> met = new TreeSet<>();
        differing.keySet().removeIf(change -> ACCEPTED_OF_BROKER_CHANGES.keySet().stream().filter(accepted -> covers(accepted, change)).peek(met::add).findAny().isPresent());
        assertThat(differing).isEmpty();
        assertThat(met).as("accepted differences that are there").isEqualTo(new TreeSet<>(ACCEPTED_OF_BROKER_CHANGES.keySet()));
    }

    /** {@code SET name} covers all its values and brokers, {@code SET name to broker 1} all values there, {@code SET name=value} all brokers. */
    private static boolean covers(String accepted, String change) {
        String everywhere = change.replaceAll(" to (all brokers|broker 1)$", "");
        return change.replaceAll("=.*( to .*)", "$1").equals(accepted) || everywhere.equals(accepted) || everywhere.replaceAll("=.*", "").equals(accepted);
    }

    /** Set for all brokers, then for this one, then taken back: what topics and brokers show at each step. */
    @Test
    void defaultsSetAtRunTimeAreDescribedAsKafkaDoes() {
        kafka.create(List.of(Map.of()), "dynamic-", false);
        firn.create(List.of(Map.of()), "dynamic-", false);
        ConfigResource all = new ConfigResource(ConfigResource.Type.BROKER, "");
        ConfigResource one = new ConfigResource(ConfigResource.Type.BROKER, "1");
        Map<String, String> values = ConfigValues.of("log.retention.ms", "3600000", "log.segment.bytes", "2097152", "message.max.bytes", "5000", "log.roll.ms", "60000", "log.flush.interval.ms", "7000",
                "log.roll.jitter.ms", "5", "compression.type", "zstd", "log.cleaner.delete.retention.ms", "1000", "log.message.timestamp.type", "LogAppendTime", "log.cleanup.policy", "compact");
        try {
            for (ConfigResource resource : List.of(all, one)) {
                ConfigSource source = resource == all ? ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG : ConfigSource.DYNAMIC_BROKER_CONFIG;
                assertThat(List.of(firn.alter(resource, OpType.SET, values, false), kafka.alter(resource, OpType.SET, values, false))).containsExactly("ok", "ok");
                compareTopicAndBrokers(values, source);
            }
        } finally {
            for (ConfigResource resource : List.of(one, all)) {
                assertThat(List.of(firn.alter(resource, OpType.DELETE, values, false), kafka.alter(resource, OpType.DELETE, values, false))).containsExactly("ok", "ok");
            }
        }
        compareTopicAndBrokers(values, ConfigSource.DEFAULT_CONFIG);
    }

    private static void compareTopicAndBrokers(Map<String, String> values, ConfigSource source) {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, "dynamic-0");
        // Kafka shows a changed source a moment before the changed value.
        Await.until("both describe the topic alike", () -> ACCEPTED_OF_TOPICS.keySet()
                .containsAll(differences(firn.describe(topic, "segment.bytes", source), kafka.describe(topic, "segment.bytes", source)).keySet()));
        ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "1");
        Map<String, String> ours = firn.describe(broker, "log.segment.bytes", source);
        Map<String, String> kafkas = kafka.describe(broker, "log.segment.bytes", source);
        Map<String, String> ofBroker = differences(ours, kafkas);
        ofBroker.keySet().retainAll(ServerTopicConfigSynonyms.ALL_TOPIC_CONFIG_SYNONYMS.values().stream().flatMap(List::stream).map(synonym -> synonym.name()).toList());
        ofBroker.keySet().removeAll(ACCEPTED_OF_TOPICS.keySet());
        assertThat(ofBroker).as("broker").isEmpty();
        assertThat(ours.keySet()).containsAll(values.keySet());
    }

    /** Kafka 4 never asks for more replicas than a partition has. */
    @Test
    void moreInsyncReplicasThanThereAreIsNoErrorInEither() throws Exception {
        for (AskedBroker broker : List.of(kafka, firn)) {
            broker.create(List.of(Map.of("min.insync.replicas", "2")), "insync-", false);
            String bootstrap = broker == kafka ? kafkaNode.bootstrap() : firnNode.bootstrap();
            try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of())) {
                assertThat(producer.send(new ProducerRecord<>("insync-0", new byte[] {1})).get().offset()).isZero();
            } catch (ExecutionException e) {
                throw new AssertionError(bootstrap, e.getCause());
            }
        }
    }
}
