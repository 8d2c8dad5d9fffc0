package io.firn.gateway.partition;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopicHistory;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Brings a topic back that another cluster has left in the bucket: with its id, its number of partitions, its configs, and every record that was offloaded. Where the bucket does not say
 * which configs it had, it keeps everything, until somebody sets them.
 *
 * <pre>
 *   bucket: description, newest manifest of each partition ─▶ RestoreTopic, above every epoch that wrote there ─▶ leaders recover: their logs begin where the history ends (Replica) ─▶ in service ─▶ bucket: still the same
 * </pre>
 *
 * <p>A topic that this cluster has deleted may be on its way out of the bucket. It is either restored or buried ({@code BuryTopics}), and nothing of it is deleted, by its leaders of before or by the sweep of topics that are gone, that is not buried. A bucket that was taken from
 * another cluster may be changed by that one all the same, so what it knows is read again when all is in service: if anything has gone meanwhile, that is said.
 *
 * <p><b>On crash</b> before the command is committed: nothing happened; after it the partitions are {@code recovering}, and their leaders take the history over when they begin to lead.
 *
 * <p>Thread-safe; no state.
 */
public final class TopicRecovery {

    private final Function<String, CompletableFuture<ColdTopicHistory>> bucket;
    private final Function<Command, CompletableFuture<ClusterView>> controller;
    private final Function<TopicView, CompletableFuture<Void>> inService;

    /**
     * @param bucket what it knows of the topic of a name
     * @param inService completes when this broker serves what it leads of a topic
     */
    public TopicRecovery(Function<String, CompletableFuture<ColdTopicHistory>> bucket, Function<Command, CompletableFuture<ClusterView>> controller, Function<TopicView, CompletableFuture<Void>> inService) {
        this.bucket = bucket;
        this.controller = controller;
        this.inService = inService;
    }

    /**
     * Completes with what was there to be recovered, when this broker serves its part of it. Fails with what the bucket or the controller says, nothing done; or, the topic being there again, with
     * {@link ColdStoreException.Missing} when some of its history has been deleted meanwhile, and {@link ColdStoreException.Unavailable} when that could not be found out.
     *
     * @param replicationFactor -1 for the default
     */
    public CompletableFuture<ColdTopicHistory> recover(String topic, int replicationFactor) {
        return bucket.apply(topic).thenCompose(history -> {
            Command restore = new Command.RestoreTopic(history.topic().id(), topic, history.partitionCount(), replicationFactor, history.nextLeaderEpoch(), history.configs());
            return controller.apply(restore).thenCompose(view -> inService.apply(view.topics().get(topic))).thenCompose(nothing -> requireStillThere(topic, history));
        });
    }

    private CompletableFuture<ColdTopicHistory> requireStillThere(String topic, ColdTopicHistory history) {
        return bucket.apply(topic).handle((now, failure) -> {
            Throwable cause = ColdStoreException.unwrap(failure);
            if (failure != null && !(cause instanceof ColdStoreException.Missing)) {
                throw new ColdStoreException.Unavailable("Topic " + topic + " is there again, but whether its history still is could not be found out: " + cause.getMessage(), cause);
            }
            List<Integer> gone = history.partitions().stream().filter(then -> failure != null || now.partitions().stream().noneMatch(one -> one.number() == then.number() && one.endOffset() >= then.endOffset()))
                    .map(ColdTopicHistory.Partition::number).toList();
            if (!gone.isEmpty()) {
                throw new ColdStoreException.Missing("Topic " + topic + " is there again, but the records of its partitions " + gone + " were deleted from the bucket meanwhile");
            }
            return history;
        });
    }
}
