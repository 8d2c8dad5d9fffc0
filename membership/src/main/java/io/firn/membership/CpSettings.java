package io.firn.membership;

import java.util.Optional;
import java.util.Set;

/**
 * What a broker must know to take part in the cluster's consensus. Immutable.
 *
 * @param brokerId this broker; no two in a cluster have the same
 * @param clusterName brokers with another name are kept away
 * @param host address to listen on; empty lets the machine's first one be taken. On each of several brokers of one machine it may be the same. A wildcard ({@code 0.0.0.0}, {@code ::}) listens on
 *     all, and needs a public address: no member connects to a wildcard
 * @param port port to listen on, the same one after every restart or another
 * @param publicAddress {@code host:port} the others are told, where it is not the one listened on
 * @param seeds how the others are found
 * @param voters number of members that vote: 3, 5 or 7, the same on all brokers; fewer than half of them may be lost at once
 * @param timings how long things may take
 * @param presence what the other brokers are shown of this process
 */
public record CpSettings(int brokerId, String clusterName, Optional<String> host, int port, Optional<String> publicAddress, CpSeeds seeds, int voters, Timings timings,
        Optional<CpPeer.Presence> presence) {

    private static final Set<String> WILDCARDS = Set.of("0.0.0.0", "::", "0:0:0:0:0:0:0:0");

    /**
     * How long things may take, in seconds.
     *
     * @param sessionSeconds silence after which the controller's lock is taken from it. Too small: a pause of the collector costs the controllership; too large: a lost controller is missed later
     * @param heartbeatSeconds time between two signs of life
     * @param silenceSeconds silence after which a broker counts as gone from the cluster; a closed connection is noticed at once
     * @param snapshotEntries entries of a Raft group between two snapshots. Too small: more writing; too large: more memory, each entry holds two heads
     */
    public record Timings(int sessionSeconds, int heartbeatSeconds, int silenceSeconds, int snapshotEntries) {

        public static final Timings DEFAULT = new Timings(5, 1, 5, 1000);

        public Timings {
            if (heartbeatSeconds < 1 || sessionSeconds <= heartbeatSeconds || silenceSeconds <= heartbeatSeconds || snapshotEntries < 10) {
                throw new IllegalArgumentException("heartbeats must be more frequent than the silence they prevent: session " + sessionSeconds + " s, heartbeat " + heartbeatSeconds + " s, silence "
                        + silenceSeconds + " s, snapshot after " + snapshotEntries + " entries (10 or more)");
            }
        }
    }

    /** Of a member that takes no messages beside those of the CP subsystem. */
    public CpSettings(int brokerId, String clusterName, Optional<String> host, int port, Optional<String> publicAddress, CpSeeds seeds, int voters, Timings timings) {
        this(brokerId, clusterName, host, port, publicAddress, seeds, voters, timings, Optional.empty());
    }

    public CpSettings {
        if (voters != 3 && voters != 5 && voters != 7) {
            throw new IllegalArgumentException("3, 5 or 7 members vote, not " + voters);
        }
        if (brokerId < 0 || port < 1 || port > 0xffff) {
            throw new IllegalArgumentException("no broker has id " + brokerId + " and port " + port);
        }
        if (host.filter(CpSettings::isWildcard).isPresent() && publicAddress.isEmpty()) {
            throw new IllegalArgumentException("a member that listens on " + host.get() + ", all addresses, needs a public address that the others are told");
        }
    }

    /** Whether to listen on all addresses of the machine. */
    public boolean everywhere() {
        return host.filter(CpSettings::isWildcard).isPresent();
    }

    /** Whether this means all addresses of a machine, where nobody can connect to. */
    public static boolean isWildcard(String host) {
        return WILDCARDS.contains(host);
    }
}
