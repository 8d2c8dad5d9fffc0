package io.firn.gateway.handler;

import io.firn.membership.ClusterView;
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
 * Fetch sessions (KIP-227) of one listener. They are Kafka's own classes, bounded to {@value #SESSIONS} and evicted by their rules.
 *
 * <p>Threading: thread-safe; the session cache synchronizes inside, briefly.
 */
final class FetchSessions {

    private static final int SESSIONS = 10_000;
    private static final long SESSION_EVICTION_MS = 120_000;
    private static final int SHARDS = 4;

    private final Supplier<ClusterView> view;
    private final FetchManager sessions;

    FetchSessions(Supplier<ClusterView> view) {
        this.view = view;
        int range = Integer.MAX_VALUE / SHARDS;
        List<FetchSessionCacheShard> shards = IntStream.range(0, SHARDS)
                .mapToObj(shard -> new FetchSessionCacheShard(SESSIONS / SHARDS, SESSION_EVICTION_MS, range, shard)).toList();
        this.sessions = new FetchManager(Time.SYSTEM, new FetchSessionCache(shards));
    }

    FetchContext context(FetchRequest body) {
        Map<Uuid, String> names = view.get().topicNames();
        FetchRequestData data = body.data();
        return sessions.newContext(body.version(), new FetchMetadata(data.sessionId(), data.sessionEpoch()), body.isFromFollower(), body.fetchData(names), body.forgottenTopics(names), names);
    }
}
