package io.firn.gateway.share;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Timer;
import io.firn.gateway.coordinator.Coordination;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.persister.DeleteShareGroupStateParameters;
import org.apache.kafka.server.share.persister.DeleteShareGroupStateResult;
import org.apache.kafka.server.share.persister.GroupTopicPartitionData;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateParameters;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateResult;
import org.apache.kafka.server.share.persister.PartitionAllData;
import org.apache.kafka.server.share.persister.PartitionErrorData;
import org.apache.kafka.server.share.persister.PartitionFactory;
import org.apache.kafka.server.share.persister.PartitionIdData;
import org.apache.kafka.server.share.persister.PartitionInfoData;
import org.apache.kafka.server.share.persister.PartitionStateSummaryData;
import org.apache.kafka.server.share.persister.Persister;
import org.apache.kafka.server.share.persister.ReadShareGroupStateParameters;
import org.apache.kafka.server.share.persister.ReadShareGroupStateResult;
import org.apache.kafka.server.share.persister.ReadShareGroupStateSummaryParameters;
import org.apache.kafka.server.share.persister.ReadShareGroupStateSummaryResult;
import org.apache.kafka.server.share.persister.TopicData;
import org.apache.kafka.server.share.persister.WriteShareGroupStateParameters;
import org.apache.kafka.server.share.persister.WriteShareGroupStateResult;

/**
 * Keeps the state of share groups with the share coordinator of this broker; makes {@code __share_group_state} when it is first needed.
 *
 * <p>One question a partition, as the coordinator wants it, and one answer for each topic with all its partitions, as its askers want it. A coordinator that is not ready yet (starting,
 * loading, or behind the metadata that this broker has) is asked again, at most {@value #ATTEMPTS} times in about ten seconds; what it says then is the answer. Futures never
 * fail: failures are error codes.
 *
 * <p>Threading: thread-safe. Futures complete on the coordinator's threads, or the timer's.
 */
public final class StatePersister implements Persister {
    private static final int ATTEMPTS = 14;
    private static final long FIRST_PAUSE_MS = 20;
    private static final long LONGEST_PAUSE_MS = 1_000;

    private final Coordination<ShareCoordinator> coordination;
    private final StateTopic topic;
    private final Timer timer;

    public StatePersister(Coordination<ShareCoordinator> coordination, StateTopic topic, Timer timer) {
        this.coordination = coordination;
        this.topic = topic;
        this.timer = timer;
    }

    @Override
    public CompletableFuture<InitializeShareGroupStateResult> initializeState(InitializeShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, state) -> new Question<>(
                coordinator -> coordinator.initializeState(Requests.context(), StateRequests.initialize(group, topicId, state))
                        .thenApply(answer -> InitializeShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0)),
                PartitionErrorData::errorCode, error -> PartitionFactory.newPartitionErrorData(state.partition(), error.code(), error.message())))
                .thenApply(topics -> new InitializeShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<ReadShareGroupStateResult> readState(ReadShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, wanted) -> new Question<>(
                coordinator -> coordinator.readState(Requests.context(), StateRequests.read(group, topicId, wanted))
                        .thenApply(answer -> ReadShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0)),
                PartitionAllData::errorCode, error -> PartitionFactory.newPartitionAllData(wanted.partition(), 0, -1, error.code(), error.message(), List.of())))
                .thenApply(topics -> new ReadShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<WriteShareGroupStateResult> writeState(WriteShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, state) -> new Question<>(
                coordinator -> coordinator.writeState(Requests.context(), StateRequests.write(group, topicId, state))
                        .thenApply(answer -> WriteShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0)),
                PartitionErrorData::errorCode, error -> PartitionFactory.newPartitionErrorData(state.partition(), error.code(), error.message())))
                .thenApply(topics -> new WriteShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<DeleteShareGroupStateResult> deleteState(DeleteShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, wanted) -> new Question<>(
                coordinator -> coordinator.deleteState(Requests.context(), StateRequests.delete(group, topicId, wanted))
                        .thenApply(answer -> DeleteShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0)),
                PartitionErrorData::errorCode, error -> PartitionFactory.newPartitionErrorData(wanted.partition(), error.code(), error.message())))
                .thenApply(topics -> new DeleteShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<ReadShareGroupStateSummaryResult> readSummary(ReadShareGroupStateSummaryParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, wanted) -> new Question<>(
                coordinator -> coordinator.readStateSummary(Requests.context(), StateRequests.summary(group, topicId, wanted))
                        .thenApply(answer -> ReadShareGroupStateSummaryResult.from(answer).topicsData().get(0).partitions().get(0)),
                PartitionStateSummaryData::errorCode, error -> PartitionFactory.newPartitionStateSummaryData(wanted.partition(), 0, -1, -1, 0, error.code(), error.message())))
                .thenApply(topics -> new ReadShareGroupStateSummaryResult.Builder().setTopicsData(topics).build());
    }

    /** The coordinator has its own end. */
    @Override
    public void stop() {
        // Holds nothing.
    }

    /** What is asked of the coordinator about one partition, and what its answer looks like. */
    private record Question<A>(Function<ShareCoordinator, CompletableFuture<A>> ask, Function<A, Short> error, Function<Errors, A> failed) {}

    private <P extends PartitionIdData, A extends PartitionInfoData> CompletableFuture<List<TopicData<A>>> each(GroupTopicPartitionData<? extends P> request,
            BiFunction<Uuid, P, Question<A>> question) {
        Map<Uuid, List<CompletableFuture<A>>> answers = new LinkedHashMap<>();
        request.topicsData().forEach(topicData -> answers.put(topicData.topicId(), topicData.partitions().stream()
                .map(partition -> ask(topicData.topicId(), question.apply(topicData.topicId(), partition), 1, FIRST_PAUSE_MS)).toList()));
        Stream<CompletableFuture<A>> all = answers.values().stream().flatMap(List::stream);
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> answers.entrySet().stream()
                .map(entry -> new TopicData<>(entry.getKey(), entry.getValue().stream().map(CompletableFuture::join).toList())).toList());
    }

    private <A> CompletableFuture<A> ask(Uuid topicId, Question<A> question, int attempt, long pauseMs) {
        return attempt(question).exceptionally(failure -> question.failed().apply(ErrorMapping.of(failure))).thenCompose(answer -> {
            if (attempt >= ATTEMPTS || !notReady(topicId, Errors.forCode(question.error().apply(answer)))) {
                return CompletableFuture.completedFuture(answer);
            }
            CompletableFuture<A> later = new CompletableFuture<>();
            timer.after(pauseMs, () -> ask(topicId, question, attempt + 1, Math.min(2 * pauseMs, LONGEST_PAUSE_MS)).thenAccept(later::complete));
            return later;
        });
    }

    /** The seam for coordinators on other brokers: today every key's is here. */
    private <A> CompletableFuture<A> attempt(Question<A> question) {
        return topic.ensure().thenCompose(there -> coordination.serving().map(question.ask())
                .orElseGet(() -> CompletableFuture.failedFuture(new CoordinatorNotAvailableException("The share coordinator is starting."))));
    }

    private boolean notReady(Uuid topicId, Errors error) {
        return switch (error) {
            case UNKNOWN_TOPIC_OR_PARTITION -> topic.knows(topicId);
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, REQUEST_TIMED_OUT -> true;
            default -> false;
        };
    }
}
