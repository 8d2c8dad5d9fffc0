package io.firn.cold.minio;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.ObjectStoreContract;
import io.firn.cold.ObjectStores;
import io.firn.cold.s3.S3Server;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.minio.MakeBucketArgs;
import io.minio.MinioClient;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;

/** Both providers keep the contract over a real MinIO server; needs a Docker engine, and is skipped, saying so, without one. */
class MinioDockerIT {

    private static final String IMAGE = "minio/minio:RELEASE.2025-04-22T22-12-26Z";
    private static final int PORT = 9000;

    private static final AtomicInteger BUCKETS = new AtomicInteger();
    private static GenericContainer<?> minio;
    private static URI endpoint;

    @BeforeAll
    static void start() {
        if (!DockerClientFactory.instance().isDockerAvailable()) {
            return; // every test says so
        }
        minio = new GenericContainer<>(IMAGE).withExposedPorts(PORT).withCommand("server", "/data").withEnv("MINIO_ROOT_USER", S3Server.ACCESS_KEY)
                .withEnv("MINIO_ROOT_PASSWORD", S3Server.SECRET_KEY).waitingFor(Wait.forHttp("/minio/health/ready").forPort(PORT));
        minio.start();
        endpoint = URI.create("http://" + minio.getHost() + ":" + minio.getMappedPort(PORT));
    }

    @AfterAll
    static void stop() {
        if (minio != null) {
            minio.stop();
        }
    }

    @Nested
    class ByTheAwsSdk extends Contract {
        ByTheAwsSdk() {
            super(Provider.S3);
        }
    }

    @Nested
    class ByTheMinioClient extends Contract {
        ByTheMinioClient() {
            super(Provider.MINIO);
        }
    }

    /** A fresh bucket for each test. */
    @TestInstance(Lifecycle.PER_METHOD)
    abstract static class Contract extends ObjectStoreContract {

        private final Provider provider;
        private ObjectStore store;

        Contract(Provider provider) {
            this.provider = provider;
        }

        @BeforeEach
        void open() throws Exception {
            assumeTrue(minio != null, "No Docker engine answers: the tests against a real MinIO server are skipped");
            String bucket = "contract-" + BUCKETS.incrementAndGet();
            try (MinioClient admin = MinioClient.builder().endpoint(endpoint.toURL()).credentials(S3Server.ACCESS_KEY, S3Server.SECRET_KEY).build()) {
                admin.makeBucket(MakeBucketArgs.builder().bucket(bucket).build());
            }
            store = ObjectStores.open(new ObjectStoreConfig(provider, Optional.empty(), Optional.of(endpoint), S3Server.REGION, Optional.of(bucket),
                    Optional.of(new ObjectStoreConfig.Credentials(S3Server.ACCESS_KEY, S3Server.SECRET_KEY)), true, 16, 3, 10_000, 3), new SimpleMeterRegistry());
        }

        @AfterEach
        void close() {
            if (store != null) {
                store.close();
            }
        }

        @Override
        protected ObjectStore store() {
            return store;
        }
    }
}
