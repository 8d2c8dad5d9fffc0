package io.firn.retention;

import io.firn.retention.RetentionMeters.Failure;
import io.firn.retention.RetentionMeters.Standing;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;

/**
 * One partition in the worker's care: looks at it now and then, and lets the {@link LocalTrimmer} and the {@link Offloader} do what is due.
 *
 * <p>Threading: confined to the partition's loop.
 */
final class TieredPartition {
    private final TieredLog log;
    private final PartitionLoop loop;
    private final LongSupplier committedOffset;
    private final Work work;
    private final LocalTrimmer trimmer;
    private final LocalCompactor localCompactor;
    private TierRole role;
    private Offloader offloader;
    private ColdCompactor coldCompactor;
    private ColdScrubber scrubber;
    private Standing standing = Standing.NONE;
    private boolean closed;
    private CompletableFuture<Void> abandoned = CompletableFuture.completedFuture(null);

    TieredPartition(TieredLog log, PartitionLoop loop, LongSupplier committedOffset, Work work) {
        this.log = log;
        this.loop = loop;
        this.role = log.role();
        this.committedOffset = committedOffset;
        this.work = work;
        this.trimmer = new LocalTrimmer(log, loop, work);
        this.localCompactor = new LocalCompactor(log, loop, this::view, work);
        this.offloader = new Offloader(log, loop, role, this::view, work, localCompactor::forgets);
        this.coldCompactor = new ColdCompactor(log, loop, offloader, work);
        this.scrubber = new ColdScrubber(log, loop, offloader, work);
    }

    /** Whatever was under way in the old role ends by itself; a leader elsewhere fences what it still writes. */
    private void take(TierRole next) {
        role = next;
        coldCompactor.close();
        scrubber.close();
        abandoned = CompletableFuture.allOf(abandoned, offloader.close());
        offloader = new Offloader(log, loop, role, this::view, work, localCompactor::forgets);
        coldCompactor = new ColdCompactor(log, loop, offloader, work);
        scrubber = new ColdScrubber(log, loop, offloader, work);
    }

    TieredLog log() {
        return log;
    }

    int leaderEpoch() {
        return role.openingEpoch();
    }

    OffloadState offloadState() {
        return offloader.state();
    }

    /** Why its local log is not compacted any more, if so. */
    Optional<String> notCompacted() {
        return localCompactor.setAside();
    }

    void begin() {
        log.hot().reconfigure(log.config().effectiveHot());
        log.onChange(this::look);
        look();
    }

    /** Deletes and offloads what is due. Sealing by age is the hot log's own, ticked by whoever owns the partition. */
    void look() {
        if (closed) {
            return;
        }
        if (!log.role().equals(role)) {
            take(log.role());
        }
        if (log.hot().offlineReason().isPresent()) {
            offloader.abandonPrepared("the local log is offline");
            return;
        }
        LogView view = view();
        if (log.offlineReason().isEmpty()) { // else the cold tier is no copy of this log
            trimmer.look(view);
            localCompactor.look(view);
        }
        offloader.look(view);
        if (role instanceof TierRole.Leads) {
            coldCompactor.look();
            scrubber.look();
        }
        stand(standing(view));
    }

    /** Something that must not happen has happened while looking at this partition. */
    void fail(RuntimeException bug) {
        offloader.stop(Failure.UNEXPECTED, String.valueOf(bug), Optional.of(bug));
        closed = true;
    }

    /** Takes no new work; completes on the loop when nothing here changes the hot log any more. */
    CompletableFuture<Void> close() {
        closed = true;
        coldCompactor.close();
        scrubber.close();
        stand(Standing.NONE);
        log.onChange(() -> {});
        abandoned = CompletableFuture.allOf(abandoned, offloader.close());
        return CompletableFuture.allOf(trimmer.underWay(), localCompactor.close());
    }

    /** After {@link #close}: completes on the loop when the operation on the cold log that was abandoned has ended. */
    CompletableFuture<Void> abandoned() {
        return abandoned;
    }

    private LogView view() {
        return log.view(committedOffset.getAsLong());
    }

    private Standing standing(LogView view) {
        List<SegmentSpan> toGo = role instanceof TierRole.Leads && RetentionPolicy.offloads(log.config()) ? view.notOffloaded() : List.of();
        return new Standing(toGo.stream().mapToLong(SegmentSpan::sizeBytes).sum(), toGo.size(),
                offloader.state() instanceof OffloadState.Waiting, offloader.state() instanceof OffloadState.Stopped);
    }

    private void stand(Standing now) {
        if (!now.equals(standing)) {
            work.meters().moved(standing, now);
            standing = now;
        }
    }
}
