package io.firn.it.bench;

import io.firn.cold.s3.S3Server;
import io.firn.it.harness.FreePorts;
import io.firn.it.harness.HttpCalls;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * A broker whose bucket is far away, each part a process of its own: S3 server, the long way to it, the broker (by the launcher, with its defaults), clients.
 *
 * <pre>
 *   clients ─ Kafka ─▶ broker (cold.provider=s3) ─▶ long way: delay to the first byte, {@value #BYTES_PER_SECOND} bytes/s a connection ─▶ S3 server ─▶ directory
 *                                                      └─ ranges of objects, unless all goes through the server ──────────────────────────▶
 * </pre>
 *
 * <p>Threading: for one thread.
 */
final class ReplayRig extends ReplayBroker {

    static final long BYTES_PER_SECOND = 90_000_000;

    private static final List<String> STORE_JVM = List.of("-Xmx512m", "-XX:+UseParallelGC");
    private static final List<String> PROXY_JVM = List.of("-Xmx64m", "-XX:+UseSerialGC", "-XX:MaxDirectMemorySize=1g");

    private final Attendant store;
    private final Attendant way;
    private final int httpPort;

    private ReplayRig(Attendant store, Attendant way, BrokerProcess broker, Path work, int httpPort) throws IOException {
        super(Peer.FIRN, broker, work, "");
        this.store = store;
        this.way = way;
        this.httpPort = httpPort;
    }

    /** On empty directories, and near until {@link #delay}. */
    static ReplayRig start(Layout layout, ReplayPlan plan) throws IOException, InterruptedException {
        Path work = layout.work();
        String directory = layout.fresh("replay-bucket").toString();
        Attendant store = Attendant.start(StoreMain.class, work.resolve("replay-store.log"), STORE_JVM, directory);
        List<String> arguments = new ArrayList<>(List.of(store.answer()[0], "" + BYTES_PER_SECOND));
        if (!plan.throughServer()) {
            arguments.add(directory);
        }
        Attendant way = Attendant.start(ProxyMain.class, work.resolve("replay-proxy.log"), PROXY_JVM, arguments.toArray(String[]::new));
        int httpPort = FreePorts.next();
        BrokerProcess broker = broker(layout, "http://127.0.0.1:" + way.answer()[0], httpPort, plan.settings());
        Admins.awaitReady(broker);
        return new ReplayRig(store, way, broker, work, httpPort);
    }

    private static BrokerProcess broker(Layout layout, String endpoint, int httpPort, Map<String, String> settings) throws IOException {
        int port = FreePorts.next();
        List<String> command = new ArrayList<>(List.of(layout.firnLauncher().toString(), "up", "--data", layout.fresh("replay-data").toString(), "--kafka-port", "" + port, "--http-port", "" + httpPort,
                "--set", "logging.level=warn", "--set", "cold.provider=s3", "--set", "cold.endpoint=" + endpoint, "--set", "cold.bucket=firn", "--set", "cold.region=" + S3Server.REGION,
                "--set", "cold.access.key=" + S3Server.ACCESS_KEY, "--set", "cold.secret.key=" + S3Server.SECRET_KEY, "--set", "cold.disk.cache.bytes=0"));
        settings.forEach((key, value) -> command.addAll(List.of("--set", key + "=" + value)));
        return BrokerProcess.start(command, "127.0.0.1:" + port, layout.work().resolve("replay-broker.log"));
    }

    /** How far away the bucket is from now on. */
    void delay(int delayMs) throws IOException {
        way.ask("delay " + delayMs);
    }

    /** From now on what would be other machines leaves the processors to the broker and its first client: S3 server, long way, second client. For good. */
    void othersGiveWay() throws IOException, InterruptedException {
        store.proc().giveWay();
        way.proc().giveWay();
        otherClient().proc().giveWay();
    }

    /** From now on the clients run on processors of their own, as on a machine of their own: half of them, and all else on the others. Or, again, everything on all. */
    void clientsApart(boolean apart) throws IOException, InterruptedException {
        int processors = Runtime.getRuntime().availableProcessors();
        if (processors < 2) {
            throw new IOException("clients on processors of their own: there is only one");
        }
        int half = apart ? processors / 2 : 0;
        int last = processors - 1;
        for (Attendant each : List.of(client(), otherClient())) {
            each.proc().runOn(half, last);
        }
        for (Proc each : List.of(store.proc(), way.proc(), brokerProc())) {
            each.runOn(0, apart ? half - 1 : last);
        }
    }

    /** What the processes have used so far, and what the broker and the long way have counted. */
    @Override
    Usage usage() throws IOException {
        String[] requests = way.ask("requests");
        String page = HttpCalls.get(URI.create("http://127.0.0.1:" + httpPort + "/metrics")).body();
        return new Usage(System.nanoTime(), brokerProc().cpuSeconds(), store.proc().cpuSeconds(), way.proc().cpuSeconds(), client().proc().cpuSeconds(), Long.parseLong(requests[0]), Long.parseLong(requests[1]),
                requests(page, "put|put_if_absent|upload_part"), requests(page, "create_upload|complete_upload"), sum(page, "firn_cold_fetched_bytes_total"), sum(page, "firn_cold_delivered_bytes_total"), sum(page, "firn_cold_offloaded_bytes_total"));
    }

    /** How many requests to the bucket the broker has counted whose operation matches. */
    private static double requests(String page, String operations) throws IOException {
        return sum(page, "firn_cold_store_requests_seconds_count", Pattern.compile("operation=\"(" + operations + ")\"").asPredicate());
    }

    private static double sum(String page, String name) throws IOException {
        return sum(page, name, series -> true);
    }

    /** The sum of all wanted series of this name, of which there may be none. Fails where there is no series of the name at all, so that a wrong one does not pass for 0. */
    private static double sum(String page, String name, Predicate<String> wanted) throws IOException {
        List<String> series = page.lines().filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{")).toList();
        if (series.isEmpty()) {
            throw new IOException("no metric " + name);
        }
        return series.stream().filter(wanted).mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ')))).sum();
    }

    @Override
    public void close() throws IOException, InterruptedException {
        super.close();
        way.close();
        store.close();
    }
}
