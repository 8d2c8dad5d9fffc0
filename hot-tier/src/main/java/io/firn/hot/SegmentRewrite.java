package io.firn.hot;

import io.firn.hot.batch.BatchCheck;
import io.firn.hot.batch.BatchHeader;
import io.firn.hot.batch.BatchVerdict;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import io.firn.hot.segment.SegmentSwap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * Writes the segments that are to take the place of a run of sealed ones, beside the log; {@link HotLog#replace} then puts them in.
 *
 * <p>Invariants: the first begins where the run begins, the last ends where it ends, each begins where the one before ends; between batches there may be gaps. Which segments become
 * one is for the caller to say; another is begun only where a file cannot hold more, whatever {@code segment.bytes} is: batches may grow a little, and only where an old segment ended is the producer state known.
 *
 * <p>Life: {@link #append} and {@link #aborted} in the order of the log → {@link #finish} → {@code HotLog.replace}, or {@link #abandon} at any time before. A failure leaves only
 * {@link #abandon}; the log is not touched.
 *
 * <p>Threading: confined to one thread at a time, not an event loop: every method blocks on the disk.
 */
public final class SegmentRewrite {

    private final LogDirectory directory;
    private final Executor io;
    private final HotLogConfig config;
    private final List<SealedPart> run;
    private final int maxBytes;
    private final long lastModifiedMs;
    private final BatchHeader batch = new BatchHeader();
    private final List<ActiveSegment> written = new ArrayList<>();
    private List<SealedPart> finished = List.of();
    private boolean over;

    /** @param maxBytes most that a segment may have */
    SegmentRewrite(LogDirectory directory, Executor io, HotLogConfig config, List<SealedPart> run, int maxBytes) {
        this.directory = directory;
        this.io = io;
        this.config = config;
        this.run = List.copyOf(run);
        this.maxBytes = maxBytes;
        this.lastModifiedMs = run.stream().mapToLong(SealedPart::lastModifiedMs).max().orElseThrow();
    }

    public long baseOffset() {
        return run.get(0).baseOffset();
    }

    /** Where the segment after the run begins. */
    public long nextOffset() {
        return run.get(run.size() - 1).nextOffset();
    }

    /** Bytes written so far. */
    public long sizeBytes() {
        return written.stream().mapToLong(ActiveSegment::sizeBytes).sum();
    }

    /** Adds one whole batch. */
    public void append(ByteBuffer bytes) throws IOException {
        RecordBuffers buffers = RecordBuffers.of(bytes);
        BatchVerdict verdict = BatchCheck.structure(buffers, 0, batch);
        long least = written.isEmpty() ? baseOffset() : last().nextOffset();
        if (over || verdict instanceof BatchVerdict.Refused || batch.sizeInBytes() != buffers.sizeBytes() || batch.baseOffset() < least || batch.nextOffset() > nextOffset()) {
            throw new IllegalArgumentException("no batch for this place: " + verdict + ", offsets from " + batch.baseOffset() + ", " + least + " is the least, " + nextOffset() + " the end");
        }
        if (written.isEmpty() || isFull(last(), batch)) {
            begin(least);
        }
        last().file().log().append(bytes.duplicate());
        last().onBatch(batch, config.indexIntervalBytes(), lastModifiedMs);
    }

    /** The batch just added is the marker of this aborted transaction. */
    public void aborted(AbortedTransaction aborted) {
        last().indexes().onAborted(aborted);
    }

    private ActiveSegment last() {
        return written.get(written.size() - 1);
    }

    private boolean isFull(ActiveSegment segment, BatchHeader next) {
        return segment.sizeBytes() > maxBytes - next.sizeInBytes() || !segment.boundaries().canHold(next.lastOffset());
    }

    private void begin(long baseOffset) throws IOException {
        String name = LogDirectory.fileName(baseOffset, LogDirectory.LOG) + SegmentSwap.CLEANED;
        directory.deleteIfExists(name);
        DiskFile file = directory.disk().create(directory.path().resolve(name));
        written.add(new ActiveSegment(new SegmentFile(directory, baseOffset, file, io), new SegmentIndexes(baseOffset), 0));
    }

    /** Forces what was written. Afterwards it can be put in. */
    public void finish() throws IOException {
        if (over || written.isEmpty() || last().nextOffset() != nextOffset()) {
            throw new IllegalStateException("the rewritten run ends at " + (written.isEmpty() ? "its beginning" : last().nextOffset()) + ", not at " + nextOffset());
        }
        for (ActiveSegment segment : written) {
            segment.file().force();
            segment.indexes().seal();
            SegmentFiles.writeCleanedIndexes(directory, segment.baseOffset(), segment.indexes());
        }
        directory.force();
        finished = written.stream().map(segment -> segment.seal().settle()).toList();
    }

    /** Removes what was written, unless it was put in. */
    public void abandon() throws IOException {
        if (!over) {
            over = true;
            for (ActiveSegment segment : written) {
                segment.file().release();
                SegmentFiles.deleteCleaned(directory, segment.baseOffset());
            }
        }
    }

    // For the log

    List<SealedPart> run() {
        return run;
    }

    /** The new segments. */
    List<SealedPart> finished() {
        if (over || finished.isEmpty()) {
            throw new IllegalStateException("the rewrite is not finished, or over");
        }
        return finished;
    }

    /** The segments belong to the log now. */
    void handOver() {
        over = true;
    }
}
