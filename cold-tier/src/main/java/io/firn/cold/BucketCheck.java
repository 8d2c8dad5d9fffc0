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
 *   read the claim ─▶ another cluster's: Misconfigured
 *        │ ours, or none
 *        ▼
 *   probe: create a key; it must be listed; create it again: the second must lose; delete it ─▶ there was none: make the claim; lost to another: Misconfigured
 *        the create is refused, but a plain write is not: a store that knows no condition
 * </pre>
 *
 * A store whose creates do not lose is refused, or, where the settings accept it, told to {@link LookFirstObjectStore look first} from now on.
 */
final class BucketCheck {

    private static final String IGNORES = "it lets a second writer create a key that is taken (If-None-Match is ignored)";
    private static final String REFUSES = "it takes a plain write, but refuses to create a key only if it is not there (If-None-Match): ";
    private static final String DENIES = "it answers that a key is taken which nobody else knows of (If-None-Match), so nothing could ever be created";
    private static final Logger log = LoggerFactory.getLogger(BucketCheck.class);

    private final LookFirstObjectStore objects;
    private final BucketLayout layout;
    private final ColdStoreConfig config;
    private final long nonce;

    BucketCheck(LookFirstObjectStore objects, BucketLayout layout, ColdStoreConfig config, long nonce) {
        this.objects = objects;
        this.layout = layout;
        this.config = config;
        this.nonce = nonce;
    }

    /** Completes with whether a create of a key that is taken loses; false only where the settings accept that. */
    CompletableFuture<Boolean> run() {
        return BucketClaim.read(objects, layout).thenCompose(found -> {
            found.ifPresent(this::requireOurs);
            return probe().thenCompose(conditional -> {
                objects.lookFirst(!conditional);
                return found.isPresent() ? CompletableFuture.completedFuture(conditional) : claim().thenApply(nothing -> conditional);
            });
        });
    }

    private CompletableFuture<Void> claim() {
        return objects.putIfAbsent(layout.cluster(), new BucketClaim(config.clusterId()).bytes()).thenCompose(outcome -> BucketClaim.read(objects, layout))
                .thenAccept(found -> requireOurs(found.orElseThrow(() -> new ColdStoreException.Unavailable("The claim " + layout.cluster() + " was just made and is not there", null))));
    }

    private void requireOurs(BucketClaim claim) {
        String owner = claim.clusterId();
        if (!owner.equals(config.clusterId())) {
            throw misconfigured("it belongs to cluster " + owner + ", this one is " + config.clusterId() + "; use another bucket or prefix, or see firn bucket takeover, if that cluster is gone for good");
        }
    }

    private CompletableFuture<Boolean> probe() {
        String key = layout.probe(nonce);
        return create(key)
                .thenCompose(refused -> objects.list(key, "", 1).thenAccept(page -> requireListed(page, key)).thenCompose(listed -> createAgain(key, refused)))
                .thenApply(this::judge)
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

    /** Completes with whether a create was refused, though a plain write of the same was not. */
    private CompletableFuture<Boolean> create(String key) {
        ByteBuffer first = utf8("first " + nonce);
        return objects.conditional().putIfAbsent(key, first).thenApply(Optional::of).exceptionallyCompose(refusal -> {
            Throwable cause = ColdStoreException.unwrap(refusal);
            return cause instanceof ColdStoreException.Misconfigured
                    ? objects.put(key, UploadSource.of(first)).thenApply(written -> Optional.<PutOutcome>empty()).exceptionallyCompose(failure -> CompletableFuture.failedFuture(cause)) // it is writing that does not go
                    : CompletableFuture.failedFuture(cause);
        }).thenApply(this::requireCreated);
    }

    /** Whether the create was refused. A key of a random name that is taken at once would pass for a listing that lags, for ever. */
    private boolean requireCreated(Optional<PutOutcome> created) {
        if (created.filter(outcome -> outcome == PutOutcome.EXISTED).isPresent()) {
            throw misconfigured(DENIES);
        }
        return created.isEmpty();
    }

    /**
     * Completes with why a create of a key that is taken does not lose; empty if it does. A refusal counts where it is the second one, on either side of a plain write that was taken: one that has passed
     * meanwhile does not.
     */
    private CompletableFuture<Optional<String>> createAgain(String key, boolean refused) {
        return objects.conditional().putIfAbsent(key, utf8("second " + nonce)).thenApply(second -> Optional.of(IGNORES).filter(why -> second == PutOutcome.CREATED)).exceptionallyCompose(failure -> {
            Throwable cause = ColdStoreException.unwrap(failure);
            return refused && cause instanceof ColdStoreException.Misconfigured ? CompletableFuture.completedFuture(Optional.of(REFUSES + cause.getMessage())) : CompletableFuture.failedFuture(cause);
        });
    }

    /** May pass, unlike the other verdicts: some stores catch up. Until then nothing is written. */
    private void requireListed(ObjectPage page, String key) {
        if (page.objects().stream().noneMatch(object -> object.key().equals(key))) {
            throw new ColdStoreException.Unavailable("The listings of " + objects.location() + " lag: they do not show " + key + ", which was just created. The cold tier waits until they do", null);
        }
    }

    private boolean judge(Optional<String> unconditional) {
        if (unconditional.isEmpty()) {
            return true;
        }
        String why = unconditional.get();
        if (!config.acceptNoConditionalWrites()) {
            throw misconfigured(why + ", so a deposed leader could destroy a log's history; cold.accept.no.conditional.writes accepts that");
        }
        log.atWarn().addKeyValue("store", objects.location()).addKeyValue("reason", why)
                .log("The object store has no conditional creates; only leadership keeps writers apart, as the settings accept. Orphans are told, but not deleted");
        return false;
    }

    private ColdStoreException misconfigured(String why) {
        return BucketClaim.refused(objects, why);
    }

    private static ByteBuffer utf8(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    }
}
