package io.firn.it.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How an unmodified Apache Kafka is run as one process, broker and controller combined, from the jars of {@code peers/kafka}: its settings file, the formatting of its data
 * directory, its command line. Shared by the tests and the benchmark; starts nothing but the formatting. Immutable.
 *
 * @param classPath the jars of Kafka's broker
 * @param scratch directory for files beside the data directory: log settings, output of the formatting
 */
public record KafkaServer(String classPath, Path scratch) {

    private static final String CLUSTER_ID = "ZmlybmJlbmNobWFya2thZg";
    private static final String SETTINGS = """
            process.roles=broker,controller
            node.id=1
            controller.quorum.bootstrap.servers=127.0.0.1:%2$d
            listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
            advertised.listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
            inter.broker.listener.name=PLAINTEXT
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
            log.dirs=%3$s
            offsets.topic.replication.factor=1
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            """;
    private static final String LOG4J = """
            status = error
            appender.c.type = Console
            appender.c.name = c
            appender.c.layout.type = PatternLayout
            appender.c.layout.pattern = [%d] %p %m (%c)%n
            rootLogger.level = warn
            rootLogger.appenderRef.c.ref = c
            """;

    /** Writes the settings file, beside the data directory, and formats that directory unless it has been already. */
    public Path prepare(Path data, int port, int controllerPort, Map<String, String> further) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder(SETTINGS.formatted(port, controllerPort, data));
        further.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        Path config = data.resolveSibling(data.getFileName() + ".properties");
        Files.writeString(config, text);
        if (!Files.exists(data.resolve("meta.properties"))) {
            format(config);
        }
        return config;
    }

    private void format(Path config) throws IOException, InterruptedException {
        Path output = scratch.resolve("format-" + config.getFileName() + ".log");
        List<String> command = java(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("kafka.tools.StorageTool", "format", "--standalone", "-t", CLUSTER_ID, "-c", config.toString()));
        Process format = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
        if (format.waitFor() != 0) {
            throw new IOException("formatting failed: " + Files.readString(output));
        }
    }

    /** The command line of the broker, with these flags for its JVM. */
    public List<String> command(Path config, List<String> jvmFlags) throws IOException {
        List<String> command = java(jvmFlags);
        command.addAll(List.of("kafka.Kafka", config.toString()));
        return command;
    }

    private List<String> java(List<String> jvmFlags) throws IOException {
        List<String> command = new ArrayList<>(List.of(Processes.java()));
        command.addAll(jvmFlags);
        command.addAll(List.of("-Djava.awt.headless=true", "-Dlog4j2.configurationFile=" + logSettings(), "-cp", classPath));
        return command;
    }

    private Path logSettings() throws IOException {
        return Files.writeString(scratch.resolve("log4j2.properties"), LOG4J);
    }
}
