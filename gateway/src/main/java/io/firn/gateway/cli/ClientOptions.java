package io.firn.gateway.cli;

import io.firn.gateway.logging.Logging;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import picocli.CommandLine.Option;

/** Options every command has that talks to a broker, and what they make of a client's configuration. */
final class ClientOptions {

    /** A person waits: give up sooner than a service would. */
    static final int TIME_LIMIT_MS = 15_000;

    @Option(names = "--bootstrap-server", paramLabel = "HOST:PORT", defaultValue = "127.0.0.1:9092",
            description = "Where to connect first, one or several separated by commas (default ${DEFAULT-VALUE}).")
    private String bootstrapServer;

    @Option(names = "--client-config", paramLabel = "KEY=VALUE", description = "Any setting of the Java client, by Kafka's name. Repeatable.")
    private Map<String, String> clientConfig = Map.of();

    @Option(names = "--verbose", description = "Show what the client logs.")
    private boolean verbose;

    /** Sets up logging, makes sure that somebody listens, and gives the configuration that all clients share. */
    Map<String, Object> connect() {
        Logging.applyToTool(verbose);
        BootstrapAddress.requireOneListening(bootstrapServer);
        Map<String, Object> properties = new HashMap<>();
        properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, bootstrapServer);
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, "firn-cli");
        properties.put(CommonClientConfigs.REQUEST_TIMEOUT_MS_CONFIG, TIME_LIMIT_MS);
        properties.put(CommonClientConfigs.DEFAULT_API_TIMEOUT_MS_CONFIG, TIME_LIMIT_MS);
        // The JMX reporter would register a bean per metric, for nobody.
        properties.put(CommonClientConfigs.METRIC_REPORTER_CLASSES_CONFIG, "");
        properties.put(CommonClientConfigs.ENABLE_METRICS_PUSH_CONFIG, false);
        return properties;
    }

    /** {@code properties} with what the user gave on top. */
    Map<String, Object> complete(Map<String, Object> properties) {
        properties.putAll(clientConfig);
        return properties;
    }
}
