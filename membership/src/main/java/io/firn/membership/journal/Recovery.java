package io.firn.membership.journal;

import io.firn.membership.ClusterView;
import io.firn.membership.EntryHash;
import io.firn.membership.Head;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Reads a journal up to the head and proves it: every committed entry is there, sound, in order, chained by hash, and the last one is the one the head names.
 * Changes nothing on disk, so a refusal leaves everything as it was.
 *
 * <p>Where the journal is bad decides what it means. Above the head nothing was ever acknowledged: torn, stale or whole entries there are the rest of a crash and
 * are cut. At or below the head the same bytes are lost metadata, and opening is refused. No guess is made from the bytes themselves.
 *
 * <p>It starts at the newest snapshot, in the last file that begins at or before the entry after it; files before that are left over from an interrupted snapshot.
 *
 * <p>Confined to one call.
 */
final class Recovery {

    /** Entries the forming of a cluster commits at once. More of them without a head mean that the head was lost. */
    private static final int FORMING_ENTRIES = 2;

    private final Folder folder;
    private final Optional<Head> head;
    private final long target;
    private final Snapshot snapshot;
    private final NavigableMap<Long, String> files;
    private final Set<String> names;

    private ClusterView view;
    private EntryHash hash;
    private long lastVersion;
    private Optional<Tail> tail = Optional.empty();
    private long bytesRead;

    private Recovery(Folder folder, Optional<Head> head) throws IOException {
        this.folder = folder;
        this.head = head;
        this.target = head.map(Head::version).orElse(0L);
        this.names = folder.names();
        this.snapshot = newest(Names.snapshots(names));
        this.files = upFrom(Names.journals(names), snapshot.view().version() + 1);
        this.view = snapshot.view();
        this.hash = snapshot.hash();
        this.lastVersion = view.version();
    }

    /**
     * What a journal holds.
     *
     * @param tail the file the next entry belongs into; empty if there is none yet
     * @param bytesSince bytes of the files read
     * @param obsolete files that are not needed: unfinished ones, those the snapshot covers, those above the head
     * @param unproven sound entries that follow the view, if no head was given
     */
    record Result(ClusterView view, EntryHash hash, long snapshotVersion, Optional<Tail> tail, long bytesSince, Set<String> obsolete, List<JournalRecord> unproven) {}

    /** @param goodBytes bytes up to the end of the head's entry; what follows is to be cut */
    record Tail(long firstVersion, String name, long goodBytes, long totalBytes) {}

    static Result run(Folder folder, Optional<Head> head) throws IOException {
        return new Recovery(folder, head).run();
    }

    private Result run() throws IOException {
        for (var file : files.entrySet()) {
            if (tail.isEmpty() || lastVersion < target) {
                readFile(file.getKey(), file.getValue());
            }
        }
        if (lastVersion < target) {
            throw damaged("the metadata journal ends with entry " + lastVersion + " but entry " + target + " was committed");
        }
        if (head.isPresent() && !head.get().equals(new Head(lastVersion, view.controllerEpoch(), hash))) {
            throw damaged("entry " + target + " of the metadata journal is not the one that was committed");
        }
        return new Result(view, hash, snapshot.view().version(), tail, bytesRead, obsolete(), List.of());
    }

    private Set<String> obsolete() {
        Set<String> needed = new HashSet<>();
        needed.add(Names.snapshot(snapshot.view().version()));
        tail.ifPresent(last -> needed.addAll(files.headMap(last.firstVersion(), true).values()));
        return names.stream().filter(name -> Names.isOurs(name) && !needed.contains(name)).collect(Collectors.toSet());
    }

    private Snapshot newest(NavigableMap<Long, String> snapshots) throws IOException {
        if (snapshots.isEmpty()) {
            return Snapshot.EMPTY;
        }
        if (snapshots.lastKey() > target) {
            throw damaged("there is a metadata snapshot of entry " + snapshots.lastKey() + " but only entry " + target + " was committed: the metadata store lost its head");
        }
        return read(folder, snapshots.lastEntry().getValue());
    }

    static Snapshot read(Folder folder, String name) throws IOException {
        Snapshot snapshot = Snapshot.decode(name, folder.read(name));
        if (!Names.snapshot(snapshot.view().version()).equals(name)) {
            throw damaged("metadata snapshot " + name + " was renamed");
        }
        return snapshot;
    }

    private NavigableMap<Long, String> upFrom(NavigableMap<Long, String> journals, long version) {
        Long first = journals.floorKey(version);
        if (first == null && !journals.isEmpty()) {
            throw damaged("the metadata journal begins with entry " + journals.firstKey() + " but entry " + version + " is needed");
        }
        return first == null ? journals : journals.tailMap(first, true);
    }

    private void readFile(long firstVersion, String name) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(folder.read(name));
        JournalFile header = JournalFile.read(name, in);
        boolean overlapsSnapshot = firstVersion <= snapshot.view().version();
        if (firstVersion > lastVersion + 1 || !overlapsSnapshot && !header.previous().equals(hash)) {
            throw damaged("metadata journal file " + name + " does not follow entry " + lastVersion);
        }
        Chain chain = new Chain(firstVersion - 1, header.previous());
        while (chain.version < target && in.hasRemaining()) {
            take(chain, name, in);
        }
        checkForming(name, in.duplicate());
        bytesRead += in.position();
        tail = Optional.of(new Tail(firstVersion, name, in.position(), in.limit()));
    }

    private void take(Chain chain, String name, ByteBuffer in) {
        int at = in.position();
        try {
            JournalRecord record = JournalRecord.read(in);
            if (!chain.accepts(record) || record.version() == snapshot.view().version() && !record.hash().equals(snapshot.hash())) {
                throw new BadRecord("it is not the one that follows its predecessor", false);
            }
            chain.version = record.version();
            chain.hash = record.hash();
            if (record.version() > lastVersion) {
                view = record.applyTo(view);
                lastVersion = record.version();
                hash = record.hash();
            }
        } catch (BadRecord e) {
            String what = "committed entry " + (chain.version + 1) + " of the metadata journal, file " + name + " at byte " + at + ", cannot be read: " + e.getMessage();
            throw e.tooNew() ? new MetadataOpenFailed(Reason.TOO_NEW, what) : damaged(what);
        } catch (IllegalStateException e) {
            throw damaged("committed entry " + (chain.version + 1) + " of the metadata journal, file " + name + " at byte " + at + ": " + e.getMessage());
        }
    }

    private void checkForming(String name, ByteBuffer rest) {
        if (head.isPresent()) {
            return;
        }
        try {
            while (rest.hasRemaining()) {
                if (JournalRecord.read(rest).version() > FORMING_ENTRIES) {
                    throw damaged("metadata journal file " + name + " has entries but none is said to be committed: the metadata store lost its head");
                }
            }
        } catch (BadRecord e) {
            // The forming of the cluster was interrupted: what can be read of it is not more than its own entries.
            return;
        }
    }

    private static MetadataOpenFailed damaged(String what) {
        return new MetadataOpenFailed(Reason.DAMAGED, what + "; restore the metadata directory from a copy");
    }

    /** Where reading one file has got to. */
    private static final class Chain {
        private long version;
        private EntryHash hash;

        Chain(long version, EntryHash hash) {
            this.version = version;
            this.hash = hash;
        }

        boolean accepts(JournalRecord record) {
            return record.version() == version + 1 && record.previous().equals(hash);
        }
    }
}
