package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static io.firn.cold.ReaderFixture.EARLIEST;
import static io.firn.cold.ReaderFixture.END;
import static io.firn.cold.ReaderFixture.range;
import static io.firn.cold.ReaderFixture.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.Test;

class ColdLogReaderTest {

    private final ColdFixture cold = new ColdFixture();
    private final Random random = new Random(11);
    private final ReaderFixture reading = new ReaderFixture(cold);
    private final SimObjectStore readable = reading.readable;
    private final ColdLogReader reader = reading.reader;

    private List<SegmentFixture> fill(ColdLog log, int segments) {
        List<SegmentFixture> filled = new ArrayList<>();
        for (int i = 0; i < segments; i++) {
            SegmentFixture segment = SegmentFixture.random(random, log.endOffset(), 1, 2 * CHUNK);
            cold.await(log.append(segment));
            filled.add(segment);
        }
        return filled;
    }

    @Test
    void allRecordsAreReadByWhoMayOnlyGetAndList() {
        ColdLog log = cold.log(1);
        fill(log, 4);
        assertThat(cold.await(reader.cluster())).isEqualTo("cluster-a");
        assertThat(cold.await(reader.topics())).containsExactly(new ColdTopic(PARTITION.topic(), PARTITION.topicId(), List.of(PARTITION.partition())));
        ColdTopic topic = cold.await(reader.topic(PARTITION.topic()));
        ColdStream stream = cold.await(reader.stream(topic.partition(3), EARLIEST, END, true));
        assertThat(stream.remainingBytes()).isEqualTo(log.sizeBytes());
        assertThat(reading.offsets(stream)).isEqualTo(range(0, log.endOffset()));
        assertThat(stream.remainingBytes()).isZero();
        assertThat(readable.requests(Operation.PUT) + readable.requests(Operation.PUT_IF_ABSENT) + readable.requests(Operation.DELETE)).isZero();
        assertThat(readable.requests(Operation.GET)).as("each chunk once, and the tails").isLessThanOrEqualTo(4 * (1 + 3 + 1));
        cold.sim.settle();
        cold.sim.execute(() -> {
            assertThat(reader.reads().inUse().pinnedChunks()).isZero();
            assertThat(reader.reads().inUse().reservedUnits()).isZero();
        });
        cold.sim.settle();
    }

    @Test
    void keysValuesHeadersAndBytesArriveAsTheyWereWritten() {
        SegmentFixture segment = new SegmentFixture(0, 1).batch(random, Compression.zstd().build(), 5, 100).batch(random, Compression.NONE, 2, 9);
        cold.await(cold.log(1).append(segment));
        ColdStream stream = reading.stream(EARLIEST, END, false);
        List<Long> timestamps = new ArrayList<>();
        List<Integer> sizes = new ArrayList<>();
        try (ColdPiece.Batches batches = (ColdPiece.Batches) cold.await(stream.next()).orElseThrow()) {
            ByteBuffer all = ByteBuffer.allocate(batches.sizeBytes());
            for (ByteBuffer piece : batches.buffers()) {
                all.put(piece);
            }
            assertThat(all.array()).isEqualTo(segment.bytes());
            batches.records(record -> {
                timestamps.add(record.timestampMs());
                sizes.add(record.value().orElseThrow().remaining());
                assertThat(record.key()).isEmpty();
                assertThat(record.headers()).isEmpty();
            });
        }
        assertThat(sizes).containsExactly(100, 100, 100, 100, 100, 9, 9);
        assertThat(timestamps).isEqualTo(segment.records().stream().map(SegmentFixture.Rec::timestampMs).toList());
    }

