package io.firn.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStoreConfig;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigLoader;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What settings become that are not handed on as they are. */
class ModuleConfigsTest {

    @ParameterizedTest
    @CsvSource({"1, 2", "2, 3", "3, 5", "256, 384"})
    void ofTwoSegmentsThreePartsAreSentAtATimeAndOfOneAloneTwo(String segments, int parts) {
        BrokerConfig config = ConfigLoader.of(Map.of("cold.upload.parallelism", segments));

        ObjectStoreConfig objects = ModuleConfigs.objects(config);
        assertThat(objects.uploadParts()).isEqualTo(parts);
        assertThat(objects.maxConnections()).isEqualTo(config.cold().readParallelism() + parts);
    }
}
