package io.firn.gateway.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.junit.jupiter.api.Test;

/** What {@link TransactionRulesOraclePropertyTest} cannot ask Kafka's metadata. */
class TransactionRulesTest {
    private static final Transaction IDLE = Transaction.fresh(7, 60_000, 0).initialized((short) 0, (short) -1, 60_000, 0);

    private static Transaction prepared(long atMs) {
        return IDLE.withPartitions(Set.of(new TopicPartition("a", 0)), TransactionVersion.TV_0, atMs).prepared(true, TransactionVersion.TV_0, -1, atMs + 1);
    }

    @Test
    void aLateCompletionDoesNotCompleteTheNextTransactionOfTheSameEpoch() {
        Transaction before = prepared(10);
        Transaction next = prepared(20);

        assertThat(TransactionRules.complete(Optional.of(next), before, 30)).isEqualTo(new Decision.Keep(Reply.of(Errors.NONE)));
        assertThat(TransactionRules.complete(Optional.of(before.completed(15)), before, 30)).isEqualTo(new Decision.Keep(Reply.of(Errors.NONE)));
        assertThat(TransactionRules.complete(Optional.of(next), next, 30))
                .isInstanceOfSatisfying(Decision.Write.class, write -> assertThat(write.next().state()).isEqualTo(TransactionState.COMPLETE_COMMIT));
    }
}
