package io.firn.membership.hazelcast;

import com.hazelcast.instance.impl.HazelcastInstanceProxy;
import io.firn.membership.CpSeeds;
import io.firn.membership.CpSettings;
import io.firn.membership.CpSettings.Timings;
import io.firn.membership.Seeds;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Real members in this JVM over simulated disks, which can lose power: the whole of Hazelcast and of the store, and only process and disk are not real.
 *
 * <p>A member whose disk loses power, or fails, is silenced on the thread that met the error, before Raft can answer anybody, as the halt of its process would.
 *
 * <p>Confined to the test's thread, but for the disks, which their stores guard.
 */
final class SimCluster implements AutoCloseable {

    private static final long READY_S = 90;
    private static final int LOWEST_PORT = 20_000;
    private static final int PORTS_OF_A_FORK = 3_000;
    private static final String HOST = "127.0.0.1";
    private static final int FORK = Integer.getInteger("firn.fork", 1) % 4;

    private final Map<Integer, SimFolder> folders = new HashMap<>();
    private final Map<Integer, Integer> ports = new HashMap<>();
    private final Map<Integer, CpMember> running = new HashMap<>();
    private final Set<Integer> founders;
    private final Set<Integer> off = ConcurrentHashMap.newKeySet();
    private final CountDownLatch failure = new CountDownLatch(1);
    private final String host;

    SimCluster(long seed) {
        this(seed, HOST);
    }

    /** Of members that listen on {@code host} and are told to each other by the loopback address. */
    SimCluster(long seed, String host) {
        this.host = host;
        founders = Set.of(1, 2, 3);
        for (int id : founders) {
            folders.put(id, new SimFolder(Seeds.random(seed * 31 + id)));
            ports.put(id, freePort());
        }
    }

    /** Below the range of outgoing connections, one of which could otherwise take it while a member is down, and apart from those of the test JVMs beside this one, which could too. */
    private static int freePort() {
        int lowest = LOWEST_PORT + FORK * PORTS_OF_A_FORK;
        for (int attempt = 0; attempt < 200; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(lowest, lowest + PORTS_OF_A_FORK);
            try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (IOException inUse) {
                continue;
            }
        }
        throw new IllegalStateException("no free port");
    }

    SimFolder folder(int id) {
        return folders.get(id);
    }

    /** Whether its disk has lost power or failed: it is silent then, or about to be. */
    boolean isOff(int id) {
        return off.contains(id);
    }

    int off() {
        return off.size();
    }

    CpMember member(int id) {
        return running.get(id);
    }

    /** Starts all that are not running, with the order to form, and does not wait. */
    SimCluster start() {
        Stream<Integer> stopped = founders.stream().filter(id -> !running.containsKey(id));
        List<Map.Entry<Integer, CpMember>> started = stopped.parallel().map(id -> Map.entry(id, start(id))).toList();
        started.forEach(entry -> running.put(entry.getKey(), entry.getValue()));
        return this;
    }

    private CpMember start(int id) {
        List<String> seeds = ports.values().stream().map(port -> HOST + ":" + port).toList();
        Optional<String> told = host.equals(HOST) ? Optional.empty() : Optional.of(HOST + ":" + ports.get(id));
        CpSettings settings = new CpSettings(id, "sim", Optional.of(host), ports.get(id), told, new CpSeeds.Listed(seeds), 3, new Timings(5, 1, 5, 100));
        CpMember[] own = new CpMember[1];
        Consumer<Throwable> silence = cause -> {
            silence(own[0]);
            off.add(id);
            failure.countDown();
        };
        own[0] = CpMember.start(settings, folders.get(id), founders, silence);
        return own[0];
    }

    private static void silence(CpMember member) {
        if (member != null) {
            ((HazelcastInstanceProxy) member.instance().hazelcast()).getOriginal().node.getServer().shutdown();
        }
    }

    void ready() throws Exception {
        for (CpMember member : running.values()) {
            member.ready().get(READY_S, TimeUnit.SECONDS);
        }
    }

    /** Waits until the disk of a member has failed. */
    void awaitFailure() throws InterruptedException {
        if (!failure.await(READY_S, TimeUnit.SECONDS)) {
            throw new AssertionError("no disk failed");
        }
    }

    /** The power of all machines goes, at the latest now. */
    void powerLoss(Loss loss) throws InterruptedException {
        running.keySet().forEach(id -> folders.get(id).crashAt(0));
        List<CpMember> all = new ArrayList<>(running.values());
        all.parallelStream().forEach(member -> {
            member.instance().terminate();
            member.close();
        });
        running.clear();
        off.clear();
        folders.replaceAll((id, folder) -> folder.afterCrash(loss));
    }

    /** These are killed; {@link #start()} starts them again. */
    void kill(int... ids) {
        for (int id : ids) {
            CpMember member = running.remove(id);
            member.instance().terminate();
            member.close();
            folders.computeIfPresent(id, (same, folder) -> folder.afterCrash(Loss.NOTHING));
        }
    }

    @Override
    public void close() {
        running.values().parallelStream().forEach(member -> {
            member.instance().terminate();
            member.close();
        });
        running.clear();
    }
}
