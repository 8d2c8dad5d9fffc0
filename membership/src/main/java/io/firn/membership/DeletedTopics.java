package io.firn.membership;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;
import org.pcollections.PSortedSet;
import org.pcollections.TreePSet;

/**
 * The topics deleted last: the proof that this cluster had them and wanted them gone. What is not in here may be a topic that was never deleted, of another cluster, or of entries that were lost with a disk. Immutable; a newer one shares what it has
 * with an older one.
 *
 * <p>Limit: {@value #MOST} topics; with one more, the one deleted first is forgotten. Cost: O(log n) a change.
 */
public final class DeletedTopics {

    public static final int MOST = 10_000;
    static final DeletedTopics NONE = new DeletedTopics(HashTreePMap.empty(), TreePSet.empty(Comparator.comparingLong(DeletedTopic::version).thenComparing(DeletedTopic::id)));

    private final PMap<Uuid, DeletedTopic> byId;
    /** The same, the first deleted first. */
    private final PSortedSet<DeletedTopic> inOrder;

    private DeletedTopics(PMap<Uuid, DeletedTopic> byId, PSortedSet<DeletedTopic> inOrder) {
        this.byId = byId;
        this.inOrder = inOrder;
    }

    public Optional<DeletedTopic> find(Uuid id) {
        return Optional.ofNullable(byId.get(id));
    }

    /** The first deleted first. */
    public Collection<DeletedTopic> all() {
        return inOrder;
    }

    /** With this one, in the place of what was known of it. */
    public DeletedTopics plus(DeletedTopic topic) {
        DeletedTopics without = minus(topic.id());
        DeletedTopics room = without.byId.size() < MOST ? without : without.minus(without.inOrder.first().id());
        return new DeletedTopics(room.byId.plus(topic.id(), topic), room.inOrder.plus(topic));
    }

    /** Without it: it is there again. */
    public DeletedTopics minus(Uuid id) {
        DeletedTopic known = byId.get(id);
        return known == null ? this : new DeletedTopics(byId.minus(id), inOrder.minus(known));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DeletedTopics same && byId.equals(same.byId);
    }

    @Override
    public int hashCode() {
        return byId.hashCode();
    }

    @Override
    public String toString() {
        return byId.size() + " deleted topics";
    }
}
