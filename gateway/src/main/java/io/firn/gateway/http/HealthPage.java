package io.firn.gateway.http;

import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.function.Supplier;

/**
 * Health for orchestrators, as JSON. Live: the process answers, restart it if it does not. Ready: it serves Kafka clients; 503 with the
 * reason when it does not.
 */
final class HealthPage {

    private static final int SERVICE_UNAVAILABLE = 503;

    private final Supplier<Readiness> readiness;

    HealthPage(Supplier<Readiness> readiness) {
        this.readiness = readiness;
    }

    void live(HttpServerResponse response) {
        json(response, 200, new JsonObject().put("status", "live"));
    }

    void ready(HttpServerResponse response) {
        Readiness now = readiness.get();
        if (now.ready()) {
            json(response, 200, new JsonObject().put("status", "ready"));
        } else {
            json(response, SERVICE_UNAVAILABLE, new JsonObject().put("status", "not ready").put("reason", now.reason()));
        }
    }

    private static void json(HttpServerResponse response, int status, JsonObject body) {
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(body.encode() + "\n");
    }
}
