package io.firn.it.client;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * One drive through what clients do, run in a process of its own with the client library of another version: admin, producer with every compression, group
 * consumer, offsets. Uses only what version 2.8 has. Prints one line a step; ends with exit code 0 when all went as it should.
 */
public final class ClientDrive {

    private static final int RECORDS = 300;
    private static final long LIMIT_SECONDS = 60;

    private final String bootstrap;
    private final String topic;

    private ClientDrive(String bootstrap, String topic) {
        this.bootstrap = bootstrap;
        this.topic = topic;
    }

    /** @param arguments bootstrap address, topic to create */
    public static void main(String[] arguments) throws Exception {
        new ClientDrive(arguments[0], arguments[1]).drive();
        System.out.println("done");
    }

    private void drive() throws Exception {
        System.out.println("client " + org.apache.kafka.common.utils.AppInfoParser.getVersion());
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            create(admin);
            for (String compression : Arrays.asList("none", "gzip", "snappy", "lz4", "zstd")) {
                produce(compression);
            }
            consumeInGroup();
            inspect(admin);
            delete(admin);
        }
    }

    private void create(Admin admin) throws Exception {
        NewTopic wanted = new NewTopic(topic, Optional.of(2), Optional.empty()).configs(Map.of("retention.ms", "86400000"));
        admin.createTopics(Collections.singleton(wanted)).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        expect(true, admin.listTopics().names().get(LIMIT_SECONDS, TimeUnit.SECONDS).contains(topic), "listed");
        expect(1, admin.describeCluster().nodes().get(LIMIT_SECONDS, TimeUnit.SECONDS).size(), "nodes");
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        ConfigEntry retention = admin.describeConfigs(Collections.singleton(resource)).all().get(LIMIT_SECONDS, TimeUnit.SECONDS).get(resource).get("retention.ms");
        expect("86400000", retention.value(), "retention.ms");
        System.out.println("created");
    }

    private void produce(String compression) throws Exception {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("acks", "all");
        settings.put("enable.idempotence", true);
        settings.put("compression.type", compression);
        settings.put("linger.ms", 5);
        Future<RecordMetadata> last = null;
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < RECORDS; i++) {
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, i % 3, "k" + i, compression + "-" + i);
                record.headers().add("n", Integer.toString(i).getBytes(StandardCharsets.UTF_8));
                last = producer.send(record);
            }
            producer.flush();
        }
        expect(true, last.get().hasOffset(), "offset of " + compression);
        System.out.println("produced " + compression);
    }

    private void consumeInGroup() throws Exception {
        Map<String, Object> settings = new HashMap<>();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("group.id", "group-" + topic);
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        settings.put("isolation.level", "read_committed");
        Set<String> values = new HashSet<>();
        try (KafkaConsumer<String, String> consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
            expect(3, consumer.partitionsFor(topic).size(), "partitions");
            consumer.subscribe(Collections.singleton(topic));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
            while (values.size() < 5 * RECORDS && System.nanoTime() - deadline < 0) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    expect(record.key().substring(1), new String(record.headers().lastHeader("n").value(), StandardCharsets.UTF_8), "header");
                    values.add(record.value());
                }
            }
            expect(5 * RECORDS, values.size(), "records");
            consumer.commitSync();
            TopicPartition first = new TopicPartition(topic, 0);
            expect((long) 5 * RECORDS / 3, consumer.committed(Collections.singleton(first)).get(first).offset(), "committed");
            expect(0L, consumer.beginningOffsets(Collections.singleton(first)).get(first), "beginning");
            expect(0L, consumer.offsetsForTimes(Map.of(first, 1L)).get(first).offset(), "offset for time");
        }
        System.out.println("consumed");
    }

    @SuppressWarnings("deprecation") // the way of listing groups that all versions have
    private void inspect(Admin admin) throws Exception {
        TopicPartition first = new TopicPartition(topic, 0);
        expect(5L * RECORDS / 3, admin.listOffsets(Map.of(first, OffsetSpec.latest())).partitionResult(first).get(LIMIT_SECONDS, TimeUnit.SECONDS).offset(), "latest");
        expect(true, admin.listConsumerGroups().all().get(LIMIT_SECONDS, TimeUnit.SECONDS).stream().anyMatch(group -> group.groupId().equals("group-" + topic)), "group listed");
        expect(3, admin.listConsumerGroupOffsets("group-" + topic).partitionsToOffsetAndMetadata().get(LIMIT_SECONDS, TimeUnit.SECONDS).size(), "group offsets");
        expect(7L, admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(7))).lowWatermarks().get(first).get(LIMIT_SECONDS, TimeUnit.SECONDS).lowWatermark(), "low watermark");
        System.out.println("inspected");
    }

    private void delete(Admin admin) throws Exception {
        admin.deleteConsumerGroups(Collections.singleton("group-" + topic)).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        admin.deleteTopics(Collections.singleton(topic)).all().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        System.out.println("deleted");
    }

    private static void expect(Object expected, Object found, String what) {
        if (!expected.equals(found)) {
            throw new IllegalStateException(what + ": " + found + " instead of " + expected);
        }
    }
}
