package io.firn.cold;

import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.segment.BucketLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out at start-up whether the bucket can be trusted.
 *
 * <pre>
 *   read the claim ─▶ ours ─────────────────────────────────▶ probe: create a key; it must be listed; create it again: the second must lose; delete it
 *        │ none: create it; lost to another: read again ─▶ ours
 *        └▶ another cluster's: Misconfigured
 * </pre>
 */
final class BucketCheck {

    private static final Logger log = LoggerFactory.getLogger(BucketCheck.class);

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final ColdStoreConfig config;
    private final long nonce;

    BucketCheck(ObjectStore objects, BucketLayout layout, ColdStoreConfig config, long nonce) {
        this.objects = objects;
        this.layout = layout;
        this.config = config;
        this.nonce = nonce;
    }

    /** Completes with whether a create of a key that is taken loses; false only where the settings accept that. */
    CompletableFuture<Boolean> run() {
        return claim().thenCompose(nothing -> probe());
    }

    private CompletableFuture<Void> claim() {
        return BucketClaim.read(objects, layout).thenCompose(found -> found.isPresent() ? CompletableFuture.completedFuture(found)
                : objects.putIfAbsent(layout.cluster(), new BucketClaim(config.clusterId()).bytes()).thenCompose(outcome -> BucketClaim.read(objects, layout))).thenAccept(this::requireOurs);
    }

    private void requireOurs(Optional<BucketClaim> claim) {
        String owner = claim.map(BucketClaim::clusterId).orElseThrow(() -> new ColdStoreException.Unavailable("The claim " + layout.cluster() + " was just made and is not there", null));
        if (!owner.equals(config.clusterId())) {
            throw misconfigured("it belongs to cluster " + owner + ", this one is " + config.clusterId() + "; use another bucket or prefix, or see firn bucket takeover, if that cluster is gone for good");
        }
    }

    private CompletableFuture<Boolean> probe() {
        String key = layout.probe(nonce);
        ByteBuffer first = utf8("first " + nonce);
        return objects.putIfAbsent(key, first)
                .thenCompose(created -> objects.list(key, "", 1))
                .thenAccept(page -> requireListed(page, key))
                .thenCompose(listed -> objects.putIfAbsent(key, utf8("second " + nonce)))
                .thenCombine(CompletableFuture.completedFuture(key), this::judge)
                .handle((conditional, failure) -> objects.delete(key).handle((deleted, undeleted) -> {
                    if (undeleted != null) {
                        log.atWarn().addKeyValue("key", key).addKeyValue("error", undeleted.toString()).log("The probe object could not be deleted");
                    }
                    if (failure != null) {
                        throw failure instanceof CompletionException wrapped ? wrapped : new CompletionException(failure);
                    }
                    return conditional;
                }))
                .thenCompose(done -> done);
    }

    /** May pass, unlike the other verdicts: some stores catch up. Until then nothing is written. */
    private void requireListed(ObjectPage page, String key) {
        if (page.objects().stream().noneMatch(object -> object.key().equals(key))) {
            throw new ColdStoreException.Unavailable("The listings of " + objects.location() + " lag: they do not show " + key + ", which was just created. The cold tier waits until they do", null);
        }
    }

    private boolean judge(PutOutcome second, String key) {
        if (second == PutOutcome.EXISTED) {
            return true;
        }
        if (!config.acceptNoConditionalWrites()) {
            throw misconfigured("it lets a second writer create a key that is taken (If-None-Match is ignored), so a deposed leader could destroy a log's history");
        }
        log.atWarn().addKeyValue("store", objects.location()).log("The object store ignores If-None-Match; only leadership keeps writers apart, as the settings accept. Orphans are told, but not deleted");
        return false;
    }

    private ColdStoreException misconfigured(String why) {
        return BucketClaim.refused(objects, why);
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
