package io.firn.gateway.share;

import io.firn.gateway.api.ErrorMapping;
import io.firn.gateway.api.Timer;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.peer.PeerQueue;
import io.firn.gateway.peer.Peers;
import io.firn.membership.PartitionView;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.message.DeleteShareGroupStateResponseData;
import org.apache.kafka.common.message.InitializeShareGroupStateResponseData;
import org.apache.kafka.common.message.ReadShareGroupStateResponseData;
import org.apache.kafka.common.message.ReadShareGroupStateSummaryResponseData;
import org.apache.kafka.common.message.WriteShareGroupStateResponseData;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractResponse;
import org.apache.kafka.common.requests.DeleteShareGroupStateRequest;
import org.apache.kafka.common.requests.InitializeShareGroupStateRequest;
import org.apache.kafka.common.requests.ReadShareGroupStateRequest;
import org.apache.kafka.common.requests.ReadShareGroupStateSummaryRequest;
import org.apache.kafka.common.requests.WriteShareGroupStateRequest;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.SharePartitionKey;
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
 * Keeps the state of share groups with the share coordinators, on this broker and on others; makes {@code __share_group_state} when it is first needed.
 *
 * <p>One question a partition, as the coordinator wants it, and one answer for each topic with all its partitions, as its askers want it. A coordinator that is not ready yet (starting,
 * loading, behind the metadata that this broker has, moving or out of reach) is asked again, at most {@value #ATTEMPTS} times in about ten seconds; what it says then is the answer. Futures never
 * fail: failures are error codes.
 *
 * <p>Threading: thread-safe. Futures complete on the coordinator's threads, or the timer's.
 */
public final class StatePersister implements Persister {
    private static final int ATTEMPTS = 14;
    private static final long FIRST_PAUSE_MS = 20;
    private static final long LONGEST_PAUSE_MS = 1_000;

    /** Longest wait for a coordinator on another broker; longer than it waits for what it writes. */
    private static final long ANSWER_TIMEOUT_MS = 30_000;

    private final Coordination<ShareCoordinator> coordination;
    private final StateTopic topic;
    private final Peers peers;
    private final PeerQueue<Sent> queue;
    private final Timer timer;

    public StatePersister(Coordination<ShareCoordinator> coordination, StateTopic topic, Peers peers, Timer timer) {
        this.coordination = coordination;
        this.topic = topic;
        this.peers = peers;
        this.queue = new PeerQueue<>(peers.loop(), peers.transport(), ANSWER_TIMEOUT_MS, new Wire());
        this.timer = timer;
    }

    @Override
    public CompletableFuture<InitializeShareGroupStateResult> initializeState(InitializeShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, state) -> new Question<>(state.partition(), StateRequests.initialize(group, topicId, state),
                (coordinator, body) -> coordinator.initializeState(Requests.context(), body), InitializeShareGroupStateRequest.Builder::new, InitializeShareGroupStateResponseData.class,
                answer -> InitializeShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0),
                PartitionErrorData::errorCode, error -> PartitionFactory.newPartitionErrorData(state.partition(), error.code(), error.message())))
                .thenApply(topics -> new InitializeShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<ReadShareGroupStateResult> readState(ReadShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, wanted) -> new Question<>(wanted.partition(), StateRequests.read(group, topicId, wanted),
                (coordinator, body) -> coordinator.readState(Requests.context(), body), ReadShareGroupStateRequest.Builder::new, ReadShareGroupStateResponseData.class,
                answer -> ReadShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0),
                PartitionAllData::errorCode, error -> PartitionFactory.newPartitionAllData(wanted.partition(), 0, -1, error.code(), error.message(), List.of())))
                .thenApply(topics -> new ReadShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<WriteShareGroupStateResult> writeState(WriteShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, state) -> new Question<>(state.partition(), StateRequests.write(group, topicId, state),
                (coordinator, body) -> coordinator.writeState(Requests.context(), body), WriteShareGroupStateRequest.Builder::new, WriteShareGroupStateResponseData.class,
                answer -> WriteShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0),
                PartitionErrorData::errorCode, error -> PartitionFactory.newPartitionErrorData(state.partition(), error.code(), error.message())))
                .thenApply(topics -> new WriteShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<DeleteShareGroupStateResult> deleteState(DeleteShareGroupStateParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, wanted) -> new Question<>(wanted.partition(), StateRequests.delete(group, topicId, wanted),
                (coordinator, body) -> coordinator.deleteState(Requests.context(), body), DeleteShareGroupStateRequest.Builder::new, DeleteShareGroupStateResponseData.class,
                answer -> DeleteShareGroupStateResult.from(answer).topicsData().get(0).partitions().get(0),
                PartitionErrorData::errorCode, error -> PartitionFactory.newPartitionErrorData(wanted.partition(), error.code(), error.message())))
                .thenApply(topics -> new DeleteShareGroupStateResult.Builder().setTopicsData(topics).build());
    }

    @Override
    public CompletableFuture<ReadShareGroupStateSummaryResult> readSummary(ReadShareGroupStateSummaryParameters request) {
        String group = request.groupTopicPartitionData().groupId();
        return each(request.groupTopicPartitionData(), (topicId, wanted) -> new Question<>(wanted.partition(), StateRequests.summary(group, topicId, wanted),
                (coordinator, body) -> coordinator.readStateSummary(Requests.context(), body), ReadShareGroupStateSummaryRequest.Builder::new, ReadShareGroupStateSummaryResponseData.class,
                answer -> ReadShareGroupStateSummaryResult.from(answer).topicsData().get(0).partitions().get(0),
                PartitionStateSummaryData::errorCode, error -> PartitionFactory.newPartitionStateSummaryData(wanted.partition(), 0, -1, -1, 0, error.code(), error.message())))
                .thenApply(topics -> new ReadShareGroupStateSummaryResult.Builder().setTopicsData(topics).build());
    }

    /** The coordinator has its own end. */
    @Override
    public void stop() {
        // Holds nothing.
    }

    /**
     * What is asked of the coordinator about one partition, and what its answer looks like.
     *
     * @param ask a coordinator on this broker
     * @param request the same to one on another broker
     * @param part of the answer
     */
    private record Question<B extends ApiMessage, R extends ApiMessage, A>(int partition, B body, BiFunction<ShareCoordinator, B, CompletableFuture<R>> ask,
            Function<B, AbstractRequest.Builder<?>> request, Class<R> type, Function<R, A> part, Function<A, Short> error, Function<Errors, A> failed) {}

    private <P extends PartitionIdData, A extends PartitionInfoData> CompletableFuture<List<TopicData<A>>> each(GroupTopicPartitionData<? extends P> request,
            BiFunction<Uuid, P, Question<?, ?, A>> question) {
        Map<Uuid, List<CompletableFuture<A>>> answers = new LinkedHashMap<>();
        request.topicsData().forEach(topicData -> answers.put(topicData.topicId(), topicData.partitions().stream().map(partition -> {
            Question<?, ?, A> asked = question.apply(topicData.topicId(), partition);
            return ask(SharePartitionKey.getInstance(request.groupId(), topicData.topicId(), asked.partition()), asked, 1, FIRST_PAUSE_MS);
        }).toList()));
        Stream<CompletableFuture<A>> all = answers.values().stream().flatMap(List::stream);
        return CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).thenApply(done -> answers.entrySet().stream()
                .map(entry -> new TopicData<>(entry.getKey(), entry.getValue().stream().map(CompletableFuture::join).toList())).toList());
    }

    private <A> CompletableFuture<A> ask(SharePartitionKey key, Question<?, ?, A> question, int attempt, long pauseMs) {
        return attempt(key, question).exceptionally(failure -> question.failed().apply(ErrorMapping.of(failure))).thenCompose(answer -> {
            if (attempt >= ATTEMPTS || !notReady(key.topicId(), Errors.forCode(question.error().apply(answer)))) {
                return CompletableFuture.completedFuture(answer);
            }
            CompletableFuture<A> later = new CompletableFuture<>();
            timer.after(pauseMs, () -> ask(key, question, attempt + 1, Math.min(2 * pauseMs, LONGEST_PAUSE_MS)).thenAccept(later::complete));
            return later;
        });
    }

    /** Asks whoever coordinates the key at this moment. */
    private <B extends ApiMessage, R extends ApiMessage, A> CompletableFuture<A> attempt(SharePartitionKey key, Question<B, R, A> question) {
        return topic.ensure().thenCompose(there -> {
            int coordinator = coordinatorOf(key);
            return coordinator == peers.brokerId() ? here(question) : elsewhere(coordinator, question);
        }).thenApply(question.part());
    }

    private int coordinatorOf(SharePartitionKey key) {
        return topic.find().map(found -> found.partitions().get(Utils.abs(key.asCoordinatorKey().hashCode()) % found.partitions().size()).leader()).orElse(PartitionView.NO_LEADER);
    }

    private <B extends ApiMessage, R extends ApiMessage> CompletableFuture<R> here(Question<B, R, ?> question) {
        return coordination.serving().map(coordinator -> question.ask().apply(coordinator, question.body())).orElseGet(() -> unavailable("The share coordinator is starting."));
    }

    private <B extends ApiMessage, R extends ApiMessage> CompletableFuture<R> elsewhere(int coordinator, Question<B, R, ?> question) {
        if (coordinator == PartitionView.NO_LEADER) {
            return unavailable("The share coordinator's partition has no leader.");
        }
        Sent sent = new Sent(question.request().apply(question.body()), new CompletableFuture<>());
        queue.ask(coordinator, sent);
        return sent.answer().thenApply(question.type()::cast);
    }

    private static <T> CompletableFuture<T> unavailable(String why) {
        return CompletableFuture.failedFuture(new CoordinatorNotAvailableException(why));
    }

    /** A question to another broker. */
    private record Sent(AbstractRequest.Builder<?> request, CompletableFuture<ApiMessage> answer) {
        void fail(String why) {
            answer.completeExceptionally(new CoordinatorNotAvailableException(why));
        }
    }

    /** One question a request: whoever waits in the queue waits for its turn. Writing the same state twice is harmless. */
    private final class Wire implements PeerQueue.Wire<Sent> {

        @Override
        public AbstractRequest.Builder<?> request(List<Sent> questions) {
            return questions.get(0).request();
        }

        @Override
        public void answer(List<Sent> questions, AbstractResponse response) {
            questions.get(0).answer().complete(response.data());
        }

        @Override
        public void fail(Sent question) {
            question.fail("The share coordinator's broker gives no answer.");
        }

        @Override
        public boolean fits(List<Sent> questions, Sent next) {
            return questions.isEmpty();
        }

        @Override
        public void refuse(Sent question) {
            question.fail("Too many questions wait for the share coordinator's broker.");
        }
    }

    private boolean notReady(Uuid topicId, Errors error) {
        return switch (error) {
            case UNKNOWN_TOPIC_OR_PARTITION -> topic.knows(topicId);
            case COORDINATOR_NOT_AVAILABLE, COORDINATOR_LOAD_IN_PROGRESS, NOT_COORDINATOR, REQUEST_TIMED_OUT -> true;
            default -> false;
        };
    }
}
