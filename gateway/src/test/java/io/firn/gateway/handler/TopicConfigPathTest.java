package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.produce;
import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.Durability;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ProduceResponseData.BatchIndexAndErrorMessage;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What topic configs do to a produce request, from the socket to the log. */
class TopicConfigPathTest {

    @TempDir
    Path directory;

    private final LeakWatch leaks = new LeakWatch();
    private final BlockingQueue<Runnable> waiting = new LinkedBlockingQueue<>();
    private StorageRig rig;

    @AfterEach
    void everythingWasGivenBack() {
        try (leaks) {
            Await.until("no request bytes are held", () -> rig.meter("firn.requests.inflight") == 0);
            rig.close();
            leaks.assertNoLeak();
        }
    }

    private ProduceResponseData ask(WireClient client, TopicView topic, MemoryRecords records) {
        return client.ask(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, records), ProduceResponseData.class);
    }

    private List<RecordBatch> stored(WireClient client, TopicView topic, long end) {
        List<RecordBatch> batches = new ArrayList<>();
        for (long next = 0; next < end; next = batches.get(batches.size() - 1).nextOffset()) {
            FetchResponseData answer = client.ask(ApiKeys.FETCH, Requests.FETCH, Requests.fetch(topic, 0, next), FetchResponseData.class);
            ((MemoryRecords) Requests.only(answer).records()).batches().forEach(batches::add);
        }
        return batches;
    }

    private MemoryRecords batch(Compression compression, String... values) {
        return MemoryRecords.withRecords(compression, IntStream.range(0, values.length).mapToObj(i -> new SimpleRecord(rig.clock.millis(), values[i].getBytes())).toArray(SimpleRecord[]::new));
    }

    private MemoryRecords idempotent(Compression compression, int sequence, String value) {
        return MemoryRecords.withRecords(RecordBatch.MAGIC_VALUE_V2, 0, compression, TimestampType.CREATE_TIME, 9, (short) 0, sequence, RecordBatch.NO_PARTITION_LEADER_EPOCH, false,
                new SimpleRecord(rig.clock.millis(), value.getBytes()));
    }

    private static List<String> values(List<RecordBatch> batches) {
        List<String> values = new ArrayList<>();
        batches.forEach(batch -> batch.forEach(record -> {
            byte[] value = new byte[record.valueSize()];
            record.value().get(value);
            values.add(new String(value));
        }));
        return values;
    }

    private void rewritingByHand() {
        rig = new StorageRig(directory, 1, Durability.FSYNC);
        rig.recompressing = waiting::add;
        rig.start();
    }

    private void rewriteOne() throws InterruptedException {
        Runnable next = waiting.poll(30, TimeUnit.SECONDS);
        assertThat(next).as("a batch to rewrite").isNotNull();
        next.run();
    }

    // compression.type

    @Test
    void batchesAreStoredInTheTopicsCodecAndNoOther() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "zstd"));
        try (WireClient client = rig.client()) {
            for (Compression compression : List.of(Compression.NONE, Compression.gzip().build(), Compression.zstd().build(), Compression.lz4().build())) {
                assertThat(error(ask(client, topic, batch(compression, "one", "two")))).isEqualTo(Errors.NONE);
            }
            List<RecordBatch> stored = stored(client, topic, 8);
            assertThat(stored).hasSize(4).allSatisfy(batch -> {
                batch.ensureValid();
                assertThat(batch.compressionType()).isEqualTo(CompressionType.ZSTD);
            });
            assertThat(values(stored)).containsExactly("one", "two", "one", "two", "one", "two", "one", "two");
        }
    }

    @Test
    void withProducersCodecNothingIsRewritten() {
        rewritingByHand();
        TopicView topic = rig.createTopic("logs", 1);
        try (WireClient client = rig.client()) {
            ask(client, topic, batch(Compression.lz4().build(), "one"));
            ask(client, topic, batch(Compression.NONE, "two"));
            assertThat(stored(client, topic, 2)).extracting(RecordBatch::compressionType).containsExactly(CompressionType.LZ4, CompressionType.NONE);
            assertThat(waiting).isEmpty();
        }
    }

    /** Batches that need no rewriting come behind ones that do: they must not overtake them, else the producer's sequence is broken. */
    @Test
    void oneProducersBatchesKeepTheirOrderWhateverTheirCodec() throws InterruptedException {
        rewritingByHand();
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "gzip"));
        try (WireClient client = rig.client()) {
            List<Integer> sent = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                Compression compression = i % 2 == 0 ? Compression.NONE : Compression.gzip().build();
                sent.add(client.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, idempotent(compression, i, "value " + i))));
            }
            for (int i = 0; i < 3; i++) {
                Runnable first = waiting.take();
                assertThat(end(topic)).as("what is behind waits, also if it needs no rewriting").isEqualTo(2 * i);
                assertThat(waiting).as("one at a time").isEmpty();
                first.run();
            }
            for (int i = 0; i < 6; i++) {
                ProduceResponseData answer = client.receive(sent.get(i), ProduceResponseData.class);
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(only(answer).baseOffset()).isEqualTo(i);
            }
            List<RecordBatch> stored = stored(client, topic, 6);
            assertThat(values(stored)).containsExactlyElementsOf(IntStream.range(0, 6).mapToObj(i -> "value " + i).toList());
            assertThat(stored).allMatch(batch -> batch.compressionType() == CompressionType.GZIP && batch.producerId() == 9).extracting(RecordBatch::baseSequence).containsExactly(0, 1, 2, 3, 4, 5);
        }
    }

    private long end(TopicView topic) {
        Partition partition = rig.partition(topic.name(), 0);
        return onLoop(partition, () -> partition.log().hot().logEndOffset());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void pipelinedRequestsAreRewrittenOverRollsInOrder(int loops) {
        rig = StorageRig.started(directory, loops);
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "snappy", "segment.bytes", "400"));
        try (WireClient client = rig.client()) {
            List<Integer> sent = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                sent.add(client.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, idempotent(i % 3 == 0 ? Compression.snappy().build() : Compression.NONE, i, "value " + i))));
            }
            for (int i = 0; i < 200; i++) {
                ProduceResponseData answer = client.receive(sent.get(i), ProduceResponseData.class);
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(only(answer).baseOffset()).isEqualTo(i);
            }
            assertThat(stored(client, topic, 200)).allMatch(batch -> batch.compressionType() == CompressionType.SNAPPY);
        }
    }

    @Test
    void aBatchSentAgainIsADuplicateAlsoWhenItWasRewritten() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "lz4"));
        try (WireClient client = rig.client()) {
            for (int i = 0; i < 2; i++) {
                ProduceResponseData answer = ask(client, topic, idempotent(Compression.gzip().build(), 0, "once"));
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(only(answer).baseOffset()).isZero();
            }
            assertThat(end(topic)).isEqualTo(1);
        }
    }

    @Test
    void maxMessageBytesAppliesToTheBatchAsItCameAndAsItIsStored() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "uncompressed", "max.message.bytes", "5000"));
        try (WireClient client = rig.client()) {
            assertThat(error(ask(client, topic, batch(Compression.gzip().build(), "x".repeat(4000))))).isEqualTo(Errors.NONE);
            assertThat(error(ask(client, topic, batch(Compression.gzip().build(), "x".repeat(6000))))).isEqualTo(Errors.MESSAGE_TOO_LARGE);
            assertThat(error(ask(client, topic, batch(Compression.NONE, "x".repeat(6000))))).isEqualTo(Errors.MESSAGE_TOO_LARGE);
        }
    }

    @Test
    void aDecompressionBombIsRefusedAndTheBrokerGoesOn() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "lz4"));
        try (WireClient client = rig.client()) {
            MemoryRecords bomb = MemoryRecords.withRecords(Compression.zstd().build(), new SimpleRecord(rig.clock.millis(), new byte[40 << 20]));
            assertThat(bomb.sizeInBytes()).isLessThan(100_000);
            assertThat(error(ask(client, topic, bomb))).isEqualTo(Errors.MESSAGE_TOO_LARGE);
            assertThat(error(ask(client, topic, batch(Compression.NONE, "next")))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void aTopicDeletedWhileItsBatchIsRewrittenRefusesItOnceTheBytesAreFree() throws InterruptedException {
        rewritingByHand();
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "gzip"));
        try (WireClient client = rig.client()) {
            int first = client.send(ApiKeys.PRODUCE, PRODUCE, produce(1, topic, 0, batch(Compression.NONE, "one")));
            Runnable rewriting = waiting.take();
            Partition partition = rig.partition("logs", 0);
            rig.deleteTopic(topic);
            Await.until("the partition is out of service", partition::retired);
            assertThat(rig.meter("firn.requests.inflight")).as("bytes are held while they are read").isPositive();

            rewriting.run();

            assertThat(error(client.receive(first, ProduceResponseData.class))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        }
    }

    @Test
    void theCodecChangesAtRunTime() throws InterruptedException {
        rewritingByHand();
        TopicView topic = rig.createTopic("logs", 1, Map.of("compression.type", "gzip"));
        try (WireClient client = rig.client()) {
            int first = client.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, batch(Compression.NONE, "one")));
            rewriteOne();
            client.receive(first, ProduceResponseData.class);
            rig.configure("logs", "compression.type", "producer");
            Await.until("the partition knows", () -> rig.partition("logs", 0).settings().compression().codec() < 0);
            ask(client, topic, batch(Compression.NONE, "two"));
            assertThat(stored(client, topic, 2)).extracting(RecordBatch::compressionType).containsExactly(CompressionType.GZIP, CompressionType.NONE);
        }
    }

    // message.timestamp.*

    private MemoryRecords at(Compression compression, long... timestamps) {
        return MemoryRecords.withRecords(compression, IntStream.range(0, timestamps.length).mapToObj(i -> new SimpleRecord(timestamps[i], ("v" + i).getBytes())).toArray(SimpleRecord[]::new));
    }

    @Test
    void recordsOutsideTheTopicsTimeBoundsAreNamedInTheAnswer() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("message.timestamp.before.max.ms", "1000", "message.timestamp.after.max.ms", "500"));
        long now = rig.clock.millis();
        try (WireClient client = rig.client()) {
            assertThat(error(ask(client, topic, at(Compression.NONE, now - 1000, now + 500, now)))).isEqualTo(Errors.NONE);

            ProduceResponseData answer = ask(client, topic, at(Compression.NONE, now, now - 1001, now, now + 501));
            assertThat(error(answer)).isEqualTo(Errors.INVALID_TIMESTAMP);
            assertThat(only(answer).errorMessage()).isNotBlank();
            assertThat(only(answer).recordErrors()).extracting(BatchIndexAndErrorMessage::batchIndex).containsExactly(1, 3);
            assertThat(only(answer).baseOffset()).isEqualTo(-1);

            assertThat(error(ask(client, topic, at(Compression.lz4().build(), now - 1001, now)))).as("compressed, by the header").isEqualTo(Errors.INVALID_TIMESTAMP);
            assertThat(end(topic)).isEqualTo(3);
        }
    }

    @Test
    void timeBoundsLookIntoBatchesThatAreRewritten() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("message.timestamp.before.max.ms", "1000", "compression.type", "gzip"));
        long now = rig.clock.millis();
        try (WireClient client = rig.client()) {
            ProduceResponseData answer = ask(client, topic, at(Compression.zstd().build(), now, now - 1001, now));
            assertThat(error(answer)).isEqualTo(Errors.INVALID_TIMESTAMP);
            assertThat(only(answer).recordErrors()).extracting(BatchIndexAndErrorMessage::batchIndex).containsExactly(1);
        }
    }

    @Test
    void underLogAppendTimeTheBrokersClockIsAnsweredStoredAndIndexed() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("message.timestamp.type", "LogAppendTime", "compression.type", "gzip"));
        try (WireClient client = rig.client()) {
            long first = rig.clock.millis();
            assertThat(only(ask(client, topic, at(Compression.NONE, 5, 10))).logAppendTimeMs()).isEqualTo(first);
            rig.clock.advanceMs(5000);
            assertThat(only(ask(client, topic, at(Compression.gzip().build(), 99))).logAppendTimeMs()).isEqualTo(first + 5000);

            List<RecordBatch> stored = stored(client, topic, 3);
            assertThat(stored).allSatisfy(RecordBatch::ensureValid).extracting(RecordBatch::timestampType).containsOnly(TimestampType.LOG_APPEND_TIME);
            assertThat(stored).extracting(RecordBatch::maxTimestamp).containsExactly(first, first + 5000);
            Partition partition = rig.partition("logs", 0);
            assertThat(Await.get(onLoop(partition, () -> partition.log().offsetForTimestamp(first + 1, 3)))).hasValueSatisfying(found -> {
                assertThat(found.offset()).isEqualTo(2);
                assertThat(found.timestampMs()).isEqualTo(first + 5000);
            });
        }
    }

    // min.insync.replicas

    /** Kafka 4 never asks for more replicas than a partition has. */
    @Test
    void minInsyncReplicasNeverAsksForMoreReplicasThanThereAre() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("min.insync.replicas", "2"));
        try (WireClient client = rig.client()) {
            assertThat(rig.partition("logs", 0).settings().minInsyncReplicas()).isEqualTo(2);
            assertThat(error(ask(client, topic, batch(Compression.NONE, "one")))).isEqualTo(Errors.NONE);
        }
    }

    /** A cluster that has lost a replica of two: what this broker will be asked once there are clusters. */
    @Test
    void fewerReplicasInSyncThanAskedForAreTold() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1, Map.of("min.insync.replicas", "2"));
        PartitionView placed = new PartitionView(0, StorageRig.BROKER, 0, 0, List.of(StorageRig.BROKER, 2), List.of(StorageRig.BROKER));
        ClusterView shrunk = withTopic(rig.metadata.view(), new TopicView(topic.id(), "logs", List.of(placed), topic.configs()));
        Partition partition = rig.partition("logs", 0);

        assertThat(new Partitions(() -> shrunk).enoughInSync(partition)).isFalse();
        assertThat(rig.partitions.enoughInSync(partition)).isTrue();
    }

    private static ClusterView withTopic(ClusterView view, TopicView topic) {
        return new ClusterView(view.version(), view.controllerEpoch(), view.clusterId(), view.brokers(), Map.of(topic.name(), topic), Map.of(topic.id(), topic.name()), view.brokerConfigs(),
                view.groupConfigs(), view.nextProducerId());
    }
}
