package io.firn.membership;

import io.firn.membership.entry.Entry;
import io.firn.membership.journal.Journal;
import io.firn.membership.journal.JournalRecord;
import io.firn.membership.journal.Snapshot;
import io.firn.membership.replication.Message;
import io.firn.membership.replication.Message.Position;
import io.firn.membership.replication.MessageCodec;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * This broker's copy of the cluster's history: the journal on disk, how much of it is known to be committed, the view as of that, and the newest records in memory.
 *
 * <pre>
 *   … older records: only on disk, in the snapshot │ records in memory ──────────────────────────────▶ │
 *   ──────────────────────────────────────────────────────────────▶│ view (committed)  │ perhaps ─────▶ │ last
 * </pre>
 *
 * <p>Invariants: the view covers only entries that a head known to be set covers; nothing at or below the view is ever taken back ({@link #cutAbove} refuses). All records above the
 * view are in memory, and below it at most {@link #MAX_RECENT_BYTES} for brokers that lag.
 *
 * <p>Threading: confined to the metadata thread. Blocks on the disk.
 */
final class Copy {

    /** Records kept below the view for brokers that lag; who lags further gets a snapshot. None are kept by a broker without peers. */
    static final int MAX_RECENT_BYTES = 4 << 20;

    private final Journal journal;
    private final Shown shown;
    private final int recentBytes;
    private final ArrayList<JournalRecord> records = new ArrayList<>();
    private ClusterView view;
    private EntryHash hash;
    private EntryHash baseHash;
    private long baseVersion;
    private long sizeBytes;

    private Copy(Journal journal, Shown shown, ClusterView view, EntryHash hash, int recentBytes) {
        this.journal = journal;
        this.shown = shown;
        this.recentBytes = recentBytes;
        this.view = view;
        this.hash = hash;
        this.baseVersion = view.version();
        this.baseHash = hash;
    }

    /** Of a broker without peers: everything is committed by itself. */
    static Copy alone(Journal journal, Shown shown, ClusterView view, EntryHash hash) {
        return new Copy(journal, shown, view, hash, 0);
    }

    /** Of a broker among others, as its journal was found. */
    static Copy among(Journal journal, Shown shown) {
        Copy copy = new Copy(journal, shown, journal.openedView(), journal.openedHash(), MAX_RECENT_BYTES);
        copy.remember(journal.openedTail());
        return copy;
    }

    /** As of the newest entry known to be committed. */
    ClusterView view() {
        return view;
    }

    /** Hash of the entry {@link #view} is as of. */
    EntryHash hash() {
        return hash;
    }

    /** Version of the newest entry here, committed or not. */
    long lastVersion() {
        return baseVersion + records.size();
    }

    EntryHash lastHash() {
        return records.isEmpty() ? baseHash : records.get(records.size() - 1).hash();
    }

    /** Highest controller epoch any entry here was written under. */
    int lastEpoch() {
        return records.isEmpty() ? view.controllerEpoch() : Math.max(view.controllerEpoch(), records.get(records.size() - 1).controllerEpoch());
    }

    /** Hash of an entry here, if it is still known. */
    Optional<EntryHash> hashAt(long version) {
        if (version == baseVersion) {
            return Optional.of(baseHash);
        }
        return version > baseVersion && version <= baseVersion + records.size() ? Optional.of(record(version).hash()) : Optional.empty();
    }

    boolean holds(long version, EntryHash entry) {
        return hashAt(version).filter(entry::equals).isPresent();
    }

    /** Of the cluster this history belongs to, as far as the first entry tells whether it is committed or not; "" if there is none. */
    String clusterId() {
        if (!view.clusterId().isEmpty() || records.isEmpty()) {
            return view.clusterId();
        }
        return lastVersion() > ClusterMember.FORMING_ENTRIES && records.get(0).entry() instanceof Entry.ClusterFormed formed ? formed.clusterId() : "";
    }

    /** What is here, newest first: the newest entry, some in growing distances before it, the newest committed one. */
    List<Position> positions() {
        List<Position> positions = new ArrayList<>();
        for (long back = 0; lastVersion() - back > view.version(); back = back == 0 ? 1 : back * 2) {
            positions.add(new Position(lastVersion() - back, hashAt(lastVersion() - back).orElseThrow()));
        }
        positions.add(committed());
        return positions;
    }

    /** The newest entry known to be committed. */
    Position committed() {
        return new Position(view.version(), hash);
    }

    /** Version of the oldest entry whose successors are all in memory. */
    long baseVersion() {
        return baseVersion;
    }

    /** What a broker that has {@code matched} lacks up to {@code last}, as much as one reply takes, at least one record if there is one. */
    Message.Entries entriesAfter(Position matched, long last) {
        List<byte[]> taken = new ArrayList<>();
        int size = 0;
        long next = matched.version() + 1;
        for (; next <= last; next++) {
            byte[] bytes = record(next).bytes();
            size += bytes.length;
            if (size > MessageCodec.BATCH_BYTES && !taken.isEmpty()) {
                break;
            }
            taken.add(bytes);
        }
        long committed = Math.min(view.version(), next - 1);
        return new Message.Entries(matched, taken, new Position(committed, hashAt(committed).orElseThrow()));
    }

    /** Appends and forces. @param beforeForce runs when the records can be read here, so that others may force them at the same time */
    void append(List<JournalRecord> appended, Runnable beforeForce) throws IOException {
        remember(appended);
        beforeForce.run();
        journal.append(appended);
    }

    /** Takes back entries that can never be committed. */
    void cutAbove(long version) throws IOException {
        if (version < view.version()) {
            throw new IllegalStateException("entry " + (version + 1) + " is committed and is not cut");
        }
        if (version < lastVersion()) {
            List<JournalRecord> newest = records.subList((int) (version - baseVersion), records.size());
            journal.cut(newest);
            sizeBytes -= size(newest);
            newest.clear();
        }
    }

    /** Shows everything up to an entry that is here and is covered by a head known to be set. May write a snapshot. */
    void commit(long version) throws IOException {
        if (version <= view.version()) {
            return;
        }
        for (long next = view.version() + 1; next <= version; next++) {
            JournalRecord record = record(next);
            view = record.applyTo(view);
            hash = record.hash();
            shown.show(view);
        }
        settle();
    }

    /** The same for a controller, which has shown the views already. */
    void commit(ClusterView committed, EntryHash committedHash) throws IOException {
        view = committed;
        hash = committedHash;
        settle();
    }

    /** Takes a later committed view in place of everything here. */
    void install(Snapshot snapshot) throws IOException {
        if (snapshot.view().version() <= view.version()) {
            throw new IllegalStateException("snapshot " + snapshot.view().version() + " is older than view " + view.version());
        }
        journal.install(snapshot);
        records.clear();
        sizeBytes = 0;
        view = snapshot.view();
        hash = snapshot.hash();
        baseVersion = view.version();
        baseHash = hash;
        shown.show(view);
    }

    void close() throws IOException {
        journal.close();
    }

    private JournalRecord record(long version) {
        return records.get((int) (version - baseVersion - 1));
    }

    private void remember(List<JournalRecord> more) {
        records.addAll(more);
        sizeBytes += size(more);
    }

    private void settle() throws IOException {
        journal.committed(view, hash, records.isEmpty() ? List.of() : List.copyOf(records.subList((int) (view.version() - baseVersion), records.size())));
        forget();
    }

    /** Drops the older half at once, so that each record is moved a bounded number of times. */
    private void forget() {
        int drop = 0;
        if (sizeBytes > recentBytes) {
            int committed = (int) (view.version() - baseVersion);
            for (long left = sizeBytes; drop < committed && left > recentBytes / 2; drop++) {
                left -= records.get(drop).bytes().length;
            }
        }
        if (drop > 0) {
            List<JournalRecord> oldest = records.subList(0, drop);
            baseHash = oldest.get(drop - 1).hash();
            baseVersion += drop;
            sizeBytes -= size(oldest);
            oldest.clear();
        }
    }

    private static long size(List<JournalRecord> some) {
        return some.stream().mapToLong(record -> record.bytes().length).sum();
    }
}
