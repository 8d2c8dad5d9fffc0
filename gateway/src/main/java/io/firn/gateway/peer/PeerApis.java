package io.firn.gateway.peer;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ApiVersionsHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.api.ServedApi;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.errors.BrokerNotAvailableException;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.apache.kafka.common.protocol.ApiKeys;

/**
 * What the listener for other brokers serves. It has to be up before the metadata are, which travel over it, and so before there are partitions: what needs those is refused until {@link #serve} says who does
 * it, as BROKER_NOT_AVAILABLE; what is asked of coordinators, whose answer may be passed on to clients, as COORDINATOR_NOT_AVAILABLE, which they all try again.
 *
 * <p>Threading: thread-safe.
 */
public final class PeerApis {

    /** Served once the broker has its partitions. */
    private static final Set<ApiKeys> OF_PARTITIONS = Set.of(ApiKeys.FETCH, ApiKeys.OFFSET_FOR_LEADER_EPOCH, ApiKeys.WRITE_TXN_MARKERS, ApiKeys.LIST_OFFSETS);
    private static final Set<ApiKeys> OF_COORDINATORS = Set.of(ApiKeys.ADD_PARTITIONS_TO_TXN, ApiKeys.INITIALIZE_SHARE_GROUP_STATE, ApiKeys.READ_SHARE_GROUP_STATE, ApiKeys.WRITE_SHARE_GROUP_STATE,
            ApiKeys.DELETE_SHARE_GROUP_STATE, ApiKeys.READ_SHARE_GROUP_STATE_SUMMARY);
    private static final Set<ApiKeys> LATER = Stream.of(OF_PARTITIONS, OF_COORDINATORS).flatMap(Set::stream).collect(Collectors.toUnmodifiableSet());
    private static final String STARTING = "this broker is starting";

    private final ApiTable table;
    private volatile Map<ApiKeys, ApiHandler> later = Map.of();

    /**
     * @param envelopes who takes messages of the metadata
     * @param heartbeats who takes brokers' signs of life
     */
    public PeerApis(ApiHandler envelopes, ApiHandler heartbeats) {
        ApiTable[] whole = new ApiTable[1];
        List<ServedApi> rows = new ArrayList<>();
        rows.add(ServedApi.of(ApiKeys.API_VERSIONS, new ApiVersionsHandler(() -> whole[0])));
        rows.add(ServedApi.of(ApiKeys.ENVELOPE, envelopes));
        rows.add(ServedApi.of(ApiKeys.BROKER_HEARTBEAT, heartbeats));
        LATER.forEach(key -> rows.add(ServedApi.of(key, this::pass)));
        whole[0] = new ApiTable(rows);
        table = whole[0];
    }

    public ApiTable table() {
        return table;
    }

    /** From now on these are served. @throws IllegalArgumentException for an API that is not among those a broker asks another for */
    public void serve(List<ServedApi> handlers) {
        Map<ApiKeys, ApiHandler> served = new EnumMap<>(ApiKeys.class);
        handlers.forEach(row -> served.put(row.key(), row.handler()));
        if (!LATER.containsAll(served.keySet())) {
            throw new IllegalArgumentException("the listener for brokers serves " + LATER + " later, not " + served.keySet());
        }
        later = served;
    }

    private void pass(Request request) {
        ApiHandler handler = later.get(request.api());
        if (handler == null) {
            throw OF_COORDINATORS.contains(request.api()) ? new CoordinatorNotAvailableException(STARTING) : new BrokerNotAvailableException(STARTING);
        }
        handler.handle(request);
    }
}
