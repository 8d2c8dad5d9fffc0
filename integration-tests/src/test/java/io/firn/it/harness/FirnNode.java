package io.firn.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.DoubleStream;

/**
 * A broker that can be stopped, killed and started again over the same data directory, at the same Kafka port. Its log file, one for all its starts, lies in {@code target/it-logs}.
 *
 * <p>Threading: for one thread at a time, the test's.
 */
public final class FirnNode implements BrokerNode {

    private static final AtomicInteger NUMBER = new AtomicInteger();

    private Place place;
    private final Path data;
    private final Map<String, String> settings;
    private final int kafkaPort = FreePorts.next();
    private final Path log;
    private List<String> onceMore = List.of();
    private FirnProcess process;

    private FirnNode(Place place, Path data, Map<String, String> settings) {
        this.place = place;
        this.data = data;
        this.settings = settings;
        this.log = Layout.logs().resolve("firn-" + caller() + "-" + NUMBER.incrementAndGet() + ".log");
        try {
            Files.deleteIfExists(log);
            Files.deleteIfExists(rivalLog());
            Files.createFile(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String caller() {
        return StackWalker.getInstance().walk(frames -> frames.map(StackWalker.StackFrame::getClassName).filter(name -> name.matches(".*(IT|Test)(\\$.*)?")).findFirst()
                .map(name -> name.substring(name.lastIndexOf('.') + 1)).orElse("node"));
    }

    /** A node not started yet; {@code settings} are what {@code --set} takes. */
    public static FirnNode in(Path data, Map<String, String> settings) {
        return at(Place.LOOPBACK, data, settings);
    }

    /** The same at an address of its own. */
    public static FirnNode at(Place place, Path data, Map<String, String> settings) {
        Map<String, String> all = new TreeMap<>(settings);
        all.putIfAbsent("log.disk.watermark.bytes", "0");
        all.putIfAbsent("kafka.host", place.host());
        all.putIfAbsent("http.host", place.host());
        return new FirnNode(place, data, all);
    }

    public static FirnNode in(Path data) {
        return in(data, Map.of());
    }

    @Override
    public FirnNode start() {
        begin();
        awaitReady();
        return this;
    }

    @Override
    public void begin() {
        List<String> arguments = arguments(kafkaPort);
        arguments.addAll(onceMore);
        onceMore = List.of();
        process = FirnProcess.launch(place, arguments, log);
    }

    @Override
    public void awaitReady() {
        process.awaitReady();
    }

    @Override
    public void surround(Map<String, String> environment) {
        place = new Place(place.host(), place.entry(), environment);
    }

    /** Further arguments of {@code firn up}, for the next start only. */
    public FirnNode once(String... arguments) {
        onceMore = List.of(arguments);
        return this;
    }

    /** Another process over the same data directory, at other ports and with a log of its own. */
    public FirnProcess launchRival() {
        return FirnProcess.launch(place, arguments(0), rivalLog());
    }

    private Path rivalLog() {
        return log.resolveSibling(log.getFileName().toString().replace(".log", "-rival.log"));
    }

    private List<String> arguments(int port) {
        List<String> arguments = new ArrayList<>(List.of("--data", data.toString(), "--kafka-port", Integer.toString(port), "--http-port", "0"));
        settings.forEach((key, value) -> {
            arguments.add("--set");
            arguments.add(key + "=" + value);
        });
        return arguments;
    }

    /** Changes a setting for the next start. */
    public FirnNode set(String key, String value) {
        settings.put(key, value);
        return this;
    }

    @Override
    public void kill9() {
        process.kill9();
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
        return process != null && process.alive();
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public void stop() {
        int code = process.stop();
        if (code != 0) {
            throw new AssertionError("Exit code " + code + " of a clean stop; the log is " + log);
        }
    }

    public FirnProcess process() {
        return process;
    }

    @Override
    public String bootstrap() {
        return place.host() + ":" + kafkaPort;
    }

    @Override
    public int kafkaPort() {
        return kafkaPort;
    }

    public URI http(String path) {
        return process.http(path);
    }

    /** The sum of all series of this name on its metrics page. Fails where there is none, so that a wrong name does not pass for 0. */
    public double metric(String name) throws IOException {
        double[] values = HttpCalls.get(http("/metrics")).body().lines().filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ')))).toArray();
        if (values.length == 0) {
            throw new IllegalStateException("no metric " + name);
        }
        return DoubleStream.of(values).sum();
    }

    public Path data() {
        return data;
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
        return logText().lines().filter(line -> line.contains(" level=" + level + " ")).toList();
    }

    @Override
    public void close() {
        if (alive()) {
            process.kill9();
        }
    }
}
