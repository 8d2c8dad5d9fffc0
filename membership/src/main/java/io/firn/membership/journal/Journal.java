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
 * <p>Threading: confined to the metadata thread (and to the opening thread before it starts). Every call may block on the disk.
 */
public final class Journal implements AutoCloseable {

    private static final Logger LOGGER = LoggerFactory.getLogger(Journal.class);

    private final Folder folder;
    private final JournalLimits limits;
    private final ClusterView openedView;

    private AppendFile file;
    private long lastVersion;
    private EntryHash lastHash;
    private long snapshotVersion;
    private long bytesSince;

    private Journal(Folder folder, JournalLimits limits, Recovery.Result recovered) throws IOException {
        this.folder = folder;
        this.limits = limits;
        this.openedView = recovered.view();
        this.lastVersion = recovered.view().version();
        this.lastHash = recovered.hash();
        this.snapshotVersion = recovered.snapshotVersion();
        this.bytesSince = recovered.bytesSince();
        this.file = recovered.tail().isPresent() ? cut(folder, recovered.tail().get()) : begin(folder, lastVersion + 1, lastHash);
    }

    /**
     * Opens the journal at the head: proves it up to there, then drops what lies above.
     *
     * @param head the committed head, empty if nothing ever was committed
     * @throws io.firn.membership.MetadataOpenFailed if committed entries are missing, damaged or written by a newer Firn; then nothing was changed
     */
    public static Journal open(Folder folder, Optional<Head> head, JournalLimits limits) throws IOException {
        Recovery.Result recovered = Recovery.run(folder, head);
        Journal journal = new Journal(folder, limits, recovered);
        journal.delete(recovered.obsolete());
        return journal;
    }

    /** The view as of the head this journal was opened at. */
    public ClusterView openedView() {
        return openedView;
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

    /** Says that the head now names the newest entry here, and which view that gives. May write a snapshot. */
    public void committed(ClusterView view) throws IOException {
        if (view.version() != lastVersion) {
            throw new IllegalStateException("view " + view.version() + " is not as of entry " + lastVersion);
        }
        if (lastVersion - snapshotVersion >= limits.snapshotEntries() || bytesSince >= limits.snapshotBytes()) {
            snapshot(view);
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    private void snapshot(ClusterView view) throws IOException {
        byte[] bytes = new Snapshot(view, lastHash).encode();
        folder.replace(Names.snapshot(lastVersion), bytes);
        file.close();
        file = begin(folder, lastVersion + 1, lastHash);
        snapshotVersion = lastVersion;
        bytesSince = 0;
        Set<String> needed = Set.of(Names.snapshot(lastVersion), Names.journal(lastVersion + 1));
        delete(folder.names().stream().filter(name -> Names.isOurs(name) && !needed.contains(name)).collect(Collectors.toSet()));
        LOGGER.atInfo().addKeyValue("version", lastVersion).addKeyValue("sizeBytes", bytes.length).log("Wrote a metadata snapshot");
    }

    private static AppendFile begin(Folder folder, long firstVersion, EntryHash previous) throws IOException {
        String name = Names.journal(firstVersion);
        folder.replace(name, new JournalFile(firstVersion, previous).encode());
        return folder.append(name);
    }

    private static AppendFile cut(Folder folder, Recovery.Tail tail) throws IOException {
        AppendFile file = folder.append(tail.name());
        if (tail.totalBytes() > tail.goodBytes()) {
            LOGGER.atWarn().addKeyValue("file", tail.name()).addKeyValue("atByte", tail.goodBytes()).addKeyValue("cutBytes", tail.totalBytes() - tail.goodBytes())
                    .log("Cut metadata entries that were never committed");
            file.truncate(tail.goodBytes());
            file.force();
        }
        return file;
    }

    /** Not forced: a file that comes back does no harm. */
    private void delete(Set<String> names) throws IOException {
        for (String name : names) {
            folder.delete(name);
        }
    }
}
