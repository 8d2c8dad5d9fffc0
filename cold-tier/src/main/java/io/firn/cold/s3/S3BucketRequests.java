package io.firn.cold.s3;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStoreConfig.Encryption;
import io.firn.cold.StoredObject;
import io.firn.cold.store.BodyReceiver;
import io.firn.cold.store.BucketRequests;
import io.firn.cold.store.S3Failures;
import io.netty.channel.EventLoopGroup;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.exception.SdkServiceException;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.HeadObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.S3Error;

/**
 * {@link BucketRequests} by the AWS SDK's asynchronous client, its own retries off; GETs by {@link DirectGets}. Both send by {@link GetHttpClient}.
 *
 * <p>Threading: thread-safe. Bodies arrive on the client's event loops and are read or copied into their targets there; futures complete on a small pool of our own, so that a caller's
 * continuation cannot stall the sockets. With static credentials requests start on the caller's thread; a credential chain may have to ask a server for them, so that
 * requests start on that pool then.
 */
public final class S3BucketRequests implements BucketRequests {

    /** Direct memory that a connection fills at once. */
    public static final int READ_BYTES = 256 << 10;

    /** Bodies are handed to the network in slices of this size: a larger one would be copied into a direct buffer of its whole size at once. */
    private static final int SLICE_BYTES = 128 << 10;

    /** Longest time that closing waits for the event loops; requests in flight are failed by then. */
    private static final int CLOSE_LIMIT_MS = 5_000;

    /** Time without a task after which an event loop ends; the client still tidies up its connections after its close has returned. */
    private static final int CLOSE_QUIET_MS = 100;

    private final S3AsyncClient client;
    private final DirectGets gets;
    private final EventLoopGroup loops;
    private final ExecutorService completions;
    private final Executor starters;
    private final String bucket;
    private final Optional<Encryption> encryption;

    private S3BucketRequests(S3Clients.Clients clients, EventLoopGroup loops, ExecutorService completions, Executor starters, String bucket, Optional<Encryption> encryption) {
        this.client = clients.sdk();
        this.gets = clients.gets();
        this.loops = loops;
        this.completions = completions;
        this.starters = starters;
        this.bucket = bucket;
        this.encryption = encryption;
    }

    /**
     * Makes the client; nothing goes over the network. Throws {@link ColdStoreException.Misconfigured} for an endpoint or region that makes no sense.
     *
     * @param resends is told, on the event loop, of each GET that is sent once more within one request, as the server had closed the kept connection that it went over first: nanoseconds since then
     */
    public static S3BucketRequests open(ObjectStoreConfig config, LongConsumer resends) {
        EventLoopGroup loops = S3Clients.loops();
        ExecutorService completions = S3Clients.completions();
        try {
            Executor starters = config.credentials().isPresent() ? Runnable::run : completions;
            return new S3BucketRequests(S3Clients.open(config, loops, completions, resends), loops, completions, starters, config.bucket().orElseThrow(), config.encryption());
        } catch (RuntimeException e) {
            loops.shutdownGracefully(0, 0, TimeUnit.MILLISECONDS);
            completions.shutdown();
            throw new ColdStoreException.Misconfigured("Cannot make an S3 client: " + e.getMessage(), e);
        }
    }

    @Override
    public CompletableFuture<Boolean> putObject(String key, ByteBuffer body, String crc32, boolean onlyIfAbsent) {
        CompletableFuture<Boolean> done = start(() -> client.putObject(request -> {
            request.bucket(bucket).key(key).contentLength((long) body.remaining()).checksumCRC32(crc32);
            encryption.ifPresent(wanted -> request.serverSideEncryption(wanted.algorithm()).ssekmsKeyId(wanted.keyId().orElse(null)));
            if (onlyIfAbsent) {
                request.ifNoneMatch("*");
            }
        }, slices(body))).thenApply(response -> true);
        return done.exceptionallyCompose(failure -> onlyIfAbsent && status(ColdStoreException.unwrap(failure)) == 412 ? CompletableFuture.completedFuture(false)
                : CompletableFuture.failedFuture(translated(true, "PutObject " + key, ColdStoreException.unwrap(failure))));
    }

    private static AsyncRequestBody slices(ByteBuffer body) {
        int size = body.remaining();
        if (size == 0) {
            return AsyncRequestBody.empty();
        }
        return AsyncRequestBody.fromByteBuffersUnsafe(IntStream.iterate(0, from -> from < size, from -> from + SLICE_BYTES)
                .mapToObj(from -> body.slice(body.position() + from, Math.min(SLICE_BYTES, size - from))).toArray(ByteBuffer[]::new));
    }

    @Override
    public CompletableFuture<String> createUpload(String key) {
        return translating(true, "CreateMultipartUpload " + key, () -> client.createMultipartUpload(request -> {
            request.bucket(bucket).key(key).checksumAlgorithm(ChecksumAlgorithm.CRC32);
            encryption.ifPresent(wanted -> request.serverSideEncryption(wanted.algorithm()).ssekmsKeyId(wanted.keyId().orElse(null)));
        }), response -> response.uploadId());
    }

