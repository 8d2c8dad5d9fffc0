package io.firn.membership.cp;

import io.firn.membership.cp.GroupRecord.Cut;
import io.firn.membership.cp.GroupRecord.Entry;
import io.firn.membership.cp.GroupRecord.Members;
import io.firn.membership.cp.GroupRecord.Snapshot;
import io.firn.membership.cp.GroupRecord.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What a group's log amounts to: members, term and vote, snapshot, entries after it.
 *
 * <p>Invariants: entries follow each other and the snapshot without a gap, their terms never go back, the term never goes back, a vote is not replaced within its term. A
 * record that would break one is a fault of the caller, or damage when it comes from a file.
 *
 * <p>Confined to the lock of its {@link CpStore}.
 */
final class GroupState {

    private Optional<Members> members = Optional.empty();
    private Term term = new Term(0, Optional.empty());
    private Optional<Snapshot> snapshot = Optional.empty();
    private final List<Entry> entries = new ArrayList<>();

    /** @throws IllegalArgumentException if the record cannot come after those before it */
    void apply(GroupRecord record) {
        if (record instanceof Members first) {
            check(members.isEmpty(), "a second list of members");
            members = Optional.of(first);
        } else if (record instanceof Term next) {
            boolean grows = next.term() > term.term() || next.term() == term.term() && (term.vote().isEmpty() || term.vote().equals(next.vote()));
            check(grows, "term " + next + " after " + term);
            term = next;
        } else if (record instanceof Entry entry) {
            check(entry.index() == lastIndex() + 1 && entry.term() >= lastTerm(), "entry " + entry.index() + " of term " + entry.term() + " after entry " + lastIndex() + " of term " + lastTerm());
            entries.add(entry);
        } else if (record instanceof Snapshot next) {
            check(next.index() > snapshotIndex(), "snapshot " + next.index() + " after snapshot " + snapshotIndex());
            snapshot = Optional.of(next);
            entries.removeIf(entry -> entry.index() <= next.index());
        } else if (record instanceof Cut cut) {
            check(cut.fromIndex() > snapshotIndex() && cut.fromIndex() <= lastIndex() + 1, "cut from entry " + cut.fromIndex() + " of " + (snapshotIndex() + 1) + " to " + lastIndex());
            entries.subList((int) (cut.fromIndex() - snapshotIndex() - 1), entries.size()).clear();
        }
    }

    Optional<Members> members() {
        return members;
    }

    Term term() {
        return term;
    }

    Optional<Snapshot> snapshot() {
        return snapshot;
    }

    List<Entry> entries() {
        return entries;
    }

    long snapshotIndex() {
        return snapshot.map(Snapshot::index).orElse(0L);
    }

    long lastIndex() {
        return snapshotIndex() + entries.size();
    }

    private int lastTerm() {
        return entries.isEmpty() ? snapshot.map(Snapshot::term).orElse(0) : entries.get(entries.size() - 1).term();
    }

    /** The records that make this state out of nothing. */
    List<GroupRecord> records() {
        List<GroupRecord> all = new ArrayList<>();
        members.ifPresent(all::add);
        if (term.term() > 0) {
            all.add(term);
        }
        snapshot.ifPresent(all::add);
        all.addAll(entries);
        return all;
    }

    UUID own() {
        return members.orElseThrow().own();
    }

    private static void check(boolean holds, String what) {
        if (!holds) {
            throw new IllegalArgumentException("the log of a Raft group cannot take " + what);
        }
    }
}
