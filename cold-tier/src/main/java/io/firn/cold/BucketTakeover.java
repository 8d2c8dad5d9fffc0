package io.firn.cold;

import io.firn.cold.bucket.Waiting;
import io.firn.cold.segment.BucketLayout;
import java.util.Optional;

/**
 * Gives a bucket to another cluster: the one thing that ever changes a claim. For a cluster that is gone for good and whose topics a new one is to bring back.
 *
 * <p>Brokers of the old cluster that still run have checked the claim long ago and would go on writing: they have to be stopped before, for good. Nothing but the claim is changed.
 */
public final class BucketTakeover {

    private BucketTakeover() {}

    /**
     * Blocks until it is done. Done already is success. Fails with {@link ColdStoreException.Misconfigured} when the bucket belongs to neither.
     *
     * @param from the cluster it belongs to
     * @param to the cluster it is to belong to
     */
    public static void run(ObjectStore objects, String prefix, String from, String to) {
        BucketLayout layout = new BucketLayout(prefix);
        String owner = Waiting.on(BucketClaim.require(objects, layout, Optional.empty())).clusterId();
        if (owner.equals(to)) {
            return;
        }
        if (!owner.equals(from)) {
            throw BucketClaim.refused(objects, "it belongs to cluster " + owner + ", not to " + from);
        }
        Waiting.on(objects.put(layout.cluster(), UploadSource.of(new BucketClaim(to).bytes())));
        Waiting.on(BucketClaim.require(objects, layout, Optional.of(to)));
    }
}
