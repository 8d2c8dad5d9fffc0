package io.firn.gateway.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.Test;

class ApiTableTest {

    private static final ApiHandler NOBODY = request -> {};

    @Test
    void whatIsAdvertisedIsWhatIsServedAndProduceFromZero() {
        ApiTable table = new ApiTable(List.of(ServedApi.of(ApiKeys.PRODUCE, NOBODY), ServedApi.of(ApiKeys.FETCH, NOBODY),
                new ServedApi(ApiKeys.METADATA, (short) 3, (short) 5, NOBODY)));
        assertThat(table.advertised()).hasSize(3);
        for (ApiVersion advertised : table.advertised()) {
            ApiKeys api = ApiKeys.forId(advertised.apiKey());
            short least = api == ApiKeys.PRODUCE ? ApiKeys.PRODUCE.oldestVersion() : advertised.minVersion();
            assertThat(table.handler(api, least)).isPresent();
            assertThat(table.handler(api, advertised.maxVersion())).isPresent();
            assertThat(table.handler(api, (short) (least - 1))).isEmpty();
            assertThat(table.handler(api, (short) (advertised.maxVersion() + 1))).isEmpty();
        }
        assertThat(table.advertised().find(ApiKeys.PRODUCE.id).minVersion()).isZero();
        assertThat(table.handler(ApiKeys.JOIN_GROUP, ApiKeys.JOIN_GROUP.latestVersion())).isEmpty();
    }

    @Test
    void apiWithTwoHandlersAndVersionsThatDoNotExistAreRefused() {
        assertThatThrownBy(() -> new ApiTable(List.of(ServedApi.of(ApiKeys.FETCH, NOBODY), ServedApi.of(ApiKeys.FETCH, NOBODY)))).hasMessageContaining("two handlers");
        assertThatThrownBy(() -> new ServedApi(ApiKeys.FETCH, (short) 4, (short) 99, NOBODY)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ServedApi(ApiKeys.FETCH, (short) 0, (short) 12, NOBODY)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void versionsThatAreNotStableAreNotServed() {
        for (ApiKeys api : ApiKeys.clientApis()) {
            if (api.hasValidVersion()) {
                assertThat(ServedApi.of(api, NOBODY).maxVersion()).isEqualTo(api.latestVersion(false));
            }
        }
    }
}
