package io.firn.gateway.http;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopicHistory;
import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.TopicRecovery;
import io.firn.membership.CommandRefused;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What an operator does with a topic that no Kafka client can do.
 *
 * <pre>
 *   POST /cluster/topics/NAME/recover?replication.factor=3    brings it back from the bucket; answers what was recovered, when this broker serves its part of it
 * </pre>
 *
 * <p>That may take minutes, of a topic with many partitions or while the bucket is away. So that the connection is not taken for an idle one, the answer then begins with 200 and white space; should it fail after all, the JSON object that ends it has an {@code error}.
 *
 * <p>As on {@link ClusterPage}, a request from a page in a browser is refused, and nobody is asked who they are. Limits: {@value #MAX_AT_ONCE} at once; more are answered 503. Threading: called on event loops.
 */
final class TopicPage {

    static final int MAX_AT_ONCE = 4;
    private static final Pattern RECOVER = Pattern.compile("/cluster/topics/([a-zA-Z0-9._-]{1,249})/recover");
    private static final Pattern FACTOR = Pattern.compile("-1|[1-9]\\d{0,3}");

    private final Vertx vertx;
    private final Supplier<Optional<TopicRecovery>> recovery;
    private final long signOfLifeMs;
    private final AtomicInteger running = new AtomicInteger();

    /**
     * @param recovery empty while this broker has no bucket yet
     * @param signOfLifeMs how often one who waits hears something
     */
    TopicPage(Vertx vertx, Supplier<Optional<TopicRecovery>> recovery, long signOfLifeMs) {
        this.vertx = vertx;
        this.recovery = recovery;
        this.signOfLifeMs = signOfLifeMs;
    }

    static boolean serves(String path) {
        return path != null && RECOVER.matcher(path).matches();
    }

    void handle(HttpServerRequest request) {
        HttpServerResponse response = request.response();
        Optional<TopicRecovery> possible = recovery.get();
        String factor = request.getParam("replication.factor", "-1");
        if (request.method() != HttpMethod.POST) {
            response.putHeader(HttpHeaders.ALLOW, HttpMethod.POST.name());
            Routes.plain(response, 405, "only POST\n");
        } else if (request.getHeader(HttpHeaders.ORIGIN) != null) {
            Routes.plain(response, 403, "not for pages in a browser\n");
        } else if (!FACTOR.matcher(factor).matches()) {
            Routes.plain(response, 400, "replication.factor is a number of replicas, or -1 for the default\n");
        } else if (possible.isEmpty()) {
            Routes.plain(response, 503, "this broker is not ready yet\n");
        } else if (running.incrementAndGet() > MAX_AT_ONCE) {
            running.decrementAndGet();
            Routes.plain(response, 503, "other topics are being recovered\n");
        } else {
            Matcher matcher = RECOVER.matcher(request.path());
            matcher.matches();
            recover(response, possible.get(), matcher.group(1), Integer.parseInt(factor));
        }
    }

    private void recover(HttpServerResponse response, TopicRecovery recovery, String topic, int factor) {
        Context context = vertx.getOrCreateContext();
        long signs = vertx.setPeriodic(signOfLifeMs, tick -> signOfLife(response));
        recovery.recover(topic, factor).whenComplete((history, failure) -> context.runOnContext(now -> {
            running.decrementAndGet();
            vertx.cancelTimer(signs);
            if (response.closed()) {
                return; // whoever asked has gone
            }
            if (failure == null) {
                json(response).end(told(history).encode() + "\n");
            } else if (response.headWritten()) {
                response.end(new JsonObject().put("error", String.valueOf(ErrorMapping.unwrap(failure).getMessage())).encode() + "\n");
            } else {
                refuse(response, ErrorMapping.unwrap(failure));
            }
        }));
    }

    private static HttpServerResponse json(HttpServerResponse response) {
        return response.headWritten() ? response : response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json").putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
    }

    private static void signOfLife(HttpServerResponse response) {
        if (response.closed() || response.ended()) {
            return;
        }
        if (!response.headWritten()) {
            json(response).setChunked(true);
        }
        response.write("\n");
    }

    private static void refuse(HttpServerResponse response, Throwable cause) {
        boolean exists = cause instanceof CommandRefused refused && refused.reason() == CommandRefused.Reason.TOPIC_EXISTS || cause instanceof ColdStoreException.Misconfigured;
        Routes.plain(response, exists ? 409 : cause instanceof ColdStoreException.Missing ? 404 : cause instanceof CommandRefused ? 400 : 503, cause.getMessage() + "\n");
    }

    private static JsonObject told(ColdTopicHistory history) {
        JsonArray partitions = new JsonArray();
        history.partitions().forEach(partition -> partitions.add(new JsonObject().put("partition", partition.number()).put("start", partition.startOffset()).put("end", partition.endOffset())
                .put("newest", partition.maxTimestampMs()).put("open", partition.openTransaction().orElse(-1))));
        JsonObject configs = new JsonObject();
        new TreeMap<>(history.configs()).forEach(configs::put);
        return new JsonObject().put("topic", history.topic().name()).put("id", history.topic().id().toString()).put("partitionCount", history.partitionCount()).put("described", history.description().isPresent())
                .put("configs", configs).put("partitions", partitions);
    }
}
