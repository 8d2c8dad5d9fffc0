package io.firn.cold.bucket;

import io.firn.cold.BucketVerdict;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.manifest.PageReference;
import io.firn.cold.manifest.SegmentEntry;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentName;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Predicate;
import org.apache.kafka.common.TopicIdPartition;

/**
 * Compares one partition's newest manifest with what the bucket holds, both ways.
 *
 * <pre>
 *   manifest   readable; what it lists follows each other and ends at the tier boundary (which its decoding checks)
 *   page       there, its checksum and offsets right, and what is said of it (counts, bytes, timestamps) is what its entries come to
 *   object     there, of the size the manifest says; footer and sections sound and of this very segment
 *   deep       every chunk and every batch sound, offsets in order and within the segment
 *   the rest   objects that neither are live nor await their deletion: orphans, segments and pages
 * </pre>
 *
 * <p>The listing comes in the order of the keys, which for segments is that of their offsets; a walk through manifest and pages goes along with it.
 *
 * <p>Brokers may write meanwhile: what looks wrong is held against the newest manifest of afterwards, and what that explains is passed over. An orphan may still be an upload on its way to its manifest, which its age tells.
 *
 * <p>Memory: names of the live pages (one for 4096 segments), a page a level and some more, what looks wrong and what is, a thousand each; one tail a thread, or one chunk. Blocks the calling thread; segments are looked at side by side on the executor given. One
 * object a run.
 */
public final class PartitionAudit {

    /** Orphans of one partition that are named, of those that are wanted and of the others each; further ones are only counted. */
    private static final int NAMED_ORPHANS = 1_000;
    /** Problems of one partition that are named; the others are only counted. */
    private static final int NAMED_PROBLEMS = 1_000;
    /** What looks wrong and was not held against a newer manifest yet. */
    private static final int SUSPICIONS = 1_000;
    /** Segments that wait for a thread at once. */
    private static final int TASKS = 256;

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final TopicIdPartition partition;
    private final PartitionKeys keys;
    private final SegmentCheck check;
    private final Executor threads;
    private final Consumer<String> out;
    private final String name;
    private final Deque<Checked> running = new ArrayDeque<>();
    private final List<Suspicion> suspicions = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private long moreProblems;
    private final Set<String> pages = new HashSet<>();
    private final Predicate<StoredObject> wanted;
    private final List<StoredObject> strangers = new ArrayList<>();
    private int wantedStrangers;
    private long moreStrangers;
    private long moreStrangersBytes;
    private long pending;

    private record Checked(LiveSegment segment, Future<Optional<String>> problem) {}

    /** How far objects are looked into. */
    public enum Depth {
        /** Only whether they are there, and of what size: costs nothing but the listing, and the pages. */
        LISTED,
        /** Footers and sections of segments too. */
        TAILS,
        /** Every byte. */
        WHOLE
    }

    /**
     * A live object that is not what the newest manifest says.
     *
     * @param segment empty if it is a page
     * @param gone whether it is not there at all
     */
    public record Problem(String key, long baseOffset, String what, boolean gone, Optional<LiveSegment> segment) {}

    /**
     * All that is wrong, or belongs to nobody.
     *
     * @param newest empty if the partition was deleted
     * @param problems the first thousand
     * @param moreProblems further ones, which are not told by name
     * @param orphans the first thousand objects that nothing names, of those wanted and of the others each
     * @param moreOrphans further ones, which are not told by name
     * @param pending objects whose deletion is due later
     */
    public record Findings(Optional<NewestManifest> newest, List<Problem> problems, long moreProblems, List<StoredObject> orphans, long moreOrphans, long moreOrphanBytes, long pending) {}

    /** A problem that may turn out to be none. @param unlisted whether the listing did not show it */
    private record Suspicion(Problem problem, boolean unlisted) {}

    /**
     * @param threads for the checks of segments; not used where they are only {@link Depth#LISTED}
     * @param checkedBytes is told log bytes of segments that were looked at, from any thread
     * @param wanted orphans that have to be named: others, however many, do not take their places
     */
    public PartitionAudit(ObjectStore objects, BucketLayout layout, TopicIdPartition partition, Depth depth, Executor threads, Consumer<String> out, LongConsumer checkedBytes, Predicate<StoredObject> wanted) {
        this.wanted = wanted;
        this.objects = objects;
        this.layout = layout;
        this.partition = partition;
        this.keys = layout.partition(partition);
        this.check = new SegmentCheck(objects, depth, checkedBytes);
        this.threads = threads;
        this.out = out;
        this.name = partition.topic() + "-" + partition.partition() + " (" + partition.topicId() + ")";
    }

