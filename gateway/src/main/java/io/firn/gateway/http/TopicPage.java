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
 * <p>As on {@link ClusterPage}, a request from a page in a browser is refused, and nobody is asked who they are. Limits: {@value #MAX_AT_ONCE} at once; more are answered 503. Threading: called on event loops.
 */
final class TopicPage {

    static final int MAX_AT_ONCE = 4;
    private static final Pattern RECOVER = Pattern.compile("/cluster/topics/([a-zA-Z0-9._-]{1,249})/recover");
    private static final Pattern FACTOR = Pattern.compile("-1|[1-9]\\d{0,3}");

    private final Vertx vertx;
    private final Supplier<Optional<TopicRecovery>> recovery;
    private final AtomicInteger running = new AtomicInteger();

    /** @param recovery empty while this broker has no bucket yet */
    TopicPage(Vertx vertx, Supplier<Optional<TopicRecovery>> recovery) {
        this.vertx = vertx;
        this.recovery = recovery;
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
        recovery.recover(topic, factor).whenComplete((history, failure) -> context.runOnContext(now -> {
            running.decrementAndGet();
            if (failure == null) {
                response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json").putHeader(HttpHeaders.CACHE_CONTROL, "no-store").end(told(history).encode() + "\n");
            } else {
                refuse(response, ErrorMapping.unwrap(failure));
            }
        }));
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
