package io.firn.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Class-data archives for the child processes of these tests, as the launcher makes one for its users: most of what a JVM does until it serves is to load classes. An archive is made of a class path by
 * a program that runs to its end and loads what others will load; whichever test JVM needs it first makes it, and the others wait. It lies in {@code target/it-archives} and stays there until a jar of
 * its class path changes. Where none can be made, processes start without.
 *
 * <p>Threading: thread-safe, for all test JVMs of this module together.
 */
final class ClassArchive {

    private static final Duration LIMIT = Duration.ofMinutes(3);
    /** As the launcher has them: an archive that does not fit any more is no reason to write into the output of a process. */
    private static final List<String> SILENT = List.of("-Xlog:disable", "-Xlog:all=warning:stderr", "-Xlog:cds*=off:stderr");
    private static final Map<String, List<String>> FLAGS = new ConcurrentHashMap<>();

    private ClassArchive() {}

    /**
     * Flags for processes with this class path, which has to be of jars alone: a JVM takes no archive of directories.
     *
     * @param name of the archive: one for each class path
     * @param jvm flags of the program that loads the classes; those that use its archive have the same collector
     * @param program main class and arguments
     */
    static List<String> flags(String name, List<String> jvm, List<Path> classPath, String... program) {
        return FLAGS.computeIfAbsent(name, once -> {
            try {
                return make(name, jvm, classPath, List.of(program));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static List<String> make(String name, List<String> jvm, List<Path> classPath, List<String> program) throws IOException {
        Path directory = Files.createDirectories(Layout.archives());
        Path archive = directory.resolve(name + "-" + version(classPath) + ".jsa");
        try (FileChannel file = FileChannel.open(directory.resolve(name + ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE); FileLock lock = file.lock()) {
            if (!Files.exists(archive)) {
                deleteOlder(directory, name);
                Path written = directory.resolve(name + "-" + ProcessHandle.current().pid() + ".new");
                List<String> command = new ArrayList<>(List.of(Processes.java(), "-XX:ArchiveClassesAtExit=" + written));
                command.addAll(SILENT);
                command.addAll(jvm);
                command.addAll(List.of("-cp", Processes.joined(classPath)));
                command.addAll(program);
                ProcessResult result = ProcessResult.of(command, "", LIMIT);
                if (!Files.exists(written)) {
                    System.out.println("No archive of classes could be made for " + name + " (exit code " + result.exitCode() + "), processes start without: " + result.all());
                    return List.of();
                }
                Files.move(written, archive, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        List<String> flags = new ArrayList<>(SILENT);
        flags.add("-XX:SharedArchiveFile=" + archive);
        return flags;
    }

    /** Changes with the JDK, the jars and their order, as the JVM looks at them. */
    private static String version(List<Path> classPath) throws IOException {
        StringBuilder all = new StringBuilder(System.getProperty("java.vm.version"));
        for (Path jar : classPath) {
            all.append(jar).append(Files.size(jar)).append(Files.getLastModifiedTime(jar).toMillis());
        }
        return Integer.toHexString(all.toString().hashCode());
    }

    private static void deleteOlder(Path directory, String name) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            for (Path old : files.filter(file -> file.getFileName().toString().matches(name + "-.*(jsa|new)")).toList()) {
                Files.delete(old);
            }
        }
    }
}
