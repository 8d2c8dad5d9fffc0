package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Topics, partitions and configs whose change was acknowledged are as they were left after any number of kills, and a topic made anew holds nothing of the one deleted. */
class AdminCrashIT {

    private static final int ROUNDS = 3;
    private static final int CHANGES = 12;

    private record Expected(int partitions, String retentionMs, long records) {}

    @TempDir
    Path directory;

    private final Map<String, Expected> expected = new TreeMap<>();

    @Test
    void acknowledgedChangesOutliveKills() throws Exception {
        Random random = Seed.random("acknowledgedChangesOutliveKills");
        try (FirnNode node = FirnNode.in(directory.resolve("data"), Map.of("retention.check.interval.ms", "50")).start()) {
            for (int round = 0; round < ROUNDS; round++) {
                try (Topics topics = Topics.of(node.bootstrap())) {
                    for (int i = 0; i < CHANGES; i++) {
                        change(node, topics, random);
                    }
                }
                node.kill9();
                node.start();
                verify(node);
            }
            node.stop();
            node.start();
            verify(node);
            node.stop();
            assertThat(node.logLines("ERROR")).isEmpty();
        }
    }

    private void change(FirnNode node, Topics topics, Random random) throws Exception {
        String topic = "t" + random.nextInt(8);
        Expected now = expected.get(topic);
        if (now == null) {
            int partitions = 1 + random.nextInt(3);
            topics.create(topic, partitions, Map.of("retention.ms", "-1"));
            expected.put(topic, new Expected(partitions, "-1", produce(node, topic, partitions)));
            return;
        }
        switch (random.nextInt(3)) {
            case 0 -> {
                Topics.done(topics.admin().deleteTopics(List.of(topic)).all());
                expected.remove(topic);
            }
            case 1 -> {
                Topics.done(topics.admin().createPartitions(Map.of(topic, NewPartitions.increaseTo(now.partitions() + 1))).all());
                expected.put(topic, new Expected(now.partitions() + 1, now.retentionMs(), now.records()));
            }
            default -> {
                String retention = Long.toString(1_000_000_000L + random.nextInt(1000));
                Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic),
                        List.of(new AlterConfigOp(new ConfigEntry("retention.ms", retention), AlterConfigOp.OpType.SET)))).all());
                expected.put(topic, new Expected(now.partitions(), retention, now.records()));
            }
        }
    }

    private static long produce(FirnNode node, String topic, int partitions) throws Exception {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(node.bootstrap(), Map.of())) {
            for (int partition = 0; partition < partitions; partition++) {
                producer.send(new ProducerRecord<>(topic, partition, null, topic.getBytes())).get(60, TimeUnit.SECONDS);
            }
        }
        return partitions;
    }

    private void verify(FirnNode node) {
        Map<String, Expected> found = new TreeMap<>();
        try (Topics topics = Topics.of(node.bootstrap())) {
            Map<String, TopicDescription> described = Topics.done(topics.admin().describeTopics(topics.names()).allTopicNames());
            for (TopicDescription topic : described.values()) {
                ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic.name());
                String retention = Topics.done(topics.admin().describeConfigs(List.of(resource)).all()).get(resource).get("retention.ms").value();
                List<TopicPartition> partitions = Topics.partitions(topic.name(), topic.partitions().size());
                long records = new HashMap<>(Reading.all(node.bootstrap(), partitions)).values().stream().mapToLong(List::size).sum();
                found.put(topic.name(), new Expected(partitions.size(), retention, records));
            }
        }
        assertThat(found).isEqualTo(expected);
    }
}
