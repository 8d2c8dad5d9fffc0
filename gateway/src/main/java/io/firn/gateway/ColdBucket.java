package io.firn.gateway;

import io.firn.cold.ColdReaderConfig;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigException;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Optional;

/**
 * The bucket that a broker with these settings would use, for tools. Immutable.
 *
 * @param objects which store
 * @param reader how it is read, whoever's it is
 */
public record ColdBucket(ObjectStoreConfig objects, ColdReaderConfig reader) {

    /** @throws ConfigException if no store can be made of the settings */
    public static ColdBucket of(BrokerConfig config) {
        BrokerConfig.Cold cold = config.cold();
        try {
            return new ColdBucket(ModuleConfigs.objects(config), new ColdReaderConfig(cold.prefix().orElse(""), Optional.empty(), cold.chunkBytes(), cold.cacheBytes(), cold.readParallelism(),
                    ModuleConfigs.readAheadBytes(cold), cold.requestTimeoutMs(), cold.retryMaxAttempts()));
        } catch (IllegalArgumentException refused) {
            throw new ConfigException("cold: " + refused.getMessage());
        }
    }

    /** Opens it with no more than the permission to get and to list. */
    public ObjectStore openToRead(MeterRegistry meters) {
        return ObjectStores.openToRead(objects, meters);
    }

    /** Opens it to be changed: for a takeover. */
    public ObjectStore open(MeterRegistry meters) {
        return ObjectStores.open(objects, meters);
    }

    /** Of all keys; may be empty. */
    public String prefix() {
        return reader.prefix();
    }
}
