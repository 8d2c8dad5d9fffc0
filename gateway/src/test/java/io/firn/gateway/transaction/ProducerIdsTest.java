package io.firn.gateway.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.MetadataUnavailable;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ProducerIdsTest {
    private final Queue<CompletableFuture<ClusterView>> allocations = new ArrayDeque<>();
    private final ProducerIds ids = new ProducerIds(Runnable::run, this::submit);
    private long allocated;

    private CompletableFuture<ClusterView> submit(Command command) {
        assertThat(command).isEqualTo(new Command.AllocateProducerIds(ProducerIds.BLOCK));
        CompletableFuture<ClusterView> allocation = new CompletableFuture<>();
        allocations.add(allocation);
        return allocation;
    }

    /** The controller answers the oldest allocation. */
    private void allocate() {
        allocated += ProducerIds.BLOCK;
        allocations.remove().complete(new ClusterView(1, 1, "c", Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), allocated));
    }

    @Test
    void idsAreUniqueOverManyBlocksAndTheNextBlockIsThereBeforeThePresentOneEnds() {
        Set<Long> given = new HashSet<>();
        ids.next().thenAccept(given::add);
        allocate();

        for (int i = 1; i < 5 * ProducerIds.BLOCK; i++) {
            CompletableFuture<Long> id = ids.next();
            assertThat(id).as("id %s", i).isCompleted();
            given.add(id.join());
            if (!allocations.isEmpty()) {
                allocate();
            }
        }

        assertThat(given).hasSize(5 * ProducerIds.BLOCK);
    }

    @Test
    void thoseWhoWaitAreServedInOrderByTheBlockThatComes() {
        CompletableFuture<Long> first = ids.next();
        CompletableFuture<Long> second = ids.next();
        assertThat(allocations).hasSize(1);

        allocate();

        assertThat(first.join()).isEqualTo(0);
        assertThat(second.join()).isEqualTo(1);
    }

    @Test
    void whoWaitsLearnsOfAFailureAndTheNextOneTriesAgain() {
        CompletableFuture<Long> unlucky = ids.next();
        allocations.remove().completeExceptionally(new MetadataUnavailable("away", null));
        assertThatThrownBy(unlucky::join).hasCauseInstanceOf(MetadataUnavailable.class);

        CompletableFuture<Long> lucky = ids.next();
        allocate();

        assertThat(lucky.join()).isEqualTo(0);
    }

    @Test
    void moreWaitersThanABlockHasIdsAreServedByTheBlocksThatFollow() {
        CompletableFuture<?>[] waiting = new CompletableFuture<?>[ProducerIds.BLOCK + 5];
        for (int i = 0; i < waiting.length; i++) {
            waiting[i] = ids.next();
        }
        allocate();
        allocate();

        assertThat(CompletableFuture.allOf(waiting)).isCompleted();
    }

    @Test
    void waitersBeyondTheLimitAreTurnedAway() {
        for (int i = 0; i < ProducerIds.MAX_WAITING; i++) {
            ids.next();
        }

        assertThat(ids.next()).isCompletedExceptionally();
    }
}
