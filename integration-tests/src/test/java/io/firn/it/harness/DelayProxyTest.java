package io.firn.it.harness;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.cold.UploadSource;
import io.firn.cold.s3.S3Server;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The proxy between real sockets, on a clock that only the test moves. */
class DelayProxyTest {

    private static final long MS = 1_000_000;
    private static final byte[] GET = "GET /bucket/key HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] OBJECT = bytes(3 << 20);

    private final AtomicLong clock = new AtomicLong(1_000 * MS);
    private ServerSocket listener;

    @TempDir
    Path directory;

    @BeforeEach
    void listen() throws IOException {
        listener = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void end() throws IOException {
        listener.close();
    }

    private DelayProxy proxy(long delayMs, long bytesPerSecond) {
        return DelayProxy.start(listener.getLocalPort(), Optional.empty(), delayMs, bytesPerSecond, clock::get);
    }

    private DelayProxy proxyOverFiles(long delayMs, long bytesPerSecond) throws IOException {
        Files.createDirectories(directory.resolve("bucket/a"));
        Files.write(directory.resolve("bucket/a/key"), OBJECT);
        return DelayProxy.start(listener.getLocalPort(), Optional.of(new ServerFiles(directory)), delayMs, bytesPerSecond, clock::get);
    }

    private static byte[] get(String target, String headers) {
        return ("GET " + target + " HTTP/1.1\r\nHost: h\r\n" + headers + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Head and body of an answer that says how long it is. */
    private static byte[] body(Socket client, int bytes) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) client.getInputStream().read());
        }
        assertThat(head).startsWith("HTTP/1.1 206 ").contains("Content-Length: " + bytes + "\r\n");
        return receive(client, bytes);
    }

    private static Socket connect(DelayProxy proxy) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), proxy.endpoint().getPort());
    }

    private void advance(DelayProxy proxy, long nanos) {
        clock.addAndGet(nanos);
        proxy.look();
    }

    private static void send(Socket socket, byte[] bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        socket.getOutputStream().flush();
    }

    private static byte[] receive(Socket socket, int count) throws IOException {
        return socket.getInputStream().readNBytes(count);
    }

    @Test
    void eachAnswerOnAConnectionIsHeldUntilTheDelayHasPassedSinceItsRequest() throws IOException {
        try (DelayProxy proxy = proxy(100, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            for (int request = 0; request < 3; request++) {
                send(client, GET);
                assertThat(receive(server, GET.length)).isEqualTo(GET);
                advance(proxy, 99 * MS);
                send(server, ANSWER);
                Await.until("the answer is held", () -> proxy.held() == 1);
                advance(proxy, MS - 1);
                assertThat(client.getInputStream().available()).isZero();
                assertThat(proxy.held()).isEqualTo(1);
                advance(proxy, 1);
                assertThat(receive(client, ANSWER.length)).isEqualTo(ANSWER);
            }
            assertThat(proxy.requests()).containsEntry("GET", 3L).containsEntry("PUT", 0L);
        }
    }

    @Test
    void whatFollowsTheFirstByteIsNotHeldAgain() throws IOException {
        try (DelayProxy proxy = proxy(100, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            send(client, GET);
            receive(server, GET.length);
            advance(proxy, 100 * MS);
            for (int piece = 0; piece < 3; piece++) {
                send(server, ANSWER);
                assertThat(receive(client, ANSWER.length)).isEqualTo(ANSWER);
            }
        }
    }

    @Test
    void aBodyThatWaitsForLeaveCostsATurnOfItsOwnAndIsOneRequest() throws IOException {
        byte[] head = "PUT /bucket/key HTTP/1.1\r\nExpect: 100-continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        try (DelayProxy proxy = proxy(100, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            for (byte[] part : new byte[][] {head, "body".getBytes(StandardCharsets.US_ASCII)}) {
                send(client, part);
                receive(server, part.length);
                send(server, ANSWER);
                Await.until("the answer is held", () -> proxy.held() == 1);
                advance(proxy, 100 * MS);
                assertThat(receive(client, ANSWER.length)).isEqualTo(ANSWER);
            }
            assertThat(proxy.requests()).containsEntry("PUT", 1L);
        }
    }

    @Test
    void noAnswerIsEarlyForAClientThatDoesNotWaitAndNothingIsLost() throws IOException {
        try (DelayProxy proxy = proxy(100, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            send(client, GET);
            receive(server, GET.length);
            advance(proxy, 60 * MS);
            send(client, GET);
            receive(server, GET.length);
            send(server, ANSWER);
            Await.until("the answer is held", () -> proxy.held() == 1);
            send(server, ANSWER);
            advance(proxy, 99 * MS);
            assertThat(proxy.held()).isEqualTo(1);
            assertThat(client.getInputStream().available()).isZero();
            advance(proxy, MS);
            assertThat(receive(client, 2 * ANSWER.length)).startsWith(ANSWER).endsWith(ANSWER);
        }
    }

    @Test
    void aPieceIsHeldForAsLongAsTheWayTakesToCarryItInBothDirections() throws IOException {
        try (DelayProxy proxy = proxy(0, 1_000); Socket client = connect(proxy); Socket server = listener.accept()) {
            send(client, new byte[10]);
            Await.until("the request is held", () -> proxy.held() == 1);
            assertThat(server.getInputStream().available()).isZero();
            advance(proxy, 10 * MS);
            receive(server, 10);
            send(server, new byte[20]);
            Await.until("the answer is held", () -> proxy.held() == 1);
            advance(proxy, 20 * MS - 1);
            assertThat(proxy.held()).isEqualTo(1);
            advance(proxy, 1);
            assertThat(receive(client, 20)).hasSize(20);
        }
    }

    @Test
    void megabytesPassWholeInBothDirectionsAtOnce() throws Exception {
        byte[] bytes = new byte[8 << 20];
        new Random(1).nextBytes(bytes);
        try (DelayProxy proxy = DelayProxy.start(listener.getLocalPort(), 0, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            CompletableFuture<byte[]> echoed = CompletableFuture.supplyAsync(() -> echo(server, bytes.length));
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> sendUnchecked(client, bytes));
            assertThat(receive(client, bytes.length)).isEqualTo(bytes);
            sent.join();
            assertThat(echoed.join()).isEqualTo(bytes);
        }
    }

    private static void sendUnchecked(Socket socket, byte[] bytes) {
        try {
            send(socket, bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static byte[] echo(Socket socket, int count) {
        try {
            byte[] all = new byte[count];
            InputStream in = socket.getInputStream();
            for (int at = 0; at < count;) {
                int got = in.read(all, at, count - at);
                socket.getOutputStream().write(all, at, got);
                at += got;
            }
            return all;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aSideThatEndsIsPassedOnAfterAllItSaidAndTheOtherMayStillAnswer() throws IOException {
        try (DelayProxy proxy = proxy(100, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            send(client, GET);
            client.shutdownOutput();
            assertThat(server.getInputStream().readAllBytes()).isEqualTo(GET);
            send(server, ANSWER);
            Await.until("the answer is held", () -> proxy.held() == 1);
            server.close();
            advance(proxy, 100 * MS);
            assertThat(client.getInputStream().readAllBytes()).isEqualTo(ANSWER);
        }
    }

    @Test
    void aClientWhoseServerIsGoneIsClosedAndOthersAreServed() throws IOException {
        try (DelayProxy proxy = proxy(0, 0)) {
            int port = listener.getLocalPort();
            listener.close();
            try (Socket client = connect(proxy)) {
                assertThat(client.getInputStream().read()).isNegative();
            }
            listener = new ServerSocket(port, 10, InetAddress.getLoopbackAddress());
            try (Socket client = connect(proxy); Socket server = listener.accept()) {
                send(client, GET);
                assertThat(receive(server, GET.length)).isEqualTo(GET);
            }
        }
    }

    @Test
    void aDelayThatIsChangedHoldsFromTheNextRequestOn() throws IOException {
        try (DelayProxy proxy = proxy(0, 0); Socket client = connect(proxy); Socket server = listener.accept()) {
            proxy.delay(30);
            send(client, GET);
            receive(server, GET.length);
            send(server, ANSWER);
            Await.until("the answer is held", () -> proxy.held() == 1);
            advance(proxy, 30 * MS);
            assertThat(receive(client, ANSWER.length)).isEqualTo(ANSWER);
        }
    }

    @Test
    void aRangeOfAnObjectIsReadFromTheServersFilesAsLateAndAsSlowlyAsFromTheServer() throws IOException {
        try (DelayProxy proxy = proxyOverFiles(100, 1_000_000_000); Socket client = connect(proxy)) {
            for (int request = 0; request < 3; request++) {
                send(client, get("/bucket/a/key", "Range: bytes=1000-2001000\r\n"));
                Await.until("the answer is held", () -> proxy.held() == 1);
                advance(proxy, 100 * MS);
                assertThat(client.getInputStream().available()).as("it takes 2 ms").isZero();
                CompletableFuture<byte[]> got = CompletableFuture.supplyAsync(() -> bodyUnchecked(client, 2_000_001));
                Await.until("all of it has come", () -> {
                    advance(proxy, MS);
                    return got.isDone();
                });
                assertThat(got.join()).isEqualTo(Arrays.copyOfRange(OBJECT, 1000, 2_001_001));
            }
            assertThat(proxy.requests()).containsEntry("GET", 3L);
        }
    }

    @Test
    void theServerIsAskedForWhateverItsFilesDoNotAnswer() throws IOException {
        String range = "Range: bytes=0-9\r\n";
        Files.write(directory.resolve("outside"), OBJECT);
        try (DelayProxy proxy = proxyOverFiles(0, 0); Socket client = connect(proxy)) {
            Optional<Socket> accepted = Optional.empty();
            for (byte[] request : List.of(get("/bucket/a/key", ""), get("/bucket/a/key?versionId=1", range), get("/bucket/a/none", range), get("/bucket/a", range), get("/bucket/a/%6Bey", range),
                    get("/bucket/a/key", "Range: bytes=0-" + OBJECT.length + "\r\n"), get("/bucket/a/key", "Range: bytes=-5\r\n"), get("/../" + directory.getFileName() + "-x", range),
                    "PUT /bucket/a/key HTTP/1.1\r\nRange: bytes=0-9\r\n\r\n".getBytes(StandardCharsets.US_ASCII))) {
                send(client, request);
                Socket server = accepted.isPresent() ? accepted.get() : listener.accept();
                accepted = Optional.of(server);
                assertThat(receive(server, request.length)).isEqualTo(request);
                send(server, ANSWER);
                assertThat(receive(client, ANSWER.length)).isEqualTo(ANSWER);
            }
            send(client, get("/bucket/a/key", range));
            assertThat(body(client, 10)).as("on the same connection").isEqualTo(Arrays.copyOf(OBJECT, 10));
            accepted.orElseThrow().close();
        }
    }

    @Test
    void aServerThatEndsItsConnectionEndsNoAnswerOutOfAFile() throws IOException {
        try (DelayProxy proxy = proxyOverFiles(100, 0); Socket client = connect(proxy)) {
            send(client, GET);
            try (Socket server = listener.accept()) {
                receive(server, GET.length);
                send(server, ANSWER);
                Await.until("the answer is held", () -> proxy.held() == 1);
                advance(proxy, 100 * MS);
                receive(client, ANSWER.length);
                send(client, get("/bucket/a/key", "Range: bytes=0-9\r\n"));
                Await.until("the answer is held", () -> proxy.held() == 1);
            }
            advance(proxy, 100 * MS);
            assertThat(body(client, 10)).isEqualTo(Arrays.copyOf(OBJECT, 10));
            assertThat(client.getInputStream().read()).as("then it ends").isNegative();
        }
    }

    @Test
    void aClientThatDoesNotWaitForAnAnswerOutOfAFileGetsTheNextOneBehindIt() throws IOException {
        byte[] next = "PUT /bucket/b HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        try (DelayProxy proxy = proxyOverFiles(100, 0); Socket client = connect(proxy)) {
            send(client, get("/bucket/a/key", "Range: bytes=0-9\r\n"));
            Await.until("the answer is held", () -> proxy.held() == 1);
            send(client, next);
            advance(proxy, 100 * MS);
            assertThat(body(client, 10)).isEqualTo(Arrays.copyOf(OBJECT, 10));
            try (Socket server = listener.accept()) {
                assertThat(receive(server, next.length)).isEqualTo(next);
            }
        }
    }

    @Test
    void aRealServersAnswerAndThatOutOfItsFilesAreTheSameBytes() throws Exception {
        String key = "v1/topics/t-abc_1/00000000000000000000-1.seg";
        try (S3Server real = S3Server.start(directory); DelayProxy through = DelayProxy.start(real.port(), 0, 0); DelayProxy spared = DelayProxy.start(real.port(), directory, 0, 0)) {
            for (DelayProxy way : List.of(through, spared)) {
                try (ObjectStore store = ObjectStores.open(real.config(ObjectStoreConfig.Provider.S3, way.endpoint()), new SimpleMeterRegistry())) {
                    store.put(way == through ? key : key + "x", UploadSource.of(ByteBuffer.wrap(OBJECT))).get(30, TimeUnit.SECONDS);
                    ByteBuffer target = ByteBuffer.allocateDirect(2_000_000);
                    store.get(key, 7, List.of(target.duplicate())).get(30, TimeUnit.SECONDS);
                    assertThat(target).isEqualTo(ByteBuffer.wrap(OBJECT, 7, 2_000_000).slice());
                }
            }
        }
    }

    private static byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        new Random(2).nextBytes(bytes);
        return bytes;
    }

    private static byte[] bodyUnchecked(Socket client, int bytes) {
        try {
            return body(client, bytes);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
