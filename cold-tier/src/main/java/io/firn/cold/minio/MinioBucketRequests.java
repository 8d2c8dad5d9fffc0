package io.firn.cold.minio;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStoreConfig.Encryption;
import io.firn.cold.StoredObject;
import io.firn.cold.store.BodyReceiver;
import io.firn.cold.store.BucketRequests;
import io.firn.cold.store.S3Failures;
import io.minio.AbortMultipartUploadArgs;
import io.minio.CompleteMultipartUploadArgs;
import io.minio.CreateMultipartUploadArgs;
import io.minio.DeleteObjectsArgs;
import io.minio.DeleteObjectsResponse;
import io.minio.GetObjectArgs;
import io.minio.GetObjectResponse;
import io.minio.HeadObjectArgs;
import io.minio.Http;
import io.minio.ListObjectsV2Args;
import io.minio.MinioAsyncClient;
import io.minio.PutObjectAPIArgs;
import io.minio.RemoveObjectArgs;
import io.minio.UploadPartArgs;
import io.minio.errors.ErrorResponseException;
import io.minio.messages.DeleteRequest;
import io.minio.messages.DeleteResult;
import io.minio.messages.ListBucketResultV2;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Function;
import java.util.function.Supplier;
import okhttp3.OkHttpClient;

/**
 * {@link BucketRequests} by the MinIO client's asynchronous interface, its and okhttp's own retries off.
 *
 * <p>Threading: thread-safe. okhttp's calls block a thread each; bodies are read on a pool of our own with as many threads as connections are allowed.
 */
public final class MinioBucketRequests implements BucketRequests {

    private static final int READ_BYTES = 64 << 10;

    private final MinioAsyncClient client;
    private final OkHttpClient http;
    private final ExecutorService threads;
    private final String bucket;
    private final String region;
    private final Optional<Encryption> encryption;

    private MinioBucketRequests(MinioAsyncClient client, OkHttpClient http, ExecutorService threads, String bucket, String region, Optional<Encryption> encryption) {
        this.client = client;
        this.http = http;
        this.threads = threads;
        this.bucket = bucket;
        this.region = region;
        this.encryption = encryption;
    }

    /** Makes the client; nothing goes over the network. Throws {@link ColdStoreException.Misconfigured} for an endpoint or bucket name that makes no sense. */
    public static MinioBucketRequests open(ObjectStoreConfig config) {
        OkHttpClient http = MinioClients.http(config);
        try {
            return new MinioBucketRequests(MinioClients.client(config, http), http, MinioClients.bodyThreads(config.maxConnections()), config.bucket().orElseThrow(),
                    config.region(), config.encryption());
        } catch (RuntimeException e) {
            throw new ColdStoreException.Misconfigured("Cannot make a MinIO client: " + e.getMessage(), e);
        }
    }

    @Override
    public CompletableFuture<Boolean> putObject(String key, ByteBuffer body, String crc32, boolean onlyIfAbsent) {
        Http.Headers headers = encrypted(checksum(crc32));
        if (onlyIfAbsent) {
            headers.set("If-None-Match", "*");
        }
        CompletableFuture<Boolean> done = start(() -> client.putObject(PutObjectAPIArgs.builder().bucket(bucket).region(region).object(key)
                .data(bytes(body), body.remaining()).headers(headers).build())).thenApply(response -> true);
        return done.exceptionallyCompose(failure -> onlyIfAbsent && status(ColdStoreException.unwrap(failure)) == 412 ? CompletableFuture.completedFuture(false)
                : CompletableFuture.failedFuture(translated(true, "PutObject " + key, ColdStoreException.unwrap(failure))));
    }

    private Http.Headers encrypted(Http.Headers headers) {
        encryption.ifPresent(wanted -> wanted.headers().forEach(headers::set));
        return headers;
    }

    private static Http.Headers checksum(String crc32) {
        return new Http.Headers("x-amz-checksum-crc32", crc32, "x-amz-sdk-checksum-algorithm", "CRC32");
    }

    /** The client wants an array that begins with the body; parts have one, small objects are copied if they do not. */
    private static byte[] bytes(ByteBuffer body) {
        if (body.hasArray() && body.arrayOffset() + body.position() == 0) {
            return body.array();
        }
        byte[] copy = new byte[body.remaining()];
        body.duplicate().get(copy);
        return copy;
    }

    @Override
    public CompletableFuture<String> createUpload(String key) {
        return translating(true, "CreateMultipartUpload " + key, () -> client.createMultipartUpload(CreateMultipartUploadArgs.builder().bucket(bucket)
                .region(region).object(key).headers(encrypted(new Http.Headers("x-amz-checksum-algorithm", "CRC32"))).build()), response -> response.result().uploadId());
    }

    @Override
    public CompletableFuture<String> uploadPart(String key, String uploadId, int number, ByteBuffer body, String crc32) {
        return translating(true, "UploadPart " + number + " of " + key, () -> client.uploadPart(UploadPartArgs.builder().bucket(bucket).region(region)
                .object(key).uploadId(uploadId).partNumber(number).data(bytes(body), body.remaining()).headers(checksum(crc32)).build()), response -> response.part().etag());
    }

    @Override
    public CompletableFuture<Void> completeUpload(String key, String uploadId, List<Part> parts) {
        io.minio.messages.Part[] completed = parts.stream()
                .map(part -> new io.minio.messages.Part(part.number(), part.etag(), part.crc32(), null, null, null, null)).toArray(io.minio.messages.Part[]::new);
        return translating(true, "CompleteMultipartUpload " + key, () -> client.completeMultipartUpload(CompleteMultipartUploadArgs.builder().bucket(bucket)
                .region(region).object(key).uploadId(uploadId).parts(completed).maxRetries(1).build()), response -> null);
    }

