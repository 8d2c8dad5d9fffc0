package io.firn.gateway.cli;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** What the demo does with its topic, through stock clients only. Confined to one thread. */
final class DemoTopic implements AutoCloseable {

    static final String NAME = "demo";
    static final int PARTITIONS = 3;
    /** Small, so that there are many to watch. */
    private static final int SEGMENT_BYTES = 8 << 20;
    /** Lines in a row that go to the same partition. */
    private static final int LINES_AT_ONCE = 500;
    private static final int BATCH_BYTES = 1 << 17;
    private static final Duration POLL = Duration.ofMillis(500);
    /** Without a record for so long, a read has failed. */
    private static final long READ_STALL_NANOS = 60_000_000_000L;

    private final String bootstrap;
    private final Admin admin;
    private final List<TopicPartition> partitions = IntStream.range(0, PARTITIONS).mapToObj(i -> new TopicPartition(NAME, i)).toList();

    DemoTopic(String bootstrap) {
        this.bootstrap = bootstrap;
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    /** Creates the topic: tiered, and local segments stay for now. */
    void create() throws InterruptedException {
        NewTopic topic = new NewTopic(NAME, PARTITIONS, (short) 1).configs(Map.of("segment.bytes", Integer.toString(SEGMENT_BYTES),
                "remote.storage.enable", "true", "retention.ms", "-1", "local.retention.ms", "-1"));
        AdminCall.await("cannot create the topic", admin.createTopics(List.of(topic)).all());
    }

    /** Lets everything settle: seals what is open, and local segments go as soon as they are in the cold tier. */
    void letItSettle() throws InterruptedException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, NAME);
        List<AlterConfigOp> changes = List.of(set("segment.ms", "1000"), set("local.retention.ms", "1000"));
        AdminCall.await("cannot alter the topic", admin.incrementalAlterConfigs(Map.of(resource, changes)).all());
    }

    private static AlterConfigOp set(String name, String value) {
        return new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET);
    }

    /** Writes lines, over and over, until there are {@code sizeBytes} of them, and waits until all are acknowledged. */
    Pass produce(DemoText text, long sizeBytes, Progress progress) {
        List<Tally> tallies = Pass.newTallies(PARTITIONS);
        AtomicReference<Exception> failure = new AtomicReference<>();
        long started = System.nanoTime();
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(producerConfig(), new ByteArraySerializer(), new ByteArraySerializer())) {
            long sent = 0;
            for (long i = 0; sent < sizeBytes && failure.get() == null; i++) {
                byte[] value = text.line((int) (i % text.lines()));
                int partition = (int) (i / LINES_AT_ONCE % PARTITIONS);
                producer.send(new ProducerRecord<>(NAME, partition, null, value), (metadata, error) -> {
                    if (error != null) {
                        failure.compareAndSet(null, error);
                    }
                });
                tallies.get(partition).add(value);
                sent += value.length;
                progress.update(sent);
            }
            producer.flush();
        }
        if (failure.get() != null) {
            throw CliFailure.of("a record was not acknowledged", failure.get());
        }
        return new Pass(tallies, System.nanoTime() - started);
    }

    /** Reads every partition from offset 0 to its end. Offsets must have no gap. */
    Pass readAll(Progress progress) throws InterruptedException {
        Map<TopicPartition, Long> ends = offsets(OffsetSpec.latest());
        List<Tally> tallies = Pass.newTallies(PARTITIONS);
        long started = System.nanoTime();
        try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(consumerConfig(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long bytes = 0;
            long lastRecordNanos = started;
            while (!complete(tallies, ends)) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(POLL)) {
                    take(record, tallies.get(record.partition()));
                    bytes += record.value().length;
                    lastRecordNanos = System.nanoTime();
                }
                progress.update(bytes);
                if (System.nanoTime() - lastRecordNanos > READ_STALL_NANOS) {
                    throw new CliFailure(Main.FAILED, "no record came for " + READ_STALL_NANOS / 1_000_000_000L + " s; read so far: " + tallies);
                }
            }
        }
        return new Pass(tallies, System.nanoTime() - started);
    }

    private static void take(ConsumerRecord<byte[], byte[]> record, Tally tally) {
        if (record.offset() != tally.records()) {
            throw new CliFailure(Main.FAILED, "partition " + record.partition() + ": offset " + record.offset() + " came where " + tally.records() + " was due");
        }
        tally.add(record.value());
    }

    private boolean complete(List<Tally> tallies, Map<TopicPartition, Long> ends) {
        return partitions.stream().allMatch(partition -> tallies.get(partition.partition()).records() >= ends.get(partition));
    }

    /** Where the records are now. */
    TierOffsets tiers() throws InterruptedException {
        Map<TopicPartition, Long> tiered = offsets(OffsetSpec.latestTiered());
        Map<TopicPartition, Long> local = offsets(OffsetSpec.earliestLocal());
        Map<TopicPartition, Long> end = offsets(OffsetSpec.latest());
        return new TierOffsets(sum(tiered) + PARTITIONS, sum(local), sum(end));
    }

    /**
     * Summed over the partitions.
     *
     * @param coldEnd exclusive end of what is in the cold tier
     * @param localStart first offset that is on the local disk
     * @param end log end
     */
    record TierOffsets(long coldEnd, long localStart, long end) {
        boolean allCold() {
            return coldEnd == end && localStart == end;
        }
    }

    private static long sum(Map<TopicPartition, Long> offsets) {
        return offsets.values().stream().mapToLong(Long::longValue).sum();
    }

    private Map<TopicPartition, Long> offsets(OffsetSpec which) throws InterruptedException {
        Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
        partitions.forEach(partition -> wanted.put(partition, which));
        Map<TopicPartition, Long> offsets = new HashMap<>();
        AdminCall.await("cannot list offsets", admin.listOffsets(wanted).all()).forEach((partition, found) -> offsets.put(partition, found.offset()));
        return offsets;
    }

    private Map<String, Object> producerConfig() {
        return Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap, ProducerConfig.ACKS_CONFIG, "all", ProducerConfig.BATCH_SIZE_CONFIG, BATCH_BYTES,
                ProducerConfig.LINGER_MS_CONFIG, 5);
    }

    private Map<String, Object> consumerConfig() {
        return Map.of(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap, ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false,
                ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(1));
    }
}
