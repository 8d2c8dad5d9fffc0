package io.firn.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopic;
import io.firn.cold.ColdTopicHistory;
import io.firn.gateway.partition.TopicRecovery;
import io.firn.gateway.rig.Await;
import io.firn.membership.ClusterView;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TopicPageTest {

    private static final long NEVER_MS = 1_000_000;

    private final Vertx vertx = Vertx.vertx();
    private final CompletableFuture<ColdTopicHistory> bucket = new CompletableFuture<>();
    private final TopicRecovery recovery = new TopicRecovery(topic -> bucket, command -> CompletableFuture.completedFuture(ClusterView.EMPTY), topic -> CompletableFuture.completedFuture(null));
    private final ColdTopicHistory history = new ColdTopicHistory(new ColdTopic("rivers", new Uuid(1, 2), List.of(0)), Optional.empty(), List.of(new ColdTopicHistory.Partition(0, 3, 9, -1, 4, OptionalLong.empty())));

    @AfterEach
    void stop() {
        Await.get(vertx.close().toCompletionStage().toCompletableFuture());
    }

    private CompletableFuture<HttpResponse<InputStream>> recover(long signOfLifeMs) {
        HttpServer server = vertx.createHttpServer().requestHandler(new TopicPage(vertx, () -> Optional.of(recovery), signOfLifeMs)::handle);
        Await.get(server.listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture());
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.actualPort() + "/cluster/topics/rivers/recover")).POST(HttpRequest.BodyPublishers.noBody()).build();
        return HttpClient.newHttpClient().sendAsync(request, HttpResponse.BodyHandlers.ofInputStream());
    }

    private static String body(HttpResponse<InputStream> response) throws IOException {
        return new String(response.body().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void whatWasRecoveredIsAnswered() throws IOException {
        CompletableFuture<HttpResponse<InputStream>> asked = recover(NEVER_MS);
        bucket.complete(history);
        HttpResponse<InputStream> response = Await.get(asked);
        assertThat(response.statusCode()).isEqualTo(200);
        JsonObject recovered = new JsonObject(body(response));
        assertThat(recovered.getBoolean("described")).isFalse();
        assertThat(recovered.getJsonObject("configs").getString("retention.ms")).as("nothing is deleted").isEqualTo("-1");
        assertThat(recovered.getJsonArray("partitions").getJsonObject(0).getLong("end")).isEqualTo(9);
    }

    @Test
    void whoeverWaitsLongHearsSomethingBeforeTheAnswer() throws IOException {
        HttpResponse<InputStream> response = Await.get(recover(10));
        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.body().read()).isEqualTo('\n');
        assertThat(response.body().read()).as("and again").isEqualTo('\n');
        bucket.complete(history);
        assertThat(new JsonObject(body(response)).getString("topic")).isEqualTo("rivers");
    }

    @Test
    void aFailureIsAStatusAndAfterLongWaitingAnError() throws IOException {
        HttpResponse<InputStream> late = Await.get(recover(10));
        bucket.completeExceptionally(new ColdStoreException.Missing("no topic rivers"));
        assertThat(new JsonObject(body(late)).getString("error")).isEqualTo("no topic rivers");
        HttpResponse<InputStream> atOnce = Await.get(recover(NEVER_MS));
        assertThat(atOnce.statusCode()).isEqualTo(404);
        assertThat(body(atOnce)).isEqualTo("no topic rivers\n");
    }
}
