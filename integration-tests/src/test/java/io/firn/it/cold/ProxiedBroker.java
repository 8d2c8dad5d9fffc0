package io.firn.it.cold;

import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.ObjectStores;
import io.firn.cold.StoredObject;
import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.FirnNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A broker that reaches its S3 server by way of a proxy, and a look into the bucket past both. For one thread. */
record ProxiedBroker(S3Server server, FaultProxy proxy, FirnNode node) implements AutoCloseable {

    /** Beside what the broker is set to, so that it changes the bucket as soon as it may, sweeps it all the time, and never takes a held request for a lost one. */
    private static final Map<String, String> SETTINGS = Map.of("retention.check.interval.ms", "20", "cold.delete.grace.ms", "100", "cold.sweep.interval.ms", "300", "cold.sweep.grace.ms", "0", "cold.scrub.interval.ms", "0",
            "cold.disk.cache.bytes", "0", "cold.request.timeout.ms", "60000");

    /** The broker is not started yet. */
    static ProxiedBroker in(Path objects, Path data, Map<String, String> more) {
        S3Server server = S3Server.start(objects);
        FaultProxy proxy = FaultProxy.start(server.port());
        Map<String, String> settings = new HashMap<>(Buckets.settings("s3", server, proxy.endpoint()));
        settings.putAll(SETTINGS);
        settings.putAll(more);
        return new ProxiedBroker(server, proxy, FirnNode.in(data, settings));
    }

    String bootstrap() {
        return node.bootstrap();
    }

    LeakWatch leaks() {
        return new LeakWatch(node, this::bucket);
    }

    private ObjectStore bucket() {
        return ObjectStores.openToRead(server.config(Provider.S3), new SimpleMeterRegistry());
    }

    /** Keys in the bucket; as many as one listing tells. */
    List<String> keys(String prefix) {
        try (ObjectStore opened = bucket()) {
            return opened.list(prefix, "", ObjectStore.LIST_LIMIT_KEYS).join().objects().stream().map(StoredObject::key).toList();
        }
    }

    @Override
    public void close() {
        try (S3Server bucket = server; FaultProxy way = proxy; FirnNode broker = node) {
            proxy.clear();
        }
    }
}
