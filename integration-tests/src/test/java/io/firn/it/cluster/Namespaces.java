package io.firn.it.cluster;

import io.firn.it.harness.Place;
import io.firn.it.harness.ProcessResult;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network namespace for each broker, with an address of its own, on a bridge that this JVM is on too. Takes root, on Linux, and the command {@code ip}; no packet filter.
 *
 * <pre>
 *   namespace f4711x1n1                       namespace f4711x1n2
 *   eth0 198.18.7.1 ── f4711x1v1 ┐        ┌ f4711x1v2 ── eth0 198.18.7.2
 *                                bridge f4711x1
 *                                198.18.7.254, this JVM
 * </pre>
 *
 * A way is cut by telling the sender's namespace that the receiver has another hardware address, which nobody has: what is sent goes into the void, also on connections that are open, and
 * nobody is told. So a cut is of one direction, and the other direction of a connection loses its acknowledgements only, as on a real one-way fault.
 *
 * <p>Names carry the process id, so what a killed JVM left behind is removed by the next one.
 */
final class Namespaces implements Network {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Pattern NAME = Pattern.compile("f(\\d+)x\\d+(n\\d+)?");
    private static final String NOBODY = "02:00:00:00:de:ad";
    private static final int HERE = 254;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** Of a range set aside for tests between networks (RFC 2544): on no host's route. */
    private static final String RANGE = "198.18.";

    private record Cut(int from, int to) {}

    private final String name = "f" + ProcessHandle.current().pid() + "x" + NUMBER.incrementAndGet();
    private final String subnet;
    private final int brokers;
    private final Set<Cut> cuts = new HashSet<>();
    private final Thread atExit = new Thread(this::remove, "remove-" + name);

    private Namespaces(String subnet, int brokers) {
        this.subnet = subnet;
        this.brokers = brokers;
    }

    /** Whether this process may make namespaces: tried once. */
    static boolean allowed() {
        return Allowed.ANSWER;
    }

    private static final class Allowed {
        private static final boolean ANSWER = tried();

        private static boolean tried() {
            String probe = "f" + ProcessHandle.current().pid() + "x0";
            try {
                removeLeftovers();
                boolean made = ip("netns", "add", probe).exitCode() == 0 && ip("link", "add", probe, "type", "bridge").exitCode() == 0
                        && ip("link", "add", probe + "v", "type", "veth", "peer", "name", "eth0", "netns", probe).exitCode() == 0;
                ip("link", "delete", probe);
                ip("netns", "delete", probe);
                return made;
            } catch (UncheckedIOException noSuchCommand) {
                return false;
            }
        }
    }

    private static void removeLeftovers() {
        ip("netns", "list").lines().stream().map(line -> line.split(" ")[0]).filter(Namespaces::ofTheDead).forEach(left -> ip("netns", "delete", left));
        ip("-o", "link", "show", "type", "bridge").lines().stream().map(line -> line.split(":")[1].strip()).filter(Namespaces::ofTheDead).forEach(left -> ip("link", "delete", left));
    }

    private static boolean ofTheDead(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches() && ProcessHandle.of(Long.parseLong(matcher.group(1))).isEmpty();
    }

    static Namespaces open(int brokers) {
        Namespaces network = new Namespaces(freeSubnet(), brokers);
        Runtime.getRuntime().addShutdownHook(network.atExit);
        network.make();
        return network;
    }

    private static String freeSubnet() {
        String taken = ip("-o", "-4", "addr").succeeded().output();
        for (int i = 0; i < 256; i++) {
            String subnet = RANGE + Math.floorMod(ProcessHandle.current().pid() + NUMBER.get() + i, 256) + ".";
            if (!taken.contains(subnet)) {
                return subnet;
            }
        }
        throw new IllegalStateException("no free network in " + RANGE);
    }

    private void make() {
        done("link", "add", name, "type", "bridge");
        done("addr", "add", address(HERE) + "/24", "dev", name);
        done("link", "set", name, "up");
        for (int broker = 1; broker <= brokers; broker++) {
            String space = space(broker);
            done("netns", "add", space);
            done("link", "add", name + "v" + broker, "type", "veth", "peer", "name", "eth0", "netns", space);
            done("link", "set", name + "v" + broker, "master", name, "up");
            done("-n", space, "addr", "add", address(broker) + "/24", "dev", "eth0");
            done("-n", space, "link", "set", "lo", "up");
            done("-n", space, "link", "set", "eth0", "up");
        }
    }

    private String space(int broker) {
        return name + "n" + broker;
    }

    private String address(int host) {
        return subnet + host;
    }

    @Override
    public Place place(int broker) {
        return new Place(address(broker), List.of("ip", "netns", "exec", space(broker)), Map.of());
    }

    @Override
    public String here() {
        return address(HERE);
    }

    @Override
    public boolean cuts() {
        return true;
    }

    @Override
    public void cut(int from, int to) {
        done("-n", space(from), "neigh", "replace", address(to), "lladdr", NOBODY, "dev", "eth0", "nud", "permanent");
        cuts.add(new Cut(from, to));
    }

    @Override
    public void heal() {
        cuts.forEach(cut -> done("-n", space(cut.from()), "neigh", "delete", address(cut.to()), "dev", "eth0"));
        cuts.clear();
    }

    @Override
    public void close() {
        remove();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }

    private void remove() {
        for (int broker = 1; broker <= brokers; broker++) {
            ip("netns", "delete", space(broker));
        }
        ip("link", "delete", name);
    }

    private static void done(String... arguments) {
        ip(arguments).succeeded();
    }

    private static ProcessResult ip(String... arguments) {
        List<String> command = new ArrayList<>(List.of("ip"));
        command.addAll(Arrays.asList(arguments));
        return ProcessResult.of(command, "", LIMIT);
    }
}
