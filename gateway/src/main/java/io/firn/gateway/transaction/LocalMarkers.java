package io.firn.gateway.transaction;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.internals.Topic;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;

/**
 * Writes markers into partitions that this broker leads. Those of {@code __consumer_offsets} go through the group coordinator, which has to make pending offsets valid or forget them in step with
 * its log.
 *
 * <p>A marker of transaction version 2 that is the last thing its producer left in the partition is not written again; it is answered once the log is committed up to here.
 *
 * <p>Threading: thread-safe; works on the partitions' loops.
 */
public final class LocalMarkers implements MarkerSender {
    /** Longest wait for the commitment of a marker; after it the marker may be in the log or not. */
    static final long COMMIT_TIMEOUT_MS = 30_000;

    private final Partitions partitions;
    private final GroupOffsets groups;
    private final InstantSource clock;

    /** The group coordinator's part in the end of a transaction. */
    @FunctionalInterface
    public interface GroupOffsets {
        /** Ends the transaction in one partition of {@code __consumer_offsets}; completes when that is committed. */
        CompletableFuture<Void> end(TopicPartition partition, EndMarker marker);
    }

    public LocalMarkers(Partitions partitions, GroupOffsets groups, InstantSource clock) {
        this.partitions = partitions;
        this.groups = groups;
        this.clock = clock;
    }

    @Override
    public CompletableFuture<Map<TopicPartition, Errors>> send(EndMarker marker) {
        Map<TopicPartition, CompletableFuture<Errors>> parts = new HashMap<>();
        marker.partitions().forEach(partition -> parts.put(partition, send(partition, marker)));
        return CompletableFuture.allOf(parts.values().toArray(CompletableFuture[]::new)).thenApply(done -> {
            Map<TopicPartition, Errors> answers = new HashMap<>();
            parts.forEach((partition, part) -> answers.put(partition, part.join()));
            return answers;
        });
    }

    private CompletableFuture<Errors> send(TopicPartition tp, EndMarker marker) {
        if (tp.topic().equals(Topic.GROUP_METADATA_TOPIC_NAME)) {
            return groups.end(tp, marker).handle((done, failure) -> failure == null ? Errors.NONE : ofGroups(ErrorMapping.of(failure)));
        }
        Partitions.Found found = partitions.locate(new TopicIdPartition(Uuid.ZERO_UUID, tp));
        if (found.error() != Errors.NONE) {
            return CompletableFuture.completedFuture(found.error());
        }
        CompletableFuture<Errors> answer = new CompletableFuture<>();
        found.partition().loop().execute(() -> {
            try {
                append(found.partition(), marker, answer);
            } catch (RuntimeException e) {
                // A marker that cannot be, such as one with a negative epoch: whoever sent it has to hear.
                answer.complete(ErrorMapping.of(e));
            }
        });
        return answer;
    }

    /** What tells a client to look for its coordinator elsewhere, tells the sender of a marker to look for the leader again. */
    private static Errors ofGroups(Errors error) {
        return switch (error) {
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR -> Errors.NOT_LEADER_OR_FOLLOWER;
            default -> error;
        };
    }

    private void append(Partition partition, EndMarker marker, CompletableFuture<Errors> answer) {
        if (marker.transactionVersion() >= 2 && partition.log().hot().hasMarker(marker.producerId(), marker.epoch())) {
            awaitCommit(partition, partition.log().hot().logEndOffset(), answer);
            return;
        }
        ByteBuffer bytes = MemoryRecords.withEndTransactionMarker(clock.millis(), marker.producerId(), marker.epoch(),
                new EndTransactionMarker(marker.commit() ? ControlRecordType.COMMIT : ControlRecordType.ABORT, marker.coordinatorEpoch())).buffer();
        partition.append(RecordBuffers.of(bytes), AppendOrigin.COORDINATOR, TransactionTerms.marker(marker.transactionVersion()), result -> appended(partition, result, answer));
    }

    private void appended(Partition partition, AppendResult result, CompletableFuture<Errors> answer) {
        if (result instanceof AppendResult.Appended in) {
            awaitCommit(partition, in.lastOffset() + 1, answer);
        } else if (result instanceof AppendResult.Rejected rejected) {
            answer.complete(ErrorMapping.of(rejected.error()));
        } else {
            answer.completeExceptionally(new IllegalStateException(partition.id() + ": " + result));
        }
    }

    private void awaitCommit(Partition partition, long nextOffset, CompletableFuture<Errors> answer) {
        partition.awaitCommit(nextOffset, clock.millis() + COMMIT_TIMEOUT_MS, new Partition.CommitListener() {
            @Override
            public void committed() {
                answer.complete(Errors.NONE);
            }

            @Override
            public void notCommitted(Errors why) {
                answer.complete(why);
            }
        });
    }
}
