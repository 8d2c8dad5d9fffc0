package io.firn.gateway;

import io.firn.gateway.config.BrokerConfig;
import io.micrometer.core.instrument.MeterRegistry;

/** The composition root: one broker, from its listeners to its disks. Thread-safe. */
public final class Broker implements AutoCloseable {

    private Broker() {}

    /**
     * Starts a broker and blocks until its listeners are up.
     *
     * @throws StartupException when it cannot start: a port in use, a data directory in use
     */
    public static Broker start(BrokerConfig config) {
        throw new UnsupportedOperationException();
    }

    public int kafkaPort() {
        throw new UnsupportedOperationException();
    }

    public int httpPort() {
        throw new UnsupportedOperationException();
    }

    public String clusterId() {
        throw new UnsupportedOperationException();
    }

    public boolean ready() {
        throw new UnsupportedOperationException();
    }

    public MeterRegistry meters() {
        throw new UnsupportedOperationException();
    }

    /** Stops cleanly: blocks until every log is forced and closed. */
    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
