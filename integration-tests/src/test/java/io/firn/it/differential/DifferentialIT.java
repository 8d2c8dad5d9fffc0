package io.firn.it.differential;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.differential.Duel.Finding;
import io.firn.it.differential.Generator.Served;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.types.Struct;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The same requests to Firn and to an unmodified Apache Kafka 4.3.1 get the same answers, apart from {@link AcceptedDifferences}. */
class DifferentialIT {

    private static final int STEPS = Integer.getInteger("firn.differential.steps", 200);

    /** Groups assign at once and by themselves, and no member is lost because a step took long: else time would decide about answers. */
    private static final Map<String, String> AT_ONCE = Map.of("group.initial.rebalance.delay.ms", "0", "group.streams.initial.rebalance.delay.ms", "0", "group.consumer.assignment.interval.ms", "0",
            "group.share.assignment.interval.ms", "0", "group.streams.assignment.interval.ms", "0", "group.consumer.session.timeout.ms", "60000",
            "group.share.session.timeout.ms", "60000", "group.streams.session.timeout.ms", "60000");

    /** Kafka's coordinators are libraries, and log some of the nonsense they are sent as errors. */
    private static final String OF_LIBRARIES = "logger=org.apache.kafka.coordinator.";

    @TempDir
    static Path directory;

    private static FirnNode firn;
    private static KafkaNode kafka;
    private static List<Served> served;

    @BeforeAll
    static void startBoth() throws IOException {
        Map<String, String> ours = new HashMap<>(Map.of("log.durability", "os", "topic.defaults.retention.ms", "-1", "topic.defaults.remote.storage.enable", "false", "group.offsets.partitions", "1"));
        Map<String, String> theirs = new HashMap<>(Map.of("log.retention.ms", "-1", "transaction.state.log.num.partitions", "50",
                "share.coordinator.state.topic.num.partitions", "50"));
        AT_ONCE.forEach((key, value) -> {
            ours.put("group.settings." + key, value);
            theirs.put(key, value);
        });
        kafka = KafkaNode.in(directory.resolve("kafka"), theirs);
        firn = FirnNode.in(directory.resolve("firn"), ours);
        firn.start();
        kafka.start();
        served = servedByBoth();
    }

    @AfterAll
    static void stopBoth() {
        kafka.close();
        firn.stop();
        assertThat(firn.logLines("ERROR")).filteredOn(line -> !line.contains(OF_LIBRARIES)).isEmpty();
    }

    private static List<Served> servedByBoth() throws IOException {
        Map<Short, Served> ours = versions(Side.FIRN, firn.kafkaPort());
        List<Served> both = new ArrayList<>();
        versions(Side.KAFKA, kafka.kafkaPort()).forEach((key, theirs) -> {
            Served own = ours.get(key);
            if (own != null && Weights.of(own.api()) > 0) {
                short min = own.api() == ApiKeys.PRODUCE ? own.api().oldestVersion() : (short) Math.max(own.min(), theirs.min());
                // Version 0 of UpdateFeatures cannot only ask.
                short asking = own.api() == ApiKeys.UPDATE_FEATURES ? 1 : own.api().oldestVersion();
                both.add(new Served(own.api(), (short) Math.max(min, asking), (short) Math.min(own.max(), theirs.max())));
            }
        });
        return both;
    }

    private static Map<Short, Served> versions(Side side, int port) throws IOException {
        try (Door door = new Door(side, port)) {
            Call call = new Call(ApiKeys.API_VERSIONS, (short) 3, (short) 3, Map.of("client_software_name", "duel", "client_software_version", "1"), 0);
            door.send(call);
            Map<Short, Served> versions = new HashMap<>();
            for (Object each : door.receive(call).body().orElseThrow().getArray("api_keys")) {
                Struct range = (Struct) each;
                versions.put(range.getShort("api_key"), new Served(ApiKeys.forId(range.getShort("api_key")), range.getShort("min_version"), range.getShort("max_version")));
            }
            return versions;
        }
    }

    static LongStream seeds() {
        Long given = Long.getLong("firn.seed");
        return given != null ? LongStream.of(given) : RegressionSeeds.all();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void theSameRequestsGetTheSameAnswers(long seed) throws IOException {
        System.out.println("DifferentialIT: seed " + seed + ", " + STEPS + " steps");
        List<Finding> findings;
        try (Duel duel = new Duel(seed, firn.kafkaPort(), kafka.kafkaPort(), served)) {
            findings = duel.run(STEPS);
        }
        assertThat(findings).as(() -> findings.stream().map(Finding::toString).collect(Collectors.joining("\n\n"))).isEmpty();
    }

    @Test
    void everyApiOfKafkaIsDrawnInAllItsVersions() throws IOException {
        List<Served> theirs = versions(Side.KAFKA, kafka.kafkaPort()).values().stream().filter(each -> Weights.of(each.api()) > 0).toList();
        assertThat(theirs).hasSizeGreaterThan(70);
        assertThat(served).extracting(Served::api).containsExactlyInAnyOrderElementsOf(theirs.stream().map(Served::api).toList());
        assertThat(served).extracting(Served::max).containsExactlyInAnyOrderElementsOf(theirs.stream().map(Served::max).toList());
    }
}