    @Test
    void aRangeBeginsAndEndsWithinABatch() {
        SegmentFixture segment = new SegmentFixture(0, 1).batch(random, Compression.NONE, 10, 10).batch(random, Compression.gzip().build(), 10, 10).batch(random, Compression.NONE, 10, 10);
        cold.await(cold.log(1).append(segment));
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(3), new ColdPosition.Offset(25), false))).isEqualTo(range(3, 25));
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(12), new ColdPosition.Offset(14), false))).isEqualTo(range(12, 14));
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(12), new ColdPosition.Offset(12), false))).isEmpty();
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(29), new ColdPosition.Offset(1_000), false))).isEqualTo(range(29, 30));
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(500), END, false))).isEmpty();
    }

    @Test
    void aRangeIsGivenByTime() {
        List<SegmentFixture> segments = fill(cold.log(1), 3);
        List<SegmentFixture.Rec> all = segments.stream().flatMap(segment -> segment.records().stream()).toList();
        long from = all.get(all.size() / 3).timestampMs();
        long to = all.get(2 * all.size() / 3).timestampMs();
        long first = all.stream().filter(rec -> rec.timestampMs() >= from).findFirst().orElseThrow().offset();
        long end = all.stream().filter(rec -> rec.timestampMs() >= to).findFirst().orElseThrow().offset();
        assertThat(reading.offsets(reading.stream(new ColdPosition.Time(from), new ColdPosition.Time(to), false))).isEqualTo(range(first, end));
        assertThat(reading.offsets(reading.stream(new ColdPosition.Time(Long.MAX_VALUE), END, false))).isEmpty();
        assertThat(reading.offsets(reading.stream(EARLIEST, new ColdPosition.Time(Long.MAX_VALUE), false))).hasSize(all.size());
    }

    @Test
    void readersOfCommittedRecordsSeeNothingOfAbortedTransactions() {
        ColdLog log = cold.log(1);
        // 0-2 of producer 7 and 5-6 of producer 9 are aborted by markers in the second segment; 3-4 are committed; 7-8 belong to none.
        cold.await(log.append(new SegmentFixture(0, 1).transactional(7, 3).transactional(8, 2).transactional(9, 2).batch(random, Compression.NONE, 2, 10).marker(8, true)));
        cold.await(log.append(new SegmentFixture(10, 1).transactional(7, 1).marker(7, false).transactional(7, 2).marker(9, false).marker(7, true).aborted(7, 0, 11, 5).aborted(9, 5, 14, 12)));
        assertThat(reading.offsets(reading.stream(EARLIEST, END, true))).containsExactly(3L, 4L, 7L, 8L, 12L, 13L);
        assertThat(reading.offsets(reading.stream(EARLIEST, END, false))).as("all records, no markers").containsExactly(0L, 1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 10L, 12L, 13L);
    }

    @Test
    void readersOfCommittedRecordsStopWhereATransactionHasNoEndInTheBucket() {
        ColdLog log = cold.log(1);
        cold.await(log.append(new SegmentFixture(0, 1).batch(random, Compression.NONE, 3, 10).transactional(7, 2).batch(random, Compression.NONE, 4, 10).transactional(8, 1).open(8, 9).open(7, 3)));
        ColdStream committed = reading.stream(EARLIEST, END, true);
        assertThat(committed.limitOffset()).isEqualTo(3);
        assertThat(reading.offsets(committed)).isEqualTo(range(0, 3));
        assertThat(reading.offsets(reading.stream(EARLIEST, new ColdPosition.Offset(8), true))).isEqualTo(range(0, 3));
        assertThat(reading.offsets(reading.stream(EARLIEST, END, false))).isEqualTo(range(0, 10));

        cold.await(log.append(new SegmentFixture(10, 1).marker(7, false).marker(8, true).aborted(7, 3, 10, 9)));
        assertThat(reading.offsets(reading.stream(EARLIEST, END, true))).containsExactly(0L, 1L, 2L, 5L, 6L, 7L, 8L, 9L);
    }

    @Test
    void recordsThatExpireUnderAReaderAreReportedAndItGoesOn() {
        ColdLog log = cold.log(1);
        List<SegmentFixture> segments = fill(log, 5);
        ColdStream stream = reading.stream(EARLIEST, END, false);
        List<Long> offsets = new ArrayList<>();
        take(cold.await(stream.next()).orElseThrow(), offsets);
        long start = segments.get(3).baseOffset() + 1;
        cold.await(log.deleteBefore(start));
        cold.sim.pass(200_000);
        offsets.addAll(reading.offsets(stream));
        long gone = -offsets.get(offsets.indexOf(-start) - 1);
        assertThat(gone).as("what was in memory may still have been read").isLessThanOrEqualTo(segments.get(0).nextOffset());
        List<Long> expected = new ArrayList<>(range(0, gone));
        expected.addAll(List.of(-gone, -start));
        expected.addAll(range(start, log.endOffset()));
        assertThat(offsets).isEqualTo(expected);
        assertThat(reading.offsets(reading.stream(new ColdPosition.Offset(2), new ColdPosition.Offset(7), false))).as("a range of which nothing is left").containsExactly(-2L, -7L);
        assertThat(reading.offsets(reading.stream(EARLIEST, END, false))).as("who asks for what there is misses nothing").isEqualTo(range(start, log.endOffset()));
    }

    @Test
    void allThatIsLeftExpires() {
        ColdLog log = cold.log(1);
        fill(log, 2);
        ColdStream stream = reading.stream(EARLIEST, END, false);
        long end = log.endOffset();
        cold.await(log.deleteBefore(end));
        cold.sim.pass(200_000);
        assertThat(reading.offsets(stream)).containsExactly(0L, -end);
    }

    @Test
    void anObjectThatTheNewestManifestNamesAndThatIsGoneIsDamage() {
        ColdLog log = cold.log(1);
        fill(log, 4);
        ColdSegment lost = cold.segments(log).get(2);
        cold.await(cold.objects.delete(lost.key()));
        List<Long> offsets = new ArrayList<>();
        ColdStream stream = reading.stream(EARLIEST, END, false);
        assertThat(reading.failureOf(stream, offsets)).isInstanceOf(ColdStoreException.Missing.class).hasMessageContaining(lost.key());
        assertThat(offsets).isEqualTo(range(0, lost.baseOffset()));
        assertThat(reading.failureOf(stream, offsets)).isInstanceOf(ColdStoreException.Missing.class);
    }

    @Test
    void aStreamGoesOnWithoutAHoleAfterAFailure() {
        ColdLog log = cold.log(1);
        fill(log, 3);
        ColdStream stream = reading.stream(EARLIEST, END, true);
        List<Long> offsets = new ArrayList<>();
        take(cold.await(stream.next()).orElseThrow(), offsets);
        readable.inject(SimFault.outage());
        assertThat(reading.failureOf(stream, offsets)).isInstanceOf(ColdStoreException.Unavailable.class);
        assertThat(stream.nextOffset()).isLessThan(log.endOffset());
        readable.clearFaults();
        offsets.addAll(reading.offsets(stream));
        assertThat(offsets).isEqualTo(range(0, log.endOffset()));
    }

    @Test
    void aRottenChunkIsNeverDelivered() {
        ColdLog log = cold.log(1);
        fill(log, 2);
        cold.objects.flipBit(cold.segments(log).get(1).key(), 100);
        List<Long> offsets = new ArrayList<>();
        assertThat(reading.failureOf(reading.stream(EARLIEST, END, false), offsets)).isInstanceOf(ColdStoreException.Corrupt.class);
        assertThat(offsets).isEqualTo(range(0, cold.segments(log).get(1).baseOffset()));
    }

    @Test
    void onlyOnePieceMayBeAskedForAtATime() {
        fill(cold.log(1), 1);
        ColdStream stream = reading.stream(EARLIEST, END, false);
        CompletableFuture<Optional<ColdPiece>> first = stream.next();
        assertThat(cold.failure(stream.next())).isInstanceOf(IllegalStateException.class);
        take(cold.await(first).orElseThrow(), new ArrayList<>());
    }

    @Test
    void aBucketOfAnotherClusterOrOfNoneIsRefusedBeforeAnythingElseIsRead() {
        cold.log(1);
        ColdLogReader other = reading.over(readable, Optional.of("cluster-b"));
        int before = readable.requests();
        assertThat(cold.failure(other.topics())).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("cluster-a").hasMessageContaining("cluster-b");
        assertThat(cold.failure(other.stream(PARTITION, EARLIEST, END, false))).isInstanceOf(ColdStoreException.Misconfigured.class);
        assertThat(readable.requests() - before).isEqualTo(2);
        ColdLogReader empty = reading.over(new SimObjectStore(cold.sim, cold.sim), Optional.empty());
        assertThat(cold.failure(empty.topic("t"))).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("firn/cluster");
        SimObjectStore foreign = new SimObjectStore(cold.sim, cold.sim);
        cold.await(foreign.putIfAbsent("firn/cluster", ByteBuffer.wrap("nothing of ours".getBytes())));
        assertThat(cold.failure(reading.over(foreign, Optional.empty()).cluster())).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining("newer release");
    }

    @Test
    void aNameThatWasGivenAwayAgainMeansTheTopicThatIsLeft() {
        TopicIdPartition again = new TopicIdPartition(new Uuid(77, 78), new TopicPartition(PARTITION.topic(), 0));
        TopicIdPartition longer = new TopicIdPartition(new Uuid(79, 80), new TopicPartition(PARTITION.topic() + "-more", 0));
        for (TopicIdPartition partition : List.of(PARTITION, again, longer)) {
            cold.await(cold.await(cold.store.openLog(partition, 1)).append(SegmentFixture.random(random, 0, 1, 1_000)));
        }
        assertThat(cold.failure(reader.topic(PARTITION.topic()))).isInstanceOf(ColdStoreException.Misconfigured.class).hasMessageContaining(again.topicId().toString())
                .hasMessageContaining(PARTITION.topicId().toString());
        assertThat(cold.await(reader.topics())).hasSize(3);
        cold.objects.inject(SimFault.refusing().on(Operation.DELETE)); // the tombstone stands, its objects are still there
        cold.failure(cold.store.deleteLog(PARTITION, 2));
        assertThat(cold.await(reader.topic(PARTITION.topic())).id()).isEqualTo(again.topicId());
        assertThat(cold.failure(reader.stream(PARTITION, EARLIEST, END, false))).isInstanceOf(ColdStoreException.Missing.class).hasMessageContaining("deleted");
        assertThat(cold.failure(reader.topic("weather"))).isInstanceOf(ColdStoreException.Missing.class);
    }

    @Test
    void listingJumpsOverPartitionsHoweverManyObjectsTheyHave() {
        for (int partition = 0; partition < 12; partition++) {
            ColdLog log = cold.await(cold.store.openLog(new TopicIdPartition(PARTITION.topicId(), partition, PARTITION.topic()), 1));
            for (int i = 0; i < 20; i++) {
                cold.await(log.append(new SegmentFixture(log.endOffset(), 1).batch(random, Compression.NONE, 1, 10)));
            }
        }
        assertThat(cold.await(reader.topic(PARTITION.topic())).partitions()).isEqualTo(java.util.stream.IntStream.range(0, 12).boxed().toList());
        assertThat(readable.requests(Operation.LIST)).isEqualTo(13);
    }

    @Test
    void thereIsNoGatewayOnTheClassPath() {
        assertThatThrownBy(() -> Class.forName("io.firn.gateway.Broker")).isInstanceOf(ClassNotFoundException.class);
        assertThatThrownBy(() -> Class.forName("io.vertx.core.Vertx")).isInstanceOf(ClassNotFoundException.class);
    }
}
