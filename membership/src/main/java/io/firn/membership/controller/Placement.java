package io.firn.membership.controller;

import io.firn.membership.BrokerView;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Rack-aware round robin. Pure.
 *
 * <p>The brokers stand in a ring in which neighbours are of different racks as far as possible. Partition p leads on ring place (start + p), so leaders are even to
 * within one. Its followers are the next ones around the ring from an offset that moves on by one each time the leaders have gone round, so that the brokers which
 * share a leader's load after its death are not always the same ones. A broker of a rack that already has a replica is passed over until every rack has one.
 *
 * <p>Brokers that are fenced or about to stop get followers where the others are too few, never leaders: topics can be created while a broker restarts.
 *
 * <p>Invariants: no broker twice in one partition; a partition's replicas are in min(replicas, racks) different racks while there are enough live brokers. A broker without a rack is a rack of its own.
 */
final class Placement {

    private final List<BrokerView> ring;
    private final List<BrokerView> rest;
    private final Map<Integer, String> racks = new HashMap<>();

    private Placement(List<BrokerView> live, List<BrokerView> rest) {
        live.forEach(broker -> racks.put(broker.id(), rack(broker)));
        rest.forEach(broker -> racks.put(broker.id(), rack(broker)));
        this.ring = ring(live);
        this.rest = ring(rest);
    }

    /**
     * Replicas of the partitions {@code first} to {@code end} (exclusive), the preferred leader first.
     *
     * @param live brokers that may lead, one at least
     * @param rest brokers taken when the others are too few; with them there are at least {@code replicas}
     * @param start any number not negative; the same for all partitions of a topic
     */
    static List<List<Integer>> place(List<BrokerView> live, List<BrokerView> rest, int first, int end, int replicas, int start) {
        if (replicas < 1 || live.isEmpty() || replicas > live.size() + rest.size()) {
            throw new IllegalArgumentException(replicas + " replicas do not fit on " + live.size() + " and " + rest.size() + " brokers");
        }
        Placement placement = new Placement(live, rest);
        List<List<Integer>> placed = new ArrayList<>(end - first);
        for (int partition = first; partition < end; partition++) {
            long place = (long) start + partition;
            List<Integer> chosen = placement.replicas(place, Math.min(replicas, live.size()));
            placed.add(chosen.size() == replicas ? chosen : placement.withRest(chosen, place, replicas));
        }
        return placed;
    }

    private List<Integer> replicas(long place, int count) {
        int size = ring.size();
        int leader = (int) (place % size);
        List<Integer> chosen = new ArrayList<>(count);
        Set<String> taken = new HashSet<>();
        List<BrokerView> passedOver = new ArrayList<>();
        choose(ring.get(leader), chosen, taken);
        for (int step = 0; chosen.size() < count && step < size - 1; step++) {
            int offset = 1 + (int) ((place / size + step) % (size - 1));
            BrokerView next = ring.get((leader + offset) % size);
            if (taken.contains(racks.get(next.id()))) {
                passedOver.add(next);
            } else {
                choose(next, chosen, taken);
            }
        }
        passedOver.stream().limit(count - chosen.size()).forEach(broker -> chosen.add(broker.id()));
        return List.copyOf(chosen);
    }

    private void choose(BrokerView broker, List<Integer> chosen, Set<String> taken) {
        chosen.add(broker.id());
        taken.add(racks.get(broker.id()));
    }

    /** One broker of each rack in turn, until all stand in the ring. */
    private List<BrokerView> ring(List<BrokerView> brokers) {
        Map<String, Deque<BrokerView>> byRack = new TreeMap<>();
        brokers.stream().sorted(Comparator.comparingInt(BrokerView::id)).forEach(broker -> byRack.computeIfAbsent(racks.get(broker.id()), rack -> new ArrayDeque<>()).add(broker));
        List<BrokerView> ring = new ArrayList<>(brokers.size());
        while (ring.size() < brokers.size()) {
            byRack.values().stream().filter(rack -> !rack.isEmpty()).forEach(rack -> ring.add(rack.remove()));
        }
        return ring;
    }

    /** Those that are not alive, the ones of racks without a replica first; turned on with the place, so that they share the followers. */
    private List<Integer> withRest(List<Integer> live, long place, int count) {
        Set<String> taken = new HashSet<>();
        live.forEach(id -> taken.add(racks.get(id)));
        List<Integer> chosen = new ArrayList<>(live);
        List<BrokerView> passedOver = new ArrayList<>();
        for (int step = 0; step < rest.size() && chosen.size() < count; step++) {
            BrokerView next = rest.get((int) ((place + step) % rest.size()));
            if (taken.contains(racks.get(next.id()))) {
                passedOver.add(next);
            } else {
                choose(next, chosen, taken);
            }
        }
        passedOver.stream().limit(count - chosen.size()).forEach(broker -> chosen.add(broker.id()));
        return List.copyOf(chosen);
    }

    /** The prefixes keep a rack named like a broker's number apart from that broker. Numbers have one width, so that the ring goes by them; not by a formatter, which takes longer than placing does. */
    static String rack(BrokerView broker) {
        return broker.rack().map(name -> "rack " + name).orElseGet(() -> "broker " + (10_000_000_000L + broker.id()));
    }
}
