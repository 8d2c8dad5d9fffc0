package io.firn.it.harness;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One run of {@code firn up} as a child process with the launcher's JVM flags. What it prints is appended to its log file, and its ports are taken from its banner.
 *
 * <p>Threading: thread-safe; one thread a process copies its output.
 */
public final class FirnProcess {

    /** As the launcher gives them; the heap is a broker's, so that what needs more fails here. */
    private static final List<String> JVM = List.of("-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:TieredStopAtLevel=1", "-Xms48m", "-Xmx256m", "-XX:MaxDirectMemorySize=960m", "-XX:+ExitOnOutOfMemoryError",
            "-Dio.netty.leakDetection.level=disabled", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8", "-Djdk.reflect.useNativeAccessorOnly=true");

    static final String MAIN = "io.firn.gateway.cli.Main";

    private static final Pattern KAFKA = Pattern.compile("\\s+Kafka clients\\s+\\S+:(\\d+)");
    private static final Pattern HTTP = Pattern.compile("\\s+Metrics\\s+http://\\S+:(\\d+)/metrics.*");
    private static final Pattern STOP = Pattern.compile("\\s+Stop\\s+.*");
    private static final Duration START_LIMIT = Duration.ofMinutes(3);
    private static final Duration STOP_LIMIT = Duration.ofSeconds(90);

    private record Ports(int kafka, int http) {}

    private final Process process;
    private final Place place;
    private final Path log;
    private final CompletableFuture<Ports> banner = new CompletableFuture<>();
    private final CompletableFuture<Void> outputEnded = new CompletableFuture<>();

    private FirnProcess(Process process, Place place, Path log) {
        this.process = process;
        this.place = place;
        this.log = log;
    }

    /**
     * Starts the process and returns at once.
     *
     * @param place where it runs
     * @param arguments of {@code firn up}
     * @param log file its output is appended to
     */
    public static FirnProcess launch(Place place, List<String> arguments, Path log) {
        return launch(place, "up", arguments, log);
    }

    /** The same with another command that says when it is up, and runs until it is stopped. */
    public static FirnProcess launch(Place place, String word, List<String> arguments, Path log) {
        List<String> command = new ArrayList<>(place.entry());
        command.add(Processes.java());
        command.addAll(JVM);
        command.addAll(archived());
        command.addAll(List.of("-cp", Processes.joined(Processes.brokerClassPath()), MAIN, word));
        command.addAll(arguments);
        try {
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().keySet().removeIf(name -> name.startsWith("FIRN_"));
            builder.environment().putAll(place.environment());
            FirnProcess started = new FirnProcess(Processes.watched(builder.start()), place, log);
            Thread copier = new Thread(started::copyOutput, "firn-output-" + started.pid());
            copier.setDaemon(true);
            copier.start();
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Flags with which Firn's classes come out of an archive, as the launcher gives them. */
    static List<String> archived() {
        List<String> flags = new ArrayList<>(Processes.quietFlags());
        List<String> rehearsal = new ArrayList<>(JVM);
        rehearsal.addAll(flags);
        flags.addAll(ClassArchive.flags("firn", rehearsal, Processes.brokerClassPath(), MAIN, "rehearse", "cluster"));
        return flags;
    }

    private void copyOutput() {
        int kafka = 0;
        int http = 0;
        try (BufferedReader output = process.inputReader(StandardCharsets.UTF_8);
                BufferedWriter copy = Files.newBufferedWriter(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            for (String line = output.readLine(); line != null; line = output.readLine()) {
                copy.write(line);
                copy.newLine();
                copy.flush();
                kafka = port(KAFKA, line, kafka);
                http = port(HTTP, line, http);
                if (STOP.matcher(line).matches()) {
                    banner.complete(new Ports(kafka, http));
                }
            }
        } catch (IOException e) {
            banner.completeExceptionally(e);
        } finally {
            banner.completeExceptionally(new IOException("The broker ended before it was up; its log is " + log));
            outputEnded.complete(null);
        }
    }

    private static int port(Pattern pattern, String line, int before) {
        Matcher matcher = pattern.matcher(line);
        return matcher.matches() ? Integer.parseInt(matcher.group(1)) : before;
    }

    /** Waits until the broker has told its ports and says it is ready. */
    public FirnProcess awaitReady() {
        ports();
        Await.until("broker ready, log " + log, START_LIMIT, () -> {
            if (!process.isAlive()) {
                throw new AssertionError("The broker ended before it was ready; its log is " + log);
            }
            return HttpCalls.get(http("/health/ready")).statusCode() == 200;
        });
        return this;
    }

    private Ports ports() {
        try {
            return banner.get(START_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause().getMessage() + "\n" + logText(), e);
        } catch (TimeoutException e) {
            throw new AssertionError("No banner; the log is " + log, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public int kafkaPort() {
        return ports().kafka();
    }

    public URI http(String path) {
        return URI.create("http://" + place.host() + ":" + ports().http() + path);
    }

    public long pid() {
        return process.pid();
    }

    public boolean alive() {
        return process.isAlive();
    }

    /** SIGKILL: no code of the broker runs any more once this returns. */
    public void kill9() {
        process.destroyForcibly();
        exitCode(STOP_LIMIT);
    }

    /** SIGTERM, and waits for the end: the exit code. */
    public int stop() {
        process.destroy();
        return exitCode(STOP_LIMIT);
    }

    /** Waits for the process to end by itself: the exit code. */
    public int exitCode(Duration limit) {
        try {
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("Process " + pid() + " did not end within " + limit.toSeconds() + " s; its log is " + log);
            }
            outputEnded.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("Output of process " + pid() + " did not end", e);
        }
    }

    /** Everything printed so far by this and earlier processes with the same log file. */
    public String logText() {
        return LogFiles.text(log);
    }

    /** Resident memory in bytes, or -1 where the system does not tell. */
    public long residentBytes() {
        Path status = Path.of("/proc/" + pid() + "/status");
        if (!Files.isReadable(status)) {
            return -1;
        }
        try {
            return Files.readAllLines(status).stream().filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024).findFirst().orElse(-1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
