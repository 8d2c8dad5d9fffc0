package io.firn.cold;

import io.firn.cold.bucket.OrphanVerdict;
import io.firn.cold.bucket.PartitionAudit;
import io.firn.cold.bucket.PartitionAudit.Depth;
import io.firn.cold.bucket.PartitionAudit.Findings;
import io.firn.cold.bucket.PartitionAudit.Problem;
import io.firn.cold.bucket.Waiting;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.PartitionKeys;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.kafka.common.TopicIdPartition;

/**
 * A leader's look at the objects of its partition: what is missing, and what belongs to nobody and may go.
 *
 * <pre>
 *   look: newest manifest, its pages, the listing ─▶ orphans: objects that nothing names        damage: objects that are named and missing
 *   {@link ColdLog#prove}: a manifest of this writer, committed after the listing
 *   sweep: of these orphans, those of this epoch or an earlier one that the proof does not name ─▶ deleted
 * </pre>
 *
 * <p><b>Why an object that is swept is never named later</b>, by whoever, however late its requests come. Let {@code m} be the manifest that proves, of epoch {@code e}, and {@code x} an object that was listed before {@code m} was committed,
 * whose key tells an epoch of at most {@code e}, and which {@code m} does not name: not as live, not as pending, nor by way of a page.
 * <ol>
 * <li>A manifest that counts later descends from {@code m}, as the history is one ({@code ManifestChain}). What it names and {@code m} does not was uploaded by the writer of a manifest behind {@code m}; a name is drawn for each upload, and
 *     never again.
 * <li>Writers of an earlier epoch than {@code e}, however long they slept, are fenced by {@code m}. What they had sent before is of a number at or below that of {@code m}, and has lost.
 * <li>Writers of a later epoch put that one into the key of what they upload. They are nobody's business here: this leader may be deposed and not know it.
 * <li>Writers of the same epoch: one broker leads in an epoch, but an earlier process of it may live on. What it had sent is of a number at or below that of {@code m}, as it knew no later one; and what it uploads for a change it names only on the head that the change
 *     began on, or on those of earlier epochs that came in between: where it finds {@code m}, or what descends from it, the change fails and its uploads are given up ({@code ManifestChain}). An earlier opening of the log
 *     in this process has no change under way ({@link ColdLog#prove} sees to that), takes up no new one once it is closed, and what it had sent has lost as well. This opening itself had no other change under way: it is the only one at a time. What a
 *     change uploads before it fails is given up with it; but for one whose manifest may have been committed, and that is settled before {@code m}.
 * </ol>
 * Two clusters with one bucket are not kept apart by epochs. So before anything is deleted the bucket's claim is read once more: a broker that was left running when its bucket was taken over deletes nothing there.
 *
 * <p>Nor is it needed by a reader: what was live stays named as pending until it has been deleted, after the grace period. All that needs no clock, and no listing that is complete: one that lags shows too little, or what is gone.
 *
 * <p>But it needs creates that lose where a number is taken. On a store that lets them win ({@code cold.accept.no.conditional.writes}) a late manifest takes the place of {@code m}, and brings back a history that names what was deleted: there orphans are told, and none is deleted.
 *
 * <p>What is not of a segment's or page's name, and what is of a later epoch, is never deleted.
 *
 * <p><b>On crash</b> anywhere: nothing is remembered; the next look finds what is left.
 *
 * <p>Costs: 2 LIST, 1 GET, 1 LIST more for each 1000 objects, 1 GET a page; if something is found, 1 LIST and 1 GET more for each 1000, a HEAD each, and for a sweep a commit, 1 GET of the claim and a DELETE.
 *
 * <p>Threading: blocks the calling thread, a request at a time. Fails with {@link ColdStoreException}, bare.
 */
public final class ColdAudit {

    private final ColdStore store;
    private final TopicIdPartition partition;
    private final PartitionKeys keys;
    private final int leaderEpoch;

    ColdAudit(ColdStore store, TopicIdPartition partition, int leaderEpoch) {
        this.store = store;
        this.partition = partition;
        this.keys = store.layout().partition(partition);
        this.leaderEpoch = leaderEpoch;
    }

    /** Compares both ways. {@link ColdStoreException.Corrupt} if the newest manifest cannot be read. */
    public ColdFindings look() throws InterruptedException {
        Findings found = new PartitionAudit(store.objects(), store.layout(), partition, Depth.LISTED, Runnable::run, line -> {}, bytes -> {}, this::mayGo).findings();
        return new ColdFindings(found.problems().stream().map(ColdAudit::damage).toList(), found.moreProblems(), found.orphans(), found.moreOrphans(), found.moreOrphanBytes());
    }

    private static ColdDamage damage(Problem problem) {
        return new ColdDamage(problem.key(), problem.what(), problem.gone(), problem.segment().map(LiveSegment::facts));
    }

    /** Whether an orphan is one that this leader may ever sweep, as its key tells; none is, on a store without conditional creates. */
    public boolean mayGo(StoredObject orphan) {
        return store.createsOnce() && atMost(orphan, leaderEpoch);
    }

    private boolean atMost(StoredObject orphan, int epoch) {
        OptionalInt writer = keys.writerEpoch(orphan.key());
        return writer.isPresent() && writer.getAsInt() <= epoch;
    }

    /**
     * Deletes orphans; returns those that are gone. {@link ColdStoreException.Misconfigured} if the bucket is another cluster's by now.
     *
     * @param orphans as {@link #look} told them, before the proof was made
     */
    public List<StoredObject> sweep(ColdProof proof, List<StoredObject> orphans) {
        OrphanVerdict verdict = new OrphanVerdict(store.objects(), store.layout(), proof.committed());
        List<StoredObject> doomed = orphans.stream().filter(orphan -> atMost(orphan, proof.writerEpoch()) && verdict.isOrphan(orphan.key())).toList();
        if (doomed.isEmpty()) {
            return doomed;
        }
        Waiting.on(BucketClaim.require(store.objects(), store.layout(), Optional.of(store.config().clusterId())));
        Waiting.on(store.objects().deleteAll(doomed.stream().map(StoredObject::key).toList()));
        store.meters().swept(doomed.size(), doomed.stream().mapToLong(StoredObject::sizeBytes).sum());
        return doomed;
    }
}
