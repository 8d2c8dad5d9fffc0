package io.firn.gateway.partition;

import io.firn.cold.ColdTopicHistory;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * Brings a topic back that another cluster has left in the bucket: with its id, its number of partitions, its configs, and every record that was offloaded. Where the bucket does not say
 * which configs it had, it keeps everything, until somebody sets them.
 *
 * <pre>
 *   bucket: description, newest manifest of each partition ─▶ RestoreTopic, above every epoch that wrote there ─▶ leaders recover: their logs begin where the history ends (Replica) ─▶ in service
 * </pre>
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
     * Completes with what was there to be recovered, when this broker serves its part of it. Fails with what the bucket or the controller says, nothing done.
     *
     * @param replicationFactor -1 for the default
     */
    public CompletableFuture<ColdTopicHistory> recover(String topic, int replicationFactor) {
        return bucket.apply(topic).thenCompose(history -> {
            Command restore = new Command.RestoreTopic(history.topic().id(), topic, history.partitionCount(), replicationFactor, history.nextLeaderEpoch(), history.configs());
            return controller.apply(restore).thenCompose(view -> inService.apply(view.topics().get(topic))).thenApply(nothing -> history);
        });
    }
}
