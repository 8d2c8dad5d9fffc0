package io.firn.gateway.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonFactory;
import io.firn.cold.ColdFixture;
import io.firn.cold.ColdLog;
import io.firn.cold.ColdLogReader;
import io.firn.cold.ColdPiece;
import io.firn.cold.ColdPosition;
import io.firn.cold.ColdReaderConfig;
import io.firn.cold.ColdRecord;
import io.firn.cold.ColdStore;
import io.firn.cold.ColdStream;
import io.firn.cold.ColdTopic;
import io.firn.cold.ObjectStoreConfig;
import io.firn.cold.ObjectStores;
import io.firn.cold.SegmentFixture;
import io.firn.gateway.rig.Await;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code firn segment}, {@code firn manifest} and {@code firn replay} over a directory that a broker has left. */
class BucketCommandsTest {

    private static final Uuid TOPIC = new Uuid(5, 6);
    private static final int RECORDS = 2_000;

    @TempDir
    Path directory;
    private final Random random = new Random(3);
    private final PrintStream standardOut = System.out;
    private final PrintStream standardErr = System.err;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Map<Integer, String> keys = new HashMap<>();

    @BeforeEach
    void fill() {
        try (ColdStore store = ColdStore.open(ColdFixture.config(64L << 20, 0), ObjectStores.open(ObjectStoreConfig.ofDirectory(directory), new SimpleMeterRegistry()), InstantSource.system(),
                new SimpleMeterRegistry())) {
            for (int partition = 0; partition < 3; partition++) {
                ColdLog log = store.openLog(new TopicIdPartition(TOPIC, partition, "rivers"), 1).join();
                for (int i = 0; i < 2; i++) {
                    SegmentFixture segment = new SegmentFixture(log.endOffset(), 1);
                    while (segment.nextOffset() < (i + 1) * RECORDS / 2) {
                        segment.batch(random, Compression.NONE, 50, 500);
                    }
                    keys.put(partition, log.append(segment).join().key());
                }
            }
            store.describeTopic(TOPIC, "rivers", 4, Map.of("retention.ms", "-1"), 7).join();
        }
        System.setOut(new PrintStream(out, true, UTF_8));
        System.setErr(new PrintStream(err, true, UTF_8));
    }

    @AfterEach
    void release() {
        System.setOut(standardOut);
        System.setErr(standardErr);
    }

