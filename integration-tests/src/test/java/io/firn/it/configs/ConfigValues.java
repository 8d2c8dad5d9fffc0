package io.firn.it.configs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef.ConfigKey;
import org.apache.kafka.storage.internals.log.LogConfig;

/** Values to try for every public topic config: around each bound, of the wrong type, and sets of values that go together or do not. Pure. */
final class ConfigValues {

    private static final List<String> NUMBERS = List.of("-2147483649", "-3", "-2", "-1", "0", "1", "2", "3", "4", "9", "10", "17", "18", "22", "23", "100", "1048575", "1048576", "2147483647", "2147483648",
            "9223372036854775807", "9223372036854775808", "1.5", "x", "", " 7 ", "1e3", "0x10");
    private static final List<String> FLAGS = List.of("true", "false", "TRUE", " true ", "yes", "1", "");
    private static final List<String> RATIOS = List.of("0", "0.5", "1", "1.0001", "-0.1", "x", "", "NaN", " 0.25 ");
    private static final List<String> WORDS = List.of("producer", "uncompressed", "gzip", "snappy", "lz4", "zstd", "none", "GZIP", "CreateTime", "LogAppendTime", "logappendtime", "x", "", " gzip ");
    private static final List<String> LISTS = List.of("delete", "compact", "compact,delete", " delete , compact ", "delete,delete", "DELETE", "burn", "", ",", "*", "0:1", "0:1,1:1", "0:x", "none", "0", " 0:1 , 1:2 ");

    private ConfigValues() {}

    static List<String> of(ConfigKey key) {
        return switch (key.type) {
            case BOOLEAN -> FLAGS;
            case DOUBLE -> RATIOS;
            case STRING -> WORDS;
            case LIST -> LISTS;
            default -> NUMBERS;
        };
    }

    /** One override each: every value of every public config. */
    static List<Map<String, String>> single() {
        List<Map<String, String>> all = new ArrayList<>();
        LogConfig.nonInternalConfigNames().forEach(name -> of(LogConfig.configKeys().get(name)).forEach(value -> all.add(Map.of(name, value))));
        return all;
    }

    /** Overrides that are judged together. */
    static List<Map<String, String>> together() {
        List<Map<String, String>> all = new ArrayList<>();
        all.add(of("min.compaction.lag.ms", "10", "max.compaction.lag.ms", "9"));
        all.add(of("min.compaction.lag.ms", "10", "max.compaction.lag.ms", "10"));
        all.add(of("no.such.config", "1"));
        all.add(of("internal.segment.bytes", "1048576"));
        for (String tiered : List.of("true", "false")) {
            for (String policy : List.of("delete", "compact", "compact,delete", "")) {
                all.add(of("remote.storage.enable", tiered, "cleanup.policy", policy));
            }
            all.add(of("remote.storage.enable", tiered, "retention.ms", "1000", "local.retention.ms", "1001"));
            all.add(of("remote.storage.enable", tiered, "retention.ms", "1000", "local.retention.ms", "1000"));
            all.add(of("remote.storage.enable", tiered, "retention.ms", "1000", "local.retention.ms", "-1"));
            all.add(of("remote.storage.enable", tiered, "retention.ms", "-1", "local.retention.ms", "5"));
            all.add(of("remote.storage.enable", tiered, "retention.bytes", "1000", "local.retention.bytes", "1001"));
            all.add(of("remote.storage.enable", tiered, "retention.bytes", "1000", "local.retention.bytes", "-1"));
            all.add(of("remote.storage.enable", tiered, "retention.bytes", "1000", "local.retention.bytes", "-2"));
            all.add(of("remote.storage.enable", tiered, "local.retention.ms", "604800001"));
            all.add(of("remote.storage.enable", tiered, "remote.log.copy.disable", "true"));
            all.add(of("remote.storage.enable", tiered, "remote.log.copy.disable", "true", "local.retention.ms", "5"));
            all.add(of("remote.storage.enable", tiered, "remote.log.copy.disable", "true", "local.retention.bytes", "5"));
            all.add(of("remote.storage.enable", tiered, "remote.log.copy.disable", "true", "retention.ms", "5", "local.retention.ms", "5"));
            all.add(of("remote.storage.enable", tiered, "remote.log.delete.on.disable", "true"));
        }
        return all;
    }

    static Map<String, String> of(String... namesAndValues) {
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            map.put(namesAndValues[i], namesAndValues[i + 1]);
        }
        return map;
    }
}
