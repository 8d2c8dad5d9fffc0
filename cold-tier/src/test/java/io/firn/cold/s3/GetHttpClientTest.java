package io.firn.cold.s3;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelException;
import io.netty.channel.ChannelFactory;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.SdkHttpResponse;
import software.amazon.awssdk.http.async.AsyncExecuteRequest;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.async.SdkAsyncHttpResponseHandler;

/** What GETs of ranges do over their own connections, whatever the server does. That it makes an object store is shown by the contracts of provider {@code s3}. */
class GetHttpClientTest {

    private static final GetHttpClient.Limits LIMITS = new GetHttpClient.Limits(8, 100, 60_000, 10_000, 60_000, 60_000);
    private static final String HELLO = "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhello";

    private final EventLoopGroup loops = S3Clients.loops();
    private final SimHttpClient others = new SimHttpClient();
    private final CountDownLatch released = new CountDownLatch(1);
    private final List<Long> resends = new CopyOnWriteArrayList<>();
    private GetHttpClient client = client(LIMITS);

    @AfterEach
    void stop() {
        client.close();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private GetHttpClient client(GetHttpClient.Limits limits) {
        return new GetHttpClient(others, loops.next(), ClientTls.ofJvm(), limits, resends::add);
    }

    /** Answers every request with {@code answer}. */
    private static ScriptedServer.Script always(String answer) {
        return (connection, from) -> {
            while (from.request()) {
                from.send(answer);
            }
        };
    }

    private Answer get(ScriptedServer server) {
        return new Answer().ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true));
    }

    private static SdkHttpRequest request(SdkHttpMethod method, String protocol, String host, int port, boolean ranged) {
        SdkHttpRequest.Builder request = SdkHttpRequest.builder().method(method).protocol(protocol).host(host).port(port).encodedPath("/bucket/a%2Bb").putHeader("Host", host + ":" + port)
                .putHeader("X-Amz-Date", "today");
        if (ranged) {
            request.putHeader("Range", "bytes=0-4");
        }
        return request.build();
    }

    // Answers

    @Test
    void theRequestIsSentAsTheSdkHasSignedIt() throws IOException {
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            SdkHttpRequest versioned = request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true).toBuilder().putRawQueryParameter("versionId", "x/y").build();

            assertThat(new Answer().ask(client, versioned).text()).isEqualTo("hello");
            assertThat(server.requests()).singleElement().satisfies(head -> assertThat(head.lines())
                    .contains("GET /bucket/a%2Bb?versionId=x%2Fy HTTP/1.1", "Range: bytes=0-4", "X-Amz-Date: today")
                    .containsOnlyOnce("host: 127.0.0.1:" + server.port()));
        }
    }

    @Test
    void bodiesOfEveryKindArriveWhole() throws IOException {
        byte[] large = new byte[3 << 20];
        new Random(1).nextBytes(large);
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send("HTTP/1.1 206 Partial Content\r\nContent-Length: " + large.length + "\r\n\r\n");
            from.send(large);
            from.request();
            from.send("HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
            from.send("7;note=x\r\n, world\r\n0\r\n\r\n");
            from.request();
            from.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
            from.request();
            from.send("HTTP/1.1 100 Continue\r\n\r\n" + HELLO);
            from.request();
            from.send("HTTP/1.1 200 OK\r\n\r\nto the end of the connection");
        })) {
            assertThat(Arrays.equals(get(server).bytes(), large)).isTrue();
            assertThat(get(server).text()).isEqualTo("hello, world");
            assertThat(get(server).text()).isEmpty();
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(server.connections()).as("kept from one to the next").isOne();
            assertThat(get(server).text()).isEqualTo("to the end of the connection");
        }
    }

    @Test
    void aBodyIsGivenPieceByPieceAsItIsAskedFor() throws IOException {
        byte[] large = new byte[3 << 20];
        new Random(2).nextBytes(large);
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send("HTTP/1.1 206 Partial Content\r\nContent-Length: " + large.length + "\r\n\r\n");
            from.send(large);
            from.request();
        })) {
            Answer answer = new Answer();
            answer.oneByOne = true;
            assertThat(Arrays.equals(answer.ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true)).bytes(), large)).isTrue();
        }
    }

    @Test
    void piecesAreTheNetworksOwnBuffers() throws IOException {
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            Answer answer = get(server);
            assertThat(answer.text()).isEqualTo("hello");
            assertThat(answer.onHeap).isFalse();
        }
    }

    @Test
    void anErrorReachesTheSdkWithItsBodyAndTheConnectionIsKept() throws IOException {
        try (ScriptedServer server = ScriptedServer.start(always("HTTP/1.1 404 Not Found\r\nContent-Type: application/xml\r\nContent-Length: 8\r\n\r\n<Error/>"))) {
            Answer answer = get(server);
            assertThat(answer.text()).isEqualTo("<Error/>");
            assertThat(answer.head.statusCode()).isEqualTo(404);
            assertThat(answer.head.firstMatchingHeader("content-type")).contains("application/xml");
            assertThat(get(server).text()).isEqualTo("<Error/>");
            assertThat(server.connections()).isOne();
        }
    }

    @Test
    void anErrorWithoutEndIsCutOffAndItsConnectionClosed() throws IOException, InterruptedException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send("HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n");
            while (true) {
                from.send("400\r\n" + "x".repeat(1024) + "\r\n");
            }
        })) {
            Answer answer = get(server);
            assertThat(answer.bytes().length).isBetween(64 << 10, 1 << 20);
            assertThat(answer.head.statusCode()).isEqualTo(500);
            assertThat(server.awaitEnd()).isZero();
        }
    }

    @Test
    void whatIsNoHttpIsAnError() throws IOException {
        try (ScriptedServer server = ScriptedServer.start(always("SSH-2.0-OpenSSH_9.6\r\n\r\n"))) {
            assertThatThrownBy(get(server)::bytes).hasRootCauseInstanceOf(IllegalArgumentException.class).cause().isInstanceOf(IOException.class);
        }
    }

    // Connections

    @Test
    void anAnswerThatEndsItsConnectionIsNotFollowedByAnotherOne() throws IOException {
        try (ScriptedServer server = ScriptedServer.start(always("HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"))) {
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void aKeptConnectionThatTheServerClosesAsWeUseItIsReplacedOnce() throws IOException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send(HELLO);
            from.request(); // and closes
        })) {
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(server.connections()).isEqualTo(2);
            assertThat(server.requests()).hasSize(3);
            assertThat(resends).as("told, as the store may have seen both").hasSize(1).allMatch(sinceSentNs -> sinceSentNs > 0);
        }
    }

    @Test
    void aFreshConnectionThatIsClosedWithoutAnAnswerIsAnError() throws IOException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            if (connection == 0) {
                from.send(HELLO);
                from.request();
            }
        })) {
            assertThat(get(server).text()).isEqualTo("hello");
            assertThatThrownBy(get(server)::bytes).cause().isInstanceOf(IOException.class).hasMessageContaining("closed the connection");
            assertThat(server.requests()).as("one answered, one sent twice").hasSize(3);
            assertThat(resends).hasSize(1);
        }
    }

    @Test
    void aConnectionThatEndsInTheMiddleOfABodyIsAnErrorAndNothingIsAskedAgain() throws IOException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send(HELLO);
            from.request();
            from.send("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhel");
        })) {
            assertThat(get(server).text()).isEqualTo("hello");
            Answer cut = get(server);
            assertThatThrownBy(cut::bytes).cause().isInstanceOf(IOException.class);
            assertThat(cut.failures).as("told to the subscriber, then to the handler").hasSize(2);
            assertThat(server.requests()).hasSize(2);
        }
    }

    @Test
    void anUnusedConnectionIsClosedAfterItsTime() throws IOException, InterruptedException {
        client = client(new GetHttpClient.Limits(8, 100, 60_000, 10_000, 60_000, 50));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(server.awaitEnd()).isZero();
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void whatNobodyAskedForEndsTheConnection() throws IOException, InterruptedException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send(HELLO);
            released.await();
            from.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n");
            from.request();
        })) {
            assertThat(get(server).text()).isEqualTo("hello");
            released.countDown();
            assertThat(server.awaitEnd()).isZero();
        }
    }

    @Test
    void whatComesBehindAnAnswerIsNotTheNextOnesAnswer() throws IOException, InterruptedException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            released.await();
            from.send(connection == 0 ? HELLO + HELLO.replace("hello", "WRONG") : HELLO);
            from.request();
        })) {
            Answer first = get(server);
            Answer waiting = get(server);
            released.countDown();
            assertThat(first.text()).isEqualTo("hello");
            assertThat(waiting.text()).isEqualTo("hello");
            assertThat(server.awaitEnd()).isZero();
            assertThat(server.connections()).isEqualTo(2);
        }
    }

    @Test
    void whatComesBehindAnAnswerThatNobodyHasAskedForYetDoesNotReplaceIt() throws IOException, InterruptedException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send(HELLO + HELLO.replace("hello", "WRONG"));
            from.request();
        })) {
            Answer late = new Answer();
            late.asking = loops.next(); // behind the read that brings both
            assertThat(late.ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true)).text()).isEqualTo("hello");
            assertThat(late.heads).isOne();
            assertThat(server.awaitEnd()).isZero();
        }
    }

    @Test
    void aConnectionIsNotReadWhileNobodyHasSubscribed() throws IOException {
        List<Channel> channels = new ArrayList<>();
        client = new GetHttpClient(others, loops.next(), () -> remembered(channels), ClientTls.ofJvm(), LIMITS, resends::add);
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhel");
            released.await();
            from.send("lo");
            from.request();
        })) {
            List<Boolean> reading = new ArrayList<>();
            Answer late = new Answer();
            late.subscribing = subscription -> loops.next().execute(() -> { // behind the read that brings the first piece
                reading.add(channels.get(0).config().isAutoRead());
                subscription.run();
                released.countDown();
            });
            assertThat(late.ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true)).text()).isEqualTo("hello");
            assertThat(reading).containsExactly(false);
        }
    }

    private static Channel remembered(List<Channel> channels) {
        channels.add(new NioSocketChannel());
        return channels.get(channels.size() - 1);
    }

    @Test
    void aSubscriberThatFailsAtTheEndOfItsBodyHasHadIt() throws IOException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            Answer failing = new Answer();
            failing.failing = true;
            assertThat(failing.ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true)).text()).isEqualTo("hello");
            assertThat(get(server).text()).isEqualTo("hello");
        }
    }

    @Test
    void anotherProtocolIsAnError() throws IOException, InterruptedException {
        try (ScriptedServer server = ScriptedServer.start(always("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n" + HELLO))) {
            assertThatThrownBy(get(server)::bytes).cause().isInstanceOf(IOException.class).hasMessageContaining("no HTTP");
            assertThat(server.awaitEnd()).isZero();
        }
    }

    @Test
    void withoutDescriptorsForSocketsRequestsFailAndGoOnWhenThereAreSome() throws IOException {
        AtomicBoolean exhausted = new AtomicBoolean();
        ChannelFactory<Channel> channels = () -> {
            if (exhausted.get()) {
                throw new ChannelException("Too many open files");
            }
            return new NioSocketChannel();
        };
        client = new GetHttpClient(others, loops.next(), channels, ClientTls.ofJvm(), new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000), resends::add);
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send(HELLO);
            from.request(); // and closes, which wants another connection
        })) {
            exhausted.set(true);
            assertThatThrownBy(get(server)::bytes).cause().isInstanceOf(ChannelException.class);
            exhausted.set(false);
            assertThat(get(server).text()).isEqualTo("hello");
            exhausted.set(true);
            assertThatThrownBy(get(server)::bytes).as("its kept connection is gone").cause().isInstanceOf(ChannelException.class);
            exhausted.set(false);
            assertThat(get(server).text()).isEqualTo("hello");
        }
    }

    @Test
    void nobodyWhoListensIsAnError() throws IOException {
        int nowhere;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            nowhere = free.getLocalPort();
        }
        assertThatThrownBy(new Answer().ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", nowhere, true))::bytes).cause().isInstanceOf(ConnectException.class);
        assertThatThrownBy(new Answer().ask(client, request(SdkHttpMethod.GET, "http", "no-such-host.invalid", 80, true))::bytes).isInstanceOf(CompletionException.class);
    }

    // Time

    @Test
    void aFirstByteThatTakesItsTimeIsWaitedFor() throws IOException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            released.await();
            from.send(HELLO);
            from.request();
        })) {
            Answer answer = get(server);
            assertThat(answer.done).isNotDone();
            released.countDown();
            assertThat(answer.text()).isEqualTo("hello");
        }
    }

    @Test
    void silenceIsAnErrorAndClosesTheConnection() throws IOException, InterruptedException {
        client = client(new GetHttpClient.Limits(8, 100, 60_000, 10_000, 100, 60_000));
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send("HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nhel");
            from.request(); // until the end
        })) {
            assertThatThrownBy(get(server)::bytes).cause().isInstanceOf(IOException.class).hasMessageContaining("Nothing sent or received for 100 ms");
            assertThat(server.awaitEnd()).isZero();
            assertThat(server.requests()).hasSize(1);
        }
    }

    // Turns

    @Test
    void requestsOfBothClientsShareTheConnectionsAndWaitInOrderUpToALimit() throws IOException {
        client = client(new GetHttpClient.Limits(1, 2, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            Answer put = new Answer().ask(client, request(SdkHttpMethod.PUT, "http", "127.0.0.1", server.port(), false));
            Answer second = get(server);
            Answer third = get(server);
            Answer refused = get(server);
            assertThatThrownBy(refused::bytes).cause().hasMessageContaining("2 requests wait for a connection already");
            assertThat(second.done).isNotDone();
            assertThat(server.connections()).isZero();

            others.awaitAsked().complete(null);
            assertThat(put.done).isCompleted();
            assertThat(second.text()).isEqualTo("hello");
            assertThat(third.text()).isEqualTo("hello");
            assertThat(server.connections()).isOne();
        }
    }

    @Test
    void whoHasWaitedForTooLongIsRefused() throws IOException {
        client = client(new GetHttpClient.Limits(1, 10, 50, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            released.await();
            from.send(HELLO);
            from.request();
        })) {
            Answer first = get(server);
            assertThatThrownBy(get(server)::bytes).cause().hasMessageContaining("No connection was free for 50 ms");
            released.countDown();
            assertThat(first.text()).isEqualTo("hello");
        }
    }

    @Test
    void whoIsNotWantedAnyMoreWhileItWaitsIsNeverSent() throws IOException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            new Answer().ask(client, request(SdkHttpMethod.PUT, "http", "127.0.0.1", server.port(), false));
            Answer unwanted = get(server);
            Answer last = get(server);
            unwanted.done.completeExceptionally(new IOException("not wanted"));
            others.awaitAsked().complete(null);
            assertThat(last.text()).isEqualTo("hello");
            assertThat(server.requests()).hasSize(1);
        }
    }

    @Test
    void onlyGetsOfRangesAreOurs() throws IOException {
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            new Answer().ask(client, request(SdkHttpMethod.PUT, "http", "127.0.0.1", server.port(), true));
            new Answer().ask(client, request(SdkHttpMethod.HEAD, "http", "127.0.0.1", server.port(), true));
            new Answer().ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), false));
            assertThat(get(server).text()).isEqualTo("hello");
            assertThat(others.asked).hasSize(3);
            assertThat(server.requests()).hasSize(1);
        }
    }

    @Test
    void whereTheSdkAsksAProxyAllIsLeftToIt() throws IOException {
        System.setProperty("http.proxyHost", "proxy.invalid");
        System.setProperty("http.proxyPort", "3128");
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            client = client(LIMITS);
            Answer passed = get(server);
            others.awaitAsked().complete(null);
            assertThat(passed.text()).isEmpty();
            assertThat(server.connections()).isZero();
        } finally {
            System.clearProperty("http.proxyHost");
            System.clearProperty("http.proxyPort");
        }
    }

    @Test
    void aRequestThatCannotBeWrittenIsAnErrorAndLeavesItsTurn() throws IOException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            SdkHttpRequest torn = request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true).toBuilder().putHeader("X-Torn", "a\r\nb").build();
            assertThatThrownBy(new Answer().ask(client, torn)::bytes).as("on a fresh connection").hasCauseInstanceOf(IllegalArgumentException.class);
            assertThat(get(server).text()).isEqualTo("hello");
            assertThatThrownBy(new Answer().ask(client, torn)::bytes).hasCauseInstanceOf(IllegalArgumentException.class);
            assertThat(get(server).text()).isEqualTo("hello");
        }
    }

    @Test
    void aFailureOfTheSdksClientIsPassedOnAndLeavesItsTurn() throws IOException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            Answer put = new Answer().ask(client, request(SdkHttpMethod.PUT, "http", "127.0.0.1", server.port(), false));
            others.awaitAsked().completeExceptionally(new IOException("reset"));
            assertThatThrownBy(put::bytes).cause().hasMessage("reset");
            assertThat(get(server).text()).isEqualTo("hello");
        }
    }

    @Test
    void whoFailsAsItIsToldOfAFailureCostsNobodyATurn() throws IOException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start(always(HELLO))) {
            others.refusing = true;
            assertThatThrownBy(failing(SdkHttpMethod.PUT, server)::bytes).cause().hasMessage("refused");
            others.refusing = false;
            assertThat(get(server).text()).isEqualTo("hello");
        }
    }

    @Test
    void whoFailsAsItIsToldOfTheEndKeepsNobodyElseFromHearingOfIt() throws IOException, InterruptedException {
        client = client(new GetHttpClient.Limits(2, 10, 60_000, 10_000, 60_000, 60_000));
        CountDownLatch asked = new CountDownLatch(2);
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            asked.countDown();
            from.request();
        })) {
            List<Answer> all = new ArrayList<>();
            for (SdkHttpMethod method : List.of(SdkHttpMethod.GET, SdkHttpMethod.GET, SdkHttpMethod.GET, SdkHttpMethod.PUT, SdkHttpMethod.GET)) {
                all.add(failing(method, server));
            }
            asked.await();
            client.close();
            for (Answer answer : all) {
                assertThatThrownBy(answer::bytes).cause().hasMessageContaining("closed");
            }
        }
    }

    private Answer failing(SdkHttpMethod method, ScriptedServer server) {
        Answer answer = new Answer();
        answer.failing = true;
        return answer.ask(client, request(method, "http", "127.0.0.1", server.port(), method == SdkHttpMethod.GET));
    }

    @Test
    void anAbortReachesTheSdksClient() {
        Answer put = new Answer().ask(client, request(SdkHttpMethod.PUT, "http", "127.0.0.1", 1, false));
        CompletableFuture<Void> sent = others.awaitAsked();
        put.done.completeExceptionally(new IOException("aborted"));
        assertThatThrownBy(sent.orTimeout(30, TimeUnit.SECONDS)::join).cause().hasMessage("aborted");
    }

    // Ends

    @Test
    void cancellingABodyClosesItsConnectionAndLeavesItsTurn() throws IOException, InterruptedException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            from.send(connection == 0 ? "HTTP/1.1 206 Partial Content\r\nContent-Length: 100000\r\n\r\nhello" : HELLO);
            from.request();
        })) {
            Answer cancelled = new Answer();
            cancelled.cancelling = true;
            assertThatThrownBy(cancelled.ask(client, request(SdkHttpMethod.GET, "http", "127.0.0.1", server.port(), true))::bytes).isInstanceOf(CompletionException.class);
            assertThat(server.awaitEnd()).isZero();
            assertThat(get(server).text()).isEqualTo("hello");
        }
    }

    @Test
    void anAbortClosesTheConnectionWhetherTheAnswerHasBegunOrNot() throws IOException, InterruptedException {
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            released.countDown();
            from.request();
        })) {
            Answer aborted = get(server);
            released.await();
            aborted.done.completeExceptionally(new IOException("aborted"));
            assertThat(server.awaitEnd()).isZero();
        }
    }

    @Test
    void closingEndsWhatIsInFlightAndWhatWaitsAndRefusesWhatComesLater() throws IOException, InterruptedException {
        client = client(new GetHttpClient.Limits(1, 10, 60_000, 10_000, 60_000, 60_000));
        try (ScriptedServer server = ScriptedServer.start((connection, from) -> {
            from.request();
            released.countDown();
            from.request();
        })) {
            Answer first = get(server);
            Answer waiting = get(server);
            released.await();
            client.close();
            assertThatThrownBy(first::bytes).cause().hasMessageContaining("closed");
            assertThatThrownBy(waiting::bytes).cause().hasMessageContaining("closed");
            assertThatThrownBy(get(server)::bytes).cause().hasMessageContaining("closed");
            assertThat(server.awaitEnd()).isZero();
            assertThat(others.closed).isTrue();
            loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).awaitUninterruptibly();
            assertThatThrownBy(get(server)::bytes).cause().isInstanceOf(IOException.class);
        }
    }

    // TLS

    @Test
    void aServerIsKnownByItsCertificateAndByItsName(@TempDir Path directory) throws Exception {
        KeyStore keys = keys(directory, "dns:localhost");
        try (ScriptedServer server = ScriptedServer.start(tlsListener(keys), always(HELLO))) {
            TrustManagerFactory authorities = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            authorities.init(keys);
            GetHttpClient trusting = new GetHttpClient(others, loops.next(), ClientTls.trusting(authorities), LIMITS, resends::add);
            assertThat(new Answer().ask(trusting, request(SdkHttpMethod.GET, "https", "localhost", server.port(), true)).text()).isEqualTo("hello");
            assertThat(new Answer().ask(trusting, request(SdkHttpMethod.GET, "https", "localhost", server.port(), true)).text()).isEqualTo("hello");
            assertThat(server.connections()).as("kept").isOne();

            assertThatThrownBy(new Answer().ask(trusting, request(SdkHttpMethod.GET, "https", "127.0.0.1", server.port(), true))::bytes).as("another name").hasCauseInstanceOf(SSLException.class);
            assertThatThrownBy(new Answer().ask(client, request(SdkHttpMethod.GET, "https", "localhost", server.port(), true))::bytes).as("an authority the JVM does not know").hasCauseInstanceOf(SSLException.class);
            trusting.close();
        }
    }

    static ServerSocket tlsListener(KeyStore keys) throws GeneralSecurityException, IOException {
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, "password".toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), null, null);
        return context.getServerSocketFactory().createServerSocket(0, 100, InetAddress.getLoopbackAddress());
    }

    /** A key that certifies itself, made by the JDK's own tool. */
    static KeyStore keys(Path directory, String name) throws IOException, InterruptedException, GeneralSecurityException {
        Path file = directory.resolve("keys.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", "server", "-keyalg", "EC", "-dname", "CN=server", "-ext", "san=" + name,
                "-validity", "3650", "-keystore", file.toString(), "-storetype", "PKCS12", "-storepass", "password").redirectErrorStream(true).redirectOutput(directory.resolve("keytool.log").toFile()).start();
        assertThat(keytool.waitFor()).as(Files.readString(directory.resolve("keytool.log"))).isZero();
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, "password".toCharArray());
        }
        keys.setCertificateEntry("authority", keys.getCertificate("server"));
        return keys;
    }

    /** What the SDK makes of an answer: its head, all of its body, and its end. */
    private static final class Answer implements SdkAsyncHttpResponseHandler, Subscriber<ByteBuffer> {

        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final List<Throwable> failures = new ArrayList<>();
        private volatile CompletableFuture<Void> done;
        private volatile SdkHttpResponse head;
        private boolean oneByOne;
        private boolean cancelling;
        private boolean failing; // when it is told of an end
        private Executor subscribing = Runnable::run;
        private Executor asking = Runnable::run;
        private int heads;
        private boolean onHeap;
        private Subscription subscription;

        Answer ask(GetHttpClient client, SdkHttpRequest request) {
            done = client.execute(AsyncExecuteRequest.builder().request(request).responseHandler(this).build());
            return this;
        }

        byte[] bytes() {
            done.orTimeout(30, TimeUnit.SECONDS).join();
            return bytes.toByteArray();
        }

        String text() {
            return new String(bytes(), StandardCharsets.UTF_8);
        }

        @Override
        public void onHeaders(SdkHttpResponse headers) {
            head = headers;
            heads++;
        }

        @Override
        public void onStream(Publisher<ByteBuffer> stream) {
            subscribing.execute(() -> stream.subscribe(this));
        }

        @Override
        public void onSubscribe(Subscription given) {
            subscription = given;
            asking.execute(() -> given.request(oneByOne || cancelling ? 1 : Long.MAX_VALUE));
        }

        @Override
        public void onNext(ByteBuffer piece) {
            onHeap |= piece.hasArray();
            byte[] copy = new byte[piece.remaining()];
            piece.get(copy);
            bytes.writeBytes(copy);
            if (cancelling) {
                subscription.cancel();
            } else if (oneByOne) {
                subscription.request(1);
            }
        }

        @Override
        public void onError(Throwable failure) {
            failures.add(failure);
            fails();
        }

        private void fails() {
            if (failing) {
                throw new IllegalStateException("Who listens fails");
            }
        }

        @Override
        public void onComplete() {
            assertThat(failures).isEmpty();
            fails();
        }
    }

    /** The SDK's client: takes what it is asked for and leaves it open. */
    private static final class SimHttpClient implements SdkAsyncHttpClient {

        private final List<CompletableFuture<Void>> asked = new CopyOnWriteArrayList<>();
        private final CountDownLatch first = new CountDownLatch(1);
        private volatile boolean refusing;
        private volatile boolean closed;

        @Override
        public CompletableFuture<Void> execute(AsyncExecuteRequest request) {
            if (refusing) {
                throw new IllegalStateException("refused");
            }
            CompletableFuture<Void> open = new CompletableFuture<>();
            asked.add(open);
            first.countDown();
            return open;
        }

        CompletableFuture<Void> awaitAsked() {
            try {
                assertThat(first.await(30, TimeUnit.SECONDS)).isTrue();
                return asked.get(0);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
