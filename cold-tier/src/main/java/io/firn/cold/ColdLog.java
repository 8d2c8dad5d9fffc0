package io.firn.cold;

import io.firn.cold.bucket.NewestManifest;
import io.firn.cold.manifest.Manifest;
import io.firn.cold.manifest.ManifestChain;
import io.firn.cold.manifest.ManifestContent;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.PageSweep;
import io.firn.cold.manifest.PageTree;
import io.firn.cold.manifest.PendingDeletion;
import io.firn.cold.manifest.PendingPage;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.read.LiveSegments;
import io.firn.cold.read.ReadRequest;
import io.firn.cold.read.RecordSearch;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicIdPartition;

/**
 * One partition's committed history in the object store.
 *
 * <p>Threading: thread-safe. Reads may run concurrently with each other and with the one writer; changes ({@link #append},
 * {@link #replace}, {@link #cleanUpTo}, {@link #deleteBefore}) are serialized by the caller: at most one in flight. Futures complete on cold-tier threads.
 *
 * <p>Errors: futures fail with {@link ColdStoreException}, perhaps wrapped in a {@code CompletionException} by dependent stages. A caller's mistake (an append that does not
 * follow on, two changes at once) is {@link IllegalArgumentException} or {@link IllegalStateException}.
 *
 * <p><b>Order of an append</b>, and what a crash leaves after each step:
 * <pre>
 *   audit local bytes   nothing
 *   upload the object   an orphan object
 *   read its tail back  an orphan object
 *   write pages, if any an orphan object and orphan pages (see PageTree)
 *   commit manifest     the segment counts, though the caller does not know: reopening shows it
 *   read manifest back
 * </pre>
 * A {@link #replace} does the same with all its new segments before the one manifest that names them and drops the old ones: before that commit the old segments count, after it
 * the new ones, never both and never neither. A read that began before it goes on with the old objects, which stay for the grace period; a read ends long before that.
 *
 * <p>A deletion commits the manifest that drops the segments and lists their objects as pending; the objects go after the grace period, by whoever has
 * the log open then ({@link #sweep}); a later manifest forgets what was done. Deleting an object twice is harmless.
 */
public final class ColdLog {

    /** Objects deleted at once: one request of S3. */
    private static final int SWEEP_LIMIT = ObjectStore.LIST_LIMIT_KEYS;
    /** Requests that delete, in one sweep of one log. */
    private static final int SWEEP_STEPS = 16;

    private final ColdStore store;
    private final TopicIdPartition partition;
    private final PartitionKeys keys;
    private final int leaderEpoch;
    private final ManifestChain chain;
    private final Set<SegmentName> swept = ConcurrentHashMap.newKeySet();
    private final Set<PageReference> sweptPages = ConcurrentHashMap.newKeySet();
    /** The dropped page that is being deleted; of the one sweep at a time. */
    private Optional<PageSweep> sweeping = Optional.empty();
    private final AtomicBoolean changing = new AtomicBoolean();
    private volatile View view;

    /** What readers see: made anew whenever the head changes. */
    private record View(Manifest manifest, LiveSegments live, long sizeBytes) {}

    ColdLog(ColdStore store, TopicIdPartition partition, PartitionKeys keys, int leaderEpoch, ManifestChain chain) {
        this.store = store;
        this.partition = partition;
        this.keys = keys;
        this.leaderEpoch = leaderEpoch;
        this.chain = chain;
        this.view = viewOf(chain.head());
    }

    private View viewOf(Manifest manifest) {
        return new View(manifest, store.reads().live(partition, keys, manifest.content()), manifest.content().logSizeBytes());
    }

    private ColdSegment publicView(SegmentEntry entry) {
        return LiveSegment.of(keys, entry).facts();
    }

    /** The newest view; the chain may have learnt of a newer head by a change that failed. */
    private View view() {
        View known = view;
        Manifest head = chain.head();
        if (known.manifest() != head) {
            known = viewOf(head);
            view = known;
        }
        return known;
    }

    private ManifestContent content() {
        return view().manifest().content();
    }

    public TopicIdPartition partition() {
        return partition;
    }

    /** First offset in the cold tier; equals {@link #endOffset()} when it is empty. */
    public long startOffset() {
        return content().startOffset();
    }

