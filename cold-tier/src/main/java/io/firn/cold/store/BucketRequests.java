package io.firn.cold.store;

import io.firn.cold.ObjectPage;
import io.firn.cold.StoredObject;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Single requests to one S3 bucket, as a client library makes them: no retry, no semantics, no checks of arguments. {@link BucketObjectStore} makes an object store of
 * them, the same for every library.
 *
 * <p>Futures fail with {@link io.firn.cold.ColdStoreException} by the table {@link S3Failures}. Each request fails by itself when it makes no progress for the
 * configured time. Calls may compute (signatures, digests) but not wait. Bodies belong to the request until its future completes.
 */
public interface BucketRequests extends AutoCloseable {

    /**
     * An uploaded part.
     *
     * @param number from 1
     * @param etag as the store answered
     * @param crc32 checksum of its bytes, base64 as in {@code x-amz-checksum-crc32}
     */
    record Part(int number, String etag, String crc32) {}

    /** PutObject with the CRC32 for the store to check. False if {@code onlyIfAbsent} and there was an object. */
    CompletableFuture<Boolean> putObject(String key, ByteBuffer body, String crc32, boolean onlyIfAbsent);

    /** CreateMultipartUpload for parts with CRC32; gives the upload's id. */
    CompletableFuture<String> createUpload(String key);

    /** UploadPart; gives its etag. */
    CompletableFuture<String> uploadPart(String key, String uploadId, int number, ByteBuffer body, String crc32);

    /** CompleteMultipartUpload; an unknown upload is {@link io.firn.cold.ColdStoreException.Missing}. */
    CompletableFuture<Void> completeUpload(String key, String uploadId, List<Part> parts);

    /** AbortMultipartUpload. */
    CompletableFuture<Void> abortUpload(String key, String uploadId);

    /** GetObject: {@code begin}, {@code accept} for each piece and {@code end} of the receiver are called in this order, on one thread at a time. */
    CompletableFuture<Void> get(String key, BodyReceiver receiver);

    CompletableFuture<Optional<StoredObject>> head(String key);

    /** ListObjectsV2 without delimiter. */
    CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys);

    CompletableFuture<Void> delete(String key);

    /** DeleteObjects of at most 1000 keys; fails if any of them could not be deleted. */
    CompletableFuture<Void> deleteBatch(List<String> keys);

    /** For people: provider and bucket. */
    String location();

    /** Ends threads and connections; requests in flight may be left without an end. */
    @Override
    void close();
}
