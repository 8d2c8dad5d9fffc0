package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a partition's manifest directory small: whenever {@value #TRIM_AT} manifests or so are alive it draws a boundary and deletes what lies behind it. See
 * {@link ManifestChain} for why that is safe.
 *
 * <p>Runs beside the commits, one trim at a time, never waited for. What it could not delete is <i>owed</i>: the next trim, {@value #TRIM_AT} - {@value #KEEP} commits later, begins at the lowest number there is. Meanwhile commits list from {@link #floor} on, so that they
 * cost the same however much is owed.
 */
final class ManifestTrim {

    /** Manifests left above the boundary, for people who look for what happened. */
    static final int KEEP = 8;
    /** Manifests listed before a trim is worth its requests. */
    static final int TRIM_AT = 24;

    /** Pages of old manifests deleted by one trim. */
    private static final int PAGES_AT_ONCE = 100;

    private static final Logger log = LoggerFactory.getLogger(ManifestTrim.class);

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final TopicIdPartition partition;
    private final long writerId;
    private final AtomicBoolean running = new AtomicBoolean();
    private volatile long floor;
    private volatile boolean owed;

    ManifestTrim(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, long writerId) {
        this.objects = objects;
        this.keys = keys;
        this.partition = partition;
        this.writerId = writerId;
    }

    /** What a listing of the whole directory shows. */
    void opened(ManifestListing whole) {
        floor = Math.max(floor, whole.floor());
        owed = owed || whole.leftBehind();
    }

    /** Nothing below it counts: a listing from there on shows all that does, and the greatest boundary. Never falls. */
    long floor() {
        return floor;
    }

    void after(Manifest committed, ManifestListing listing) {
        long boundary = committed.number() - KEEP;
        if (boundary < 1 || listing.undead() < TRIM_AT || !running.compareAndSet(false, true)) {
            return;
        }
        long kept = Math.min(boundary, listing.boundary());
        boolean fromTheStart = owed;
        objects.putIfAbsent(keys.boundary(boundary), body(committed)).thenCompose(outcome -> {
            owed = true;
            floor = Math.max(floor, kept);
            return fromTheStart ? deleteDead(boundary, kept, "", 1) : objects.deleteAll(behind(boundary, listing)).thenApply(nothing -> true);
        }).whenComplete((all, failure) -> {
            owed = owed && (failure != null || !all);
            running.set(false);
            if (failure != null) {
                log.atWarn().addKeyValue("partition", partition).addKeyValue("boundary", boundary)
                        .addKeyValue("error", ColdStoreException.unwrap(failure).toString())
                        .log("Old manifests were not trimmed; a later commit tries again");
            }
        });
    }

    /** Page by page, from the lowest number on; whether that was all. */
    private CompletableFuture<Boolean> deleteDead(long boundary, long kept, String startAfter, int pages) {
        return objects.list(keys.manifestPrefix(), startAfter, ObjectStore.LIST_LIMIT_KEYS).thenCompose(page -> {
            List<String> dead = page.objects().stream().map(StoredObject::key).filter(key -> atMost(keys.manifestNumber(key), boundary) || atMost(keys.boundaryNumber(key), kept - 1)).toList();
            CompletableFuture<Void> deleted = dead.isEmpty() ? CompletableFuture.completedFuture(null) : objects.deleteAll(dead);
            if (dead.isEmpty() || !page.more()) {
                return deleted.thenApply(nothing -> true);
            }
            String last = page.objects().get(page.objects().size() - 1).key();
            return deleted.thenCompose(nothing -> pages < PAGES_AT_ONCE ? deleteDead(boundary, kept, last, pages + 1) : CompletableFuture.completedFuture(false));
        });
    }

    private static boolean atMost(OptionalLong number, long limit) {
        return number.isPresent() && number.getAsLong() <= limit;
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
