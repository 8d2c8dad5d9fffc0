package io.firn.gateway.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.http.HealthChecks;
import io.firn.gateway.http.HttpListener;
import io.firn.gateway.http.Readiness;
import io.firn.gateway.rig.ClusterMetadata;
import io.firn.membership.Command;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code firn broker} over the HTTP door of a cluster of four, whose newcomers are in sync as soon as somebody says so. */
class BrokerCommandsTest {

    @TempDir
    Path directory;
    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Vertx vertx = Vertx.vertx();
    private final ExecutorService copying = Executors.newSingleThreadExecutor();
    private Metadata metadata;
    private HttpListener http;

    @BeforeEach
    void open() {
        metadata = ClusterMetadata.open(directory);
        IntStream.rangeClosed(1, 4).forEach(id -> ClusterMetadata.join(metadata, id));
        http = await(HttpListener.start(vertx, new BrokerConfig.Http("127.0.0.1", 0), new PrometheusMeterRegistry(PrometheusConfig.DEFAULT), new HealthChecks(() -> Readiness.READY, () -> Readiness.READY), () -> Optional.of(metadata)));
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    }

    @AfterEach
    void close() {
        System.setOut(standardOut);
        System.setErr(standardErr);
        await(vertx.close());
        copying.shutdownNow();
        metadata.close();
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    private void create(String topic, Map<Integer, List<Integer>> replicas) {
        metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), topic, 0, replicas.get(0).size(), replicas, Map.of())).join();
    }

    private List<PartitionView> partitions(String topic) {
        return metadata.view().topic(topic).orElseThrow().partitions();
    }

    /** As followers do: what is being added comes in sync. */
    private void copy() {
        copying.execute(() -> partitions("t").stream().filter(PartitionView::reassigning)
                .forEach(partition -> ClusterMetadata.inSync(metadata, "t", partition.partition(), partition.replicas())));
    }

    private int firn(String... arguments) throws Exception {
        String[] all = Stream.concat(Stream.of(arguments), Stream.of("--http", "http://127.0.0.1:" + http.port())).toArray(String[]::new);
        return Main.run(all);
    }

    private String said() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void drainingMovesEverythingAwayAndSaysWhenItIsSafeToStop() throws Exception {
        create("t", Map.of(0, List.of(1, 2, 3), 1, List.of(3, 1, 2), 2, List.of(2, 3, 1), 3, List.of(1, 2, 4)));
        metadata.subscribe((before, after) -> copy());

        assertThat(firn("broker", "drain", "3", "--at-once", "2")).as(err.toString(StandardCharsets.UTF_8)).isEqualTo(Main.OK);

        assertThat(said()).isEqualTo("broker 3 holds no replicas and leads nothing: it is safe to stop" + System.lineSeparator());
        assertThat(partitions("t")).allSatisfy(partition -> {
            assertThat(partition.replicas()).hasSize(3).doesNotContain(3);
            assertThat(partition.leader()).isNotEqualTo(3);
        });
        assertThat(metadata.view().brokers().get(3).draining()).isTrue();

        assertThat(firn("broker", "undrain", "3")).isEqualTo(Main.OK);
        assertThat(metadata.view().brokers().get(3).draining()).isFalse();
    }

    @Test
    void whatCannotBeMovedIsNamedAndTheBrokerMustNotBeStopped() throws Exception {
        create("t", Map.of(0, List.of(1, 2, 3, 4)));

        assertThat(firn("broker", "drain", "3")).isEqualTo(Main.FAILED);

        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("firn: broker 3 must not be stopped: 1 replicas cannot be moved (t-0): no other broker is alive").hasLineCount(1);
    }

    @Test
    void theListShowsWhoIsAliveAndWhatHangsOnEach() throws Exception {
        create("t", Map.of(0, List.of(1, 2), 1, List.of(2, 1)));
        ClusterMetadata.inSync(metadata, "t", 0, List.of(1));
        ClusterMetadata.fence(metadata, 4);
        metadata.submit(new Command.DrainBroker(3, 0)).join();

        assertThat(firn("broker", "list")).isEqualTo(Main.OK);

        assertThat(said().lines().map(line -> line.strip().replaceAll(" +", " "))).containsExactly("cluster " + metadata.view().clusterId(),
                "broker address rack state draining leads replicas alone", "1 host1.test:9092 rack-1 alive no 1 2 1", "2 host2.test:9092 rack-2 alive no 1 2 0",
                "3 host3.test:9092 rack-3 alive yes 0 0 0", "4 host4.test:9092 rack-4 down no 0 0 0");
    }

    @Test
    void aBrokerIsRemovedWhenItIsDownAndHoldsNothing() throws Exception {
        create("t", Map.of(0, List.of(1, 3)));
        assertThat(firn("broker", "remove", "4")).isEqualTo(Main.FAILED);
        ClusterMetadata.fence(metadata, 4);
        ClusterMetadata.fence(metadata, 3);
        assertThat(firn("broker", "remove", "3")).isEqualTo(Main.FAILED);
        assertThat(firn("broker", "remove", "9")).isEqualTo(Main.FAILED);
        assertThat(err.toString(StandardCharsets.UTF_8).lines()).containsExactly("firn: cannot remove broker 4: broker 4 is alive",
                "firn: cannot remove broker 3: broker 3 holds replicas, of topic t among others", "firn: cannot remove broker 9: there is no broker 9");

        assertThat(firn("broker", "remove", "4")).isEqualTo(Main.OK);
        assertThat(metadata.view().brokers()).containsOnlyKeys(1, 2, 3);
    }

    @Test
    void nobodyThereIsOneLine() throws Exception {
        await(http.close());
        assertThat(firn("broker", "list")).isEqualTo(Main.FAILED);
        assertThat(err.toString(StandardCharsets.UTF_8)).startsWith("firn: no broker answers at http://127.0.0.1:" + http.port()).hasLineCount(1);
    }

    // The door itself

    private HttpResponse<String> request(String method, String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + http.port() + path)).method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aPageInABrowserMayNotTouchTheCluster() throws Exception {
        assertThat(request("POST", "/cluster/brokers/3/drain", "Origin", "http://elsewhere.test").statusCode()).isEqualTo(403);
        assertThat(request("GET", "/cluster/brokers/3/drain").statusCode()).as("a link").isEqualTo(405);
        assertThat(metadata.view().brokers().get(3).draining()).isFalse();
    }

    @Test
    void whatIsNoSuchRequestIsRefused() throws Exception {
        assertThat(request("POST", "/cluster/brokers/3/drain?at.once=many").statusCode()).isEqualTo(400);
        assertThat(request("POST", "/cluster/brokers/3/explode").statusCode()).isEqualTo(404);
        assertThat(request("POST", "/cluster/brokers/-1/drain").statusCode()).isEqualTo(404);
        assertThat(request("POST", "/cluster/brokers").statusCode()).isEqualTo(405);
        assertThat(request("POST", "/cluster/brokers/9/drain").statusCode()).isEqualTo(404);
    }
}
