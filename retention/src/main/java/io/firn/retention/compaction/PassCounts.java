package io.firn.retention.compaction;

/**
 * What a pass has done so far. Immutable.
 *
 * @param bytesRead bytes of batches read, in both phases
 * @param bytesWritten bytes given to sinks
 * @param recordsDropped records of data that are gone
 * @param recordsKept records of data written
 * @param unreadableBatches batches kept as they are because their records cannot be read
 */
public record PassCounts(long bytesRead, long bytesWritten, long recordsDropped, long recordsKept, long unreadableBatches) {
    static final PassCounts NONE = new PassCounts(0, 0, 0, 0, 0);

    PassCounts read(long bytes) {
        return new PassCounts(bytesRead + bytes, bytesWritten, recordsDropped, recordsKept, unreadableBatches);
    }

    PassCounts written(long bytes) {
        return new PassCounts(bytesRead, bytesWritten + bytes, recordsDropped, recordsKept, unreadableBatches);
    }

    PassCounts records(long kept, long dropped) {
        return new PassCounts(bytesRead, bytesWritten, recordsDropped + dropped, recordsKept + kept, unreadableBatches);
    }

    PassCounts unreadable() {
        return new PassCounts(bytesRead, bytesWritten, recordsDropped, recordsKept, unreadableBatches + 1);
    }
}
