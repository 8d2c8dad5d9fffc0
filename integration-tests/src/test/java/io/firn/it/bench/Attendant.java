package io.firn.it.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A class of the benchmark as a process of its own, so that its processor time is seen apart: it obeys lines of standard input and answers each with a line, and ends with its input ({@link AttendantLoop}). What it
 * writes to standard error is in its log file.
 *
 * <p>Threading: for one thread.
 */
final class Attendant implements AutoCloseable {

    private static final long STOP_LIMIT_S = 20;

    private final Process process;
    private final BufferedReader answers;
    private final Writer orders;
    private final Path log;

    private Attendant(Process process, Path log) {
        this.process = process;
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.orders = process.outputWriter(StandardCharsets.UTF_8);
        this.log = log;
    }

    /** Starts it with the class path of this JVM. */
    static Attendant start(Class<?> main, Path log, List<String> jvm, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(Layout.java()));
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.to(log.toFile())).start();
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
        return new Attendant(process, log);
    }

    Proc proc() {
        return new Proc(process.pid());
    }

    /** The words of its answer. */
    String[] ask(String order) throws IOException {
        orders.write(order + "\n");
        orders.flush();
        return answer();
    }

    /** The words of its next line, such as the first, which it says unasked. */
    String[] answer() throws IOException {
        String line = answers.readLine();
        if (line == null || line.startsWith("failed")) {
            throw new IOException("no answer but " + line + "; the log is " + log);
        }
        return line.split(" ");
    }

    @Override
    public void close() throws IOException, InterruptedException {
        orders.close();
        if (!process.waitFor(STOP_LIMIT_S, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
