package io.firn.cold;

import io.firn.cold.store.ForwardingObjectStore;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The object store of a cold tier, which may be one without conditional creates: once told so, it looks whether a key is taken and then writes without a condition.
 *
 * <p>Invariant: while it looks first, no create is sent with a condition, and a key that is seen to be taken is left alone, unless it holds the very bytes given: that is our own create, of which
 * the reply was lost. Between the look and the last attempt of the write another writer may come in; the later one stays. That is what the settings accept: leadership keeps writers apart, a look catches most of those that it did not.
 *
 * <p>Threading: thread-safe, as the store it wraps.
 */
final class LookFirstObjectStore extends ForwardingObjectStore {

    private final ObjectStore store;
    private volatile boolean looksFirst;

    /** Owns {@code store}, and leaves creates to it until {@link #lookFirst}. */
    LookFirstObjectStore(ObjectStore store) {
        super(store);
        this.store = store;
    }

    /** Whether creates from now on look first. */
    void lookFirst(boolean yes) {
        looksFirst = yes;
    }

    /** The store whose creates have a condition. */
    ObjectStore conditional() {
        return store;
    }

    @Override
    public CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes) {
        if (!looksFirst) {
            return store.putIfAbsent(key, bytes);
        }
        if (bytes.remaining() > SMALL_OBJECT_LIMIT_BYTES) {
            throw new IllegalArgumentException("Small object of " + bytes.remaining() + " bytes: " + key);
        }
        return look(key, bytes).thenCompose(taken -> taken.map(CompletableFuture::completedFuture).orElseGet(() -> write(key, bytes)));
    }

    /** A write that another one came in upon is found to be of another size, and told from its bytes: if those cannot be had, it has happened all the same. */
    private CompletableFuture<PutOutcome> write(String key, ByteBuffer bytes) {
        return store.put(key, UploadSource.of(bytes.duplicate())).thenApply(stored -> PutOutcome.CREATED).exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Corrupt
                ? look(key, bytes).thenApply(found -> found.orElse(PutOutcome.EXISTED)).exceptionallyCompose(unseen -> CompletableFuture.failedFuture(written(key, unseen)))
                : CompletableFuture.failedFuture(failure));
    }

    private static ColdStoreException written(String key, Throwable unseen) {
        return new ColdStoreException.Uncertain("Object " + key + " was written, and then another one was there, which cannot be read", ColdStoreException.unwrap(unseen));
    }

    /** What a create comes to as the key is taken, by whom; empty if it is not. */
    private CompletableFuture<Optional<PutOutcome>> look(String key, ByteBuffer bytes) {
        return store.getSmall(key).thenApply(found -> Optional.of(found.equals(bytes) ? PutOutcome.CREATED : PutOutcome.EXISTED))
                .exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing ? CompletableFuture.completedFuture(Optional.empty())
                        : CompletableFuture.failedFuture(failure));
    }
}
