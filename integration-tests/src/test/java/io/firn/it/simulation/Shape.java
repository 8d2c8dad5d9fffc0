package io.firn.it.simulation;

import io.firn.hot.Durability;
import io.firn.hot.HotLogConfig;
import io.firn.retention.TieredLogConfig;
import java.util.Set;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * What differs from one simulated cluster to the next.
 *
 * @param keepers brokers that keep the metadata
 * @param partitions of the topic that is produced to
 * @param replicas of each partition
 * @param snapshotEntries of the metadata journal between two snapshots
 * @param tiered whether there is a cold tier
 * @param powerLoss whether brokers lose power, or are killed only
 */
record Shape(int brokers, Set<Integer> keepers, int partitions, int replicas, int minInSync, int segmentBytes, long localBytes, int snapshotEntries, boolean tiered, boolean powerLoss) {

    static final String EVENTS = "events";
    /** Holds what groups have consumed. */
    static final String OFFSETS = "offsets";
    /** Allows unclean elections. */
    static final String RISKY = "risky";
    /** Of that one: few, so that it happens. */
    static final int RISKY_REPLICAS = 2;
    static final long HEARTBEAT_MS = 100;
    static final long PATIENCE_MS = 1_200;
    static final long MAX_LAG_MS = 800;

    static Shape random(RandomGenerator random) {
        int brokers = 3 + random.nextInt(3);
        int keepers = brokers == 5 && random.nextBoolean() ? 5 : 3;
        int replicas = random.nextInt(4) == 0 ? Math.min(brokers, 4) : 3;
        return new Shape(brokers, IntStream.range(0, keepers).boxed().collect(Collectors.toCollection(TreeSet::new)), 1 + random.nextInt(2), replicas, random.nextInt(4) == 0 ? 1 : 2,
                1_500 + random.nextInt(4_000), random.nextInt(8_000), 1 + random.nextInt(100), random.nextInt(5) > 0, random.nextInt(4) > 0);
    }

    /** Without power losses it is left to the operating system now and then when bytes get to the disk. */
    Durability durability(RandomGenerator random) {
        return powerLoss || random.nextBoolean() ? Durability.FSYNC : Durability.OS;
    }

    HotLogConfig hotConfig() {
        return new HotLogConfig(segmentBytes, 20_000, 0, 10 << 20, 400, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);
    }

    TieredLogConfig logConfig() {
        return new TieredLogConfig(hotConfig(), tiered, true, -1, -1, -1, localBytes);
    }
}
