package io.firn.hot.log;

import io.firn.hot.HotLogConfig;
import io.firn.hot.recovery.LogRecovery;
import io.firn.hot.recovery.RecoveredLog;
import io.firn.hot.recovery.RecoverySettings;
import io.firn.hot.segment.BatchScan;
import io.firn.hot.segment.CorruptLogException;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.PartitionCheckpoint;
import io.firn.hot.segment.PendingStart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * The file work of cutting a log's end: lower the recovery point, rename later segments away, cut the file, force all of it, and recover what is left. There is
 * one way to find out what state belongs to a prefix of a log, and recovery is it.
 *
 * <p><i>On crash</i> after any step recovery finds a sound prefix at least as long as what is to be kept: the whole old log, or one with the
 * newest segments gone. The truncation itself is then repeated by whoever asked for it.
 *
 * <p>Threading: runs on the log's lane.
 */
final class Truncation {

    private final LogContext context;
    private final Checkpoints checkpoints;

    Truncation(LogContext context, Checkpoints checkpoints) {
        this.context = context;
        this.checkpoints = checkpoints;
    }

    /** @param files all segments of the log, oldest first; the first begins at or below {@code offset} */
    RecoveredLog cutAt(long offset, List<SegmentFile> files, HotLogConfig config) throws IOException {
        int last = files.size() - 1;
        while (files.get(last).baseOffset() > offset) {
            last--;
        }
        SegmentFile cut = files.get(last);
        if (checkpoints.current().recoveryPoint() > offset) {
            checkpoints.update(before -> before.withRecoveryPoint(cut.baseOffset(), 0).withCleanTo(Math.min(before.cleanTo(), offset)));
        }
        for (int i = files.size() - 1; i > last; i--) {
            files.get(i).retire();
        }
        cut.log().truncate(endBelow(offset, cut));
        for (int i = last; i >= 0 && (i == last || files.get(i + 1).baseOffset() > checkpoints.current().recoveryPoint()); i--) {
            files.get(i).force(); // through the handles that would know of a force that failed
        }
        context.directory().force();
        return recover(config);
    }

    RecoveredLog startAt(long offset, List<SegmentFile> files, HotLogConfig config) throws IOException {
        PartitionCheckpoint before = checkpoints.current();
        checkpoints.update(old -> new PartitionCheckpoint(offset, 0, Math.min(before.logStartOffset(), offset), offset));
        for (int i = files.size() - 1; i >= 0; i--) {
            files.get(i).retire();
        }
        context.directory().deleteIfExists(LogDirectory.LEADER_EPOCHS);
        SegmentFiles.keepSnapshots(context.directory(), Set.of());
        context.directory().force();
        return recover(config);
    }

    /** Begins anew with state from elsewhere; see {@link PendingStart} for what a crash leaves. */
    RecoveredLog startAt(PendingStart start, List<SegmentFile> files, HotLogConfig config) throws IOException {
        start.commit(context.directory());
        for (int i = files.size() - 1; i >= 0; i--) {
            files.get(i).retire();
        }
        start.finish(context.directory());
        return recover(config);
    }

    /** Position of the first batch that reaches {@code offset}. */
    private long endBelow(long offset, SegmentFile file) throws IOException {
        ByteBuffer buffer = context.buffers().take();
        try {
            BatchScan scan = BatchScan.headers(file.log(), 0, file.log().sizeBytes(), buffer);
            while (scan.next()) {
                if (scan.batch().lastOffset() >= offset) {
                    return scan.position();
                }
            }
            if (!scan.problem().isEmpty()) {
                throw new CorruptLogException("segment " + file.baseOffset() + ": at position " + scan.position() + ": " + scan.problem());
            }
            return scan.position();
        } finally {
            context.buffers().give(buffer);
        }
    }

    private RecoveredLog recover(HotLogConfig config) throws IOException {
        ByteBuffer buffer = context.buffers().take();
        try {
            RecoverySettings settings = new RecoverySettings(config, context.producerLimits(), context.io(), context.jitterMs(config),
                    context.clock().millis());
            RecoveredLog recovered = LogRecovery.recover(context.directory(), settings, buffer);
            checkpoints.reread(recovered.checkpoint());
            return recovered;
        } finally {
            context.buffers().give(buffer);
        }
    }
}
