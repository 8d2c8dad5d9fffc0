package io.firn.it.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.FetchResponseData.AbortedTransaction;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;

/** Reads a partition from its beginning, through both tiers, read_committed as Kafka's own consumer filters or not. */
final class Consumer {

    private static final long PAUSE_MS = 250;

    private final Clients clients;
    private final TopicIdPartition partition;
    private final boolean committedOnly;
    private long position;
    private long limit = -1;
    private String lastFailure = "";

    Consumer(Clients clients, TopicIdPartition partition, boolean committedOnly) {
        this.clients = clients;
        this.partition = partition;
        this.committedOnly = committedOnly;
    }

    void begin() {
        OptionalInt leader = clients.leader(partition);
        if (leader.isEmpty()) {
            clients.later(PAUSE_MS, this::begin);
            return;
        }
        clients.cluster.<FetchResponseData.PartitionData>call(Optional.empty(), leader.getAsInt(), 2_500, life -> life.consume(partition, position, committedOnly)).whenComplete((consumed, failure) -> {
            lastFailure = failure == null ? "" : ", " + failure;
            if (failure == null) {
                clients.cluster.observed.kept(() -> take(consumed));
            }
            clients.later(failure == null && consumed.records() != null && consumed.records().sizeInBytes() > 0 ? 20 : PAUSE_MS, this::begin);
        });
    }

    private void take(FetchResponseData.PartitionData answer) {
        if (answer.errorCode() == Errors.OFFSET_OUT_OF_RANGE.code() && position < answer.logStartOffset()) {
            clients.cluster.observed.acknowledged.deleted(partition, answer.logStartOffset(), clients.deletedUpTo(partition));
            position = answer.logStartOffset();
        }
        if (answer.errorCode() != Errors.NONE.code()) {
            lastFailure = ", " + Errors.forCode(answer.errorCode());
            return;
        }
        limit = committedOnly ? answer.lastStableOffset() : answer.highWatermark();
        List<AbortedTransaction> aborted = new ArrayList<>(answer.abortedTransactions() == null ? List.of() : answer.abortedTransactions());
        aborted.sort(Comparator.comparingLong(AbortedTransaction::firstOffset));
        Set<Long> abortedProducers = new HashSet<>();
        if (answer.records() instanceof MemoryRecords records) {
            position = Records.read(records.buffer(), position, batch -> take(batch, aborted, abortedProducers));
        }
        if (!committedOnly) {
            clients.cluster.observed.acknowledged.read(partition, position);
        }
    }

    private void take(MutableRecordBatch batch, List<AbortedTransaction> aborted, Set<Long> abortedProducers) {
        while (!aborted.isEmpty() && aborted.get(0).firstOffset() <= batch.lastOffset()) {
            abortedProducers.add(aborted.remove(0).producerId());
        }
        long[] offset = {batch.baseOffset()};
        boolean hidden = committedOnly && batch.isTransactional() && abortedProducers.contains(batch.producerId());
        Records.numbers(batch, number -> {
            long at = offset[0]++;
            if (at < position) {
                return;
            }
            clients.cluster.observed.consumed(partition, at, number);
            if (Records.isMarker(number) && Records.sequenceOf(number) == 0) {
                abortedProducers.remove(batch.producerId());
            } else if (committedOnly && !hidden && !Records.isMarker(number)) {
                clients.cluster.observed.transactions.seen(partition, at, number);
            }
        });
    }

    boolean atEnd() {
        return limit >= 0 && position >= limit;
    }

    @Override
    public String toString() {
        return (committedOnly ? "read_committed " : "read_uncommitted ") + partition.topicPartition() + " at " + position + " of " + limit + lastFailure;
    }
}
