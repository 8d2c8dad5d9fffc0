package io.firn.gateway.partition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LateReadsTest {

    private final LateReads reads = new LateReads();

    @Test
    void aReadIsKnownAtItsOffsetUntilItEndsHoweverItDoes() {
        CompletableFuture<String> one = new CompletableFuture<>();
        CompletableFuture<String> other = new CompletableFuture<>();
        reads.add(7, one);
        reads.add(9, other);
        assertThat(reads.at(7)).containsSame(one);
        assertThat(reads.at(8)).isEmpty();
        one.complete("found");
        other.completeExceptionally(new IllegalStateException("no answer"));
        assertThat(reads.at(7)).isEmpty();
        assertThat(reads.at(9)).isEmpty();
    }

    @Test
    void anOffsetThatReadsWereLeftAtAgainAndAgainWantsPatienceUntilItIsServed() {
        reads.add(7, CompletableFuture.completedFuture("found"));
        assertThat(reads.wantsPatience(7)).isFalse();
        reads.add(7, CompletableFuture.completedFuture("found"));
        assertThat(reads.wantsPatience(7)).isTrue();
        assertThat(reads.wantsPatience(8)).isFalse();
        reads.served(7);
        assertThat(reads.wantsPatience(7)).isFalse();
    }

    @Test
    void theOldestOfManyOffsetsIsForgotten() {
        for (long offset = 0; offset <= 64; offset++) {
            reads.add(offset, CompletableFuture.completedFuture("found"));
            reads.add(offset, CompletableFuture.completedFuture("found"));
        }
        assertThat(reads.wantsPatience(0)).isFalse();
        assertThat(reads.wantsPatience(1)).isTrue();
    }
}
