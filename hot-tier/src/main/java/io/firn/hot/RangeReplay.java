package io.firn.hot;

import io.firn.hot.batch.BatchHeader;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.producer.ProducerDecision;
import io.firn.hot.producer.ProducerLimits;
import io.firn.hot.producer.ProducerStates;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a range of a log leaves behind, found by taking its batches one after the other: the producers at its end and the transactions that were aborted in it. For a range whose own record of that is lost.
 *
 * <p><i>Invariant</i>: each batch follows the one before it without a gap, is of the leader epoch that the lineage has for its offset, and as it was appended. In an epoch one leader gives out the offsets, so two logs with a batch of the same offset
 * and epoch are the same up to it (KIP-101): what was taken is the range that the lineage speaks of, and no other. Compaction leaves another log at the same offsets, so a batch that shows its traces (fewer records than offsets, a delete horizon) is
 * refused; that the other log was not compacted either is for others to know.
 *
 * <p>Memory: producers as a log keeps them. Threading: confined to one thread.
 */
public final class RangeReplay {
    private final LeaderEpochs lineage;
    private final ProducerStates producers;
    private final BatchHeader header = new BatchHeader();
    private long nextOffset;

    private RangeReplay(LeaderEpochs lineage, ProducerStates producers, long baseOffset) {
        this.lineage = lineage;
        this.producers = producers;
        this.nextOffset = baseOffset;
    }

    /**
     * Begins where the range begins.
     *
     * @param lineage leader epochs of the log, beyond the range's end or up to it, in the text format of Kafka's {@code leader-epoch-checkpoint}
     * @param producers state at {@code baseOffset}, in Kafka's snapshot format; empty where the log has its beginning
     * @throws CorruptStateException when either is not such bytes
     */
    public static RangeReplay of(long baseOffset, ByteBuffer lineage, Optional<ByteBuffer> producers) throws CorruptStateException {
        ProducerLimits limits = new ProducerLimits(ProducerLimits.DEFAULT_MAX_PRODUCERS, Long.MAX_VALUE);
        ProducerStates states = producers.isPresent() ? ProducerStates.fromSnapshot(producers.get(), limits, 0) : ProducerStates.empty(limits);
        return new RangeReplay(LeaderEpochs.fromText(lineage), states, baseOffset);
    }

    /**
     * Takes the next batch, whose bytes are sound; returns the transaction it aborted.
     *
     * @throws CorruptStateException when it is not the batch that the log has here
     */
    public Optional<AbortedTransaction> take(ByteBuffer batch) throws CorruptStateException {
        header.wrap(RecordBuffers.of(batch), 0);
        OptionalInt epoch = lineage.epochAt(header.baseOffset());
        if (header.baseOffset() != nextOffset) {
            throw new CorruptStateException("offset " + header.baseOffset() + " follows, but " + nextOffset + " is next");
        }
        if (epoch.isEmpty() || epoch.getAsInt() != header.partitionLeaderEpoch()) {
            throw new CorruptStateException("the batch at offset " + header.baseOffset() + " is of leader epoch " + header.partitionLeaderEpoch() + ", the log has " + (epoch.isPresent() ? "" + epoch.getAsInt() : "none") + " there");
        }
        if (header.recordCount() != header.lastOffsetDelta() + 1 || header.hasDeleteHorizon()) {
            throw new CorruptStateException("the batch at offset " + header.baseOffset() + " was compacted");
        }
        if (producers.check(header, AppendOrigin.REPLICATION, TransactionTerms.TRUSTED) instanceof ProducerDecision.Refuse refuse) {
            throw new CorruptStateException(refuse.message());
        }
        nextOffset = header.nextOffset();
        Optional<AbortedTransaction> aborted = producers.apply(header, 0);
        producers.onHighWatermark(nextOffset); // else all finished transactions of the range would be kept
        return aborted;
    }

    /** Finished transactions that are kept in memory; for tests. */
    int finishedTransactions() {
        return producers.finishedTransactions();
    }

    /** Offset after the last batch taken. */
    public long nextOffset() {
        return nextOffset;
    }

    /** Leader epochs from the log's beginning to the last batch taken, in the text format. */
    public ByteBuffer leaderEpochs() {
        return lineage.truncateFromEnd(nextOffset).toText();
    }

    /** Producer state after the last batch taken, in Kafka's snapshot format. */
    public ByteBuffer producerSnapshot() {
        return producers.snapshot();
    }
}
