package io.firn.gateway.handler;

import io.firn.gateway.config.ConfigEntry;
import io.firn.gateway.config.ConfigEntry.Source;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsResourceResult;
import org.apache.kafka.common.message.DescribeConfigsResponseData.DescribeConfigsSynonym;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigSource;
import org.apache.kafka.common.requests.DescribeConfigsResponse.ConfigType;

/** Config entries in the words of the protocol. Pure functions. */
final class ConfigDescriptions {

    private ConfigDescriptions() {}

    static byte source(Source source) {
        return switch (source) {
            case TOPIC -> ConfigSource.TOPIC_CONFIG.id();
            case GROUP -> ConfigSource.GROUP_CONFIG.id();
            case CLIENT_METRICS -> ConfigSource.CLIENT_METRICS_CONFIG.id();
            case BROKER -> ConfigSource.DYNAMIC_BROKER_CONFIG.id();
            case BROKER_DEFAULT -> ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG.id();
            case STATIC -> ConfigSource.STATIC_BROKER_CONFIG.id();
            case BUILT_IN -> ConfigSource.DEFAULT_CONFIG.id();
        };
    }

    static byte type(ConfigDef.Type type) {
        return ConfigType.valueOf(type.name()).id();
    }

    static DescribeConfigsResourceResult described(ConfigEntry entry, boolean synonyms, boolean documentation) {
        DescribeConfigsResourceResult result = new DescribeConfigsResourceResult().setName(entry.name()).setValue(entry.value().orElse(null))
                .setReadOnly(entry.readOnly()).setConfigSource(source(entry.source())).setIsSensitive(entry.type() == ConfigDef.Type.PASSWORD)
                .setConfigType(type(entry.type())).setDocumentation(documentation ? entry.documentation() : null);
        if (synonyms) {
            entry.synonyms().forEach(synonym -> result.synonyms().add(
                    new DescribeConfigsSynonym().setName(synonym.name()).setValue(synonym.value()).setSource(source(synonym.source()))));
        }
        return result;
    }
}
