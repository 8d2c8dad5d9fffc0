package io.firn.it.harness;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A class of these tests as a process of its own, with their class path (Firn's part of it first, so that the broker's archive of classes serves here too), which obeys lines of standard input and answers each with a line. What it writes to standard error is appended to a
 * log file in {@code target/it-logs}.
 *
 * <p>Threading: for one thread at a time, but {@link #kill9} may be called from any.
 */
public final class JavaChild {

    private static final Duration LIMIT = Duration.ofSeconds(90);

    /** Log files of this test run; what is there before the first use is of an earlier one. */
    private static final Set<Path> FRESH = ConcurrentHashMap.newKeySet();

    private final Process process;
    private final BufferedReader answers;
    private final Writer orders;
    private final Path log;

    private JavaChild(Process process, Path log) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.orders = process.outputWriter(StandardCharsets.UTF_8);
        this.log = log;
    }

    /** @param logName file name below {@code target/it-logs} */
    public static JavaChild start(Class<?> main, List<String> jvm, List<String> arguments, String logName) {
        Path log = Layout.logs().resolve(logName);
        if (FRESH.add(log)) {
            deleteOld(log);
        }
        List<String> command = new ArrayList<>(List.of(Processes.java()));
        command.addAll(jvm);
        command.addAll(FirnProcess.archived());
        command.addAll(List.of("-cp", Processes.joined(Processes.ownClassPath()), main.getName()));
        command.addAll(arguments);
        try {
            return new JavaChild(Processes.watched(new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile())).start()), log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void deleteOld(Path log) {
        try {
            Files.deleteIfExists(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends an order; {@link #answer} reads what comes back. */
    public void order(String line) {
        try {
            orders.write(line + "\n");
            orders.flush();
        } catch (IOException e) {
            throw new AssertionError("the process took no order; its log is " + log, e);
        }
    }

    /** The next line of its output. */
    public String answer() {
        CompletableFuture<String> line = CompletableFuture.supplyAsync(() -> {
            try {
                return answers.readLine();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        try {
            String answer = line.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            if (answer == null) {
                throw new AssertionError("the process ended; its log is " + log);
            }
            return answer;
        } catch (ExecutionException | TimeoutException e) {
            throw new AssertionError("no answer; the log is " + log, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public String ask(String order) {
        order(order);
        return answer();
    }

    /** What it, and others with the same log file, wrote to standard error so far. */
    public String logText() throws IOException {
        return Files.readString(log);
    }

    public boolean alive() {
        return process.isAlive();
    }

    public void kill9() {
        process.destroyForcibly();
        exitCode();
    }

    /** Waits for the end: the exit code. */
    public int exitCode() {
        try {
            if (!process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new AssertionError("the process did not end; its log is " + log);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
