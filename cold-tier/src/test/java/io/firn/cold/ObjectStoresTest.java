package io.firn.cold;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ObjectStoreConfig.Credentials;
import io.firn.cold.ObjectStoreConfig.Encryption;
import io.firn.cold.ObjectStoreConfig.Provider;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The factory opens what is configured and nothing else. */
class ObjectStoresTest {

    @TempDir
    private Path directory;

    /** Where none of the clients' jars is: had the factory touched a class of another provider, this would fail to link. */
    @Test
    void theFileProviderNeedsNoClassOfTheOthers() throws ReflectiveOperationException, IOException {
        URL[] own = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.contains("cold-tier") || entry.contains("micrometer") || entry.contains("slf4j") || entry.contains("logback") || entry.contains("HdrHistogram"))
                .map(ObjectStoresTest::url).toArray(URL[]::new);
        try (URLClassLoader bare = new URLClassLoader(own, ClassLoader.getPlatformClassLoader())) {
            Class<?> config = bare.loadClass(ObjectStoreConfig.class.getName());
            Class<?> registry = bare.loadClass(MeterRegistry.class.getName());
            Object meters = bare.loadClass(SimpleMeterRegistry.class.getName()).getConstructor().newInstance();
            Object store = bare.loadClass(ObjectStores.class.getName()).getMethod("open", config, registry)
                    .invoke(null, config.getMethod("ofDirectory", Path.class).invoke(null, directory), meters);
            assertThat(store.getClass().getClassLoader()).isSameAs(bare);
            ((AutoCloseable) store).close();
        } catch (ReflectiveOperationException | IOException e) {
            throw e;
        } catch (Exception e) { // AutoCloseable declares it
            throw new AssertionError(e);
        }
    }

    private static URL url(String path) {
        try {
            return Path.of(path).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(path, e);
        }
    }

    private static ObjectStoreConfig bucket(Provider provider, String endpoint) {
        return new ObjectStoreConfig(provider, Optional.empty(), Optional.of(URI.create(endpoint)), "us-east-1", Optional.of("bucket"),
                Optional.of(new Credentials("access", "top-secret")), true, 4, 2, 1_000, 2);
    }

    @Test
    void anEndpointThatIsNoServerIsRefused() {
        for (String endpoint : new String[] {"localhost:9000", "no-scheme", "ftp://host", "http://host/path", "http:///"}) {
            assertThatThrownBy(() -> bucket(Provider.S3, endpoint)).as(endpoint).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("Endpoint");
        }
    }

    @Test
    void aBucketNameThatCannotBeIsMisconfigured() {
        for (Provider provider : new Provider[] {Provider.S3, Provider.MINIO}) {
            ObjectStoreConfig odd = new ObjectStoreConfig(provider, Optional.empty(), Optional.of(URI.create("http://127.0.0.1:1")), "us-east-1", Optional.of(""),
                    Optional.of(new Credentials("access", "secret")), true, 4, 2, 1_000, 2);
            try (ObjectStore store = ObjectStores.open(odd, new SimpleMeterRegistry())) {
                ObjectStoreContract.assertFails(ColdStoreException.Misconfigured.class, store.head("a"));
                ObjectStoreContract.assertFails(ColdStoreException.Misconfigured.class, store.putIfAbsent("a", ByteBuffer.allocate(1)));
            }
        }
    }

    /** Where this environment has credentials of its own to offer the chain, it cannot be found wanting. */
    @Test
    void noCredentialsAtAllAreMisconfigured() {
        boolean none = System.getenv().keySet().stream().noneMatch(name -> name.startsWith("AWS_") || name.startsWith("MINIO_"));
        Assumptions.assumeTrue(none, "This environment names credentials: the empty chain is not tested");
        ObjectStoreConfig chain = new ObjectStoreConfig(Provider.S3, Optional.empty(), Optional.of(URI.create("http://127.0.0.1:1")), "us-east-1",
                Optional.of("bucket"), Optional.empty(), true, 4, 2, 1_000, 1);
        Map<String, String> nowhere = Map.of("aws.disableEc2Metadata", "true", "aws.sharedCredentialsFile", directory.resolve("none").toString(), "aws.configFile",
                directory.resolve("none").toString());
        nowhere.forEach(System::setProperty);
        try (ObjectStore store = ObjectStores.open(chain, new SimpleMeterRegistry())) {
            ObjectStoreContract.assertFails(ColdStoreException.Misconfigured.class, store.head("a"));
        } finally {
            nowhere.keySet().forEach(System::clearProperty);
        }
    }

    @Test
    void credentialsAreNeverPrinted() {
        assertThat(bucket(Provider.S3, "http://localhost:1").toString()).doesNotContain("top-secret").doesNotContain("access=");
    }

    @Test
    void incompleteOrSenselessSettingsAreRefused() {
        assertThatThrownBy(() -> new ObjectStoreConfig(Provider.FILE, Optional.empty(), Optional.empty(), "r", Optional.empty(), Optional.empty(), true, 1, 1, 1000, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ObjectStoreConfig(Provider.S3, Optional.empty(), Optional.empty(), "r", Optional.empty(), Optional.empty(), true, 1, 1, 1000, 1))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ObjectStoreConfig(Provider.S3, Optional.empty(), Optional.empty(), "r", Optional.of("b"), Optional.empty(), true, 0, 1, 1000, 1))
                .isInstanceOf(IllegalArgumentException.class).hasMessageContaining("maxConnections");
        assertThatThrownBy(() -> new ObjectStoreConfig(Provider.FILE, Optional.of(directory), Optional.empty(), "r", Optional.empty(), Optional.empty(), true, 1, 1, 1000, 1,
                Optional.of(Encryption.S3))).isInstanceOf(IllegalArgumentException.class).hasMessageContaining("encrypts nothing");
    }
}
