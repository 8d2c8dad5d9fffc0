package io.firn.cold;

import io.firn.cold.segment.BucketLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Whose bucket it is: the object {@code <prefix>/cluster}, UTF-8 text of the line {@code firn cluster 1}, then the cluster id in a line.
 *
 * @param clusterId of the cluster that the bucket belongs to
 */
record BucketClaim(String clusterId) {

    private static final String FORM = "firn cluster 1\n";

    /** The claim there is, by one request; empty if there is none. Fails with {@link ColdStoreException.Misconfigured} when what is there is none that this release understands. */
    static CompletableFuture<Optional<BucketClaim>> read(ObjectStore objects, BucketLayout layout) {
        return objects.getSmall(layout.cluster()).thenApply(bytes -> Optional.of(parse(objects, layout.cluster(), bytes)))
                .exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing ? CompletableFuture.completedFuture(Optional.empty())
                        : CompletableFuture.failedFuture(failure));
    }

    /** The claim of a bucket that is to be read; {@link ColdStoreException.Misconfigured} if there is none, or another's than the one expected. */
    static CompletableFuture<BucketClaim> require(ObjectStore objects, BucketLayout layout, Optional<String> expected) {
        return read(objects, layout).thenApply(found -> {
            BucketClaim claim = found.orElseThrow(() -> refused(objects, "there is no " + layout.cluster() + ", which every bucket of a Firn cluster has; is the prefix right?"));
            if (!claim.clusterId().equals(expected.orElse(claim.clusterId()))) {
                throw refused(objects, "it belongs to cluster " + claim.clusterId() + ", not to " + expected.orElseThrow());
            }
            return claim;
        });
    }

    private static BucketClaim parse(ObjectStore objects, String key, ByteBuffer bytes) {
        String text = StandardCharsets.UTF_8.decode(bytes).toString();
        if (!text.startsWith(FORM)) {
            throw refused(objects, key + " is not the claim of a Firn cluster, or one of a newer release");
        }
        return new BucketClaim(text.substring(FORM.length()).strip());
    }

    static ColdStoreException refused(ObjectStore objects, String why) {
        return new ColdStoreException.Misconfigured("Bucket " + objects.location() + " is refused: " + why, null);
    }

    ByteBuffer bytes() {
        return ByteBuffer.wrap((FORM + clusterId + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
