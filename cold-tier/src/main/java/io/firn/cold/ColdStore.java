package io.firn.cold;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;

/** The cold tier of one broker: object store, pools, chunk cache, and the logs of its partitions. Thread-safe. */
public final class ColdStore implements AutoCloseable {

    private ColdStore() {}

    /** Makes the pools and the cache; touches the network only with {@link #check()}. Owns {@code objects}. */
    public static ColdStore open(ColdStoreConfig config, ObjectStore objects, InstantSource clock, MeterRegistry meters) {
        throw new UnsupportedOperationException();
    }

    /** Verifies the bucket: reachable, writable, ours (or unclaimed: then claims it), conditional writes honoured. Fails with {@link ColdStoreException.Misconfigured} or {@link ColdStoreException.Unavailable}. */
    public CompletableFuture<Void> check() {
        throw new UnsupportedOperationException();
    }

    /** Reads the newest manifest of a partition and, as its writer of {@code leaderEpoch}, fences older ones at the first commit. An idle partition costs no later request. */
    public CompletableFuture<ColdLog> openLog(TopicIdPartition partition, int leaderEpoch) {
        throw new UnsupportedOperationException();
    }

    /** Deletes everything of a partition (topic deletion): manifest first, objects after. */
    public CompletableFuture<Void> deleteLog(TopicIdPartition partition, int leaderEpoch) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void close() {
        throw new UnsupportedOperationException();
    }
}
