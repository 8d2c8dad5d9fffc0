package io.firn.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigLoaderTest {

    @TempDir
    Path directory;

    @Test
    void withoutSourcesEverySettingHasItsDefault() {
        BrokerConfig config = load("", Map.of());

        assertThat(config.kafka().port()).isEqualTo(9092);
        assertThat(config.http().port()).isEqualTo(8080);
        assertThat(config.data().dir()).isEqualTo(Path.of("./data"));
        assertThat(config.log().durability()).isEqualTo("fsync");
        assertThat(config.cold().bucket()).isEmpty();
        assertThat(config.topic().defaults()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "cluster.voters=1,2 | 3, 5 or 7 vote",
        "cluster.voters=1,2,2 | different broker ids",
        "cluster.voters=1,2,x | different broker ids",
        "cluster.seeds=h:1 | cluster.voters is not",
        "cluster.voters=7,8,9 cold.file.dir=/c | cluster.seeds is not set",
        "cluster.voters=1,2,3 | cold.file.dir is not set",
        "cluster.voters=1,2,3 cold.file.dir=/c kafka.port=0 | kafka.port is 0",
        "cluster.voters=1,2,3 cold.file.dir=/c cluster.host=0.0.0.0 | cluster.advertised.host is not set to an address",
        "cluster.voters=1,2,3 cold.file.dir=/c peer.host=0.0.0.0 | peer.advertised.host is not set to an address: peer.host is 0.0.0.0",
        "cluster.voters=1,2,3 cold.file.dir=/c kafka.advertised.host=:: | kafka.advertised.host is not set to an address",
        "kafka.host=0.0.0.0 | kafka.advertised.host is not set to an address: kafka.host is 0.0.0.0, but clients have to be told a single one",
        "cluster.voters=1,2,3 cold.file.dir=/c cluster.host=:: | cluster.advertised.host is not set to an address",
        "replica.fetch.wait.max.ms=500 replica.lag.time.max.ms=500 | replica.lag.time.max.ms"})
    void aClusterThatCouldNotBeOneIsRefused(String settings, String because) {
        assertThatThrownBy(() -> load("", Map.of(), settings.split(" "))).isInstanceOf(ConfigException.class).hasMessageContaining(because);
    }

    @Test
    void aClusterIsThereWhenItsVotersAreNamed() {
        BrokerConfig config = load("", Map.of(), "cluster.voters=3, 1,2", "cluster.seeds=a:1, b:2", "cold.file.dir=/c");
        assertThat(config.cluster().present()).isTrue();
        assertThat(config.cluster().voterIds()).containsExactly(1, 2, 3);
        assertThat(config.cluster().seedList()).containsExactly("a:1", "b:2");
        assertThat(load("", Map.of()).cluster().present()).isFalse();
    }

    @Test
    void environmentWinsOverFileAndCommandLineOverEnvironment() throws IOException {
        String yaml = "kafka: {port: 1, host: from-file}\nhttp.port: 1\n";

        BrokerConfig config = load(yaml, Map.of("FIRN_KAFKA_PORT", "2", "FIRN_HTTP_PORT", "2"), "http.port=3");

        assertThat(config.kafka().host()).isEqualTo("from-file");
        assertThat(config.kafka().port()).isEqualTo(2);
        assertThat(config.http().port()).isEqualTo(3);
    }

    @Test
    void lastOfTheSameKeyOnTheCommandLineWins() {
        assertThat(load("", Map.of(), "node.id=1", "node.id=7").node().id()).isEqualTo(7);
    }

    @Test
    void fileMayNestGroupsOrDotKeys() {
        String yaml = """
                log:
                  flush:
                    tick.ms: 5
                  io.threads: 2
                cold.chunk:
                  bytes: 131072
                """;

        BrokerConfig config = load(yaml, Map.of());

        assertThat(config.log().flushTickMs()).isEqualTo(5);
        assertThat(config.log().ioThreads()).isEqualTo(2);
        assertThat(config.cold().chunkBytes()).isEqualTo(131_072);
    }

    @Test
    void mapSettingsTakeEntriesFromEverySource() {
        String yaml = "topic:\n  defaults:\n    retention.ms: 1000\n    cleanup:\n      policy: delete\n";

        BrokerConfig config = load(yaml, Map.of("FIRN_TOPIC_DEFAULTS_SEGMENT_BYTES", "1048576"), "topic.defaults.retention.ms=-1");

        assertThat(config.topic().defaults())
                .isEqualTo(Map.of("retention.ms", "-1", "cleanup.policy", "delete", "segment.bytes", "1048576"));
    }

    @Test
    void anEmptyFileChangesNothing() {
        assertThat(load("# only a comment\n", Map.of())).isEqualTo(load("", Map.of()));
    }

    @Test
    void variablesOfTheLauncherAndOfKubernetesAreNotSettings() {
        Map<String, String> variables = Map.of("FIRN_HOME", "/opt/firn", "FIRN_JAVA_OPTS", "-Xmx1g", "FIRN_SERVICE_HOST", "10.0.0.1",
                "FIRN_PORT_9092_TCP", "tcp://10.0.0.1:9092", "PATH", "/bin");

        assertThat(load("", variables)).isEqualTo(load("", Map.of()));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "kafka.prot=1 | unknown setting kafka.prot (--set); did you mean kafka.port?",
        "durability=os | unknown setting durability (--set); did you mean log.durability?",
        "nothing.like.it=1 | unknown setting nothing.like.it (--set)",
        "kafka.port=abc | kafka.port is 'abc' (--set): allowed is a whole number, 0 to 65535",
        "kafka.port=70000 | kafka.port is '70000' (--set): allowed is a whole number, 0 to 65535",
        "kafka.port= | kafka.port is '' (--set): allowed is a whole number, 0 to 65535",
        "log.flush.tick.ms=1.5 | log.flush.tick.ms is '1.5' (--set): allowed is a whole number (ms), 0 to 100",
        "cold.cache.bytes=99999999999999999999 | cold.cache.bytes is '99999999999999999999' (--set): allowed is a whole number (bytes), at least 65536",
        "topic.auto.create=yes | topic.auto.create is 'yes' (--set): allowed is true or false",
        "log.durability=sometimes | log.durability is 'sometimes' (--set): allowed is fsync or os",
        "cold.provider=gcs | cold.provider is 'gcs' (--set): allowed is file, s3 or minio",
        "kafka.host= | kafka.host is '' (--set): allowed is a text that is not empty",
        "topic.defaults=x | topic.defaults (--set) takes names below it: topic.defaults.NAME=VALUE",
        "topic.defaults.retention.mss=1 | unknown setting topic.defaults.retention.mss (--set); did you mean topic.defaults.retention.ms?",
        "topic.defaults.retention.ms=soon | topic.defaults: Invalid value soon for configuration retention.ms: Not a number of type LONG",
        "cold.disk.cache.bytes=1 | cold.disk.cache.bytes is 1, but must be 0 or hold at least 8 chunks of cold.chunk.bytes, 1048576",
        "cold.disk.cache.bytes=1099511627776 | cold.disk.cache.bytes is 1099511627776, but holds at most 262144 chunks of cold.chunk.bytes, 1048576: each takes some 230 bytes of the heap",
        "cold.read.parallelism=1024 | cold.read.parallelism is 1024, but with 3 parts of cold.upload.parallelism, 2, a store takes no more than 1024 requests at once",
        "cold.upload.parallelism=65 | cold.upload.parallelism is '65' (--set): allowed is a whole number, 1 to 64",
        "cold.provider=s3 | cold.bucket is not set, but cold.provider s3 needs one",
        "cold.sse=s3 | cold.sse is s3, but cold.provider file encrypts nothing",
        "cold.sse=aes | cold.sse is 'aes' (--set): allowed is bucket, s3 or kms",
        "cold.sse.kms.key.id=k | cold.sse.kms.key.id is set, but cold.sse is bucket, not kms",
    })
    void aWrongSettingIsOneLineThatNamesKeyValueSourceAndWhatIsAllowed(String setting, String message) {
        assertThatThrownBy(() -> load("", Map.of(), setting)).isInstanceOf(ConfigException.class).hasMessage(message);
    }

    @Test
    void aSettingWithoutKeyIsRefused() {
        assertThatThrownBy(() -> Assignment.parse("kafka.port")).isInstanceOf(ConfigException.class).hasMessageContaining("key=value");
        assertThatThrownBy(() -> Assignment.parse("=1")).isInstanceOf(ConfigException.class).hasMessageContaining("key=value");
    }

    @Test
    void anErrorInTheFileNamesItsLine() {
        assertThatThrownBy(() -> load("http:\n  port: 1\nkafka:\n  port: many\n", Map.of())).isInstanceOf(ConfigException.class)
                .hasMessage("kafka.port is 'many' (" + file() + " line 4): allowed is a whole number, 0 to 65535");
        assertThatThrownBy(() -> load("kafka:\n  prot: 1\n", Map.of())).isInstanceOf(ConfigException.class)
                .hasMessage("unknown setting kafka.prot (" + file() + " line 2); did you mean kafka.port?");
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "kafka:\n  port: [1, 2]\n", "kafka:\n  port:\n", "- kafka\n", "kafka.port: 1\nkafka:\n  port: 2\n", "a: {b\n", "kafka.port: 1\n---\nkafka.port: 2\n", "\tkafka: 1\n",
    })
    void aFileThatIsNotASetOfSettingsIsRefusedInOneLineThatNamesIt(String yaml) {
        assertThatThrownBy(() -> load(yaml, Map.of())).isInstanceOf(ConfigException.class)
                .satisfies(e -> assertThat(e.getMessage().lines()).hasSize(1))
                .hasMessageContaining(file().toString());
    }

    @Test
    void aMissingFileIsRefused() {
        Path missing = directory.resolve("missing.yaml");

        assertThatThrownBy(() -> ConfigLoader.load(Optional.of(missing), Map.of(), List.of())).isInstanceOf(ConfigException.class)
                .hasMessage(missing + " does not exist (--config)");
    }

    @Test
    void aFileTooLongToBeOneIsNotRead() throws IOException {
        String comment = "#".repeat((int) YamlFile.MAX_BYTES + 1);

        assertThatThrownBy(() -> load(comment, Map.of())).isInstanceOf(ConfigException.class).hasMessageContaining("longer than");
    }

    @Test
    void anUnknownFirnVariableIsRefused() {
        assertThatThrownBy(() -> load("", Map.of("FIRN_KAFKA_PROT", "1"))).isInstanceOf(ConfigException.class)
                .hasMessage("unknown setting FIRN_KAFKA_PROT (environment variable); did you mean FIRN_KAFKA_PORT?");
        assertThatThrownBy(() -> load("", Map.of("FIRN_KAFKA_PORT", "x"))).isInstanceOf(ConfigException.class)
                .hasMessage("kafka.port is 'x' (environment variable FIRN_KAFKA_PORT): allowed is a whole number, 0 to 65535");
    }

    @Test
    void noErrorAndNoTextOfASecretShowsIt() {
        BrokerConfig config = load("", Map.of("FIRN_COLD_ACCESS_KEY", "visible?", "FIRN_COLD_SECRET_KEY", "hush"));

        assertThat(config.cold().secretKey()).contains("hush");
        assertThat(config.toString()).doesNotContain("hush").doesNotContain("visible?");
        assertThat(ConfigException.notAllowed(Schema.all().get("cold.secret.key"), "hush", "--set")).hasMessageNotContaining("hush");
        assertThatThrownBy(() -> load("", Map.of(), "cold.secrt.key=hush")).hasMessageNotContaining("hush");
    }

    @Test
    void accessAndSecretKeyGoTogether() {
        assertThatThrownBy(() -> load("", Map.of("FIRN_COLD_SECRET_KEY", "hush"))).isInstanceOf(ConfigException.class)
                .hasMessageContaining("cold.access.key").hasMessageNotContaining("hush");
    }

    @Test
    void recordsMadeInCodeAreBoundedToo() {
        assertThatThrownBy(() -> new BrokerConfig.Http("localhost", -1)).isInstanceOf(ConfigException.class)
                .hasMessage("http.port is '-1' (given in code): allowed is a whole number, 0 to 65535");
    }

    @Test
    void everyVariableNamesOneSetting() {
        assertThat(Schema.all().values().stream().map(SettingSpec::environmentName)).doesNotHaveDuplicates();
    }

    private Path file() {
        return directory.resolve("firn.yaml");
    }

    private BrokerConfig load(String yaml, Map<String, String> environment, String... settings) {
        try {
            Files.writeString(file(), yaml);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return ConfigLoader.load(Optional.of(file()), environment, java.util.Arrays.stream(settings).map(Assignment::parse).toList());
    }
}
