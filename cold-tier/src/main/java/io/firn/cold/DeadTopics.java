package io.firn.cold;

import io.firn.cold.bucket.BucketDirectory;
import io.firn.cold.bucket.Waiting;
import io.firn.cold.manifest.LogDeletion;
import io.firn.cold.segment.BucketLayout.NamedTopic;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finishes the deletion of topics whose leaders died before they had deleted all objects: what no leader can find any more, as nobody leads a partition that does not exist. One broker of the cluster does it.
 *
 * <pre>
 *   topics in the bucket ─▶ not in the metadata ─▶ these have deleted it: seen ──grace period──▶ nobody wrote to it after that ─▶ buried: agreed on that it never comes back ─▶ still nobody wrote to it ─▶ deleted
 *                                              └─▶ these say nothing of it: strange, left alone, counted                 └─ somebody did: strange                                └─ somebody did: strange
 * </pre>
 *
 * <p><b>Why nothing is deleted that is wanted.</b> Not being known to the metadata proves nothing: they may be younger than the topic (a data directory put back from a backup, metadata rebuilt from an older copy), older (a broker that lags), or another cluster's. So it
 * takes the deletion itself, as the cluster has agreed on it and remembers it ({@link Cluster#deleted}); what it has forgotten is strange.
 * <ol>
 * <li>A topic may have been restored since ({@code firn topic recover}). Before anything goes, it is buried: one more thing that is agreed on, after which no restoring is. A broker that only believes to be in charge gets no such agreement, and one whose
 *     metadata lag an answer that includes what was decided before. As nothing takes that back, only what would go is buried: what is left alone by the next rule can still be restored.
 * <li>Metadata that went back may remember the deletion and have lost the restoring. But a topic is restored above every leader epoch it had, and its leaders write a manifest of that before they are in service. So it is left alone if any partition's newest manifest tells of a
 *     greater epoch than the deletion does; and besides if its description tells of a later version, as it does once its partitions or configs have changed, or of another cluster, or cannot be read. The deletion of each partition is fenced by that epoch as well. What is
 *     not covered: metadata that go back before any leader of the restored topic was in service; nothing was written to it then.
 * <li>A bucket that was taken over meanwhile is another's: the claim is read again before anything of a topic is deleted.
 * </ol>
 *
 * <p>The grace period is a courtesy: to the leader that deletes the same objects right now.
 *
 * <p>A topic that cannot be deleted is stuck: it holds up no other, and is tried again with each look. Probes of the start-up check that died in it go as well, when they have been seen for {@value #PROBE_LEAST_MS} ms.
 *
 * <p><b>On crash</b>: begins anew; deletion is repeatable. Costs: 1 LIST a topic, and 2; where a topic is gone 1 GET for all; for each of them 1 GET, twice 2 requests and 2 a partition, and what deleting it costs.
 *
 * <p>Limits: {@value #SIGHTINGS} topics that are remembered as dead; as many as strange, of which more are counted at once. Threading: confined to one thread, which it blocks. Fails with {@link ColdStoreException}, bare.
 */
public final class DeadTopics {

    static final long PROBE_LEAST_MS = 600_000;
    static final int SIGHTINGS = 10_000;
    /** A word and a number. */
    private static final long PROBE_MOST_BYTES = 64;
    private static final Logger log = LoggerFactory.getLogger(DeadTopics.class);

    /** What the cluster says of topics. Thread-safe. */
    public interface Cluster {

        /** Whether the topic exists, as this broker knows. */
        boolean exists(Uuid topicId);

        /** What the cluster remembers of having deleted it, as this broker knows; empty if nothing. */
        Optional<Grave> deleted(Uuid topicId);

        /** Has it agreed on that none of these comes back that it has deleted: completes with what is known of those. The others exist, or nothing is known of them. Fails when that cannot be known. */
        CompletableFuture<Map<Uuid, Grave>> bury(List<Uuid> topicIds);
    }

    /**
     * A topic that was deleted.
     *
     * @param version of the metadata that deleted it; as long as it was there it was described as of an earlier one
     * @param leaderEpoch none of its leaders had a greater one
     */
    public record Grave(long version, int leaderEpoch) {}

    /**
     * What came of a look.
     *
     * @param deleted topics of which nothing is left now
     * @param waiting topics that seem to be gone, or strange
     * @param strange topics that the cluster does not know, and of which nothing says that it has deleted them; or that somebody wrote to after that
     * @param stuck topics that are to be deleted and cannot be
     * @param cutShort why it ended before it was through
     */
    public record Outcome(int deleted, int waiting, int strange, int stuck, Optional<ColdStoreException> cutShort) {}

    private final ColdStore store;
    private final Cluster cluster;
    private final long graceMs;
    /** Dead topics and probes. */
    private final Map<Object, Long> seenAtMs = new HashMap<>();
    private final Map<Object, Long> strangeAtMs = new HashMap<>();

    public DeadTopics(ColdStore store, Cluster cluster, long graceMs) {
        this.store = store;
        this.cluster = cluster;
        this.graceMs = graceMs;
    }

    /** The topics of the bucket that the metadata do not have. */
    private record Absent(List<NamedTopic> dead, List<NamedTopic> strange) {}

    /** @param cancelled asked before each request that is not small; once true, it ends early */
    public Outcome look(BooleanSupplier cancelled) {
        Waiting.on(store.check());
        List<String> probes = probes();
        sweepProbes(probes);
        Absent absent = absent(cancelled);
        keep(seenAtMs, absent.dead(), probes);
        keep(strangeAtMs, absent.strange(), List.of());
        List<NamedTopic> due = absent.dead().stream().filter(topic -> seenFor(topic.id(), graceMs)).toList();
        int strange = (int) absent.strange().stream().filter(this::staysStrange).count();
        int waiting = absent.dead().size() - due.size() + absent.strange().size() - strange;
        return due.isEmpty() || cancelled.getAsBoolean() ? new Outcome(0, waiting + due.size(), strange, 0, Optional.empty()) : delete(due, waiting, strange, cancelled);
    }

    private Outcome delete(List<NamedTopic> due, int waiting, int strange, BooleanSupplier cancelled) {
        Verdicts verdicts = new Verdicts(due, cancelled);
        requireClaim();
        verdicts.judge(due, topic -> cluster.deleted(topic.id()).map(grave -> isLeftBehind(topic, grave) ? Verdict.LEFT_BEHIND : Verdict.STRANGE).orElse(Verdict.WAITS));
        List<NamedTopic> left = verdicts.leftBehind();
        if (!left.isEmpty() && !cancelled.getAsBoolean()) {
            Map<Uuid, Grave> buried = buried(left);
            verdicts.judge(left, topic -> Optional.ofNullable(buried.get(topic.id())).map(grave -> deleted(topic, grave, cancelled)).orElse(Verdict.WAITS)); // restored, or forgotten since: the next look tells
        }
        return verdicts.outcome(waiting, strange);
    }

    private Verdict deleted(NamedTopic topic, Grave grave, BooleanSupplier cancelled) {
        requireClaim();
        if (!isLeftBehind(topic, grave)) {
            return Verdict.STRANGE;
        }
        return delete(topic, grave, cancelled) ? Verdict.DELETED : Verdict.WAITS;
    }

    private void requireClaim() {
        Waiting.on(BucketClaim.require(store.objects(), store.layout(), Optional.of(store.config().clusterId())));
    }

    private enum Verdict {
        WAITS,
        LEFT_BEHIND,
        STRANGE,
        STUCK,
        DELETED
    }

    /** What is known of each topic that is due. */
    private static final class Verdicts {
        private final Map<NamedTopic, Verdict> byTopic = new LinkedHashMap<>();
        private final BooleanSupplier cancelled;
        private Optional<ColdStoreException> cutShort = Optional.empty();

        Verdicts(List<NamedTopic> due, BooleanSupplier cancelled) {
            due.forEach(topic -> byTopic.put(topic, Verdict.WAITS));
            this.cancelled = cancelled;
        }

        /** One after the other, until it is cancelled or the bucket is away. */
        void judge(List<NamedTopic> topics, Function<NamedTopic, Verdict> judge) {
            for (NamedTopic topic : topics) {
                if (cancelled.getAsBoolean()) {
                    return;
                }
                try {
                    byTopic.put(topic, judge.apply(topic));
                } catch (ColdStoreException.Unavailable | ColdStoreException.Uncertain e) {
                    cutShort = Optional.of(e);
                    return;
                } catch (ColdStoreException e) {
                    byTopic.put(topic, Verdict.STUCK);
                    warn(topic, e.getMessage(), "What is left of a deleted topic cannot be deleted; tried again with the next look");
                }
            }
        }

        List<NamedTopic> leftBehind() {
            return byTopic.entrySet().stream().filter(entry -> entry.getValue() == Verdict.LEFT_BEHIND).map(Map.Entry::getKey).toList();
        }

        Outcome outcome(int waiting, int strange) {
            return new Outcome(count(Verdict.DELETED), waiting + count(Verdict.WAITS) + count(Verdict.LEFT_BEHIND), strange + count(Verdict.STRANGE), count(Verdict.STUCK), cutShort);
        }

        private int count(Verdict verdict) {
            return Collections.frequency(byTopic.values(), verdict);
        }
    }

    private Map<Uuid, Grave> buried(List<NamedTopic> due) {
        try {
            return cluster.bury(due.stream().map(NamedTopic::id).toList()).join();
        } catch (RuntimeException e) {
            throw new ColdStoreException.Unavailable("What the cluster has deleted is not known: " + ColdStoreException.unwrap(e).getMessage(), e);
        }
    }

    private Absent absent(BooleanSupplier cancelled) {
        Absent absent = new Absent(new ArrayList<>(), new ArrayList<>());
        String prefix = store.layout().topicsPrefix();
        ObjectPage page = Waiting.on(store.objects().list(prefix, "", 1));
        while (!page.objects().isEmpty() && !cancelled.getAsBoolean()) {
            String key = page.objects().get(0).key();
            store.layout().topicOf(key).filter(topic -> !cluster.exists(topic.id())).ifPresent(topic -> (cluster.deleted(topic.id()).isPresent() ? absent.dead() : absent.strange()).add(topic));
            page = Waiting.on(store.objects().list(prefix, store.layout().pastTopic(key), 1));
        }
        return absent;
    }

    private static void keep(Map<Object, Long> sightings, List<NamedTopic> topics, List<String> others) {
        Set<Object> listed = new HashSet<>(others);
        topics.forEach(topic -> listed.add(topic.id()));
        sightings.keySet().retainAll(listed);
    }

    /** Whether it was seen first so long ago, by the clock of this machine alone. */
    private boolean seenFor(Object what, long ms) {
        return (seenAtMs.size() < SIGHTINGS || seenAtMs.containsKey(what)) && isOld(seenAtMs, what, ms);
    }

    private boolean staysStrange(NamedTopic topic) {
        return strangeAtMs.size() >= SIGHTINGS && !strangeAtMs.containsKey(topic.id()) || isOld(strangeAtMs, topic.id(), graceMs);
    }

    private boolean isOld(Map<Object, Long> sightings, Object what, long ms) {
        long nowMs = store.nowMs();
        return nowMs - sightings.computeIfAbsent(what, first -> nowMs) >= ms;
    }

    /** By name and size: what else lies there is not ours, such as all of another cluster whose prefix ends so. */
    private List<String> probes() {
        return Waiting.on(store.objects().list(store.layout().probes(), "", ObjectStore.LIST_LIMIT_KEYS)).objects().stream()
                .filter(object -> store.layout().isProbe(object.key()) && object.sizeBytes() <= PROBE_MOST_BYTES).map(StoredObject::key).toList();
    }

    private void sweepProbes(List<String> probes) {
        List<String> left = probes.stream().filter(key -> seenFor(key, Math.max(graceMs, PROBE_LEAST_MS))).toList();
        if (left.isEmpty()) {
            return;
        }
        requireClaim();
        try {
            Waiting.on(store.objects().deleteAll(left));
        } catch (ColdStoreException.Misconfigured e) {
            log.atWarn().addKeyValue("probes", left.size()).addKeyValue("cause", e.getMessage()).log("Probes that a start has left cannot be deleted");
        }
    }

    /** Whether nobody has written to the topic since it was deleted, so that what there is was left behind by that. */
    private boolean isLeftBehind(NamedTopic topic, Grave grave) {
        try {
            Optional<ColdTopicDescription> described = Waiting.on(store.topicObjects(topic.name(), topic.id()).read());
            if (described.filter(said -> !said.clusterId().equals(store.config().clusterId()) || said.metadataVersion() >= grave.version()).isPresent()) {
                warn(topic, "described by cluster " + described.get().clusterId() + " as of version " + described.get().metadataVersion() + ", deleted by version " + grave.version(), "A topic that was deleted lives elsewhere; its objects stay");
                return false;
            }
        } catch (ColdStoreException.Corrupt e) {
            warn(topic, e.getMessage(), "What describes a topic that was deleted cannot be read; its objects stay");
            return false;
        }
        for (TopicIdPartition partition : partitions(topic)) {
            try {
                Waiting.on(LogDeletion.fence(store.objects(), store.layout().partition(partition), grave.leaderEpoch()));
            } catch (ColdStoreException.Fenced e) {
                warn(topic, e.getMessage(), "A topic that was deleted lives elsewhere; its objects stay");
                return false;
            }
        }
        return true;
    }

    private List<TopicIdPartition> partitions(NamedTopic topic) {
        return Waiting.on(new BucketDirectory(store.objects(), store.layout()).partitions(topic.name(), topic.id()));
    }

    private static void warn(NamedTopic topic, String cause, String message) {
        log.atWarn().addKeyValue("topic", topic.name()).addKeyValue("id", topic.id()).addKeyValue("cause", cause).log(message);
    }

    /** False if it was cancelled in the middle. */
    private boolean delete(NamedTopic topic, Grave grave, BooleanSupplier cancelled) {
        List<TopicIdPartition> partitions = partitions(topic);
        log.atInfo().addKeyValue("topic", topic.name()).addKeyValue("id", topic.id()).addKeyValue("partitions", partitions.size()).log("Deleting what was left in the bucket of a topic that is gone");
        for (TopicIdPartition partition : partitions) {
            if (cancelled.getAsBoolean()) {
                return false;
            }
            Waiting.on(store.deleteLog(partition, grave.leaderEpoch()));
        }
        Waiting.on(store.forgetTopic(topic.id(), topic.name()));
        return true;
    }
}
