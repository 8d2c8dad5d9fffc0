package io.firn.gateway.cli;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import org.apache.kafka.common.internals.Topic;
import picocli.CommandLine.Option;

/** Where commands about the cluster go: the HTTP address of any of its brokers. Failures are one line. */
final class ClusterDoor {

    /** For an answer to begin: a change waits until a controller is found, which after a failure takes some seconds. */
    private static final Duration TIME_LIMIT = Duration.ofSeconds(30);
    private static final int OK = 200;
    private static final String BROKERS = "/cluster/brokers";

    @Option(names = "--http", paramLabel = "URL", defaultValue = "http://127.0.0.1:8080",
            description = "HTTP address of any broker of the cluster (default ${DEFAULT-VALUE}).")
    private String url;

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(3)).build();

    JsonObject brokers() throws InterruptedException {
        return send("cannot list the brokers", HttpRequest.newBuilder(uri(BROKERS)).GET());
    }

    /** @param action with its parameters */
    JsonObject act(String attempt, int broker, String action) throws InterruptedException {
        return send(attempt, HttpRequest.newBuilder(uri(BROKERS + "/" + broker + "/" + action)).POST(HttpRequest.BodyPublishers.noBody()));
    }

    /** @param action with its parameters */
    JsonObject actOnTopic(String attempt, String topic, String action) throws InterruptedException {
        if (!Topic.isValid(topic)) {
            throw new CliFailure(Main.USAGE, "no topic can have the name '" + topic + "'");
        }
        return send(attempt, HttpRequest.newBuilder(uri("/cluster/topics/" + topic + "/" + action)).POST(HttpRequest.BodyPublishers.noBody()));
    }

    private URI uri(String path) {
        try {
            URI uri = URI.create(url + path);
            if (uri.getHost() == null || !"http".equals(uri.getScheme())) {
                throw new IllegalArgumentException(url);
            }
            return uri;
        } catch (IllegalArgumentException wrong) {
            throw new CliFailure(Main.USAGE, "--http takes http://HOST:PORT, not '" + url + "'");
        }
    }

    /** What failed only after the answer had begun is told in it. */
    private static JsonObject answer(String attempt, JsonObject answer) {
        if (answer.containsKey("error")) {
            throw new CliFailure(Main.FAILED, attempt + ": " + answer.getString("error"));
        }
        return answer;
    }

    private JsonObject send(String attempt, HttpRequest.Builder request) throws InterruptedException {
        try {
            HttpResponse<String> response = client.send(request.timeout(TIME_LIMIT).build(), HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() == OK) {
                return answer(attempt, new JsonObject(response.body()));
            }
            throw new CliFailure(Main.FAILED, attempt + ": " + response.body().strip());
        } catch (DecodeException strange) {
            throw new CliFailure(Main.FAILED, attempt + ": " + url + " does not answer as a broker does");
        } catch (HttpConnectTimeoutException unreachable) {
            throw new CliFailure(Main.FAILED, "no broker answers at " + url + ": " + unreachable.getMessage());
        } catch (HttpTimeoutException slow) {
            throw new CliFailure(Main.FAILED, attempt + ": the broker at " + url + " did not answer within " + TIME_LIMIT.toSeconds() + " s; it may still be done");
        } catch (IOException unreachable) {
            throw new CliFailure(Main.FAILED, "no broker answers at " + url + ": " + (unreachable.getMessage() == null ? unreachable.getClass().getSimpleName() : unreachable.getMessage()));
        }
    }
}
