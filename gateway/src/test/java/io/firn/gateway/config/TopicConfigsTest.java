package io.firn.gateway.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.codec.CompressionChoice;
import io.firn.gateway.config.ConfigEntry.Source;
import io.firn.gateway.config.ConfigEntry.Synonym;
import io.firn.hot.FlushRule;
import io.firn.hot.HotLogConfig;
import io.firn.membership.ClusterView;
import io.firn.retention.CompactionConfig;
import io.firn.retention.TieredLogConfig;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.storage.internals.log.LogConfig;
import org.junit.jupiter.api.Test;

class TopicConfigsTest {
    private static final ClusterView EMPTY = view(Map.of());

    private final TopicConfigs configs = new TopicConfigs(1, Map.of());
    private final TopicConfigRules rules = new TopicConfigRules(configs);
    private final TopicConfigEntries entries = new TopicConfigEntries(configs);

    private static ClusterView view(Map<Integer, Map<String, String>> brokerConfigs) {
        return new ClusterView(1, 1, "cluster", Map.of(), Map.of(), Map.of(), brokerConfigs, Map.of(), 0);
    }

    @Test
    void builtInDefaultsAreKafkasExceptThatTopicsAreTiered() {
        Map<String, String> differing = new HashMap<>(TopicConfigs.BUILT_IN);
        LogConfig.configKeys().forEach((name, key) -> differing.remove(name, ConfigDef.convertToString(key.defaultValue, key.type)));

        assertThat(differing).isEqualTo(Map.of("remote.storage.enable", "true"));
    }

    @Test
    void everyPublicTopicConfigOfKafkaIsDescribedWithTypeDocumentationAndDefault() {
        List<ConfigEntry> described = entries.ofTopic(EMPTY, Map.of());

        assertThat(described).extracting(ConfigEntry::name).containsExactlyElementsOf(LogConfig.nonInternalConfigNames());
        assertThat(described).allSatisfy(entry -> {
            assertThat(entry.type()).isEqualTo(LogConfig.configType(entry.name()).orElseThrow());
            assertThat(entry.documentation()).isNotBlank();
            assertThat(entry.source()).isEqualTo(Source.BUILT_IN);
            assertThat(entry.value()).isPresent();
        });
    }

    @Test
    void everyTopicConfigOfKafkaIsAcceptedWithItsDefault() {
        for (String name : LogConfig.nonInternalConfigNames()) {
            if (!name.equals("remote.storage.enable")) {
                rules.checkNew(EMPTY, Map.of(name, TopicConfigKeys.BUILT_IN.get(name)));
            }
        }
    }

    @Test
    void aTopicWithoutOverridesGetsKafkasLogSettingsAndIsTiered() {
        TieredLogConfig config = configs.logConfig(EMPTY, Map.of());

        assertThat(config).isEqualTo(new TieredLogConfig(HotLogConfig.DEFAULT, true, true, 604_800_000L, -1, -2, -2));
    }

    @Test
    void overridesReachTheLog() {
        TieredLogConfig config = configs.logConfig(EMPTY, Map.of("segment.bytes", "1048576", "message.timestamp.type", "LogAppendTime", "retention.ms", "-1",
                "local.retention.bytes", "2097152", "max.message.bytes", "5000"));

        assertThat(config.hot().segmentBytes()).isEqualTo(1_048_576);
        assertThat(config.hot().logAppendTime()).isTrue();
        assertThat(config.hot().maxMessageBytes()).isEqualTo(5000);
        assertThat(config.retentionMs()).isEqualTo(-1);
        assertThat(config.localRetentionBytes()).isEqualTo(2_097_152);
    }

    @Test
    void aCompactedTopicIsNotTieredAndSealsByCompactionLag() {
        TieredLogConfig config = configs.logConfig(EMPTY, Map.of("cleanup.policy", "compact", "max.compaction.lag.ms", "1000"));

        assertThat(config.tiered()).isFalse();
        assertThat(config.deleteByRetention()).isFalse();
        assertThat(config.hot().compacted()).isTrue();
        assertThat(config.hot().segmentMs()).isEqualTo(1000);
        assertThat(config.compaction()).isEqualTo(new CompactionConfig(0.5, 0, 1000, 86_400_000));
        assertThat(configs.logConfig(EMPTY, Map.of("cleanup.policy", "compact", "min.cleanable.dirty.ratio", "0.25", "min.compaction.lag.ms", "10", "delete.retention.ms", "77")).compaction())
                .isEqualTo(new CompactionConfig(0.25, 10, Long.MAX_VALUE, 77));
    }

