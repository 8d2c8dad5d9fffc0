package io.firn.gateway.cli;

import io.firn.gateway.ColdBucket;
import io.firn.gateway.config.Assignment;
import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.logging.Logging;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Options every command has that reads a bucket: it is named by the settings of the brokers that write it. */
final class BucketOptions {

    @Option(names = "--config", paramLabel = "FILE", description = "YAML file of settings, the brokers' own for example; of those only cold.* and data.dir count.")
    private Optional<Path> config = Optional.empty();

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Any setting, by its key: cold.bucket=my-bucket. Repeatable. FIRN_* environment variables count too.")
    private List<String> settings = List.of();

    @Option(names = "--verbose", description = "Show what the libraries log.")
    private boolean verbose;

    /** Sets up logging and reads the settings. */
    ColdBucket bucket() {
        Logging.applyToTool(verbose);
        return ColdBucket.of(ConfigLoader.load(config, System.getenv(), settings.stream().map(Assignment::parse).toList()));
    }
}
