package io.firn.hot.segment;

import io.firn.hot.CorruptStateException;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.index.OffsetIndex;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.index.TimeIndex;
import io.firn.hot.index.TransactionIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Reads and writes the small files of a log directory as values. Written files are forced; their names only after {@link LogDirectory#force()}.
 *
 * <p>Threading: stateless; blocks. One thread per log at a time (its lane).
 */
public final class SegmentFiles {

    static final List<String> ALL = List.of(LogDirectory.LOG, LogDirectory.OFFSET_INDEX, LogDirectory.TIME_INDEX, LogDirectory.TRANSACTION_INDEX);

    private SegmentFiles() {}

    /** Writes the three indexes, as of now complete. The transaction index is written even when empty, so that a missing file means damage. */
    public static void writeIndexes(LogDirectory directory, long baseOffset, SegmentIndexes indexes) throws IOException {
        directory.write(LogDirectory.fileName(baseOffset, LogDirectory.OFFSET_INDEX), indexes.offsets().toBytes());
        directory.write(LogDirectory.fileName(baseOffset, LogDirectory.TIME_INDEX), indexes.times().toBytes());
        directory.write(LogDirectory.fileName(baseOffset, LogDirectory.TRANSACTION_INDEX), indexes.transactions().toBytes());
    }

    /** Writes the three indexes of a segment that is to take others' place. */
    public static void writeCleanedIndexes(LogDirectory directory, long baseOffset, SegmentIndexes indexes) throws IOException {
        directory.write(LogDirectory.fileName(baseOffset, LogDirectory.OFFSET_INDEX) + SegmentSwap.CLEANED, indexes.offsets().toBytes());
        directory.write(LogDirectory.fileName(baseOffset, LogDirectory.TIME_INDEX) + SegmentSwap.CLEANED, indexes.times().toBytes());
        directory.write(LogDirectory.fileName(baseOffset, LogDirectory.TRANSACTION_INDEX) + SegmentSwap.CLEANED, indexes.transactions().toBytes());
    }

    /** Deletes what was written of a segment that does not take others' place after all. */
    public static void deleteCleaned(LogDirectory directory, long baseOffset) throws IOException {
        for (String suffix : ALL) {
            directory.deleteIfExists(LogDirectory.fileName(baseOffset, suffix) + SegmentSwap.CLEANED);
        }
    }

    /** The three indexes, or empty when one is missing or damaged. */
    public static Optional<SegmentIndexes> readIndexes(LogDirectory directory, long baseOffset) throws IOException {
        try {
            return Optional.of(SegmentIndexes.of(
                    OffsetIndex.fromBytes(baseOffset, read(directory, baseOffset, LogDirectory.OFFSET_INDEX)),
                    TimeIndex.fromBytes(baseOffset, read(directory, baseOffset, LogDirectory.TIME_INDEX)),
                    TransactionIndex.fromBytes(baseOffset, read(directory, baseOffset, LogDirectory.TRANSACTION_INDEX))));
        } catch (NoSuchFileException | CorruptStateException e) {
            return Optional.empty();
        }
    }

    private static ByteBuffer read(LogDirectory directory, long baseOffset, String suffix) throws IOException {
        return directory.read(LogDirectory.fileName(baseOffset, suffix));
    }

    /** Writes the producer state at {@code offset}. */
    public static void writeSnapshot(LogDirectory directory, long offset, ByteBuffer snapshot) throws IOException {
        directory.write(LogDirectory.fileName(offset, LogDirectory.SNAPSHOT), snapshot);
    }

    public static void writeEpochs(LogDirectory directory, LeaderEpochs epochs) throws IOException {
        directory.write(LogDirectory.LEADER_EPOCHS, epochs.toText());
    }

    /** Replaces the checkpoint so that the new one survives a power loss. */
    public static void writeCheckpoint(LogDirectory directory, PartitionCheckpoint checkpoint) throws IOException {
        directory.write(LogDirectory.CHECKPOINT, checkpoint.toBytes());
        directory.force();
    }

    /** Deletes the files of a segment nobody has open. */
    public static void delete(LogDirectory directory, long baseOffset) throws IOException {
        for (String suffix : ALL) {
            directory.deleteIfExists(LogDirectory.fileName(baseOffset, suffix));
        }
    }

    /** Deletes index files whose log is gone: a crash came between the renames of a deletion. */
    public static void deleteOrphans(LogDirectory directory, List<Long> baseOffsets) throws IOException {
        for (String suffix : ALL.subList(1, ALL.size())) {
            for (long offset : directory.offsets(suffix)) {
                if (!baseOffsets.contains(offset)) {
                    directory.deleteIfExists(LogDirectory.fileName(offset, suffix));
                }
            }
        }
    }

    /** Deletes producer snapshots at other offsets than these. */
    public static void keepSnapshots(LogDirectory directory, Set<Long> offsets) throws IOException {
        for (long offset : directory.offsets(LogDirectory.SNAPSHOT)) {
            if (!offsets.contains(offset)) {
                directory.deleteIfExists(LogDirectory.fileName(offset, LogDirectory.SNAPSHOT));
            }
        }
    }
}
