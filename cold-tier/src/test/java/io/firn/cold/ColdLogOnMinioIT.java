package io.firn.cold;

import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.s3.S3Server;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/** Over a real S3 server in this JVM, with the client of provider {@code minio}. */
class ColdLogOnMinioIT extends ColdLogContract {

    @TempDir
    static Path directory;

    private static S3Server server;

    @BeforeAll
    static void startServer() {
        server = S3Server.start(directory);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    ObjectStore open() {
        return ObjectStores.open(server.config(Provider.MINIO), new SimpleMeterRegistry());
    }
}
