package io.firn.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The image's and Compose's files, read: there is no engine here that would build or run them. */
class ContainerTest {

    private static final Set<String> INSTRUCTIONS = Set.of("FROM", "ARG", "ADD", "RUN", "USER", "WORKDIR", "VOLUME", "EXPOSE", "ENV", "HEALTHCHECK", "STOPSIGNAL", "ENTRYPOINT", "CMD");

    /** One instruction, its continued lines joined. */
    private record Instruction(String name, String rest) {}

    @Test
    void theImageIsOfAPinnedReleaseAndDoesNotRunAsRoot() throws IOException {
        List<Instruction> all = instructions();

        assertThat(all).extracting(Instruction::name).isSubsetOf(INSTRUCTIONS).startsWith("FROM");
        assertThat(only(all, "FROM")).matches("[a-z/-]+:\\d+-jre-[a-z]+");
        assertThat(only(all, "USER")).matches("[1-9]\\d*:[1-9]\\d*");
        int user = all.indexOf(new Instruction("USER", only(all, "USER")));
        assertThat(all.subList(user, all.size())).extracting(Instruction::name).doesNotContain("RUN", "ADD");
        assertThat(only(all, "ENTRYPOINT")).isEqualTo("[\"firn\"]");
        assertThat(only(all, "RUN")).contains("--uid " + only(all, "USER").split(":")[0]);
    }

    @Test
    void theImageAddsWhatIsPacked() throws IOException {
        assertThat(only(instructions(), "ADD")).isEqualTo("firn-${VERSION}.tar.gz /opt/");
        assertThat(Files.readString(Tree.MODULE.resolve("pom.xml"))).contains("<firn.archive>firn-${project.version}</firn.archive>", "<finalName>${firn.archive}</finalName>");
    }

    @Test
    void shellLinesOfTheImageAreShell() throws IOException, InterruptedException {
        List<String> scripts = new ArrayList<>(List.of(only(instructions(), "RUN")));
        Tree check = Tree.of(only(instructions(), "HEALTHCHECK").replaceFirst(".*CMD ", ""));
        assertThat(check.list()).extracting(Tree::text).startsWith("bash", "-c");
        scripts.add(check.at("2").text());
        for (String script : scripts) {
            Process bash = new ProcessBuilder("bash", "-n", "-c", script).inheritIO().start();
            assertThat(bash.waitFor()).as(script).isZero();
        }
    }

    @Test
    void settingsAndPortsOfTheImageAreTheBrokers() throws IOException {
        BrokerConfig config = ConfigLoader.load(Optional.of(Tree.MODULE.resolve("src/dist/conf/firn.yaml")), imageEnvironment(), List.of());

        assertThat(config.kafka().host()).isEqualTo("0.0.0.0");
        assertThat(config.http().host()).isEqualTo("0.0.0.0");
        assertThat(only(instructions(), "VOLUME")).isEqualTo(config.data().dir().toString());
        assertThat(only(instructions(), "EXPOSE").split(" "))
                .containsExactly(Stream.of(config.kafka().port(), config.peer().port(), config.cluster().port(), config.http().port()).map(String::valueOf).toArray(String[]::new));
    }

    @Test
    void composeMakesThreeBrokersOfOneClusterOverOneBucket() throws IOException {
        Map<String, BrokerConfig> brokers = composed();

        assertThat(brokers).hasSize(3);
        assertThat(brokers.values()).extracting(config -> config.node().id()).containsExactly(1, 2, 3);
        assertThat(brokers.values()).extracting(BrokerConfig::cluster).extracting(BrokerConfig.Cluster::voterIds).containsOnly(Set.of(1, 2, 3));
        assertThat(brokers.values()).extracting(config -> config.cold().provider() + config.cold().endpoint() + config.cold().bucket()).containsOnly("minioOptional[http://minio:9000]Optional[firn]");
        brokers.forEach((name, config) -> {
            assertThat(config.peer().advertisedHost()).hasValue(name);
            assertThat(config.cluster().advertisedHost()).hasValue(name);
            assertThat(config.cluster().seeds().orElseThrow().split(",")).contains(name + ":" + config.cluster().port());
        });
    }

    @Test
    void composePublishesToThisMachineAloneAndTellsClientsWhereTheyAreLedTo() throws IOException {
        Tree compose = compose();
        Map<String, BrokerConfig> brokers = composed();

        Set<String> taken = new TreeSet<>();
        compose.at("services").map().forEach((name, service) -> {
            Tree one = new Tree(service);
            if (one.has("ports")) {
                one.at("ports").list().forEach(port -> {
                    assertThat(port.text()).startsWith("127.0.0.1:");
                    assertThat(taken.add(port.text().split(":")[1])).as("%s twice", port).isTrue();
                });
            }
        });
        brokers.forEach((name, config) -> {
            int told = config.kafka().clientPort(config.kafka().port());
            assertThat(compose.at("services/" + name + "/ports").list()).extracting(Tree::text).contains("127.0.0.1:" + told + ":" + config.kafka().port());
            assertThat(config.kafka().clientHost()).isEqualTo("localhost");
        });
    }

    @Test
    void composeKeepsWhatBrokersStoreAndStartsThemWhenTheBucketIsThere() throws IOException {
        Tree compose = compose();

        for (String name : composed().keySet()) {
            Tree service = compose.at("services/" + name);
            String volume = service.at("volumes/0").text();
            assertThat(volume).isEqualTo(name + ":" + only(instructions(), "VOLUME"));
            assertThat(compose.at("volumes").map()).containsKey(name);
            assertThat(service.at("depends_on/bucket/condition").text()).isEqualTo("service_completed_successfully");
            assertThat(compose.at("services").map()).containsKey("bucket");
        }
        assertThat(compose.at("services/bucket/entrypoint/2").text()).contains("mb --ignore-existing firn/" + composed().get("broker-1").cold().bucket().orElseThrow());
    }

    private static Map<String, BrokerConfig> composed() throws IOException {
        Map<String, BrokerConfig> brokers = new TreeMap<>();
        for (Map.Entry<String, Object> service : compose().at("services").map().entrySet()) {
            if (service.getKey().startsWith("broker-")) {
                Map<String, String> environment = new HashMap<>(imageEnvironment());
                new Tree(service.getValue()).at("environment").map().forEach((name, value) -> environment.put(name, value.toString()));
                brokers.put(service.getKey(), ConfigLoader.load(Optional.of(Tree.MODULE.resolve("src/dist/conf/firn.yaml")), environment, List.of()));
            }
        }
        return brokers;
    }

    private static Tree compose() throws IOException {
        return Tree.of(Files.readString(Tree.MODULE.resolve("docker/compose.yaml")));
    }

    private static Map<String, String> imageEnvironment() throws IOException {
        Map<String, String> environment = new HashMap<>();
        for (String assignment : only(instructions(), "ENV").split(" +")) {
            environment.put(assignment.split("=")[0], assignment.split("=")[1]);
        }
        return environment;
    }

    private static String only(List<Instruction> all, String name) {
        return all.stream().filter(one -> one.name().equals(name)).reduce((first, second) -> {
            throw new AssertionError(name + " twice");
        }).orElseThrow(() -> new AssertionError("no " + name)).rest();
    }

    private static List<Instruction> instructions() throws IOException {
        String text = Files.readString(Tree.MODULE.resolve("docker/Dockerfile")).replaceAll("(?m)^#.*\\R", "").replaceAll("\\\\\\R\\s*", " ");
        return text.lines().filter(line -> !line.isBlank()).map(line -> new Instruction(line.split(" ", 2)[0], line.split(" ", 2)[1].strip())).toList();
    }
}
