package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStoreConfig;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What settings become that are not handed on as they are. */
class ModuleConfigsTest {

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 3", "3, 5", "64, 96"})
    void ofTwoSegmentsThreePartsAreSentAtATimeAndOfOneAloneTwo(String segments, int parts) {
        BrokerConfig config = ConfigLoader.of(Map.of("cold.upload.parallelism", segments));

        ObjectStoreConfig objects = ModuleConfigs.objects(config);
        assertThat(objects.uploadParts()).isEqualTo(parts);
        assertThat(objects.maxConnections()).isEqualTo(config.cold().readParallelism() + parts);
    }

    /** What the settings allow the modules take: else a broker would be refused late, and by a name that its settings do not have. */
    @Test
    void theModulesTakeWhateverTheSettingsAllow() {
        Map<String, String> most = Map.of("cold.upload.parallelism", "64", "cold.read.parallelism", Integer.toString(1024 - 96));
        Map<String, String> least = Map.of("cold.upload.parallelism", "1", "cold.read.parallelism", "1", "cold.request.timeout.ms", "10", "cold.retry.max.attempts", "1");

        Stream.of(most, least).map(ConfigLoader::of).forEach(config -> {
            assertThat(ModuleConfigs.objects(config).maxConnections()).isEqualTo(config.cold().requestsInFlight());
            assertThat(ModuleConfigs.cold(config, "").readParallelism()).isEqualTo(config.cold().readParallelism());
        });
    }
}
