package io.firn.gateway.coordinator;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.ClusterMetadata;
import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.Endpoint;
import io.firn.membership.Incarnation;
import io.firn.membership.Metadata;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.image.MetadataImage;
import org.apache.kafka.metadata.PartitionRegistration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MetadataMirrorTest {

    private static TopicView topic(Uuid id, String name, int partitions, int leader) {
        List<PartitionView> views = IntStream.range(0, partitions).mapToObj(i -> new PartitionView(i, leader, 1, 1, List.of(leader), List.of(leader))).toList();
        return new TopicView(id, name, views, Map.of());
    }

    private static ClusterView view(long version, Map<Integer, BrokerView> brokers, Map<String, TopicView> topics) {
        Map<Uuid, String> names = topics.values().stream().collect(Collectors.toMap(TopicView::id, TopicView::name));
        return new ClusterView(version, 1, "c", brokers, topics, names, Map.of(), Map.of(), 0);
    }

    private static BrokerView broker(int id, String rack) {
        return new BrokerView(id, id, "h", 1, Optional.of(rack), false);
    }

    /** What of an image matters to groups: topics with their ids, partitions and replicas, and the racks of brokers. */
    private static List<String> content(MetadataImage image) {
        List<String> content = new ArrayList<>();
        new TreeMap<>(image.topics().topicsByName()).forEach((name, topic) -> {
            Map<Integer, PartitionRegistration> partitions = new TreeMap<>(topic.partitions());
            partitions.forEach((number, partition) -> content.add(name + " " + topic.id() + " " + number + " " + java.util.Arrays.toString(partition.replicas)));
        });
        new TreeMap<>(image.cluster().brokers()).forEach((id, broker) -> content.add("broker " + id + " " + broker.rack()));
        return content;
    }

    @Test
    void aChainOfStepsEndsWhereOneStepFromNothingEnds() {
        long seed = Long.getLong("firn.seed", System.nanoTime());
        Random random = new Random(seed);
        MetadataMirror mirror = new MetadataMirror(() -> 0);
        Map<String, TopicView> topics = new HashMap<>();
        Map<Integer, BrokerView> brokers = new HashMap<>();
        for (int version = 1; version <= 300; version++) {
            change(random, topics, brokers);
            ClusterView view = view(version, Map.copyOf(brokers), Map.copyOf(topics));

            mirror.advance(view);
            MetadataMirror fresh = new MetadataMirror(() -> 0);
            fresh.advance(view);

            assertThat(content(mirror.image())).as("-Dfirn.seed=%s, version %s", seed, version).isEqualTo(content(fresh.image()));
        }
    }

    private static void change(Random random, Map<String, TopicView> topics, Map<Integer, BrokerView> brokers) {
        String name = "t" + random.nextInt(4);
        switch (random.nextInt(6)) {
            case 0 -> topics.remove(name);
            case 1 -> topics.put(name, topic(Uuid.randomUuid(), name, 1 + random.nextInt(3), random.nextInt(3)));
            case 2 -> topics.computeIfPresent(name, (key, topic) -> topic(topic.id(), key, topic.partitions().size() + random.nextInt(3), topic.partitions().get(0).leader()));
            case 3 -> topics.computeIfPresent(name, (key, topic) -> topic(topic.id(), key, topic.partitions().size(), random.nextInt(3)));
            case 4 -> brokers.put(random.nextInt(3), broker(random.nextInt(3), "r" + random.nextInt(2))) ;
            default -> brokers.remove(random.nextInt(3));
        }
        brokers.replaceAll((id, broker) -> broker.id() == id ? broker : broker(id, broker.rack().orElse("r")));
    }

    /** As a broker sees them: over the metadata itself, whose views remember what changed. Some steps are taken together, as a coordinator takes them. */
    @Test
    void followingWhatChangedEndsWhereLookingAtAllEnds(@TempDir Path directory) {
        long seed = Long.getLong("firn.seed", System.nanoTime());
        Random random = new Random(seed);
        try (Metadata metadata = ClusterMetadata.open(directory)) {
            IntStream.rangeClosed(1, 3).forEach(id -> ClusterMetadata.join(metadata, id));
            MetadataMirror mirror = new MetadataMirror(() -> 0);
            for (int step = 1; step <= 150; step++) {
                change(random, metadata);
                if (random.nextInt(3) > 0) {
                    mirror.advance(metadata.view());
                    MetadataMirror fresh = new MetadataMirror(() -> 0);
                    fresh.advance(metadata.view());
                    assertThat(content(mirror.image())).as("-Dfirn.seed=%s, step %s", seed, step).isEqualTo(content(fresh.image()));
                }
            }
        }
    }

    private static void change(Random random, Metadata metadata) {
        String name = "t" + random.nextInt(4);
        Optional<TopicView> topic = metadata.view().topic(name);
        int broker = 1 + random.nextInt(3);
        switch (random.nextInt(5)) {
            case 0 -> topic.ifPresent(found -> metadata.submit(new Command.DeleteTopic(found.id())).join());
            case 1 -> topic.ifPresent(found -> metadata.submit(new Command.AddPartitions(name, found.partitions().size() + 1, List.of())).join());
            case 2 -> {
                ClusterMetadata.fence(metadata, broker);
                ClusterMetadata.join(metadata, broker);
            }
            case 3 -> metadata.submit(new Command.AllocateProducerIds(1)).join();
            default -> {
                if (topic.isEmpty()) {
                    metadata.submit(new Command.CreateTopic(Uuid.randomUuid(), name, 1 + random.nextInt(3), 2, Map.of(), Map.of())).join();
                }
            }
        }
    }

    @Test
    void aBrokerIsKnownByItsPresentLife() {
        MetadataMirror mirror = new MetadataMirror(() -> 0);
        Incarnation life = new Incarnation(new Uuid(3, 3), new Uuid(4, 4));
        BrokerView broker = new BrokerView(2, 7, life, List.of(Endpoint.client("h", 1)), Optional.of("r"), true, false, false);
        mirror.advance(view(1, Map.of(2, broker), Map.of()));
        assertThat(mirror.image().cluster().broker(2).incarnationId()).isEqualTo(new Uuid(3, 3));
        assertThat(mirror.image().cluster().broker(2).fenced()).isTrue();

        Incarnation next = new Incarnation(new Uuid(5, 5), new Uuid(4, 4));
        mirror.advance(view(2, Map.of(2, new BrokerView(2, 9, next, List.of(Endpoint.client("h", 1)), Optional.of("r"), false, true, false)), Map.of()));
        assertThat(mirror.image().cluster().broker(2).incarnationId()).isEqualTo(new Uuid(5, 5));
        assertThat(mirror.image().cluster().broker(2).inControlledShutdown()).isTrue();
    }

    @Test
    void nothingIsToldOfChangesThatDoNotConcernGroups() {
        MetadataMirror mirror = new MetadataMirror(() -> 0);
        ClusterView first = view(1, Map.of(1, broker(1, "r")), Map.of("t", topic(Uuid.randomUuid(), "t", 2, 1)));
        mirror.advance(first);

        assertThat(mirror.advance(first.at(2, 1))).isEmpty();
    }

    @Test
    void aTopicCreatedAnewUnderItsNameIsDeletedAndAdded() {
        MetadataMirror mirror = new MetadataMirror(() -> 0);
        Uuid old = Uuid.randomUuid();
        Uuid anew = Uuid.randomUuid();
        mirror.advance(view(1, Map.of(), Map.of("t", topic(old, "t", 1, 1))));

        MetadataMirror.Step step = mirror.advance(view(2, Map.of(), Map.of("t", topic(anew, "t", 1, 1)))).orElseThrow();

        assertThat(step.delta().topicsDelta().deletedTopicIds()).containsExactly(old);
        assertThat(step.image().topics().getTopic("t").id()).isEqualTo(anew);
    }
}
