package io.firn.it.launcher;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A run of the launcher. Never builds: it runs what this Maven build has packaged.
 *
 * <p>Threading: thread-safe; two threads collect the output.
 */
public final class FirnProcess implements AutoCloseable {

    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    static final Path LAUNCHER = ROOT.resolve("firn");

    private static final long LIMIT_SECONDS = 120;

    private final Process process;
    private final Lines out;
    private final Lines err;

    private FirnProcess(Process process) {
        this.process = process;
        this.out = Lines.of(process.getInputStream());
        this.err = Lines.of(process.getErrorStream());
    }

    static FirnProcess start(Path directory, Map<String, String> environment, String... arguments) throws IOException {
        return start(LAUNCHER, directory, environment, arguments);
    }

    public static FirnProcess start(Path launcher, Path directory, Map<String, String> environment, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("bash", launcher.toString()));
        command.addAll(Arrays.asList(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("FIRN_"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("FIRN_SKIP_BUILD", "1");
        builder.environment().put("FIRN_CDS", "off");
        builder.environment().putAll(environment);
        return new FirnProcess(builder.start());
    }

    /** Any command that becomes the launcher in the end, with this environment and no other. */
    public static FirnProcess command(List<String> command, Path directory, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        return new FirnProcess(builder.start());
    }

    /** Gives it its whole standard input. */
    FirnProcess feed(String input) throws IOException {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        }
        return this;
    }

    /** Waits for a line of standard output. */
    public Matcher awaitOut(String regex) throws InterruptedException {
        return out.await(Pattern.compile(regex), this);
    }

    /** Waits for the end. */
    public int exitCode() throws InterruptedException {
        if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("still running after " + LIMIT_SECONDS + " s: " + this);
        }
        out.awaitEnd();
        err.awaitEnd();
        return process.exitValue();
    }

    /** SIGTERM to the process that was started: the Java process, as the launcher becomes it. Process.destroy would close the output as well. */
    public void terminate() {
        process.toHandle().destroy();
    }

    long pid() {
        return process.pid();
    }

    public List<String> out() {
        return out.all();
    }

    public List<String> err() {
        return err.all();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    @Override
    public String toString() {
        return "out: " + out() + ", err: " + err();
    }

    /** Lines as they come. */
    private static final class Lines {
        private final List<String> lines = new ArrayList<>();
        private boolean ended;

        static Lines of(InputStream stream) {
            Lines lines = new Lines();
            Thread reader = new Thread(() -> lines.read(stream), "firn-output");
            reader.setDaemon(true);
            reader.start();
            return lines;
        }

        private void read(InputStream stream) {
            try (BufferedReader reader = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                    add(line);
                }
            } catch (IOException closed) {
                add("(output ended: " + closed + ")");
            }
            end();
        }

        private synchronized void add(String line) {
            lines.add(line);
            notifyAll();
        }

        private synchronized void end() {
            ended = true;
            notifyAll();
        }

        private synchronized List<String> all() {
            return List.copyOf(lines);
        }

        private synchronized void awaitEnd() throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (!ended && System.nanoTime() < deadline) {
                wait(1_000);
            }
        }

        private synchronized Matcher await(Pattern pattern, FirnProcess process) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (true) {
                for (String line : lines) {
                    Matcher matcher = pattern.matcher(line);
                    if (matcher.find()) {
                        return matcher;
                    }
                }
                if (ended || System.nanoTime() > deadline) {
                    throw new AssertionError("no line matches " + pattern + "; " + process);
                }
                wait(1_000);
            }
        }
    }
}
