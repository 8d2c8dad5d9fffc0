package io.firn.it.cp;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FreePorts;
import io.firn.it.harness.JavaChild;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Members as processes, each with a directory and a port that it keeps. Confined to the test's thread.
 */
final class CpCluster implements AutoCloseable {

    private static final List<String> JVM = List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Dlogback.configurationFile=cp-process-logback.xml",
            "-Dhazelcast.level=" + System.getProperty("firn.hazelcast.level", "WARN"));

    private final String name;
    private final Path directory;
    private final Map<Integer, Integer> ports = new TreeMap<>();
    private final Map<Integer, JavaChild> running = new TreeMap<>();
    private int runs;
    private String load = "load";

    CpCluster(String name, Path directory) throws IOException {
        this.name = name;
        this.directory = directory;
        Files.createDirectories(directory.resolve("ledgers"));
        for (int id = 1; id <= 4; id++) {
            ports.put(id, FreePorts.next());
        }
    }

    Path cp(int id) {
        return directory.resolve("cp-" + id);
    }

    /** Starts members with the order to form a cluster of 1, 2 and 3, and waits until all are ready. */
    CpCluster form() {
        for (int id = 1; id <= 3; id++) {
            launch(id, "1,2,3", "-");
        }
        ready(1, 2, 3);
        return this;
    }

    CpCluster start(int... ids) {
        for (int id : ids) {
            launch(id, "-", "-");
        }
        return this;
    }

    JavaChild launch(int id, String formWith, String fault) {
        String seeds = ports.values().stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
        Path ledger = directory.resolve("ledgers").resolve("broker-" + id + "-run-" + ++runs);
        JavaChild child = JavaChild.start(CpProcess.class, JVM, List.of(Integer.toString(id), ports.get(id).toString(), cp(id).toString(), ledger.toString(), seeds, formWith, fault, load),
                "cp-" + name + "-" + id + ".log");
        running.put(id, child);
        return child;
    }

    JavaChild member(int id) {
        return running.get(id);
    }

    void ready(int... ids) {
        for (int id : ids) {
            member(id).order("ready");
        }
        for (int id : ids) {
            assertThat(member(id).answer()).isEqualTo("ready");
        }
    }

    /** Those that are started from now on do not change the head. */
    CpCluster withoutLoad() {
        load = "rest";
        return this;
    }

    /** A frame that was written in part: the end of a log as a power loss may leave it. */
    void tearLog(int id, byte[] part) throws IOException {
        try (Stream<Path> files = Files.list(cp(id))) {
            for (Path log : files.filter(file -> file.toString().endsWith(".raft")).toList()) {
                Files.write(log, part, StandardOpenOption.APPEND);
            }
        }
    }

    String log(int id) throws IOException {
        return member(id).logText();
    }

    /** Waits until {@code more} changes were confirmed since now. */
    void progress(int more) throws IOException {
        int before = Ledger.Sum.of(directory.resolve("ledgers")).confirmed().size();
        Await.until(more + " changes more than " + before, () -> Ledger.Sum.of(directory.resolve("ledgers")).confirmed().size() >= before + more);
    }

    /** All at the same moment. */
    void kill9(int... ids) {
        IntStream.of(ids).parallel().forEach(id -> member(id).kill9());
    }

    void stop(int... ids) {
        for (int id : ids) {
            member(id).order("stop");
        }
        for (int id : ids) {
            assertThat(member(id).exitCode()).isZero();
        }
    }

    void move(int id) {
        ports.put(id, FreePorts.next());
    }

    void wipe(int id) {
        try (Stream<Path> all = Files.walk(cp(id))) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String uuid(int id) {
        String who = member(id).ask("who");
        return who.substring(who.indexOf(' ') + 1);
    }

    String stage(int id) {
        String who = member(id).ask("who");
        return who.substring(0, who.indexOf(' '));
    }

    List<String> members(int id) {
        return List.of(member(id).ask("members").split(" "));
    }

    String entry(int id, String uuid) {
        return uuid + "@" + ports.get(id);
    }

    /** Everybody stops changing the head; then what was ever confirmed is in the history of the head that member {@code id} reads. */
    void checkHistory(int id) throws IOException {
        List<JavaChild> alive = running.values().stream().filter(JavaChild::alive).toList();
        alive.forEach(child -> child.order("rest"));
        alive.forEach(child -> assertThat(child.answer()).isEqualTo("resting"));
        String answer = member(id).ask("head");
        assertThat(answer).doesNotStartWith("error");
        long[] head = Stream.of(answer.split(" ")).mapToLong(Long::parseLong).toArray();
        Ledger.Sum sum = Ledger.Sum.of(directory.resolve("ledgers"));
        sum.check(new Head(head[0], (int) head[1], new EntryHash(head[2], head[3], head[4], head[5])));
        System.out.println(name + ": " + sum.confirmed().size() + " changes confirmed, version " + head[0] + ", " + sum.epochs().size() + " epochs");
    }

    @Override
    public void close() {
        running.values().forEach(child -> {
            if (child.alive()) {
                child.kill9();
            }
        });
    }
}
