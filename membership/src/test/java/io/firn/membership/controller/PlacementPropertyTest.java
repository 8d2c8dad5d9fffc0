package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.BrokerView;
import io.firn.membership.Seeds;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/** Placement on clusters of all shapes. */
class PlacementPropertyTest {

    @Test
    void replicasAreDistinctSpreadOverRacksAndLeadersAreEven() {
        Seeds.forEach(2000, seed -> {
            RandomGenerator random = Seeds.random(seed);
            List<BrokerView> brokers = cluster(random);
            int replicas = 1 + random.nextInt(brokers.size());
            int first = random.nextInt(5);
            int end = first + 1 + random.nextInt(60);
            List<List<Integer>> placed = Placement.place(brokers, List.of(), first, end, replicas, random.nextInt(1000));
            assertThat(placed).hasSize(end - first);
            placed.forEach(one -> {
                assertThat(one).hasSize(replicas).doesNotHaveDuplicates();
                assertThat(racks(brokers, one)).isEqualTo(Math.min(replicas, racks(brokers, brokers.stream().map(BrokerView::id).toList())));
            });
            assertEven(brokers, placed.stream().map(one -> one.get(0)).toList());
        });
    }

    @Test
    void withoutRacksReplicasAreEvenAndADeadLeadersLoadIsSharedByAll() {
        Seeds.forEach(50, seed -> {
            RandomGenerator random = Seeds.random(seed);
            int size = 3 + random.nextInt(6);
            List<BrokerView> brokers = new ArrayList<>();
            for (int id = 0; id < size; id++) {
                brokers.add(broker(id, Optional.empty()));
            }
            List<List<Integer>> placed = Placement.place(brokers, List.of(), 0, size * (size - 1), 2, random.nextInt(1000));
            Map<List<Integer>, Integer> pairs = new HashMap<>();
            placed.forEach(pair -> pairs.merge(pair, 1, Integer::sum));
            assertThat(pairs).as("every broker follows every other one once").hasSize(size * (size - 1)).allSatisfy((pair, times) -> assertThat(times).isEqualTo(1));
        });
    }

    @Test
    void deadBrokersGetFollowersOnlyWhereTheLiveAreTooFewAndNeverLead() {
        Seeds.forEach(1000, seed -> {
            RandomGenerator random = Seeds.random(seed);
            List<BrokerView> brokers = cluster(random);
            List<BrokerView> live = brokers.subList(0, 1 + random.nextInt(brokers.size()));
            List<BrokerView> dead = brokers.subList(live.size(), brokers.size());
            int replicas = 1 + random.nextInt(brokers.size());
            List<List<Integer>> placed = Placement.place(live, dead, 0, 40, replicas, random.nextInt(1000));
            List<Integer> liveIds = live.stream().map(BrokerView::id).toList();
            placed.forEach(one -> {
                assertThat(one).hasSize(replicas).doesNotHaveDuplicates();
                assertThat(liveIds).containsAll(one.subList(0, Math.min(replicas, live.size())));
            });
            assertEven(live, placed.stream().map(one -> one.get(0)).toList());
        });
    }

    @Test
    void growingATopicContinuesWhatPlacingItAtOnceWouldGive() {
        List<BrokerView> brokers = cluster(Seeds.random(9));
        List<List<Integer>> whole = Placement.place(brokers, List.of(), 0, 40, 1, 11);
        assertThat(Placement.place(brokers, List.of(), 15, 40, 1, 11)).isEqualTo(whole.subList(15, 40));
    }

    private static void assertEven(List<BrokerView> brokers, List<Integer> leaders) {
        Map<Integer, Integer> counts = new HashMap<>();
        brokers.forEach(broker -> counts.put(broker.id(), 0));
        leaders.forEach(leader -> counts.merge(leader, 1, Integer::sum));
        int most = counts.values().stream().max(Integer::compare).orElseThrow();
        int fewest = counts.values().stream().min(Integer::compare).orElseThrow();
        assertThat(most - fewest).isLessThanOrEqualTo(1);
    }

    private static List<BrokerView> cluster(RandomGenerator random) {
        List<BrokerView> brokers = new ArrayList<>();
        int racks = 1 + random.nextInt(4);
        for (int id = 0; id < 1 + random.nextInt(9); id++) {
            Optional<String> rack = random.nextInt(8) == 0 ? Optional.empty() : Optional.of("r" + random.nextInt(racks));
            brokers.add(broker(id * 3, rack));
        }
        return brokers;
    }

    private static BrokerView broker(int id, Optional<String> rack) {
        return new BrokerView(id, 1, "h", 1, rack, false);
    }

    private static int racks(List<BrokerView> brokers, List<Integer> ids) {
        HashSet<String> racks = new HashSet<>();
        brokers.stream().filter(broker -> ids.contains(broker.id())).forEach(broker -> racks.add(broker.rack().orElse("alone " + broker.id())));
        return racks.size();
    }
}