    /** Records below it were deleted ({@link #deleteBefore}), though the first segment may still hold some; 0 at first. */
    public long logStartOffset() {
        return content().logStartOffset();
    }

    /** The tier boundary: first offset that is not in the cold tier; 0 when nothing was ever offloaded. */
    public long endOffset() {
        return content().endOffset();
    }

    /** Log bytes of all committed segments. */
    public long sizeBytes() {
        return view().sizeBytes();
    }

    /** Whether no segment is committed. */
    public boolean isEmpty() {
        return content().isEmpty();
    }

    /** Committed segments. */
    public long segmentCount() {
        return content().segmentCount();
    }

    /** The committed segment that ends the cold tier. */
    public Optional<ColdSegment> newest() {
        return content().newest().map(this::publicView);
    }

    /**
     * The whole log in stretches, oldest first: the oldest and the newest segments one by one, those between by the page. Bounded, however long the log is, and without a request; a snapshot that does not change. Its
     * first stretch is a single segment, unless a page was lost.
     */
    public List<ColdStretch> outline() {
        return ColdStretch.views(content().extents());
    }

    /** What a page of the outline holds: segments or smaller pages. One request, if it is not in memory. */
    public CompletableFuture<List<ColdStretch>> within(ColdStretch page) {
        return store.onWork(view().live().lookup().below(page.page()).thenApply(ColdStretch::views));
    }

    /**
     * Successive committed segments, from the one that holds {@code offset} on, or the first above it; at most {@code limit}, perhaps fewer. None only if there is none. Whoever goes through all goes on at the end of the last one; what was
     * replaced meanwhile shows as it is now.
     */
    public CompletableFuture<List<ColdSegment>> segmentsFrom(long offset, int limit) {
        return store.onWork(view().live().lookup().from(offset, limit).thenApply(found -> found.stream().map(this::publicView).toList()));
    }

    /** Whether this very segment is still committed. */
    public CompletableFuture<Boolean> isLive(ColdSegment segment) {
        return store.onWork(view().live().lookup().at(segment.baseOffset()).thenApply(found -> found.map(this::publicView).filter(segment::equals).isPresent()));
    }

    // Writing

    /**
     * Fences writers of earlier epochs now, not only at the first change, and what an earlier process of this epoch has sent: when the future succeeds, what is in the cold tier is so for good, and only this epoch or a later one adds to it. Costs no request
     * where this opening has committed something already.
     */
    public CompletableFuture<Void> claim() {
        return change(() -> chain.claim().thenAccept(this::committed));
    }

    /** Whether this opening has written the newest manifest it knows: then nobody before it changes anything any more, and {@link #claim} costs nothing. */
    public boolean isClaimed() {
        return chain.isOurs();
    }

    /** Whether the newest manifest known is of {@code epoch}: then no leader of an earlier one changes anything any more. */
    public boolean isClaimedBy(int epoch) {
        return chain.head().writerEpoch() == epoch;
    }

    /**
     * Uploads {@code source}, checks size and checksum, commits the manifest, and reads the commit back. When the future
     * succeeds the segment survives the loss of the local disk. {@code source.baseOffset()} must be {@link #endOffset()}, or above it if the cold tier holds no
     * segment; else the future fails with {@link IllegalArgumentException}, and {@link #endOffset()} then tells where to go on (a segment below it is already there: skip it). A
     * segment that this leader just committed without learning of it succeeds without being sent again.
     *
     * <p>A failure leaves at most an orphan object. {@link ColdStoreException.SourceFailed}: the local segment cannot be read or is damaged.
     * {@link ColdStoreException.Uncertain}: it may be committed; the next change finds out before anything else.
     */
    public CompletableFuture<ColdSegment> append(SegmentSource source) {
        return change(() -> chain.commit(content -> content) // settles a former change of uncertain outcome; otherwise no request
                .thenCompose(head -> {
                    Optional<SegmentEntry> present = sameAsNewest(head.content(), source);
                    if (present.isPresent()) {
                        return CompletableFuture.completedFuture(publicView(present.get()));
                    }
                    head.content().requireNext(source.baseOffset());
                    return store.upload(partition, keys, leaderEpoch, source).thenCompose(this::commit);
                }));
    }

