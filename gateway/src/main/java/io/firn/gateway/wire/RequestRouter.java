package io.firn.gateway.wire;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ApiTable;
import org.apache.kafka.common.errors.ApiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands requests to their handlers; what a handler throws becomes the API's error response. Thread-safe: immutable. */
final class RequestRouter {

    private static final Logger LOG = LoggerFactory.getLogger(RequestRouter.class);

    private final ApiTable apis;

    RequestRouter(ApiTable apis) {
        this.apis = apis;
    }

    void route(Exchange exchange) {
        try {
            ApiHandler handler = apis.handler(exchange.api(), exchange.body().version()).orElseThrow();
            handler.handle(exchange);
        } catch (ApiException e) {
            exchange.fail(e);
        } catch (RuntimeException e) {
            LOG.atWarn().addKeyValue("api", exchange.api()).addKeyValue("version", exchange.version()).setCause(e).log("Request failed");
            exchange.fail(e);
        }
    }
}
