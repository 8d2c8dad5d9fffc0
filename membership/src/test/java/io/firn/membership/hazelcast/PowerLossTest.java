package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.MetadataException;
import io.firn.membership.MetadataStore;
import io.firn.membership.Seeds;
import io.firn.membership.cp.CpIdentity.Stage;
import io.firn.membership.storage.SimFolder.Loss;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * All machines lose power, at different operations of their disks, while the head is changed: whatever was confirmed is in the history afterwards. {@code -Dfirn.cp.rounds=N} for more of them.
 */
class PowerLossTest {

    /** Of a call that may fail for lack of power; and of one that must not. */
    private static final long CALL_MS = 1_000;
    private static final long PATIENCE_MS = 60_000;

    private final Map<EntryHash, EntryHash> predecessors = new HashMap<>();
    private final Set<EntryHash> confirmed = new HashSet<>();
    private SimCluster cluster;

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void whatWasConfirmedSurvivesPowerLossesOfAllMachinesUnderLoad() throws Exception {
        long seed = Long.getLong("firn.seed", 11);
        RandomGenerator random = Seeds.random(seed);
        cluster = new SimCluster(seed);
        cluster.start().ready();
        for (int round = 0; round < Integer.getInteger("firn.cp.rounds", 2); round++) {
            for (int id = 1; id <= 3; id++) {
                cluster.folder(id).crashAt(20 + random.nextInt(600));
            }
            int before = confirmed.size();
            changeHeadUntilThePowerIsOff(1 + random.nextInt(3), random);
            assertThat(confirmed.size()).as("seed %d, round %d", seed, round).isGreaterThan(before);
            cluster.powerLoss(random.nextBoolean() ? Loss.EVERYTHING : Loss.ANY_PART);
            cluster.start().ready();
            checkHistory(seed, round);
        }
    }

    /** Ends when this member, or a majority, has no power any more. */
    private void changeHeadUntilThePowerIsOff(int id, RandomGenerator random) throws Exception {
        MetadataStore store = cluster.member(id).metadataStore();
        Optional<Head> seen = get(store.readHead(PATIENCE_MS));
        while (!cluster.isOff(id) && cluster.off() < 2) {
            Head next = new Head(seen.map(Head::version).orElse(0L) + 1, 1, new EntryHash(random.nextLong(), random.nextLong(), 1, 1));
            predecessors.put(next.hash(), seen.map(Head::hash).orElse(EntryHash.NONE));
            try {
                if (get(store.compareAndSetHead(seen, next, CALL_MS))) {
                    confirmed.add(next.hash());
                    seen = Optional.of(next);
                } else {
                    seen = get(store.readHead(CALL_MS));
                }
            } catch (ExecutionException e) {
                assertThat(e).hasCauseInstanceOf(MetadataException.class);
            }
        }
    }

    private static <T> T get(CompletableFuture<T> call) throws Exception {
        return call.get(2 * PATIENCE_MS, TimeUnit.MILLISECONDS);
    }

    private void checkHistory(long seed, int round) throws Exception {
        Set<EntryHash> history = new HashSet<>();
        Optional<Head> head = get(cluster.member(1).metadataStore().readHead(PATIENCE_MS));
        for (EntryHash at = head.orElseThrow().hash(); !at.equals(EntryHash.NONE); at = predecessors.get(at)) {
            assertThat(predecessors).as("seed %d, round %d", seed, round).containsKey(at);
            history.add(at);
        }
        assertThat(history).as("seed %d, round %d", seed, round).containsAll(confirmed);
        assertThat(head.get().version()).isEqualTo(history.size());
    }

    @Test
    void aFormationThatLosesPowerAtAnyMomentIsTakenUpAgainByItself() throws Exception {
        RandomGenerator random = Seeds.random(5);
        for (int round = 0; round < Integer.getInteger("firn.cp.rounds", 2); round++) {
            cluster = new SimCluster(round);
            for (int id = 1; id <= 3; id++) {
                cluster.folder(id).crashAt(6 + random.nextInt(25)); // after the first five there is an identity
            }
            cluster.start();
            cluster.awaitFailure();
            cluster.powerLoss(Loss.ANY_PART);
            cluster.start().ready();
            for (int id = 1; id <= 3; id++) {
                assertThat(cluster.member(id).stage()).isEqualTo(Stage.MEMBER);
            }
            Head first = new Head(1, 1, EntryHash.NONE);
            assertThat(get(cluster.member(2).metadataStore().compareAndSetHead(Optional.empty(), first, PATIENCE_MS))).isTrue();
            cluster.close();
        }
    }
}