    private CompletableFuture<ColdSegment> commit(SegmentEntry entry) {
        return chain.commit(content -> withoutSwept(content.append(entry))).handle((manifest, failure) -> {
            if (failure != null) {
                store.meters().possibleOrphan();
                throw failure instanceof CompletionException wrapped ? wrapped : new CompletionException(failure);
            }
            committed(manifest);
            store.meters().offloaded(entry.logSizeBytes());
            return publicView(entry);
        });
    }

    private Optional<SegmentEntry> sameAsNewest(ManifestContent content, SegmentSource source) {
        return content.newest().filter(newest -> newest.baseOffset() == source.baseOffset() && newest.nextOffset() == source.nextOffset()
                && newest.logSizeBytes() == source.logSizeBytes() && newest.name().leaderEpoch() == leaderEpoch);
    }

    private ManifestContent withoutSwept(ManifestContent content) {
        return content.withoutPending(swept, sweptPages);
    }

    /**
     * Puts compacted segments in the place of a run of committed ones: uploads and checks each new one as {@link #append} does, one after the other, then commits them all at once.
     * Objects of the old ones are deleted after the grace period.
     *
     * <p>Nothing is done, and the answer is empty, when the old segments are no longer live just as they are: somebody has replaced or deleted them. What was uploaded is then deleted again.
     * A failure leaves at most one orphan object a new segment; its kinds are those of {@link #append}.
     *
     * @param superseded segments that follow each other, as {@link #segmentsFrom} gave them
     * @param sources stand for the same range of offsets: the first begins where the first old one does, each next one where the one before ends, the last ends where the last old one does.
     *     Within its range a source may lack any offset, but it has at least one batch
     */
    public CompletableFuture<Optional<List<ColdSegment>>> replace(List<ColdSegment> superseded, List<? extends SegmentSource> sources) {
        return change(() -> {
            requireSameRange(superseded, sources);
            List<SegmentName> names = superseded.stream().map(segment -> keys.segmentName(segment.key()).orElseThrow()).toList();
            long offloadedAtMs = superseded.stream().mapToLong(ColdSegment::offloadedAtMs).max().orElseThrow();
            return chain.commit(content -> content) // as in append
                    .thenCompose(head -> chain.lookup().holdsRun(names))
                    .thenCompose(live -> live ? uploadAll(sources.iterator(), offloadedAtMs).thenCompose(entries -> swap(names, entries))
                            : CompletableFuture.completedFuture(Optional.empty()));
        });
    }

    private static void requireSameRange(List<ColdSegment> superseded, List<? extends SegmentSource> sources) {
        if (superseded.isEmpty() || sources.isEmpty()) {
            throw new IllegalArgumentException(superseded.size() + " segments cannot be replaced by " + sources.size());
        }
        long next = superseded.get(0).baseOffset();
        for (SegmentSource source : sources) {
            if (source.baseOffset() != next) {
                throw new IllegalArgumentException("Replacement at " + source.baseOffset() + " where the one before ends at " + next);
            }
            next = source.nextOffset();
        }
        long end = superseded.get(superseded.size() - 1).nextOffset();
        if (next != end) {
            throw new IllegalArgumentException("Replacements end at " + next + ", the segments they replace at " + end);
        }
    }

    /** Uploads one after the other; when one fails, those before it are deleted again. */
    private CompletableFuture<List<SegmentEntry>> uploadAll(Iterator<? extends SegmentSource> left, long offloadedAtMs) {
        List<SegmentEntry> uploaded = new ArrayList<>();
        return uploadNext(left, uploaded).exceptionallyCompose(failure -> discard(uploaded).thenCompose(nothing -> CompletableFuture.failedFuture(failure)))
                .thenApply(nothing -> uploaded.stream().map(entry -> entry.offloadedAt(offloadedAtMs)).toList());
    }

    private CompletableFuture<Void> uploadNext(Iterator<? extends SegmentSource> left, List<SegmentEntry> uploaded) {
        if (!left.hasNext()) {
            return CompletableFuture.completedFuture(null);
        }
        return store.upload(partition, keys, leaderEpoch, left.next()).thenCompose(entry -> {
            uploaded.add(entry);
            return uploadNext(left, uploaded);
        });
    }

