package io.firn.gateway.share;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.share.PersisterStateBatchCombiner;
import org.apache.kafka.server.share.persister.DeleteShareGroupStateParameters;
import org.apache.kafka.server.share.persister.DeleteShareGroupStateResult;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateParameters;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateResult;
import org.apache.kafka.server.share.persister.PartitionFactory;
import org.apache.kafka.server.share.persister.PartitionStateBatchData;
import org.apache.kafka.server.share.persister.Persister;
import org.apache.kafka.server.share.persister.PersisterStateBatch;
import org.apache.kafka.server.share.persister.ReadShareGroupStateParameters;
import org.apache.kafka.server.share.persister.ReadShareGroupStateResult;
import org.apache.kafka.server.share.persister.ReadShareGroupStateSummaryParameters;
import org.apache.kafka.server.share.persister.ReadShareGroupStateSummaryResult;
import org.apache.kafka.server.share.persister.TopicData;
import org.apache.kafka.server.share.persister.WriteShareGroupStateParameters;
import org.apache.kafka.server.share.persister.WriteShareGroupStateResult;

/**
 * Share state in memory, merged as the share coordinator merges it. Answers can be held back, and be errors.
 *
 * <p>Threading: thread-safe.
 */
final class SimShareState implements Persister {
    private final Map<String, Kept> kept = new HashMap<>();
    private final Deque<Runnable> held = new ArrayDeque<>();
    private final Deque<Errors> failures = new ArrayDeque<>();
    private final List<PartitionStateBatchData> writes = new ArrayList<>();
    private boolean holding;

    private record Kept(int stateEpoch, long start, int finished, List<PersisterStateBatch> batches) {}

    private static String key(String group, Uuid topic, int partition) {
        return group + ":" + topic + ":" + partition;
    }

    // Controls

    synchronized void hold() {
        holding = true;
    }

    /** Carries out what was held back, in order, and holds back no more. */
    synchronized void letGo() {
        holding = false;
        List.copyOf(held).forEach(Runnable::run);
        held.clear();
    }

    synchronized int heldBack() {
        return held.size();
    }

    /** The next question is answered with this. */
    synchronized void fail(Errors error) {
        failures.add(error);
    }

    synchronized List<PartitionStateBatchData> writes() {
        return List.copyOf(writes);
    }

    synchronized void takeOver(String group, Uuid topic, int partition) {
        kept.computeIfPresent(key(group, topic, partition), (key, old) -> new Kept(old.stateEpoch() + 1, old.start(), old.finished(), old.batches()));
    }

    private synchronized <T> CompletableFuture<T> answer(Function<Errors, T> work) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        Errors error = failures.isEmpty() ? Errors.NONE : failures.poll();
        Runnable task = () -> answer.complete(work.apply(error));
        if (holding) {
            held.add(task);
        } else {
            task.run();
        }
        return answer;
    }

    @Override
    public CompletableFuture<ReadShareGroupStateResult> readState(ReadShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        Uuid topic = request.groupTopicPartitionData().topicsData().get(0).topicId();
        int partition = request.groupTopicPartitionData().topicsData().get(0).partitions().get(0).partition();
        return answer(error -> {
            Kept state = kept.getOrDefault(key(group, topic, partition), new Kept(0, -1, 0, List.of()));
            return new ReadShareGroupStateResult.Builder().setTopicsData(List.of(new TopicData<>(topic,
                    List.of(PartitionFactory.newPartitionAllData(partition, state.stateEpoch(), state.start(), error.code(), error.message(), state.batches()))))).build();
        });
    }

    @Override
    public CompletableFuture<WriteShareGroupStateResult> writeState(WriteShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        Uuid topic = request.groupTopicPartitionData().topicsData().get(0).topicId();
        PartitionStateBatchData state = request.groupTopicPartitionData().topicsData().get(0).partitions().get(0);
        return answer(failure -> {
            Kept old = kept.getOrDefault(key(group, topic, state.partition()), new Kept(state.stateEpoch(), -1, 0, List.of()));
            Errors error = failure == Errors.NONE && old.stateEpoch() > state.stateEpoch() ? Errors.FENCED_STATE_EPOCH : failure;
            if (error == Errors.NONE) {
                List<PersisterStateBatch> merged = new PersisterStateBatchCombiner(old.batches(), state.stateBatches(), state.startOffset()).combineStateBatches();
                kept.put(key(group, topic, state.partition()), new Kept(state.stateEpoch(), state.startOffset(), state.deliveryCompleteCount(), List.copyOf(merged)));
                writes.add(state);
            }
            return new WriteShareGroupStateResult.Builder().setTopicsData(List.of(new TopicData<>(topic,
                    List.of(PartitionFactory.newPartitionErrorData(state.partition(), error.code(), error.message()))))).build();
        });
    }

    @Override
    public CompletableFuture<InitializeShareGroupStateResult> initializeState(InitializeShareGroupStateParameters request) {
        throw new UnsupportedOperationException("asked by group coordinators only");
    }

    @Override
    public CompletableFuture<DeleteShareGroupStateResult> deleteState(DeleteShareGroupStateParameters request) {
        throw new UnsupportedOperationException("asked by group coordinators only");
    }

    @Override
    public CompletableFuture<ReadShareGroupStateSummaryResult> readSummary(ReadShareGroupStateSummaryParameters request) {
        throw new UnsupportedOperationException("asked by group coordinators only");
    }

    @Override
    public void stop() {
        // Holds nothing.
    }
}
