package io.firn.gateway.telemetry;

import io.firn.gateway.api.Request;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;

/** What a subscription may ask for of a client. Immutable. @param values by the names KIP-714 gives them */
record ClientAttributes(Map<String, String> values) {

    ClientAttributes {
        values = Map.copyOf(values);
    }

    /** To be called on the connection's loop. */
    static ClientAttributes of(Uuid instance, Request request) {
        Map<String, String> values = new HashMap<>();
        values.put(ClientMetricsConfigs.CLIENT_INSTANCE_ID, instance.toString());
        values.put(ClientMetricsConfigs.CLIENT_ID, request.clientId());
        values.put(ClientMetricsConfigs.CLIENT_SOFTWARE_NAME, request.clientSoftware().softwareName());
        values.put(ClientMetricsConfigs.CLIENT_SOFTWARE_VERSION, request.clientSoftware().softwareVersion());
        values.put(ClientMetricsConfigs.CLIENT_SOURCE_ADDRESS, request.clientAddress().getHostAddress());
        values.put(ClientMetricsConfigs.CLIENT_SOURCE_PORT, Integer.toString(request.clientPort()));
        return new ClientAttributes(values);
    }

    /** Whether each pattern matches the whole of its attribute; one that cannot be decided within the effort that is left does not. */
    boolean match(Map<String, Pattern> patterns, Effort effort) {
        return patterns.entrySet().stream().allMatch(pattern -> values.containsKey(pattern.getKey()) && effort.matches(pattern.getValue(), values.get(pattern.getKey())));
    }

    String clientId() {
        return values.get(ClientMetricsConfigs.CLIENT_ID);
    }
}
