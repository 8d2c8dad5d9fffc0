package io.firn.it.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

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
            process.roles=%1$s
            node.id=%2$d
            %3$s
            listeners=%4$s
            advertised.listeners=%4$s
            inter.broker.listener.name=PLAINTEXT
            controller.listener.names=CONTROLLER
            listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
            log.dirs=%5$s
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

    /**
     * A node of a cluster: broker and controller if it is one of the voters, else a broker only.
     *
     * @param voters {@code host:port} of every node's controller, by node id
     */
    public record Member(int id, String host, int port, int controllerPort, Map<Integer, String> voters) {

        /** A node that is a cluster by itself. */
        public static Member alone(int port, int controllerPort) {
            return new Member(1, "127.0.0.1", port, controllerPort, Map.of(1, "127.0.0.1:" + controllerPort));
        }

        private boolean alone() {
            return voters.size() == 1 && controls();
        }

        private boolean controls() {
            return voters.containsKey(id);
        }

        private String roles() {
            return controls() ? "broker,controller" : "broker";
        }

        private String listeners() {
            String clients = "PLAINTEXT://" + host + ":" + port;
            return controls() ? clients + ",CONTROLLER://" + host + ":" + controllerPort : clients;
        }

        private String quorum() {
            return alone() ? "controller.quorum.bootstrap.servers=" + voters.get(id)
                    : "controller.quorum.voters=" + new TreeMap<>(voters).entrySet().stream().map(voter -> voter.getKey() + "@" + voter.getValue()).collect(Collectors.joining(","));
        }
    }

    /** Writes the settings file, beside the data directory, and formats that directory unless it has been already. What {@code further} says counts before what is usual here. */
    public Path prepare(Path data, Member member, Map<String, String> further) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder(SETTINGS.formatted(member.roles(), member.id(), member.quorum(), member.listeners(), data));
        further.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        Path config = data.resolveSibling(data.getFileName() + ".properties");
        Files.writeString(config, text);
        if (!Files.exists(data.resolve("meta.properties"))) {
            format(config, member);
        }
        return config;
    }

    private void format(Path config, Member member) throws IOException, InterruptedException {
        Path output = scratch.resolve("format-" + config.getFileName() + ".log");
        List<String> command = java(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", config.toString()));
        if (member.alone()) {
            command.add("--standalone");
        }
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
