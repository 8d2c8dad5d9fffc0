package io.firn.gateway.cli;

import io.firn.gateway.Broker;
import io.firn.membership.Consensus;
import io.firn.membership.CpSeeds;
import io.firn.membership.CpSettings;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.MetadataStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/**
 * A short life of a broker, for the class-data archive that the launcher makes of the classes it loads: start, a topic, some records in and out
 * with and without a group, records out of the cold tier, metrics, stop; for brokers of clusters, also a consensus of three. All in a temporary directory and on free ports.
 *
 * <p>A step that fails costs only the classes it would have loaded, so it is told and the rest goes on; only a broker that does not start fails.
 */
final class Rehearsal {

    private static final int LIMIT_SECONDS = 180;
    private static final int RECORDS = 20_000;
    private static final String TOPIC = "rehearsal";
    /** Longest wait for records to leave the local disk. */
    private static final long SETTLE_NANOS = TimeUnit.SECONDS.toNanos(20);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    private static final Set<Integer> VOTERS = Set.of(1, 2, 3);
    private static final String HERE = "127.0.0.1";
    private static final long CONSENSUS_SECONDS = 30;
    private static final long CALL_MS = 10_000;

    private Rehearsal() {}

    /** @param ofCluster whether it also has its part in a cluster's consensus, which takes some seconds more */
    static int run(boolean ofCluster) {
        CountDownLatch ended = new CountDownLatch(1);
        Thread limit = new Thread(() -> haltUnless(ended), "firn-rehearsal-limit");
        limit.setDaemon(true);
        limit.start();
        try {
            rehearse(DemoDirectory.create(), ofCluster);
            return Main.OK;
        } catch (IOException failed) {
            System.err.println("firn: " + failed);
            return Main.FAILED;
        } finally {
            ended.countDown();
        }
    }

    private static void haltUnless(CountDownLatch ended) {
        try {
            if (!ended.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                System.err.println("firn: the rehearsal took longer than " + LIMIT_SECONDS + " s");
                Runtime.getRuntime().halt(Main.FAILED);
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private static void rehearse(DemoDirectory directory, boolean ofCluster) throws IOException {
        UpArguments arguments = UpArguments.plain("--data", directory.data().toString(), "--kafka-port", "0", "--http-port", "0",
                "--set", "group.offsets.partitions=1", "--set", "retention.check.interval.ms=100",
                "--set", "cold.cache.bytes=16777216", "--set", "kafka.inflight.max.bytes=16777216", "--set", "cold.read.parallelism=1", "--set", "cold.upload.parallelism=1") // whatever memory the operator's options leave
                .orElseThrow();
        ShutdownHook hook = ShutdownHook.quiet(directory::delete);
        // Without the environment: it may name a real bucket.
        try (Broker broker = Up.start(arguments, Map.of())) {
            String bootstrap = "--bootstrap-server=127.0.0.1:" + broker.kafkaPort();
            step(new TopicCommand(), "create", TOPIC, "--partitions=2", bootstrap);
            step(new ProduceCommand(lines()), TOPIC, "--key-separator=:", bootstrap);
            step(new ConsumeCommand(new ByteArrayOutputStream()), TOPIC, "--from-beginning", "--exit-at-end", bootstrap);
            step(new ConsumeCommand(new ByteArrayOutputStream()), TOPIC, "--from-beginning", "--exit-at-end", "--group=rehearsal", bootstrap);
            step(new TopicCommand(), "describe", TOPIC, bootstrap);
            cold("127.0.0.1:" + broker.kafkaPort(), bootstrap);
            page(broker, "/metrics");
            page(broker, "/health/ready");
            if (ofCluster) {
                consensus(directory.data().resolve("cp"));
            }
        } finally {
            if (hook.remove()) {
                directory.delete();
            }
        }
    }

    private static void step(Object command, String... args) {
        int exitCode = Commands.execute(command, args);
        if (exitCode != Main.OK) {
            System.err.println("firn: not rehearsed: " + command.getClass().getSimpleName() + ' ' + String.join(" ", args));
        }
    }

    /** Records that leave the local disk and are read back from the cold tier. */
    private static void cold(String address, String bootstrap) {
        try (DemoTopic topic = new DemoTopic(address)) {
            topic.create();
            step(new ProduceCommand(lines()), DemoTopic.NAME, "--key-separator=:", bootstrap);
            topic.letItSettle();
            long limit = System.nanoTime() + SETTLE_NANOS;
            while (!topic.tiers().allCold()) {
                if (System.nanoTime() > limit) {
                    throw new CliFailure(Main.FAILED, "records did not leave the local disk");
                }
                LockSupport.parkNanos(LOOK_NANOS);
            }
            step(new ConsumeCommand(new ByteArrayOutputStream()), DemoTopic.NAME, "--from-beginning", "--exit-at-end", bootstrap);
        } catch (CliFailure failed) {
            notRehearsed("the cold tier", failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    /** Three members in this process that form a consensus and use it. */
    private static void consensus(Path directory) {
        Map<Integer, Integer> ports = new TreeMap<>();
        List<Consensus> members = new ArrayList<>();
        try {
            VOTERS.forEach(id -> ports.put(id, freePort()));
            CpSeeds seeds = new CpSeeds.Listed(ports.values().stream().map(port -> HERE + ':' + port).toList());
            for (int id : VOTERS) {
                CpSettings settings = new CpSettings(id, TOPIC, Optional.of(HERE), ports.get(id), Optional.empty(), seeds, VOTERS.size(), CpSettings.Timings.DEFAULT);
                Path own = Files.createDirectories(directory.resolve(Integer.toString(id)));
                members.add(Consensus.start(settings, own, VOTERS, failed -> notRehearsed("the consensus", failed)));
            }
            for (Consensus member : members) {
                member.ready().get(CONSENSUS_SECONDS, TimeUnit.SECONDS);
            }
            MetadataStore store = members.get(0).metadataStore();
            Head first = new Head(1, 1, new EntryHash(1, 1, 1, 1));
            store.compareAndSetHead(store.readHead(CALL_MS).get(), first, CALL_MS).get();
            store.acquireController(CALL_MS).get();
        } catch (IOException | RuntimeException | ExecutionException | TimeoutException failed) {
            notRehearsed("the consensus", failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        } finally {
            members.forEach(Consensus::close);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void notRehearsed(String what, Throwable why) {
        System.err.println("firn: not rehearsed: " + what + ": " + why.getMessage());
    }

    private static InputStream lines() {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < RECORDS; i++) {
            lines.append(i).append(":a line of the rehearsal, number ").append(i).append('\n');
        }
        return new ByteArrayInputStream(lines.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static void page(Broker broker, String path) {
        try (InputStream in = URI.create("http://127.0.0.1:" + broker.httpPort() + path).toURL().openStream()) {
            in.readAllBytes();
        } catch (IOException failed) {
            notRehearsed(path, failed);
        }
    }
}
