package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ObjectStoreConfig.Credentials;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.s3.S3Server;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;

/** The contract over a bucket of the in-JVM S3 server, and what only a server can refuse. A subclass names the provider. */
@TestInstance(Lifecycle.PER_CLASS)
public abstract class BucketStoreContract extends ObjectStoreContract {

    private final Provider provider;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();

    private Path directory;
    private S3Server server;
    private ObjectStore store;

    protected BucketStoreContract(Provider provider) {
        this.provider = provider;
    }

    @BeforeAll
    void startServer(@TempDir Path buckets) {
        directory = buckets;
        server = S3Server.start(directory);
    }

    @AfterAll
    void stopServer() {
        server.close();
    }

    @BeforeEach
    void open() {
        store = ObjectStores.open(server.config(provider), meters);
    }

    @AfterEach
    void emptyBucket() throws IOException {
        store.close();
        try (Stream<Path> files = Files.walk(directory.resolve(server.bucket()))) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                if (!file.equals(directory.resolve(server.bucket()))) {
                    Files.delete(file);
                }
            }
        }
    }

    @Override
    protected ObjectStore store() {
        return store;
    }

    @Override
    protected void fill(List<String> keys) throws IOException {
        for (String key : keys) {
            Path file = directory.resolve(server.bucket()).resolve(key);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "x");
        }
    }

    private ObjectStore with(String bucket, Credentials credentials) {
        ObjectStoreConfig right = server.config(provider);
        return ObjectStores.open(new ObjectStoreConfig(provider, Optional.empty(), right.endpoint(), right.region(), Optional.of(bucket), Optional.of(credentials), true,
                4, 2, 5_000, 3), meters);
    }

    @Test
    void wrongCredentialsAreMisconfigured() {
        for (Credentials wrong : new Credentials[] {new Credentials(S3Server.ACCESS_KEY, "wrong"), new Credentials("nobody", S3Server.SECRET_KEY)}) {
            try (ObjectStore refused = with(server.bucket(), wrong)) {
                assertRefusesAll(refused);
                assertFails(ColdStoreException.Misconfigured.class, refused.deleteAll(List.of("a")));
            }
        }
    }

    private static void assertRefusesAll(ObjectStore refused) {
        assertRefused(refused.putIfAbsent("a", utf8("x")));
        assertRefused(refused.put("a", UploadSource.of(utf8("x"))));
        assertFails(ColdStoreException.Misconfigured.class, refused.put("a", UploadSource.of(ByteBuffer.allocate(21 << 20))));
        assertFails(ColdStoreException.Misconfigured.class, refused.get("a", 0, ByteBuffer.allocate(1)));
        assertFails(ColdStoreException.Misconfigured.class, refused.getSmall("a"));
        assertFails(ColdStoreException.Misconfigured.class, refused.list("", "", 1));
    }

    /** A write whose first attempt got no answer (the server may have closed an idle connection) stays Uncertain, for the reason that the next attempt was refused. */
    private static void assertRefused(CompletableFuture<?> write) {
        assertThatThrownBy(() -> await(write)).cause()
                .matches(failure -> (failure instanceof ColdStoreException.Uncertain ? failure.getCause() : failure) instanceof ColdStoreException.Misconfigured, "is refused as misconfigured");
    }

    @Test
    void anAbsentBucketIsMisconfigured() {
        try (ObjectStore nowhere = with("no-such-bucket", new Credentials(S3Server.ACCESS_KEY, S3Server.SECRET_KEY))) {
            assertRefusesAll(nowhere);
        }
    }

    @Test
    void requestsAndBytesAreCounted() {
        await(store.putIfAbsent("metered", utf8("12345")));
        await(store.putIfAbsent("metered", utf8("54321")));
        await(store.get("metered", 1, ByteBuffer.allocate(3)));
        assertThat(meters.get("firn.cold.store.requests").tag("operation", "put_if_absent").tag("outcome", "existed").timer().count()).isPositive();
        assertThat(meters.get("firn.cold.store.requests").tag("operation", "get").tag("outcome", "ok").timer().count()).isPositive();
        assertThat(meters.get("firn.cold.store.read.bytes").counter().count()).isGreaterThanOrEqualTo(3);
        assertThat(meters.get("firn.cold.store.written.bytes").counter().count()).isGreaterThanOrEqualTo(5);
    }
}
