package io.firn.gateway.partition;

import io.firn.gateway.api.Timer;
import io.firn.membership.ClusterView;
import io.firn.membership.TopicView;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.BiPredicate;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sees to it that the bucket says of every tiered topic what the cluster's metadata say, so that a topic can be brought back from the bucket alone. Done by whoever leads partition 0; two who both believe to do no harm, as
 * the bucket keeps what was known later.
 *
 * <p>It is written when this broker begins to lead the partition, and when partitions or configs change; of the metadata's changes it looks at the topics they were about. A failure is repeated, after a pause that
 * doubles from a second to a minute.
 *
 * <p>Limits: one topic under way; one entry a topic waits. Threading: confined to the executor given; views come from any thread.
 */
public final class TopicDescriber {

    private static final Logger LOG = LoggerFactory.getLogger(TopicDescriber.class);
    private static final long FIRST_PAUSE_MS = 1_000;
    private static final long LONGEST_PAUSE_MS = 60_000;
    private static final int DOUBLINGS = 6;

    /** The bucket, as far as it tells of topics. Futures complete on any thread. */
    public interface Bucket {
        /** Makes it say this, unless it says so already or something newer. */
        CompletableFuture<?> describe(TopicView topic, long metadataVersion);

        /** Takes back what was written of a topic that was deleted meanwhile. */
        CompletableFuture<?> forget(TopicView topic);
    }

    /** What the bucket is to say; equal when nothing is to be done. */
    private record Said(int partitions, Map<String, String> configs) {
        static Said of(TopicView topic) {
            return new Said(topic.partitions().size(), topic.configs());
        }
    }

    private record Waiting(TopicView topic, long version) {}

    private final int brokerId;
    private final BiPredicate<ClusterView, TopicView> tiered;
    private final Bucket bucket;
    private final Executor executor;
    private final Timer timer;
    private final Map<Uuid, Said> described = new HashMap<>();
    private final Map<Uuid, Waiting> waiting = new LinkedHashMap<>();
    private ClusterView applied = ClusterView.EMPTY;
    private boolean underWay;
    private boolean pausing;
    private int failures;
    private volatile boolean closed;

    /** @param tiered whether a topic is offloaded, as the view's configs say */
    public TopicDescriber(int brokerId, BiPredicate<ClusterView, TopicView> tiered, Bucket bucket, Executor executor, Timer timer) {
        this.brokerId = brokerId;
        this.tiered = tiered;
        this.bucket = bucket;
        this.executor = executor;
        this.timer = timer;
    }

    /** The metadata are these now; an older view than one that was given changes nothing. */
    public void apply(ClusterView view) {
        executor.execute(() -> {
            if (!closed && view.version() > applied.version()) {
                take(view);
                next();
            }
        });
    }

    private void take(ClusterView view) {
        boolean defaultsChanged = view.brokerConfigs() != applied.brokerConfigs(); // whether a topic is tiered may hang on one
        Optional<Set<Uuid>> changed = defaultsChanged ? Optional.empty() : view.topicsChangedSince(applied.version());
        applied = view;
        if (changed.isEmpty()) {
            described.keySet().retainAll(view.topicNames().keySet());
            waiting.keySet().retainAll(view.topicNames().keySet());
        }
        changed.orElseGet(() -> view.topicNames().keySet()).forEach(id -> look(view, id));
    }

    private void look(ClusterView view, Uuid id) {
        Optional<TopicView> ours = view.topic(id).filter(topic -> topic.partitions().get(0).leader() == brokerId && tiered.test(view, topic));
        if (ours.isEmpty()) {
            waiting.remove(id);
            described.remove(id); // another leader may have written since, when it is ours again
        } else if (!Said.of(ours.get()).equals(described.get(id))) {
            waiting.put(id, new Waiting(ours.get(), view.version()));
        }
    }

    private void next() {
        if (underWay || pausing || closed || waiting.isEmpty()) {
            return;
        }
        Waiting first = waiting.values().iterator().next();
        waiting.remove(first.topic().id());
        underWay = true;
        CompletableFuture.completedFuture(first).thenCompose(one -> bucket.describe(one.topic(), one.version())) // one that throws has failed
                .whenComplete((done, failure) -> executor.execute(() -> ended(first, failure)));
    }

    private void ended(Waiting one, Throwable failure) {
        underWay = false;
        boolean deleted = !applied.topicNames().containsKey(one.topic().id());
        if (deleted) {
            forget(one.topic());
        } else if (failure == null) {
            failures = 0;
            described.put(one.topic().id(), Said.of(one.topic()));
            look(applied, one.topic().id()); // it may have changed, or be another's by now
        } else if (!closed) {
            look(applied, one.topic().id());
            pause(one.topic(), failure);
        }
        next();
    }

    private void forget(TopicView topic) {
        bucket.forget(topic).whenComplete((done, failure) -> {
            if (failure != null) {
                LOG.atWarn().addKeyValue("topic", topic.name()).addKeyValue("cause", failure.toString()).log("What describes a deleted topic stays in the bucket");
            }
        });
    }

    private void pause(TopicView topic, Throwable failure) {
        failures++;
        pausing = true;
        LOG.atWarn().addKeyValue("topic", topic.name()).addKeyValue("failures", failures).addKeyValue("cause", failure.toString()).log("The bucket could not be told what a topic is; tried again");
        timer.after(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS << Math.min(failures - 1, DOUBLINGS)), () -> executor.execute(() -> {
            pausing = false;
            next();
        }));
    }

    /** Writes no more; what is under way may still be. */
    public void close() {
        closed = true;
    }
}
