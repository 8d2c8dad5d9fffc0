package io.firn.cold.bucket;

import io.firn.cold.BucketVerdict;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ObjectPage;
import io.firn.cold.ObjectStore;
import io.firn.cold.StoredObject;
import io.firn.cold.read.LiveSegment;
import io.firn.cold.segment.BatchAudit;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.segment.Checksums;
import io.firn.cold.segment.PartitionKeys;
import io.firn.cold.segment.SegmentIndexes;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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
 *   manifest   readable; its segments follow each other and end at the tier boundary (which its decoding checks)
 *   object     there, of the size the manifest says; footer and sections sound and of this very segment
 *   deep       every chunk and every batch sound, offsets in order and within the segment
 *   the rest   segment objects that neither are live nor await their deletion: orphans
 * </pre>
 *
 * <p>Brokers may write meanwhile: what looks wrong is held against the newest manifest of afterwards, and what that explains is passed over. An orphan may still be an upload on its way to its manifest, which its age tells.
 *
 * <p>Memory: names of the live segments, one tail a thread; deep, one chunk a thread. Blocks the calling thread; segments are looked at side by side on the executor given.
 */
public final class PartitionAudit {

    /** Orphans of one partition that are named; the others are only counted. */
    private static final int NAMED_ORPHANS = 1_000;
    /** Segments that wait for a thread at once. */
    private static final int TASKS = 256;

    private final ObjectStore objects;
    private final BucketLayout layout;
    private final boolean deep;
    private final ExecutorService threads;
    private final Consumer<String> out;
    private final LongConsumer checkedBytes;

    /** @param checkedBytes is told log bytes of segments that were looked at, from any thread */
    public PartitionAudit(ObjectStore objects, BucketLayout layout, boolean deep, ExecutorService threads, Consumer<String> out, LongConsumer checkedBytes) {
        this.objects = objects;
        this.layout = layout;
        this.deep = deep;
        this.threads = threads;
        this.out = out;
        this.checkedBytes = checkedBytes;
    }

    /** Tells what is wrong as lines and sums it up. Fails with {@link ColdStoreException} when the store cannot be read. */
    public BucketVerdict run(TopicIdPartition partition) throws InterruptedException {
        String name = partition.topic() + "-" + partition.partition() + " (" + partition.topicId() + ")";
        Optional<NewestManifest> newest;
        try {
            newest = read(partition);
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured e) {
            out.accept("DAMAGED  " + name + ": manifest: " + e.getMessage());
            return new BucketVerdict(1, 0, 0, 1, 0, 0, 0);
        }
        Map<LiveSegment, String> suspicions = new HashMap<>();
        Found found = list(partition, newest, suspicions);
        if (newest.isPresent()) {
            inspect(newest.get(), suspicions);
        }
        return judge(name, partition, newest, suspicions, found);
    }

    /** Empty if the partition was deleted. */
    private Optional<NewestManifest> read(TopicIdPartition partition) {
        try {
            return Optional.of(Waiting.on(NewestManifest.read(objects, layout, partition)));
        } catch (ColdStoreException.Missing deleted) {
            return Optional.empty();
        }
    }

    /** What the listing showed beside live segments. */
    private static final class Found {
        private final List<StoredObject> strangers = new ArrayList<>();
        private long moreStrangers;
        private long moreStrangersBytes;

        void stranger(StoredObject object) {
            if (strangers.size() < NAMED_ORPHANS) {
                strangers.add(object);
            } else {
                moreStrangers++;
                moreStrangersBytes += object.sizeBytes();
            }
        }
    }

    private Found list(TopicIdPartition partition, Optional<NewestManifest> newest, Map<LiveSegment, String> suspicions) {
        PartitionKeys keys = layout.partition(partition);
        Map<String, LiveSegment> absent = new HashMap<>();
        newest.ifPresent(manifest -> manifest.live().segments().forEach(segment -> absent.put(segment.facts().key(), segment)));
        Set<String> pending = pending(newest);
        Found found = new Found();
        String after = "";
        for (boolean more = true; more; ) {
            ObjectPage page = Waiting.on(objects.list(keys.directory(), after, ObjectStore.LIST_LIMIT_KEYS));
            for (StoredObject object : page.objects()) {
                LiveSegment segment = absent.remove(object.key());
                if (segment != null && segment.facts().objectSizeBytes() != object.sizeBytes()) {
                    suspicions.put(segment, "has " + object.sizeBytes() + " bytes, the manifest says " + segment.facts().objectSizeBytes());
                } else if (segment == null && !object.key().startsWith(keys.manifestPrefix()) && !pending.contains(object.key())) {
                    found.stranger(object);
                }
            }
            more = page.more() && !page.objects().isEmpty();
            after = page.objects().isEmpty() ? after : page.objects().get(page.objects().size() - 1).key();
        }
        absent.values().forEach(segment -> suspicions.put(segment, "is not there"));
        return found;
    }

    private static Set<String> pending(Optional<NewestManifest> newest) {
        Set<String> keys = new HashSet<>();
        newest.ifPresent(manifest -> manifest.content().pending().forEach(deletion -> keys.add(manifest.keys().segment(deletion.name()))));
        return keys;
    }

