package io.firn.hot.log;

import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.PartitionCheckpoint;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.util.function.UnaryOperator;

/**
 * The partition's checkpoint as it is on disk, and how it changes.
 *
 * <p>Threading: confined to the log's {@link Lane}, whose pieces of work follow each other.
 */
final class Checkpoints {

    private final LogDirectory directory;
    private PartitionCheckpoint current;

    Checkpoints(LogDirectory directory, PartitionCheckpoint current) {
        this.directory = directory;
        this.current = current;
    }

    PartitionCheckpoint current() {
        return current;
    }

    /** What recovery wrote itself. */
    void reread(PartitionCheckpoint written) {
        current = written;
    }

    /** Writes and forces the change; after an exception the old value is taken to be on disk, or the new. */
    void update(UnaryOperator<PartitionCheckpoint> change) throws IOException {
        PartitionCheckpoint changed = change.apply(current);
        if (!changed.equals(current)) {
            SegmentFiles.writeCheckpoint(directory, changed);
            current = changed;
        }
    }
}
