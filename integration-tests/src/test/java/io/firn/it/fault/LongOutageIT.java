package io.firn.it.fault;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.SmallDisk;
import io.firn.it.harness.Topics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A bucket that answers 503 for minutes while stock clients go on, on a disk that lasts for half of that time: the policy for a full disk, as clients see it.
 *
 * <p>Producers are acknowledged until the watermark, then told to try again, and acknowledged again when the bucket is back and local copies may go; a consumer that follows them
 * notices nothing, and is shown every record that was acknowledged while the disk is full; nothing local is deleted meanwhile, and the bucket is asked seldom. In the end every acknowledged record is there.
 *
 * <p>{@code -Dfirn.outage.seconds=N} sets how long, {@value #SHORT_SECONDS} by default. Needs the right to mount a small file system in memory; skipped, and said so, without it.
 */
class LongOutageIT {

    private static final int SHORT_SECONDS = 8;
    private static final int OUTAGE_SECONDS = Integer.getInteger("firn.outage.seconds", SHORT_SECONDS);
    private static final int DISK_MIB = 88;
    private static final int WATERMARK_MIB = 16;
    /** What the metadata, indexes and the files of segments need besides the records; generous. */
    private static final int OTHER_MIB = 12;
    private static final int PARTITIONS = 2;
    private static final Duration PATIENCE = Duration.ofSeconds(OUTAGE_SECONDS + 180);
    /** Attempts of a partition at 1, 2, 4 … 60 s, each at most two requests of two attempts; and as many again for what each partition has on its way when it begins. */
    private static final int REQUESTS_LIMIT = 8 * PARTITIONS * (8 + OUTAGE_SECONDS / 48);

    @TempDir
    Path directory;

    private final Map<TopicPartition, Long> shown = new ConcurrentHashMap<>();
    private final Queue<String> disorder = new ConcurrentLinkedQueue<>();
    private SmallDisk disk;
    private S3Server server;
    private FaultProxy proxy;
    private FirnNode node;
    private Topics topics;
    private List<TopicPartition> partitions;
    private final long startedNanos = System.nanoTime();
    private volatile boolean following = true;

    @BeforeEach
    void start() {
        Optional<SmallDisk> mounted = SmallDisk.mount(directory.resolve("disk"), DISK_MIB);
        assumeTrue(mounted.isPresent(), "not allowed to mount a file system: a full disk is not tested here");
        disk = mounted.orElseThrow();
        server = S3Server.start(directory.resolve("objects"));
        proxy = FaultProxy.start(server.port());
        Map<String, String> settings = new HashMap<>(Map.of("cold.provider", "s3", "cold.endpoint", proxy.endpoint().toString(), "cold.bucket", server.bucket(), "cold.region", S3Server.REGION,
                "cold.access.key", S3Server.ACCESS_KEY, "cold.secret.key", S3Server.SECRET_KEY));
        settings.putAll(Map.of("retention.check.interval.ms", "100", "cold.retry.max.attempts", "2", "log.disk.watermark.bytes", Long.toString((long) WATERMARK_MIB << 20)));
        node = FirnNode.in(disk.directory().resolve("data"), settings).start();
        topics = Topics.of(node.bootstrap());
        partitions = topics.create("outage", PARTITIONS, Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1"));
    }

    @AfterEach
    void stop() {
        following = false;
        if (node != null) {
            proxy.clear();
            topics.close();
            node.close();
            proxy.close();
            server.close();
        }
        if (disk != null) {
            disk.close();
        }
    }

    @Test
    void producersGoOnUntilTheWatermarkAndAgainAfterTheOutageAndConsumersNoticeNothing() throws Exception {
        int recordsPerSecond = Math.max(1, (int) (((long) (DISK_MIB - WATERMARK_MIB - OTHER_MIB) << 20) / SequencedLoad.Pace.VALUE_BYTES / Math.max(1, OUTAGE_SECONDS / 2)));
        Thread follower = new Thread(this::follow, "follower");
        follower.start();
        try (SequencedLoad load = SequencedLoad.start(node.bootstrap(), partitions, 1, new SequencedLoad.Pace(recordsPerSecond, PATIENCE))) {
            Await.until("the cold tier takes part", PATIENCE, () -> tiered() > 0);
            say("before", load);

            HttpFault outage = HttpFault.answering(503, "SlowDown");
            proxy.inject(outage);
            long ends = System.nanoTime() + Duration.ofSeconds(OUTAGE_SECONDS).toNanos();
            long requests = proxy.requests("");
            Await.until("an offload fails", () -> proxy.requests("") > requests);
            long tieredAtFirst = tiered();
            Await.until("the disk is at its watermark", PATIENCE, () -> node.metric("firn_disk_rejects_produce") == 1);
            say("refused", load);
            long acknowledged = load.acknowledgements();
            Await.until("the consumer has been shown all that was acknowledged", () -> shownRecords() >= load.acknowledgements());
            Await.until("the outage's end", PATIENCE, () -> System.nanoTime() - ends > 0);
            say("at its end", load);
            assertThat(usableMiB()).as("MiB that the full disk has left").isGreaterThan(WATERMARK_MIB - OTHER_MIB);
            assertThat(load.acknowledgements()).as("acknowledged after the refusal: what was on its way").isLessThan(acknowledged + 5_000);
            assertThat(tiered()).as("the tier boundary").isEqualTo(tieredAtFirst);
            assertThat(localStarts()).as("local copies that only the disk has").isLessThanOrEqualTo(tieredAtFirst);
            assertThat(proxy.requests("") - requests).as("requests in the outage").isLessThan(REQUESTS_LIMIT);

            proxy.clear();
            Await.until("producers are let in again", PATIENCE, () -> node.metric("firn_disk_rejects_produce") == 0 && load.acknowledgements() > acknowledged + 5_000);
            say("let in", load);
            load.finish();
            topics.awaitCold(partitions, (1 << 20) / SequencedLoad.Pace.VALUE_BYTES);
            Await.until("the consumer has been shown everything", () -> shownRecords() >= load.acknowledgements());
            say("caught up", load);
            load.verify(node.bootstrap());
        } finally {
            following = false;
            follower.join();
        }
        assertThat(disorder).as("what the consumer that followed was shown").isEmpty();
        node.stop();
    }

    /** A consumer that is shown each record once, in order of offsets, all the time. */
    private void follow() {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of())) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            while (following) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    long expected = shown.merge(new TopicPartition(record.topic(), record.partition()), 1L, Long::sum) - 1;
                    if (record.offset() != expected) {
                        disorder.add("offset " + record.offset() + " where " + expected + " is next");
                    }
                }
            }
        } catch (RuntimeException e) {
            disorder.add(e.toString());
        }
    }

    private long shownRecords() {
        return shown.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Records that are in the bucket. */
    private long tiered() {
        return partitions.stream().mapToLong(partition -> topics.offset(partition, OffsetSpec.latestTiered()) + 1).sum();
    }

    private long localStarts() {
        return partitions.stream().mapToLong(partition -> topics.offset(partition, OffsetSpec.earliestLocal())).sum();
    }

    private long usableMiB() throws IOException {
        return Files.getFileStore(disk.directory()).getUsableSpace() >> 20;
    }

    private void say(String when, SequencedLoad load) throws IOException {
        System.out.printf("LongOutageIT, %s (%d s): acknowledged %,d, shown %,d, in the bucket %,d, MiB free %d, requests to the bucket %d%n", when, Duration.ofNanos(System.nanoTime() - startedNanos).toSeconds(), load.acknowledgements(), shownRecords(), tiered(), usableMiB(), proxy.requests(""));
    }
}
