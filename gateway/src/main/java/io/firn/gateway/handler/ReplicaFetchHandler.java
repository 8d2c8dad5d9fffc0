package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.peer.ReplicaReads;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.membership.ClusterView;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.requests.FetchRequest;

/**
 * Fetch of other brokers, on their own listener. Of those that follow this one: up to the log's end, waiting for appends; what a follower asks for counts for the high watermark and the replicas in sync. And of one that this one follows, which mends
 * the bucket with what is committed here on the local disk ({@link ReplicaReads}).
 *
 * <p>Threading: thread-safe.
 */
public final class ReplicaFetchHandler implements ApiHandler {

    private final Partitions partitions;
    private final boolean toldAtOnce;
    private final ThrottleQuota throttle;
    private final InstantSource clock;
    private final FetchSessions sessions;
    private final Supplier<ClusterView> view;

    /**
     * @param toldAtOnce whether followers are told of a new high watermark at once, not with the next records or when their request has waited long enough: where consumers read from them, that is, in a cluster with racks. Costs a
     *     request more for each round of appends while there is little to do
     * @param throttle of what goes out to replicas that are not in sync
     */
    public ReplicaFetchHandler(Partitions partitions, Supplier<ClusterView> view, boolean toldAtOnce, ThrottleQuota throttle, InstantSource clock) {
        this.partitions = partitions;
        this.toldAtOnce = toldAtOnce;
        this.throttle = throttle;
        this.clock = clock;
        this.view = view;
        this.sessions = new FetchSessions(view);
    }

    @Override
    public void handle(Request request) {
        FetchRequest body = (FetchRequest) request.body();
        if (body.replicaId() == ReplicaReads.READER_ID) {
            new FetchOperation(request, body, sessions.context(body), partitions, new FetchReader.Mender(body.replicaEpoch(), view.get()), clock).start();
            return;
        }
        if (!body.isFromFollower()) {
            request.fail(new InvalidRequestException("Consumers fetch from the listener of the clients."));
            return;
        }
        new FetchOperation(request, body, sessions.context(body), partitions, FetchReader.Replica.of(body, toldAtOnce, throttle), clock).start();
    }
}
