package io.firn.membership.journal;

import io.firn.membership.ClusterView;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.storage.AppendFile;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This broker's copy of the metadata journal, open for appending.
 *
 * <p><b>Order of a change</b>: {@link #append} forces the entries · the head is set in the metadata store (the commit) · {@link #committed} counts
 * them and, when it is time, writes a snapshot and begins a new file.
 *
 * <p><b>On crash</b>, between any two steps: entries that were forced but not committed lie above the head and are cut by the next {@link #open}. A snapshot is of a
 * committed view only and is forced before the new file, which is forced before the old ones are deleted; so at each moment a snapshot and the files from its entry on
 * are there. Files that should have been deleted and are still there do no harm and go at the next opening.
 *
 * <p>After an {@link IOException} this object must not be used again.
 *
 * <p>In a cluster entries come from the controller, the head is known later than they are, and entries that lost against another controller's are taken back ({@link #cut}).
 * {@link #install} writes the snapshot first: the old file then does not reach it, or not with its hash, and is ignored by the next opening.
 *
 * <p>Threading: confined to the metadata thread (and to the opening thread before it starts). Every call may block on the disk.
 */
public final class Journal implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Journal.class);

    private final Folder folder;
    private final JournalLimits limits;
    private final ClusterView openedView;
    private final EntryHash openedHash;
    private final List<JournalRecord> openedTail;

    private AppendFile file;
    private long lastVersion;
    private EntryHash lastHash;
    private long snapshotVersion;
    private long bytesSince;

    private Journal(Folder folder, JournalLimits limits, Recovery.Result recovered) throws IOException {
        this.folder = folder;
        this.limits = limits;
        this.openedView = recovered.view();
        this.openedHash = recovered.hash();
        this.openedTail = recovered.unproven();
        this.lastVersion = openedView.version() + openedTail.size();
        this.lastHash = openedTail.isEmpty() ? openedHash : openedTail.get(openedTail.size() - 1).hash();
        this.snapshotVersion = recovered.snapshotVersion();
        this.bytesSince = recovered.bytesSince();
        this.file = recovered.tail().isPresent() ? cut(folder, recovered.tail().get()) : begin(folder, lastVersion + 1, lastHash, List.of());
    }

    /**
     * Opens the journal at the head: proves it up to there, then drops what lies above.
     *
     * @param head the committed head, empty if nothing ever was committed
     * @throws io.firn.membership.MetadataOpenFailed if committed entries are missing, damaged or written by a newer Firn; then nothing was changed
     */
    public static Journal open(Folder folder, Optional<Head> head, JournalLimits limits) throws IOException {
        return open(folder, limits, Recovery.run(folder, head));
    }

    /**
     * Opens the journal without knowing the head, as brokers of a cluster do: what is committed for certain is the snapshot ({@link #openedView}), what follows
     * ({@link #openedTail}) is for others to say. Entries that cannot be read are cut, and all behind them: the head tells whether they are missed.
     *
     * @throws io.firn.membership.MetadataOpenFailed if the snapshot is damaged, or anything was written by a newer Firn; then nothing was changed
     */
    public static Journal openUnproven(Folder folder, JournalLimits limits) throws IOException {
        return open(folder, limits, UnprovenRecovery.run(folder));
    }

    private static Journal open(Folder folder, JournalLimits limits, Recovery.Result recovered) throws IOException {
        Journal journal = new Journal(folder, limits, recovered);
        journal.delete(recovered.obsolete());
        return journal;
    }

    /** The view as of the head this journal was opened at, or of the snapshot. */
    public ClusterView openedView() {
        return openedView;
    }

    /** Hash of the entry {@link #openedView} is as of. */
    public EntryHash openedHash() {
        return openedHash;
    }

    /** Sound entries above {@link #openedView}, chained on it, of which nothing is known; empty for a journal opened at a head. */
    public List<JournalRecord> openedTail() {
        return openedTail;
    }

    /** Version of the newest entry here, committed or not. */
    public long lastVersion() {
        return lastVersion;
    }

    /** Hash of the newest entry here. */
    public EntryHash lastHash() {
        return lastHash;
    }

    /** Appends entries, the next ones in the chain, and forces them with one force. */
    public void append(List<JournalRecord> records) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(records.stream().mapToInt(record -> record.bytes().length).sum());
        for (JournalRecord record : records) {
            if (record.version() != lastVersion + 1 || !record.previous().equals(lastHash)) {
                throw new IllegalStateException("entry " + record.version() + " does not follow entry " + lastVersion);
            }
            bytes.put(record.bytes());
            lastVersion = record.version();
            lastHash = record.hash();
        }
        bytesSince += bytes.position();
        file.append(bytes.flip());
        file.force();
    }

    /**
     * Drops the newest entries, durably. They must certainly not be committed, now or ever.
     *
     * @param newest the last records of the journal, in order
     */
    public void cut(List<JournalRecord> newest) throws IOException {
        if (newest.isEmpty() || !newest.get(newest.size() - 1).hash().equals(lastHash) || newest.get(0).version() <= snapshotVersion) {
            throw new IllegalStateException("these are not the newest entries of the journal");
        }
        long sizeBytes = newest.stream().mapToLong(record -> record.bytes().length).sum();
        file.truncate(file.sizeBytes() - sizeBytes);
        file.force();
        bytesSince -= sizeBytes;
        lastVersion = newest.get(0).version() - 1;
        lastHash = newest.get(0).previous();
    }

    /** Says that the head now names the newest entry here, and which view that gives. May write a snapshot. */
    public void committed(ClusterView view) throws IOException {
        committed(view, lastHash, List.of());
    }

    /**
     * Says that everything up to a view is committed. May write a snapshot of it.
     *
     * @param hash of the entry the view is as of
     * @param tail all entries here above the view; a new file begins with them
     */
    public void committed(ClusterView view, EntryHash hash, List<JournalRecord> tail) throws IOException {
        if (view.version() + tail.size() != lastVersion) {
            throw new IllegalStateException("view " + view.version() + " and " + tail.size() + " entries do not reach entry " + lastVersion);
        }
        if (view.version() - snapshotVersion >= limits.snapshotEntries() || bytesSince >= limits.snapshotBytes() && view.version() > snapshotVersion) {
            snapshot(new Snapshot(view, hash), tail);
        }
    }

    /** Replaces everything here by a snapshot of a later committed view, as a broker does whose entries are too old to be continued. */
    public void install(Snapshot snapshot) throws IOException {
        if (snapshot.view().version() <= snapshotVersion) {
            throw new IllegalStateException("snapshot " + snapshot.view().version() + " is not newer than snapshot " + snapshotVersion);
        }
        lastVersion = snapshot.view().version();
        lastHash = snapshot.hash();
        snapshot(snapshot, List.of());
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void snapshot(Snapshot snapshot, List<JournalRecord> tail) throws IOException {
        long version = snapshot.view().version();
        byte[] bytes = snapshot.encode();
        folder.replace(Names.snapshot(version), bytes);
        file.close();
        file = begin(folder, version + 1, snapshot.hash(), tail);
        snapshotVersion = version;
        bytesSince = tail.stream().mapToLong(record -> record.bytes().length).sum();
        Set<String> needed = Set.of(Names.snapshot(version), Names.journal(version + 1));
        delete(folder.names().stream().filter(name -> Names.isOurs(name) && !needed.contains(name)).collect(Collectors.toSet()));
        LOGGER.atInfo().addKeyValue("version", version).addKeyValue("sizeBytes", bytes.length).log("Wrote a metadata snapshot");
    }

    private static AppendFile begin(Folder folder, long firstVersion, EntryHash previous, List<JournalRecord> records) throws IOException {
        String name = Names.journal(firstVersion);
        ByteBuffer content = ByteBuffer.allocate(JournalFile.HEADER_BYTES + records.stream().mapToInt(record -> record.bytes().length).sum());
        content.put(new JournalFile(firstVersion, previous).encode());
        records.forEach(record -> content.put(record.bytes()));
        folder.replace(name, content.array());
        return folder.append(name);
    }

    /** A killed process may have left entries and names that are only in the memory of the operating system; from here on they count as forced, so they are. */
    private static AppendFile cut(Folder folder, Recovery.Tail tail) throws IOException {
        AppendFile file = folder.append(tail.name());
        if (tail.totalBytes() > tail.goodBytes()) {
            LOGGER.atWarn().addKeyValue("file", tail.name()).addKeyValue("atByte", tail.goodBytes()).addKeyValue("cutBytes", tail.totalBytes() - tail.goodBytes())
                    .log("Cut metadata entries that were never committed");
            file.truncate(tail.goodBytes());
        }
        file.force();
        folder.force();
        return file;
    }

    /** Not forced: a file that comes back does no harm. */
    private void delete(Set<String> names) throws IOException {
        for (String name : names) {
            folder.delete(name);
        }
    }
}
