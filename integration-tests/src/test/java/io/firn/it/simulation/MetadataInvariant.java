package io.firn.it.simulation;

import io.firn.membership.ClusterView;
import io.firn.membership.Head;
import io.firn.membership.journal.Journal;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Metadata entries agree, and what was acknowledged survives: whatever broker shows version n shows the same view; nothing is shown that the head does not cover; the head goes forward only, and when it is set a majority of keepers
 * has forced its entry; a command that was answered is in the history that all agree on.
 */
final class MetadataInvariant {

    private static final String NAME = "metadata agrees";

    private final Cluster cluster;
    private final TreeMap<Long, ClusterView> history = new TreeMap<>();
    private Optional<Head> lastHead = Optional.empty();
    private long answered;

    MetadataInvariant(Cluster cluster) {
        this.cluster = cluster;
        history.put(0L, ClusterView.EMPTY);
    }

    ClusterView newest() {
        return history.lastEntry().getValue();
    }

    void shown(Life life, ClusterView view) {
        ClusterView before = history.putIfAbsent(view.version(), view);
        if (before != null && before != view && !before.equals(view)) {
            throw new Violation(NAME, "broker " + life.id + " shows another view " + view.version() + ":\n" + view + "\nthan was shown before:\n" + before);
        }
        if (view.version() > cluster.store.head().map(Head::version).orElse(0L)) {
            throw new Violation(NAME, "broker " + life.id + " shows view " + view.version() + ", which the head does not cover: " + cluster.store.head());
        }
    }

    /** A command was answered with the view it left. */
    void answered(Life life, ClusterView view) {
        answered = Math.max(answered, view.version());
        shown(life, view);
    }

    void afterEvent() {
        Optional<Head> head = cluster.store.head();
        if (!head.equals(lastHead)) {
            head.ifPresent(this::check);
            lastHead = head;
        }
    }

    void afterEvent(Life life) {
        if (life.metadata.view().version() < life.seenVersion) {
            throw new Violation(NAME, "broker " + life.id + " went back to view " + life.metadata.view().version());
        }
        life.seenVersion = life.metadata.view().version();
    }

    private void check(Head head) {
        Head last = lastHead.orElse(head);
        if (head.version() < last.version() || head.controllerEpoch() < last.controllerEpoch()) {
            throw new Violation(NAME, "head " + head + " after " + last);
        }
        boolean claim = lastHead.isPresent() && head.version() == last.version() || head.version() == 0;
        long have = claim ? 0 : cluster.shape.keepers().stream().filter(keeper -> hasForced(cluster.broker(keeper).folder, head)).count();
        if (!claim && have <= cluster.shape.keepers().size() / 2) {
            throw new Violation(NAME, "the head is set to " + head + ", whose entry " + have + " of " + cluster.shape.keepers().size() + " keepers have forced");
        }
    }

    private boolean hasForced(SimFolder folder, Head head) {
        try {
            Journal journal = Journal.openUnproven(folder.afterCrash(Loss.EVERYTHING), new JournalLimits(cluster.shape.snapshotEntries(), 1 << 20));
            return journal.openedView().version() > head.version() || journal.openedView().version() == head.version() && journal.openedHash().equals(head.hash())
                    || journal.openedTail().stream().anyMatch(record -> record.version() == head.version() && record.hash().equals(head.hash()));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    void atEnd(Life life) {
        if (life.metadata.view().version() < answered) {
            throw new Violation(NAME, "a command was answered with view " + answered + ", but in the end broker " + life.id + " has " + life.metadata.view().version());
        }
    }
}
