package io.firn.cold.manifest;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectStore;
import io.firn.cold.ObjectStore.PutOutcome;
import io.firn.cold.segment.PartitionKeys;
import java.nio.ByteBuffer;
import java.time.InstantSource;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The history of one partition, extended by one of perhaps several processes that believe to be its writer.
 *
 * <p><b>Objects.</b> Manifests {@code 1, 2, 3 …}, each created once by {@code putIfAbsent}; and boundaries, empty statements "every number up to mine is
 * dead", created the same way. Both lie in one directory, so that one listing shows both. Apart from them there are pages ({@link PageTree}), which manifests name.
 *
 * <p><b>A commit</b> of number {@code n} on top of head {@code n-1}; pages that it is the first to name are created and read back before it:
 * <pre>
 *   IDLE ──create n──▶ CREATED ──read n back──▶ READ ──list──▶ boundary &lt; n: COMMITTED, head = n
 *     │                   │ not there / other bytes │             boundary ≥ n: LOST
 *     │ taken             ▼                         ▼
 *     └────read n──▶ our bytes (a lost reply): as CREATED;  others: LOST
 *   LOST ──list, read the newest──▶ its epoch is above ours, or the log is deleted: FENCED (for good)
 *                                   it is another process's of our own epoch: adopt it as head, and fail; the next change begins on it
 *                                   else: adopt it as head, make the change anew on top of it (bounded), for it came from a writer we outrank
 *   a page of the head is gone ──▶ list, read the newest: a newer one: as LOST; else the page is lost, and the change fails if it cannot do without (PageTree)
 *   create uncertain, or created but not confirmed ──▶ UNSETTLED: fails with Uncertain; the next commit first repeats this create with the same bytes
 * </pre>
 *
 * <p><b>What a change does</b> is decided anew on each head it is tried on ({@link ManifestContent}, {@link PageTree}); it never carries over what a former head looked like:
 * <pre>
 *   append    one more segment, at the end only                       refused if it does not begin where the history ends
 *   delete    raises the log start, drops whole segments from the front
 *   replace   puts new segments in the place of a run of live ones    not done unless the very objects it was made from are still live, in the same order; the new ones
 *                                                                     stand for the same range of offsets
 *   clean     says how far compaction has come                        never backwards
 *   claim     nothing, but as a manifest of this very writer          done already if the head is that
 *   confirm   nothing, but as a manifest of this very writer          never done already
 * </pre>
 * Whatever leaves the live segments is listed as a pending deletion by the same manifest, so that its object is deleted after the grace period by whoever has the log open
 * then; and a number is either there whole or not at all, so that a reader of any head sees one segment for each offset of the log's range: the old one or the new one.
 *
 * <p><b>Trimming</b>, by the writer that has just committed {@code n}: create boundary {@code n-8}, then delete the manifests up to it that were listed,
 * and all older boundaries but one. Listings of an open chain begin at that one: what lies below is dead, whether it could be deleted or not.
 *
 * <p><b>Invariants.</b>
 * <ol>
 * <li>A number is deleted only after a boundary at or above it was created, and the greatest boundary never disappears (only lower ones are deleted): so
 *     the boundary never falls, whoever is stalled for however long. This is why it is a numbered object, not one that is overwritten.
 * <li>The manifest with the greatest number is never deleted: it lies above every boundary.
 * <li>A create that wins and then sees no boundary at or above its number was the first and only one of that number. A writer stalled past the deletion
 *     of its number may win a re-created number, but always finds the boundary in the listing it makes afterwards, and reports LOST. What it leaves is
 *     below the newest number, so no reader takes it, and the trim of the next opening removes it.
 * <li>Hence one content per number, each naming its predecessor's checksum: one history. Epochs never fall along it, as a writer only builds
 *     on heads whose epoch is at most its own.
 * </ol>
 * They rest on the store's linearizable create (without it on leadership alone, where the settings accept that), and on listings that scan in key order and see every object created before they began. A listing that lags ends as Unavailable where that shows; it could do harm only if it lagged behind a
 * boundary, which is drawn {@value ManifestTrim#KEEP} commits late, and such a store is not used at all ({@code ColdStore.check}).
 *
 * <p><b>Pages</b> of a manifest that is LOST are deleted by its writer, if another one has its number: it will never count. Those of an UNSETTLED one stay until it is known what became of it. Where the number is dead nobody can tell:
 * others may have built on this very manifest, and trimmed it, before its writer, who stalled, came to look. Then its pages may be live, and stay. So do those of one whose number is another's on a store without conditional creates: that one may have come late, over it,
 * when others had built on it.
 *
 * <p><b>On crash</b> before the create: nothing happened (each uploaded segment or page is an orphan). After it: the next opener finds it as head. During a trim: the
 * boundary stands, left-overs are deleted by the next trim, which takes everything listed up to the boundary.
 *
 * <p><b>Two writers of one epoch</b> (a restart without a new election while the old process's last request is still on its way) do not fence each other:
 * each builds on what the other committed, an append is refused unless it begins where the history ends, and of two replacements of one segment the later one finds it gone. A claim takes the number that such a request is on its way with.
 * But a change that has begun before it knew of the other's manifest is not made anew on top of it: it may name objects that were uploaded before, and the other one may have proved by that manifest that nothing names them, and deleted them ({@code ColdAudit}).
 *
 * <p>Threading: {@link #head} from any thread; one {@link #commit} at a time (a second one fails at once), whose steps run where the store completes its futures. The fields
 * are handed from step to step by those futures.
 */
public final class ManifestChain {

    /** How often a change is made anew on top of what an outranked writer committed in between. */
    private static final int REBASE_LIMIT = 8;
    /** How often the newest manifest may vanish (be trimmed) between listing and reading it. */
    private static final int RELOAD_LIMIT = 8;

    private final ObjectStore objects;
    private final PartitionKeys keys;
    private final TopicIdPartition partition;
    private final int writerEpoch;
    private final long writerId;
    private final InstantSource clock;
    private final ManifestTrim trim;
    private final AtomicBoolean busy = new AtomicBoolean();

    private final boolean createsOnce;
    private final PageShape shape;
    private final PageSource source;
    private final LongSupplier nonces;
    private final Runnable possibleOrphan;
    private final AtomicReference<Head> head;
    /** A manifest that may be in the store without our knowing; null if there is none. */
    private Candidate unsettled;

    /** The newest manifest and its checksum field. */
    private record Head(Manifest manifest, int crc) {}

    /** A manifest on its way, its bytes, and the pages that it is the first to name. */
    private record Candidate(Manifest manifest, ByteBuffer bytes, PageChanges pages) {}

    /** What became of a manifest that was sent. */
    private enum Fate {
        COUNTS,
        /** Another one has its number: nothing ever descends from it. */
        LOST,
        /** Its number is dead: it may have counted until then, and what counts now may descend from it. */
        UNKNOWN
    }

    private ManifestChain(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, int writerEpoch, long writerId, InstantSource clock, PageShape shape, PageSource source,
            Runnable possibleOrphan, boolean createsOnce) {
        this.createsOnce = createsOnce;
        this.shape = shape;
        this.source = source;
        this.possibleOrphan = possibleOrphan;
        SplittableRandom random = new SplittableRandom(writerId);
        this.nonces = () -> PartitionKeys.pageNonce(writerEpoch, random.nextInt());
        this.objects = objects;
        this.keys = keys;
        this.partition = partition;
        this.writerEpoch = writerEpoch;
        this.writerId = writerId;
        this.clock = clock;
        this.trim = new ManifestTrim(objects, keys, partition, writerId);
        this.head = new AtomicReference<>(new Head(Manifest.none(partition.topicId(), partition.partition()), 0));
    }

    /** As below, with pages of the usual shape, read straight from the store; for readers and tools. */
    public static CompletableFuture<ManifestChain> open(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, int writerEpoch, long writerId,
            InstantSource clock) {
        return open(objects, keys, partition, writerEpoch, writerId, clock, PageShape.DEFAULT, PageSource.direct(objects, keys, partition), () -> {}, true);
    }

    /**
     * Lists the directory and reads the newest manifest: two requests, one for a partition without any.
     *
     * @param writerEpoch a leader epoch; {@link Integer#MAX_VALUE} is none, for nobody could ever write after a writer of that
     * @param writerId random, never used before; the names of its pages are drawn from it
     * @param possibleOrphan told of each page that may be left in the store without anything that names it
     * @param createsOnce whether a number that is taken stays what it is, whoever creates it once more
     */
    public static CompletableFuture<ManifestChain> open(ObjectStore objects, PartitionKeys keys, TopicIdPartition partition, int writerEpoch, long writerId, InstantSource clock, PageShape shape,
            PageSource source, Runnable possibleOrphan, boolean createsOnce) {
        if (writerEpoch < 0 || writerEpoch == Integer.MAX_VALUE) {
            return CompletableFuture.failedFuture(new IllegalArgumentException("no leader epoch: " + writerEpoch));
        }
        ManifestChain chain = new ManifestChain(objects, keys, partition, writerEpoch, writerId, clock, shape, source, possibleOrphan, createsOnce);
        return ManifestListing.of(objects, keys).thenCompose(whole -> {
            chain.trim.opened(whole);
            return chain.adopt(whole, RELOAD_LIMIT);
        }).thenApply(nothing -> chain);
    }

    /** The newest manifest this writer knows, but for what was {@link #forget forgotten}; number 0 if there is none. */
    public Manifest head() {
        return head.get().manifest();
    }

    /** Searches in the newest manifest this writer knows. */
    public SegmentLookup lookup() {
        return new SegmentLookup(head().content(), source);
    }

    /** Where it reads pages. */
    public PageSource source() {
        return source;
    }

    /** Takes pending deletions that are done out of memory; out of the store they go with the next commit for another reason. One under way may bring them back. */
    public void forget(UnaryOperator<ManifestContent> done) {
        Head now = head.get();
        Manifest m = now.manifest();
        ManifestContent left = done.apply(m.content());
        if (left != m.content()) {
            head.compareAndSet(now, new Head(new Manifest(m.topicId(), m.partition(), m.number(), m.predecessorCrc(), m.writerEpoch(), m.writerId(), m.writtenAtMs(), left), now.crc()));
        }
    }

    /** {@link #commit(ManifestChange)} of a change that does not reach into pages. */
    public CompletableFuture<Manifest> commit(UnaryOperator<ManifestContent> change) {
        return commit((content, tree) -> CompletableFuture.completedFuture(change.apply(content)));
    }

    /**
     * Makes a change durable on top of the newest history.
     *
     * @param change called again for each newer head
     * @return the manifest that holds the change. Fails with {@link ColdStoreException.Fenced}; with {@link ColdStoreException.Unavailable} if nothing happened, as when another process of this epoch was faster; with
     *     {@link ColdStoreException.Uncertain} if it may have. What was uploaded for a change that has failed is not to be named by another one
     */
    public CompletableFuture<Manifest> commit(ManifestChange change) {
        if (!busy.compareAndSet(false, true)) {
            return CompletableFuture.failedFuture(new IllegalStateException("A change of " + partition + " is in flight already"));
        }
        return CompletableFuture.completedFuture(null).thenCompose(nothing -> settle()).thenCompose(nothing -> attempt(change, REBASE_LIMIT, false))
                .whenComplete((manifest, failure) -> busy.set(false));
    }

    /**
     * Makes sure that no writer of an earlier epoch can change anything any more, nor what an earlier process of the same one has sent: a manifest of this very writer is the head, written with unchanged content if need be.
     *
     * @return the head. Fails as {@link #commit}
     */
    public CompletableFuture<Manifest> claim() {
        return commit(content -> isOurs() ? content : content.restated());
    }

    /** Whether this very writer has written the newest manifest it knows. */
    public boolean isOurs() {
        return head().writerId() == writerId;
    }

    /**
     * Commits a manifest, whether or not there is anything to change: the next number is this writer's when it succeeds, and whatever others have sent for that number has lost.
     *
     * @param change made on the way; may change nothing
     * @return the head, written by this very call. Fails as {@link #commit}
     */
    public CompletableFuture<Manifest> confirm(UnaryOperator<ManifestContent> change) {
        return commit(content -> change.apply(content).restated());
    }

    private CompletableFuture<?> settle() {
        return unsettled == null ? CompletableFuture.completedFuture(null) : publish(unsettled);
    }

    private CompletableFuture<Manifest> attempt(ManifestChange change, int attemptsLeft, boolean missingIsLost) {
        Head base = head.get();
        if (base.manifest().writerEpoch() > writerEpoch) {
            return CompletableFuture.failedFuture(fenced(base.manifest()));
        }
        PageTree tree = new PageTree(shape, new PageChanges(objects, keys, partition, source, nonces, possibleOrphan), clock.millis(), missingIsLost);
        return successor(base, change, tree).handle((next, failure) -> {
            if (failure != null) {
                return ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing && !missingIsLost ? onNewer(base, change, attemptsLeft) : CompletableFuture.<Manifest>failedFuture(failure);
            }
            return next.isEmpty() ? CompletableFuture.completedFuture(base.manifest()) : next.get().pages().upload().thenCompose(nothing -> publish(next.get()))
                    .thenCompose(fate -> fate == Fate.COUNTS ? CompletableFuture.completedFuture(next.get().manifest()) : again(base, change, attemptsLeft - 1, fate));
        }).thenCompose(next -> next);
    }

    /** Empty if there is nothing to do. */
    private CompletableFuture<Optional<Candidate>> successor(Head base, ManifestChange change, PageTree tree) {
        ManifestContent before = base.manifest().content();
        return CompletableFuture.completedFuture(null).thenCompose(nothing -> change.apply(before, tree))
                .thenCompose(after -> after == before ? CompletableFuture.completedFuture(Optional.empty())
                        : tree.settle(after).thenApply(settled -> Optional.of(successor(base, settled, tree.pages()))));
    }

    /** A page is gone, as others have dropped it since; else it is lost. */
    private CompletableFuture<Manifest> onNewer(Head base, ManifestChange change, int attemptsLeft) {
        return reload(RELOAD_LIMIT).thenCompose(nothing -> head().number() > base.manifest().number() ? again(base, change, attemptsLeft - 1, Fate.LOST) : attempt(change, attemptsLeft, true));
    }

    /** On top of what outranked writers have committed since {@code base}. Not of what a twin has: it may have deleted what the change names. */
    private CompletableFuture<Manifest> again(Head base, ManifestChange change, int attemptsLeft, Fate former) {
        Manifest found = head();
        if (found.number() > base.manifest().number() && found.writerEpoch() == writerEpoch && found.writerId() != writerId) {
            return CompletableFuture.failedFuture(overtaken(found, former));
        }
        return attemptsLeft > 0 ? attempt(change, attemptsLeft, false)
                : CompletableFuture.failedFuture(new ColdStoreException.Unavailable("Other writers of " + partition + " were faster " + REBASE_LIMIT + " times", null));
    }

    private ColdStoreException overtaken(Manifest by, Fate former) {
        String what = "Another process of epoch " + writerEpoch + " has written manifest " + by.number() + " of " + partition + " meanwhile";
        return former == Fate.LOST ? new ColdStoreException.Unavailable(what, null) : new ColdStoreException.Uncertain(what + ", and trimmed that of this change, if it counted", null);
    }

    private Candidate successor(Head base, ManifestContent content, PageChanges pages) {
        Manifest manifest = new Manifest(partition.topicId(), partition.partition(), base.manifest().number() + 1, base.crc(), writerEpoch, writerId,
                clock.millis(), content);
        return new Candidate(manifest, ManifestCodec.encode(manifest), pages);
    }

    /** What became of {@code candidate}; unless it counts, the head is the newest other one. The pages of one that never was part of the history and never will be are deleted. */
    private CompletableFuture<Fate> publish(Candidate candidate) {
        return send(candidate).handle((fate, failure) -> {
            boolean undecided = failure != null && unsettled != null;
            CompletableFuture<Void> cleared = undecided || fate == Fate.COUNTS ? CompletableFuture.completedFuture(null) : candidate.pages().discard();
            return cleared.thenCompose(nothing -> failure == null ? CompletableFuture.completedFuture(fate) : CompletableFuture.<Fate>failedFuture(ColdStoreException.unwrap(failure)));
        }).thenCompose(next -> next);
    }

    private CompletableFuture<Fate> send(Candidate candidate) {
        boolean repeated = candidate == unsettled;
        unsettled = candidate;
        return objects.putIfAbsent(keys.manifest(candidate.manifest().number()), candidate.bytes().duplicate())
                .whenComplete((outcome, failure) -> {
                    if (failure != null && !repeated && !(ColdStoreException.unwrap(failure) instanceof ColdStoreException.Uncertain)) {
                        unsettled = null; // the store vouches that nothing happened
                    }
                })
                .thenCompose(outcome -> orUncertain(readBack(candidate, outcome)));
    }

    /** From here on the manifest may be in the store: what stops us leaves an uncertain outcome, unless it is a verdict. */
    private CompletableFuture<Fate> orUncertain(CompletableFuture<Fate> outcome) {
        return outcome.exceptionallyCompose(failure -> {
            Throwable cause = ColdStoreException.unwrap(failure);
            boolean verdict = unsettled == null || cause instanceof ColdStoreException.Fenced;
            return CompletableFuture.failedFuture(verdict ? cause
                    : new ColdStoreException.Uncertain("Manifest " + unsettled.manifest().number() + " of " + partition + " is not confirmed", cause));
        });
    }

    private CompletableFuture<Fate> readBack(Candidate candidate, PutOutcome outcome) {
        return objects.getSmall(keys.manifest(candidate.manifest().number())).handle((bytes, failure) -> {
            if (failure != null && !(ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing)) {
                return CompletableFuture.<Fate>failedFuture(ColdStoreException.unwrap(failure));
            }
            return ManifestListing.from(objects, keys, trim.floor()).thenCompose(listing -> judge(candidate, Optional.ofNullable(bytes), listing));
        }).thenCompose(next -> next);
    }

    /**
     * @param found what has the candidate's number
     * @param listing made after that was read
     */
    private CompletableFuture<Fate> judge(Candidate candidate, Optional<ByteBuffer> found, ManifestListing listing) {
        boolean dead = listing.boundary() >= candidate.manifest().number();
        boolean ours = found.filter(candidate.bytes()::equals).isPresent();
        if (ours && !dead) {
            unsettled = null;
            head.set(new Head(candidate.manifest(), ManifestCodec.crc(candidate.bytes())));
            trim.after(candidate.manifest(), listing);
            return CompletableFuture.completedFuture(Fate.COUNTS);
        }
        boolean another = found.isPresent() && !ours && !dead;
        if (!(another && createsOnce) && !listing.deleted()) {
            candidate.pages().leave();
        }
        unsettled = null;
        return adopt(listing, RELOAD_LIMIT).thenApply(nothing -> {
            if (head().writerEpoch() > writerEpoch) {
                throw fenced(head());
            }
            return another ? Fate.LOST : Fate.UNKNOWN;
        });
    }

    /** Adopts the newest manifest as head. */
    private CompletableFuture<Void> reload(int attemptsLeft) {
        return ManifestListing.from(objects, keys, trim.floor()).thenCompose(listing -> adopt(listing, attemptsLeft));
    }

    private CompletableFuture<Void> adopt(ManifestListing listing, int attemptsLeft) {
        if (listing.deleted()) {
            return CompletableFuture.failedFuture(deleted());
        }
        if (listing.newest() < head().number()) {
            return unlisted(listing);
        }
        if (listing.newest() != 0 && listing.newest() <= listing.boundary()) {
            return CompletableFuture.failedFuture(new ColdStoreException.Corrupt("The newest manifest of " + partition + " is gone: " + listing.newest()
                    + " is the greatest number, and all up to " + listing.boundary() + " are dead", null));
        }
        return listing.newest() == 0 ? CompletableFuture.completedFuture(null) : load(listing.newest(), attemptsLeft);
    }

    /** The head is not listed, and nothing newer: the log is deleted, down to the tombstone, or the listing lags behind what was written. */
    private CompletableFuture<Void> unlisted(ManifestListing listing) {
        long number = head().number();
        return objects.getSmall(keys.manifest(number)).handle((bytes, failure) -> {
            Throwable cause = ColdStoreException.unwrap(failure);
            if (failure != null && !(cause instanceof ColdStoreException.Missing)) {
                return CompletableFuture.<Void>failedFuture(cause);
            }
            boolean lags = failure == null || listing.newest() > 0;
            return CompletableFuture.<Void>failedFuture(lags ? lagging(listing.newest() + " is the greatest number listed, but there is " + number) : deleted());
        }).thenCompose(next -> next);
    }

    private ColdStoreException deleted() {
        return new ColdStoreException.Fenced("Partition " + partition + " has been deleted from the cold tier");
    }

    private ColdStoreException lagging(String what) {
        return new ColdStoreException.Unavailable("The store's listing of " + partition + " lags: " + what, null);
    }

    private CompletableFuture<Void> load(long number, int attemptsLeft) {
        return objects.getSmall(keys.manifest(number)).handle((bytes, failure) -> {
            if (failure == null) {
                head.set(checked(number, bytes));
                return CompletableFuture.<Void>completedFuture(null);
            }
            Throwable cause = ColdStoreException.unwrap(failure);
            if (!(cause instanceof ColdStoreException.Missing)) {
                return CompletableFuture.<Void>failedFuture(cause);
            }
            return attemptsLeft > 1 ? reload(attemptsLeft - 1) // trimmed since it was listed
                    : CompletableFuture.<Void>failedFuture(lagging("manifest " + number + " is the newest one listed, " + RELOAD_LIMIT + " times, and is gone"));
        }).thenCompose(next -> next);
    }

    private Head checked(long number, ByteBuffer bytes) {
        Manifest manifest = ManifestCodec.decode(bytes);
        if (manifest.number() != number || !manifest.topicId().equals(partition.topicId()) || manifest.partition() != partition.partition()) {
            throw new ColdStoreException.Corrupt("Object " + keys.manifest(number) + " holds another manifest: " + manifest.topicId() + "-"
                    + manifest.partition() + " number " + manifest.number(), null);
        }
        return new Head(manifest, ManifestCodec.crc(bytes));
    }

    private ColdStoreException fenced(Manifest newer) {
        return new ColdStoreException.Fenced("Partition " + partition + " was taken over by epoch " + newer.writerEpoch() + " in manifest " + newer.number()
                + "; this writer is of epoch " + writerEpoch);
    }
}
