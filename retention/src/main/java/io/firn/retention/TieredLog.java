package io.firn.retention;

import io.firn.hot.AbortedTransaction;
import io.firn.hot.HotLog;
import io.firn.hot.TimestampedOffset;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/**
 * One partition's log over both tiers: the only place where they meet.
 *
 * <p>Threading: confined to the event loop of its partition; futures complete there (except inside {@link TieredRead.Cold}).
 */
public final class TieredLog {

    private TieredLog() {}

    public HotLog hot() {
        throw new UnsupportedOperationException();
    }

    public TieredLogConfig config() {
        throw new UnsupportedOperationException();
    }

    public void reconfigure(TieredLogConfig config) {
        throw new UnsupportedOperationException();
    }

    /** First readable offset over both tiers. */
    public long logStartOffset() {
        throw new UnsupportedOperationException();
    }

    /** Last offset in the cold tier (Kafka's latest-tiered), or -1. */
    public long latestTieredOffset() {
        throw new UnsupportedOperationException();
    }

    /** Bytes over both tiers, the overlap counted once. */
    public long sizeBytes() {
        throw new UnsupportedOperationException();
    }

    public TieredRead read(long offset, int maxBytes, long limitOffset, boolean minOneBatch) {
        throw new UnsupportedOperationException();
    }

    /** Aborted transactions with records in {@code [fromOffset, toOffset)}, exact over the border of the tiers. */
    public CompletableFuture<List<AbortedTransaction>> abortedTransactions(long fromOffset, long toOffset) {
        throw new UnsupportedOperationException();
    }

    /** The earliest record of both tiers with a timestamp of at least {@code timestampMs}, below {@code limitOffset}. */
    public CompletableFuture<Optional<TimestampedOffset>> offsetForTimestamp(long timestampMs, long limitOffset) {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<Optional<TimestampedOffset>> maxTimestamp() {
        throw new UnsupportedOperationException();
    }

    public CompletableFuture<OptionalInt> epochAt(long offset) {
        throw new UnsupportedOperationException();
    }

    /** DeleteRecords: raises the log start over both tiers; completes with the new log start. */
    public CompletableFuture<Long> deleteRecordsBefore(long offset) {
        throw new UnsupportedOperationException();
    }
}