    private CompletableFuture<Optional<List<ColdSegment>>> swap(List<SegmentName> superseded, List<SegmentEntry> replacements) {
        return chain.commit((content, tree) -> swapped(content, tree, superseded, replacements))
                .whenComplete((manifest, failure) -> {
                    if (failure != null) {
                        replacements.forEach(orphan -> store.meters().possibleOrphan());
                    }
                })
                .thenCompose(manifest -> chain.lookup().holdsRun(replacements.stream().map(SegmentEntry::name).toList()).thenCompose(done -> {
                    if (!done) {
                        return unnamed(replacements).thenCompose(this::discard).thenApply(nothing -> Optional.empty());
                    }
                    committed(manifest);
                    store.meters().replaced(superseded.size(), replacements.stream().mapToLong(SegmentEntry::logSizeBytes).sum());
                    return CompletableFuture.completedFuture(Optional.of(replacements.stream().map(this::publicView).toList()));
                }));
    }

    private CompletableFuture<ManifestContent> swapped(ManifestContent content, PageTree tree, List<SegmentName> superseded, List<SegmentEntry> replacements) {
        return tree.holdsRun(content, superseded).thenCompose(live -> live ? tree.replace(content, superseded, replacements).thenApply(this::withoutSwept) : CompletableFuture.completedFuture(content));
    }

    /** Those that no manifest names. Where another writer has built on one with them, before this one knew that it counts, some may be live, and others be dropped again and await their deletion. */
    private CompletableFuture<List<SegmentEntry>> unnamed(List<SegmentEntry> entries) {
        Set<SegmentName> pending = new HashSet<>();
        chain.head().content().pending().forEach(deletion -> pending.add(deletion.name()));
        CompletableFuture<List<SegmentEntry>> unnamed = CompletableFuture.completedFuture(new ArrayList<>());
        for (SegmentEntry entry : entries) {
            unnamed = unnamed.thenCombine(chain.lookup().at(entry.baseOffset()), (found, live) -> {
                if (!pending.contains(entry.name()) && live.filter(other -> other.name().equals(entry.name())).isEmpty()) {
                    found.add(entry);
                }
                return found;
            });
        }
        return unnamed;
    }

    /** Deletes objects that no manifest has named or ever will: their replacement was refused before a manifest with them was sent, or lost its number for good. */
    private CompletableFuture<Void> discard(List<SegmentEntry> entries) {
        if (entries.isEmpty()) {
            return CompletableFuture.completedFuture(null);
        }
        return store.objects().deleteAll(entries.stream().map(entry -> keys.segment(entry.name())).toList()).exceptionally(failure -> {
            entries.forEach(orphan -> store.meters().possibleOrphan());
            return null;
        });
    }

    /** Compaction has been over everything below it; 0 when it never was. */
    public long cleanOffset() {
        return content().cleanOffset();
    }

    /** Makes durable that compaction has been over everything below {@code offset}, at most {@link #endOffset}. Nothing to raise: no request. */
    public CompletableFuture<Void> cleanUpTo(long offset) {
        return change(() -> chain.commit(content -> {
            ManifestContent next = content.cleanUpTo(offset);
            return next == content ? content : withoutSwept(next);
        }).thenAccept(this::committed));
    }

    private void committed(Manifest manifest) {
        store.meters().committed();
        keepPending(manifest.content());
        view(); // made here rather than on a reader's thread
    }

    /**
     * Drops whole segments below {@code offset} and makes it the log's start: manifest first, objects after the grace period. Returns how many were
     * dropped. Nothing to raise: no request.
     */
    public CompletableFuture<Long> deleteBefore(long offset) {
        long[] dropped = new long[1];
        return change(() -> chain.commit((content, tree) -> tree.deleteBefore(content, offset).thenApply(next -> {
            dropped[0] = content.segmentCount() - next.segmentCount();
            return next == content ? content : withoutSwept(next);
        })).thenApply(manifest -> {
            committed(manifest);
            return dropped[0];
        }));
    }

    /**
     * Makes sure what belongs to nobody: commits a manifest of this writer, and gives it as the proof for {@link ColdAudit#sweep}, which has the argument. Costs what a commit costs. Fails with
     * {@link ColdStoreException.Misconfigured} on a store without conditional creates, and with {@link ColdStoreException.Unavailable}, too, while an abandoned change of this partition by an earlier opening in this process has not ended.
     */
    public CompletableFuture<ColdProof> prove() {
        return change(() -> {
            if (!store.createsOnce()) {
                return CompletableFuture.failedFuture(new ColdStoreException.Misconfigured("The object store has no conditional creates, or the settings accept that it has none: what a deposed leader sends late takes the place of any manifest, so nothing proves that nothing will name an object", null));
            }
            if (store.changesUnderWay(partition) > 1) {
                return CompletableFuture.failedFuture(new ColdStoreException.Unavailable("An abandoned change of " + partition + " is still under way", null));
            }
            return chain.confirm(this::withoutSwept).thenApply(manifest -> {
                committed(manifest);
                return new ColdProof(new NewestManifest(partition, keys, manifest), leaderEpoch);
            });
        });
    }

