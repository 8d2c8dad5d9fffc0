package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.cluster.Fault.Meanwhile;
import io.firn.it.harness.Seed;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * One fault after the other done to a cluster under load, in an order that is drawn; after each, every producer has to be served on every partition, every group and every transaction go on, and
 * every replica come back in sync. After a single failure they are served while it lasts ({@link Meanwhile}). In the end the checker reads everything and proves that no promise was broken.
 *
 * <p>{@code -Dfirn.cluster.minutes=N} sets how long, {@code -Dfirn.cluster.brokers=N} how many brokers, {@code -Dfirn.cluster.faults=A,B} which kinds, {@code -Dfirn.seed=N} the chances.
 */
class ClusterFaultsIT {

    private static final int MINUTES = Integer.getInteger("firn.cluster.minutes", 3);
    private static final int BROKERS = Integer.getInteger("firn.cluster.brokers", 3);
    private static final List<FaultKind> KINDS = Arrays.stream(System.getProperty("firn.cluster.faults", "").split(",")).filter(name -> !name.isBlank()).map(FaultKind::valueOf).toList();
    /** For coordinators, clients and brokers that each wait for the other on a machine with other work. */
    private static final Duration RECOVERY_LIMIT = Duration.ofMinutes(3);

    @RegisterExtension
    final LastLines lastLines = new LastLines();

    @TempDir
    Path directory;

    private final List<String> log = new ArrayList<>();
    private final long started = System.nanoTime();

    @Test
    void everyPromiseIsKeptThroughOneFaultAfterTheOther() {
        Random random = Seed.random("everyPromiseIsKeptThroughOneFaultAfterTheOther");
        ClusterHarness cluster = lastLines.of(ClusterHarness.of(BROKERS, directory, Map.of())).form();
        try (Workload load = Workload.start(cluster, random)) {
            load.awaitProgress(RECOVERY_LIMIT);
            say("the load runs");
            Arrays.stream(FaultKind.values()).filter(kind -> !kind.possible(cluster)).forEach(kind -> say("not possible here: " + kind));
            long end = System.nanoTime() + Duration.ofMinutes(MINUTES).toNanos();
            int faults = 0;
            for (List<FaultKind> order = order(cluster, random); System.nanoTime() - end < 0; order = order.isEmpty() ? order(cluster, random) : order) {
                inject(cluster, load, order.remove(0).draw(cluster, random));
                faults++;
            }
            load.finish();
            List<String> verdict = load.verdict();
            say(faults + " faults; " + load.summary() + "; " + (verdict.isEmpty() ? "no promise broken" : verdict.size() + " promises broken"));
            assertThat(verdict).as("broken promises after\n%s", String.join("\n", log)).isEmpty();
        }
    }

    private static List<FaultKind> order(ClusterHarness cluster, Random random) {
        List<FaultKind> order = new ArrayList<>(KINDS.isEmpty() ? Arrays.asList(FaultKind.values()) : KINDS);
        order.removeIf(kind -> !kind.possible(cluster));
        Collections.shuffle(order, random);
        return order;
    }

    private void inject(ClusterHarness cluster, Workload load, Fault fault) {
        if (fault.meanwhile() == Meanwhile.ALL_CAUGHT_UP) {
            load.awaitCaughtUp(RECOVERY_LIMIT);
        }
        say(fault.what());
        long begun = System.nanoTime();
        fault.begin().run();
        if (fault.meanwhile() != Meanwhile.NOBODY && cluster.ids().size() > 1) {
            load.awaitProducers(RECOVERY_LIMIT);
            say("  meanwhile producers are served after " + since(begun));
        }
        if (fault.meanwhile() == Meanwhile.ALL_BUT_TRANSACTIONS && cluster.ids().size() > 1) {
            load.awaitGroups(RECOVERY_LIMIT);
            say("  meanwhile groups are served after " + since(begun));
        } else if (fault.meanwhile() != Meanwhile.NOBODY && cluster.ids().size() > 1) {
            load.awaitProgress(RECOVERY_LIMIT);
            say("  meanwhile all are served after " + since(begun));
        }
        long ended = System.nanoTime();
        fault.end().run();
        cluster.startMissing();
        String ready = since(ended);
        load.awaitProgress(RECOVERY_LIMIT);
        say("  over: in sync after " + ready + ", all went on after " + since(ended));
    }

    private void say(String what) {
        String line = String.format("%7.1f s  %s", (System.nanoTime() - started) / 1e9, what);
        log.add(line);
        System.out.println(line);
    }

    private static String since(long nanos) {
        return String.format("%.1f s", (System.nanoTime() - nanos) / 1e9);
    }
}
