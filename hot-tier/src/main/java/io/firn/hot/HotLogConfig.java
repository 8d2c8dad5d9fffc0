package io.firn.hot;

/**
 * The topic configuration a log obeys; Kafka's names and meanings.
 *
 * @param segmentBytes {@code segment.bytes}: a segment is sealed before it would grow past this, 1 MiB to 2^31-1
 * @param segmentMs {@code segment.ms}: age of the oldest record at which a segment is sealed
 * @param segmentJitterMs {@code segment.jitter.ms}: at most this much is taken off {@code segmentMs}, at random per segment
 * @param segmentIndexBytes {@code segment.index.bytes}: size of the offset index at which a segment is sealed
 * @param indexIntervalBytes {@code index.interval.bytes}: log bytes between two index entries
 * @param maxMessageBytes {@code max.message.bytes}: largest batch accepted from clients
 * @param logAppendTime {@code message.timestamp.type=LogAppendTime}
 * @param timestampBeforeMaxMs {@code message.timestamp.before.max.ms}
 * @param timestampAfterMaxMs {@code message.timestamp.after.max.ms}
 * @param compacted {@code cleanup.policy} contains {@code compact}
 * @param flush {@code flush.messages} and {@code flush.ms}
 */
public record HotLogConfig(int segmentBytes, long segmentMs, long segmentJitterMs, int segmentIndexBytes, int indexIntervalBytes,
        int maxMessageBytes, boolean logAppendTime, long timestampBeforeMaxMs, long timestampAfterMaxMs, boolean compacted, FlushRule flush) {

    public static final HotLogConfig DEFAULT = new HotLogConfig(1 << 30, 7 * 24 * 3600_000L, 0, 10 << 20, 4096, (1 << 20) + 12,
            false, Long.MAX_VALUE, 3600_000L, false);

    /** With {@link FlushRule#NONE}. */
    public HotLogConfig(int segmentBytes, long segmentMs, long segmentJitterMs, int segmentIndexBytes, int indexIntervalBytes, int maxMessageBytes,
            boolean logAppendTime, long timestampBeforeMaxMs, long timestampAfterMaxMs, boolean compacted) {
        this(segmentBytes, segmentMs, segmentJitterMs, segmentIndexBytes, indexIntervalBytes, maxMessageBytes, logAppendTime, timestampBeforeMaxMs,
                timestampAfterMaxMs, compacted, FlushRule.NONE);
    }

    /** The same, sealing by another age. */
    public HotLogConfig withSegmentMs(long segmentMs) {
        return new HotLogConfig(segmentBytes, segmentMs, segmentJitterMs, segmentIndexBytes, indexIntervalBytes, maxMessageBytes, logAppendTime,
                timestampBeforeMaxMs, timestampAfterMaxMs, compacted, flush);
    }

    /** The same, forced by another rule. */
    public HotLogConfig withFlush(FlushRule flush) {
        return new HotLogConfig(segmentBytes, segmentMs, segmentJitterMs, segmentIndexBytes, indexIntervalBytes, maxMessageBytes, logAppendTime,
                timestampBeforeMaxMs, timestampAfterMaxMs, compacted, flush);
    }
}
