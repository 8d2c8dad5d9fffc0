package io.firn.gateway.api;

import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersion;
import org.apache.kafka.common.message.ApiVersionsResponseData.ApiVersionCollection;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * The one table of APIs this broker serves. What is not in it does not exist for clients: ApiVersions is generated from it.
 *
 * <p>Threading: immutable.
 */
public final class ApiTable {

    private final Map<ApiKeys, ServedApi> apis = new EnumMap<>(ApiKeys.class);

    /** @throws IllegalArgumentException when an API appears twice */
    public ApiTable(Collection<ServedApi> served) {
        for (ServedApi api : served) {
            if (apis.put(api.key(), api) != null) {
                throw new IllegalArgumentException("two handlers for " + api.key());
            }
        }
    }

    /** Who serves this version of this API; empty when nobody does. */
    public Optional<ApiHandler> handler(ApiKeys key, short version) {
        ServedApi api = apis.get(key);
        return api != null && api.serves(version) ? Optional.of(api.handler()) : Optional.empty();
    }

    /**
     * What ApiVersions answers. Produce is advertised from version 0, like Apache Kafka does, although versions below 3 are not
     * served: librdkafka before 2.x takes the range's start as a sign of what else the broker can do (KAFKA-18659).
     */
    public ApiVersionCollection advertised() {
        ApiVersionCollection versions = new ApiVersionCollection();
        for (ServedApi api : apis.values()) {
            short min = api.key() == ApiKeys.PRODUCE ? ApiKeys.PRODUCE_API_VERSIONS_RESPONSE_MIN_VERSION : api.minVersion();
            versions.add(new ApiVersion().setApiKey(api.key().id).setMinVersion(min).setMaxVersion(api.maxVersion()));
        }
        return versions;
    }
}
