package io.firn.hot.recovery;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.AppendOrigin;
import io.firn.hot.TransactionTerms;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.producer.ProducerDecision;
import io.firn.hot.producer.ProducerStates;
import java.util.Optional;

/**
 * What follows from the batches of a log, taken one after the other in the order of their offsets: producer state, leader epochs, next
 * offset.
 *
 * <p>Threading: confined to the recovering thread.
 */
final class Replay {

    private final ProducerStates producers;
    private final RecoverySettings settings;
    private LeaderEpochs epochs;
    private long nextOffset;

    Replay(ProducerStates producers, LeaderEpochs epochs, long nextOffset, RecoverySettings settings) {
        this.producers = producers;
        this.epochs = epochs;
        this.nextOffset = nextOffset;
        this.settings = settings;
    }

    ProducerStates producers() {
        return producers;
    }

    LeaderEpochs epochs() {
        return epochs;
    }

    long nextOffset() {
        return nextOffset;
    }

    /**
     * Why a batch with sound bytes cannot follow the ones before it; empty if it can. Its base offset is outside of its checksum, so it has to be the
     * next one; only what was compacted may have gaps, and a compacted topic.
     */
    String objection(BatchHeader batch) {
        if (batch.baseOffset() < nextOffset || batch.baseOffset() > nextOffset && !settings.mayFollowGap(batch.baseOffset())) {
            return "offset " + batch.baseOffset() + " follows, but " + nextOffset + " is next";
        }
        ProducerDecision decision = producers.check(batch, AppendOrigin.REPLICATION, TransactionTerms.TRUSTED);
        return decision instanceof ProducerDecision.Refuse refuse ? refuse.message() : "";
    }

    Optional<AbortedTransaction> take(BatchHeader batch) {
        if (batch.partitionLeaderEpoch() >= 0) {
            epochs = epochs.assign(batch.partitionLeaderEpoch(), batch.baseOffset());
        }
        nextOffset = batch.nextOffset();
        return producers.apply(batch, settings.nowMs());
    }
}
