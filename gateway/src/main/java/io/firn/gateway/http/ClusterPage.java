package io.firn.gateway.http;

import io.firn.gateway.api.ErrorMapping;
import io.firn.membership.Answer;
import io.firn.membership.BrokerLoad;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionOutcome;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The brokers of the cluster, as JSON, and what an operator does with one of them. Any broker answers for all.
 *
 * <pre>
 *   GET  /cluster/brokers                       all of them, with what hangs on each
 *   POST /cluster/brokers/N/drain?at.once=20    nothing new gets on it; moves replicas away, so many partitions at once. Asked again until replicas is 0
 *   POST /cluster/brokers/N/undrain             it may get replicas again
 *   POST /cluster/brokers/N/remove              forgets it: refused while it is alive or holds replicas
 * </pre>
 *
 * <p>A request from a page in a browser (with {@code Origin}) is refused: a page of somebody else must not drain brokers. Nobody is asked who they are, as on a Kafka listener without an
 * authorizer.
 *
 * <p>Limits: {@value #MAX_AT_ONCE} requests at once, since each looks at all partitions; more are answered 503.
 *
 * <p>Threading: called on event loops; looks at partitions on worker threads.
 */
final class ClusterPage {
    static final String PATH = "/cluster/brokers";
    static final int MAX_AT_ONCE = 4;
    static final int DEFAULT_MOVES = 20;
    static final int MAX_MOVES = 10_000;
    /** Partitions that cannot be moved, named in an answer; there may be as many as the broker has. */
    static final int MAX_STUCK = 20;
    private static final Pattern ACTION = Pattern.compile(PATH + "/(0|[1-9]\\d{0,8})/(drain|undrain|remove)");

    private final Vertx vertx;
    private final Supplier<Optional<Metadata>> metadata;
    private final AtomicInteger running = new AtomicInteger();

    /** @param metadata empty while this broker is not part of a cluster yet */
    ClusterPage(Vertx vertx, Supplier<Optional<Metadata>> metadata) {
        this.vertx = vertx;
        this.metadata = metadata;
    }

    static boolean serves(String path) {
        return path != null && (path.equals(PATH) || ACTION.matcher(path).matches());
    }

    void handle(HttpServerRequest request) {
        Optional<Metadata> known = metadata.get();
        Matcher action = ACTION.matcher(request.path());
        HttpMethod allowed = action.matches() ? HttpMethod.POST : HttpMethod.GET;
        HttpServerResponse response = request.response();
        if (request.method() != allowed) {
            response.putHeader(HttpHeaders.ALLOW, allowed.name());
            Routes.plain(response, 405, "only " + allowed.name() + "\n");
        } else if (request.getHeader(HttpHeaders.ORIGIN) != null) {
            Routes.plain(response, 403, "not for pages in a browser\n");
        } else if (known.isEmpty()) {
            Routes.plain(response, 503, "this broker has not found its cluster yet\n");
        } else if (running.incrementAndGet() > MAX_AT_ONCE) {
            running.decrementAndGet();
            Routes.plain(response, 503, "others are asking about the cluster\n");
        } else {
            answer(response, action.matches() ? act(known.get(), Integer.parseInt(action.group(1)), action.group(2), request) : work(() -> all(known.get().view())));
        }
    }

    private void answer(HttpServerResponse response, CompletableFuture<JsonObject> answer) {
        Context context = vertx.getOrCreateContext();
        answer.whenComplete((body, failure) -> context.runOnContext(now -> {
            running.decrementAndGet();
            if (failure == null) {
                response.putHeader(HttpHeaders.CONTENT_TYPE, "application/json").putHeader(HttpHeaders.CACHE_CONTROL, "no-store").end(body.encode() + "\n");
            } else {
                refuse(response, failure);
            }
        }));
    }

    private static void refuse(HttpServerResponse response, Throwable failure) {
        Throwable cause = ErrorMapping.unwrap(failure);
        int status = 503;
        if (cause instanceof CommandRefused refused) {
            status = refused.reason() == CommandRefused.Reason.UNKNOWN_BROKER ? 404 : refused.reason() == CommandRefused.Reason.BROKER_IN_USE ? 409 : 503;
        } else if (cause instanceof IllegalArgumentException) {
            status = 400;
        }
        Routes.plain(response, status, cause.getMessage() + "\n");
    }

    /** On a worker thread. */
    private <T> CompletableFuture<T> work(Supplier<T> look) {
        Future<T> looked = vertx.executeBlocking(look::get, false);
        return looked.toCompletionStage().toCompletableFuture();
    }

    private CompletableFuture<JsonObject> act(Metadata metadata, int broker, String action, HttpServerRequest request) {
        return switch (action) {
            case "drain" -> drain(metadata, broker, request.getParam("at.once", "" + DEFAULT_MOVES));
            case "undrain" -> metadata.ask(new Command.EndDrain(broker)).thenCompose(answer -> work(() -> drained(broker, answer)));
            default -> metadata.ask(new Command.UnregisterBroker(broker)).thenApply(answer -> new JsonObject().put("broker", broker));
        };
    }

    private CompletableFuture<JsonObject> drain(Metadata metadata, int broker, String atOnce) {
        if (!atOnce.matches("\\d{1,5}") || Integer.parseInt(atOnce) > MAX_MOVES) {
            return CompletableFuture.failedFuture(new IllegalArgumentException("at.once is a number of partitions, 0 to " + MAX_MOVES));
        }
        int most = Integer.parseInt(atOnce);
        return work(() -> Math.max(0, most - moving(metadata.view(), broker))).thenCompose(moves -> metadata.ask(new Command.DrainBroker(broker, moves)))
                .thenCompose(answer -> work(() -> drained(broker, answer)));
    }

    /** Partitions that are leaving the broker at this moment. */
    private static int moving(ClusterView view, int broker) {
        return (int) view.topics().values().stream().flatMap(topic -> topic.partitions().stream()).filter(partition -> partition.removing().contains(broker)).count();
    }

    private static JsonObject drained(int broker, Answer answer) {
        JsonArray stuck = new JsonArray();
        answer.partitions().stream().filter(outcome -> outcome.refusal().isPresent()).limit(MAX_STUCK).map(ClusterPage::stuck).forEach(stuck::add);
        BrokerView view = answer.view().brokers().get(broker);
        return described(answer.view(), view).put("moving", moving(answer.view(), broker)).put("stuck", stuck);
    }

    private static JsonObject stuck(PartitionOutcome outcome) {
        return new JsonObject().put("partition", outcome.partition().toString()).put("reason", outcome.refusal().map(PartitionOutcome.Refusal::message).orElse(""));
    }

    private static JsonObject all(ClusterView view) {
        JsonArray brokers = new JsonArray();
        view.brokers().values().stream().sorted(Comparator.comparingInt(BrokerView::id)).map(described(view)).forEach(brokers::add);
        return new JsonObject().put("cluster", view.clusterId()).put("brokers", brokers);
    }

    private static Function<BrokerView, JsonObject> described(ClusterView view) {
        return broker -> described(view, broker);
    }

    private static JsonObject described(ClusterView view, BrokerView broker) {
        BrokerLoad load = BrokerLoad.of(view, broker.id());
        return new JsonObject().put("broker", broker.id()).put("host", broker.host()).put("port", broker.port()).put("rack", broker.rack().orElse("")).put("state", state(broker))
                .put("draining", broker.draining()).put("leaderships", load.leaderships()).put("replicas", load.replicas()).put("alone", load.alone());
    }

    private static String state(BrokerView broker) {
        return broker.fenced() ? "down" : broker.inControlledShutdown() ? "stopping" : "alive";
    }
}
