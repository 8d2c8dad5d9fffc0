package io.firn.cold;

import io.firn.cold.bucket.BucketDirectory;
import io.firn.cold.bucket.ManifestText;
import io.firn.cold.bucket.NewestManifest;
import io.firn.cold.bucket.PartitionAudit;
import io.firn.cold.bucket.SegmentBytes;
import io.firn.cold.bucket.SegmentDump;
import io.firn.cold.bucket.Waiting;
import io.firn.cold.segment.BucketLayout;
import io.firn.cold.topic.TopicObjects;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/**
 * What a bucket holds and whether it is sound, for tools: shows and checks segment objects and manifests, with no broker running or beside running ones. Needs only to get and to list.
 *
 * <p>Threading: for one thread, which it blocks until the store has answered. Fails with {@link ColdStoreException}, bare.
 */
public final class BucketInspection implements AutoCloseable {

    /** Segments checked side by side. */
    private static final int PARALLELISM = 8;

    private final ObjectStore objects;
    private final BucketLayout layout;

    private BucketInspection(ObjectStore objects, BucketLayout layout) {
        this.objects = objects;
        this.layout = layout;
    }

    /** Touches nothing of the store yet. Owns {@code objects}. */
    public static BucketInspection open(ObjectStore objects, String prefix) {
        return new BucketInspection(objects, new BucketLayout(prefix));
    }

    /** The id of the cluster that the bucket belongs to; {@link ColdStoreException.Misconfigured} if it is no Firn cluster's. */
    public String cluster() {
        return Waiting.on(BucketClaim.require(objects, layout, Optional.empty())).clusterId();
    }

    /** Partitions that there are objects of, of all topics or of those of one name, in the order of their keys. */
    public List<TopicIdPartition> partitions(Optional<String> topic) {
        return Waiting.on(new BucketDirectory(objects, layout).partitions(topic));
    }

    /** What the bucket says of a topic as a whole; empty if it says nothing. */
    public Optional<ColdTopicDescription> topic(String name, Uuid id) {
        return Waiting.on(new TopicObjects(objects, layout, name, id).read());
    }

    /** Tells the newest manifest of a partition as lines. {@link ColdStoreException.Missing} if the partition was deleted. @param each every segment too, also those in pages; @return pages that are damaged, of those that were looked at */
    public int show(TopicIdPartition partition, boolean each, Consumer<String> out) {
        return new ManifestText(objects, layout, out).show(Waiting.on(NewestManifest.read(objects, layout, partition)), each);
    }

    /** Log bytes that the newest manifest of a partition names; 0 where there is none that can be read. */
    public long logBytes(TopicIdPartition partition) {
        try {
            return Waiting.on(NewestManifest.read(objects, layout, partition)).content().logSizeBytes();
        } catch (ColdStoreException.Missing | ColdStoreException.Corrupt | ColdStoreException.Misconfigured e) {
            return 0; // the check itself says what is wrong
        }
    }

    /**
     * Compares the manifests of these partitions with the bucket, both ways: see {@link BucketVerdict}. Brokers may write meanwhile.
     *
     * @param deep read every byte, and check every chunk and batch
     * @param out is told a line a partition, and one for each thing that is wrong or belongs to nobody
     * @param checkedBytes is told log bytes of segments looked at, from any thread
     */
    public BucketVerdict verify(List<TopicIdPartition> partitions, boolean deep, Consumer<String> out, LongConsumer checkedBytes) throws InterruptedException {
        AtomicInteger number = new AtomicInteger();
        ExecutorService threads = Executors.newFixedThreadPool(PARALLELISM, work -> {
            Thread thread = new Thread(work, "firn-verify-" + number.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
        try {
            BucketVerdict all = BucketVerdict.NOTHING;
            for (TopicIdPartition partition : partitions) {
                all = all.plus(new PartitionAudit(objects, layout, partition, deep ? PartitionAudit.Depth.WHOLE : PartitionAudit.Depth.TAILS, threads, out, checkedBytes, orphan -> true).run());
            }
            return all;
        } finally {
            threads.shutdownNow();
        }
    }

    /** Tells what a segment object says as lines, and how many problems it has. {@link ColdStoreException.Missing} if it is not there. */
    public int dump(String key, SegmentDetail detail, Consumer<String> out) {
        return SegmentDump.run(SegmentBytes.ofObject(objects, key), detail, out);
    }

    /** The same of a file: a copy of an object, or a segment of a broker's disk ({@code .log}). */
    public static int dump(Path file, SegmentDetail detail, Consumer<String> out) throws IOException {
        try (FileChannel channel = SegmentBytes.open(file)) {
            return SegmentDump.run(SegmentBytes.ofFile(file, channel), detail, out);
        }
    }

    @Override
    public void close() {
        objects.close();
    }
}
