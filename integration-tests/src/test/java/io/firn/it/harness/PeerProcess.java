package io.firn.it.harness;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A long-lived program of other people's libraries, in a process of its own with the jars of a peer. Its output, over all its starts, is in {@code target/it-logs}.
 *
 * <p>Threading: for one thread at a time, the test's.
 */
public final class PeerProcess implements AutoCloseable {

    private static final long END_LIMIT_S = 60;

    private final List<String> command;
    private final Path log;
    private Process process;

    private PeerProcess(List<String> command, String name) {
        this.command = command;
        this.log = Layout.logs().resolve(name + ".log");
        try {
            Files.deleteIfExists(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * A main class of this module's tests, or of the peer's jars. Not started yet.
     *
     * @param peer such as {@code streams}
     * @param name of its log file
     */
    public static PeerProcess of(String peer, String mainClass, String name, List<String> jvmFlags, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(Processes.java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xmx256m"));
        command.addAll(Processes.quietFlags());
        command.addAll(jvmFlags);
        command.addAll(List.of("-cp", String.join(File.pathSeparator, Layout.testClasses().toString(), Layout.peer(peer) + File.separator + "*"), mainClass));
        command.addAll(arguments);
        return new PeerProcess(command, name);
    }

    public PeerProcess start() {
        try {
            process = Processes.watched(new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile())).start());
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public boolean alive() {
        return process != null && process.isAlive();
    }

    /** SIGKILL, and waits until it is gone. */
    public void kill9() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** SIGTERM, and waits until it is gone. */
    public void stop() {
        process.destroy();
        awaitEnd();
    }

    private void awaitEnd() {
        try {
            if (!process.waitFor(END_LIMIT_S, TimeUnit.SECONDS)) {
                throw new AssertionError("Process " + process.pid() + " did not end within " + END_LIMIT_S + " s; its log is " + log);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    public String logText() {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public Path log() {
        return log;
    }

    @Override
    public void close() {
        if (alive()) {
            kill9();
        }
    }
}
