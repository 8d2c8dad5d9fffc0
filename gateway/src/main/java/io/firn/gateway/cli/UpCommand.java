package io.firn.gateway.cli;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn up} with its options and help. */
@Command(name = "firn up", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "Starts a broker and runs it until Ctrl-C or SIGTERM.",
        footer = {"", "Later sources win: defaults, --config file, FIRN_* environment variables, --set, the options above.",
            "The README lists every setting. Exit code 2: the broker could not start as configured."})
final class UpCommand implements Callable<Integer> {

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file of settings.")
    private String config;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory of everything stored locally (data.dir, default ./data).")
    private String data;

    @Option(names = "--kafka-port", paramLabel = "N", description = "Port of the Kafka listener (kafka.port, default 9092; 0 picks one).")
    private String kafkaPort;

    @Option(names = "--http-port", paramLabel = "N", description = "Port of the HTTP listener (http.port, default 8080; 0 picks one).")
    private String httpPort;

    @Option(names = "--form", description = "Forms the cluster of the brokers that cluster.voters names, each of which is started so. Given once: without effect when it is formed.")
    private boolean form;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Any setting, by its key. Repeatable.")
    private List<String> settings = List.of();

    UpArguments arguments() {
        Map<String, String> named = new HashMap<>();
        named.put("--config", config);
        named.put("--data", data);
        named.put("--kafka-port", kafkaPort);
        named.put("--http-port", httpPort);
        named.values().removeIf(java.util.Objects::isNull);
        return UpArguments.of(named, form, settings);
    }

    @Override
    public Integer call() throws InterruptedException {
        return Up.run(arguments());
    }
}
