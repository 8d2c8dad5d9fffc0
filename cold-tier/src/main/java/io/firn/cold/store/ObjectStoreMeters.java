package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/**
 * The metrics of an object store: {@code firn.cold.store.requests} (timer by operation and outcome; both are bounded sets),
 * {@code firn.cold.store.read.bytes} and {@code firn.cold.store.written.bytes} (successful requests only). Thread-safe.
 */
public final class ObjectStoreMeters {

    private final MeterRegistry registry;
    private final Counter readBytes;
    private final Counter writtenBytes;

    public ObjectStoreMeters(MeterRegistry registry) {
        this.registry = registry;
        this.readBytes = Counter.builder("firn.cold.store.read.bytes").description("Bytes of objects read").register(registry);
        this.writtenBytes = Counter.builder("firn.cold.store.written.bytes").description("Bytes of objects written").register(registry);
    }

    void request(String operation, String outcome, long durationNs) {
        Timer.builder("firn.cold.store.requests").description("Requests to the object store").tag("operation", operation).tag("outcome", outcome)
                .register(registry).record(durationNs, TimeUnit.NANOSECONDS);
    }

    void read(long bytes) {
        readBytes.increment(bytes);
    }

    void written(long bytes) {
        writtenBytes.increment(bytes);
    }

    /** The kind of a failure as a tag. */
    static String outcome(Throwable failure) {
        if (failure instanceof ColdStoreException.Unavailable) {
            return "unavailable";
        } else if (failure instanceof ColdStoreException.Uncertain) {
            return "uncertain";
        } else if (failure instanceof ColdStoreException.Missing) {
            return "missing";
        } else if (failure instanceof ColdStoreException.Corrupt) {
            return "corrupt";
        } else if (failure instanceof ColdStoreException.Misconfigured) {
            return "misconfigured";
        } else if (failure instanceof ColdStoreException.SourceFailed) {
            return "source_failed";
        }
        return "other";
    }
}
