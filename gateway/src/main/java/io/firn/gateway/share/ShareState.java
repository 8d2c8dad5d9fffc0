package io.firn.gateway.share;

import io.firn.gateway.partition.Partition;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.errors.KafkaStorageException;
import org.apache.kafka.common.errors.NotLeaderOrFollowerException;
import org.apache.kafka.common.errors.UnknownServerException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.group.ShareGroupAutoOffsetResetStrategy;
import org.apache.kafka.server.share.persister.GroupTopicPartitionData;
import org.apache.kafka.server.share.persister.PartitionAllData;
import org.apache.kafka.server.share.persister.PartitionErrorData;
import org.apache.kafka.server.share.persister.PartitionFactory;
import org.apache.kafka.server.share.persister.PartitionInfoData;
import org.apache.kafka.server.share.persister.PersisterStateBatch;
import org.apache.kafka.server.share.persister.Persister;
import org.apache.kafka.server.share.persister.ReadShareGroupStateParameters;
import org.apache.kafka.server.share.persister.TopicData;
import org.apache.kafka.server.share.persister.WriteShareGroupStateParameters;

/**
 * Loads and saves the state of share partitions.
 *
 * <p>A share partition without a start offset gets one by {@code share.auto.offset.reset}, and that is saved before the first record is given to anybody: were it forgotten in a
 * crash, "latest" would mean another offset afterwards, and records that members had and did not finish would be skipped.
 *
 * <p>Thread-safe: no state of its own. Futures complete on the coordinator's threads, and fail with {@link ApiException}s.
 */
final class ShareState {
    private static final long UNINITIALIZED = PartitionFactory.UNINITIALIZED_START_OFFSET;

    private final Supplier<Persister> persister;
    private final GroupConfigs configs;

    /** @param persister asked when the first share partition is loaded */
    ShareState(Supplier<Persister> persister, GroupConfigs configs) {
        this.persister = persister;
        this.configs = configs;
    }

    /** @param finished records from {@code start} on that are finished */
    record Saved(int stateEpoch, long start, int finished, List<StateRange> ranges) {}

    record Loaded(int stateEpoch, long start, List<StateRange> ranges) {}

    CompletableFuture<Loaded> load(ShareKey key, Partition partition) {
        ReadShareGroupStateParameters question = new ReadShareGroupStateParameters.Builder()
                .setGroupTopicPartitionData(about(key, PartitionFactory.newPartitionIdLeaderEpochData(key.partition().partition(), partition.leaderEpoch()))).build();
        return persister.get().readState(question).thenApply(answer -> answer.topicsData().get(0).partitions().get(0)).thenCompose(found -> {
            check(found.errorCode(), found.errorMessage());
            return found.startOffset() == UNINITIALIZED ? begin(key, partition, found.stateEpoch()) : CompletableFuture.completedFuture(loaded(found));
        });
    }

    private static Loaded loaded(PartitionAllData found) {
        return new Loaded(found.stateEpoch(), found.startOffset(), found.stateBatches().stream()
                .map(batch -> new StateRange(batch.firstOffset(), batch.lastOffset() + 1, DeliveryState.of(batch.deliveryState()), batch.deliveryCount())).toList());
    }

    private CompletableFuture<Loaded> begin(ShareKey key, Partition partition, int stateEpoch) {
        return CompletableFuture.supplyAsync(() -> firstOffset(key.group(), partition), partition.loop()).thenCompose(Function.identity())
                .thenCompose(first -> save(key, partition.leaderEpoch(), new Saved(stateEpoch, first, 0, List.of())).thenApply(saved -> new Loaded(stateEpoch, first, List.of())));
    }

    /** On the loop. Nothing that young in the log: what comes next is young enough. */
    private CompletableFuture<Long> firstOffset(String group, Partition partition) {
        Optional<String> offline = partition.log().offlineReason();
        if (partition.retired() || offline.isPresent()) {
            return CompletableFuture.failedFuture(partition.retired() ? new NotLeaderOrFollowerException("The partition is not served here.") : new KafkaStorageException(offline.get()));
        }
        ShareGroupAutoOffsetResetStrategy reset = configs.reset(group);
        return switch (reset.type()) {
            case EARLIEST -> CompletableFuture.completedFuture(partition.log().logStartOffset());
            case LATEST -> CompletableFuture.completedFuture(partition.highWatermark());
            case BY_DURATION -> {
                long latest = partition.highWatermark();
                yield partition.log().offsetForTimestamp(reset.timestamp(), latest).thenApply(found -> found.map(record -> record.offset()).orElse(latest));
            }
        };
    }

    CompletableFuture<Void> save(ShareKey key, int leaderEpoch, Saved state) {
        List<PersisterStateBatch> batches = state.ranges().stream()
                .map(range -> new PersisterStateBatch(range.first(), range.end() - 1, range.state().id(), (short) range.deliveryCount())).toList();
        WriteShareGroupStateParameters question = new WriteShareGroupStateParameters.Builder().setGroupTopicPartitionData(about(key,
                PartitionFactory.newPartitionStateBatchData(key.partition().partition(), state.stateEpoch(), state.start(), state.finished(), leaderEpoch, batches))).build();
        return persister.get().writeState(question).thenAccept(answer -> {
            PartitionErrorData result = answer.topicsData().get(0).partitions().get(0);
            check(result.errorCode(), result.errorMessage());
        });
    }

    private static <P extends PartitionInfoData> GroupTopicPartitionData<P> about(ShareKey key, P partition) {
        return new GroupTopicPartitionData<>(key.group(), List.of(new TopicData<>(key.partition().topicId(), List.of(partition))));
    }

    /** What the coordinator says becomes what a member is told. */
    private static void check(short code, String message) {
        Errors error = Errors.forCode(code);
        switch (error) {
            case NONE -> { }
            case NOT_COORDINATOR, COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, REQUEST_TIMED_OUT -> throw new CoordinatorNotAvailableException(message);
            case FENCED_LEADER_EPOCH, FENCED_STATE_EPOCH -> throw new NotLeaderOrFollowerException(message);
            case GROUP_ID_NOT_FOUND, UNKNOWN_TOPIC_OR_PARTITION -> throw error.exception(message);
            // Clients take an error they do not expect here for a programming mistake of theirs, and stop.
            default -> throw new UnknownServerException(message);
        }
    }
}
