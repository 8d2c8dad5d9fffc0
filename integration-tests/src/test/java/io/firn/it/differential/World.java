package io.firn.it.differential;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.Uuid;

/** What the generator knows to exist at both brokers: only what both have confirmed. Mutable; for one thread. */
final class World {

    /** A topic. Offsets are what producing added, to ask for plausible ones. */
    static final class Topic {
        final String name;
        final Object id;
        final int partitions;
        final Map<Integer, Long> ends = new HashMap<>();

        Topic(String name, Object id, int partitions) {
            this.name = name;
            this.id = id;
            this.partitions = partitions;
        }
    }

    /** What speaks as a producer. */
    static final class Producer {
        final String transactionalId;
        Object id = -1L;
        short epoch = -1;
        final Map<String, Integer> sequences = new HashMap<>();

        Producer(String transactionalId) {
            this.transactionalId = transactionalId;
        }
    }

    /** A member of a group, at the generation or epoch it was told last. */
    static final class Member {
        Object id;
        int epoch;

        Member(Object id, int epoch) {
            this.id = id;
            this.epoch = epoch;
        }
    }

    static final class Group {
        final String name;
        final Kind kind;
        final List<Member> members = new ArrayList<>();

        Group(String name, Kind kind) {
            this.name = name;
            this.kind = kind;
        }
    }

    /** What a group's name was meant for; requests of other kinds meet it all the same, now and then. */
    enum Kind {
        CLASSIC, CONSUMER, SHARE, STREAMS
    }

    static final class Session {
        final Object id;
        int epoch = 1;

        Session(Object id) {
            this.id = id;
        }
    }

    final Map<String, Topic> topics = new LinkedHashMap<>();
    final List<Group> groups = new ArrayList<>();
    final List<Producer> producers = new ArrayList<>();
    final List<Session> sessions = new ArrayList<>();
    final List<Object> goneTopicIds = new ArrayList<>();
    /** Names of topics of which records were deleted. */
    final Set<String> cut = new HashSet<>();
    /** Whether share states were deleted or written behind their groups' backs. */
    boolean sharesChanged;
    final String prefix;
    final boolean transactions;

    World(String prefix, boolean transactions) {
        this.prefix = prefix;
        this.transactions = transactions;
        for (Kind kind : Kind.values()) {
            for (int i = 0; i < 2; i++) {
                groups.add(new Group(prefix + kind.name().toLowerCase(java.util.Locale.ROOT) + i, kind));
            }
        }
        producers.add(new Producer(null));
        producers.add(new Producer(null));
        if (transactions) {
            producers.add(new Producer(prefix + "tx0"));
            producers.add(new Producer(prefix + "tx1"));
        }
    }

    /** Topic names this seed creates. */
    List<String> topicNames() {
        return List.of(prefix + "a", prefix + "b", prefix + "c", prefix + "d");
    }

    /** What exists now, and under which ids. */
    void topicsAre(Map<String, Twin> ids, Map<String, Integer> partitions) {
        topics.values().removeIf(topic -> {
            boolean gone = !topic.id.equals(ids.get(topic.name)) || topic.partitions != partitions.get(topic.name);
            if (gone && !topic.id.equals(ids.get(topic.name))) {
                goneTopicIds.add(topic.id);
            }
            return gone;
        });
        ids.forEach((name, id) -> {
            if (name.startsWith(prefix)) {
                topics.computeIfAbsent(name, any -> new Topic(name, id, partitions.get(name)));
            }
        });
    }

    Group group(Object name) {
        return groups.stream().filter(group -> group.name.equals(name)).findFirst().orElse(null);
    }

    Topic topicOf(Object nameOrId) {
        return topics.values().stream().filter(topic -> topic.name.equals(nameOrId) || topic.id.equals(nameOrId)).findFirst().orElse(null);
    }

    /** Partitions of a topic; none of one that is not known. */
    int partitionsOf(Object name) {
        Topic topic = topics.get(name);
        return topic == null ? 0 : topic.partitions;
    }

    static final Uuid UNKNOWN_ID = new Uuid(7, 7);
}