    private void inspect(NewestManifest newest, Map<LiveSegment, String> suspicions) throws InterruptedException {
        List<LiveSegment> left = newest.live().segments().stream().filter(segment -> !suspicions.containsKey(segment)).toList();
        for (int from = 0; from < left.size(); from += TASKS) {
            Map<LiveSegment, Future<Optional<String>>> running = new HashMap<>();
            left.subList(from, Math.min(left.size(), from + TASKS)).forEach(segment -> running.put(segment, threads.submit(() -> inspect(newest.partition(), segment))));
            for (Map.Entry<LiveSegment, Future<Optional<String>>> entry : running.entrySet()) {
                outcome(entry.getValue()).ifPresent(what -> suspicions.put(entry.getKey(), what));
            }
        }
    }

    private static Optional<String> outcome(Future<Optional<String>> running) throws InterruptedException {
        try {
            return running.get();
        } catch (ExecutionException failed) {
            throw failed.getCause() instanceof RuntimeException bare ? bare : new IllegalStateException(failed.getCause());
        }
    }

    /** What is wrong with it. */
    private Optional<String> inspect(TopicIdPartition partition, LiveSegment segment) {
        try {
            ByteBuffer tail = segment.tailBuffer();
            Waiting.on(objects.get(segment.facts().key(), segment.facts().logSizeBytes(), tail));
            SegmentIndexes indexes = segment.parse(partition, tail);
            if (deep) {
                readAll(segment, indexes);
            }
            checkedBytes.accept(segment.facts().logSizeBytes());
            return Optional.empty();
        } catch (ColdStoreException.Corrupt | ColdStoreException.Missing | ColdStoreException.Misconfigured e) {
            return Optional.of(": " + e.getMessage());
        }
    }

    private void readAll(LiveSegment segment, SegmentIndexes indexes) {
        int[] checksums = indexes.checksums();
        int chunkBytes = indexes.facts().chunkBytes();
        long logSize = segment.facts().logSizeBytes();
        BatchAudit audit = new BatchAudit(segment.facts().baseOffset(), segment.facts().nextOffset());
        for (int i = 0; i < checksums.length; i++) {
            long position = (long) i * chunkBytes;
            ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(chunkBytes, logSize - position));
            Waiting.on(objects.get(segment.facts().key(), position, chunk));
            chunk.clear();
            if (Checksums.crc32c(chunk) != checksums[i]) {
                throw new ColdStoreException.Corrupt("chunk " + i + " at byte " + position + " fails its checksum", null);
            }
            audit.accept(chunk);
        }
        audit.finish();
    }

    private BucketVerdict judge(String name, TopicIdPartition partition, Optional<NewestManifest> newest, Map<LiveSegment, String> suspicions, Found found) {
        Optional<NewestManifest> afterwards = suspicions.isEmpty() && found.strangers.isEmpty() ? newest : read(partition);
        Set<String> explained = pending(afterwards);
        Set<String> live = new HashSet<>();
        afterwards.ifPresent(manifest -> manifest.live().segments().forEach(segment -> live.add(segment.facts().key())));
        explained.addAll(live);
        Map<Long, String> problems = new TreeMap<>();
        suspicions.forEach((segment, what) -> {
            if (live.contains(segment.facts().key())) {
                problems.put(segment.facts().baseOffset(), segment.facts().key() + " " + what);
            }
        });
        List<StoredObject> orphans = found.strangers.stream().filter(object -> !explained.contains(object.key())).toList();
        long bytes = newest.map(manifest -> manifest.live().segments().stream().mapToLong(segment -> segment.facts().logSizeBytes()).sum()).orElse(0L);
        BucketVerdict verdict = new BucketVerdict(1, newest.map(manifest -> manifest.live().segments().size()).orElse(0), bytes, problems.size(), orphans.size() + found.moreStrangers,
                orphans.stream().mapToLong(StoredObject::sizeBytes).sum() + found.moreStrangersBytes, newest.map(manifest -> manifest.content().pending().size()).orElse(0));
        tell(name, newest, verdict, problems, orphans);
        return verdict;
    }

    private void tell(String name, Optional<NewestManifest> newest, BucketVerdict verdict, Map<Long, String> problems, List<StoredObject> orphans) {
        String what = newest.map(manifest -> manifest.manifest().number() == 0 ? "no manifest" : "manifest " + manifest.manifest().number() + ", " + verdict.segments() + " segment(s), offsets "
                + Shown.range(manifest.startOffset(), manifest.endOffset()) + ", " + verdict.logBytes() + " log bytes").orElse("deleted");
        out.accept((problems.isEmpty() ? "sound    " : "DAMAGED  ") + name + ": " + what);
        problems.values().forEach(problem -> out.accept("DAMAGED  " + problem));
        orphans.forEach(orphan -> out.accept("orphan   " + orphan.key() + ", " + orphan.sizeBytes() + " bytes, written " + Shown.time(orphan.modifiedAtMs())));
        if (verdict.orphans() > orphans.size()) {
            out.accept("orphan   and " + (verdict.orphans() - orphans.size()) + " more");
        }
    }
}
