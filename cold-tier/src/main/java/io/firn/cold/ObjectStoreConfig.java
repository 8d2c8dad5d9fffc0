package io.firn.cold;

import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which object store, where, and how patiently it is used.
 *
 * @param provider which implementation
 * @param directory {@link Provider#FILE}: where objects live; created if absent
 * @param endpoint {@link Provider#S3}, {@link Provider#MINIO}: URL of the server; the SDK's regional one if empty (then {@code minio} uses AWS's)
 * @param region signing region
 * @param bucket name of the bucket; must exist
 * @param credentials static credentials; the provider's default chain (environment, profile, instance role) if empty
 * @param pathStyle address buckets by path instead of host name
 * @param maxConnections requests in flight at most (connections, or threads of {@code file}), 1 to 1024; further ones wait in order. {@code s3} may keep as many connections again, unused
 * @param uploadParts parts sent at the same time, of all objects together, each holding 20 MiB of memory, 1 to 1024; further ones wait in order
 * @param requestTimeoutMs time without any progress after which a request counts as failed, ≥ 10
 * @param retryMaxAttempts attempts per request before the error is given to the caller, ≥ 1
 * @param encryption {@link Provider#S3}, {@link Provider#MINIO}: what each object written asks for; the bucket's own default if empty
 */
public record ObjectStoreConfig(Provider provider, Optional<Path> directory, Optional<URI> endpoint, String region, Optional<String> bucket,
        Optional<Credentials> credentials, boolean pathStyle, int maxConnections, int uploadParts, long requestTimeoutMs, int retryMaxAttempts, Optional<Encryption> encryption) {

    /** The implementations there are. */
    public enum Provider {
        FILE,
        S3,
        MINIO
    }

    /** A static key pair; never printed. */
    public record Credentials(String accessKey, String secretKey) {
        public Credentials {
            Objects.requireNonNull(accessKey, "accessKey");
            Objects.requireNonNull(secretKey, "secretKey");
        }

        @Override
        public String toString() {
            return "Credentials[hidden]";
        }
    }

    /**
     * Encryption at rest by the store, as a write asks for it. Reading needs no header, only, with a key, the permission to use that.
     *
     * @param algorithm value of the header {@code x-amz-server-side-encryption}
     * @param keyId the key of SSE-KMS; the account's default one if empty
     */
    public record Encryption(String algorithm, Optional<String> keyId) {

        /** SSE-S3: keys are the store's. */
        public static final Encryption S3 = new Encryption("AES256", Optional.empty());

        private static final String KMS = "aws:kms";

        public Encryption {
            if (!algorithm.equals(KMS) && keyId.isPresent()) {
                throw new IllegalArgumentException(algorithm + " takes no key");
            }
        }

        /** SSE-KMS. */
        public static Encryption kms(Optional<String> keyId) {
            return new Encryption(KMS, keyId);
        }

        /** Headers of a request that begins an object, by name. */
        public Map<String, String> headers() {
            Map<String, String> headers = new TreeMap<>(Map.of("x-amz-server-side-encryption", algorithm));
            keyId.ifPresent(id -> headers.put("x-amz-server-side-encryption-aws-kms-key-id", id));
            return headers;
        }
    }

    /** As the other one, encrypted as the bucket does by itself. */
    public ObjectStoreConfig(Provider provider, Optional<Path> directory, Optional<URI> endpoint, String region, Optional<String> bucket, Optional<Credentials> credentials, boolean pathStyle,
            int maxConnections, int uploadParts, long requestTimeoutMs, int retryMaxAttempts) {
        this(provider, directory, endpoint, region, bucket, credentials, pathStyle, maxConnections, uploadParts, requestTimeoutMs, retryMaxAttempts, Optional.empty());
    }

    public ObjectStoreConfig {
        if (provider == Provider.FILE && encryption.isPresent()) {
            throw new IllegalArgumentException("Provider file encrypts nothing");
        }
        if (provider == Provider.FILE && directory.isEmpty()) {
            throw new IllegalArgumentException("Provider file needs a directory");
        }
        if (provider != Provider.FILE && bucket.isEmpty()) {
            throw new IllegalArgumentException("Provider s3 or minio needs a bucket");
        }
        endpoint.ifPresent(ObjectStoreConfig::requireServer);
        requireRange("maxConnections", maxConnections, 1, 1024);
        requireRange("uploadParts", uploadParts, 1, 1024);
        requireRange("requestTimeoutMs", requestTimeoutMs, 10, Integer.MAX_VALUE);
        requireRange("retryMaxAttempts", retryMaxAttempts, 1, 100);
    }

    /** A directory with the defaults for everything else. */
    public static ObjectStoreConfig ofDirectory(Path directory) {
        return new ObjectStoreConfig(Provider.FILE, Optional.of(directory), Optional.empty(), "us-east-1", Optional.empty(), Optional.empty(), true, 16, 3,
                15_000, 4);
    }

    private static void requireServer(URI endpoint) {
        boolean http = "http".equals(endpoint.getScheme()) || "https".equals(endpoint.getScheme());
        boolean bare = endpoint.getPath() == null || endpoint.getPath().isEmpty() || endpoint.getPath().equals("/");
        if (!http || endpoint.getHost() == null || !bare) {
            throw new IllegalArgumentException("Endpoint must be http://host:port or https://host:port, not " + endpoint);
        }
    }

    private static void requireRange(String name, long value, long min, long max) {
        if (value < min || value > max) {
            throw new IllegalArgumentException(name + " must be " + min + " to " + max + ", not " + value);
        }
    }
}
