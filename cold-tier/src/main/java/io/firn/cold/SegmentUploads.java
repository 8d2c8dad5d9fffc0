package io.firn.cold;

import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import io.firn.cold.segment.SegmentObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Makes a segment object out of a sealed segment and sees that it is in the store: audit, upload, size, tail read back. Nothing counts before a
 * manifest names it.
 *
 * <p>At most {@code uploadParallelism} at a time; further ones wait in order, one a partition. Thread-safe.
 */
final class SegmentUploads {

    private final ObjectStore objects;
    private final ColdStoreConfig config;
    private final InstantSource clock;
    private final Executor uploads;
    private final ColdMeters meters;
    private final Slots slots;

    SegmentUploads(ObjectStore objects, ColdStoreConfig config, InstantSource clock, Executor uploads, ColdMeters meters) {
        this.meters = meters;
        this.objects = objects;
        this.config = config;
        this.clock = clock;
        this.uploads = uploads;
        this.slots = new Slots(config.uploadParallelism());
    }

    CompletableFuture<SegmentEntry> upload(TopicIdPartition partition, PartitionKeys keys, SegmentName name, SegmentSource source) {
        return slots.take()
                .thenApplyAsync(nothing -> audit(partition, name.leaderEpoch(), source), uploads)
                .thenCompose(object -> send(keys.segment(name), object).thenApply(nothing -> entry(name, object)))
                .whenComplete((entry, failure) -> slots.giveBack());
    }

    private SegmentObject audit(TopicIdPartition partition, int leaderEpoch, SegmentSource source) {
        try {
            return SegmentObject.audit(partition, leaderEpoch, config.chunkBytes(), source);
        } catch (IOException | ColdStoreException.Corrupt | IllegalArgumentException e) {
            throw new ColdStoreException.SourceFailed("Segment " + source.baseOffset() + " of " + partition + " cannot be offloaded: " + e.getMessage(), e);
        }
    }

    private CompletableFuture<Void> send(String key, SegmentObject object) {
        return objects.put(key, object).thenCompose(stored -> { // from here on a failure may leave an object that nothing names
            if (stored.sizeBytes() != object.sizeBytes()) {
                throw new ColdStoreException.Corrupt("Object " + key + " has " + stored.sizeBytes() + " bytes after an upload of " + object.sizeBytes(), null);
            }
            ByteBuffer tail = ByteBuffer.allocate(object.tail().remaining());
            return objects.get(key, object.facts().logSizeBytes(), tail).thenAccept(nothing -> requireSame(key, tail, object.tail()));
        }).exceptionally(failure -> {
            meters.possibleOrphan();
            Throwable cause = ColdStoreException.unwrap(failure);
            if (cause instanceof ColdStoreException.Uncertain) {
                throw new ColdStoreException.Unavailable("Upload of " + key + " did not succeed", cause); // an orphan at most: no manifest names it
            }
            throw new CompletionException(cause);
        });
    }

    private static void requireSame(String key, ByteBuffer stored, ByteBuffer sent) {
        if (!stored.equals(sent)) {
            throw new ColdStoreException.Corrupt("The tail of " + key + " is not what was uploaded", null);
        }
    }

    private SegmentEntry entry(SegmentName name, SegmentObject object) {
        return new SegmentEntry(name, object.facts().nextOffset(), object.facts().logSizeBytes(), object.sizeBytes(), object.facts().maxTimestampMs(),
                clock.millis(), object.hasAbortedTransactions());
    }
}
