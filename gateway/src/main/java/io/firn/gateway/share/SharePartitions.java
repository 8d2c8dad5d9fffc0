package io.firn.gateway.share;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.kafka.common.errors.CoordinatorNotAvailableException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The share partitions in memory: those that members with a session here have asked for. They go when the last session of their group here has gone, or their partition has.
 *
 * <p>Limit: {@value #MOST} share partitions; one more is answered with a retriable error.
 *
 * <p>Threading: thread-safe; {@link #find} on the loop of the partition.
 */
final class SharePartitions {
    private static final int MOST = 50_000;
    private static final Logger LOG = LoggerFactory.getLogger(SharePartitions.class);

    private final Map<ShareKey, SharePartition> byKey = new ConcurrentHashMap<>();
    private final Function<Found, SharePartition> maker;

    /** What is to be made: a share partition over {@code partition}, which tells {@code registry} when it is gone. */
    record Found(ShareKey key, Partition partition, SharePartitions registry) {}

    SharePartitions(Function<Found, SharePartition> maker) {
        this.maker = maker;
    }

    /** Begins to follow the partitions in service. */
    void follow(Partitions partitions) {
        partitions.onRemoved(removed -> List.copyOf(byKey.values()).stream().filter(share -> share.partition() == removed).forEach(SharePartition::goAway));
    }

    /** The share partition, active or being loaded. */
    SharePartition find(ShareKey key, Partition partition) {
        SharePartition known = byKey.get(key);
        if (known != null && known.partition() == partition) {
            known.used();
            return known;
        }
        if (byKey.size() >= MOST) {
            LOG.atWarn().addKeyValue("limit", MOST).addKeyValue("group", key.group()).log("Too many share partitions in memory");
            throw new CoordinatorNotAvailableException("Too many share partitions are in use on this broker.");
        }
        SharePartition made = maker.apply(new Found(key, partition, this));
        byKey.put(key, made);
        made.load();
        return made;
    }

    /** The share partition if it is in memory. */
    Optional<SharePartition> peek(ShareKey key) {
        return Optional.ofNullable(byKey.get(key));
    }

    void gone(SharePartition share) {
        byKey.remove(share.key(), share);
    }

    /** The group has no session here any more. */
    void groupLeft(String group) {
        byKey.values().stream().filter(share -> share.key().group().equals(group)).forEach(share -> share.partition().loop().execute(share::unused));
    }

    int count() {
        return byKey.size();
    }
}
