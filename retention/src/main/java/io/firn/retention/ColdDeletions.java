package io.firn.retention;

import io.firn.cold.ColdStoreException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.TopicIdPartition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the objects of deleted partitions, each tried with {@link Backoff} until it is done.
 *
 * <p>On crash: the list is in memory only. What was not deleted when the broker dies stays in the bucket as orphans, which the orphan sweep finds.
 *
 * <p>Limits: {@link #AT_ONCE} deletions under way; the list holds one entry a deleted partition. Threading: confined to the worker's mailbox.
 */
final class ColdDeletions {
    static final int AT_ONCE = 4;

    private static final Logger logger = LoggerFactory.getLogger(ColdDeletions.class);

    private static final class Doomed {
        final TopicIdPartition partition;
        final int leaderEpoch;
        int failures;
        long dueAtMs = Long.MIN_VALUE;
        boolean underWay;

        Doomed(TopicIdPartition partition, int leaderEpoch) {
            this.partition = partition;
            this.leaderEpoch = leaderEpoch;
        }
    }

    private final Work work;
    private final List<Doomed> all = new ArrayList<>();
    private int underWay;

    ColdDeletions(Work work) {
        this.work = work;
    }

    void add(TopicIdPartition partition, int leaderEpoch) {
        all.add(new Doomed(partition, leaderEpoch));
        look();
    }

    /** Starts what is due. */
    void look() {
        work.meters().coldDeletionsPending(all.size());
        for (Doomed doomed : List.copyOf(all)) {
            if (underWay < AT_ONCE && !doomed.underWay && doomed.dueAtMs <= work.nowMs()) {
                delete(doomed);
            }
        }
    }

    private void delete(Doomed doomed) {
        underWay++;
        doomed.underWay = true;
        work.cold().deleteLog(doomed.partition, doomed.leaderEpoch)
                .whenComplete((done, failure) -> work.post(() -> ended(doomed, failure)));
    }

    private void ended(Doomed doomed, Throwable failure) {
        underWay--;
        doomed.underWay = false;
        Throwable cause = failure == null ? null : PartitionLoop.unwrapped(failure);
        if (cause instanceof ColdStoreException.Unavailable || cause instanceof ColdStoreException.Uncertain || cause instanceof ColdStoreException.Misconfigured) {
            doomed.failures++;
            doomed.dueAtMs = work.nowMs() + Backoff.COLD_TIER.delayMs(doomed.failures, work.random().getAsDouble());
            logger.atWarn().addKeyValue("partition", doomed.partition).addKeyValue("failures", doomed.failures).addKeyValue("cause", cause.getMessage())
                    .log("The objects of a deleted partition could not be deleted; tried again");
        } else {
            all.remove(doomed);
            if (cause != null) {
                logger.atError().addKeyValue("partition", doomed.partition).setCause(cause).log("The objects of a deleted partition stay in the bucket");
            }
        }
        look();
    }
}
