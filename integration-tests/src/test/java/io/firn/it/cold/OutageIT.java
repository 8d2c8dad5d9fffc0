package io.firn.it.cold;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.s3.FaultProxy;
import io.firn.cold.s3.HttpFault;
import io.firn.cold.s3.S3Server;
import io.firn.it.harness.Await;
import io.firn.it.harness.FirnNode;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Seed;
import io.firn.it.harness.Topics;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A bucket that fails in every way a bucket fails: what is hot goes on, nothing is lost, and what had to wait catches up by itself. */
class OutageIT {

    private static final int MEGABYTES = 3;

    /** How the bucket fails while a test wants it to. */
    enum Outage {
        RESETS(HttpFault::reset),
        INTERNAL_ERROR(() -> HttpFault.answering(500, "InternalError")),
        SLOW_DOWN(() -> HttpFault.answering(503, "SlowDown")),
        SILENCE(HttpFault::silence);

        private final Supplier<HttpFault> fault;

        Outage(Supplier<HttpFault> fault) {
            this.fault = fault;
        }
    }

    @TempDir
    Path directory;

    private S3Server server;
    private FaultProxy proxy;
    private FirnNode node;
    private Topics topics;

    @BeforeEach
    void start() {
        server = S3Server.start(directory.resolve("objects"));
        proxy = FaultProxy.start(server.port());
    }

    private void startBroker(String provider) {
        startBroker(provider, proxy.endpoint());
    }

    private void startBroker(String provider, URI bucket) {
        Map<String, String> settings = new HashMap<>(Buckets.settings(provider, server, bucket));
        settings.putAll(Map.of("retention.check.interval.ms", "100", "cold.request.timeout.ms", "1500", "cold.retry.max.attempts", "2", "cold.chunk.bytes", "131072",
                "cold.cache.bytes", "1048576", "cold.read.ahead.bytes", "524288"));
        node = FirnNode.in(directory.resolve("data"), settings).start();
        topics = Topics.of(node.bootstrap());
    }

    @AfterEach
    void stop() {
        proxy.clear();
        if (node != null) {
            topics.close();
            node.stop();
        }
        proxy.close();
        server.close();
    }

    @ParameterizedTest
    @EnumSource(Outage.class)
    void producingAndHotReadsGoOnDuringAnOutageAndOffloadCatchesUp(Outage outage) {
        startBroker("s3");
        TieredLoad load = new TieredLoad(Seed.random("OutageIT"));
        List<TopicPartition> partitions = topics.create("outage", 1, TieredLoad.TINY_SEGMENTS);
        TopicPartition partition = partitions.get(0);

        proxy.inject(outage.fault.get());
        load.send(node.bootstrap(), partitions, MEGABYTES);
        load.verify(Reading.all(node.bootstrap(), partitions));
        Await.until("offload was tried", () -> proxy.requests("outage") > 2);
        assertThat(topics.offset(partition, OffsetSpec.earliestLocal())).as("nothing deleted locally").isZero();
        load.verify(Reading.all(node.bootstrap(), partitions));

        proxy.clear();
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
        load.verify(Reading.all(node.bootstrap(), partitions));

        aReaderOfColdRecordsSurvives(outage, partitions, load);
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3", "minio"})
    void aServerThatIsGoneAndComesBackIsFoundAgain(String provider) {
        startBroker(provider, server.endpoint());
        TieredLoad load = new TieredLoad(Seed.random("OutageIT"));
        List<TopicPartition> partitions = topics.create("gone", 1, TieredLoad.TINY_SEGMENTS);
        load.send(node.bootstrap(), partitions, MEGABYTES);
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);

        int port = server.port();
        server.close();
        long localStart = topics.offset(partitions.get(0), OffsetSpec.earliestLocal());
        load.send(node.bootstrap(), partitions, MEGABYTES);
        assertThat(topics.offset(partitions.get(0), OffsetSpec.earliestLocal())).isEqualTo(localStart);
        server = S3Server.start(directory.resolve("objects"), port);

        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
        load.verify(Reading.all(node.bootstrap(), partitions));
    }

    /** It gets no records and no error during the outage, and all of them after it. */
    private void aReaderOfColdRecordsSurvives(Outage outage, List<TopicPartition> partitions, TieredLoad load) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of("max.partition.fetch.bytes", 100_000))) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
            proxy.inject(outage.fault.get());
            long before = proxy.requests("GET");
            Await.until("the outage is met by reads", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(read::add);
                return proxy.requests("GET") > before + 2;
            });
            assertThat(node.process().alive()).isTrue();
            proxy.clear();
            read.addAll(Reading.toEnd(consumer, partitions).get(partitions.get(0)));
            load.verify(partitions.get(0), read, 0);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3", "minio"})
    void aReplyLostAfterSuccessLosesAndDoublesNothing(String provider) {
        startBroker(provider);
        TieredLoad load = new TieredLoad(Seed.random("OutageIT"));
        List<TopicPartition> partitions = topics.create("lost-replies", 2, TieredLoad.TINY_SEGMENTS);

        proxy.inject(HttpFault.droppingReply().on(line -> line.startsWith("PUT") || line.startsWith("POST")).times(8));
        proxy.inject(HttpFault.resettingReply().on(line -> line.startsWith("PUT") || line.startsWith("POST")).times(8));
        load.send(node.bootstrap(), partitions, MEGABYTES);
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);

        load.verify(Reading.all(node.bootstrap(), partitions));
        node.kill9();
        node.start();
        load.verify(Reading.all(node.bootstrap(), partitions));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3", "minio"})
    void bodiesCutShortAndSlowOnesAreReadWhole(String provider) {
        startBroker(provider);
        TieredLoad load = new TieredLoad(Seed.random("OutageIT"));
        List<TopicPartition> partitions = topics.create("bodies", 2, TieredLoad.TINY_SEGMENTS);
        load.send(node.bootstrap(), partitions, MEGABYTES);
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);

        proxy.inject(HttpFault.cuttingBody().on(line -> line.startsWith("GET")).times(10));
        proxy.inject(HttpFault.slowBody(100).on(line -> line.startsWith("GET")).times(20));

        load.verify(Reading.all(node.bootstrap(), partitions));
        load.verify(Reading.all(node.bootstrap(), partitions, Map.of("isolation.level", "read_committed")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"s3"})
    void aBrokerRestartedDuringAnOutageServesWhatIsHot(String provider) {
        startBroker(provider);
        TieredLoad load = new TieredLoad(Seed.random("OutageIT"));
        List<TopicPartition> partitions = topics.create("restart", 1, TieredLoad.TINY_SEGMENTS);
        load.send(node.bootstrap(), partitions, MEGABYTES);
        topics.awaitCold(partitions, TieredLoad.SEGMENT_RECORDS);
        long localStart = topics.offset(partitions.get(0), OffsetSpec.earliestLocal());

        proxy.inject(HttpFault.answering(503, "SlowDown"));
        node.kill9();
        node.start();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(node.bootstrap(), Map.of())) {
            consumer.assign(partitions);
            consumer.seek(partitions.get(0), localStart);
            load.verify(partitions.get(0), Reading.toEnd(consumer, partitions).get(partitions.get(0)), localStart);
        }
        load.send(node.bootstrap(), partitions, 1);

        proxy.clear();
        load.verify(Reading.all(node.bootstrap(), partitions));
    }
}
