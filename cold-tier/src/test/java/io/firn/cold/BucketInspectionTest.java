package io.firn.cold;

import static io.firn.cold.ColdFixture.CHUNK;
import static io.firn.cold.ColdFixture.PARTITION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.cold.sim.SimObjectStore;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.compress.Compression;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BucketInspectionTest {

    private final SimObjectStore objects = new SimObjectStore();
    private final Random random = new Random(5);
    private final ColdStore store = ColdStore.open(ColdFixture.config(16 * CHUNK, 0), objects, () -> Instant.ofEpochMilli(5_000_000), new SimpleMeterRegistry());
    private final SimObjectStore readable = objects.reopened();
    private final BucketInspection inspection = BucketInspection.open(readable, "firn");
    private final List<String> lines = new ArrayList<>();
    private ColdLog log;

    @TempDir
    Path directory;

    @BeforeEach
    void fill() {
        readable.inject(SimFault.refusing().on(Operation.PUT, Operation.PUT_IF_ABSENT, Operation.DELETE));
        log = store.openLog(PARTITION, 3).join();
        for (int i = 0; i < 3; i++) {
            log.append(SegmentFixture.random(random, log.endOffset(), 3, 3 * CHUNK)).join();
        }
    }

    @AfterEach
    void close() {
        store.close();
    }

    private List<ColdSegment> segments() {
        return log.segmentsFrom(0, 100).join();
    }

    private BucketVerdict verify(boolean deep) throws InterruptedException {
        lines.clear();
        return inspection.verify(inspection.partitions(Optional.empty()), deep, lines::add, bytes -> {});
    }

    @Test
    void aSoundBucketIsFoundSound() throws InterruptedException {
        AtomicLong checked = new AtomicLong();
        assertThat(inspection.cluster()).isEqualTo("cluster-a");
        BucketVerdict verdict = inspection.verify(inspection.partitions(Optional.of(PARTITION.topic())), true, lines::add, checked::addAndGet);
        assertThat(verdict).isEqualTo(new BucketVerdict(1, 3, log.sizeBytes(), 0, 0, 0, 0));
        assertThat(checked.get()).isEqualTo(log.sizeBytes()).isEqualTo(inspection.logBytes(PARTITION));
        assertThat(lines).singleElement().asString().startsWith("sound    weather-reports.v1-3").contains("3 segment(s)", "[0," + log.endOffset() + ")");
    }

    @Test
    void aMissingObjectACutOneAndARottenTailAreEachFound() throws InterruptedException {
        objects.delete(segments().get(0).key()).join();
        objects.truncate(segments().get(1).key(), 1_000);
        objects.flipBit(segments().get(2).key(), segments().get(2).logSizeBytes() + 3);
        assertThat(verify(false).problems()).isEqualTo(3);
        assertThat(lines).hasSize(4).allMatch(line -> line.startsWith("DAMAGED"));
        assertThat(lines.get(1)).contains(segments().get(0).key(), "is not there");
        assertThat(lines.get(2)).contains(segments().get(1).key(), "has 1000 bytes");
        assertThat(lines.get(3)).contains(segments().get(2).key(), "checksum");
    }

    @Test
    void aRottenBatchIsFoundOnlyByReadingAll() throws InterruptedException {
        objects.flipBit(segments().get(1).key(), CHUNK + 77);
        assertThat(verify(false).problems()).isZero();
        assertThat(verify(true).problems()).isOne();
        assertThat(lines.get(1)).contains(segments().get(1).key(), "chunk 1");
    }

    @Test
    void anObjectOfAnotherSegmentIsFound() throws InterruptedException {
        String key = segments().get(0).key();
        TopicIdPartition other = new TopicIdPartition(PARTITION.topicId(), 9, PARTITION.topic());
        ColdLog elsewhere = store.openLog(other, 3).join();
        Random same = new Random(5);
        ColdSegment twin = elsewhere.append(SegmentFixture.random(same, 0, 3, 3 * CHUNK)).join();
        objects.put(key, UploadSource.of(ByteBuffer.wrap(objects.bytes(twin.key())))).join();
        assertThat(verify(false).problems()).isOne();
        assertThat(lines).anyMatch(line -> line.contains(key) && line.contains("another segment"));
    }

    @Test
    void orphansAreListedAndPendingDeletionsAreNone() throws InterruptedException {
        String live = segments().get(0).key();
        log.deleteBefore(segments().get(1).baseOffset()).join();
        String orphan = live.replaceFirst("-3-", "-2-");
        objects.put(orphan, UploadSource.of(ByteBuffer.allocate(321))).join();
        BucketVerdict verdict = verify(true);
        assertThat(verdict.problems()).isZero();
        assertThat(verdict.orphans()).isOne();
        assertThat(verdict.orphanBytes()).isEqualTo(321);
        assertThat(verdict.pendingDeletions()).isOne();
        assertThat(lines).last().asString().startsWith("orphan   " + orphan + ", 321 bytes");
    }

    @Test
    void whatIsLeftOfADeletedPartitionIsOrphaned() throws InterruptedException {
        objects.inject(SimFault.refusing().on(Operation.DELETE));
        assertThatThrownBy(() -> store.deleteLog(PARTITION, 4).join()).hasCauseInstanceOf(ColdStoreException.Misconfigured.class);
        BucketVerdict verdict = verify(false);
        assertThat(verdict.problems()).isZero();
        assertThat(verdict.orphans()).isEqualTo(3);
        assertThat(lines.get(0)).endsWith("deleted");
    }

    @Test
    void ofATopicThatCannotBeThereIsNothing() {
        for (String name : List.of("lakes", "no topic", "ä", "a/b", "..", "x".repeat(2_000))) {
            assertThat(inspection.partitions(Optional.of(name))).as(name).isEmpty();
        }
    }

    @Test
    void aManifestThatCannotBeReadIsDamage() throws InterruptedException {
        String manifest = objects.keys().stream().filter(key -> key.endsWith("3.manifest")).findFirst().orElseThrow();
        objects.flipBit(manifest, 90);
        assertThat(verify(false).problems()).isOne();
        assertThat(lines).singleElement().asString().contains("DAMAGED", "checksum");
    }

    @Test
    void whatALivingBrokerChangesMeanwhileIsNoDamage() throws InterruptedException {
        List<TopicIdPartition> partitions = inspection.partitions(Optional.empty());
        SimFault held = readable.inject(SimFault.holdingRequests().on(Operation.LIST).forKeys(key -> key.endsWith("/3/")));
        Thread broker = new Thread(() -> {
            while (held.heldCount() == 0) {
                Thread.onSpinWait();
            }
            String dropped = segments().get(0).key();
            log.deleteBefore(segments().get(1).baseOffset()).join();
            objects.delete(dropped).join();
            log.append(SegmentFixture.random(random, log.endOffset(), 3, 100)).join();
            held.release();
        });
        broker.start();
        BucketVerdict verdict = inspection.verify(partitions, true, lines::add, bytes -> {});
        broker.join();
        assertThat(verdict.problems()).isZero();
        assertThat(verdict.orphans()).isZero();
    }

    @Test
    void aManifestIsShownWithAllItsSegments() {
        log.deleteBefore(segments().get(1).baseOffset() + 1).join();
        inspection.show(PARTITION, true, lines::add);
        assertThat(lines.get(0)).isEqualTo("partition weather-reports.v1-3, topic id " + PARTITION.topicId());
        assertThat(lines.get(1)).isEqualTo("manifest  4, written 1970-01-01T01:23:20Z by the leader of epoch 3");
        assertThat(lines.get(2)).isEqualTo("offsets   [" + (segments().get(0).baseOffset() + 1) + "," + log.endOffset() + ")");
        assertThat(lines.get(3)).startsWith("segments  2, " + log.sizeBytes() + " log bytes");
        assertThat(lines.get(4)).startsWith("segment   [" + segments().get(0).baseOffset()).endsWith(": " + segments().get(0).key());
        assertThat(lines.get(6)).isEqualTo("pending   1 deletion(s)");
        assertThat(lines.get(7)).startsWith("deletion  dropped 1970-01-01T01:23:20Z: firn/topics/");
    }

    @Test
    void aSegmentIsDumpedDownToItsRecordsFromTheBucketAndFromAFile() throws IOException {
        SegmentFixture segment = new SegmentFixture(log.endOffset(), 3).batch(random, Compression.lz4().build(), 2, 10).transactional(7, 1).marker(7, false).aborted(7, log.endOffset() + 2, log.endOffset() + 3, 0)
                .open(8, log.endOffset() + 1);
        long base = log.endOffset();
        String key = log.append(segment).join().key();
        assertThat(inspection.dump(key, SegmentDetail.RECORDS, lines::add)).isZero();
        assertThat(lines.get(0)).startsWith("segment   " + key);
        assertThat(lines.get(1)).startsWith("footer    version 1, topic id " + PARTITION.topicId() + ", partition 3, leader epoch 3, offsets [" + base + "," + (base + 4) + ")");
        assertThat(lines.subList(2, 8)).allMatch(line -> line.startsWith("section   ") && line.endsWith("checksum right"));
        assertThat(lines).contains("epoch     3 from offset 0", "aborted   producer 7, offsets " + (base + 2) + " to " + (base + 3) + ", last stable offset 0",
                "open      a transaction at offset " + (base + 1) + " has no end in this segment or before");
        assertThat(lines.stream().filter(line -> line.startsWith("batch"))).hasSize(3);
        assertThat(lines.stream().filter(line -> line.startsWith("batch")).toList().get(2)).contains("producer 7 epoch 0", "transactional, control");
        assertThat(lines.stream().filter(line -> line.startsWith("record"))).hasSize(3).last().asString().isEqualTo("record    offset " + (base + 2) + ", " + Instant.ofEpochMilli(10_000 + 10 * (base + 2)) + ", key null, value 1 bytes 0x01");

        Path copy = Files.write(directory.resolve("copy"), objects.bytes(key));
        List<String> ofFile = new ArrayList<>();
        assertThat(BucketInspection.dump(copy, SegmentDetail.RECORDS, ofFile::add)).isZero();
        assertThat(ofFile.subList(1, ofFile.size())).isEqualTo(lines.subList(1, lines.size()));
    }

    @Test
    void theLogOfABrokersDiskIsDumpedToo() throws IOException {
        SegmentFixture segment = SegmentFixture.random(random, 100, 3, 3 << 20);
        Path file = Files.write(directory.resolve("00000000000000000100.log"), segment.bytes());
        assertThat(BucketInspection.dump(file, SegmentDetail.RECORDS, lines::add)).isZero();
        assertThat(lines.get(1)).isEqualTo("footer    none: a log and nothing else");
        assertThat(lines.stream().filter(line -> line.startsWith("batch"))).hasSameSizeAs(segment.batches());
        assertThat(lines.stream().filter(line -> line.startsWith("record"))).hasSameSizeAs(segment.records());
    }

    @Test
    void damageIsToldAndWhatCanBeShownIsShown() throws IOException {
        ColdSegment segment = segments().get(1);
        objects.flipBit(segment.key(), 100);
        objects.flipBit(segment.key(), segment.objectSizeBytes() - 260);
        assertThat(inspection.dump(segment.key(), SegmentDetail.BATCHES, lines::add)).isGreaterThanOrEqualTo(2);
        assertThat(lines).anyMatch(line -> line.startsWith("DAMAGED   batch at 0 fails")).anyMatch(line -> line.startsWith("DAMAGED   section "));
        assertThat(lines.stream().filter(line -> line.startsWith("batch"))).hasSizeGreaterThan(3);

        byte[] whole = objects.bytes(segments().get(0).key());
        for (int from : new int[] {1, (int) segments().get(0).logSizeBytes(), whole.length - 256}) {
            lines.clear();
            assertThat(BucketInspection.dump(Files.write(directory.resolve("tail"), Arrays.copyOfRange(whole, from, whole.length)), SegmentDetail.RECORDS, lines::add)).as("without %d bytes", from).isPositive();
            assertThat(lines).anyMatch(line -> line.startsWith("footer    version 1")).anyMatch(line -> line.startsWith("DAMAGED   "));
        }

        lines.clear();
        assertThat(BucketInspection.dump(Files.write(directory.resolve("nothing"), new byte[300]), SegmentDetail.RECORDS, lines::add)).isOne();
        assertThat(lines).last().asString().startsWith("DAMAGED   footer");
        assertThatThrownBy(() -> inspection.dump("firn/nowhere", SegmentDetail.SECTIONS, lines::add)).isInstanceOf(ColdStoreException.Missing.class);
    }
}