    @Override
    public CompletableFuture<String> uploadPart(String key, String uploadId, int number, ByteBuffer body, String crc32) {
        return translating(true, "UploadPart " + number + " of " + key, () -> client.uploadPart(request -> request.bucket(bucket).key(key).uploadId(uploadId)
                .partNumber(number).contentLength((long) body.remaining()).checksumCRC32(crc32), slices(body)), response -> response.eTag());
    }

    @Override
    public CompletableFuture<Void> completeUpload(String key, String uploadId, List<Part> parts) {
        List<CompletedPart> completed = parts.stream()
                .map(part -> CompletedPart.builder().partNumber(part.number()).eTag(part.etag()).checksumCRC32(part.crc32()).build()).toList();
        return translating(true, "CompleteMultipartUpload " + key, () -> client.completeMultipartUpload(
                request -> request.bucket(bucket).key(key).uploadId(uploadId).multipartUpload(upload -> upload.parts(completed))), response -> null);
    }

    @Override
    public CompletableFuture<Void> abortUpload(String key, String uploadId) {
        return translating(true, "AbortMultipartUpload " + key,
                () -> client.abortMultipartUpload(request -> request.bucket(bucket).key(key).uploadId(uploadId)), response -> null);
    }

    @Override
    public CompletableFuture<Void> get(String key, BodyReceiver receiver) {
        return translating(false, "GetObject " + key, () -> gets.get(key, receiver), nothing -> null);
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        CompletableFuture<Optional<StoredObject>> found = start(() -> client.headObject(request -> request.bucket(bucket).key(key)))
                .thenApply(response -> Optional.of(describe(key, response)));
        return found.exceptionallyCompose(failure -> status(ColdStoreException.unwrap(failure)) == 404 ? CompletableFuture.completedFuture(Optional.empty())
                : CompletableFuture.failedFuture(translated(false, "HeadObject " + key, ColdStoreException.unwrap(failure))));
    }

    private static StoredObject describe(String key, HeadObjectResponse response) {
        return new StoredObject(key, response.contentLength(), response.lastModified().toEpochMilli());
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return translating(false, "ListObjectsV2 " + prefix, () -> client.listObjectsV2(request -> {
            request.bucket(bucket).prefix(prefix).maxKeys(maxKeys);
            if (!startAfter.isEmpty()) {
                request.startAfter(startAfter);
            }
        }), S3BucketRequests::page);
    }

    private static ObjectPage page(ListObjectsV2Response response) {
        return new ObjectPage(response.contents().stream()
                .map(object -> new StoredObject(object.key(), object.size(), object.lastModified().toEpochMilli())).toList(), response.isTruncated());
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return translating(true, "DeleteObject " + key, () -> client.deleteObject(request -> request.bucket(bucket).key(key)), response -> null);
    }

    @Override
    public CompletableFuture<Void> deleteBatch(List<String> keys) {
        List<ObjectIdentifier> objects = new ArrayList<>(keys.size());
        keys.forEach(key -> objects.add(ObjectIdentifier.builder().key(key).build()));
        return translating(true, "DeleteObjects", () -> client.deleteObjects(request -> request.bucket(bucket).delete(delete -> delete.objects(objects).quiet(true))),
                this::requireNoErrors);
    }

    private Void requireNoErrors(DeleteObjectsResponse response) {
        for (S3Error error : response.errors()) {
            if (!"NoSuchKey".equals(error.code())) {
                throw S3Failures.ofDeletion(error.code() == null ? "" : error.code(), location() + ": DeleteObjects " + error.key() + ": " + error.message());
            }
        }
        return null;
    }

    private <T> CompletableFuture<T> start(Supplier<CompletableFuture<T>> request) {
        try {
            return CompletableFuture.supplyAsync(request, starters).thenCompose(future -> future);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable(location() + " is closed", e));
        }
    }

    private <R, T> CompletableFuture<T> translating(boolean write, String about, Supplier<CompletableFuture<R>> request, Function<R, T> result) {
        return start(request).handle((response, failure) -> {
            if (failure != null) {
                throw translated(write, about, ColdStoreException.unwrap(failure));
            }
            return result.apply(response);
        });
    }

    private static int status(Throwable failure) {
        return failure instanceof SdkServiceException answer ? answer.statusCode() : 0;
    }

    private ColdStoreException translated(boolean write, String request, Throwable failure) {
        String about = location() + ": " + request;
        for (Throwable current = failure; current != null; current = current.getCause()) {
            if (current instanceof ColdStoreException judged) {
                return judged; // by the receiver of the body
            }
        }
        if (failure instanceof AwsServiceException answer) {
            String code = answer.awsErrorDetails() == null || answer.awsErrorDetails().errorCode() == null ? "" : answer.awsErrorDetails().errorCode();
            return S3Failures.ofAnswer(write, answer.statusCode(), code, about, answer);
        }
        if (S3Clients.refusedByClient(failure)) {
            return new ColdStoreException.Misconfigured(about + ": " + failure.getMessage(), failure);
        }
        return S3Failures.ofConnection(write, about, failure);
    }

    @Override
    public String location() {
        return "s3://" + bucket;
    }

    @Override
    public void close() {
        client.close();
        loops.shutdownGracefully(CLOSE_QUIET_MS, CLOSE_LIMIT_MS, TimeUnit.MILLISECONDS).awaitUninterruptibly(CLOSE_LIMIT_MS);
        completions.shutdown();
    }
}
