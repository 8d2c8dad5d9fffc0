package io.firn.cold;

import java.nio.ByteBuffer;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * The port to an object store: a flat map from keys to immutable blobs, one bucket (or directory) per instance.
 *
 * <p><b>Keys.</b> See {@link ObjectKeys}: letters, digits and {@code - . _ /}. No key may be a path prefix of another one ({@code a} and
 * {@code a/b}): a store may refuse the second with {@link ColdStoreException.Misconfigured}.
 *
 * <p><b>Threading.</b> Thread-safe. No method blocks: each returns at once, work happens on the store's own threads, and futures complete there; a
 * continuation that may block, or takes more than a fraction of a millisecond, belongs on the caller's executor. Cancelling a future does not stop the work.
 *
 * <p><b>Errors.</b> Futures fail with {@link ColdStoreException} only (perhaps wrapped in the usual {@code CompletionException} by
 * dependent stages). A programmer's error (bad key, negative range, too large a small object) throws {@link IllegalArgumentException} from the call itself.
 * <ul>
 * <li>{@link ColdStoreException.Unavailable}: no answer, or "not now". For a write: it has <em>not</em> happened and will not.
 * <li>{@link ColdStoreException.Uncertain}: only from writes. The request was sent and no trustworthy answer came (time out, reset, 5xx): it may have
 *     happened, or may <em>still</em> happen later. An absent object right after it proves nothing. Repeating the same write with the same bytes is always right.
 * <li>{@link ColdStoreException.Missing}: a read named a key that is not there.
 * <li>{@link ColdStoreException.Corrupt}: the object is not what the caller knows it to be: a range beyond its end, a "small" object above the limit.
 * <li>{@link ColdStoreException.Misconfigured}: credentials, permission, absent bucket, unsupported request. Repeating cannot help.
 * <li>{@link ColdStoreException.SourceFailed}: {@link UploadSource} threw; the store is not to blame and nothing became visible.
 * </ul>
 *
 * <p><b>Time.</b> A request that makes no progress (no byte sent, received or answered) for the configured time fails; nothing waits for ever. The
 * stores that {@link ObjectStores} opens repeat retriable failures a bounded number of times before they report them.
 *
 * <p><b>Consistency assumed of every store.</b> Strong: once a write's future has succeeded, every later read, head and list sees it; each
 * write is atomic: readers see the whole object or none, never a part or a mixture. {@link #putIfAbsent} is decided by the store, one winner
 * among any number of writers on any number of machines. Once a write has succeeded it survives a crash of this process and power loss.
 */
public interface ObjectStore extends AutoCloseable {

    /** Most bytes of an object for {@link #putIfAbsent} and {@link #getSmall}: 4 MiB. */
    int SMALL_OBJECT_LIMIT_BYTES = 4 << 20;

    /** Most bytes of an object for {@link #put}: 64 GiB (3277 parts of 20 MiB; S3 allows 10,000 parts). */
    long OBJECT_LIMIT_BYTES = 64L << 30;

    /** Most keys of one page of {@link #list}, S3's limit. */
    int LIST_LIMIT_KEYS = 1000;

    /** How a conditional create ended. Both are certain. */
    enum PutOutcome {
        /** This call created the object; it holds exactly the bytes given. */
        CREATED,
        /** The key is taken by somebody else's object; nothing was changed. */
        EXISTED
    }

    /**
     * Creates {@code key} only if it is not there ({@code If-None-Match: *}), decided atomically by the store.
     *
     * <p>The bytes must be unique to the writer (carry a nonce): when a reply was lost, a repeated request that meets an object with these very
     * bytes counts as {@link PutOutcome#CREATED}. {@link ColdStoreException.Uncertain} is left only when the repetitions failed as well; the
     * caller then repeats the call with the same bytes, or gives the key up for good; it may not try other bytes under the assumption that nothing happened.
     *
     * @param bytes position to limit, at most {@link #SMALL_OBJECT_LIMIT_BYTES}; not to be changed until the future completes; position and limit are left alone
     */
    CompletableFuture<PutOutcome> putIfAbsent(String key, ByteBuffer bytes);

    /**
     * Writes a whole object of any size up to {@link #OBJECT_LIMIT_BYTES}, replacing an older one. All or nothing: until the future
     * succeeds readers see the former state or the whole new object. Memory is bounded by the store's part size times parallel parts, not by the object's size. Each request
     * carries a CRC32 which the store verifies. After a failure the parts sent are removed as far as the store can be reached.
     *
     * <p>For {@link ColdStoreException.Uncertain} see above: repeat, or let the orphan sweep find the object.
     *
     * @return the object as stored; its size is verified to be {@code source.sizeBytes()}
     */
    CompletableFuture<StoredObject> put(String key, UploadSource source);

    /**
     * Reads consecutive bytes beginning at {@code from} into {@code targets}, in order: each is filled from its position to its limit, exactly.
     * One request, whatever the number of targets. Buffers may be direct or heap; nothing is copied beyond the client library's own copies.
     *
     * <p>The targets belong to the store until the future completes, <em>also</em> by failure; after that the store never touches them again. Position
     * and limit are left alone, so that a filled buffer can be read at once; contents are undefined after a failure. A body that ends early, though the object is long enough, is
     * {@link ColdStoreException.Unavailable}; a range that goes beyond the object's end is {@link ColdStoreException.Corrupt}. With nothing to read (no
     * bytes remaining in the targets) the future has already succeeded, without a request and without saying whether the object exists.
     *
     * @param from first byte, ≥ 0
     */
    CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets);

    /** Learns how far a {@link #get(String, long, List, Progress)} has come. Called on the store's threads; quick, and without an exception. */
    @FunctionalInterface
    interface Progress {
        /** The first {@code targets} of the list hold all their bytes. */
        void full(int targets);
    }

    /**
     * {@link #get(String, long, List)} that tells on the way which targets are full already. A target that was told belongs to the caller again, though the request goes on: the store never touches it
     * any more, however the request ends, and whether or not it is repeated.
     *
     * <p>What is told may come late, out of order, and even when the future has completed, but is true whenever it comes. A store need not tell anything.
     */
    default CompletableFuture<Void> get(String key, long from, List<ByteBuffer> targets, Progress progress) {
        return get(key, from, targets);
    }

    /** {@link #get(String, long, List)} into one buffer. */
    default CompletableFuture<Void> get(String key, long from, ByteBuffer target) {
        return get(key, from, List.of(target));
    }

    /** A whole object of at most {@link #SMALL_OBJECT_LIMIT_BYTES}, as a fresh read-only heap buffer; {@link ColdStoreException.Corrupt} if it is larger. */
    CompletableFuture<ByteBuffer> getSmall(String key);

    /** What the store knows of an object without reading it; empty if it is not there. (S3's HEAD cannot tell an absent bucket from an absent key: empty too.) */
    CompletableFuture<Optional<StoredObject>> head(String key);

    /**
     * The next objects whose keys begin with {@code prefix} (plain text, not a path) and are greater than {@code startAfter}, in ascending order of the keys' bytes.
     * The next page begins after the last key of this one.
     *
     * @param prefix may be empty
     * @param startAfter exclusive; empty for the first page; need not exist
     * @param maxKeys 1 to {@link #LIST_LIMIT_KEYS}
     */
    CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys);

    /** Deletes an object. Succeeds also when it is not there. Repeating is harmless as long as keys are never used again. */
    CompletableFuture<Void> delete(String key);

    /**
     * Deletes objects in as few requests as the store allows (S3: 1000 keys a request, one after the other). Succeeds when none of them is there any more;
     * after a failure any part of them may be deleted: repeat with all.
     */
    CompletableFuture<Void> deleteAll(Collection<String> keys);

    /** For logs and error messages: provider and place, such as {@code s3://bucket}; no credentials. */
    String location();

    /** Ends the store's threads and connections. What is in flight fails ({@link ColdStoreException}); later calls fail likewise. Idempotent; may block for at most some seconds. */
    @Override
    void close();
}
