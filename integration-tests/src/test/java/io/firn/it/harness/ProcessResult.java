package io.firn.it.harness;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What a process that ran to its end left.
 *
 * @param exitCode as the system tells it
 * @param output standard output
 * @param errors standard error
 */
public record ProcessResult(int exitCode, String output, String errors) {

    /** Runs a command to its end; one that is not done within the limit is killed and fails the test. */
    public static ProcessResult of(List<String> command, String input, Duration limit) {
        try {
            Path output = Files.createTempFile("firn-it", ".out");
            Path errors = Files.createTempFile("firn-it", ".err");
            try {
                Process process = Processes.watched(new ProcessBuilder(command).redirectOutput(output.toFile()).redirectError(errors.toFile()).start());
                feed(process, input);
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly().waitFor();
                    throw new AssertionError("Not done within " + limit.toSeconds() + " s: " + command.subList(command.size() > 8 ? 8 : 0, command.size()) + "\n"
                            + Files.readString(output) + Files.readString(errors));
                }
                return new ProcessResult(process.exitValue(), Files.readString(output), Files.readString(errors));
            } finally {
                Files.delete(output);
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static void feed(Process process, String input) throws IOException {
        try (OutputStream in = process.getOutputStream()) {
            in.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException broken) {
            if (process.isAlive()) {
                throw broken;
            }
        }
    }

    /** This, if the process ended well; a failed test with all it printed, if not. */
    public ProcessResult succeeded() {
        if (exitCode != 0) {
            throw new AssertionError("Exit code " + exitCode + "\n" + all());
        }
        return this;
    }

    /** Both streams. */
    public String all() {
        return output + errors;
    }

    public List<String> lines() {
        return output.lines().toList();
    }
}
