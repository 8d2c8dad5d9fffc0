package io.firn.gateway.share;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.api.Timer;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.message.DeleteShareGroupStateRequestData;
import org.apache.kafka.common.message.DeleteShareGroupStateResponseData;
import org.apache.kafka.common.message.InitializeShareGroupStateRequestData;
import org.apache.kafka.common.message.InitializeShareGroupStateResponseData;
import org.apache.kafka.common.message.ReadShareGroupStateRequestData;
import org.apache.kafka.common.message.ReadShareGroupStateResponseData;
import org.apache.kafka.common.message.ReadShareGroupStateSummaryRequestData;
import org.apache.kafka.common.message.ReadShareGroupStateSummaryResponseData;
import org.apache.kafka.common.message.WriteShareGroupStateRequestData;
import org.apache.kafka.common.message.WriteShareGroupStateResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.requests.DeleteShareGroupStateRequest;
import org.apache.kafka.common.requests.InitializeShareGroupStateRequest;
import org.apache.kafka.common.requests.ReadShareGroupStateRequest;
import org.apache.kafka.common.requests.ReadShareGroupStateSummaryRequest;
import org.apache.kafka.common.requests.WriteShareGroupStateRequest;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.persister.Persister;

/**
 * Share groups on this broker, put together: sessions, share partitions, and the APIs that reach them. What the members of a group are and what is assigned to them is the group
 * coordinator's.
 *
 * <p>Threading: thread-safe.
 */
public final class ShareGroups {
    private final Partitions partitions;
    private final Supplier<ClusterView> view;
    private final Coordination<ShareCoordinator> coordination;
    private final StateTopic stateTopic;
    private final GroupConfigs configs;
    private final SharePartitions shares;
    private final ShareSessions sessions;
    private final Timer timer;
    private final InstantSource clock;

    /**
     * What share groups stand on.
     *
     * @param monotonicMs time for acquisition locks, which never goes back
     */
    public record Ground(Partitions partitions, Supplier<ClusterView> view, Supplier<GroupSettings> settings, Coordination<ShareCoordinator> coordination, StateTopic stateTopic,
            Supplier<Persister> persister, Timer timer, InstantSource clock, LongSupplier monotonicMs) {}

    public ShareGroups(Ground ground) {
        this.partitions = ground.partitions();
        this.view = ground.view();
        this.coordination = ground.coordination();
        this.stateTopic = ground.stateTopic();
        this.timer = ground.timer();
        this.clock = ground.clock();
        this.configs = new GroupConfigs(ground.settings(), view);
        ShareState state = new ShareState(ground.persister(), configs);
        this.shares = new SharePartitions(found -> new SharePartition(found.key(), found.partition(), state, configs, timer, ground.monotonicMs(), found.registry()::gone));
        this.sessions = new ShareSessions(configs::maxSessions, this::endSession, shares::groupLeft);
        shares.follow(partitions);
    }

    /** ShareFetch and ShareAcknowledge, and those by which the state of share partitions is kept. */
    public List<ServedApi> apis() {
        List<ServedApi> apis = new ArrayList<>(List.of(ServedApi.of(ApiKeys.SHARE_FETCH, new ShareFetchHandler(this)), ServedApi.of(ApiKeys.SHARE_ACKNOWLEDGE, new ShareAcknowledgeHandler(this))));
        apis.addAll(stateApis());
        return apis;
    }

    /** Those by which the state of share partitions is kept: brokers ask them of each other. */
    public List<ServedApi> stateApis() {
        return List.of(ServedApi.of(ApiKeys.INITIALIZE_SHARE_GROUP_STATE, this::initializeState), ServedApi.of(ApiKeys.READ_SHARE_GROUP_STATE, this::readState),
                ServedApi.of(ApiKeys.WRITE_SHARE_GROUP_STATE, this::writeState), ServedApi.of(ApiKeys.DELETE_SHARE_GROUP_STATE, this::deleteState),
                ServedApi.of(ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY, this::readSummary));
    }

