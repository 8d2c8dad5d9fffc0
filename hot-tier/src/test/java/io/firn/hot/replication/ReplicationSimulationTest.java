package io.firn.hot.replication;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.hot.Seeds;
import io.firn.hot.replication.SimCluster.Bug;
import io.firn.hot.replication.SimCluster.Violation;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Random lives of a partition with three to five replicas; and the same with a mistake built in, which has to be noticed. */
final class ReplicationSimulationTest {

    private static final int SEEDS = Integer.getInteger("firn.replication.seeds", 300);
    private static final long LIFE_MS = 4000;

    /** Lives in which a mistake has to show. */
    private static final int MOST_LIVES = 300;

    @Test
    void whatWasAcknowledgedSurvivesAnythingButAnUncleanElection() {
        AtomicInteger acknowledged = new AtomicInteger();
        AtomicInteger faults = new AtomicInteger();
        Seeds.each(SEEDS, random -> {
            SimCluster cluster = new SimCluster(random, Bug.NONE);
            try {
                cluster.run(LIFE_MS);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(e + "\n" + cluster.trace, e);
            }
            acknowledged.addAndGet(cluster.acknowledgedRecords());
            faults.addAndGet(cluster.faultCount);
        });
        assertThat(acknowledged.get()).as("records acknowledged, in %s faults", faults).isGreaterThan(20 * SEEDS);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aMistakeIsFound(Bug bug) {
        for (long seed = 1; seed <= MOST_LIVES; seed++) {
            try {
                new SimCluster(new Random(seed * 0x9E3779B97F4A7C15L), bug).run(LIFE_MS);
            } catch (Violation found) {
                return;
            }
        }
        throw new AssertionError(bug + " was not noticed in " + MOST_LIVES + " lives");
    }
}
