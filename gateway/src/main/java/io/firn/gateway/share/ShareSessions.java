package io.firn.gateway.share;

import io.firn.gateway.api.Request;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.errors.InvalidRequestException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.ShareRequestMetadata;
import org.apache.kafka.common.utils.ImplicitLinkedHashCollection;
import org.apache.kafka.server.share.CachedSharePartition;
import org.apache.kafka.server.share.ShareGroupListener;
import org.apache.kafka.server.share.context.FinalContext;
import org.apache.kafka.server.share.context.ShareFetchContext;
import org.apache.kafka.server.share.context.ShareSessionContext;
import org.apache.kafka.server.share.session.ShareSession;
import org.apache.kafka.server.share.session.ShareSessionCache;
import org.apache.kafka.server.share.session.ShareSessionKey;

/**
 * The sessions of share group members: which partitions each fetches, and the number its next request must have (KIP-932). Kafka's own classes, made with the first session.
 *
 * <p>Limit: {@code group.share.max.share.sessions}; one more is refused until others end. A session ends when the member says so, with its connection, or when another member begins one on the same
 * connection: Kafka's cache knows only the last of a connection, and would keep the others, and their groups' share partitions, for ever.
 *
 * <p>Threading: thread-safe; the cache synchronizes inside, briefly. Listeners are called on the loop of the connection that ended.
 */
final class ShareSessions {
    private static final String CONNECTION_KEY = "share session";

    private final IntSupplier most;
    private final BiConsumer<String, String> memberLeft;
    private final Consumer<String> groupLeft;
    /** Between the look at a session's number and its next one. */
    private final Lock numbers = new ReentrantLock();
    /** Whose session was begun last on a connection. */
    private final Map<String, ShareSessionKey> lastBegun = new ConcurrentHashMap<>();
    private volatile Optional<ShareSessionCache> cache = Optional.empty();

    /**
     * @param memberLeft told the group and the member whose connection has ended, its session still there
     * @param groupLeft told the group whose last session has gone
     */
    ShareSessions(IntSupplier most, BiConsumer<String, String> memberLeft, Consumer<String> groupLeft) {
        this.most = most;
        this.memberLeft = memberLeft;
        this.groupLeft = groupLeft;
    }

    private ShareSessionCache cache() {
        return cache.orElseGet(() -> locked(() -> cache.orElseGet(this::makeCache)));
    }

    private <T> T locked(Supplier<T> work) {
        numbers.lock();
        try {
            return work.get();
        } finally {
            numbers.unlock();
        }
    }

    private ShareSessionCache makeCache() {
        ShareSessionCache made = new ShareSessionCache(most.getAsInt());
        made.registerShareGroupListener(new ShareGroupListener() {
            @Override
            public void onMemberLeave(String groupId, String memberId) {
                memberLeft.accept(groupId, memberId);
            }

            @Override
            public void onGroupEmpty(String groupId) {
                groupLeft.accept(groupId);
            }
        });
        cache = Optional.of(made);
        return made;
    }

    /**
     * The session's part in one fetch: begins, goes on or ends it. On the connection's loop.
     *
     * @throws org.apache.kafka.common.errors.ApiException as the protocol says, for a session that is unknown, one request too late or early, or one too many
     */
    ShareFetchContext fetch(Request request, String group, String member, int epoch, List<TopicIdPartition> wanted, List<TopicIdPartition> forgotten, boolean acknowledges) {
        ShareSessionKey key = new ShareSessionKey(group, member);
        if (epoch == ShareRequestMetadata.FINAL_EPOCH) {
            known(key);
            return new FinalContext();
        }
        return epoch == ShareRequestMetadata.INITIAL_EPOCH ? begin(request, key, wanted, acknowledges) : goOn(key, epoch, wanted, forgotten);
    }

    private ShareFetchContext begin(Request request, ShareSessionKey key, List<TopicIdPartition> wanted, boolean acknowledges) {
        if (acknowledges) {
            throw new InvalidRequestException("A new session has nothing to acknowledge.");
        }
        ShareSessionCache sessions = cache();
        endFormer(sessions, request.connectionId(), key);
        sessions.remove(key);
        ImplicitLinkedHashCollection<CachedSharePartition> partitions = new ImplicitLinkedHashCollection<>(wanted.size());
        wanted.forEach(partition -> partitions.add(new CachedSharePartition(partition, false)));
        String connection = request.connectionId();
        if (sessions.maybeCreateSession(key.groupId(), key.memberId(), partitions, connection) == null) {
            throw Errors.SHARE_SESSION_LIMIT_REACHED.exception();
        }
        lastBegun.put(connection, key);
        request.whenConnectionEnds(CONNECTION_KEY, () -> {
            lastBegun.remove(connection);
            sessions.connectionDisconnectListener().onDisconnect(connection);
        });
        return new ShareSessionContext(ShareRequestMetadata.INITIAL_EPOCH, wanted);
    }

    private void endFormer(ShareSessionCache sessions, String connection, ShareSessionKey key) {
        ShareSessionKey former = lastBegun.get(connection);
        if (former != null && !former.equals(key)) {
            sessions.connectionDisconnectListener().onDisconnect(connection);
        }
    }

    private ShareFetchContext goOn(ShareSessionKey key, int epoch, List<TopicIdPartition> wanted, List<TopicIdPartition> forgotten) {
        return locked(() -> {
            ShareSession session = next(key, epoch);
            session.update(wanted, forgotten);
            cache().updateNumPartitions(session);
            return new ShareSessionContext(epoch, session);
        });
    }

    /** The session's part in one request that acknowledges only. */
    void acknowledge(String group, String member, int epoch) {
        if (epoch == ShareRequestMetadata.INITIAL_EPOCH) {
            throw Errors.INVALID_SHARE_SESSION_EPOCH.exception();
        }
        ShareSessionKey key = new ShareSessionKey(group, member);
        if (epoch == ShareRequestMetadata.FINAL_EPOCH) {
            known(key);
        } else {
            locked(() -> next(key, epoch));
        }
    }

    private ShareSession next(ShareSessionKey key, int epoch) {
        ShareSession session = known(key);
        if (session.epoch != epoch) {
            throw Errors.INVALID_SHARE_SESSION_EPOCH.exception();
        }
        session.epoch = ShareRequestMetadata.nextEpoch(epoch);
        return session;
    }

    /** Ends a session; the partitions it had, or empty if there was none. */
    Optional<List<TopicIdPartition>> end(String group, String member) {
        return Optional.ofNullable(cache().remove(new ShareSessionKey(group, member))).map(ShareSessions::partitions);
    }

    private static List<TopicIdPartition> partitions(ShareSession session) {
        List<TopicIdPartition> partitions = new ArrayList<>();
        session.partitionMap().forEach(one -> partitions.add(new TopicIdPartition(one.topicId(), one.partition(), one.topic())));
        return partitions;
    }

    private ShareSession known(ShareSessionKey key) {
        ShareSession session = cache().get(key);
        if (session == null) {
            throw Errors.SHARE_SESSION_NOT_FOUND.exception();
        }
        return session;
    }
}
