package io.firn.gateway.http;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Health for orchestrators, as JSON. Live: the process answers, restart it if it does not. Ready: it serves Kafka clients. In sync: it does, and all its
 * replicas have what they should, so that another broker may be stopped. 503 with the reason when not.
 */
final class HealthPage {

    private static final int SERVICE_UNAVAILABLE = 503;

    private static final Logger LOG = LoggerFactory.getLogger(HealthPage.class);

    private final Vertx vertx;
    private final HealthChecks checks;

    HealthPage(Vertx vertx, HealthChecks checks) {
        this.vertx = vertx;
        this.checks = checks;
    }

    void live(HttpServerResponse response) {
        json(response, 200, new JsonObject().put("status", "live"));
    }

    void ready(HttpServerResponse response) {
        say(response, checks.ready().get(), "ready");
    }

    void inSync(HttpServerResponse response) {
        vertx.executeBlocking(() -> checks.inSync().get(), false)
                .onSuccess(now -> say(response, now, "in sync"))
                .onFailure(failure -> {
                    LOG.atError().setCause(failure).log("Whether replicas are in sync cannot be told");
                    Routes.plain(response, 500, "this cannot be told\n");
                });
    }

    private static void say(HttpServerResponse response, Readiness now, String status) {
        if (now.ready()) {
            json(response, 200, new JsonObject().put("status", status));
        } else {
            json(response, SERVICE_UNAVAILABLE, new JsonObject().put("status", "not " + status).put("reason", now.reason()));
        }
    }

    private static void json(HttpServerResponse response, int status, JsonObject body) {
        response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(body.encode() + "\n");
    }
}
