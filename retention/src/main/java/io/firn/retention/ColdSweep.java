package io.firn.retention;

import io.firn.cold.ColdAudit;
import io.firn.cold.ColdDamage;
import io.firn.cold.ColdFindings;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdProof;
import io.firn.cold.ColdStoreException;
import io.firn.cold.StoredObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One comparison of a partition's objects with its manifest, and the deletion of what belongs to nobody.
 *
 * <pre>
 *   listing ─▶ orphans of age ─▶ proof: a manifest of this leader, through the Offloader ─▶ deleted
 *         └─▶ younger ones: looked at again when they are of age
 * </pre>
 *
 * <p>Why nothing that counts, or ever will, is deleted: {@link ColdAudit}. The age only saves commits; nothing hangs on it, nor on anybody's clock.
 *
 * <p>Threading: confined to the thread of the scrub, which waits in here for bucket and loop.
 */
final class ColdSweep {

    private static final Logger logger = LoggerFactory.getLogger(ColdSweep.class);

    /**
     * What is left.
     *
     * @param orphans of age, and still there
     * @param damage missing, of a wrong size, or pages that cannot be read
     * @param moreDamage further such objects
     * @param againInMs when there is a reason to look again before the next time: orphans that come of age, or more than one look takes
     * @param failure why orphans could not be deleted
     */
    record Result(long orphans, long orphanBytes, List<ColdDamage> damage, long moreDamage, Optional<Long> againInMs, Optional<RuntimeException> failure) {}

    private final ColdLog cold;
    private final Supplier<CompletableFuture<ColdProof>> prove;
    private final Supplier<CompletableFuture<Void>> restate;
    private final Patience patience;
    private final long graceMs;
    private final long nowMs;

    /**
     * @param prove has {@link ColdLog#prove} called when nothing else changes the log
     * @param restate the same of {@link ColdLog#restate}
     */
    ColdSweep(ColdLog cold, Supplier<CompletableFuture<ColdProof>> prove, Supplier<CompletableFuture<Void>> restate, Patience patience, long graceMs, long nowMs) {
        this.cold = cold;
        this.prove = prove;
        this.restate = restate;
        this.patience = patience;
        this.graceMs = graceMs;
        this.nowMs = nowMs;
    }

    /** Fails with {@link ColdStoreException} when the bucket cannot be read. */
    Result run() throws InterruptedException {
        ColdAudit audit = cold.audit();
        ColdFindings found = look(audit);
        List<StoredObject> ofAge = found.orphans().stream().filter(orphan -> ageMs(orphan) >= graceMs).toList();
        List<StoredObject> left = new ArrayList<>(ofAge);
        Optional<RuntimeException> failure = Optional.empty();
        List<StoredObject> doomed = ofAge.stream().filter(audit::mayGo).toList();
        if (!doomed.isEmpty()) {
            try {
                audit.sweep(patience.await(prove.get()), doomed);
                left.removeAll(doomed); // those that stayed have been committed meanwhile
            } catch (ColdStoreException | CancellationException e) { // what was found is told all the same
                failure = Optional.of(e);
            }
        }
        long bytes = left.stream().mapToLong(StoredObject::sizeBytes).sum() + found.moreOrphanBytes();
        return new Result(left.size() + found.moreOrphans(), bytes, found.damage(), found.moreDamage(), againInMs(found, !doomed.isEmpty() && failure.isEmpty()), failure);
    }

    /** A newest manifest that has rotted is put right by the next one, which this leader makes of what it knows. */
    private ColdFindings look(ColdAudit audit) throws InterruptedException {
        try {
            return audit.look();
        } catch (ColdStoreException.Corrupt e) {
            logger.atWarn().addKeyValue("partition", cold.partition()).addKeyValue("cause", e.getMessage()).log("The newest manifest cannot be read; another one is written");
            patience.await(restate.get());
            return audit.look();
        }
    }

    private long ageMs(StoredObject object) {
        return nowMs - object.modifiedAtMs();
    }

    private Optional<Long> againInMs(ColdFindings found, boolean swept) {
        if (found.moreOrphans() > 0 && swept) {
            return Optional.of(0L);
        }
        return found.orphans().stream().filter(orphan -> ageMs(orphan) < graceMs).map(orphan -> Math.min(graceMs, graceMs - ageMs(orphan))).min(Long::compare);
    }
}
