package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStoreConfig.Provider;
import io.firn.cold.store.BucketRequests;
import io.firn.cold.store.Receivers;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** That GETs past the SDK are taken by a server that checks signatures, and reach it where there is a proxy between. */
class DirectGetsIT {

    private static final String ATTEMPT = "amz-sdk-invocation-id";

    private S3Server server;
    private FaultProxy proxy;
    private BucketRequests requests;

    @BeforeEach
    void start(@TempDir Path directory) {
        server = S3Server.start(directory);
        proxy = FaultProxy.start(server.port());
        requests = S3BucketRequests.open(server.config(Provider.S3, proxy.endpoint()), sinceSentNs -> { });
    }

    @AfterEach
    void stop() {
        requests.close();
        proxy.close();
        server.close();
    }

    private static <T> T await(CompletableFuture<T> future) {
        return future.orTimeout(30, TimeUnit.SECONDS).join();
    }

    private static String get(BucketRequests from, String key) {
        ByteBuffer target = ByteBuffer.allocateDirect(5);
        await(from.get(key, Receivers.ofRange(7, target)));
        return StandardCharsets.US_ASCII.decode(target).toString();
    }

    @Test
    void theServerFindsTheSignatureRightWhateverCharactersTheKeyHas() {
        for (String key : List.of("plain/0-9_A.segment", "a b", "a+b", "100%", "%41", "ü/日本", "a=b&c=d", "~tilde", "!*'()", "q?x#y;z:@,$")) {
            await(requests.putObject(key, StandardCharsets.US_ASCII.encode("hello, world"), "/6tyOg==", false));
            assertThat(get(requests, key)).isEqualTo("world");
        }
        assertThat(proxy.headers("GET ", ATTEMPT)).as("of all GETs").hasSize(10).containsOnly(Optional.empty());
    }

    @Test
    void aGetPastTheSdkGoesByTheHttpProxyThatTheSdkWouldAsk() throws IOException {
        try (ScriptedServer asked = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send("HTTP/1.1 200 Connection established\r\n\r\n");
            while (from.request()) {
                from.send("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\nContent-Range: bytes 7-11/12\r\n\r\nworld");
            }
        })) {
            System.setProperty("http.proxyHost", "127.0.0.1");
            System.setProperty("http.proxyPort", Integer.toString(asked.port()));
            try (BucketRequests proxied = S3BucketRequests.open(server.config(Provider.S3, URI.create("http://s3.example.com")), sinceSentNs -> { })) {
                assertThat(get(proxied, "key")).isEqualTo("world");
                assertThat(get(proxied, "key")).isEqualTo("world");
            }
            assertThat(asked.requests()).first().asString().contains("CONNECT s3.example.com:80 ");
            assertThat(asked.requests()).filteredOn(head -> head.startsWith("GET /firn/key ")).hasSize(2).noneMatch(head -> head.contains(ATTEMPT));
        } finally {
            System.clearProperty("http.proxyHost");
            System.clearProperty("http.proxyPort");
        }
    }
}