    /** Puts a manifest of this writer over the newest one, with unchanged content: where that has rotted in the store, the history can be read again. Costs what a commit costs. */
    public CompletableFuture<Void> restate() {
        return change(() -> chain.confirm(this::withoutSwept).thenAccept(this::committed));
    }

    /** Compares the partition's objects in the store with its manifest. */
    public ColdAudit audit() {
        return new ColdAudit(store, partition, leaderEpoch);
    }

    /** Runs a change if none is in flight, counts how it ends, and delivers that where callers' futures complete. */
    private <T> CompletableFuture<T> change(Supplier<CompletableFuture<T>> steps) {
        if (!changing.compareAndSet(false, true)) {
            return CompletableFuture.failedFuture(new IllegalStateException("A change of " + partition + " is in flight already"));
        }
        store.changeBegins(partition);
        return store.onWork(CompletableFuture.completedFuture(null).thenCompose(nothing -> steps.get()).whenComplete((outcome, failure) -> {
            store.changeEnded(partition);
            changing.set(false);
            count(failure);
        }));
    }

    private void count(Throwable failure) {
        if (ColdStoreException.unwrap(failure) instanceof ColdStoreException.Fenced) {
            store.meters().fenced();
        }
    }

    /** What is still in memory to be deleted, segments and pages; for tests. */
    int pendingCount() {
        ManifestContent content = chain.head().content();
        return content.pending().size() + content.pendingPages().size() + swept.size() + sweptPages.size();
    }

    /** Deletes objects whose grace period is over, a bounded number at a time; how many. One at a time. */
    CompletableFuture<Integer> sweep() {
        return sweep(SWEEP_STEPS, 0);
    }

    private CompletableFuture<Integer> sweep(int stepsLeft, int deleted) {
        long dueMs = store.nowMs() - store.config().deleteGraceMs();
        ManifestContent content = chain.head().content();
        List<SegmentName> due = content.pending().stream().filter(deletion -> deletion.droppedAtMs() <= dueMs).map(PendingDeletion::name)
                .filter(name -> !swept.contains(name)).limit(SWEEP_LIMIT).toList();
        Optional<PendingPage> duePage = content.pendingPages().stream().filter(page -> page.droppedAtMs() <= dueMs && !sweptPages.contains(page.page())).findFirst();
        if (stepsLeft == 0 || due.isEmpty() && duePage.isEmpty()) {
            forgetSwept();
            return CompletableFuture.completedFuture(deleted);
        }
        CompletableFuture<Integer> step = due.isEmpty() ? sweepPage(duePage.get()) : store.objects().deleteAll(due.stream().map(keys::segment).toList()).thenApply(nothing -> {
            swept.addAll(due);
            return due.size();
        });
        return step.thenCompose(count -> {
            store.meters().deleted(count);
            return sweep(stepsLeft - 1, deleted + count);
        });
    }

    private CompletableFuture<Integer> sweepPage(PendingPage due) {
        PageSweep sweep = sweeping.filter(begun -> begun.pending().equals(due)).orElseGet(() -> new PageSweep(store.objects(), keys, chain.source(), due, store.meters()::possibleOrphan));
        sweeping = Optional.of(sweep);
        return sweep.step().thenApply(count -> {
            if (sweep.done()) {
                sweptPages.add(due.page());
                sweeping = Optional.empty();
            }
            return count;
        });
    }

    private void keepPending(ManifestContent content) {
        Set<SegmentName> pending = new HashSet<>();
        content.pending().forEach(deletion -> pending.add(deletion.name()));
        swept.retainAll(pending);
        Set<PageReference> pendingPages = new HashSet<>();
        content.pendingPages().forEach(deletion -> pendingPages.add(deletion.page()));
        sweptPages.retainAll(pendingPages);
    }

