package io.firn.cold.bucket;

import io.firn.cold.ObjectStore;
import io.firn.cold.segment.BucketLayout;
import java.util.Optional;

/** Whether a certain manifest names an object, directly, by way of its pages, or as one whose deletion is due later. In doubt it does. Blocks; for one thread. */
public final class OrphanVerdict {

    private final NamedObjects named;

    public OrphanVerdict(ObjectStore objects, BucketLayout layout, NewestManifest manifest) {
        this.named = new NamedObjects(objects, layout, manifest.partition(), Optional.of(manifest));
    }

    public boolean isOrphan(String key) {
        return named.of(key) == NamedObjects.Standing.UNNAMED;
    }
}
