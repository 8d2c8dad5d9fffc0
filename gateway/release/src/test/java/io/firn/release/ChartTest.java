package io.firn.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import io.firn.gateway.config.Assignment;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The chart as Helm's own library lints and renders it. What it renders has not been given to a cluster: structure, references and scripts are looked at here. */
class ChartTest {

    private static final Path CHART = Tree.MODULE.resolve("helm/firn");
    private static final String POD_IP = "10.1.2.3";
    private static final Map<String, Object> LEAST = Map.of("cold.bucket", "glacier");

    @TempDir
    Path directory;

    @Test
    void lintsWithoutAWarning() {
        LintResult result = new Helm(CHART).lint().strict().call();

        assertThat(result.getMessages()).noneMatch(line -> line.contains("[WARNING]") || line.contains("[ERROR]"));
        assertThat(result.isFailed()).isFalse();
    }

    @Test
    void theChartIsOfTheVersionThatIsPacked() throws IOException {
        Tree chart = Tree.of(Files.readString(CHART.resolve("Chart.yaml")));
        String packed = Files.readString(Tree.MODULE.resolve("pom.xml")).replaceFirst("(?s).*?<version>([^<]+?)(-SNAPSHOT)?</version>.*", "$1");

        assertThat(chart.at("appVersion").text()).isEqualTo(packed);
        assertThat(broker(rendered(LEAST)).at("image").text()).isEqualTo("firn:" + packed);
    }

    @Test
    void brokersKeepTheirNamesAndDisksAndStartTogether() {
        Map<String, Tree> made = rendered(LEAST);
        Tree set = made.get("StatefulSet/ice-firn");

        assertThat(set.at("spec/podManagementPolicy").text()).as("a cluster is formed by voters that are there at once").isEqualTo("Parallel");
        assertThat(set.at("spec/replicas").value()).isEqualTo(3);
        assertThat(set.at("spec/volumeClaimTemplates/0/spec/storageClassName").text()).isEqualTo("local-nvme");
        assertThat(set.at("spec/persistentVolumeClaimRetentionPolicy").map()).containsOnlyKeys("whenDeleted", "whenScaled").containsValue("Retain").doesNotContainValue("Delete");
        assertThat(set.at("spec/template/spec/enableServiceLinks").value()).as("links of services begin with FIRN_").isEqualTo(false);
        Tree headless = made.get("Service/ice-firn-brokers");
        assertThat(set.at("spec/serviceName").text()).isEqualTo("ice-firn-brokers");
        assertThat(headless.at("spec/clusterIP").text()).isEqualTo("None");
        assertThat(headless.at("spec/publishNotReadyAddresses").value()).as("a broker that is not ready may lead").isEqualTo(true);
        assertThat(made.get("PodDisruptionBudget/ice-firn").at("spec/maxUnavailable").value()).isEqualTo(1);
    }

    @Test
    void probesAskWhatTheBrokerAnswers() {
        Tree broker = broker(rendered(LEAST));

        assertThat(broker.at("livenessProbe/httpGet/path").text()).isEqualTo("/health/live");
        assertThat(broker.at("startupProbe/httpGet/path").text()).isEqualTo("/health/live");
        assertThat(broker.at("readinessProbe/httpGet/path").text()).as("the next broker is taken when this one is in sync").isEqualTo("/health/in-sync");
        assertThat(broker.at("lifecycle/preStop/exec/command").value()).isEqualTo(List.of("bash", "/etc/firn/stop.sh"));
    }

