package io.firn.gateway.handler;

import io.firn.gateway.api.ApiHandler;
import io.firn.gateway.api.Request;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.requests.FetchMetadata;
import org.apache.kafka.common.requests.FetchRequest;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.FetchContext;
import org.apache.kafka.server.FetchManager;
import org.apache.kafka.server.FetchSession.FetchSessionCache;
import org.apache.kafka.server.FetchSessionCacheShard;

/**
 * Fetch: finds the session (KIP-227) and starts a {@link FetchOperation}. The sessions are Kafka's own classes, bounded to
 * {@value #SESSIONS} and evicted by their rules.
 *
 * <p>Threading: thread-safe; the session cache synchronizes inside, briefly.
 */
public final class FetchHandler implements ApiHandler {

    private static final int SESSIONS = 10_000;
    private static final long SESSION_EVICTION_MS = 120_000;
    private static final int SHARDS = 4;

    private final Partitions partitions;
    private final Supplier<ClusterView> view;
    private final InstantSource clock;
    private final FetchManager sessions;

    public FetchHandler(Partitions partitions, Supplier<ClusterView> view, InstantSource clock) {
        this.partitions = partitions;
        this.view = view;
        this.clock = clock;
        int range = Integer.MAX_VALUE / SHARDS;
        List<FetchSessionCacheShard> shards = IntStream.range(0, SHARDS)
                .mapToObj(shard -> new FetchSessionCacheShard(SESSIONS / SHARDS, SESSION_EVICTION_MS, range, shard)).toList();
        this.sessions = new FetchManager(Time.SYSTEM, new FetchSessionCache(shards));
    }

    @Override
    public void handle(Request request) {
        FetchRequest body = (FetchRequest) request.body();
        Map<Uuid, String> names = view.get().topicNames();
        FetchRequestData data = body.data();
        FetchContext context = sessions.newContext(body.version(), new FetchMetadata(data.sessionId(), data.sessionEpoch()), body.isFromFollower(),
                body.fetchData(names), body.forgottenTopics(names), names);
        new FetchOperation(request, body, context, partitions, clock).start();
    }
}
