package io.firn.cold.segment;

import io.firn.cold.ObjectKeys;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;

/**
 * The one place that knows where things are in the bucket: with {@link PartitionKeys} it builds and parses every key the cold tier uses.
 *
 * <pre>
 *   &lt;prefix&gt;/cluster                                    whose bucket this is
 *   &lt;prefix&gt;/probe/&lt;nonce&gt;                             short-lived, made and deleted by the start-up check
 *   &lt;prefix&gt;/topics/&lt;topic&gt;-&lt;topicId&gt;/topic/&lt;number, 20 digits&gt;.topic    what the topic is
 *   &lt;prefix&gt;/topics/&lt;topic&gt;-&lt;topicId&gt;/&lt;partition&gt;/…    see {@link PartitionKeys}
 * </pre>
 */
public final class BucketLayout {

    /** Length of a topic id in its text form (base64url without padding). */
    private static final int TOPIC_ID_LENGTH = 22;

    private static final String TOPIC_OBJECT = ".topic";
    private static final int NUMBER_DIGITS = 20;

    /** What sorts right behind a slash: a name that ends in it instead is above all that is in the directory. */
    private static final char PAST_SLASH = '/' + 1;

    private final String root;

    /** @param prefix without leading or trailing slash; may be empty */
    public BucketLayout(String prefix) {
        if (!prefix.isEmpty()) {
            ObjectKeys.checked(prefix);
        }
        this.root = prefix.isEmpty() ? "" : prefix + "/";
    }

    public String cluster() {
        return root + "cluster";
    }

    /** Prefix of what the start-up check makes. */
    public String probes() {
        return root + "probe/";
    }

    public String probe(long nonce) {
        return probes() + String.format("%016x", nonce);
    }

    /** Whether an object is named as a probe is. */
    public boolean isProbe(String key) {
        try {
            return probe(Long.parseUnsignedLong(key.substring(Math.min(key.length(), probes().length())), 16)).equals(key);
        } catch (NumberFormatException e) {
            return false;
        }
    }

    /** Prefix of all topics' objects. */
    public String topicsPrefix() {
        return root + "topics/";
    }

    /** Where the keys of topics of this name begin; those of longer names with a dash may begin so too. */
    public String topicPrefix(String topic) {
        return topicsPrefix() + topic + "-";
    }

    /**
     * Above all keys of the partition that {@code key} is of, and below those of the next one; of what is no partition's, above its directory below the topic's. Greater than {@code key}, but for an object that lies beside
     * directories: then the key itself. A listing that begins there has jumped over it all, however many objects that are.
     */
    public String pastPartition(String key) {
        return topicOf(key).map(topic -> pastDirectory(key, topicDirectory(topic.name(), topic.id()).length())).orElseGet(() -> pastTopic(key));
    }

    private static String pastDirectory(String key, int from) {
        int end = key.indexOf('/', from);
        return end < 0 ? key : key.substring(0, end) + PAST_SLASH;
    }

    /** Prefix of everything of a topic. */
    public String topicDirectory(String topic, Uuid id) {
        return topicPrefix(topic) + id + "/";
    }

    /** Prefix of the objects that describe a topic as a whole. */
    public String topicObjects(String topic, Uuid id) {
        return topicDirectory(topic, id) + "topic/";
    }

    public String topicObject(String topic, Uuid id, long number) {
        return topicObjects(topic, id) + String.format("%020d", number) + TOPIC_OBJECT;
    }

    /** The number in the key of such an object; empty for any other. */
    public OptionalLong topicObjectNumber(String topic, Uuid id, String key) {
        String prefix = topicObjects(topic, id);
        if (!key.startsWith(prefix) || !key.endsWith(TOPIC_OBJECT) || key.length() != prefix.length() + NUMBER_DIGITS + TOPIC_OBJECT.length()) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Long.parseLong(key, prefix.length(), prefix.length() + NUMBER_DIGITS, 10));
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    public PartitionKeys partition(TopicIdPartition partition) {
        return new PartitionKeys(topicDirectory(partition.topic(), partition.topicId()) + partition.partition() + "/");
    }

    /** Above all keys of the topic that {@code key} is of, or of whatever else has a directory among those of topics, as {@link #pastPartition}. */
    public String pastTopic(String key) {
        return pastDirectory(key, topicsPrefix().length());
    }

    /** A topic as its keys name it. */
    public record NamedTopic(String name, Uuid id) {}

    /** The topic an object belongs to; empty for keys that are no topic's. */
    public Optional<NamedTopic> topicOf(String key) {
        if (!key.startsWith(topicsPrefix())) {
            return Optional.empty();
        }
        int end = key.indexOf('/', topicsPrefix().length());
        int dash = end - TOPIC_ID_LENGTH - 1;
        if (dash <= topicsPrefix().length() || key.charAt(dash) != '-') {
            return Optional.empty();
        }
        try {
            NamedTopic topic = new NamedTopic(key.substring(topicsPrefix().length(), dash), Uuid.fromString(key.substring(dash + 1, end)));
            return Optional.of(topic).filter(named -> key.startsWith(topicDirectory(named.name(), named.id()))); // an id may be written in more ways than ours
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // no id of ours
        }
    }

    /** The partition an object belongs to; empty for keys that are no partition's. */
    public Optional<TopicIdPartition> partitionOf(String key) {
        if (!key.startsWith(topicsPrefix())) {
            return Optional.empty();
        }
        String[] parts = key.substring(topicsPrefix().length()).split("/");
        int dash = parts.length < 3 ? -1 : parts[0].length() - TOPIC_ID_LENGTH - 1;
        if (dash < 1 || parts[0].charAt(dash) != '-') {
            return Optional.empty();
        }
        try {
            TopicPartition partition = new TopicPartition(parts[0].substring(0, dash), Integer.parseInt(parts[1]));
            TopicIdPartition named = new TopicIdPartition(Uuid.fromString(parts[0].substring(dash + 1)), partition);
            return Optional.of(named).filter(same -> key.startsWith(partition(same).directory())); // as may a number
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // neither a number nor an id of ours
        }
    }
}
