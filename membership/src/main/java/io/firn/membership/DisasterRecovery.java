package io.firn.membership;

import io.firn.membership.MetadataOpenFailed.Reason;
import io.firn.membership.journal.Rebuild;
import io.firn.membership.replication.Message.Position;
import io.firn.membership.storage.FileFolder;
import io.firn.membership.storage.Folder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Rebuilds the metadata when the disks of a majority of the CP members are gone for good, and with them the lock and the head. A person decides that; no program calls it by itself.
 *
 * <p>It reads metadata directories and archived snapshots, takes the one that goes furthest (highest controller epoch, then version), writes its view into a new directory, and marks it as rebuilt: the
 * one permission to give a metadata store without head that entry as its head. Nothing that is read is changed.
 *
 * <p>To go on: every voter gets a copy of the new directory, and CP is formed anew by them. Whoever becomes the controller gives the store that entry as its head; the mark of each is gone as soon as something
 * was committed after it. A voter with an empty directory might become the controller instead and form a new cluster; those with the mark then refuse to go on.
 *
 * <pre>
 *  rebuilt    | FIRNRBLT 8 | version 8 | hash 32 |      a file beside the journal, gone once the head is set
 * </pre>
 */
public final class DisasterRecovery {

    private static final String MARK = "rebuilt";
    private static final long MAGIC = 0x4649524e52424c54L;
    private static final int MARK_BYTES = 16 + EntryHash.SIZE_BYTES;

    private DisasterRecovery() {}

    /**
     * What a source holds, and what was made of it.
     *
     * @param committedVersion up to here it was certainly committed; what follows may have been
     * @param timestampMs when its newest entry was made, or empty if only a snapshot is there
     */
    public record Source(Path path, long version, int controllerEpoch, long committedVersion, Optional<Long> timestampMs, String clusterId) {}

    /** @param sources the one taken first */
    public record Report(Path directory, List<Source> sources) {
        public Report {
            sources = List.copyOf(sources);
        }

        /** For the operator. */
        public List<String> lines() {
            Source taken = sources.get(0);
            List<String> lines = new ArrayList<>();
            lines.add("Rebuilt the metadata of cluster " + taken.clusterId() + " in " + directory + ", up to entry " + taken.version() + " of controller epoch " + taken.controllerEpoch()
                    + taken.timestampMs().map(ms -> ", made at " + Instant.ofEpochMilli(ms)).orElse("") + ", from " + taken.path());
            sources.stream().skip(1).forEach(other -> lines.add("Not used: " + other.path() + ", which ends with entry " + other.version() + " of controller epoch " + other.controllerEpoch()));
            lines.add("May be lost: every change after entry " + taken.version() + ", and all of controller epochs after " + taken.controllerEpoch()
                    + ", if a broker that is not among the sources had forced it: topics, configs, leaders and in-sync replicas, credentials, blocks of producer ids");
            if (taken.version() > taken.committedVersion()) {
                lines.add("May be there although nobody was told: entries " + (taken.committedVersion() + 1) + " to " + taken.version() + " were written, but how many of them were committed is not known");
            }
            lines.add("To go on, with all brokers stopped: put a copy of this directory in the place of metadata/ in the data directory of every voter, empty metadata/ of all other brokers and cp/ of every broker"
                    + " (the directories themselves stay), and start the voters with --form. Controller epochs begin again at 1");
            return lines;
        }
    }

    /**
     * @param sources metadata directories of brokers that are stopped, and files with archived snapshots
     * @param directory where the rebuilt metadata goes; empty or not there yet
     * @throws MetadataOpenFailed with one line, if a source cannot be read, the sources are of different clusters, none has anything, or the directory is not empty
     */
    public static Report run(List<Path> sources, Path directory) {
        try {
            List<Rebuild> read = new ArrayList<>();
            List<Source> all = new ArrayList<>();
            for (Path path : sources) {
                Rebuild source = read(path);
                read.add(source);
                all.add(new Source(path, source.view().version(), source.view().controllerEpoch(), source.committedVersion(), source.timestampMs(), source.view().clusterId()));
            }
            List<Source> ordered = all.stream().sorted(Comparator.comparingInt(Source::controllerEpoch).thenComparingLong(Source::version).reversed()).toList();
            check(ordered);
            write(read.get(all.indexOf(ordered.get(0))), directory);
            return new Report(directory, ordered);
        } catch (IOException e) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "the metadata could not be rebuilt: " + e.getMessage(), e);
        }
    }

    private static Rebuild read(Path path) throws IOException {
        if (Files.isRegularFile(path)) {
            return Rebuild.ofSnapshot(path.toString(), Files.readAllBytes(path));
        }
        if (!Files.isDirectory(path)) {
            throw new MetadataOpenFailed(Reason.UNAVAILABLE, "there is neither a directory nor a file " + path);
        }
        try (Folder folder = FileFolder.open(path)) {
            return Rebuild.ofJournal(folder);
        }
    }

    private static void check(List<Source> ordered) {
        if (ordered.isEmpty() || ordered.get(0).version() == 0) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "none of the sources has any metadata");
        }
        if (ordered.stream().filter(source -> source.version() > 0).map(Source::clusterId).distinct().count() > 1) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "the sources belong to different clusters: " + ordered);
        }
    }

    private static void write(Rebuild from, Path directory) throws IOException {
        try (Folder folder = FileFolder.open(directory)) {
            if (folder.names().stream().anyMatch(name -> !name.equals(FileFolder.LOCK))) {
                throw new MetadataOpenFailed(Reason.IN_USE, "directory " + directory + " is not empty");
            }
            from.writeInto(folder);
            mark(folder, new Position(from.view().version(), from.hash()));
        }
    }

    static void mark(Folder folder, Position position) throws IOException {
        ByteBuffer out = ByteBuffer.allocate(MARK_BYTES).putLong(MAGIC).putLong(position.version());
        position.hash().write(out);
        folder.replace(MARK, out.array());
    }

    static Optional<Position> marked(Folder folder) throws IOException {
        if (!folder.names().contains(MARK)) {
            return Optional.empty();
        }
        ByteBuffer in = ByteBuffer.wrap(folder.read(MARK));
        if (in.remaining() != MARK_BYTES || in.getLong() != MAGIC) {
            throw new MetadataOpenFailed(Reason.DAMAGED, "metadata file " + MARK + " is damaged: rebuild the metadata again");
        }
        return Optional.of(new Position(in.getLong(), EntryHash.read(in)));
    }

    static void forget(Folder folder) throws IOException {
        folder.delete(MARK);
        folder.force();
    }
}
