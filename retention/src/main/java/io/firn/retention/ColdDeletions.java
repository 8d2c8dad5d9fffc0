package io.firn.retention;

import io.firn.cold.ColdStoreException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Deletes the objects of deleted partitions, each tried with {@link Backoff} until it is done.
 *
 * <pre>
 *   deleted ─▶ due ─▶ buried: agreed on that its topic never comes back ─▶ its objects are deleted
 *                └─▶ restored meanwhile, or forgotten: they stay
 * </pre>
 *
 * <p>A topic can be restored as long as the bucket has it, and an attempt may be repeated for hours: nothing of it goes before it is certain that nobody gets it back.
 *
 * <p>On crash: the list is in memory only. What was not deleted when the broker dies stays in the bucket until {@link TopicSweep} finds it.
 *
 * <p>Limits: {@link #AT_ONCE} deletions under way; the list holds one entry a deleted partition. A question for each topic, and one for each that is under way at first. Threading: confined to the worker's mailbox.
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
    /** Topics of {@link #all} that are known to be buried. */
    private final Set<Uuid> buried = new HashSet<>();
    private Optional<TopicCensus> census = Optional.empty();
    private int underWay;

    ColdDeletions(Work work) {
        this.work = work;
    }

    /** From now on nothing is deleted of a topic that may be restored. */
    void ask(TopicCensus census) {
        this.census = Optional.of(census);
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
        isBuried(doomed.partition.topicId()).thenCompose(gone -> gone ? work.cold().deleteLog(doomed.partition, doomed.leaderEpoch).thenApply(done -> true) : CompletableFuture.completedFuture(false))
                .whenComplete((gone, failure) -> work.post(() -> ended(doomed, failure == null && !gone, failure)));
    }

    /** Fails when that cannot be known now. */
    private CompletableFuture<Boolean> isBuried(Uuid topicId) {
        if (census.isEmpty() || buried.contains(topicId)) {
            return CompletableFuture.completedFuture(true);
        }
        return CompletableFuture.completedFuture(census.get()).thenCompose(asked -> asked.bury(List.of(topicId))).handle((graves, failure) -> {
            if (failure != null) {
                throw new ColdStoreException.Unavailable("Whether the topic may come back is not known: " + PartitionLoop.unwrapped(failure).getMessage(), failure);
            }
            work.post(() -> known(topicId, graves.containsKey(topicId)));
            return graves.containsKey(topicId);
        });
    }

    private void known(Uuid topicId, boolean gone) {
        if (gone && all.stream().anyMatch(doomed -> doomed.partition.topicId().equals(topicId))) {
            buried.add(topicId);
        }
    }

    private void ended(Doomed doomed, boolean stays, Throwable failure) {
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
            if (all.stream().noneMatch(other -> other.partition.topicId().equals(doomed.partition.topicId()))) {
                buried.remove(doomed.partition.topicId());
            }
            if (stays) {
                logger.atWarn().addKeyValue("partition", doomed.partition).log("The objects of a deleted partition stay in the bucket: its topic was restored, or its deletion is forgotten");
            }
            if (cause != null) {
                logger.atError().addKeyValue("partition", doomed.partition).setCause(cause).log("The objects of a deleted partition stay in the bucket");
            }
        }
        look();
    }
}
