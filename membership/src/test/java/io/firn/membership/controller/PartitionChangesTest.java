package io.firn.membership.controller;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.FenceBroker;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import io.firn.membership.entry.Entry;
import io.firn.membership.entry.EntryCodec;
import io.firn.membership.entry.PartitionChange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** Many changes at once. */
class PartitionChangesTest {

    @Test
    void changesOfEqualListsShareOneObjectAndOneEntry() {
        TopicView topic = new TopicView(new Uuid(1, 1), "t", List.of(), Map.of());
        PartitionChanges changes = new PartitionChanges();
        for (int p = 9_999; p >= 0; p--) {
            changes.add(topic, new PartitionChange(p, 1, true, new ArrayList<>(List.of(1, 2)), false, Optional.empty()));
        }
        assertThat(changes.entries()).singleElement().isInstanceOfSatisfying(Entry.PartitionsChanged.class, entry -> {
            List<PartitionChange> partitions = entry.topics().get(0).partitions();
            assertThat(partitions).extracting(PartitionChange::partition).isSorted().hasSize(10_000);
            assertThat(partitions).allSatisfy(change -> assertThat(change.isr()).isSameAs(partitions.get(0).isr()));
        });
    }

    @Test
    void noEntryBecomesTooLargeForARecordHoweverDifferentTheChangesAre() {
        PartitionChanges changes = new PartitionChanges();
        int count = 0;
        for (int t = 0; t < 20; t++) {
            TopicView topic = new TopicView(new Uuid(1, t), "t" + t, List.of(), Map.of());
            for (int p = 0; p < 5_000; p++) {
                int id = Integer.MAX_VALUE - 4 * (t * 5_000 + p);
                changes.add(topic, new PartitionChange(p, id, true, List.of(id, id - 1), false,
                        Optional.of(new PartitionChange.Assignment(List.of(id, id - 1, id - 2), List.of(id - 2), List.of(id - 1)))));
                count++;
            }
        }
        List<Entry> entries = changes.entries();
        assertThat(entries).hasSizeGreaterThan(1).allSatisfy(entry -> assertThat(EntryCodec.encode(entry).length).isLessThan(2 << 20));
        int[] found = {0};
        entries.forEach(entry -> ((Entry.PartitionsChanged) entry).topics().forEach(topic -> found[0] += topic.partitions().size()));
        assertThat(found[0]).isEqualTo(count);
    }

    @Test
    void tenThousandPartitionsAreFailedOverInOneSmallEntry() {
        DecidedCluster cluster = DecidedCluster.of(3, 3);
        cluster.accept(new CreateTopic(new Uuid(1, 1), "t", 10_000, 3, Map.of(), Map.of()));
        long version = cluster.view().version();
        Decision.Accepted fenced = (Decision.Accepted) cluster.decide(new FenceBroker(0, cluster.broker(0).epoch()));
        assertThat(fenced.entries()).hasSize(2);
        assertThat(EntryCodec.encode(fenced.entries().get(1)).length).isLessThan(30_100);
        assertThat(cluster.view().version()).isEqualTo(version + 2);
        Map<Integer, Integer> led = new HashMap<>();
        for (PartitionView partition : cluster.view().topic("t").orElseThrow().partitions()) {
            assertThat(partition.isr()).hasSize(2).doesNotContain(0).contains(partition.leader());
            led.merge(partition.leader(), 1, Integer::sum);
        }
        assertThat(led.values()).as("what it led is shared by the others").allSatisfy(count -> assertThat(count).isBetween(4_900, 5_100));
    }
}
