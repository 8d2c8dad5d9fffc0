package io.firn.gateway.cli;

import io.firn.gateway.Broker;
import io.firn.gateway.config.Assignment;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.config.ConfigException;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.logging.Logging;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn up}: runs one broker until it is told to stop. */
@Command(name = "firn up", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "Starts a broker and runs it until Ctrl-C or SIGTERM.",
        footer = {"", "Later sources win: defaults, --config file, FIRN_* environment variables, --set, the options above.",
            "The README lists every setting. Exit code 2: the broker could not start as configured."})
final class UpCommand implements Callable<Integer> {

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file of settings.")
    private Path config;

    @Option(names = "--data", paramLabel = "DIR", description = "Directory of everything stored locally (data.dir, default ./data).")
    private String data;

    @Option(names = "--kafka-port", paramLabel = "N", description = "Port of the Kafka listener (kafka.port, default 9092; 0 picks one).")
    private String kafkaPort;

    @Option(names = "--http-port", paramLabel = "N", description = "Port of the HTTP listener (http.port, default 8080; 0 picks one).")
    private String httpPort;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Any setting, by its key. Repeatable.")
    private List<String> settings = List.of();

    private final Map<String, String> environment;

    UpCommand() {
        this(System.getenv());
    }

    UpCommand(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws InterruptedException {
        CompletableFuture<Broker> started = new CompletableFuture<>();
        // There before the broker is: a signal during the start is to end in a clean stop too.
        ShutdownHook hook = ShutdownHook.talking(() -> started.get().close());
        try {
            started.complete(start());
        } catch (RuntimeException | Error failed) {
            hook.remove();
            started.completeExceptionally(failed);
            throw failed;
        }
        Thread.currentThread().join();
        return Main.OK;
    }

    /** Starts the broker as configured, and tells where it is. */
    Broker start() {
        BrokerConfig loaded = ConfigLoader.load(Optional.ofNullable(config), environment, commandLine());
        checkGroupSettings(loaded.group());
        Logging.apply(loaded.logging());
        Broker broker = Broker.start(loaded);
        System.out.print(new Banner(loaded, broker.kafkaPort(), broker.httpPort(), broker.clusterId()).text());
        System.out.flush();
        return broker;
    }

    /** The broker looks at them when a group is first used; an operator wants to know now. */
    private static void checkGroupSettings(BrokerConfig.Group group) {
        if (group.settings().isEmpty()) {
            return;
        }
        Set<String> known = GroupSettings.names();
        group.settings().keySet().stream().filter(name -> !known.contains(name)).findFirst().ifPresent(name -> {
            throw new ConfigException("unknown setting group.settings." + name + ": Apache Kafka's group coordinator has none of that name");
        });
        try {
            GroupSettings.of(group);
        } catch (org.apache.kafka.common.config.ConfigException | IllegalArgumentException refused) {
            throw new ConfigException("group.settings: " + refused.getMessage());
        }
    }

    private List<Assignment> commandLine() {
        List<Assignment> assignments = new ArrayList<>();
        settings.forEach(setting -> assignments.add(Assignment.parse(setting)));
        option(assignments, "data.dir", data, "--data");
        option(assignments, "kafka.port", kafkaPort, "--kafka-port");
        option(assignments, "http.port", httpPort, "--http-port");
        return assignments;
    }

    private static void option(List<Assignment> assignments, String key, String value, String option) {
        if (value != null) {
            assignments.add(new Assignment(key, value, option));
        }
    }
}
