package io.firn.retention;

import io.firn.hot.HotLog;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out on the local disk what {@link RetentionPolicy} decides: raises the log start (total retention), deletes local segments (local
 * retention, and early ones under {@link DiskPressure}).
 *
 * <p>On crash: the log start is persisted by the hot log before anything below it goes; a local deletion cut short is decided again.
 * After a failed attempt the next look tries again, a check interval later.
 *
 * <p>Invariants: at most one change of the hot log at a time; nothing goes locally while the cold tier drops records that a reader may ask for, or an earlier leader may have it do so, which then only the local disk has. Threading: confined to the partition's loop.
 */
final class LocalTrimmer {
    private static final Logger logger = LoggerFactory.getLogger(LocalTrimmer.class);

    private final TieredLog log;
    private final PartitionLoop loop;
    private final Work work;
    private CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);

    LocalTrimmer(TieredLog log, PartitionLoop loop, Work work) {
        this.log = log;
        this.loop = loop;
        this.work = work;
    }

    /** Completes on the loop when the change under way has ended. */
    CompletableFuture<Void> underWay() {
        return underWay;
    }

    void look(LogView view) {
        if (!underWay.isDone()) {
            return;
        }
        // A follower's log start follows the leader's.
        long logStart = log.role() instanceof TierRole.Leads ? RetentionPolicy.logStartTarget(view, log.config(), work.nowMs()) : view.logStartOffset();
        if (logStart > view.logStartOffset()) {
            advanceLogStart(logStart);
        } else {
            trimLocal(view);
        }
    }

    private void advanceLogStart(long offset) {
        logger.atInfo().addKeyValue("partition", log.hot().partition()).addKeyValue("from", log.logStartOffset()).addKeyValue("to", offset)
                .log("Retention raises the log start");
        run(log.hot().advanceLogStart(offset), done -> work.meters().logStartAdvanced());
    }

    private void trimLocal(LogView view) {
        long ordinary = RetentionPolicy.localStartTarget(view, log.config(), 0, work.nowMs());
        long wantedBytes = work.earlyBytes().get();
        long target = wantedBytes <= 0 ? ordinary : RetentionPolicy.localStartTarget(view, log.config(), wantedBytes, work.nowMs());
        if (target <= view.localStartOffset()) {
            return;
        }
        if (RetentionPolicy.usesCold(log.config()) && !log.isColdClaimed()) {
            log.wantClaim();
            return;
        }
        if (log.dropsBelow() > view.logStartOffset()) {
            return;
        }
        long earlyBytes = RetentionPolicy.localBytesBelow(view, target) - RetentionPolicy.localBytesBelow(view, ordinary);
        work.earlyBytes().addAndGet(-RetentionPolicy.localBytesBelow(view, target));
        HotLog hot = log.hot();
        run(hot.deleteLocalBefore(target), freedBytes -> {
            work.meters().localDeleted(freedBytes, Math.min(freedBytes, earlyBytes));
            logger.atInfo().addKeyValue("partition", hot.partition()).addKeyValue("localStart", hot.localLogStartOffset())
                    .addKeyValue("bytes", freedBytes).addKeyValue("early", earlyBytes > 0).log("Local segments deleted; the cold tier has them");
        });
    }

    private <T> void run(CompletableFuture<T> change, Consumer<T> done) {
        underWay = loop.bring(change).handle((result, failure) -> {
            if (failure == null) {
                done.accept(result);
            } else {
                logger.atWarn().addKeyValue("partition", log.hot().partition()).setCause(failure).log("Local retention failed; it is tried again at the next check");
            }
            return null;
        });
    }
}
