package io.firn.gateway.coordinator;

import org.apache.kafka.coordinator.common.runtime.CoordinatorPlayback;

/**
 * Reports how far a replay has come, the way the coordinator needs it.
 *
 * <p>The coordinator keeps a snapshot of its state per offset reported as written, reads at the offset reported as committed, and is later told of high watermarks,
 * each the end of some batch. So: <b>written</b> is reported at the last batch end not above the high watermark and at every one above it, else only now and then;
 * <b>committed</b> is only ever reported at an offset that was reported as written. Both grow strictly. At the end the log end counts as written even if compaction took the last
 * records, or the first append would look out of step.
 *
 * <p>Threading: confined to the loader's thread.
 */
final class ReplayProgress {
    /** Offsets between two reports below the high watermark, so that a long log does not keep every version of the state. */
    static final long REPORT_EVERY = 16_384;

    private final CoordinatorPlayback<?> playback;
    private final long highWatermark;
    private long reported;
    private long position;

    /** @param start offset of the first record to be replayed */
    ReplayProgress(CoordinatorPlayback<?> playback, long start, long highWatermark) {
        this.playback = playback;
        this.position = start;
        this.highWatermark = highWatermark;
    }

    /** To be called before the batch that ends at {@code nextOffset} (exclusive) is replayed. */
    void before(long nextOffset) {
        if (nextOffset > highWatermark) {
            report(position);
        }
    }

    /** To be called after the batch that ends at {@code nextOffset} (exclusive) was replayed. */
    void after(long nextOffset) {
        position = nextOffset;
        if (nextOffset > highWatermark || nextOffset - reported >= REPORT_EVERY) {
            report(nextOffset);
        }
    }

    void end(long logEnd) {
        report(position);
        report(logEnd);
    }

    private void report(long offset) {
        if (offset > reported) {
            playback.updateLastWrittenOffset(offset);
            if (offset <= highWatermark) {
                playback.updateLastCommittedOffset(offset);
            }
            reported = offset;
        }
    }
}
