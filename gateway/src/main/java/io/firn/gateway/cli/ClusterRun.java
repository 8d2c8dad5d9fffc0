package io.firn.gateway.cli;

import io.firn.gateway.cli.LocalCluster.Member;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * The processes of a {@link LocalCluster}: started with the options of this one, and stopped with it. One that ends by itself is told of, and not started again: what becomes of the others then is what people want to see.
 *
 * <p>Threading: the main thread, and the one that stops.
 */
final class ClusterRun {

    private static final long START_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(120);
    private static final long LOOK_MS = 100;
    private static final int HTTP_MS = 2_000;
    /** Before the limit of {@link ShutdownHook}. */
    private static final long STOP_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(ShutdownHook.STOP_LIMIT_SECONDS - 2);

    private final LocalCluster cluster;
    private final Map<Member, Process> processes = new LinkedHashMap<>();
    private volatile boolean stopping;

    ClusterRun(LocalCluster cluster) {
        this.cluster = cluster;
    }

    int run() throws Exception {
        CompletableFuture<Void> begun = new CompletableFuture<>();
        ShutdownHook hook = ShutdownHook.talking(() -> {
            stopping = true;
            begun.get();
            stop();
        });
        try {
            startAll();
        } finally {
            begun.complete(null);
        }
        try {
            awaitReady();
        } catch (CliFailure failed) {
            if (!hook.remove()) {
                return Main.OK; // a signal came; the hook ends this process
            }
            stop();
            throw failed;
        }
        cluster.rememberFormed();
        System.out.print(banner());
        System.out.flush();
        CompletableFuture.allOf(processes.entrySet().stream().map(entry -> entry.getValue().onExit().thenAccept(ended -> tell(entry.getKey(), ended))).toArray(CompletableFuture[]::new)).join();
        if (!hook.remove()) {
            Thread.currentThread().join();
        }
        throw new CliFailure(Main.FAILED, "all brokers have ended");
    }

    private void startAll() throws IOException {
        for (Member member : cluster.members()) {
            if (!stopping) {
                processes.put(member, start(member));
            }
        }
    }

    private Process start(Member member) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(List.of("-D" + Up.PARENT + "=" + ProcessHandle.current().pid(), "-cp", System.getProperty("java.class.path"), Main.class.getName(), "up", "--config", member.configFile().toString()));
        if (!cluster.formed()) {
            command.add("--form");
        }
        File log = member.log().toFile();
        return new ProcessBuilder(command).redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null"))).redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.appendTo(log)).start();
    }

    private void awaitReady() throws InterruptedException {
        long limit = System.nanoTime() + START_LIMIT_NANOS;
        List<Member> waiting = new ArrayList<>(processes.keySet());
        while (!waiting.isEmpty()) {
            Optional<Member> failed = processes.keySet().stream().filter(member -> !processes.get(member).isAlive()).findFirst();
            if (failed.isPresent()) {
                throw new CliFailure(Main.FAILED, "broker " + failed.get().id() + " did not start: " + lastLine(failed.get()) + " (" + failed.get().log() + ")");
            }
            if (System.nanoTime() > limit) {
                throw new CliFailure(Main.FAILED, "broker " + waiting.get(0).id() + " is not ready after " + TimeUnit.NANOSECONDS.toSeconds(START_LIMIT_NANOS) + " s (" + waiting.get(0).log() + ")");
            }
            waiting.removeIf(ClusterRun::ready);
            processes.get(processes.keySet().iterator().next()).waitFor(LOOK_MS, TimeUnit.MILLISECONDS);
        }
    }

    private static boolean ready(Member member) {
        try {
            HttpURLConnection page = (HttpURLConnection) URI.create("http://" + member.config().http().host() + ":" + member.config().http().port() + "/health/ready").toURL().openConnection();
            page.setConnectTimeout(HTTP_MS);
            page.setReadTimeout(HTTP_MS);
            try (InputStream in = page.getInputStream()) {
                in.readAllBytes();
                return page.getResponseCode() == HttpURLConnection.HTTP_OK;
            }
        } catch (IOException notYet) {
            return false;
        }
    }

    private static String lastLine(Member member) {
        try (var lines = Files.lines(member.log())) {
            return lines.reduce((before, line) -> line).orElse("it said nothing");
        } catch (IOException e) {
            return e.toString();
        }
    }

    private String banner() {
        StringBuilder text = new StringBuilder("Firn is up: a cluster of " + cluster.members().size() + " brokers.\n  Kafka clients   " + cluster.bootstrap() + "\n");
        processes.forEach((member, process) -> text.append("  Broker %-8d Kafka %d, metrics http://%s:%d/metrics, process %d, log %s\n".formatted(member.id(), member.config().kafka().port(),
                member.config().http().host(), member.config().http().port(), process.pid(), member.log())));
        return text.append("  Try             kill -9 one of them; start it again: firn up --config ").append(cluster.members().get(0).configFile())
                .append("\n  Stop            Ctrl-C, or kill ").append(ProcessHandle.current().pid()).append('\n').toString();
    }

    private void tell(Member member, Process ended) {
        if (!stopping) {
            System.err.println("firn: broker " + member.id() + " has ended with exit code " + ended.exitValue());
        }
    }

    /** All at once: each gives its leaderships to those that are left, as long as there is a majority. */
    private void stop() throws InterruptedException {
        processes.values().forEach(Process::destroy);
        long limit = System.nanoTime() + STOP_LIMIT_NANOS;
        List<Integer> unclean = new ArrayList<>();
        for (Map.Entry<Member, Process> entry : processes.entrySet()) {
            if (!endedBy(entry.getValue(), limit)) {
                entry.getValue().destroyForcibly();
                unclean.add(entry.getKey().id());
            }
        }
        if (!unclean.isEmpty()) {
            throw new CliFailure(Main.FAILED, "brokers " + unclean + " did not stop in time and were killed");
        }
    }

    private static boolean endedBy(Process process, long limit) throws InterruptedException {
        try {
            process.onExit().get(Math.max(1, limit - System.nanoTime()), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
