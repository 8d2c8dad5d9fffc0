package io.firn.it.bench;

import io.firn.it.harness.FreePorts;
import io.firn.it.harness.KafkaServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A broker to compare: how to start it on an empty or used data directory. */
enum Peer {
    FIRN {
        @Override
        List<String> prepare(Layout layout, Path data, Mode mode, int port) {
            return firn(layout.firnLauncher(), data, mode, port);
        }
    },
    /** Firn out of another checkout. */
    BEFORE {
        @Override
        List<String> prepare(Layout layout, Path data, Mode mode, int port) {
            return firn(layout.before().orElseThrow().resolve("firn"), data, mode, port);
        }
    },
    KAFKA {
        @Override
        List<String> prepare(Layout layout, Path data, Mode mode, int port) throws IOException, InterruptedException {
            KafkaServer server = new KafkaServer(layout.kafkaClassPath(), layout.work());
            return server.command(server.prepare(data, KafkaServer.Member.alone(port, FreePorts.next()), settings(data, mode)), JVM);
        }

        @Override
        Map<String, String> tieredTopic(int segmentBytes) {
            return Map.of("segment.bytes", "" + segmentBytes, "local.retention.bytes", "1", "remote.storage.enable", "true");
        }

        @Override
        Map<String, String> hotTopic() {
            return Map.of();
        }

        @Override
        Map<String, String> forcedTopic() {
            return Map.of("flush.messages", "1");
        }
    };

    /** As Kafka's own start scripts give them. */
    static final List<String> JVM = List.of("-Xmx1g", "-Xms1g", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent");

    /** What is compared beside the broker itself. {@code fsync}: every acknowledged batch is forced to disk first. */
    record Mode(boolean fsync, boolean tiered) {}

    /** Makes the data directory ready and says the command that starts the broker on it. */
    abstract List<String> prepare(Layout layout, Path data, Mode mode, int port) throws IOException, InterruptedException;

    private static List<String> firn(Path launcher, Path data, Mode mode, int port) {
        return List.of(launcher.toString(), "up", "--data", data.toString(), "--kafka-port", "" + port, "--http-port", "0",
                "--set", "log.durability=" + (mode.fsync() ? "fsync" : "os"), "--set", "logging.level=warn");
    }

    /** Topic settings that make local data go to the object store soon. */
    Map<String, String> tieredTopic(int segmentBytes) {
        return Map.of("segment.bytes", "" + segmentBytes, "local.retention.bytes", "1");
    }

    /** Topic settings without tiering: offload in the background would be counted as the consumer's cost. */
    Map<String, String> hotTopic() {
        return Map.of("remote.storage.enable", "false");
    }

    /** The same, where records are forced to disk before they are acknowledged though the broker's settings are its defaults: Firn's default is that they are. */
    Map<String, String> forcedTopic() {
        return hotTopic();
    }

    /** Starts on {@code data} and waits until it answers. */
    BrokerProcess start(Layout layout, Path data, Mode mode) throws IOException, InterruptedException {
        int port = FreePorts.next();
        List<String> command = prepare(layout, data, mode, port);
        BrokerProcess broker = BrokerProcess.start(command, "127.0.0.1:" + port, data.resolveSibling(data.getFileName() + ".log"));
        Admins.awaitReady(broker);
        return broker;
    }

    private static Map<String, String> settings(Path data, Mode mode) throws IOException {
        Map<String, String> settings = new TreeMap<>();
        if (mode.fsync()) {
            settings.put("log.flush.interval.messages", "1");
        }
        if (mode.tiered()) {
            settings.putAll(Map.of("remote.log.storage.system.enable", "true",
                    "remote.log.storage.manager.class.name", "org.apache.kafka.server.log.remote.storage.LocalTieredStorage",
                    "remote.log.storage.manager.impl.prefix", "rsm.config.",
                    "rsm.config.dir", Files.createDirectories(data.resolveSibling(data.getFileName() + "-remote")).toString(),
                    "remote.log.metadata.manager.listener.name", "PLAINTEXT",
                    "rlmm.config.remote.log.metadata.topic.replication.factor", "1",
                    "rlmm.config.remote.log.metadata.topic.num.partitions", "5",
                    "log.retention.check.interval.ms", "1000",
                    "remote.log.manager.task.interval.ms", "1000"));
        }
        return settings;
    }
}
