package io.firn.cold;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;

/** What the cold tier counts. No tags: nothing here is unbounded. Thread-safe. */
public final class ColdMeters {

    private final MeterRegistry registry;
    private final Counter offloadedSegments;
    private final Counter offloadedBytes;
    private final Counter supersededSegments;
    private final Counter replacementBytes;
    private final Counter commits;
    private final Counter fenced;
    private final Counter possibleOrphans;
    private final Counter deletedObjects;
    private final Counter sweptObjects;
    private final Counter sweptBytes;
    private final Counter pagesRead;
    private final Counter gets;
    private final Counter fetchedBytes;
    private final Counter deliveredBytes;
    private final Counter chunkHits;
    private final Counter chunkMisses;
    private final Counter chunkJoins;
    private final Counter chunksAhead;
    private final Counter corruptChunks;
    private final Counter diskHits;
    private final Counter diskMisses;
    private final Counter diskWrites;
    private final Counter diskDrops;
    private final Counter diskPaced;
    private final Counter diskLate;
    private final Counter diskCorrupt;
    private final Counter failedReads;

    public ColdMeters(MeterRegistry registry) {
        this.registry = registry;
        this.offloadedSegments = counter("firn.cold.offloaded.segments", "Segments committed to the cold tier");
        this.offloadedBytes = counter("firn.cold.offloaded.bytes", "Log bytes committed to the cold tier");
        this.supersededSegments = counter("firn.cold.superseded.segments", "Committed segments replaced by compacted ones");
        this.replacementBytes = counter("firn.cold.replacement.bytes", "Log bytes of the compacted segments that replaced others");
        this.commits = counter("firn.cold.manifest.commits", "Manifests committed");
        this.fenced = counter("firn.cold.fenced", "Changes refused because a newer writer took over");
        this.possibleOrphans = counter("firn.cold.orphans.possible", "Uploads whose commit did not succeed: objects that may belong to nobody");
        this.deletedObjects = counter("firn.cold.deleted.objects", "Segment objects and manifest pages deleted after their grace period");
        this.sweptObjects = counter("firn.cold.swept.objects", "Objects that nothing named and that were deleted");
        this.sweptBytes = counter("firn.cold.swept.bytes", "Bytes of these");
        this.pagesRead = counter("firn.cold.page.gets", "Manifest pages asked of the object store");
        this.gets = counter("firn.cold.gets", "Ranged reads sent to the object store");
        this.fetchedBytes = counter("firn.cold.fetched.bytes", "Bytes asked of the object store by ranged reads");
        this.deliveredBytes = counter("firn.cold.delivered.bytes", "Log bytes that readers have taken");
        this.chunkHits = counter("firn.cold.chunk.hits", "Chunks found in memory");
        this.chunkMisses = counter("firn.cold.chunk.misses", "Chunks a reader had to request");
        this.chunkJoins = counter("firn.cold.chunk.joins", "Chunks already on their way when a reader wanted them");
        this.chunksAhead = counter("firn.cold.chunk.ahead", "Chunks requested ahead of readers");
        this.corruptChunks = counter("firn.cold.chunk.corrupt", "Chunks that arrived with a wrong checksum");
        this.diskHits = counter("firn.cold.disk.hits", "Chunks that were not in memory and were read from the local disk");
        this.diskMisses = counter("firn.cold.disk.misses", "Chunks that were on neither and had to be requested");
        this.diskWrites = counter("firn.cold.disk.writes", "Chunks written to the local disk");
        this.diskDrops = counter("firn.cold.disk.dropped", "Chunks that should have been written to the local disk, but too many were waiting or there was no room");
        this.diskPaced = counter("firn.cold.disk.paced", "Chunks that should have been written to the local disk, but as much was written as may be in a second");
        this.diskLate = counter("firn.cold.disk.late", "Chunks on the local disk that were requested nevertheless, as the disk took too long or too many were waiting");
        this.diskCorrupt = counter("firn.cold.disk.corrupt", "Chunks on the local disk that failed their checksum");
        this.failedReads = counter("firn.cold.reads.failed", "Reads that ended with an error");
    }

    private Counter counter(String name, String description) {
        return Counter.builder(name).description(description).register(registry);
    }

    /** A value asked for when metrics are scraped, on any thread. */
    public void gauge(String name, String description, Supplier<Number> value) {
        Gauge.builder(name, value).description(description).register(registry);
    }

    public void offloaded(long logBytes) {
        offloadedSegments.increment();
        offloadedBytes.increment(logBytes);
    }

    public void replaced(int segments, long logBytes) {
        supersededSegments.increment(segments);
        replacementBytes.increment(logBytes);
    }

    public void committed() {
        commits.increment();
    }

    public void fenced() {
        fenced.increment();
    }

    public void possibleOrphan() {
        possibleOrphans.increment();
    }

    public void deleted(int objects) {
        deletedObjects.increment(objects);
    }

    public void swept(int objects, long bytes) {
        sweptObjects.increment(objects);
        sweptBytes.increment(bytes);
    }

    public void pageRead() {
        pagesRead.increment();
    }

    public void get(long bytes) {
        gets.increment();
        fetchedBytes.increment(bytes);
    }

    public void delivered(long bytes) {
        deliveredBytes.increment(bytes);
    }

    public void chunkHit() {
        chunkHits.increment();
    }

    public void chunkMiss() {
        chunkMisses.increment();
    }

    public void chunkJoined() {
        chunkJoins.increment();
    }

    public void chunkAhead() {
        chunksAhead.increment();
    }

    public void corruptChunk() {
        corruptChunks.increment();
    }

    public void diskHit() {
        diskHits.increment();
    }

    public void diskMiss() {
        diskMisses.increment();
    }

    public void diskWritten() {
        diskWrites.increment();
    }

    public void diskDropped() {
        diskDrops.increment();
    }

    public void diskPaced() {
        diskPaced.increment();
    }

    public void diskLate() {
        diskLate.increment();
    }

    public void diskCorrupt() {
        diskCorrupt.increment();
    }

    public void readFailed() {
        failedReads.increment();
    }
}