    @Test
    void whatIsReferredToIsThere() {
        Map<String, Tree> made = rendered(Map.of("cold.bucket", "glacier", "serviceMonitor.enabled", true, "networkPolicy.enabled", true, "networkPolicy.httpFrom[0].podSelector.matchLabels.app", "prometheus"));
        Tree pod = made.get("StatefulSet/ice-firn").at("spec/template");
        Map<String, Object> labels = pod.at("metadata/labels").map();
        List<String> ports = broker(made).at("ports").list().stream().map(port -> port.at("name").text()).toList();

        assertThat(ports).containsExactlyInAnyOrder("kafka", "peer", "cluster", "http");
        for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
            assertThat(ports).contains(broker(made).at(probe + "/httpGet/port").text());
        }
        assertThat(labels).containsAllEntriesOf(made.get("StatefulSet/ice-firn").at("spec/selector/matchLabels").map())
                .containsAllEntriesOf(made.get("Service/ice-firn-brokers").at("spec/selector").map())
                .containsAllEntriesOf(made.get("Service/ice-firn").at("spec/selector").map())
                .containsAllEntriesOf(made.get("PodDisruptionBudget/ice-firn").at("spec/selector/matchLabels").map())
                .containsAllEntriesOf(made.get("NetworkPolicy/ice-firn").at("spec/podSelector/matchLabels").map());
        Tree monitor = made.get("ServiceMonitor/ice-firn");
        assertThat(made.get("Service/ice-firn-brokers").at("metadata/labels").map()).containsAllEntriesOf(monitor.at("spec/selector/matchLabels").map());
        assertThat(made.get("Service/ice-firn").at("metadata/labels").map()).as("each broker is scraped once").doesNotContainEntry("firn/service", "brokers");
        assertThat(made.get("Service/ice-firn-brokers").at("spec/ports").list()).anyMatch(port -> port.at("name").text().equals(monitor.at("spec/endpoints/0/port").text()));
        assertThat(made).containsKey("ServiceAccount/" + pod.at("spec/serviceAccountName").text());
        List<String> volumes = new ArrayList<>(pod.at("spec/volumes").list().stream().map(volume -> volume.at("name").text()).toList());
        volumes.add(made.get("StatefulSet/ice-firn").at("spec/volumeClaimTemplates/0/metadata/name").text());
        assertThat(broker(made).at("volumeMounts").list()).extracting(mount -> mount.at("name").text()).containsExactlyInAnyOrderElementsOf(volumes);
        assertThat(made).containsKey("ConfigMap/" + pod.at("spec/volumes/0/configMap/name").text());
    }

    @Test
    void theStartScriptGivesABrokerSettingsThatItTakes() throws Exception {
        Map<String, Tree> made = rendered(Map.of("cold.bucket", "glacier", "replicas", 5, "settings.topic\\.default\\.partitions", 6));

        BrokerConfig config = started(made, "ice-firn-2", "zone-b");

        assertThat(config.node().id()).isEqualTo(2);
        assertThat(config.node().rack()).hasValue("zone-b");
        assertThat(config.kafka().advertisedHost()).hasValue("ice-firn-2.ice-firn-brokers.north.svc.cluster.local");
        assertThat(config.cluster().host()).as("one that a connection can be bound to and made to").isEqualTo(POD_IP);
        assertThat(config.cluster().advertisedHost()).hasValue("ice-firn-2.ice-firn-brokers.north.svc.cluster.local");
        assertThat(config.cluster().seeds()).hasValue("ice-firn-brokers.north.svc.cluster.local:5701");
        assertThat(config.cluster().voters()).hasValue("0,1,2");
        assertThat(config.topic().defaultPartitions()).isEqualTo(6);
        assertThat(config.cold().bucket()).hasValue("glacier");
        assertThat(config.data().dir()).hasToString("/var/lib/firn/data");
        for (Tree port : broker(made).at("ports").list()) {
            int number = (int) port.at("containerPort").value();
            assertThat(number).isIn(config.kafka().port(), config.peer().port(), config.cluster().port(), config.http().port());
        }
    }

    /** Helm reads them as floating-point ones, and Go writes those from a million on with an exponent. */
    @Test
    void numbersOfAValuesFileArriveAsTheyAreWritten() throws IOException {
        Path values = Files.writeString(directory.resolve("values.yaml"), """
                cold: {bucket: glacier}
                settings: {topic.defaults.segment.bytes: 1073741824, topic.defaults.min.cleanable.dirty.ratio: 0.5, topic.auto.create: false, kafka.inflight.max.bytes: 134217728, log.durability: os}
                """);

        Tree yaml = Tree.of(firnYaml(made(template().withValuesFile(values))));

        assertThat(yaml.map()).containsEntry("topic.defaults.segment.bytes", "1073741824").containsEntry("topic.defaults.min.cleanable.dirty.ratio", "0.5")
                .containsEntry("topic.auto.create", "false").containsEntry("kafka.inflight.max.bytes", "134217728").containsEntry("log.durability", "os");
        Path rounded = Files.writeString(directory.resolve("rounded.yaml"), "{cold: {bucket: glacier}, settings: {topic.defaults.retention.bytes: 9223372036854775807}}");
        assertThatThrownBy(() -> made(template().withValuesFile(rounded))).hasMessageContaining("topic.defaults.retention.bytes").hasMessageContaining("in quotes");
    }

    /** A key given twice would be an error of every pod, or the last one would silently win. */
    @Test
    void settingsOfTheChartCannotBeGivenOnceMore() throws Exception {
        Map<String, Tree> made = rendered(Map.of("cold.bucket", "glacier", "cold.endpoint", "http://x", "cold.prefix", "p"));
        List<String> owned = new ArrayList<>(Tree.of(firnYaml(made)).map().keySet());
        arguments(made, "start.sh", "ice-firn-1", "zone-a").stream().filter(word -> word.contains("=")).forEach(word -> owned.add(word.split("=")[0]));
        owned.addAll(List.of("kafka.port", "peer.port", "cluster.port", "http.port", "cold.secret.key"));

        assertThat(owned).contains("data.dir", "cluster.seeds", "cluster.host", "node.id", "node.rack", "kafka.advertised.host");
        for (String key : owned) {
            assertRefused(Map.of("cold.bucket", "glacier", "settings." + key.replace(".", "\\."), "1"), key);
        }
        assertRefused(Map.of("cold.bucket", "glacier", "settings.topic.default", "1"), "/settings/topic");
        assertThat(Tree.of(firnYaml(rendered(Map.of("cold.bucket", "glacier", "settings.cluster\\.session\\.timeout\\.ms", 9000)))).map()).containsEntry("cluster.session.timeout.ms", "9000");
    }

    @Test
    void onlyVotersAreToldToFormAndOnlyWhileTheChartSaysSo() throws Exception {
        Map<String, Tree> forming = rendered(Map.of("cold.bucket", "glacier", "replicas", 4, "form", true));

        assertThat(arguments(forming, "start.sh", "ice-firn-2", "")).contains("--form").noneMatch(word -> word.startsWith("node.rack"));
        assertThat(arguments(forming, "start.sh", "ice-firn-3", "")).isNotEmpty().doesNotContain("--form");
        assertThat(arguments(rendered(LEAST), "start.sh", "ice-firn-2", "")).isNotEmpty().doesNotContain("--form");
    }

    @Test
    void onlyBrokersThatGoForGoodAreDrained() throws Exception {
        Map<String, Tree> shrinking = rendered(Map.of("cold.bucket", "glacier", "replicas", 5, "drainFrom", 4));

        assertThat(arguments(shrinking, "stop.sh", "ice-firn-4", "")).containsExactly("broker", "drain", "4", "--http", "http://127.0.0.1:8080");
        assertThat(arguments(shrinking, "stop.sh", "ice-firn-3", "")).isEmpty();
        assertThat(arguments(rendered(LEAST), "stop.sh", "ice-firn-2", "")).isEmpty();
    }

    /** One request that finds no controller is no reason to take a broker away that holds records. */
    @Test
    void drainingIsTriedAgainWhenItFails() throws Exception {
        Map<String, Tree> shrinking = rendered(Map.of("cold.bucket", "glacier", "replicas", 5, "drainFrom", 4));
        String failsTwice = """
                #!/bin/bash
                echo "$@" >> "$CHART/tries"
                [ "$(wc -l < "$CHART/tries")" -ge 3 ] && echo drained
                """;

        assertThat(lines(shrinking, "stop.sh", "ice-firn-4", "", failsTwice)).containsExactly("drained");
    }

    @Test
    void formingAndDrainingRestartNoPod() {
        Object before = checksum(rendered(LEAST));

        assertThat(checksum(rendered(Map.of("cold.bucket", "glacier", "form", true, "drainFrom", 3)))).isEqualTo(before);
        assertThat(checksum(rendered(Map.of("cold.bucket", "moraine")))).isNotEqualTo(before);
    }

    @Test
    void keysComeFromASecretAndNeverFromTheChart() {
        Map<String, Tree> made = rendered(Map.of("cold.bucket", "glacier", "cold.existingSecret", "bucket-keys"));

        assertThat(broker(made).at("env").list()).filteredOn(one -> one.at("name").text().startsWith("FIRN_COLD_"))
                .hasSize(2).allMatch(one -> one.at("valueFrom/secretKeyRef/name").text().equals("bucket-keys"));
        assertThat(broker(rendered(LEAST)).at("env").list()).noneMatch(one -> one.at("name").text().startsWith("FIRN_COLD_"));
    }

    @Test
    void brokersRunWithoutRightsThatTheyDoNotNeed() {
        Map<String, Tree> made = rendered(LEAST);

        assertThat(made.get("StatefulSet/ice-firn").at("spec/template/spec/securityContext/runAsNonRoot").value()).isEqualTo(true);
        assertThat(made.get("StatefulSet/ice-firn").at("spec/template/spec/automountServiceAccountToken").value()).isEqualTo(false);
        assertThat(broker(made).at("securityContext/readOnlyRootFilesystem").value()).isEqualTo(true);
        assertThat(broker(made).at("securityContext/capabilities/drop").value()).isEqualTo(List.of("ALL"));
        List<Tree> ingress = made.get("NetworkPolicy/ice-firn").at("spec/ingress").list();
        assertThat(ingress).filteredOn(rule -> !rule.has("from")).singleElement()
                .satisfies(open -> assertThat(open.at("ports").list()).extracting(port -> port.at("port").text()).containsExactly("kafka"));
    }

    @Test
    void valuesThatCannotBeAreRefused() {
        assertRefused(Map.of(), "cold.bucket");
        assertRefused(Map.of("cold.bucket", "glacier", "replicas", 2), "replicas");
        assertRefused(Map.of("cold.bucket", "glacier", "voters", 4), "voters");
        assertRefused(Map.of("cold.bucket", "glacier", "voters", 5), "replicas must not be fewer than voters");
        assertRefused(Map.of("cold.bucket", "glacier", "voters", 5, "replicas", 6, "drainFrom", 4), "drainFrom");
        assertRefused(Map.of("cold.bucket", "Glacier_1"), "bucket");
        assertRefused(Map.of("cold.bucket", "glacier", "repliacs", 5), "repliacs");
        assertRefused(Map.of("cold.bucket", "glacier", "podDisruptionBudget.maxUnavailable", 2), "a majority of voters");
    }

    /** The file is what terraform's own test of that module holds its output to. */
    @Test
    void valuesOfTerraformMakeTheClusterThatItTellsOf() throws Exception {
        Path values = Tree.MODULE.resolve("../../terraform/modules/eks-cluster/tests/values.yaml");

        Map<String, Tree> made = made(template().withValuesFile(values));

        Tree set = made.get("StatefulSet/ice-firn");
        assertThat(set.at("spec/replicas").value()).isEqualTo(4);
        assertThat(set.at("spec/volumeClaimTemplates/0/spec/storageClassName").text()).isEqualTo("local-nvme");
        assertThat(set.at("spec/template/spec/serviceAccountName").text()).as("whose pods have the role").isEqualTo("firn");
        assertThat(set.at("spec/template/spec/nodeSelector").map()).containsEntry("firn/cluster", "prod");
        assertThat(broker(made).at("image").text()).startsWith("111122223333.dkr.ecr.eu-central-1.amazonaws.com/firn:");
        BrokerConfig config = started(made, "ice-firn-3", "");
        assertThat(config.cluster().name()).isEqualTo("prod");
        assertThat(config.cold().bucket()).hasValue("firn-test");
        assertThat(config.cold().prefix()).hasValue("teams/prod");
        assertThat(config.cold().pathStyle()).isFalse();
        assertThat(made(template().withName("firn").withValuesFile(values))).as("the names that it tells of").containsKeys("Service/firn", "Service/firn-brokers");
    }

    @Test
    void itCanBePartOfAnotherChart() {
        assertThat(rendered(Map.of("cold.bucket", "glacier", "global.region", "eu"))).containsKey("StatefulSet/ice-firn");
    }

    @Test
    void aServiceMonitorIsOnlyMadeWhenPrometheusIsLetIn() {
        assertRefused(Map.of("cold.bucket", "glacier", "serviceMonitor.enabled", true), "networkPolicy.httpFrom");
        String from = "networkPolicy.httpFrom[0].namespaceSelector.matchLabels.kubernetes\\.io/metadata\\.name";
        Map<String, Tree> made = rendered(Map.of("cold.bucket", "glacier", "serviceMonitor.enabled", true, from, "monitoring"));

        assertThat(made).containsKey("ServiceMonitor/ice-firn");
        assertThat(http(made).at("from").list()).singleElement().hasToString("Tree[value={namespaceSelector={matchLabels={kubernetes.io/metadata.name=monitoring}}}]");
        assertThat(http(rendered(LEAST)).at("from").list()).as("the release's namespace").singleElement().hasToString("Tree[value={podSelector={}}]");
    }

    private static Tree http(Map<String, Tree> made) {
        return made.get("NetworkPolicy/ice-firn").at("spec/ingress").list().stream().filter(rule -> rule.at("ports/0/port").text().equals("http")).findFirst().orElseThrow();
    }

    private static void assertRefused(Map<String, Object> values, String named) {
        assertThatThrownBy(() -> rendered(values)).hasMessageContaining(named);
    }

    private static Object checksum(Map<String, Tree> made) {
        return made.get("StatefulSet/ice-firn").at("spec/template/metadata/annotations").map().get("checksum/settings");
    }

    private static Tree broker(Map<String, Tree> made) {
        return made.get("StatefulSet/ice-firn").at("spec/template/spec/containers/0");
    }

    /** By kind and name. */
    private static Map<String, Tree> rendered(Map<String, Object> values) {
        TemplateCommand template = template();
        values.forEach(template::set);
        return made(template);
    }

    private static TemplateCommand template() {
        return new Helm(CHART).template().withName("ice").withNamespace("north").withKubeVersion("1.31.0");
    }

    private static String firnYaml(Map<String, Tree> made) {
        return made.get("ConfigMap/ice-firn").at("data").map().get("firn.yaml").toString();
    }

    private static Map<String, Tree> made(TemplateCommand template) {
        Map<String, Tree> made = new TreeMap<>();
        for (Tree document : Tree.all(template.call())) {
            assertThat(document.has("apiVersion")).as("%s", document).isTrue();
            assertThat(made.put(document.at("kind").text() + "/" + document.at("metadata/name").text(), document)).as("twice").isNull();
        }
        return made;
    }

    private BrokerConfig started(Map<String, Tree> made, String pod, String zone) throws Exception {
        List<String> arguments = arguments(made, "start.sh", pod, zone);
        assertThat(arguments).startsWith("up", "--config").element(2).asString().endsWith("/firn.yaml");
        Path config = Files.writeString(directory.resolve("firn.yaml"), firnYaml(made));
        List<Assignment> settings = new ArrayList<>();
        for (int i = 3; i < arguments.size(); i += 2) {
            assertThat(arguments.get(i)).isEqualTo("--set");
            settings.add(Assignment.parse(arguments.get(i + 1)));
        }
        return ConfigLoader.load(Optional.of(config), Map.of(), settings);
    }

    /** What a script of the chart gives to {@code firn}, a word a line. */
    private List<String> arguments(Map<String, Tree> made, String script, String pod, String zone) throws IOException, InterruptedException {
        return lines(made, script, pod, zone, "#!/bin/bash\nprintf '%s\\n' \"$@\"\n");
    }

    /** Runs a script of the chart in bash, with a {@code firn} that is a script as well, and without pauses. */
    private List<String> lines(Map<String, Tree> made, String script, String pod, String zone, String stub) throws IOException, InterruptedException {
        Path chart = Files.createTempDirectory(directory, "chart");
        made.get("ConfigMap/ice-firn").at("data").map().forEach((name, text) -> write(chart.resolve(name), text.toString()));
        Path firn = chart.resolve("bin/firn");
        Files.createDirectory(firn.getParent());
        write(firn, stub);
        write(firn.resolveSibling("sleep"), "#!/bin/bash\n");
        assertThat(firn.toFile().setExecutable(true) && firn.resolveSibling("sleep").toFile().setExecutable(true)).isTrue();
        ProcessBuilder bash = new ProcessBuilder("bash", chart.resolve(script).toString()).redirectErrorStream(true);
        bash.environment().putAll(Map.of("HOSTNAME", pod, "ZONE", zone, "CHART", chart.toString(), "POD_IP", POD_IP, "PATH", firn.getParent() + ":" + System.getenv("PATH")));
        Process process = bash.start();
        List<String> words = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        assertThat(process.waitFor()).as("%s", words).isZero();
        return words;
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