    @Override
    public CompletableFuture<Void> abortUpload(String key, String uploadId) {
        return translating(true, "AbortMultipartUpload " + key, () -> client.abortMultipartUpload(
                AbortMultipartUploadArgs.builder().bucket(bucket).region(region).object(key).uploadId(uploadId).build()), response -> null);
    }

    @Override
    public CompletableFuture<Void> get(String key, BodyReceiver receiver) {
        Map<String, String> range = receiver.rangeHeader().map(value -> Map.of("Range", value)).orElse(Map.of());
        CompletableFuture<Void> received = start(() -> client.getObject(GetObjectArgs.builder().bucket(bucket).region(region).object(key).extraHeaders(range).build()))
                .thenCompose(response -> receive(response, receiver));
        return received.exceptionallyCompose(failure -> CompletableFuture.failedFuture(translated(false, "GetObject " + key, ColdStoreException.unwrap(failure))));
    }

    private CompletableFuture<Void> receive(GetObjectResponse response, BodyReceiver receiver) {
        try {
            return CompletableFuture.runAsync(() -> read(response, receiver), threads);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable(location() + " is closed", e)); // its connection ends with the client
        }
    }

    private static void read(GetObjectResponse response, BodyReceiver receiver) {
        try (response) {
            String length = response.headers().get("Content-Length");
            String range = response.headers().get("Content-Range");
            receiver.begin(length == null ? -1 : Long.parseLong(length), range == null ? "" : range);
            byte[] piece = new byte[READ_BYTES];
            for (int count = response.read(piece); count >= 0; count = response.read(piece)) {
                receiver.accept(ByteBuffer.wrap(piece, 0, count));
            }
            receiver.end();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public CompletableFuture<Optional<StoredObject>> head(String key) {
        CompletableFuture<Optional<StoredObject>> found = start(
                () -> client.headObject(HeadObjectArgs.builder().bucket(bucket).region(region).object(key).build()))
                .thenApply(response -> Optional.of(new StoredObject(key, response.size(), response.lastModified().toInstant().toEpochMilli())));
        return found.exceptionallyCompose(failure -> status(ColdStoreException.unwrap(failure)) == 404 ? CompletableFuture.completedFuture(Optional.empty())
                : CompletableFuture.failedFuture(translated(false, "HeadObject " + key, ColdStoreException.unwrap(failure))));
    }

    @Override
    public CompletableFuture<ObjectPage> list(String prefix, String startAfter, int maxKeys) {
        return translating(false, "ListObjectsV2 " + prefix, () -> {
            ListObjectsV2Args.Builder args = ListObjectsV2Args.builder().bucket(bucket).region(region).prefix(prefix).maxKeys(maxKeys);
            return client.listObjectsV2(startAfter.isEmpty() ? args.build() : args.startAfter(startAfter).build());
        }, response -> page(response.result()));
    }

    private static ObjectPage page(ListBucketResultV2 result) {
        return new ObjectPage(result.contents().stream()
                .map(object -> new StoredObject(object.objectName(), object.size(), object.lastModified().toInstant().toEpochMilli())).toList(), result.isTruncated());
    }

    @Override
    public CompletableFuture<Void> delete(String key) {
        return translating(true, "DeleteObject " + key,
                () -> client.removeObject(RemoveObjectArgs.builder().bucket(bucket).region(region).object(key).build()), nothing -> null);
    }

    @Override
    public CompletableFuture<Void> deleteBatch(List<String> keys) {
        List<DeleteRequest.Object> objects = keys.stream().map(DeleteRequest.Object::new).toList();
        return translating(true, "DeleteObjects",
                () -> client.deleteObjects(DeleteObjectsArgs.builder().bucket(bucket).region(region).objects(objects).quiet(true).build()), this::requireNoErrors);
    }

    private Void requireNoErrors(DeleteObjectsResponse response) {
        for (DeleteResult.Error error : response.result().errors()) {
            if (!"NoSuchKey".equals(error.code())) {
                throw S3Failures.ofDeletion(error.code() == null ? "" : error.code(), location() + ": DeleteObjects " + error.objectName() + ": " + error.message());
            }
        }
        return null;
    }

    private <T> CompletableFuture<T> start(Supplier<CompletableFuture<T>> request) {
        try {
            return CompletableFuture.supplyAsync(request, threads).thenCompose(future -> future);
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
        return failure instanceof AnswerException answer ? answer.status() : 0;
    }

    private ColdStoreException translated(boolean write, String request, Throwable failure) {
        String about = location() + ": " + request;
        if (failure instanceof ColdStoreException judged) {
            return judged; // by the receiver of the body
        }
        if (failure instanceof AnswerException answer) {
            return S3Failures.ofAnswer(write, answer.status(), answer.code(), about, answer);
        }
        if (failure instanceof ErrorResponseException answer) { // an error in the body of a 200: CompleteMultipartUpload has such
            return S3Failures.ofAnswer(write, 500, answer.errorResponse().code(), about, answer);
        }
        if (failure instanceof RuntimeException && !(failure instanceof UncheckedIOException)) { // thrown while the request was made: credentials, names
            return new ColdStoreException.Misconfigured(about + ": " + failure, failure);
        }
        return S3Failures.ofConnection(write, about, failure);
    }

    @Override
    public String location() {
        return "minio://" + bucket;
    }

    @Override
    public void close() {
        http.dispatcher().cancelAll();
        http.dispatcher().executorService().shutdown();
        http.connectionPool().evictAll();
        threads.shutdown();
    }
}
