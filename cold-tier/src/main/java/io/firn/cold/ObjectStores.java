package io.firn.cold;

import io.firn.cold.file.FileObjectStore;
import io.firn.cold.minio.MinioBucketRequests;
import io.firn.cold.s3.S3BucketRequests;
import io.firn.cold.store.BucketObjectStore;
import io.firn.cold.store.BucketRequests;
import io.firn.cold.store.MeteredBucketRequests;
import io.firn.cold.store.MeteredObjectStore;
import io.firn.cold.store.ObjectStoreMeters;
import io.firn.cold.store.ReadOnlyObjectStore;
import io.firn.cold.store.Retrier;
import io.firn.cold.store.RetryPolicy;
import io.firn.cold.store.RetryingObjectStore;
import io.firn.cold.store.SourceReading;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Opens the object store that the configuration names; the one place that knows all providers. Loads no class of a provider that was not chosen. */
public final class ObjectStores {

    private ObjectStores() {}

    /**
     * Opens a store with retries and metrics around it. Touches the disk for {@code file}, but never the network.
     *
     * @throws ColdStoreException.Misconfigured a directory that cannot be used, or a region or bucket name that the client refuses
     */
    public static ObjectStore open(ObjectStoreConfig config, MeterRegistry meters) {
        return open(config, meters, RetryPolicy.ofAttempts(config.retryMaxAttempts()));
    }

    /**
     * Opens a store that is only read: it needs no permission but to get and to list, whatever would change anything is refused before it leaves the process, and of provider {@code file} nothing is
     * made in the directory, which has to be there.
     *
     * @throws ColdStoreException.Misconfigured a directory that is not there, or a region or bucket name that the client refuses
     */
    public static ObjectStore openToRead(ObjectStoreConfig config, MeterRegistry meters) {
        ObjectStore opened = config.provider() == ObjectStoreConfig.Provider.FILE
                ? new MeteredObjectStore(FileObjectStore.openToRead(config.directory().orElseThrow(), config.maxConnections()), new ObjectStoreMeters(meters)) : open(config, meters);
        return new ReadOnlyObjectStore(opened);
    }

    /** Direct memory that a store takes at most, beside what it reads into: of its threads and connections, and of the parts it sends. */
    public static long directBytes(ObjectStoreConfig config) {
        long parts = (long) config.uploadParts() * SourceReading.READ_BYTES;
        return switch (config.provider()) {
            case FILE -> (long) config.maxConnections() * FileObjectStore.THREAD_BYTES;
            case S3 -> (long) config.maxConnections() * S3BucketRequests.READ_BYTES + parts;
            case MINIO -> parts;
        };
    }

    /** Heap that the parts of its uploads take at most. */
    public static long uploadHeapBytes(ObjectStoreConfig config) {
        return config.provider() == ObjectStoreConfig.Provider.FILE ? 0 : (long) config.uploadParts() * BucketObjectStore.PART_BYTES;
    }

    /** {@link #open(ObjectStoreConfig, MeterRegistry)} with another policy than the usual one; {@code config.retryMaxAttempts()} then counts for nothing. */
    static ObjectStore open(ObjectStoreConfig config, MeterRegistry meters, RetryPolicy policy) {
        ObjectStoreMeters storeMeters = new ObjectStoreMeters(meters);
        return switch (config.provider()) {
            case FILE -> new MeteredObjectStore(FileObjectStore.open(config.directory().orElseThrow(), config.maxConnections()), storeMeters);
            case S3 -> overBucket(S3BucketRequests.open(config, storeMeters::resent), config, storeMeters, policy);
            case MINIO -> overBucket(MinioBucketRequests.open(config), config, storeMeters, policy);
        };
    }

    private static ObjectStore overBucket(BucketRequests requests, ObjectStoreConfig config, ObjectStoreMeters meters, RetryPolicy policy) {
        Retrier retrier = new Retrier(policy, timer());
        ObjectStore bucket = new BucketObjectStore(new MeteredBucketRequests(requests, meters), retrier, pool("cold-write-", config.uploadParts()), config.uploadParts());
        return new RetryingObjectStore(bucket, retrier);
    }

    /** Unbounded queue, but bounded by the uploads that callers start: at most one task for each part in flight and each small write. */
    private static ExecutorService pool(String name, int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(threads, threads, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                work -> new Thread(work, name + number.getAndIncrement()));
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    private static ScheduledExecutorService timer() {
        return Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "cold-retry");
            thread.setDaemon(true);
            return thread;
        });
    }
}
