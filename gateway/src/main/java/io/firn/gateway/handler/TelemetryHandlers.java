package io.firn.gateway.handler;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.telemetry.ClientTelemetry;
import java.util.List;
import org.apache.kafka.common.protocol.ApiKeys;

/** GetTelemetrySubscriptions and PushTelemetry. Thread-safe: no state of its own. */
final class TelemetryHandlers {
    private final ClientTelemetry telemetry;

    TelemetryHandlers(ClientTelemetry telemetry) {
        this.telemetry = telemetry;
    }

    List<ServedApi> all() {
        return List.of(ServedApi.of(ApiKeys.GET_TELEMETRY_SUBSCRIPTIONS, this::subscriptions), ServedApi.of(ApiKeys.PUSH_TELEMETRY, this::push));
    }

    private void subscriptions(Request request) {
        Gather.answer(request, telemetry.subscriptions(request));
    }

    private void push(Request request) {
        Gather.answer(request, telemetry.push(request));
    }
}
