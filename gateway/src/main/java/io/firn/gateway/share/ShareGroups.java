package io.firn.gateway.share;

import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
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
    private final ShareTimer timer;
    private final InstantSource clock;

    /**
     * What share groups stand on.
     *
     * @param monotonicMs time for acquisition locks, which never goes back
     */
    public record Ground(Partitions partitions, Supplier<ClusterView> view, Supplier<GroupSettings> settings, Coordination<ShareCoordinator> coordination, StateTopic stateTopic,
            Supplier<Persister> persister, ShareTimer timer, InstantSource clock, LongSupplier monotonicMs) {}

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
        return List.of(ServedApi.of(ApiKeys.SHARE_FETCH, new ShareFetchHandler(this)), ServedApi.of(ApiKeys.SHARE_ACKNOWLEDGE, new ShareAcknowledgeHandler(this)),
                ServedApi.of(ApiKeys.INITIALIZE_SHARE_GROUP_STATE, request -> ask(request,
                        (coordinator, asked) -> coordinator.initializeState(Requests.context(asked), ((InitializeShareGroupStateRequest) asked.body()).data()))),
                ServedApi.of(ApiKeys.READ_SHARE_GROUP_STATE, request -> ask(request,
                        (coordinator, asked) -> coordinator.readState(Requests.context(asked), ((ReadShareGroupStateRequest) asked.body()).data()))),
                ServedApi.of(ApiKeys.WRITE_SHARE_GROUP_STATE, request -> ask(request,
                        (coordinator, asked) -> coordinator.writeState(Requests.context(asked), ((WriteShareGroupStateRequest) asked.body()).data()))),
                ServedApi.of(ApiKeys.DELETE_SHARE_GROUP_STATE, request -> ask(request,
                        (coordinator, asked) -> coordinator.deleteState(Requests.context(asked), ((DeleteShareGroupStateRequest) asked.body()).data()))),
                ServedApi.of(ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY, request -> ask(request,
                        (coordinator, asked) -> coordinator.readStateSummary(Requests.context(asked), ((ReadShareGroupStateSummaryRequest) asked.body()).data()))));
    }

    private <T extends ApiMessage> void ask(Request request, BiFunction<ShareCoordinator, Request, CompletableFuture<T>> question) {
        coordination.serving().map(coordinator -> question.apply(coordinator, request))
                .orElseGet(() -> CompletableFuture.failedFuture(new CoordinatorNotAvailableException("The share coordinator is starting.")))
                .whenComplete((answer, failure) -> {
                    if (failure == null) {
                        request.respond(answer);
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

    ShareTimer timer() {
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
