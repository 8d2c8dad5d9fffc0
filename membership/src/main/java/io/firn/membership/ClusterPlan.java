package io.firn.membership;

import java.util.Set;

/**
 * This broker's place among those that keep the metadata. Immutable.
 *
 * @param broker its own id
 * @param keepers the brokers whose journals count: an entry is committed only when a majority of them has forced it, and only they become controller. All other brokers follow. The
 *        same on every broker, and the brokers of the CP members.
 */
public record ClusterPlan(int broker, Set<Integer> keepers, MetadataTimes times) {

    public ClusterPlan {
        keepers = Set.copyOf(keepers);
        if (keepers.isEmpty()) {
            throw new IllegalArgumentException("somebody must keep the metadata");
        }
    }

    boolean isKeeper() {
        return keepers.contains(broker);
    }

    /** Keepers that are a majority. */
    int majority() {
        return keepers.size() / 2 + 1;
    }
}
