package io.firn.retention;

import io.firn.cold.ColdSegment;
import io.firn.cold.ColdSegmentLog;
import io.firn.cold.SegmentSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Whether a copy may take the place of a broken object, and its putting there.
 *
 * <p><b>The same log bytes, and no others.</b> Where the object's tail is sound, its checksums of all chunks say so. Where it is not, size, largest timestamp and leader epoch have to be what the manifest has; whoever brings the copy has to know besides that
 * it is of the same log.
 *
 * <p>Limit: one chunk in memory. Threading: confined to the thread of the scrub, which waits in here for bucket, disk and loop.
 *
 * @param broken committed, and missing or damaged
 * @param tail its tail, if that is sound
 */
record Replacement(ColdSegment broken, Optional<ColdSegmentLog> tail, ColdChanges changes, Patience patience) {

    /** Why the copy cannot stand for it; empty if it can. */
    Optional<String> difference(SegmentSource copy) throws IOException {
        if (copy.logSizeBytes() != broken.logSizeBytes()) {
            return Optional.of("the copy has " + copy.logSizeBytes() + " bytes, not " + broken.logSizeBytes());
        }
        return tail.isPresent() ? difference(copy, tail.get()) : likelyDifference(copy);
    }

    /** An unclean election may have left another log, of just this size: what the manifest knows besides has to agree as well. */
    private Optional<String> likelyDifference(SegmentSource copy) throws IOException {
        if (copy.maxTimestampMs() != broken.maxTimestampMs()) {
            return Optional.of("the copy has other timestamps, and the object's own checksums are gone");
        }
        String[] epochs = StandardCharsets.UTF_8.decode(copy.leaderEpochs().slice()).toString().strip().split("\\s+");
        int newest = Integer.parseInt(epochs[epochs.length - 2]); // the last line is an epoch and its first offset
        return newest > broken.leaderEpoch() ? Optional.of("the copy is of leader epoch " + newest + ", the object of " + broken.leaderEpoch()) : Optional.empty();
    }

    private static Optional<String> difference(SegmentSource copy, ColdSegmentLog tail) throws IOException {
        for (int chunk = 0; chunk < tail.chunks(); chunk++) {
            long position = (long) chunk * tail.chunkBytes();
            ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(tail.chunkBytes(), copy.logSizeBytes() - position));
            copy.readLog(position, bytes);
            if (bytes.hasRemaining() || !tail.isChunk(chunk, bytes.flip())) {
                return Optional.of("the copy is not the same from byte " + position + " on");
            }
        }
        return Optional.empty();
    }

    /** Puts it there; false if somebody else has replaced or dropped the segment meanwhile. */
    boolean by(SegmentSource copy) {
        return patience.await(changes.replace(List.of(broken), copy)).isPresent();
    }
}
