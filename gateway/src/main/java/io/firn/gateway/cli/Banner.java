package io.firn.gateway.cli;

import io.firn.gateway.config.BrokerConfig;
import java.nio.file.Path;

/**
 * What {@code firn up} tells once it serves: where to connect, what is stored where, how to stop.
 *
 * @param kafkaPort bound port
 * @param httpPort bound port
 */
record Banner(BrokerConfig config, int kafkaPort, int httpPort, String clusterId) {

    String text() {
        BrokerConfig.Kafka kafka = config.kafka();
        return """
                Firn is up. Cluster %s, broker %d.
                  Kafka clients   %s:%d
                  Metrics         http://%s:%d/metrics   (health: /health/live, /health/ready)
                  Hot tier        %s   (durability %s)
                  Cold tier       %s
                  Stop            Ctrl-C, or kill %d
                """.formatted(clusterId, config.node().id(), reachable(kafka.clientHost()), kafka.clientPort(kafkaPort), reachable(config.http().host()), httpPort,
                absolute(config.data().dir()), config.log().durability(), cold(), ProcessHandle.current().pid());
    }

    private String cold() {
        BrokerConfig.Cold cold = config.cold();
        if (cold.provider().equals("file")) {
            return absolute(config.coldDirectory()) + "   (a directory)";
        }
        String where = cold.endpoint().orElse("region " + cold.region());
        return "bucket " + cold.bucket().orElse("") + cold.prefix().map(prefix -> "/" + prefix).orElse("") + " at " + where + "   (" + cold.provider() + ")";
    }

    private static Path absolute(Path path) {
        return path.toAbsolutePath().normalize();
    }

    /** A wildcard address is no place to connect to. */
    private static String reachable(String host) {
        return switch (host) {
            case "0.0.0.0", "::" -> "localhost";
            default -> host.contains(":") ? "[" + host + "]" : host;
        };
    }
}
