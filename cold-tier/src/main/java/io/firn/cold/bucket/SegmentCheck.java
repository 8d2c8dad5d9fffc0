package io.firn.cold.bucket;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.BatchAudit;
import io.firn.cold.segment.Checksums;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Whether the object of one live segment is sound. Blocks; thread-safe.
 *
 * @param depth how far it is looked into
 * @param checkedBytes is told log bytes of segments that were looked at, from any thread
 */
record SegmentCheck(ObjectStore objects, PartitionAudit.Depth depth, LongConsumer checkedBytes) {

    /** What is wrong with it. */
    Optional<String> problem(TopicIdPartition partition, LiveSegment segment) {
        if (depth == PartitionAudit.Depth.LISTED) {
            return Optional.empty();
        }
        try {
            ByteBuffer tail = segment.tailBuffer();
            Waiting.on(objects.get(segment.facts().key(), segment.facts().logSizeBytes(), tail));
            SegmentIndexes indexes = segment.parse(partition, tail);
            if (depth == PartitionAudit.Depth.WHOLE) {
                readAll(segment, indexes);
            }
            checkedBytes.accept(segment.facts().logSizeBytes());
            return Optional.empty();
        } catch (ColdStoreException.Corrupt | ColdStoreException.Missing | ColdStoreException.Misconfigured e) {
            return Optional.of(": " + e.getMessage());
        }
    }

    private void readAll(LiveSegment segment, SegmentIndexes indexes) {
        int[] checksums = indexes.checksums();
        int chunkBytes = indexes.facts().chunkBytes();
        long logSize = segment.facts().logSizeBytes();
        BatchAudit audit = new BatchAudit(segment.facts().baseOffset(), segment.facts().nextOffset());
        for (int i = 0; i < checksums.length; i++) {
            long position = (long) i * chunkBytes;
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(chunkBytes, logSize - position));
            Waiting.on(objects.get(segment.facts().key(), position, chunk));
            chunk.clear();
            if (Checksums.crc32c(chunk) != checksums[i]) {
                throw new ColdStoreException.Corrupt("chunk " + i + " at byte " + position + " fails its checksum", null);
            }
            audit.accept(chunk);
        }
        audit.finish();
    }
}
