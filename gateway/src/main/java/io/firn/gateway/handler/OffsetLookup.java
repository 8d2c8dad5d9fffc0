package io.firn.gateway.handler;

import io.firn.gateway.partition.Partition;
import io.firn.hot.TimestampedOffset;
import io.firn.retention.TieredLog;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.requests.ListOffsetsRequest;

/**
 * Finds one offset of one partition, by Kafka's special timestamps or by time.
 *
 * <p>A lookup by time never answers with a record the reader may not read yet: what lies at or above its limit (high watermark, or last stable
 * offset for read_committed) counts as not there.
 *
 * <p>Threading: confined to the loop of the partition.
 */
final class OffsetLookup {
    /** First version of the API that knows each special timestamp. */
    private static final Map<Long, Integer> FIRST_VERSION = Map.of(ListOffsetsRequest.LATEST_TIMESTAMP, 1, ListOffsetsRequest.EARLIEST_TIMESTAMP, 1,
            ListOffsetsRequest.MAX_TIMESTAMP, 7, ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP, 8, ListOffsetsRequest.LATEST_TIERED_TIMESTAMP, 9,
            ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP, 11);

    private final TieredLog log;
    private final int leaderEpoch;
    private final long limit;

    private OffsetLookup(TieredLog log, int leaderEpoch, long limit) {
        this.log = log;
        this.leaderEpoch = leaderEpoch;
        this.limit = limit;
    }

    /** What is found; -1 stands for unknown in each part. */
    record Position(long timestampMs, long offset, int leaderEpoch) {
        static final Position NONE = new Position(-1, -1, -1);
    }

    static OffsetLookup of(Partition partition, boolean consumer, IsolationLevel isolation) {
        long committed = isolation == IsolationLevel.READ_COMMITTED ? partition.lastStableOffset() : partition.highWatermark();
        return new OffsetLookup(partition.log(), partition.leaderEpoch(), consumer ? committed : partition.log().hot().logEndOffset());
    }

    static boolean supported(long timestamp, int version) {
        return timestamp >= 0 || version >= FIRST_VERSION.getOrDefault(timestamp, Integer.MAX_VALUE);
    }

    CompletableFuture<Position> find(long timestamp) {
        if (timestamp == ListOffsetsRequest.LATEST_TIMESTAMP) {
            return CompletableFuture.completedFuture(new Position(-1, limit, leaderEpoch));
        }
        if (timestamp == ListOffsetsRequest.EARLIEST_TIMESTAMP) {
            return place(log.logStartOffset());
        }
        if (timestamp == ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP) {
            return place(Math.max(log.hot().localLogStartOffset(), log.logStartOffset()));
        }
        if (timestamp == ListOffsetsRequest.LATEST_TIERED_TIMESTAMP) {
            long last = log.config().tiered() ? log.latestTieredOffset() : -1;
            return last < 0 ? CompletableFuture.completedFuture(Position.NONE) : place(last);
        }
        if (timestamp == ListOffsetsRequest.EARLIEST_PENDING_UPLOAD_TIMESTAMP) {
            return pendingUpload();
        }
        return (timestamp == ListOffsetsRequest.MAX_TIMESTAMP ? log.maxTimestamp() : log.offsetForTimestamp(timestamp, limit)).thenApply(this::readable);
    }

    private CompletableFuture<Position> pendingUpload() {
        if (!log.config().tiered()) {
            return CompletableFuture.completedFuture(Position.NONE);
        }
        return place(Math.max(log.latestTieredOffset() + 1, log.logStartOffset()));
    }

    private CompletableFuture<Position> place(long offset) {
        return log.epochAt(offset).thenApply(epoch -> new Position(-1, offset, epochOf(offset, epoch)));
    }

    /** The epoch of an offset with no record yet is the one its record will get. */
    private int epochOf(long offset, OptionalInt known) {
        return known.orElse(offset >= log.hot().logEndOffset() ? leaderEpoch : -1);
    }

    private Position readable(Optional<TimestampedOffset> found) {
        return found.filter(record -> record.offset() < limit).map(record -> new Position(record.timestampMs(), record.offset(), record.leaderEpoch())).orElse(Position.NONE);
    }
}
