package io.firn.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.config.BrokerConfig;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpListenerTest {

    private final Vertx vertx = Vertx.vertx();
    private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final HttpClient client = HttpClient.newHttpClient();
    private volatile Readiness readiness = Readiness.READY;
    private volatile Readiness inSync = Readiness.READY;
    private HttpListener listener;

    @BeforeEach
    void start() throws Exception {
        listener = await(HttpListener.start(vertx, new BrokerConfig.Http("127.0.0.1", 0), meters, new HealthChecks(() -> readiness, () -> inSync), Optional::empty));
    }

    @AfterEach
    void stop() throws Exception {
        await(listener.close());
        await(vertx.close());
    }

    @Test
    void metricsAreInPrometheusText() throws Exception {
        meters.counter("firn.things", "kind", "good").increment(3);

        HttpResponse<String> response = request("GET", "/metrics");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type").orElseThrow()).startsWith("text/plain; version=0.0.4");
        assertThat(response.body()).contains("firn_things_total{kind=\"good\"} 3.0");
    }

    @Test
    void liveIsAlwaysAnswered() throws Exception {
        readiness = Readiness.notReady("loading");

        assertThat(request("GET", "/health/live").body()).isEqualTo("{\"status\":\"live\"}\n");
    }

    @Test
    void readyTellsTheReasonWhenNot() throws Exception {
        assertThat(request("GET", "/health/ready").statusCode()).isEqualTo(200);
        readiness = Readiness.notReady("the object store \"b\" is down");

        HttpResponse<String> response = request("GET", "/health/ready");

        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.body()).isEqualTo("{\"status\":\"not ready\",\"reason\":\"the object store \\\"b\\\" is down\"}\n");
    }

    @Test
    void inSyncIsToldApartFromReady() throws Exception {
        assertThat(request("GET", "/health/in-sync").body()).isEqualTo("{\"status\":\"in sync\"}\n");
        inSync = Readiness.notReady("replicas of 3 partitions here are not in sync");

        HttpResponse<String> response = request("GET", "/health/in-sync");

        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.body()).isEqualTo("{\"status\":\"not in sync\",\"reason\":\"replicas of 3 partitions here are not in sync\"}\n");
        assertThat(request("GET", "/health/ready").statusCode()).isEqualTo(200);
    }

    @Test
    void headIsAnsweredWithoutABody() throws Exception {
        HttpResponse<String> response = request("HEAD", "/health/ready");

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/metrics/", "/health", "/metrics/../etc/passwd"})
    void otherPathsAreNotFound(String path) throws Exception {
        assertThat(request("GET", path).statusCode()).isEqualTo(404);
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
    void otherMethodsAreNotAllowed(String method) throws Exception {
        HttpResponse<String> response = request(method, "/metrics");

        assertThat(response.statusCode()).isEqualTo(405);
        assertThat(response.headers().firstValue("allow")).contains("GET, HEAD");
    }

    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 1000000000000", "Transfer-Encoding: chunked"})
    void aBodyIsRefusedBeforeItIsReadAndTheConnectionClosed(String header) throws IOException {
        String answer = raw("POST /metrics HTTP/1.1\r\nHost: x\r\n" + header + "\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 413 ");
    }

    @Test
    void headersBeyondTheLimitAreRefused() throws IOException {
        String answer = raw("GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: " + "a".repeat(HttpListener.MAX_HEADER_BYTES) + "\r\n\r\n");

        assertThat(answer).startsWith("HTTP/1.1 431 ");
    }

    @Test
    void aStartLineBeyondTheLimitIsRefused() throws IOException {
        String answer = raw("GET /" + "a".repeat(HttpListener.MAX_START_LINE_BYTES) + " HTTP/1.1\r\nHost: x\r\n\r\n");

        assertThat(answer.lines().findFirst().orElse("")).contains(" 414 ");
    }

    @Test
    void connectionsBeyondTheLimitAreClosedAndThoseWithinServed() throws Exception {
        List<Socket> open = new ArrayList<>();
        try {
            for (int i = 0; i < HttpListener.MAX_CONNECTIONS; i++) {
                open.add(connect());
                assertThat(answersLive(open.get(i))).isTrue();
            }

            try (Socket oneMore = connect()) {
                assertThat(answersLive(oneMore)).isFalse();
            }
            assertThat(answersLive(open.get(0))).isTrue();
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
    }

    @Test
    void aPortInUseFailsTheStart() {
        BrokerConfig.Http same = new BrokerConfig.Http("127.0.0.1", listener.port());
        Vertx other = Vertx.vertx();
        try {
            assertThatThrownBy(() -> await(HttpListener.start(other, same, meters, new HealthChecks(() -> readiness, () -> inSync), Optional::empty)))
                    .isInstanceOf(ExecutionException.class).hasCauseInstanceOf(BindException.class);
        } finally {
            other.close();
        }
    }

    private HttpResponse<String> request(String method, String path) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + listener.port() + path))
                .method(method, HttpRequest.BodyPublishers.noBody()).build();
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** Sends bytes and reads until the server closes. */
    private String raw(String request) throws IOException {
        try (Socket socket = connect()) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket("127.0.0.1", listener.port());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static boolean answersLive(Socket socket) {
        try {
            socket.getOutputStream().write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            InputStream in = socket.getInputStream();
            StringBuilder answer = new StringBuilder();
            for (int c = in.read(); c >= 0; c = in.read()) {
                answer.append((char) c);
                if (c == '}') {
                    return in.read() == '\n' && answer.indexOf("HTTP/1.1 200") == 0;
                }
            }
            return false;
        } catch (IOException reset) {
            return false;
        }
    }

    private static <T> T await(Future<T> future) throws Exception {
        return future.toCompletionStage().toCompletableFuture().get(20, TimeUnit.SECONDS);
    }
}
