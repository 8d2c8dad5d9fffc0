package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Finds brokers for the replicas of one that is to go.
 *
 * <p>The newcomer stands where the one that goes stood, so whoever takes over a preferred leadership is chosen by who has fewest of those. It is of a rack the other replicas are
 * not in, if there is such a broker; among those the one with the fewest replicas, counting what was given to it here.
 *
 * <p>Threading: confined to one decision.
 */
final class Replacement {

    private final int going;
    private final Map<Integer, String> racks = new HashMap<>();
    private final List<BrokerView> candidates;
    private final Map<Integer, Integer> replicas = new HashMap<>();
    private final Map<Integer, Integer> preferred = new HashMap<>();

    private Replacement(ClusterView view, int going) {
        this.going = going;
        view.brokers().values().forEach(broker -> racks.put(broker.id(), Placement.rack(broker)));
        this.candidates = view.brokers().values().stream().filter(broker -> broker.id() != going && broker.placeable()).toList();
    }

    static Replacement of(ClusterView view, int going) {
        Replacement replacement = new Replacement(view, going);
        view.topics().values().forEach(topic -> topic.partitions().forEach(replacement::count));
        return replacement;
    }

    private void count(PartitionView partition) {
        List<Integer> target = partition.target();
        target.forEach(id -> replicas.merge(id, 1, Integer::sum));
        preferred.merge(target.get(0), 1, Integer::sum);
    }

    /** The replicas with another broker in place of the one that goes; empty if there is none to take it. */
    Optional<List<Integer>> without(List<Integer> target) {
        int place = target.indexOf(going);
        Set<String> taken = new HashSet<>();
        target.stream().filter(id -> id != going).forEach(id -> taken.add(racks.getOrDefault(id, "")));
        Comparator<BrokerView> fewest = Comparator.comparing((BrokerView broker) -> taken.contains(racks.get(broker.id())));
        if (place == 0) {
            fewest = fewest.thenComparing(broker -> preferred.getOrDefault(broker.id(), 0));
        }
        fewest = fewest.thenComparing(broker -> replicas.getOrDefault(broker.id(), 0)).thenComparing(BrokerView::id);
        return candidates.stream().filter(broker -> !target.contains(broker.id())).min(fewest).map(broker -> replaced(target, place, broker.id()));
    }

    private List<Integer> replaced(List<Integer> target, int place, int by) {
        List<Integer> then = new ArrayList<>(target);
        then.set(place, by);
        replicas.merge(by, 1, Integer::sum);
        if (place == 0) {
            preferred.merge(by, 1, Integer::sum);
        }
        return List.copyOf(then);
    }
}
