package io.firn.it.harness;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Apache Kafka's own command line tools, each run as a process of its own with the jars of {@code peers/kafka}. */
public final class KafkaTool {

    private static final Duration LIMIT = Duration.ofSeconds(120);
    /** Of a short-lived JVM. */
    private static final List<String> JVM = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto", "-Xmx256m",
            "-Djava.io.tmpdir=" + Path.of(System.getProperty("java.io.tmpdir")));
    private static final String BOOTSTRAP = "--bootstrap-server";
    /** Changes nothing, and loads most of what tools have in common. */
    private static final String[] REHEARSED = {"--describe", "--entity-type", "brokers", "--all"};

    private KafkaTool() {}

    /** Runs a tool's main class to its end. */
    public static ProcessResult run(String mainClass, String... arguments) {
        return feed("", mainClass, arguments);
    }

    /** The same with standard input. */
    public static ProcessResult feed(String input, String mainClass, String... arguments) {
        List<Path> jars = jars();
        return ProcessResult.of(command(archived(jars, List.of(arguments)), Processes.joined(jars), mainClass, arguments), input, LIMIT);
    }

    private static List<Path> jars() {
        try (Stream<Path> files = Files.list(Layout.peer("kafka"))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The first tool that speaks to a broker has another one speak to it before, for the archive. */
    private static List<String> archived(List<Path> jars, List<String> arguments) {
        int at = arguments.indexOf(BOOTSTRAP);
        if (at < 0) {
            return List.of();
        }
        List<String> rehearsal = new ArrayList<>(List.of("kafka.admin.ConfigCommand", BOOTSTRAP, arguments.get(at + 1)));
        rehearsal.addAll(List.of(REHEARSED));
        return ClassArchive.flags("kafka", JVM, jars, rehearsal.toArray(String[]::new));
    }

    /** A main class of this module's tests with the client library of a peer, such as {@code clients-2.8}. */
    public static ProcessResult runWithClient(String peer, Class<?> main, String... arguments) {
        String classPath = String.join(File.pathSeparator, Layout.testClasses().toString(), Layout.peer(peer) + File.separator + "*");
        return ProcessResult.of(command(List.of(), classPath, main.getName(), arguments), "", LIMIT);
    }

    /** The same with the client library these tests themselves run on. */
    public static ProcessResult runWithOwnClient(Class<?> main, String... arguments) {
        return ProcessResult.of(command(List.of(), System.getProperty("java.class.path"), main.getName(), arguments), "", LIMIT);
    }

    private static List<String> command(List<String> archive, String classPath, String mainClass, String... arguments) {
        List<String> command = new ArrayList<>(List.of(Processes.java()));
        command.addAll(JVM);
        command.addAll(archive);
        command.addAll(Processes.quietFlags());
        command.addAll(List.of("-cp", classPath, mainClass));
        command.addAll(List.of(arguments));
        return command;
    }
}
