package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a partition's manifest directory small: after every {@value #TRIM_AT} or so commits it draws a boundary and deletes what lies behind it. See
 * {@link ManifestChain} for why that is safe.
 *
 * <p>Runs beside the commits, one trim at a time, never waited for. A failed trim is repeated by a later commit, as its objects are still listed.
 */
final class ManifestTrim {

    /** Manifests left above the boundary, for people who look for what happened. */
    static final int KEEP = 8;
    /** Manifests listed before a trim is worth its requests. */
    static final int TRIM_AT = 24;

    private static final Logger log = LoggerFactory.getLogger(ManifestTrim.class);

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final TopicIdPartition partition;
    private final long writerId;
    private final AtomicBoolean running = new AtomicBoolean();

    ManifestTrim(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, long writerId) {
        this.objects = objects;
        this.keys = keys;
        this.partition = partition;
        this.writerId = writerId;
    }

    void after(Manifest committed, ManifestListing listing) {
        long boundary = committed.number() - KEEP;
        if (boundary < 1 || listing.manifests().size() < TRIM_AT || !running.compareAndSet(false, true)) {
            return;
        }
        objects.putIfAbsent(keys.boundary(boundary), body(committed))
                .thenCompose(outcome -> objects.deleteAll(behind(boundary, listing)))
                .whenComplete((nothing, failure) -> {
                    running.set(false);
                    if (failure != null) {
                        log.atWarn().addKeyValue("partition", partition).addKeyValue("boundary", boundary)
                                .addKeyValue("error", ColdStoreException.unwrap(failure).toString())
                                .log("Old manifests were not trimmed; a later commit tries again");
                    }
                });
    }

    /** Whichever writer creates a boundary, it means the same; the bytes only have to differ between writers. */
    private ByteBuffer body(Manifest committed) {
        return ByteBuffer.allocate(20).putLong(committed.number()).putInt(committed.writerEpoch()).putLong(writerId).flip();
    }

    private List<String> behind(long boundary, ManifestListing listing) {
        List<String> behind = new ArrayList<>();
        listing.manifests().stream().filter(number -> number <= boundary).map(keys::manifest).forEach(behind::add);
        listing.boundaries().stream().filter(number -> number < Math.min(boundary, listing.boundary())).map(keys::boundary).forEach(behind::add);
        return behind;
    }
}
