package io.firn.membership.hazelcast;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.cp.CpIdentity.Stage;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A voter that asks for its vote, over real members. */
class TakeSeatTest {

    private static final Set<Integer> VOTERS = Set.of(1, 2, 3);
    private static final long TIMEOUT_MS = 15_000;
    private static final long PATIENCE_MS = 60_000;

    private final SimCluster cluster = new SimCluster(3);

    @AfterEach
    void close() {
        cluster.close();
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(PATIENCE_MS, TimeUnit.MILLISECONDS);
    }

    @Test
    void aVoterHasItsSeatAndKeepsIt() throws Exception {
        cluster.start().ready();
        CpMember voter = cluster.member(3);
        UUID own = voter.uuid();

        assertThat(get(voter.takeSeat(VOTERS, TIMEOUT_MS))).isEmpty();
        assertThat(voter.uuid()).isEqualTo(own);
    }

    /** As after a crash between writing down that it is a member and becoming one. */
    @Test
    void whoTakesItselfForAMemberAndIsNoneHasNoSeatBeforeItHasNoticedAndTakenOneAnew() throws Exception {
        cluster.start().ready();
        CpMember voter = cluster.member(3);
        UUID former = voter.uuid();

        CompletableFuture<Void> removed = voter.remove(former, TIMEOUT_MS); // on its own thread, and the question next, before it looks whether it is a member
        CompletableFuture<Optional<String>> asked = voter.takeSeat(VOTERS, TIMEOUT_MS);

        get(removed);
        assertThat(get(asked)).contains("its promotion, which was not committed");
        long endNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE_MS);
        while (!hasSeat(voter)) {
            assertThat(System.nanoTime() - endNanos).as("it starts over, and takes its seat").isNegative();
        }
        assertThat(voter.stage()).isEqualTo(Stage.MEMBER);
        assertThat(voter.uuid()).isNotEqualTo(former);
        assertThat(get(cluster.member(1).members())).hasSize(3).anyMatch(member -> member.uuid().equals(voter.uuid()));
    }

    private static boolean hasSeat(CpMember voter) throws Exception {
        try {
            return get(voter.takeSeat(VOTERS, TIMEOUT_MS)).isEmpty();
        } catch (ExecutionException startsOver) {
            return false;
        }
    }
}
