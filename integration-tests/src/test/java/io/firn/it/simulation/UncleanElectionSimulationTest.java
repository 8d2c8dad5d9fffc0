package io.firn.it.simulation;

import static io.firn.it.simulation.ClusterSimulationTest.FROM;
import static io.firn.it.simulation.ClusterSimulationTest.SEEDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.simulation.Faults.WhileRecovering;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same as {@link ClusterSimulationTest}, with the same settings, of clusters in which unclean elections are allowed; apart from it so that the two run beside each other. */
@ExtendWith(Silence.class)
class UncleanElectionSimulationTest {

    @Test
    void uncleanElectionsLoseNothingThatIsInTheColdTier() {
        int seeds = Math.max(1, SEEDS / 2);
        Lives lives = new Lives(Mistake.NONE, true);
        LongStream.range(FROM, FROM + seeds).forEach(lives::live);
        System.out.println("Cluster simulation, unclean elections: " + lives);
        lives.throwIfAnyFailed();
        assertThat(lives.elections()).as("unclean elections of %s", lives).isGreaterThan(seeds / 2);
        assertThat(lives.begunAnew()).as("leaders that began where the cold tier ended, of %s", lives).isGreaterThan(seeds / 8);
        for (WhileRecovering what : WhileRecovering.values()) {
            assertThat(lives.times(Faults.counted(what))).as("%s, of %s", Faults.counted(what), lives).isGreaterThanOrEqualTo(seeds / 40);
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsDoneToAnUncleanLeaderThatWaitsForTheBucketBreaksNoPromise(WhileRecovering what) {
        for (long seed = FROM; seed < FROM + 5; seed++) {
            Cluster cluster = new Cluster(seed, Mistake.NONE, true);
            cluster.live(() -> cluster.faults.whileItWaitsForTheBucket(what));
            assertThat(cluster.trace.counts()).as("seed %s", seed).containsEntry(Faults.counted(what), 1);
            assertThat(cluster.observed.unclean.elections()).as("seed %s", seed).isPositive();
        }
    }

    /** It asks again after 50 ms, 100 ms and so on, of virtual time. */
    @Test
    void anUncleanLeaderLeadsSoonAfterTheBucketIsBack() {
        for (long seed = FROM; seed < FROM + 5; seed++) {
            Cluster cluster = new Cluster(seed, Mistake.NONE, true);
            cluster.live(() -> {
                Broker elected = cluster.faults.waitsForTheBucket();
                cluster.run(100);
                cluster.bucket.heal();
                cluster.runUntil("it leads", 600, () -> cluster.leader(cluster.partition(Shape.RISKY, 0)).isPresent());
                assertThat(elected.life.orElseThrow().recovers()).isFalse();
                cluster.faults.end();
            });
        }
    }
}
