package io.firn.hot.log;

import io.firn.hot.DiskFullException;
import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SealedPart;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;

/**
 * Settles sealed segments, in their order: forces the log file, writes and forces indexes, producer snapshot and leader epochs, forces the directory,
 * and only then moves the recovery point behind the segment.
 *
 * <p><i>On crash</i> before the last step the segment is scanned again, and everything but the log file rebuilt from it.
 *
 * <p>If the disk is full the segment stays unsettled (its indexes in memory, the recovery point before it) and the tick tries again; any other failure takes the
 * log offline, a failed force like those of the flusher.
 *
 * <p>Threading: confined to the loop of the partition; the work runs on the lane.
 */
public final class Settler {

    private final LogState state;
    private final LogContext context;
    private final Checkpoints checkpoints;

    /** Sealed and not settled, oldest first; only while the disk is full is there more than a few. */
    private final ArrayDeque<Unsettled> waiting = new ArrayDeque<>();
    private boolean running;
    private long lastFailureMs;

    public Settler(LogState state, Checkpoints checkpoints) {
        this.state = state;
        this.context = state.context();
        this.checkpoints = checkpoints;
    }

    /** Queues the segment just sealed; producers and epochs are taken as they are now, at its end. */
    void settle(SealedPart part) {
        waiting.add(new Unsettled(part, state.producers().snapshot(), state.epochs()));
        if (waiting.size() == 1) {
            settleFirst();
        }
    }

    /** Tries again after the disk was full. */
    void tick(long nowMs) {
        if (!waiting.isEmpty() && !running && state.isServing() && nowMs - lastFailureMs >= Roller.PROBE_INTERVAL_MS) {
            settleFirst();
        }
    }

    /** Forgets what waits: the log's files have been replaced, or recovery does it. */
    void clear() {
        waiting.clear();
    }

    private void settleFirst() {
        running = true;
        Unsettled first = waiting.peek();
        CompletableFuture<Void> done = context.lane().submit(() -> {
            first.write(context.directory());
            checkpoints.update(before -> before.withRecoveryPoint(first.part.nextOffset(), 0));
            return null;
        });
        done.whenComplete((nothing, failure) -> settled(first, failure));
    }

    private void settled(Unsettled settled, Throwable failure) {
        running = false;
        if (waiting.peek() != settled) {
            return;
        }
        if (failure instanceof DiskFullException) {
            lastFailureMs = context.clock().millis();
            return;
        }
        if (failure != null) {
            state.goOffline("sealing a segment failed: " + failure.getMessage(), failure);
            return;
        }
        waiting.remove();
        state.sealed().replaceAll(part -> part == settled.part ? part.settle() : part);
        if (!waiting.isEmpty() && state.isServing()) {
            settleFirst();
        }
    }

    /** Settles all that waits, on the calling lane; for the clean shutdown. */
    static void settleNow(Iterable<Unsettled> waiting, LogDirectory directory, Checkpoints checkpoints) throws IOException {
        for (Unsettled unsettled : waiting) {
            unsettled.write(directory);
            checkpoints.update(before -> before.withRecoveryPoint(unsettled.part.nextOffset(), 0));
        }
    }

    ArrayDeque<Unsettled> waiting() {
        return waiting;
    }

    /** A sealed segment and the state at its end. */
    record Unsettled(SealedPart part, ByteBuffer producers, LeaderEpochs epochs) {

        void write(LogDirectory directory) throws IOException {
            SegmentFile file = part.file();
            SegmentIndexes indexes = part.unsettled().orElseThrow();
            if (!file.tryRetain()) {
                return;
            }
            try {
                file.force();
                SegmentFiles.writeIndexes(directory, part.baseOffset(), indexes);
                SegmentFiles.writeSnapshot(directory, part.nextOffset(), producers.duplicate());
                SegmentFiles.writeEpochs(directory, epochs);
                directory.force();
            } finally {
                file.release();
            }
        }
    }
}
