package io.firn.membership.journal;

import io.firn.membership.ClusterView;
import io.firn.membership.EntryHash;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.util.Optional;

/**
 * All that one journal or snapshot has to tell, committed or not: what a disaster recovery builds on. Immutable; reading changes nothing on disk.
 *
 * @param hash of the entry the view is as of
 * @param committedVersion up to here it was certainly committed
 * @param timestampMs of the newest entry, if it is there
 */
public record Rebuild(ClusterView view, EntryHash hash, long committedVersion, Optional<Long> timestampMs) {

    public static Rebuild ofJournal(Folder folder) throws IOException {
        Recovery.Result read = UnprovenRecovery.run(folder);
        ClusterView view = read.view();
        EntryHash hash = read.hash();
        try {
            for (JournalRecord record : read.unproven()) {
                view = record.applyTo(view);
                hash = record.hash();
            }
        } catch (IllegalStateException e) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "the metadata journal does not fit together: " + e.getMessage(), e);
        }
        Optional<Long> timestampMs = read.unproven().isEmpty() ? Optional.empty() : Optional.of(read.unproven().get(read.unproven().size() - 1).timestampMs());
        return new Rebuild(view, hash, read.view().version(), timestampMs);
    }

    public static Rebuild ofSnapshot(String name, byte[] bytes) {
        Snapshot snapshot = Snapshot.decode(name, bytes);
        return new Rebuild(snapshot.view(), snapshot.hash(), snapshot.view().version(), Optional.empty());
    }

    /** Writes a snapshot of it, with the controller epochs beginning anew, into a folder without journal. */
    public void writeInto(Folder folder) throws IOException {
        folder.replace(Names.snapshot(view.version()), new Snapshot(view.at(view.version(), 0), hash).encode());
    }
}
