package io.firn.it.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.FirnTool;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers as processes: one lost its disk and leads all the same, and the bucket rots below where its log begins. */
class ReplicaRepairIT {

    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final TopicPartition PARTITION = new TopicPartition("mended", 0);
    private static final int RECORDS_IN_TRANSACTION = 50;
    private static final int TRANSACTIONS = 160;
    /** The leader looks at all of the bucket each second; local copies of those that still have them stay; each segment keeps its object. */
    private static final Map<String, String> SETTINGS = Map.of("cold.sweep.interval.ms", "1000", "cold.scrub.interval.ms", "1000", "cold.scrub.bytes.per.second", "200000000", "cold.merge.bytes", "0");
    private static final Map<String, String> SMALL_SEGMENTS = Map.of("segment.bytes", "1048576", "min.insync.replicas", "2");

    @RegisterExtension
    final LastLines lastLines = new LastLines();

    @TempDir
    Path directory;

    private ClusterHarness cluster;
    private final List<String> committed = new ArrayList<>();

    @Test
    void whatRotsInTheBucketIsMadeAnewFromTheDiskOfAFollowerByALeaderWithoutACopy() throws Exception {
        cluster = lastLines.of(ClusterHarness.of(3, directory, SETTINGS)).form();
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(PARTITION.topic(), Map.of(0, List.of(1, 2, 3))).configs(SMALL_SEGMENTS))).all());
            produce();
            long wanted = topics.offset(PARTITION, OffsetSpec.latest()) / 2;
            Await.until("half of it is in the bucket", LIMIT, () -> topics.offset(PARTITION, OffsetSpec.latestTiered()) > wanted);
            cluster.kill9(Set.of(1));
            delete(node(1).data());
            cluster.startMissing();
            Await.until("it leads again", LIMIT, () -> {
                topics.admin().electLeaders(ElectionType.PREFERRED, Set.of(PARTITION));
                return cluster.leader(PARTITION) == 1;
            });
            assertThat(topics.offset(PARTITION, OffsetSpec.earliestLocal())).as("its log begins at the tier boundary").isGreaterThan(wanted);

            List<Path> segments = segments();
            assertThat(segments).hasSizeGreaterThan(4);
            flip(segments.get(1), 5_000);
            Await.until("the rotten one is made anew", LIMIT, () -> repaired() == 1);
            Files.delete(segments.get(3));
            Await.until("the one that is gone is made anew", LIMIT, () -> repaired() == 2);
            flip(segments.get(0), Files.size(segments.get(0)) - 200);
            Await.until("the one without a tail is made anew", LIMIT, () -> repaired() == 3);
            Await.until("nothing is wrong any more", LIMIT, () -> node(1).metric("firn_cold_damaged_objects") + node(1).metric("firn_cold_missing_objects") == 0);
        }
        assertThat(node(1).metric("firn_cold_repaired_segments_total{source=\"local\"}")).isZero();
        assertThat(FirnTool.run(cluster.store().settings(), "manifest", "verify", "--deep").succeeded().output()).contains(" 0 problem(s)");
        List<String> read = Reading.all(cluster.bootstrap(), List.of(PARTITION), Map.of("isolation.level", "read_committed")).get(PARTITION).stream().map(one -> new String(one.value(), StandardCharsets.UTF_8)).toList();
        assertThat(read).as("every committed record, and none of the aborted ones").isEqualTo(committed);
    }

    /** Of every third transaction nothing is to be seen. */
    private void produce() {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(cluster.bootstrap(), Map.of("acks", "all", "transactional.id", "mender"))) {
            producer.initTransactions();
            for (int transaction = 0; transaction < TRANSACTIONS; transaction++) {
                boolean aborts = transaction % 3 == 1;
                producer.beginTransaction();
                for (int i = 0; i < RECORDS_IN_TRANSACTION; i++) {
                    String value = transaction + "." + i + "-".repeat(1_000);
                    producer.send(new ProducerRecord<>(PARTITION.topic(), 0, null, value.getBytes(StandardCharsets.UTF_8)));
                    if (!aborts) {
                        committed.add(value);
                    }
                }
                if (aborts) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
    }

    private FirnNode node(int id) {
        return (FirnNode) cluster.broker(id);
    }

    private double repaired() throws IOException {
        return node(1).metric("firn_cold_repaired_segments_total{source=\"replica\"}");
    }

    /** From the oldest on. */
    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("bucket"))) {
            return files.filter(file -> file.toString().contains("/" + PARTITION.topic() + "-") && file.toString().endsWith(".segment")).sorted(Comparator.comparing(file -> file.getFileName().toString())).toList();
        }
    }

    private static void flip(Path object, long position) throws IOException {
        try (FileChannel file = FileChannel.open(object, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            file.read(one, position);
            file.write(one.put(0, (byte) ~one.get(0)).rewind(), position);
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
