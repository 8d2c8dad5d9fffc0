package io.firn.cold;

import io.firn.cold.bucket.NewestManifest;
import io.firn.cold.manifest.Extent;
import io.firn.cold.read.BatchRun;
import io.firn.cold.read.LiveSegments;
import io.firn.cold.read.ReadRequest;
import io.firn.cold.read.RecordSearch;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.common.TopicIdPartition;

/**
 * The records of one partition of the cold tier in their order, read while brokers write, compact and expire it.
 *
 * <p>It reads the segments of the manifest it knows, page by page where those list them. When one of their objects, or a page, is gone, it reads the manifest anew and goes on at the same offset: successive manifests stand for the same offsets, a
 * replaced segment's batches keep theirs, and a read ends between two batches. So no record comes twice, and what is missing was either removed by compaction or is reported as {@link ColdPiece.Expired}. An
 * object that is gone though the newest manifest still names it is damage: {@link ColdStoreException.Missing}.
 *
 * <p>Where a stream ends is settled when it is opened. What brokers add later is another stream's.
 *
 * <p><b>Failures</b> ({@link ColdStoreException}) leave the stream where it was: {@link #next} may be called again, and goes on without a hole.
 *
 * <p>Threading: one {@link #next} at a time, from any thread; futures complete on threads of the reader, which must not be held up for long. There is nothing to close but the pieces.
 */
public final class ColdStream {

    /** Bytes of one piece, unless a single batch is larger. */
    private static final int PIECE_BYTES = 1 << 20;

    /** How often in a row a segment may turn out to be replaced before it could be read. */
    private static final int RELOAD_LIMIT = 16;

    private final ColdLogReader reader;
    private final boolean committed;
    private final long startOffset;
    private final long limitOffset;
    private final long boundaryOffset;
    private final AtomicBoolean asking = new AtomicBoolean();
    private volatile History known;
    private volatile long nextOffset;

    /** A manifest and what it names, to be read. */
    private record History(NewestManifest manifest, LiveSegments live) {}

    /** @param limitOffset at most where the manifest ends */
    ColdStream(ColdLogReader reader, NewestManifest manifest, boolean committed, long startOffset, long limitOffset) {
        this.reader = reader;
        this.known = new History(manifest, manifest.live(reader.reads()));
        this.committed = committed;
        this.startOffset = startOffset;
        this.limitOffset = limitOffset;
        this.boundaryOffset = manifest.endOffset();
        this.nextOffset = startOffset;
    }

    public TopicIdPartition partition() {
        return known.manifest().partition();
    }

    /** Where it began. */
    public long startOffset() {
        return startOffset;
    }

    /** Exclusive end of what it delivers; at or below the start if that is nothing. */
    public long limitOffset() {
        return limitOffset;
    }

    /** The tier boundary when the stream was opened. */
    public long boundaryOffset() {
        return boundaryOffset;
    }

    /** Where the next piece begins. */
    public long nextOffset() {
        return nextOffset;
    }

    /** Log bytes from the next offset to the limit, as far as the manifest itself tells: of the first and the last segment, or page of segments, the part that the offsets make up. */
    public long remainingBytes() {
        double bytes = 0;
        for (Extent extent : known.manifest().content().extents()) {
            long offsets = Math.min(extent.nextOffset(), limitOffset) - Math.max(extent.baseOffset(), nextOffset);
            bytes += offsets <= 0 ? 0 : (double) extent.logSizeBytes() * offsets / (extent.nextOffset() - extent.baseOffset());
        }
        return (long) bytes;
    }

    /** The next piece; empty at the end. A second call before the first has completed fails with {@link IllegalStateException}. */
    public CompletableFuture<Optional<ColdPiece>> next() {
        if (!asking.compareAndSet(false, true)) {
            return CompletableFuture.failedFuture(new IllegalStateException("A piece of " + partition() + " is asked for already"));
        }
        return reader.onWork(attempt(RELOAD_LIMIT).whenComplete((piece, failure) -> asking.set(false)));
    }

    private CompletableFuture<Optional<ColdPiece>> attempt(int reloadsLeft) {
        long from = nextOffset;
        long start = Math.min(known.manifest().startOffset(), limitOffset);
        if (from >= limitOffset) {
            return CompletableFuture.completedFuture(Optional.empty());
        }
        if (from < start) {
            nextOffset = start;
            return CompletableFuture.completedFuture(Optional.of(new ColdPiece.Expired(from, start)));
        }
        History seen = known;
        return read(seen, from).exceptionallyCompose(failure -> ColdStoreException.unwrap(failure) instanceof ColdStoreException.Missing missing
                ? newer(seen, missing, reloadsLeft).thenCompose(nothing -> attempt(reloadsLeft - 1)) : CompletableFuture.failedFuture(failure));
    }

    /** Adopts a newer manifest, or fails: what {@code seen} names should be there. */
    private CompletableFuture<Void> newer(History seen, ColdStoreException.Missing missing, int reloadsLeft) {
        if (reloadsLeft == 0) {
            return CompletableFuture.failedFuture(new ColdStoreException.Unavailable("The segments of " + partition() + " at offset " + nextOffset + " were replaced " + RELOAD_LIMIT
                    + " times before one could be read", missing));
        }
        return reader.manifest(partition()).thenAccept(newest -> {
            if (newest.manifest().number() <= seen.manifest().manifest().number()) {
                throw new CompletionException(missing);
            }
            known = new History(newest, newest.live(reader.reads()));
        });
    }

    private CompletableFuture<Optional<ColdPiece>> read(History from, long offset) {
        return batches(from, offset, PIECE_BYTES, limitOffset).thenCompose(run -> {
            if (run.sizeBytes() == 0 && run.nextOffset() <= offset) {
                return batches(from, offset, 1, Long.MAX_VALUE); // the limit lies within the next batch
            }
            return CompletableFuture.completedFuture(run);
        }).thenCompose(run -> piece(from, run, offset));
    }

    private CompletableFuture<BatchRun> batches(History from, long offset, int maxBytes, long limit) {
        return reader.reads().read(new ReadRequest(from.live(), offset, maxBytes, limit, true, true, work()));
    }

    private CompletableFuture<Optional<ColdPiece>> piece(History from, BatchRun run, long offset) {
        RecordSearch search = new RecordSearch(reader.reads(), from.live());
        CompletableFuture<List<ColdAbortedTransaction>> aborted = committed && run.sizeBytes() > 0 ? search.abortedTransactions(run.baseOffset(), run.nextOffset())
                : CompletableFuture.completedFuture(List.of());
        return aborted.handle((found, failure) -> {
            if (failure != null) {
                run.release().run();
                throw new CompletionException(ColdStoreException.unwrap(failure));
            }
            nextOffset = run.nextOffset();
            return Optional.of(new ColdPiece.Batches(new ColdRead(run, search, from.manifest().endOffset()), offset, limitOffset, found));
        });
    }

    private Executor work() {
        return reader.work();
    }
}
