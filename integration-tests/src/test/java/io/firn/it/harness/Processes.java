package io.firn.it.harness;

import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The child processes of this test run. Each is ended by its own process id, at the latest when this JVM ends.
 *
 * <p>Threading: thread-safe.
 */
public final class Processes {

    private static final Duration SIGNAL_LIMIT = Duration.ofSeconds(30);
    private static final Set<Process> ALIVE = ConcurrentHashMap.newKeySet();

    private static final Set<Runnable> LAST = ConcurrentHashMap.newKeySet();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Processes::end, "end-children"));
    }

    private Processes() {}

    private static void end() {
        ALIVE.forEach(Process::destroyForcibly);
        LAST.forEach(Runnable::run);
    }

    /** Runs the task when this JVM ends, after its children were killed: for processes that they have started and that outlive them. */
    public static void lastly(Runnable task) {
        LAST.add(task);
    }

    /** There is nothing left to do for the task. */
    public static void notLastly(Runnable task) {
        LAST.remove(task);
    }

    /** Sees to it that the process does not outlive this one. */
    static Process watched(Process process) {
        ALIVE.add(process);
        process.onExit().thenRun(() -> ALIVE.remove(process));
        return process;
    }

    /** Sends a signal, such as {@code STOP}, to a process of ours. */
    static void signal(long pid, String signal) {
        ProcessResult.of(List.of("kill", "-" + signal, Long.toString(pid)), "", SIGNAL_LIMIT).succeeded();
    }

    /** The JDK these tests run on. */
    static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    /** Flags that JDKs of 24 and later need for quiet starts, as the launcher gives them. */
    static List<String> quietFlags() {
        return Runtime.version().feature() < 24 ? List.of() : List.of("--sun-misc-unsafe-memory-access=allow", "--enable-native-access=ALL-UNNAMED");
    }

    /** The class path of these tests without the tests: what a broker needs, and a little more. */
    static List<Path> brokerClassPath() {
        return classPath(entry -> !ofTests(entry));
    }

    /** The class path of these tests, beginning with the broker's. */
    static List<Path> ownClassPath() {
        List<Path> all = new ArrayList<>(brokerClassPath());
        all.addAll(classPath(Processes::ofTests));
        return all;
    }

    private static List<Path> classPath(Predicate<Path> wanted) {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator)).map(Path::of).filter(wanted).toList();
    }

    private static boolean ofTests(Path entry) {
        return entry.endsWith("test-classes") || entry.toString().endsWith("-tests.jar");
    }

    /** As {@code -cp} takes it. */
    static String joined(List<Path> classPath) {
        return classPath.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
    }
}
