package io.firn.hot.log;

import io.firn.hot.epoch.LeaderEpochs;
import io.firn.hot.index.SegmentIndexes;
import io.firn.hot.log.Availability.Busy;
import io.firn.hot.log.Settler.Unsettled;
import io.firn.hot.segment.ActiveSegment;
import io.firn.hot.segment.LogDirectory;
import io.firn.hot.segment.SegmentFile;
import io.firn.hot.segment.SegmentFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Ends a log so that it opens again without a scan: everything forced, indexes and producer state of the active segment written, recovery
 * point at the end.
 *
 * <p>Threading: asked on the loop; the work runs on the lane, behind all that was asked before.
 */
public final class CleanClose {

    private final LogState state;
    private final Settler settler;
    private final Checkpoints checkpoints;

    public CleanClose(LogState state, Settler settler, Checkpoints checkpoints) {
        this.state = state;
        this.settler = settler;
        this.checkpoints = checkpoints;
    }

    /** Takes the log out of service, without writing anything, and lets go of its files once the lane has come to rest. */
    public CompletableFuture<Void> abandon() {
        return finish(() -> null);
    }

    /** Takes the log out of service. Fails when the log was offline or is not clean now. */
    public CompletableFuture<Void> close() {
        if (!state.isServing()) {
            String reason = state.offlineReason();
            return abandon().thenCompose(done -> CompletableFuture.failedFuture(new IOException(reason)));
        }
        if (state.availability() instanceof Busy busy) {
            return busy.over().thenCompose(over -> close());
        }
        LogContext context = state.context();
        ActiveSegment active = state.active();
        active.indexes().seal();
        SegmentIndexes indexes = active.indexes();
        int sizeBytes = active.sizeBytes();
        long endOffset = active.nextOffset();
        ByteBuffer producers = state.producers().snapshot();
        LeaderEpochs epochs = state.epochs();
        List<Unsettled> unsettled = List.copyOf(settler.waiting());
        return finish(() -> {
            LogDirectory directory = context.directory();
            Settler.settleNow(unsettled, directory, checkpoints);
            active.file().force();
            SegmentFiles.writeIndexes(directory, active.baseOffset(), indexes);
            SegmentFiles.writeSnapshot(directory, endOffset, producers);
            SegmentFiles.writeEpochs(directory, epochs);
            directory.force();
            checkpoints.update(before -> before.withRecoveryPoint(endOffset, sizeBytes));
            return null;
        });
    }

    private CompletableFuture<Void> finish(Lane.Work<Void> work) {
        state.flush().close();
        state.close();
        return state.context().lane().submit(work).whenComplete((done, failure) -> state.files().forEach(SegmentFile::release));
    }
}