    /** Tells what is wrong as lines and sums it up. Fails with {@link ColdStoreException} when the store cannot be read. */
    public BucketVerdict run() throws InterruptedException {
        Optional<NewestManifest> newest;
        try {
            newest = NamedObjects.newest(objects, layout, partition);
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured e) {
            out.accept("DAMAGED  " + name + ": manifest: " + e.getMessage());
            return new BucketVerdict(1, 0, 0, 1, 0, 0, 0);
        }
        compare(newest);
        return tell(judge(newest));
    }

    /** The same, not told as lines. Fails with {@link ColdStoreException.Corrupt} too, when the manifest cannot be read. */
    public Findings findings() throws InterruptedException {
        Optional<NewestManifest> newest = NamedObjects.newest(objects, layout, partition);
        compare(newest);
        return judge(newest);
    }

    private void compare(Optional<NewestManifest> newest) throws InterruptedException {
        NamedObjects named = new NamedObjects(objects, layout, partition, newest);
        Segments live = new Segments(newest.map(manifest -> new LiveWalk(objects, layout, manifest, next -> {})));
        String after = "";
        for (boolean more = true; more; ) {
            ObjectPage listed = Waiting.on(objects.list(keys.directory(), after, ObjectStore.LIST_LIMIT_KEYS));
            for (StoredObject object : listed.objects()) {
                take(object, live, named);
            }
            more = listed.more() && !listed.objects().isEmpty();
            after = listed.objects().isEmpty() ? after : listed.objects().get(listed.objects().size() - 1).key();
        }
        live.passOver(Long.MAX_VALUE);
        while (!running.isEmpty()) {
            finishOldest();
        }
    }

    private void take(StoredObject object, Segments live, NamedObjects named) throws InterruptedException {
        Optional<SegmentName> segment = keys.segmentName(object.key());
        if (object.key().startsWith(keys.pagePrefix())) {
            live.passOver(Long.MAX_VALUE); // pages come after all segments; from here on all live ones are known
        }
        segment.ifPresent(found -> live.passOver(found.baseOffset()));
        Optional<LiveSegment> here = segment.isEmpty() ? Optional.empty() : live.next().filter(next -> next.facts().key().equals(object.key()));
        if (here.isPresent()) {
            live.advance();
            look(here.get(), object);
        } else if (!pages.contains(object.key()) && !object.key().startsWith(keys.manifestPrefix())) {
            stranger(object, named.of(object.key()));
        }
    }

    private void look(LiveSegment segment, StoredObject object) throws InterruptedException {
        if (object.sizeBytes() != segment.facts().objectSizeBytes()) {
            suspect(segment, "has " + object.sizeBytes() + " bytes, the manifest says " + segment.facts().objectSizeBytes());
            return;
        }
        if (check.depth() == Depth.LISTED) {
            return;
        }
        if (running.size() == TASKS) {
            finishOldest();
        }
        FutureTask<Optional<String>> task = new FutureTask<>(() -> check.problem(partition, segment));
        running.add(new Checked(segment, task));
        threads.execute(task);
    }

    private void finishOldest() throws InterruptedException {
        Checked oldest = running.remove();
        try {
            oldest.problem().get().ifPresent(what -> suspect(oldest.segment(), what));
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException bare ? bare : new IllegalStateException(failed.getCause());
        }
    }

    private void suspect(LiveSegment segment, String what) {
        suspect(new Suspicion(problem(segment, what, false), false));
    }

    private void suspect(Suspicion suspicion) {
        suspicions.add(suspicion);
        if (suspicions.size() == SUSPICIONS) {
            settle(afterwards());
        }
    }

    private NamedObjects afterwards() {
        return new NamedObjects(objects, layout, partition, NamedObjects.newest(objects, layout, partition));
    }

    /** Holds what looks wrong against the manifest of now. */
    private void settle(NamedObjects now) {
        suspicions.stream().sorted(Comparator.comparingLong(one -> one.problem().baseOffset())).filter(one -> now.of(one.problem().key()) == NamedObjects.Standing.LIVE)
                .forEach(one -> confirmed(one).ifPresent(this::found));
        suspicions.clear();
    }

    private void found(Problem problem) {
        if (problems.size() < NAMED_PROBLEMS) {
            problems.add(problem);
        } else {
            moreProblems++;
        }
    }

    private static Problem problem(LiveSegment segment, String what, boolean gone) {
        return new Problem(segment.facts().key(), segment.facts().baseOffset(), what, gone, Optional.of(segment));
    }

    private void stranger(StoredObject object, NamedObjects.Standing standing) {
        if (standing == NamedObjects.Standing.PENDING) {
            pending++;
        } else if (standing == NamedObjects.Standing.UNNAMED) {
            stranger(object, wanted.test(object));
        }
    }

    private void stranger(StoredObject object, boolean isWanted) {
        if ((isWanted ? wantedStrangers : strangers.size() - wantedStrangers) < NAMED_ORPHANS) {
            strangers.add(object);
            wantedStrangers += isWanted ? 1 : 0;
        } else {
            moreStrangers++;
            moreStrangersBytes += object.sizeBytes();
        }
    }

