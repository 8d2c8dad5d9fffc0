package io.firn.membership;

import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.Uuid;

/**
 * Which topics the last entries were about, so that who follows the views need not look at all topics for each. Immutable; a newer one shares what it has with an older one.
 *
 * <p>Not part of what the cluster has agreed on: a view read from a snapshot remembers nothing, and is the same view. Any two are therefore equal.
 *
 * <p>Limit: {@value #MOST} changes; with one more, all before it are forgotten.
 */
public final class TopicChanges {

    static final int MOST = 1_024;

    private record Change(long version, Uuid topic, Change before) {}

    private final long floor;
    private final int count;
    private final Change newest;

    private TopicChanges(long floor, int count, Change newest) {
        this.floor = floor;
        this.count = count;
        this.newest = newest;
    }

    /** Nothing is known of what came before {@code version}, and it itself. */
    static TopicChanges none(long version) {
        return new TopicChanges(version, 0, null);
    }

    public TopicChanges plus(long version, Uuid topic) {
        if (count < MOST) {
            return new TopicChanges(floor, count + 1, new Change(version, topic, newest));
        }
        long known = newest.version() == version ? version : version - 1; // an entry of which a part is forgotten is not known
        return new TopicChanges(known, 1, new Change(version, topic, null));
    }

    /** Topics that entries after {@code version} were about, whether they are there or not; empty if that is not known any more. */
    Optional<Set<Uuid>> since(long version) {
        if (version < floor) {
            return Optional.empty();
        }
        Set<Uuid> topics = new HashSet<>();
        for (Change change = newest; change != null && change.version() > version; change = change.before()) {
            topics.add(change.topic());
        }
        return Optional.of(topics);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TopicChanges;
    }

    @Override
    public int hashCode() {
        return 0;
    }

    @Override
    public String toString() {
        return count + " changes after version " + floor;
    }
}
