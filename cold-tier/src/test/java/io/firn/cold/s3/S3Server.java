package io.firn.cold.s3;

import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStoreConfig.Provider;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Properties;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;

/**
 * A real S3 server inside the test's JVM, on a free port of the loopback, with its buckets as directories: S3Proxy over the file system. It checks signatures (SigV4)
 * and checksums, and decides {@code If-None-Match: *} atomically. Known limits, not to be relied on: {@code If-Match} is not atomic, and {@code a} and {@code a/b} cannot both be objects.
 *
 * <p>Stopping and starting over the same directory is a bucket outage with nothing lost. Thread-safe.
 */
public final class S3Server implements AutoCloseable {

    public static final String ACCESS_KEY = "test-access-key";

    public static final String SECRET_KEY = "test-secret-key";

    public static final String REGION = "us-east-1";

    private static final String LOOPBACK = "127.0.0.1";

    private final S3Proxy server;
    private final String host;

    private S3Server(S3Proxy server, String host) {
        this.server = server;
        this.host = host;
    }

    /** Starts a server whose buckets are the sub-directories of {@code directory}; makes the bucket {@code firn} if it is not there. */
    public static S3Server start(Path directory) {
        return start(directory, 0);
    }

    /** The same on a given port, to come back at the place of an earlier one; 0 for any. */
    public static S3Server start(Path directory, int port) {
        return start(directory, LOOPBACK, port);
    }

    /** The same at another address of this machine. */
    public static S3Server start(Path directory, String host, int port) {
        return start(directory, host, port, AuthenticationType.AWS_V4);
    }

    /** One that does as anybody says: whatever stands before it may change requests. */
    public static S3Server startUnsigned(Path directory) {
        return start(directory, LOOPBACK, 0, AuthenticationType.NONE);
    }

    private static S3Server start(Path directory, String host, int port, AuthenticationType authentication) {
        try {
            Files.createDirectories(directory.resolve("firn"));
            Properties properties = new Properties();
            properties.setProperty("jclouds.filesystem.basedir", directory.toRealPath().toString());
            S3Proxy server = S3Proxy.builder().blobStore(BlobStores.create("filesystem", properties)).endpoint(URI.create("http://" + host + ":" + port))
                    .awsAuthentication(authentication, ACCESS_KEY, SECRET_KEY).stopTimeout(0).build();
            server.start();
            return new S3Server(server, host);
        } catch (IOException e) {
            throw new IllegalStateException("Cannot start the S3 server in " + directory, e);
        } catch (Exception e) { // the server's start declares it
            throw new IllegalStateException("Cannot start the S3 server", e);
        }
    }

    public int port() {
        return server.getPort();
    }

    public URI endpoint() {
        return URI.create("http://" + host + ":" + port());
    }

    /** The one bucket there is. */
    public String bucket() {
        return "firn";
    }

    /** Settings for a client of this server, with short time limits. */
    public ObjectStoreConfig config(Provider provider) {
        return config(provider, endpoint());
    }

    /** The same by way of another address, such as a proxy's. */
    public ObjectStoreConfig config(Provider provider, URI by) {
        return new ObjectStoreConfig(provider, Optional.empty(), Optional.of(by), REGION, Optional.of(bucket()),
                Optional.of(new ObjectStoreConfig.Credentials(ACCESS_KEY, SECRET_KEY)), true, 16, 3, 5_000, 3);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) { // the server's stop declares it
            throw new IllegalStateException("Cannot stop the S3 server", e);
        }
    }
}
