package io.firn.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * An unmodified Apache Kafka 4.3.1, broker and controller in one process, of which tests ask the right answer. Its log file lies in {@code target/it-logs}.
 *
 * <p>Threading: for one thread at a time, the test's.
 */
public final class KafkaNode implements BrokerNode {

    private static final AtomicInteger NUMBER = new AtomicInteger();
    private static final long STOP_LIMIT_S = 60;
    private static final List<String> JVM = List.of("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData");
    /** What makes a single broker with few partitions quick to start, as tests set it for Firn as well. */
    private static final Map<String, String> SMALL = Map.of("offsets.topic.num.partitions", "1", "transaction.state.log.num.partitions", "1", "share.coordinator.state.topic.num.partitions", "1",
            "group.initial.rebalance.delay.ms", "0");

    private Place place;
    private final KafkaServer.Member member;
    private final Path data;
    private final Map<String, String> settings;
    private final KafkaServer server;
    private final Path log;
    private Process process;

    private KafkaNode(Place place, KafkaServer.Member member, Path data, Map<String, String> settings) {
        this.place = place;
        this.member = member;
        this.data = data;
        this.settings = settings;
        this.server = new KafkaServer(Layout.peer("kafka") + "/*", Layout.logs());
        this.log = Layout.logs().resolve("kafka-" + ProcessHandle.current().pid() + "-" + NUMBER.incrementAndGet() + ".log");
    }

    /** A node not started yet; {@code settings} are Kafka's own. */
    public static KafkaNode in(Path data, Map<String, String> settings) {
        return member(Place.LOOPBACK, KafkaServer.Member.alone(FreePorts.next(), FreePorts.next()), data, settings);
    }

    /** One of several nodes that form a cluster. */
    public static KafkaNode member(Place place, KafkaServer.Member member, Path data, Map<String, String> settings) {
        Map<String, String> all = new TreeMap<>(SMALL);
        all.putAll(settings);
        return new KafkaNode(place, member, data, all);
    }

    /** A node with those of Firn's settings that are Kafka's by another name: {@code group.settings.*}. */
    public static KafkaNode like(Path data, Map<String, String> firnSettings) {
        Map<String, String> settings = new TreeMap<>();
        firnSettings.forEach((key, value) -> {
            if (key.startsWith("group.settings.")) {
                settings.put(key.substring("group.settings.".length()), value);
            }
        });
        return in(data, settings);
    }

    @Override
    public KafkaNode start() {
        begin();
        awaitReady();
        return this;
    }

    @Override
    public void begin() {
        try {
            Files.createDirectories(data);
            List<String> command = new ArrayList<>(place.entry());
            command.addAll(server.command(server.prepare(data, member, settings), JVM));
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            builder.environment().putAll(place.environment());
            process = Processes.watched(builder.start());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void surround(Map<String, String> environment) {
        place = new Place(place.host(), place.entry(), environment);
    }

    @Override
    public void awaitReady() {
        try (Topics topics = Topics.of(bootstrap())) {
            Await.until("Kafka serves, log " + log, () -> {
                if (!process.isAlive()) {
                    throw new AssertionError("Kafka ended before it was ready; its log is " + log);
                }
                return topics.admin().describeCluster().nodes().get(5, TimeUnit.SECONDS).stream().anyMatch(node -> node.id() == member.id());
            });
        }
    }

    @Override
    public void pause() {
        Processes.signal(pid(), "STOP");
    }

    @Override
    public void resume() {
        Processes.signal(pid(), "CONT");
    }

    @Override
    public boolean alive() {
        return process != null && process.isAlive();
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public void stop() {
        process.destroy();
        awaitEnd();
    }

    @Override
    public void kill9() {
        process.destroyForcibly();
        awaitEnd();
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(STOP_LIMIT_S, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("Kafka did not end within " + STOP_LIMIT_S + " s; its log is " + log);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String bootstrap() {
        return place.host() + ":" + member.port();
    }

    @Override
    public int kafkaPort() {
        return member.port();
    }

    @Override
    public Path log() {
        return log;
    }

    @Override
    public String logText() {
        return LogFiles.text(log);
    }

    @Override
    public List<String> logLines(String level) {
        return logText().lines().filter(line -> line.contains("] " + level + " ")).toList();
    }

    @Override
    public void close() {
        if (alive()) {
            kill9();
        }
    }
}
