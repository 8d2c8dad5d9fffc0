package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.segment.PartitionKeys;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;

/**
 * The numbers in a partition's manifest directory, as one listing showed them; ascending.
 *
 * @param manifests numbers of manifests, dead ones (at or below the boundary) included
 * @param boundaries numbers of boundary objects
 */
record ManifestListing(List<Long> manifests, List<Long> boundaries) {

    /** A directory holds some dozens of objects; one with this many pages is not ours. */
    private static final int PAGE_LIMIT = 10;

    /** Greatest number that is dead for ever; 0 if none. */
    long boundary() {
        return boundaries.isEmpty() ? 0 : boundaries.get(boundaries.size() - 1);
    }

    /** Greatest manifest number; 0 if none. */
    long newest() {
        return manifests.isEmpty() ? 0 : manifests.get(manifests.size() - 1);
    }

    boolean deleted() {
        return boundary() == LogDeletion.TOMBSTONE;
    }

    /** One request as long as the directory fits into a page, which the trimming sees to. */
    static CompletableFuture<ManifestListing> of(ObjectStore objects, PartitionKeys keys) {
        return new Collector(objects, keys).next("", 0);
    }

    private record Collector(ObjectStore objects, PartitionKeys keys, List<Long> manifests, List<Long> boundaries) {

        Collector(ObjectStore objects, PartitionKeys keys) {
            this(objects, keys, new ArrayList<>(), new ArrayList<>());
        }

        CompletableFuture<ManifestListing> next(String startAfter, int pages) {
            if (pages == PAGE_LIMIT) {
                return CompletableFuture.failedFuture(new ColdStoreException.Corrupt("More than " + PAGE_LIMIT + " pages in " + keys.manifestPrefix(), null));
            }
            return objects.list(keys.manifestPrefix(), startAfter, ObjectStore.LIST_LIMIT_KEYS).thenCompose(page -> take(page, pages));
        }

        private CompletableFuture<ManifestListing> take(ObjectPage page, int pages) {
            for (StoredObject object : page.objects()) {
                OptionalLong manifest = keys.manifestNumber(object.key());
                OptionalLong boundary = keys.boundaryNumber(object.key());
                manifest.ifPresent(manifests::add);
                boundary.ifPresent(boundaries::add);
            }
            if (!page.more() || page.objects().isEmpty()) {
                return CompletableFuture.completedFuture(new ManifestListing(manifests, boundaries));
            }
            return next(page.objects().get(page.objects().size() - 1).key(), pages + 1);
        }
    }
}
