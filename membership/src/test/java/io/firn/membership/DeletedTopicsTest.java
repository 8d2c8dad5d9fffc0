package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.entry.Entry;
import io.firn.membership.journal.Snapshot;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

class DeletedTopicsTest {

    private static Uuid id(long number) {
        return new Uuid(1, number);
    }

    private static ClusterView applied(ClusterView view, Entry entry) {
        return entry.applyTo(view).at(view.version() + 1, 1);
    }

    private static Entry created(int number, int leaderEpoch) {
        return new Entry.TopicCreated(new TopicView(id(number), "t" + number, List.of(new PartitionView(0, 1, leaderEpoch, 0, List.of(1), List.of(1)),
                new PartitionView(1, 1, leaderEpoch + 2, 0, List.of(1), List.of(1)), new PartitionView(2, 1, 0, 0, List.of(1), List.of(1))), Map.of()));
    }

    @Test
    void aTopicThatIsDeletedIsRememberedWithItsGreatestLeaderEpochUntilItIsThereAgain() {
        ClusterView there = applied(ClusterView.EMPTY, created(1, 4));
        assertThat(there.deleted().find(id(1))).isEmpty();
        ClusterView gone = applied(there, new Entry.TopicDeleted(id(1)));
        assertThat(gone.deleted().find(id(1))).contains(new DeletedTopic(id(1), 2, 6, false));
        assertThat(applied(gone, created(1, 7)).deleted().find(id(1))).isEmpty();
    }

    @Test
    void theFirstDeletedAreForgottenFirst() {
        DeletedTopics topics = DeletedTopics.NONE;
        for (int number = 1; number <= DeletedTopics.MOST; number++) {
            topics = topics.plus(new DeletedTopic(id(number), number, 0, false));
        }
        topics = topics.plus(new DeletedTopic(id(1), 1, 0, true)); // the same again takes nobody's place
        assertThat(topics.all()).hasSize(DeletedTopics.MOST);
        topics = topics.plus(new DeletedTopic(id(0), DeletedTopics.MOST + 1, 0, false));
        assertThat(topics.all()).hasSize(DeletedTopics.MOST);
        assertThat(topics.find(id(1))).isEmpty();
        assertThat(topics.find(id(2))).isPresent();
        assertThat(topics.find(id(0))).isPresent();
    }

    @Test
    void aSnapshotKeepsThemInTheirOrder() {
        ClusterView view = ClusterView.EMPTY;
        for (int number = 9; number > 0; number--) {
            view = applied(applied(view, created(number, number)), new Entry.TopicDeleted(id(number)));
        }
        view = applied(view, new Entry.DeletionsKnown(List.of(new DeletedTopic(id(5), 10, 7, true))));
        Snapshot snapshot = new Snapshot(view, new EntryHash(1, 2, 3, 4));
        ClusterView again = Snapshot.decode("s", snapshot.encode()).view();
        assertThat(again.deleted()).isEqualTo(view.deleted());
        assertThat(again.deleted().all()).containsExactlyElementsOf(view.deleted().all());
        assertThat(again.deleted().all()).extracting(DeletedTopic::id).containsExactly(id(9), id(8), id(7), id(6), id(5), id(4), id(3), id(2), id(1));
    }
}