    @Test
    void theStrongestLayerWins() {
        TopicConfigs layered = new TopicConfigs(1, Map.of("retention.ms", "40"));
        ClusterView view = view(Map.of(1, Map.of("log.retention.ms", "20"), -1, Map.of("log.retention.ms", "30"), 2, Map.of("log.retention.ms", "99")));

        List<Synonym> synonyms = layered.synonyms("retention.ms", Map.of("retention.ms", "10"), view, "50");

        assertThat(synonyms).containsExactly(new Synonym("retention.ms", "10", Source.TOPIC), new Synonym("log.retention.ms", "20", Source.BROKER),
                new Synonym("log.retention.ms", "30", Source.BROKER_DEFAULT), new Synonym("log.retention.ms", "40", Source.STATIC),
                new Synonym("log.retention.ms", "50", Source.BUILT_IN));
        assertThat(layered.logConfig(view, Map.of()).retentionMs()).isEqualTo(20);
        assertThat(layered.logConfig(EMPTY, Map.of()).retentionMs()).isEqualTo(40);
    }

    @Test
    void unknownAndInternalNamesAreRefused() {
        assertThatThrownBy(() -> rules.checkNew(EMPTY, Map.of("no.such.config", "1"))).isInstanceOf(InvalidConfigurationException.class)
                .hasMessage("Unknown topic config name: no.such.config");
        assertThatThrownBy(() -> rules.checkNew(EMPTY, Map.of("internal.segment.bytes", "100"))).isInstanceOf(InvalidConfigurationException.class);
    }

    @Test
    void valuesOutOfBoundsOrOfTheWrongTypeAreRefused() {
        for (Map<String, String> bad : List.of(Map.of("segment.bytes", "100"), Map.of("retention.ms", "soon"), Map.of("cleanup.policy", "burn"),
                Map.of("min.insync.replicas", "0"), Map.of("compression.type", "rar"))) {
            assertThatThrownBy(() -> rules.checkNew(EMPTY, bad)).as("%s", bad).isInstanceOf(InvalidConfigurationException.class);
        }
    }

    @Test
    void localRetentionAboveTotalRetentionIsRefused() {
        assertThatThrownBy(() -> rules.checkNew(EMPTY, Map.of("retention.ms", "1000", "local.retention.ms", "2000"))).isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("local.retention.ms");
        assertThatThrownBy(() -> rules.checkNew(EMPTY, Map.of("retention.bytes", "1000", "local.retention.bytes", "-1"))).isInstanceOf(InvalidConfigurationException.class);
        rules.checkNew(EMPTY, Map.of("retention.ms", "-1", "local.retention.ms", "2000"));
    }

