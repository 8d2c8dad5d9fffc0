package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.entry.Entry;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class TopicChangesTest {

    private static Uuid id(long number) {
        return new Uuid(1, number);
    }

    private static ClusterView applied(ClusterView view, Entry entry) {
        return entry.applyTo(view).at(view.version() + 1, 1);
    }

    private static Entry created(int number) {
        return new Entry.TopicCreated(new TopicView(id(number), "t" + number, List.of(new PartitionView(0, 1, 0, 0, List.of(1), List.of(1))), Map.of()));
    }

    @Test
    void aViewTellsWhichTopicsEntriesWereAboutSinceAnEarlierOne() {
        ClusterView one = applied(applied(ClusterView.EMPTY, created(1)), created(2));
        ClusterView two = applied(one, new Entry.PartitionsAdded(id(1), List.of(new PartitionView(1, 1, 0, 0, List.of(1), List.of(1)))));
        ClusterView three = applied(applied(two, new Entry.ProducerIdsAllocated(7)), new Entry.TopicDeleted(id(2)));

        assertThat(two.topicsChangedSince(one.version())).contains(Set.of(id(1)));
        assertThat(three.topicsChangedSince(two.version())).contains(Set.of(id(2)));
        assertThat(three.topicsChangedSince(one.version())).contains(Set.of(id(1), id(2)));
        assertThat(three.topicsChangedSince(three.version())).contains(Set.of());
        assertThat(three.topicsChangedSince(0)).contains(Set.of(id(1), id(2)));
    }

    /** A snapshot's entries have no versions of their own. */
    @Test
    void aViewThatWasReadFromASnapshotKnowsNothingOfWhatCameBefore() {
        ClusterView snapshot = created(1).applyTo(ClusterView.EMPTY).at(50, 1);

        assertThat(snapshot.topicsChangedSince(49)).isEmpty();
        assertThat(snapshot.topicsChangedSince(50)).contains(Set.of());
        ClusterView next = applied(snapshot, created(2));
        assertThat(next.topicsChangedSince(50)).contains(Set.of(id(2)));
        assertThat(next.topicsChangedSince(40)).isEmpty();
    }

    @Test
    void onlyTheLastChangesAreRemembered() {
        TopicChanges changes = TopicChanges.none(0);
        for (int version = 1; version <= TopicChanges.MOST; version++) {
            changes = changes.plus(version, id(version));
        }
        assertThat(changes.since(0).map(Set::size)).contains(TopicChanges.MOST);

        TopicChanges more = changes.plus(TopicChanges.MOST + 1, id(0));

        assertThat(more.since(0)).isEmpty();
        assertThat(more.since(TopicChanges.MOST - 1)).isEmpty();
        assertThat(more.since(TopicChanges.MOST)).contains(Set.of(id(0)));
    }

    @Test
    void whatIsRememberedMakesNoDifference() {
        assertThat(Optional.of(ClusterView.EMPTY.at(1, 1))).contains(ClusterView.EMPTY.at(7, 1).at(1, 1));
    }

    @Test
    void anEntryOfWhichAPartIsForgottenIsNotKnown() {
        TopicChanges changes = TopicChanges.none(0);
        for (int topic = 0; topic <= TopicChanges.MOST; topic++) {
            changes = changes.plus(1, id(topic));
        }
        assertThat(changes.since(0)).isEmpty();
        assertThat(changes.since(1)).contains(Set.of());
    }
}
