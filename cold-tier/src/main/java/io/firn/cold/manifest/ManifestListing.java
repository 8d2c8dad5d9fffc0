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
 * <p>As long as old manifests can be deleted these are some dozens. Where they cannot be, for lack of a permission say, they grow by one a commit; then the greatest {@value #NUMBERS_LIMIT} and some more are kept, and the others only counted.
 *
 * @param manifests numbers of manifests, dead ones (at or below the boundary) included
 * @param boundaries numbers of boundary objects
 * @param passedOver further ones, below these
 */
record ManifestListing(List<Long> manifests, List<Long> boundaries, long passedOver) {

    static final int NUMBERS_LIMIT = 4_000;
    /** Ten million objects: nobody makes so many commits while nothing can be deleted. */
    private static final int PAGE_LIMIT = 10_000;

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

    /** Where trimming ends that deletes all that is dead but the second boundary: a listing from there on shows the greatest boundary, and all that is not dead. */
    long floor() {
        return boundaries.size() < 2 ? 0 : boundaries.get(boundaries.size() - 2);
    }

    /** Whether there is something that trimming would have deleted. */
    boolean leftBehind() {
        return passedOver > 0 || boundaries.size() > 2 || !manifests.isEmpty() && manifests.get(0) <= boundary();
    }

    /** How many manifests are not dead. */
    long undead() {
        return manifests.stream().filter(number -> number > boundary()).count();
    }

    /** All there are. One request as long as the directory fits into a page, which the trimming sees to. */
    static CompletableFuture<ManifestListing> of(ObjectStore objects, PartitionKeys keys) {
        return from(objects, keys, 0);
    }

    /** Those from a number on. */
    static CompletableFuture<ManifestListing> from(ObjectStore objects, PartitionKeys keys, long number) {
        return new Collector(objects, keys).next(number < 1 ? "" : keys.manifest(number - 1), 0);
    }

    private static final class Collector {
        private final ObjectStore objects;
        private final PartitionKeys keys;
        private final List<Long> manifests = new ArrayList<>();
        private final List<Long> boundaries = new ArrayList<>();
        private long passedOver;

        Collector(ObjectStore objects, PartitionKeys keys) {
            this.objects = objects;
            this.keys = keys;
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
                manifest.ifPresent(number -> add(manifests, number));
                boundary.ifPresent(number -> add(boundaries, number));
            }
            if (!page.more() || page.objects().isEmpty()) {
                return CompletableFuture.completedFuture(new ManifestListing(manifests, boundaries, passedOver));
            }
            return next(page.objects().get(page.objects().size() - 1).key(), pages + 1);
        }

        private void add(List<Long> numbers, long number) {
            numbers.add(number);
            if (numbers.size() == 2 * NUMBERS_LIMIT) {
                numbers.subList(0, NUMBERS_LIMIT).clear();
                passedOver += NUMBERS_LIMIT;
            }
        }
    }
}
