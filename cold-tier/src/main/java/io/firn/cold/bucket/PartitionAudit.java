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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
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
 * <p>Memory: names of the live pages (one for 4096 segments), a page a level and some more, some thousand lines of what is wrong; one tail a thread, or one chunk. Blocks the calling thread; segments are looked at side by side on the executor given. One
 * object a run.
 */
public final class PartitionAudit {

    /** Orphans of one partition that are named; the others are only counted. */
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
    private final ExecutorService threads;
    private final Consumer<String> out;
    private final String name;
    private final Deque<Checked> running = new ArrayDeque<>();
    private final List<Suspicion> suspicions = new ArrayList<>();
    private final List<String> namedProblems = new ArrayList<>();
    private long problems;
    private final Set<String> pages = new HashSet<>();
    private final List<StoredObject> strangers = new ArrayList<>();
    private long moreStrangers;
    private long moreStrangersBytes;
    private long pending;

    private record Checked(LiveSegment segment, Future<Optional<String>> problem) {}

    /** An object that does not seem to be what the manifest says. @param unlisted the segment, if the listing did not show it */
    private record Suspicion(String key, long baseOffset, String what, Optional<LiveSegment> unlisted) {}

    /**
     * @param deep every byte of every segment too
     * @param checkedBytes is told log bytes of segments that were looked at, from any thread
     */
    public PartitionAudit(ObjectStore objects, BucketLayout layout, TopicIdPartition partition, boolean deep, ExecutorService threads, Consumer<String> out, LongConsumer checkedBytes) {
        this.objects = objects;
        this.layout = layout;
        this.partition = partition;
        this.keys = layout.partition(partition);
        this.check = new SegmentCheck(objects, deep, checkedBytes);
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
        if (running.size() == TASKS) {
            finishOldest();
        }
        running.add(new Checked(segment, threads.submit(() -> check.problem(partition, segment))));
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
        suspect(new Suspicion(segment.facts().key(), segment.facts().baseOffset(), what, Optional.empty()));
    }

    private void suspect(Suspicion suspicion) {
        suspicions.add(suspicion);
        if (suspicions.size() == SUSPICIONS) {
            settle();
        }
    }

    /** Holds what looks wrong against the manifest of now. */
    private void settle() {
        if (suspicions.isEmpty()) {
            return;
        }
        NamedObjects now = new NamedObjects(objects, layout, partition, NamedObjects.newest(objects, layout, partition));
        suspicions.stream().sorted(Comparator.comparingLong(Suspicion::baseOffset)).filter(one -> now.of(one.key()) == NamedObjects.Standing.LIVE)
                .forEach(one -> confirmed(one).ifPresent(what -> problem(one.key() + " " + what)));
        suspicions.clear();
    }

    private void problem(String what) {
        problems++;
        if (namedProblems.size() < NAMED_PROBLEMS) {
            namedProblems.add(what);
        }
    }

    private void stranger(StoredObject object, NamedObjects.Standing standing) {
        if (standing == NamedObjects.Standing.PENDING) {
            pending++;
        } else if (standing == NamedObjects.Standing.UNNAMED && strangers.size() < NAMED_ORPHANS) {
            strangers.add(object);
        } else if (standing == NamedObjects.Standing.UNNAMED) {
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
                suspect(new Suspicion(next.get().facts().key(), next.get().facts().baseOffset(), "is not there", next));
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
                stop.problem().ifPresent(what -> suspect(new Suspicion(key, page.baseOffset(), what, Optional.empty())));
            }
        }
    }

    private BucketVerdict judge(Optional<NewestManifest> newest) {
        settle();
        List<StoredObject> orphans = new ArrayList<>();
        if (!strangers.isEmpty()) {
            NamedObjects afterwards = new NamedObjects(objects, layout, partition, NamedObjects.newest(objects, layout, partition));
            strangers.stream().filter(object -> afterwards.of(object.key()) == NamedObjects.Standing.UNNAMED && Waiting.on(objects.head(object.key())).isPresent()).forEach(orphans::add);
        }
        long segments = newest.map(manifest -> manifest.content().segmentCount()).orElse(0L);
        long bytes = newest.map(manifest -> manifest.content().logSizeBytes()).orElse(0L);
        BucketVerdict verdict = new BucketVerdict(1, segments, bytes, problems, orphans.size() + moreStrangers,
                orphans.stream().mapToLong(StoredObject::sizeBytes).sum() + moreStrangersBytes, pending);
        tell(newest, verdict, orphans);
        return verdict;
    }

    /** A walk that went on with a newer manifest came to segments that are newer than the listing: they are looked at now. */
    private Optional<String> confirmed(Suspicion suspicion) {
        Optional<StoredObject> there = suspicion.unlisted().isEmpty() ? Optional.empty() : Waiting.on(objects.head(suspicion.key()));
        return there.isEmpty() ? Optional.of(suspicion.what()) : check.problem(partition, suspicion.unlisted().get());
    }

    private void tell(Optional<NewestManifest> newest, BucketVerdict verdict, List<StoredObject> orphans) {
        String what = newest.map(manifest -> manifest.manifest().number() == 0 ? "no manifest" : "manifest " + manifest.manifest().number() + ", " + verdict.segments() + " segment(s), "
                + (pages.isEmpty() ? "" : pages.size() + " page(s), ") + "offsets " + Shown.range(manifest.startOffset(), manifest.endOffset()) + ", " + verdict.logBytes() + " log bytes").orElse("deleted");
        out.accept((problems == 0 ? "sound    " : "DAMAGED  ") + name + ": " + what);
        namedProblems.forEach(problem -> out.accept("DAMAGED  " + problem));
        if (problems > namedProblems.size()) {
            out.accept("DAMAGED  and " + (problems - namedProblems.size()) + " more");
        }
        orphans.forEach(orphan -> out.accept("orphan   " + orphan.key() + ", " + orphan.sizeBytes() + " bytes, written " + Shown.time(orphan.modifiedAtMs())));
        if (verdict.orphans() > orphans.size()) {
            out.accept("orphan   and " + (verdict.orphans() - orphans.size()) + " more");
        }
    }
}