    /** An idle log shall not hold what is done: the commit that would forget it may be far away. */
    private void forgetSwept() {
        if (!swept.isEmpty() || !sweptPages.isEmpty()) {
            chain.forget(this::withoutSwept);
            keepPending(chain.head().content());
        }
    }

    /** Ends the background work for this log; reads in progress go on. Idempotent. To be called when leadership goes; a newly opened log of the same partition replaces this one by itself. */
    public void close() {
        store.forget(this);
    }

    // Reading

    /**
     * Reads whole batches from the one that holds {@code offset} (or, where compaction has left a gap, from the next one), out of the cache or by ranged GETs, and reads ahead for this
     * sequence of offsets. Never crosses a segment's end, never returns a batch with records at or above {@code limitOffset}. May return less than there is.
     *
     * <p>Ends within {@code requestTimeoutMs × retryMaxAttempts}: {@link ColdStoreException.Unavailable} (no answer; or other reads hold all the memory),
     * {@link ColdStoreException.Corrupt}, {@link ColdStoreException.Missing} (the object, or the offset: not within the cold tier). A read that arrives after its future was cancelled
     * or completed by somebody else is released.
     *
     * @param maxBytes most bytes to return; the first batch comes even if it is larger when {@code minOneBatch}
     * @param limitOffset exclusive upper bound of the offsets wanted
     * @param completion where the future completes: an event loop saves a hop by naming itself. Once it takes no more tasks the future completes anywhere.
     */
    public CompletableFuture<ColdRead> read(long offset, int maxBytes, long limitOffset, boolean minOneBatch, Executor completion) {
        CompletableFuture<ColdRead> read = new CompletableFuture<>();
        LiveSegments live = view().live();
        store.reads().read(new ReadRequest(live, offset, maxBytes, limitOffset, minOneBatch, true, completion)).whenComplete((run, failure) -> {
            if (failure != null) {
                read.completeExceptionally(failure);
            } else if (!read.complete(new ColdRead(run, new RecordSearch(store.reads(), live), live.endOffset()))) {
                run.release().run();
            }
        });
        return read;
    }

    /** As the other one, for callers without a thread of their own: completes on one of the cold tier's, which must not be held up. */
    public CompletableFuture<ColdRead> read(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        return read(offset, maxBytes, limitOffset, minOneBatch, store.work());
    }

    /**
     * Opens one of {@link #segmentsFrom} to be read whole; one request. Fails with {@link ColdStoreException.Missing} if it is no longer live.
     */
    public CompletableFuture<ColdSegmentLog> openSegment(ColdSegment segment) {
        return store.onWork(view().live().lookup().at(segment.baseOffset()).thenApply(found -> found.map(entry -> LiveSegment.of(keys, entry)).filter(live -> live.facts().equals(segment)))
                .thenCompose(live -> live.map(present -> ColdSegmentLog.open(store, partition, present))
                        .orElseGet(() -> CompletableFuture.failedFuture(new ColdStoreException.Missing("Segment " + segment.key() + " is no longer live")))));
    }

    /** Aborted transactions with records in {@code [fromOffset, toOffset)} whose end is in the cold tier. */
    public CompletableFuture<List<ColdAbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        return search().abortedTransactions(fromOffset, toOffset);
    }

    /** The earliest record at or after {@code fromOffset} whose timestamp is at least {@code timestampMs}. */
    public CompletableFuture<Optional<ColdTimestamp>> offsetForTimestamp(long timestampMs, long fromOffset) {
        return search().byTimestamp(timestampMs, fromOffset);
    }

    /** The record with the largest timestamp (the earliest such one) in the cold tier. */
    public CompletableFuture<Optional<ColdTimestamp>> maxTimestamp() {
        return search().byMaxTimestamp();
    }

    /** Epoch of the record at {@code offset}; empty if it is not in the cold tier. */
    public CompletableFuture<OptionalInt> epochAt(long offset) {
        return search().epochAt(offset);
    }

    /** Leader epochs as of the newest segment, in the text format of Kafka's {@code leader-epoch-checkpoint}; empty when the cold tier is. */
    public CompletableFuture<Optional<String>> leaderEpochs() {
        return search().leaderEpochs();
    }

    private RecordSearch search() {
        return new RecordSearch(store.reads(), view().live());
    }
}