    private int run(Object command, String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of("--set", "cold.file.dir=" + directory, "--set", "cold.prefix=firn"));
        return Commands.execute(command, all.toArray(String[]::new));
    }

    private List<Path> allFiles() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.sorted().toList();
        }
    }

    @Test
    void aSoundBucketIsVerifiedAndLeftAsItWas() throws IOException {
        List<Path> before = allFiles();
        assertThat(run(new ManifestCommand(), "verify", "--deep")).isEqualTo(Main.OK);
        assertThat(out.toString(UTF_8)).startsWith("cluster  cluster-a\nsound    rivers-0 (" + TOPIC + "): manifest 2, 2 segment(s), offsets [0,2000)").contains("3 partition(s), 6 segment(s)", "0 problem(s)");
        assertThat(allFiles()).isEqualTo(before);
    }

    @Test
    void damageIsExitCodeOne() throws IOException {
        Files.delete(directory.resolve(keys.get(1)));
        assertThat(run(new ManifestCommand(), "verify", "rivers", "--partition", "0")).isEqualTo(Main.OK);
        assertThat(run(new ManifestCommand(), "verify", "rivers")).isEqualTo(Main.FAILED);
        assertThat(out.toString(UTF_8)).contains("DAMAGED  " + keys.get(1) + " is not there");
        assertThat(run(new ManifestCommand(), "verify", "lakes")).isEqualTo(Main.FAILED);
        assertThat(err.toString(UTF_8)).isEqualTo("firn: the bucket has nothing of topic lakes\n");
    }

    @Test
    void manifestsAreShown() {
        assertThat(run(new ManifestCommand(), "show", "rivers", "--partition", "2", "--segments")).isEqualTo(Main.OK);
        assertThat(out.toString(UTF_8).lines()).hasSize(9).contains("topic     rivers, topic id " + TOPIC + ": 4 partition(s), configs {retention.ms=-1}, as of version 7 of the metadata of cluster cluster-a", "partition rivers-2, topic id " + TOPIC, "offsets   [0,2000)").anyMatch(line -> line.endsWith(": " + keys.get(2)));
    }

    @Test
    void aSegmentIsDumpedByItsKeyAndAsAFile() throws IOException {
        assertThat(run(new SegmentCommand(), "dump", keys.get(0), "--records")).isEqualTo(Main.OK);
        assertThat(out.toString(UTF_8).lines().filter(line -> line.startsWith("record"))).hasSize(RECORDS / 2);
        out.reset();
        Path file = directory.resolve(keys.get(0));
        byte[] bytes = Files.readAllBytes(file);
        bytes[100] ^= 1;
        Files.write(file, bytes);
        assertThat(Commands.execute(new SegmentCommand(), "dump", file.toString(), "--batches")).isEqualTo(Main.FAILED);
        assertThat(out.toString(UTF_8)).contains("DAMAGED   batch at 0 fails its checksum");
        assertThat(run(new SegmentCommand(), "dump", "firn/nothing")).isEqualTo(Main.FAILED);
        assertThat(err.toString(UTF_8)).startsWith("firn: dump: No object firn/nothing in file:");
        assertThat(run(new SegmentCommand(), "dump", "no key")).isEqualTo(Main.USAGE);
        assertThat(run(new SegmentCommand(), "dump", "\0")).isEqualTo(Main.USAGE);
    }

    @Test
    void aReportThatCannotBeWrittenToItsEndIsAFailure() {
        for (String[] command : new String[][] {{"show", "--segments"}, {"verify"}}) {
            err.reset();
            System.setOut(new PrintStream(new OutputStream() {
                private int left = 50;

                @Override
                public void write(int b) throws IOException {
                    if (left-- <= 0) {
                        throw new IOException("No space left on device");
                    }
                }
            }, false, UTF_8));
            assertThat(run(new ManifestCommand(), command)).isEqualTo(Main.FAILED);
            assertThat(err.toString(UTF_8)).isEqualTo("firn: standard output takes no more; the rest was not written\n");
        }
    }

    @Test
    void aNameThatNoTopicCanHaveIsNotThere() {
        for (String name : List.of("no topic", "ä", "a/b", "..")) {
            assertThat(run(new ManifestCommand(), "show", name)).isEqualTo(Main.FAILED);
            assertThat(run(new ManifestCommand(), "verify", name)).isEqualTo(Main.FAILED);
            assertThat(run(new ReplayCommand(), name)).isEqualTo(Main.FAILED);
            assertThat(Commands.execute(new TopicCommand(), "recover", name, "--http", "http://127.0.0.1:1")).isIn(Main.USAGE, Main.FAILED);
        }
        assertThat(err.toString(UTF_8)).contains("firn: no topic can have the name 'no topic'\n").doesNotContain("\tat ");
    }

    /** Offsets by partition, in the order of the lines; fails on a line that is no JSON object of a record. */
    private static Map<Integer, List<Long>> offsets(String lines) throws IOException {
        Map<Integer, List<Long>> offsets = new HashMap<>();
        for (String line : lines.lines().toList()) {
            try (var json = new JsonFactory().createParser(line)) {
                Map<String, Long> numbers = new HashMap<>();
                while (json.nextToken() != null) {
                    if (json.currentToken().isNumeric()) {
                        numbers.put(json.currentName(), json.getLongValue());
                    }
                }
                offsets.computeIfAbsent(numbers.get("partition").intValue(), any -> new ArrayList<>()).add(numbers.get("offset"));
            }
        }
        return offsets;
    }

    private static List<Long> range(long from, long to) {
        return LongStream.range(from, to).boxed().toList();
    }

    @Test
    void replayWritesEveryRecordOnceAndThoseOfAPartitionInOrder() throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        assertThat(run(new ReplayCommand(written), "rivers", "--parallel", "3")).isEqualTo(Main.OK);
        assertThat(offsets(written.toString(UTF_8))).isEqualTo(Map.of(0, range(0, RECORDS), 1, range(0, RECORDS), 2, range(0, RECORDS)));
        assertThat(err.toString(UTF_8)).startsWith("replayed 6,000 record(s) of 3 partition(s)");
    }

    @Test
    void rawAreTheBytesOfTheValuesAndALineFeedBehindEach() throws IOException {
        ByteArrayOutputStream wanted = new ByteArrayOutputStream();
        try (ColdLogReader reader = reader()) {
            values(streams(reader).get(1), value -> {
                byte[] bytes = new byte[value.remaining()];
                value.get(bytes);
                wanted.writeBytes(bytes);
                wanted.write('\n');
            });
        }
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        assertThat(run(new ReplayCommand(written), "rivers", "--partition", "1", "--format", "raw")).isEqualTo(Main.OK);
        assertThat(written.toByteArray()).hasSize(RECORDS * 501).isEqualTo(wanted.toByteArray());
        assertThat(out.size()).isZero();

        ByteArrayOutputStream several = new ByteArrayOutputStream();
        assertThat(run(new ReplayCommand(several), "rivers", "--format", "raw", "--parallel", "3")).isEqualTo(Main.OK);
        assertThat(several.size()).isEqualTo(3 * written.size());
    }

    private static void values(ColdStream stream, Consumer<ByteBuffer> to) {
        for (Optional<ColdPiece> piece = stream.next().join(); piece.isPresent(); piece = stream.next().join()) {
            try (ColdPiece.Batches batches = (ColdPiece.Batches) piece.get()) {
                batches.records(record -> to.accept(record.value().orElseThrow().duplicate()));
            }
        }
    }

    @Test
    void rawWithoutAValueIsAnEmptyLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        ReplayFormat.raw.write(7, new ColdRecord(12, 34, Optional.of(ByteBuffer.wrap("key".getBytes(UTF_8))), Optional.empty(), List.of()), line);
        ReplayFormat.raw.write(7, new ColdRecord(13, 34, Optional.empty(), Optional.of(ByteBuffer.wrap("Saar".getBytes(UTF_8))), List.of(new ColdRecord.Header("h", Optional.empty()))), line);
        assertThat(line.toString(UTF_8)).isEqualTo("\nSaar\n");
    }

    private ColdLogReader reader() {
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        return ColdLogReader.open(ColdReaderConfig.of("firn"), ObjectStores.openToRead(ObjectStoreConfig.ofDirectory(directory), meters), InstantSource.system(), meters);
    }

    private static List<ColdStream> streams(ColdLogReader reader) {
        ColdTopic rivers = reader.topic("rivers").join();
        return rivers.partitions().stream().map(number -> reader.stream(rivers.partition(number), new ColdPosition.Earliest(), new ColdPosition.End(), false).join()).toList();
    }

    @Test
    void theProgressIsToldAsManyBytesAsRemained() throws InterruptedException {
        try (ColdLogReader reader = reader(); ReplayTarget target = new ReplayToStream(new ByteArrayOutputStream(), ReplayFormat.raw)) {
            List<ColdStream> streams = streams(reader);
            long remaining = streams.stream().mapToLong(ColdStream::remainingBytes).sum();
            AtomicLong told = new AtomicLong();
            assertThat(new ReplayRun(streams, target, 2, () -> false).run(line -> {}, told::addAndGet)).isEqualTo(3L * RECORDS);
            assertThat(remaining).isGreaterThan(3L * RECORDS * 500);
            assertThat(told.get()).isEqualTo(remaining);
            assertThat(streams).allMatch(stream -> stream.remainingBytes() == 0);
        }
    }

    @Test
    void asManyStreamsAsAskedForAreUnderWayAtOnceAndNoMore() throws InterruptedException {
        MeetingLanes target = new MeetingLanes(2);
        try (ColdLogReader reader = reader()) {
            assertThat(new ReplayRun(streams(reader), target, 2, () -> false).run(line -> {}, bytes -> {})).isEqualTo(3L * RECORDS);
        }
        assertThat(target.most.get()).isEqualTo(2);
    }

    /** A target of which no lane takes a second record before so many of them have been given their first. */
    private static final class MeetingLanes implements ReplayTarget {
        private final AtomicInteger missing;
        private final CompletableFuture<Void> met = new CompletableFuture<>();
        private final AtomicInteger open = new AtomicInteger();
        /** Lanes that were open at the same time. */
        private final AtomicInteger most = new AtomicInteger();

        MeetingLanes(int lanes) {
            missing = new AtomicInteger(lanes);
        }

        @Override
        public Lane lane(int partition) {
            most.accumulateAndGet(open.incrementAndGet(), Math::max);
            return new Lane() {
                private boolean begun;

                @Override
                public void write(ColdRecord record) {
                    if (!begun) {
                        begun = true;
                        meet();
                    }
                }

                @Override
                public void finish() {}

                @Override
                public void close() {
                    open.decrementAndGet();
                }
            };
        }

        private void meet() {
            if (missing.decrementAndGet() == 0) {
                met.complete(null);
            }
            Await.get(met);
        }

        @Override
        public void close() {}
    }

    /** Each partition that is begun while a thread is left for it has that for itself. */
    @ParameterizedTest
    @CsvSource({"1, 1", "2, 2", "4, 3"})
    void theOptionSaysByHowManyThreadsPartitionsAreRead(String parallel, int threads) {
        Set<String> writers = ConcurrentHashMap.newKeySet();
        OutputStream watched = new OutputStream() {
            @Override
            public void write(int b) {
                writers.add(Thread.currentThread().getName());
            }

            @Override
            public void write(byte[] bytes, int from, int length) {
                writers.add(Thread.currentThread().getName());
            }
        };
        assertThat(run(new ReplayCommand(watched), "rivers", "--parallel", parallel)).isEqualTo(Main.OK);
        assertThat(writers).containsExactlyInAnyOrderElementsOf(IntStream.range(0, threads).mapToObj(number -> "firn-replay-" + number).toList());
    }

    @Test
    void replayTakesARangeOfSomePartitions() throws IOException {
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        assertThat(run(new ReplayCommand(written), "rivers", "--partition", "2,0", "--from", "17", "--to", "1234", "--read-committed")).isEqualTo(Main.OK);
        assertThat(offsets(written.toString(UTF_8))).isEqualTo(Map.of(0, range(17, 1234), 2, range(17, 1234)));
        assertThat(run(new ReplayCommand(written), "rivers", "--partition", "3")).isEqualTo(Main.FAILED);
        assertThat(run(new ReplayCommand(written), "lakes")).isEqualTo(Main.FAILED);
        assertThat(err.toString(UTF_8)).contains("firn: the bucket has nothing of partition 3 of topic rivers, only of [0, 1, 2]\n", "No topic lakes in file:");
    }

    @Test
    void replayFillsAFileAPartitionAndNeverOneThatIsThere() throws IOException {
        Path into = directory.resolveSibling(directory.getFileName() + "-out");
        assertThat(run(new ReplayCommand(), "rivers", "--to-dir", into.toString())).isEqualTo(Main.OK);
        for (int partition = 0; partition < 3; partition++) {
            assertThat(offsets(Files.readString(into.resolve("rivers-" + partition + ".jsonl")))).isEqualTo(Map.of(partition, range(0, RECORDS)));
        }
        assertThat(run(new ReplayCommand(), "rivers", "--to-dir", into.toString())).isEqualTo(Main.USAGE);
        assertThat(run(new ReplayCommand(), "rivers", "--to-dir", into.toString(), "--format", "raw", "--to", "3")).isEqualTo(Main.OK);
        assertThat(Files.size(into.resolve("rivers-1.raw"))).isEqualTo(3 * 501);
        try (Stream<Path> files = Files.list(into)) {
            assertThat(files.map(file -> file.getFileName().toString())).hasSize(6).noneMatch(name -> name.endsWith(".part"));
        }
    }

    @Test
    void noMorePartitionsAreReadAtATimeThanTheCacheHasRoomFor() {
        ColdReaderConfig reader = ColdReaderConfig.of("firn"); // 64 chunks
        assertThat(ReplayCommand.atOnce(4, reader)).isEqualTo(4);
        assertThat(ReplayCommand.atOnce(256, reader)).isEqualTo(16);
        ColdReaderConfig small = new ColdReaderConfig("firn", Optional.empty(), 1 << 20, 8 << 20, 1, 0, 1_000, 1);
        assertThat(ReplayCommand.atOnce(256, small)).isEqualTo(2);
    }

    @Test
    void aFileThatIsThereIsFoundBeforeAnythingIsWritten() throws IOException {
        for (String there : List.of("rivers-2.jsonl", "rivers-2.jsonl.part")) {
            Path into = directory.resolveSibling(directory.getFileName() + "-" + there);
            Files.createDirectories(into);
            Files.writeString(into.resolve(there), "somebody's");
            assertThat(run(new ReplayCommand(), "rivers", "--parallel", "1", "--to-dir", into.toString())).isEqualTo(Main.USAGE);
            assertThat(err.toString(UTF_8)).contains(there + " is there already");
            try (Stream<Path> files = Files.list(into)) {
                assertThat(files).containsExactly(into.resolve(there));
            }
            assertThat(into.resolve(there)).hasContent("somebody's");
        }
    }

    @Test
    void aPartitionThatCannotBeReadIsToldWithTheOffsetToGoOnFromAndNoFileLooksFinished() throws IOException {
        Files.delete(directory.resolve(keys.get(1)));
        Path into = directory.resolveSibling(directory.getFileName() + "-broken");
        assertThat(run(new ReplayCommand(), "rivers", "--partition", "1", "--to-dir", into.toString())).isEqualTo(Main.FAILED);
        assertThat(err.toString(UTF_8)).contains("firn: partition 1 cannot be read from offset 1000 on: ");
        assertThat(into.resolve("rivers-1.jsonl")).doesNotExist();
    }

    @Test
    void aReaderThatIsGoneEndsAReplayQuietly() {
        OutputStream gone = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        assertThat(run(new ReplayCommand(gone), "rivers")).isEqualTo(Main.OK);
        assertThat(err.size()).isZero();
        OutputStream full = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        };
        assertThat(run(new ReplayCommand(full), "rivers")).isEqualTo(Main.FAILED);
        assertThat(err.toString(UTF_8)).isEqualTo("firn: cannot write to standard output: No space left on device\n");
    }

    @Test
    void whatIsNoTextIsWrittenInBase64() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        ReplayFormat.json.write(7, new ColdRecord(12, 34, Optional.of(ByteBuffer.wrap("Mosel \"blau\"".getBytes(UTF_8))), Optional.of(ByteBuffer.wrap(new byte[] {-1, 0})),
                List.of(new ColdRecord.Header("h", Optional.empty()), new ColdRecord.Header("i", Optional.of(ByteBuffer.wrap("ä".getBytes(UTF_8)))))), line);
        ReplayFormat.json.write(7, new ColdRecord(13, -1, Optional.empty(), Optional.empty(), List.of()), line);
        assertThat(line.toString(UTF_8)).isEqualTo("""
                {"partition":7,"offset":12,"timestamp":34,"key":"Mosel \\"blau\\"","valueBase64":"/wA=","headers":[{"name":"h","value":null},{"name":"i","value":"ä"}]}
                {"partition":7,"offset":13,"timestamp":-1,"key":null,"value":null}
                """);
    }

    @Test
    void positionsAreOffsetsAndTimes() {
        assertThat(ReplayPosition.parse("--from", "12")).isEqualTo(new ColdPosition.Offset(12));
        assertThat(ReplayPosition.parse("--from", "@12")).isEqualTo(new ColdPosition.Time(12));
        assertThat(ReplayPosition.parse("--from", "1970-01-02")).isEqualTo(new ColdPosition.Time(86_400_000));
        assertThat(ReplayPosition.parse("--from", "1970-01-02T01:00:00+01:00")).isEqualTo(new ColdPosition.Time(86_400_000));
        assertThat(ReplayPosition.parse("--from", "earliest")).isEqualTo(new ColdPosition.Earliest());
        assertThat(ReplayPosition.parse("--to", "end")).isEqualTo(new ColdPosition.End());
    }

    @Test
    void recordsGoIntoThePartitionTheyCameFromAndAFailureSaysWhereToGoOn() {
        List<PartitionInfo> partitions = List.of(new PartitionInfo("u", 0, Node.noNode(), null, null), new PartitionInfo("u", 1, Node.noNode(), null, null));
        MockProducer<byte[], byte[]> producer = new MockProducer<>(new Cluster("c", List.of(), partitions, Set.of(), Set.of()), false, null, new ByteArraySerializer(), new ByteArraySerializer());
        try (ReplayToCluster cluster = new ReplayToCluster(producer, "u")) {
            ReplayTarget.Lane lane = cluster.lane(1);
            for (long offset = 100; offset < 103; offset++) {
                lane.write(new ColdRecord(offset, offset, Optional.empty(), Optional.of(ByteBuffer.wrap(new byte[] {(byte) offset})), List.of()));
            }
            assertThat(producer.history()).extracting(ProducerRecord::partition).containsExactly(1, 1, 1);
            assertThat(producer.history()).extracting(ProducerRecord::timestamp).containsExactly(100L, 101L, 102L);
            producer.completeNext();
            producer.errorNext(new TimeoutException("too slow"));
            producer.completeNext();
            String where = "partition 1: acknowledged up to offset 100 of the source, go on with --partition 1 --from 101: too slow";
            assertThatThrownBy(lane::finish).isInstanceOf(CliFailure.class).hasMessageStartingWith(where);
            assertThatThrownBy(() -> lane.write(new ColdRecord(104, 0, Optional.empty(), Optional.empty(), List.of()))).hasMessageStartingWith(where);
        }
    }
}
