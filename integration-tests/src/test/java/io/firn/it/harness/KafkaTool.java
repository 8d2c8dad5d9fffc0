package io.firn.it.harness;

import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Apache Kafka's own command line tools, each run as a process of its own with the jars of {@code peers/kafka}. */
public final class KafkaTool {

    private static final Duration LIMIT = Duration.ofSeconds(120);

    private KafkaTool() {}

    /** Runs a tool's main class to its end. */
    public static ProcessResult run(String mainClass, String... arguments) {
        return ProcessResult.of(command(mainClass, arguments), "", LIMIT);
    }

    /** The same with standard input. */
    public static ProcessResult feed(String input, String mainClass, String... arguments) {
        return ProcessResult.of(command(mainClass, arguments), input, LIMIT);
    }

    private static List<String> command(String mainClass, String... arguments) {
        return JavaCommand.of(Layout.peer("kafka") + File.separator + "*", mainClass, arguments);
    }

    /** A main class of this module's tests with the client library of a peer, such as {@code clients-2.8}. */
    public static ProcessResult runWithClient(String peer, Class<?> main, String... arguments) {
        String classPath = String.join(File.pathSeparator, Layout.testClasses().toString(), Layout.peer(peer) + File.separator + "*");
        return ProcessResult.of(JavaCommand.of(classPath, main.getName(), arguments), "", LIMIT);
    }

    /** The same with the client library these tests themselves run on. */
    public static ProcessResult runWithOwnClient(Class<?> main, String... arguments) {
        return ProcessResult.of(JavaCommand.of(System.getProperty("java.class.path"), main.getName(), arguments), "", LIMIT);
    }

    /** Makes the command line of a short-lived JVM. */
    private static final class JavaCommand {
        private JavaCommand() {}

        static List<String> of(String classPath, String mainClass, String... arguments) {
            List<String> command = new ArrayList<>(List.of(Processes.java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto", "-Xmx256m",
                    "-Djava.io.tmpdir=" + Path.of(System.getProperty("java.io.tmpdir"))));
            command.addAll(Processes.quietFlags());
            command.addAll(List.of("-cp", classPath, mainClass));
            command.addAll(List.of(arguments));
            return command;
        }
    }
}
