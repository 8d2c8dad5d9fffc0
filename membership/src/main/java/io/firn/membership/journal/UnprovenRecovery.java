package io.firn.membership.journal;

import io.firn.membership.EntryHash;
import io.firn.membership.MetadataOpenFailed;
import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads a journal whose head is not known yet: the newest snapshot, which is committed, and every sound entry chained on it, which may be or not. Changes nothing on disk.
 *
 * <p>Unlike {@link Recovery} it may take a bad record for the end: what was committed is on other brokers too, and the head, once it is known, names what is missing here.
 * So nothing is served that was not proven, and what is cut is fetched. Only a snapshot that cannot be read is refused, because without it this broker is not the one it was.
 *
 * <p>A file that does not lead from the snapshot on (too short, or of another history) is what an interrupted {@link Journal#install} leaves, and is not needed.
 *
 * <p>Confined to one call.
 */
final class UnprovenRecovery {

    private static final Logger LOGGER = LoggerFactory.getLogger(UnprovenRecovery.class);

    private final Folder folder;
    private final Set<String> names;
    private final Snapshot snapshot;
    private final List<JournalRecord> records = new ArrayList<>();
    private Optional<Recovery.Tail> tail = Optional.empty();

    private UnprovenRecovery(Folder folder) throws IOException {
        this.folder = folder;
        this.names = folder.names();
        TreeMap<Long, String> snapshots = Names.snapshots(names);
        this.snapshot = snapshots.isEmpty() ? Snapshot.EMPTY : Recovery.read(folder, snapshots.lastEntry().getValue());
    }

    static Recovery.Result run(Folder folder) throws IOException {
        return new UnprovenRecovery(folder).run();
    }

    private Recovery.Result run() throws IOException {
        long base = snapshot.view().version();
        Map.Entry<Long, String> file = Names.journals(names).floorEntry(base + 1);
        if (file != null) {
            readFile(file.getKey(), file.getValue());
        }
        long bytesSince = records.stream().mapToLong(record -> record.bytes().length).sum();
        return new Recovery.Result(snapshot.view(), snapshot.hash(), base, tail, bytesSince, obsolete(), records);
    }

    private void readFile(long firstVersion, String name) throws IOException {
        ByteBuffer in = ByteBuffer.wrap(folder.read(name));
        Optional<JournalFile> header = header(name, in);
        if (header.isEmpty()) {
            LOGGER.atWarn().addKeyValue("file", name).log("A metadata journal file has a damaged header and is dropped; other brokers have its entries");
            return;
        }
        long version = firstVersion - 1;
        EntryHash hash = header.get().previous();
        boolean linked = links(version, hash);
        int goodBytes = in.position();
        while (in.hasRemaining()) {
            Optional<JournalRecord> next = read(name, in, version, hash);
            if (next.isEmpty()) {
                break;
            }
            version = next.get().version();
            hash = next.get().hash();
            goodBytes = in.position();
            if (linked) {
                records.add(next.get());
            }
            linked |= links(version, hash);
        }
        if (linked) {
            tail = Optional.of(new Recovery.Tail(firstVersion, name, goodBytes, in.limit()));
        } else {
            LOGGER.atWarn().addKeyValue("file", name).addKeyValue("snapshotVersion", snapshot.view().version()).log("A metadata journal file does not lead on from the snapshot and is dropped");
        }
    }

    private boolean links(long version, EntryHash hash) {
        return version == snapshot.view().version() && hash.equals(snapshot.hash());
    }

    private static Optional<JournalFile> header(String name, ByteBuffer in) {
        try {
            return Optional.of(JournalFile.read(name, in));
        } catch (MetadataOpenFailed e) {
            if (e.reason() == Reason.DAMAGED) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** The record at the buffer's position if it is sound and the next one. */
    private static Optional<JournalRecord> read(String name, ByteBuffer in, long version, EntryHash hash) {
        try {
            JournalRecord record = JournalRecord.read(in);
            return Optional.of(record).filter(next -> next.version() == version + 1 && next.previous().equals(hash));
        } catch (BadRecord e) {
            if (e.tooNew()) {
                throw new MetadataOpenFailed(Reason.TOO_NEW, "entry " + (version + 1) + " of the metadata journal, file " + name + ": " + e.getMessage());
            }
            return Optional.empty();
        }
    }

    private Set<String> obsolete() {
        Set<String> needed = new HashSet<>();
        needed.add(Names.snapshot(snapshot.view().version()));
        tail.ifPresent(last -> needed.add(last.name()));
        return names.stream().filter(name -> Names.isOurs(name) && !needed.contains(name)).collect(Collectors.toSet());
    }
}
