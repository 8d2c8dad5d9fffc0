package io.firn.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.kafka.common.message.ApiVersionsResponseData.FinalizedFeatureKey;
import org.apache.kafka.common.message.ApiVersionsResponseData.SupportedFeatureKey;
import org.apache.kafka.server.common.Feature;
import org.apache.kafka.server.common.MetadataVersion;
import org.junit.jupiter.api.Test;

class FeaturesTest {

    @Test
    void everyFeatureHasTheLevelItHasInTheKafkaReleaseWhoseProtocolIsServed() {
        assertThat(Features.named("metadata.version").orElseThrow().level()).isEqualTo(MetadataVersion.LATEST_PRODUCTION.featureLevel());
        assertThat(Features.all()).filteredOn(feature -> !feature.name().equals("metadata.version")).isNotEmpty()
                .allSatisfy(feature -> assertThat(feature.level()).isEqualTo(Feature.featureFromName(feature.name()).latestProduction()));
    }

    @Test
    void whatIsSupportedIsWhatIsInForce() {
        for (Features.Feature feature : Features.all()) {
            SupportedFeatureKey supported = Features.supported().find(feature.name());
            FinalizedFeatureKey inForce = Features.finalized().find(feature.name());
            assertThat(new int[] {supported.minVersion(), supported.maxVersion(), inForce.minVersionLevel(), inForce.maxVersionLevel()}).containsOnly(feature.level());
        }
        assertThat(Features.supported()).hasSameSizeAs(Features.all());
        assertThat(Features.named("kraft.version")).isEmpty();
    }
}