    @Test
    void aNewTopicMayBeCompactedOrUntieredOrCompactedAndTiered() {
        rules.checkNew(EMPTY, Map.of("cleanup.policy", "compact"));
        rules.checkNew(EMPTY, Map.of("remote.storage.enable", "false"));
        rules.checkNew(EMPTY, Map.of("cleanup.policy", "compact", "remote.storage.enable", "true"));
        rules.checkNew(EMPTY, Map.of("cleanup.policy", "compact,delete", "remote.storage.enable", "true"));
        assertThatThrownBy(() -> rules.checkNew(EMPTY, Map.of("cleanup.policy", "compact,shrink", "remote.storage.enable", "true"))).isInstanceOf(InvalidConfigurationException.class);
        assertThatThrownBy(() -> rules.checkNew(EMPTY, Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "retention.ms", "5", "local.retention.ms", "6")))
                .isInstanceOf(InvalidConfigurationException.class).hasMessageContaining("local.retention.ms");
    }

    @Test
    void aCompactedTopicIsTieredWhenItSaysSo() {
        TieredLogConfig config = configs.logConfig(EMPTY, Map.of("cleanup.policy", "compact", "remote.storage.enable", "true", "min.cleanable.dirty.ratio", "0.25",
                "min.compaction.lag.ms", "10", "max.compaction.lag.ms", "1000", "delete.retention.ms", "77"));
        assertThat(config.tiered()).isTrue();
        assertThat(config.compaction()).isEqualTo(new CompactionConfig(0.25, 10, 1000, 77));
    }

    @Test
    void aTieredTopicThatIsToBeCompactedSaysWhetherItStaysTiered() {
        assertThatThrownBy(() -> rules.checkChange(EMPTY, Map.of(), Map.of("cleanup.policy", "compact"))).isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("remote.storage.enable=true");
        rules.checkChange(EMPTY, Map.of(), Map.of("cleanup.policy", "compact", "remote.storage.enable", "true"));
        rules.checkChange(EMPTY, Map.of(), Map.of("cleanup.policy", "compact", "remote.storage.enable", "false", "remote.log.delete.on.disable", "true"));
        assertThatThrownBy(() -> rules.checkChange(EMPTY, Map.of("cleanup.policy", "compact", "remote.storage.enable", "true"), Map.of("cleanup.policy", "compact")))
                .isInstanceOf(InvalidConfigurationException.class).hasMessageContaining("remote.storage.enable=true");
        assertThatThrownBy(() -> rules.checkChange(EMPTY, Map.of("cleanup.policy", "compact", "remote.storage.enable", "true"),
                Map.of("cleanup.policy", "compact", "remote.storage.enable", "false"))).isInstanceOf(InvalidConfigurationException.class).hasMessageContaining("remote.log.delete.on.disable");
    }

    @Test
    void tieringEndsOnlyWithTheDataInTheColdTier() {
        assertThatThrownBy(() -> rules.checkChange(EMPTY, Map.of(), Map.of("remote.storage.enable", "false"))).isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("remote.log.delete.on.disable");
        assertThatThrownBy(() -> rules.checkChange(EMPTY, Map.of(), Map.of("cleanup.policy", "compact"))).isInstanceOf(InvalidConfigurationException.class);
        rules.checkChange(EMPTY, Map.of(), Map.of("remote.storage.enable", "false", "remote.log.delete.on.disable", "true"));
        rules.checkChange(EMPTY, Map.of("cleanup.policy", "compact"), Map.of("cleanup.policy", "compact", "segment.ms", "5000"));
    }

    @Test
    void anOverrideThatMadeATopicTieredCannotSimplyBeTakenBack() {
        TopicConfigs untieredByDefault = new TopicConfigs(1, Map.of("remote.storage.enable", "false"));
        TopicConfigRules strict = new TopicConfigRules(untieredByDefault);
        assertThatThrownBy(() -> strict.checkChange(EMPTY, Map.of("remote.storage.enable", "true"), Map.of())).isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("remote.log.delete.on.disable");
        strict.checkChange(EMPTY, Map.of("remote.storage.enable", "true"), Map.of("remote.log.delete.on.disable", "true"));
    }

    @Test
    void brokersTakeTopicConfigsUnderTheirBrokerNamesAtRunTime() {
        BrokerConfigRules.check(Map.of("log.retention.ms", "1000", "message.max.bytes", "2000", "log.cleanup.policy", "delete"));

        assertThatThrownBy(() -> BrokerConfigRules.check(Map.of("num.partitions", "3"))).isInstanceOf(InvalidRequestException.class)
                .hasMessage("Cannot update these configs dynamically: [num.partitions]");
        BrokerConfigRules.check(Map.of("log.retention.ms", "-5"));
        BrokerConfigRules.check(Map.of("log.cleanup.policy", "compact"));
        for (Map<String, String> bad : List.of(Map.of("log.retention.ms", "soon"), Map.of("log.retention.ms", "0"), Map.of("log.segment.bytes", "5"), Map.of("compression.type", "rar"), Map.of("log.retention.hours", "5"),
                Map.of("log.local.retention.ms", "999999999999"), Map.of("log.cleaner.min.compaction.lag.ms", "9", "log.cleaner.max.compaction.lag.ms", "8"))) {
            assertThatThrownBy(() -> BrokerConfigRules.check(bad)).as("%s", bad).isInstanceOf(InvalidRequestException.class);
        }
    }

    @Test
    void aNegativeRetentionOfBrokersIsNoLimitForTopics() {
        ClusterView view = view(Map.of(-1, Map.of("log.retention.ms", "-5", "log.retention.bytes", "-7")));
        TieredLogConfig config = configs.settings(view, Map.of()).log();

        assertThat(config.retentionMs()).isEqualTo(-1);
        assertThat(config.retentionBytes()).isEqualTo(-1);
        assertThat(described(view, Map.of(), "retention.ms").value()).hasValue("-1");
        rules.checkNew(view, Map.of("segment.ms", "5000"));
    }

    @Test
    void everySettingOfPartitionsFollowsItsConfig() {
        TopicSettings settings = configs.settings(EMPTY, Map.of("flush.messages", "5", "flush.ms", "6", "compression.type", "zstd", "compression.zstd.level", "7", "min.insync.replicas", "2",
                "remote.log.copy.disable", "true", "remote.log.delete.on.disable", "true", "retention.bytes", "-12"));

        assertThat(settings.log().hot().flush()).isEqualTo(new FlushRule(5, 6));
        assertThat(settings.compression()).isEqualTo(CompressionChoice.of("zstd", 7));
        assertThat(settings.minInsyncReplicas()).isEqualTo(2);
        assertThat(settings.log().copyDisabled()).isTrue();
        assertThat(settings.log().deleteOnDisable()).isTrue();
        assertThat(settings.log().retentionBytes()).isEqualTo(-1);
        assertThat(configs.settings(EMPTY, Map.of()).compression()).isEqualTo(CompressionChoice.PRODUCER);
    }

    @Test
    void timesThatBrokersHaveInALongerUnitAreDescribedAsKafkaDoes() {
        assertThat(described(EMPTY, Map.of(), "retention.ms").synonyms()).isEmpty();
        ClusterView view = view(Map.of(-1, Map.of("log.retention.ms", "1000")));
        assertThat(described(view, Map.of(), "retention.ms").synonyms()).containsExactly(new Synonym("log.retention.ms", "1000", Source.BROKER_DEFAULT),
                new Synonym("log.retention.hours", "168", Source.BUILT_IN));
        assertThat(entries.ofBroker(EMPTY)).filteredOn(entry -> entry.name().equals("log.retention.ms")).allMatch(entry -> entry.value().isEmpty() && !entry.readOnly()).hasSize(1);
        assertThat(entries.ofBroker(EMPTY)).filteredOn(entry -> entry.name().equals("log.retention.hours")).allMatch(ConfigEntry::readOnly).hasSize(1);
    }

    private ConfigEntry described(ClusterView view, Map<String, String> overrides, String name) {
        return entries.ofTopic(view, overrides).stream().filter(entry -> entry.name().equals(name)).findFirst().orElseThrow();
    }

    @Test
    void valuesAreDescribedAsKafkaWritesThem() {
        assertThat(described(EMPTY, Map.of("cleanup.policy", " compact , delete ", "segment.ms", " 5 "), "cleanup.policy").value()).hasValue("compact,delete");
        assertThat(described(EMPTY, Map.of("segment.ms", " 5 "), "segment.ms").value()).hasValue("5");
    }

    @Test
    void describedSynonymsStartWithTheValueInForce() {
        ConfigEntry entry = entries.ofTopic(view(Map.of(-1, Map.of("log.segment.bytes", "2097152"))), Map.of("segment.bytes", "1048576")).stream()
                .filter(each -> each.name().equals("segment.bytes")).findFirst().orElseThrow();

        assertThat(entry.value()).isEqualTo(Optional.of("1048576"));
        assertThat(entry.source()).isEqualTo(Source.TOPIC);
        assertThat(entry.synonyms()).containsExactly(new Synonym("segment.bytes", "1048576", Source.TOPIC),
                new Synonym("log.segment.bytes", "2097152", Source.BROKER_DEFAULT), new Synonym("log.segment.bytes", "1073741824", Source.BUILT_IN));
    }

    @Test
    void aCompactedTopicIsDescribedAsNotTiered() {
        assertThat(entries.ofTopic(EMPTY, Map.of("cleanup.policy", "compact"))).filteredOn(entry -> entry.name().equals("remote.storage.enable"))
                .extracting(ConfigEntry::value).containsExactly(Optional.of("false"));
    }

    /** What is accepted and then cannot be obeyed would keep the topic's partitions, and those of all topics after it, from coming into service. */
    @Test
    void whatATopicMayBeToldItsPartitionsCanObey() {
        List<String> refused = new ArrayList<>();
        for (String name : LogConfig.nonInternalConfigNames()) {
            for (String value : EDGES) {
                Map<String, String> overrides = Map.of(name, value);
                if (accepted(() -> rules.checkNew(EMPTY, overrides)) && !accepted(() -> configs.settings(EMPTY, overrides))) {
                    refused.add(name + "=" + value);
                }
            }
        }
        assertThat(refused).isEmpty();
    }

    @Test
    void whatABrokerMayBeToldItsTopicsPartitionsCanObey() {
        List<String> refused = new ArrayList<>();
        for (String name : BrokerConfigKeys.KEYS.keySet()) {
            for (String value : EDGES) {
                Map<String, String> dynamic = Map.of(name, value);
                if (accepted(() -> BrokerConfigRules.check(dynamic)) && !accepted(() -> configs.settings(view(Map.of(ClusterView.ALL_BROKERS, dynamic)), Map.of()))) {
                    refused.add(name + "=" + value);
                }
            }
        }
        assertThat(refused).isEmpty();
    }

    private static final List<String> EDGES = List.of("", " ", "-2", "-1", "0", "1", " 1 ", "+1", "2", "9", "17", "22", "100", "1024", "1048576", "2147483647", "9223372036854775807", "-9223372036854775808",
            "0.0", "0.5", " 0.5 ", "1.0", "NaN", "-0.0", "1e-300", "0x1p-3", "0.5d", "true", " true ", "FALSE", "delete", "compact", " compact , delete ", "compact,compact", "CreateTime", " LogAppendTime ",
            "producer", "gzip", " zstd ", "GZIP", "uncompressed", "*", "0:1");

    private static boolean accepted(Runnable check) {
        try {
            check.run();
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }
}
