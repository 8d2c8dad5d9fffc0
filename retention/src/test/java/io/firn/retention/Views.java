package io.firn.retention;

import io.firn.hot.HotLogConfig;
import java.util.ArrayList;
import java.util.List;

/** Builds what the pure decisions look at. Segments are ten offsets and a hundred bytes each; segment {@code i} is as old as {@code i} milliseconds. */
final class Views {
    static final long SEGMENT_BYTES = 100;
    static final long ACTIVE_BYTES = 50;

    private Views() {}

    static SegmentSpan segment(int number) {
        return new SegmentSpan(number * 10L, number * 10L + 10, SEGMENT_BYTES, number);
    }

    static List<SegmentSpan> segments(int from, int to) {
        List<SegmentSpan> segments = new ArrayList<>();
        for (int number = from; number < to; number++) {
            segments.add(segment(number));
        }
        return segments;
    }

    static ColdView cold(int from, int to) {
        return new ColdView(from * 10L, to * 10L, (to - from) * SEGMENT_BYTES, segments(from, to));
    }

    /** Sealed local segments {@code [localFrom, localTo)} and an active one behind them; everything sealed is committed. */
    static LogView view(ColdView cold, int logStart, int localFrom, int localTo) {
        return new LogView(logStart * 10L, localFrom * 10L, localTo * 10L + 5, localTo * 10L, segments(localFrom, localTo),
                (localTo - localFrom) * SEGMENT_BYTES + ACTIVE_BYTES, cold);
    }

    static TieredLogConfig config() {
        return new TieredLogConfig(HotLogConfig.DEFAULT, true, true, -1, -1, -2, -2);
    }

    /** Tiered, kept for ever, and local copies go as soon as the cold tier has them. */
    static TieredLogConfig coldOnly() {
        return local(config(), -1, 0);
    }

    static TieredLogConfig untiered() {
        return new TieredLogConfig(HotLogConfig.DEFAULT, false, true, -1, -1, -2, -2);
    }

    static TieredLogConfig untiered(TieredLogConfig c) {
        return new TieredLogConfig(c.hot(), false, c.deleteByRetention(), c.retentionMs(), c.retentionBytes(), c.localRetentionMs(), c.localRetentionBytes(), c.compaction());
    }

    static TieredLogConfig compacted(boolean alsoDelete) {
        HotLogConfig d = HotLogConfig.DEFAULT;
        HotLogConfig hot = new HotLogConfig(d.segmentBytes(), d.segmentMs(), d.segmentJitterMs(), d.segmentIndexBytes(), d.indexIntervalBytes(),
                d.maxMessageBytes(), d.logAppendTime(), d.timestampBeforeMaxMs(), d.timestampAfterMaxMs(), true);
        return new TieredLogConfig(hot, true, alsoDelete, 0, 0, -2, -2);
    }

    /** Compacted and tiered; local copies go as soon as the cold tier has them, tombstones {@code deleteRetentionMs} after everything older is gone. */
    static TieredLogConfig compactedCold(CompactionConfig compaction) {
        TieredLogConfig c = compacted(false);
        return new TieredLogConfig(c.hot(), true, false, -1, -1, -1, 0, compaction);
    }

    static HotLogConfig segmentBytes(HotLogConfig c, int segmentBytes) {
        return new HotLogConfig(segmentBytes, c.segmentMs(), c.segmentJitterMs(), c.segmentIndexBytes(), c.indexIntervalBytes(), c.maxMessageBytes(), c.logAppendTime(),
                c.timestampBeforeMaxMs(), c.timestampAfterMaxMs(), c.compacted());
    }

    static TieredLogConfig total(TieredLogConfig c, long ms, long bytes) {
        return new TieredLogConfig(c.hot(), c.tiered(), c.deleteByRetention(), ms, bytes, c.localRetentionMs(), c.localRetentionBytes(), c.compaction());
    }

    static TieredLogConfig local(TieredLogConfig c, long ms, long bytes) {
        return new TieredLogConfig(c.hot(), c.tiered(), c.deleteByRetention(), c.retentionMs(), c.retentionBytes(), ms, bytes, c.compaction());
    }

    static TieredLogConfig copyDisabled(TieredLogConfig c) {
        return new TieredLogConfig(c.hot(), c.tiered(), c.deleteByRetention(), c.retentionMs(), c.retentionBytes(), c.localRetentionMs(), c.localRetentionBytes(), true, false);
    }

    /** Tiering switched off, and the cold tier with it. */
    static TieredLogConfig coldDeleted(TieredLogConfig c) {
        return new TieredLogConfig(c.hot(), false, c.deleteByRetention(), c.retentionMs(), c.retentionBytes(), c.localRetentionMs(), c.localRetentionBytes(), false, true);
    }
}
