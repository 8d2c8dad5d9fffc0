package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import java.time.InstantSource;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.requests.FetchRequest;

/**
 * Fetch of consumers: finds the session (KIP-227) and starts a {@link FetchOperation}. One that names its rack is sent to a replica there, if one is in sync and the leader is elsewhere (KIP-392).
 *
 * <p>Threading: thread-safe.
 */
public final class FetchHandler implements ApiHandler {

    /** Kafka's first version that a follower answers, and that names a rack. */
    private static final short FIRST_VERSION_OF_FOLLOWERS = 11;

    private final Partitions partitions;
    private final Supplier<ClusterView> view;
    private final InstantSource clock;
    private final FetchSessions sessions;

    public FetchHandler(Partitions partitions, Supplier<ClusterView> view, InstantSource clock) {
        this.partitions = partitions;
        this.view = view;
        this.clock = clock;
        this.sessions = new FetchSessions(view);
    }

    @Override
    public void handle(Request request) {
        FetchRequest body = (FetchRequest) request.body();
        if (body.isFromFollower()) {
            request.fail(new ClusterAuthorizationException("Replicas fetch from the listener of the brokers."));
            return;
        }
        FetchReader consumer = new FetchReader.Consumer(body.version() >= FIRST_VERSION_OF_FOLLOWERS, nearby(body.rackId()), partitions.standing().cutOff());
        new FetchOperation(request, body, sessions.context(body), partitions, consumer, clock).start();
    }

    private Set<Integer> nearby(String rack) {
        return rack == null || rack.isEmpty() ? Set.of()
                : view.get().brokers().values().stream().filter(broker -> broker.rack().equals(Optional.of(rack))).map(BrokerView::id).collect(Collectors.toSet());
    }
}
