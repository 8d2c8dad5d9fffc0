package io.firn.gateway.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code firn cluster}. */
@Command(name = "firn cluster", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "Starts a cluster of several broker processes on this machine, to try it out, and runs it until Ctrl-C or SIGTERM.",
        footer = {"", "The first start forms the cluster and writes each broker's settings to DIR/broker-N/firn.yaml; later ones go on with what is there.",
            "Exit code 2: it could not be started as asked; 1: a broker did not start, or did not stop cleanly."})
final class ClusterCommand implements Callable<Integer> {

    private static final int FEWEST = 3;
    private static final int MOST = 15;

    @Option(names = "--brokers", paramLabel = "N", defaultValue = "3", description = "Brokers, 3 to 15 (default 3).")
    private int brokers;

    @Option(names = "--data", paramLabel = "DIR", defaultValue = "./cluster", description = "Directory of everything (default ./cluster).")
    private Path data;

    @Option(names = "--kafka-port", paramLabel = "N", defaultValue = "9092",
            description = "Port of the first broker's Kafka listener; the others' are 100 apart (default 9092; 0 picks free ones). Of a new cluster only.")
    private int kafkaPort;

    @Override
    public Integer call() throws Exception {
        if (brokers < FEWEST || brokers > MOST) {
            throw new CliFailure(Main.USAGE, "--brokers is " + brokers + ", but a cluster has " + FEWEST + " to " + MOST + " brokers");
        }
        if (kafkaPort < 0 || kafkaPort > 0xffff - MOST * 100) {
            throw new CliFailure(Main.USAGE, "--kafka-port is " + kafkaPort + ", but must be 0 to " + (0xffff - MOST * 100));
        }
        return new ClusterRun(LocalCluster.at(data, brokers, kafkaPort)).run();
    }
}
