package io.firn.it.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A broker to compare: how to start it on an empty or used data directory. */
enum Peer {
    FIRN {
        @Override
        List<String> prepare(Layout layout, Path data, Mode mode, int port) {
            List<String> command = new ArrayList<>(List.of(layout.firnLauncher().toString(), "up", "--data", data.toString(), "--kafka-port", "" + port,
                    "--http-port", "0", "--set", "log.durability=" + (mode.fsync() ? "fsync" : "os"), "--set", "logging.level=warn"));
            return command;
        }

        @Override
        Map<String, String> tieredTopic(int segmentBytes) {
            return Map.of("segment.bytes", "" + segmentBytes, "local.retention.bytes", "1");
        }

        @Override
        Map<String, String> hotTopic() {
            return Map.of("remote.storage.enable", "false");
        }
    },
    KAFKA {
        @Override
        List<String> prepare(Layout layout, Path data, Mode mode, int port) throws IOException, InterruptedException {
            Path config = data.resolveSibling(data.getFileName() + ".properties");
            Files.writeString(config, settings(layout, data, mode, port));
            if (!Files.exists(data.resolve("meta.properties"))) {
                format(layout, config);
            }
            return List.of(Layout.java(), "-Xmx1g", "-Xms1g", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
                    "-XX:+ExplicitGCInvokesConcurrent", "-Djava.awt.headless=true", "-Dlog4j2.configurationFile=" + log4j(layout), "-cp", layout.kafkaClassPath(),
                    "kafka.Kafka", config.toString());
        }

        @Override
        Map<String, String> tieredTopic(int segmentBytes) {
            return Map.of("segment.bytes", "" + segmentBytes, "local.retention.bytes", "1", "remote.storage.enable", "true");
        }

        @Override
        Map<String, String> hotTopic() {
            return Map.of();
        }
    };

    /** What is compared beside the broker itself. {@code fsync}: every acknowledged batch is forced to disk first. */
    record Mode(boolean fsync, boolean tiered) {}

    /** Makes the data directory ready and says the command that starts the broker on it. */
    abstract List<String> prepare(Layout layout, Path data, Mode mode, int port) throws IOException, InterruptedException;

    /** Topic settings that make local data go to the object store soon. */
    abstract Map<String, String> tieredTopic(int segmentBytes);

    /** Topic settings without tiering: offload in the background would be counted as the consumer's cost. */
    abstract Map<String, String> hotTopic();

    /** Starts on {@code data} and waits until it answers. */
    BrokerProcess start(Layout layout, Path data, Mode mode) throws IOException, InterruptedException {
        int port = freePort();
        List<String> command = prepare(layout, data, mode, port);
        BrokerProcess broker = BrokerProcess.start(command, "127.0.0.1:" + port, data.resolveSibling(data.getFileName() + ".log"));
        Admins.awaitReady(broker);
        return broker;
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String settings(Layout layout, Path data, Mode mode, int port) throws IOException {
        int controller = freePort();
        StringBuilder text = new StringBuilder("""
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
                """.formatted(port, controller, data));
        if (mode.fsync()) {
            text.append("log.flush.interval.messages=1\n");
        }
        if (mode.tiered()) {
            text.append("""
                    remote.log.storage.system.enable=true
                    remote.log.storage.manager.class.name=org.apache.kafka.server.log.remote.storage.LocalTieredStorage
                    remote.log.storage.manager.impl.prefix=rsm.config.
                    rsm.config.dir=%s
                    remote.log.metadata.manager.listener.name=PLAINTEXT
                    rlmm.config.remote.log.metadata.topic.replication.factor=1
                    rlmm.config.remote.log.metadata.topic.num.partitions=5
                    log.retention.check.interval.ms=1000
                    remote.log.manager.task.interval.ms=1000
                    """.formatted(Files.createDirectories(data.resolveSibling(data.getFileName() + "-remote"))));
        }
        return text.toString();
    }

    private static void format(Layout layout, Path config) throws IOException, InterruptedException {
        Process format = new ProcessBuilder(Layout.java(), "-Xmx256m", "-Dlog4j2.configurationFile=" + log4j(layout), "-cp", layout.kafkaClassPath(),
                "kafka.tools.StorageTool", "format", "--standalone", "-t", "ZmlybmJlbmNobWFya2thZg", "-c", config.toString())
                .redirectErrorStream(true).redirectOutput(config.resolveSibling("format.log").toFile()).start();
        if (format.waitFor() != 0) {
            throw new IOException("formatting failed: " + Files.readString(config.resolveSibling("format.log")));
        }
    }

    private static Path log4j(Layout layout) throws IOException {
        Path file = layout.work().resolve("log4j2.properties");
        Files.writeString(file, """
                status = error
                appender.c.type = Console
                appender.c.name = c
                appender.c.layout.type = PatternLayout
                appender.c.layout.pattern = [%d] %p %m (%c)%n
                rootLogger.level = warn
                rootLogger.appenderRef.c.ref = c
                """);
        return file;
    }
}