    private void initializeState(Request request) {
        InitializeShareGroupStateRequestData body = ((InitializeShareGroupStateRequest) request.body()).data();
        boolean empty = body.groupId().isEmpty() || body.topics().isEmpty();
        ask(request, empty, InitializeShareGroupStateResponseData::new, coordinator -> coordinator.initializeState(Requests.context(request), body));
    }

    private void readState(Request request) {
        ReadShareGroupStateRequestData body = ((ReadShareGroupStateRequest) request.body()).data();
        boolean empty = body.groupId().isEmpty() || body.topics().isEmpty();
        ask(request, empty, ReadShareGroupStateResponseData::new, coordinator -> coordinator.readState(Requests.context(request), body));
    }

    private void writeState(Request request) {
        WriteShareGroupStateRequestData body = ((WriteShareGroupStateRequest) request.body()).data();
        boolean empty = body.groupId().isEmpty() || body.topics().isEmpty();
        ask(request, empty, WriteShareGroupStateResponseData::new, coordinator -> coordinator.writeState(Requests.context(request), body));
    }

    private void deleteState(Request request) {
        DeleteShareGroupStateRequestData body = ((DeleteShareGroupStateRequest) request.body()).data();
        boolean empty = body.groupId().isEmpty() || body.topics().isEmpty();
        ask(request, empty, DeleteShareGroupStateResponseData::new, coordinator -> coordinator.deleteState(Requests.context(request), body));
    }

    private void readSummary(Request request) {
        ReadShareGroupStateSummaryRequestData body = ((ReadShareGroupStateSummaryRequest) request.body()).data();
        boolean empty = body.groupId().isEmpty() || body.topics().isEmpty();
        ask(request, empty, ReadShareGroupStateSummaryResponseData::new, coordinator -> coordinator.readStateSummary(Requests.context(request), body));
    }

    /** A request about nothing is answered with nothing; to the library it would be an error of ours, and logged as one. */
    private <T extends ApiMessage> void ask(Request request, boolean empty, Supplier<T> nothing, Function<ShareCoordinator, CompletableFuture<T>> question) {
        CompletableFuture<T> answer = empty ? CompletableFuture.completedFuture(nothing.get()) : coordination.serving().map(question)
                .orElseGet(() -> CompletableFuture.failedFuture(new CoordinatorNotAvailableException("The share coordinator is starting.")));
        answer.whenComplete((response, failure) -> {
            if (failure == null) {
                request.respond(response);
            } else {
                request.fail(failure);
            }
        });
    }

    /** Has the coordinator started and its topic made; completes with the topic if it is there then. */
    public CompletableFuture<Optional<TopicView>> prepare() {
        coordination.want();
        return stateTopic.ensure().handle((there, failure) -> stateTopic.find());
    }

    // For the handlers

    Partitions partitions() {
        return partitions;
    }

    ClusterView view() {
        return view.get();
    }

    GroupConfigs configs() {
        return configs;
    }

    SharePartitions shares() {
        return shares;
    }

    ShareSessions sessions() {
        return sessions;
    }

    Timer timer() {
        return timer;
    }

    InstantSource clock() {
        return clock;
    }

    /** Ends the session and takes everything back that the member has. Others need not wait for its locks to run out. */
    void endSession(String group, String member) {
        sessions.end(group, member).ifPresent(had -> had.forEach(partition -> release(new ShareKey(group, partition), member)));
    }

    private void release(ShareKey key, String member) {
        shares.peek(key).ifPresent(share -> share.partition().loop().execute(() -> share.release(member)));
    }

    /** Who leads the partition now, for a client that asked the wrong broker. */
    Optional<PartitionView> leadership(TopicIdPartition partition) {
        return view().topic(partition.topicId()).filter(topic -> partition.partition() < topic.partitions().size()).map(topic -> topic.partitions().get(partition.partition()));
    }

    Optional<Node> node(int brokerId) {
        return Optional.ofNullable(view().brokers().get(brokerId)).map(ShareGroups::node);
    }

    private static Node node(BrokerView broker) {
        return new Node(broker.id(), broker.host(), broker.port(), broker.rack().orElse(null));
    }
}
