package io.firn.it.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whole clusters through random trouble; and the same with a mistake built in, which has to be noticed. What must hold is said in the invariants and looked at after every event.
 *
 * <p>{@code -Dfirn.simulation.seeds=N} runs so many, {@code -Dfirn.simulation.from=N} begins with another one. A seed that has failed once stays in {@code simulation/seeds}.
 */
@ExtendWith(Silence.class)
class ClusterSimulationTest {

    static final int SEEDS = Integer.getInteger("firn.simulation.seeds", 200);
    static final long FROM = Long.getLong("firn.simulation.from", 1);

    /** Before a seed that has failed: of a life with unclean elections. */
    private static final String UNCLEAN = "unclean";

    /** Lives in which a mistake has to show. */
    private static final int MOST_LIVES = 400;

    @Test
    void noTroubleBreaksAPromise() {
        Lives lives = new Lives(Mistake.NONE);
        LongStream.range(FROM, FROM + SEEDS).forEach(lives::live);
        System.out.println("Cluster simulation: " + lives);
        lives.throwIfAnyFailed();
        assertThat(lives.acknowledged()).as("acknowledged records of %s", lives).isGreaterThan(200L * SEEDS);
        assertThat(lives.coldReads()).as("reads from the cold tier").isGreaterThan(SEEDS);
    }

    @Test
    void seedsThatHaveFailedDoNotAgain() throws IOException {
        Lives lives = new Lives(Mistake.NONE);
        seedsThatHaveFailed(false).forEach(lives::live);
        lives.throwIfAnyFailed();
        Lives unclean = new Lives(Mistake.NONE, true);
        seedsThatHaveFailed(true).forEach(unclean::live);
        unclean.throwIfAnyFailed();
    }

    private static List<Long> seedsThatHaveFailed(boolean unclean) throws IOException {
        try (InputStream list = ClusterSimulationTest.class.getResourceAsStream("/simulation/seeds")) {
            return new String(list.readAllBytes(), StandardCharsets.UTF_8).lines().map(line -> line.replaceFirst("#.*", "").strip()).filter(line -> !line.isEmpty() && line.startsWith(UNCLEAN) == unclean)
                    .map(line -> Long.valueOf(line.replaceFirst(UNCLEAN, "").strip())).toList();
        }
    }

    @Test
    void theSameSeedGivesTheSameTrace() {
        assertThat(traceOf(3)).isEqualTo(traceOf(3)).isNotEqualTo(traceOf(4));
    }

    private static Map<String, Object> traceOf(long seed) {
        Lives lives = new Lives(Mistake.NONE);
        Cluster cluster = lives.live(seed);
        lives.throwIfAnyFailed();
        return new TreeMap<>(Map.of("hash", cluster.trace.hash(), "events", cluster.time.events(), "messages", cluster.network.messages, "acknowledged", cluster.observed.acknowledged.count()));
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "NONE")
    void aMistakeIsFound(Mistake mistake) {
        for (long seed = 1; seed <= MOST_LIVES; seed++) {
            Lives lives = new Lives(mistake);
            lives.live(seed);
            if (lives.anyFailed()) {
                System.out.println("Cluster simulation: " + mistake + " was found with seed " + seed + ": " + lives.firstFailure());
                return;
            }
        }
        throw new AssertionError(mistake + " was not noticed in " + MOST_LIVES + " lives");
    }
}
