package io.firn.it.harness;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for brokers that come back at the same place. They lie below the range from which the operating system takes ports of outgoing connections: of a port in that range, a client
 * that tries again and again to reach a dead broker may be given the very port it dials, connect to itself, and keep the broker from coming back.
 *
 * <p>Each of the JVMs that run tests beside each other ({@code -Dfirn.fork=N}) has a range of its own: what one has chosen for a broker that does not run yet is not to be found free by another.
 * Nor is it chosen twice within one, until {@value #KEPT} others have been: three brokers with four ports each would be given the same port twice in one run of fifty.
 *
 * <p>For any thread.
 */
public final class FreePorts {

    private static final int LOWEST = 20_000;
    private static final int USUAL_RANGE_START = 32_768;
    private static final int ATTEMPTS = 200;
    private static final int KEPT = 400;
    private static final int FORKS = 4;
    private static final int FORK = Integer.getInteger("firn.fork", 1) % FORKS;
    /** The last ones, oldest first. */
    private static final Set<Integer> CHOSEN = new LinkedHashSet<>();

    private FreePorts() {}

    public static synchronized int next() {
        int above = Math.min(outgoingRangeStart(), 49_152);
        int lowest = Math.min(LOWEST, above - FORKS * 1_000);
        int share = (above - lowest) / FORKS;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = lowest + FORK * share + ThreadLocalRandom.current().nextInt(share);
            if (!CHOSEN.contains(port) && free(port)) {
                choose(port);
                return port;
            }
        }
        throw new IllegalStateException("No free port below " + above);
    }

    private static void choose(int port) {
        CHOSEN.add(port);
        if (CHOSEN.size() > KEPT) {
            CHOSEN.remove(CHOSEN.iterator().next());
        }
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (IOException inUse) {
            return false;
        }
    }

    private static int outgoingRangeStart() {
        Path range = Path.of("/proc/sys/net/ipv4/ip_local_port_range");
        if (!Files.isReadable(range)) {
            return USUAL_RANGE_START;
        }
        try {
            int start = Integer.parseInt(Files.readString(range).strip().split("\\s+")[0]);
            return start > LOWEST / 2 ? start : USUAL_RANGE_START;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