    /** The live segments, each of which the listing should show. */
    private final class Segments {
        private final Optional<LiveWalk> walk;
        private Optional<LiveSegment> next = Optional.empty();

        Segments(Optional<LiveWalk> walk) {
            this.walk = walk;
            advance();
        }

        Optional<LiveSegment> next() {
            return next;
        }

        /** What begins below {@code offset} has not been listed. */
        void passOver(long offset) {
            while (next.isPresent() && next.get().facts().baseOffset() < offset) {
                suspect(new Suspicion(problem(next.get(), "is not there", true), true));
                advance();
            }
        }

        void advance() {
            next = Optional.empty();
            while (next.isEmpty()) {
                Optional<LiveWalk.Stop> stop = walk.flatMap(LiveWalk::next);
                if (stop.isEmpty()) {
                    return;
                }
                take(stop.get());
            }
        }

        private void take(LiveWalk.Stop stop) {
            if (stop.extent() instanceof SegmentEntry segment) {
                next = Optional.of(LiveSegment.of(keys, segment));
            } else if (stop.extent() instanceof PageReference page) {
                String key = keys.page(page.baseOffset(), page.level(), page.nonce());
                pages.add(key);
                stop.problem().ifPresent(what -> suspect(new Suspicion(new Problem(key, page.baseOffset(), what, stop.gone(), Optional.empty()), false)));
            }
        }
    }

    private Findings judge(Optional<NewestManifest> newest) {
        List<StoredObject> orphans = new ArrayList<>();
        if (!suspicions.isEmpty() || !strangers.isEmpty()) {
            NamedObjects afterwards = afterwards();
            settle(afterwards);
            strangers.stream().filter(object -> afterwards.of(object.key()) == NamedObjects.Standing.UNNAMED && Waiting.on(objects.head(object.key())).isPresent()).forEach(orphans::add);
        }
        return new Findings(newest, problems, moreProblems, orphans, moreStrangers, moreStrangersBytes, pending);
    }

    /** A walk that went on with a newer manifest came to segments that are newer than the listing: they are looked at now. */
    private Optional<Problem> confirmed(Suspicion suspicion) {
        Problem problem = suspicion.problem();
        Optional<StoredObject> there = suspicion.unlisted() ? Waiting.on(objects.head(problem.key())) : Optional.empty();
        if (there.isEmpty()) {
            return Optional.of(problem);
        }
        LiveSegment segment = problem.segment().orElseThrow();
        Optional<String> wrongSize = there.filter(object -> object.sizeBytes() != segment.facts().objectSizeBytes()).map(object -> "has " + object.sizeBytes() + " bytes");
        return wrongSize.or(() -> check.problem(partition, segment)).map(what -> problem(segment, what, false));
    }

    private BucketVerdict tell(Findings found) {
        Optional<NewestManifest> newest = found.newest();
        long segments = newest.map(manifest -> manifest.content().segmentCount()).orElse(0L);
        long bytes = newest.map(manifest -> manifest.content().logSizeBytes()).orElse(0L);
        BucketVerdict verdict = new BucketVerdict(1, segments, bytes, found.problems().size() + found.moreProblems(), found.orphans().size() + found.moreOrphans(),
                found.orphans().stream().mapToLong(StoredObject::sizeBytes).sum() + found.moreOrphanBytes(), found.pending());
        tell(newest, verdict, found.orphans());
        return verdict;
    }

    private void tell(Optional<NewestManifest> newest, BucketVerdict verdict, List<StoredObject> orphans) {
        String what = newest.map(manifest -> manifest.manifest().number() == 0 ? "no manifest" : "manifest " + manifest.manifest().number() + ", " + verdict.segments() + " segment(s), "
                + (pages.isEmpty() ? "" : pages.size() + " page(s), ") + "offsets " + Shown.range(manifest.startOffset(), manifest.endOffset()) + ", " + verdict.logBytes() + " log bytes").orElse("deleted");
        out.accept((verdict.problems() == 0 ? "sound    " : "DAMAGED  ") + name + ": " + what);
        problems.forEach(problem -> out.accept("DAMAGED  " + problem.key() + " " + problem.what()));
        if (verdict.problems() > problems.size()) {
            out.accept("DAMAGED  and " + (verdict.problems() - problems.size()) + " more");
        }
        orphans.forEach(orphan -> out.accept("orphan   " + orphan.key() + ", " + orphan.sizeBytes() + " bytes, written " + Shown.time(orphan.modifiedAtMs())));
        if (verdict.orphans() > orphans.size()) {
            out.accept("orphan   and " + (verdict.orphans() - orphans.size()) + " more");
        }
    }
}
