package io.firn.it.cluster;

import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.ObjectStores;
import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.FreePorts;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** The bucket that all brokers share: an S3 server in this JVM, which can be stopped and comes back at its port with everything in it. For one thread at a time. */
final class ObjectStore implements AutoCloseable {

    private final Path directory;
    private final String host;
    private final int port = FreePorts.next();
    private S3Server server;
    private Optional<FaultProxy> proxy = Optional.empty();
    private boolean running;

    private ObjectStore(Path directory, String host) {
        this.directory = directory;
        this.host = host;
    }

    static ObjectStore start(Path directory, String host) {
        ObjectStore store = new ObjectStore(directory, host);
        store.resume();
        return store;
    }

    /** The same, reached by a way that goes wrong as the test wants. */
    static ObjectStore startBehindProxy(Path directory, String host) {
        ObjectStore store = start(directory, host);
        store.proxy = Optional.of(FaultProxy.start(host, store.port));
        return store;
    }

    /** The way to one that was started behind a proxy. */
    FaultProxy proxy() {
        return proxy.orElseThrow();
    }

    /** Opens it past the proxy, to look what is in it. */
    io.firn.cold.ObjectStore opened() {
        return ObjectStores.openToRead(server.config(Provider.S3), new SimpleMeterRegistry());
    }

    void stop() {
        server.close();
        running = false;
    }

    /** Starts it if it does not run. */
    void resume() {
        if (!running) {
            server = S3Server.start(directory, host, port);
            running = true;
        }
    }

    Map<String, String> settings() {
        return Map.of("cold.provider", "s3", "cold.endpoint", proxy.map(FaultProxy::endpoint).orElseGet(server::endpoint).toString(), "cold.bucket", server.bucket(), "cold.region", S3Server.REGION,
                "cold.access.key", S3Server.ACCESS_KEY, "cold.secret.key", S3Server.SECRET_KEY);
    }

    @Override
    public void close() {
        proxy.ifPresent(FaultProxy::close);
        if (running) {
            stop();
        }
    }
}
