package io.firn.cold.store;

import io.firn.cold.ColdStoreException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

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

    <T> CompletableFuture<T> metered(String operation, Supplier<CompletableFuture<T>> request) {
        return metered(operation, value -> "ok", request);
    }

    /** Counts the request when it has ended, with the time that took; {@code success} names the outcome of one that has not failed. */
    <T> CompletableFuture<T> metered(String operation, Function<T, String> success, Supplier<CompletableFuture<T>> request) {
        long startedNs = System.nanoTime();
        return request.get().whenComplete((value, failure) -> {
            String outcome = failure == null ? success.apply(value) : outcome(ColdStoreException.unwrap(failure));
            count(operation, outcome, System.nanoTime() - startedNs);
        });
    }

    /** A GET of a range that its client has sent once more by itself, so long after the first time. */
    public void resent(long sinceSentNs) {
        count("get", "resent", sinceSentNs);
    }

    private void count(String operation, String outcome, long durationNs) {
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
    private static String outcome(Throwable failure) {
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
