package io.firn.gateway.cli;

import io.firn.cold.ColdLogReader;
import io.firn.cold.ColdPosition;
import io.firn.cold.ColdReaderConfig;
import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdStream;
import io.firn.cold.ColdTopic;
import io.firn.gateway.ColdBucket;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code firn replay}: a topic's records straight from the bucket, with no broker running or beside running ones, which it does not touch. */
@Command(name = "firn replay", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = {"Reads a topic straight from the bucket, without a broker, and writes its records to standard output, to files or into a cluster.",
            "Records of a partition keep their order. What brokers have only on their disks is not in the bucket."},
        footer = {"", "POSITION is an offset, a time (2026-11-01, 2026-11-01T12:30:00Z, @MILLISECONDS), earliest or end."})
final class ReplayCommand implements Callable<Integer> {

    /** As large as anything that was ever accepted. */
    private static final int MAX_REQUEST_BYTES = 1 << 30;
    private static final int BLOCK_LIMIT_MS = 120_000;
    /** What a partition holds while its records are written, which may take as long as the target pleases, lies over two chunks; with more of them than the cache has room for the others would wait in vain. */
    private static final int CHUNKS_A_PARTITION = 4;

    @Parameters(paramLabel = "TOPIC")
    private String topic;

    @Option(names = "--topic-id", paramLabel = "ID", description = "Which one, if the name was given to several topics.")
    private Optional<String> topicId = Optional.empty();

    @Option(names = "--partition", paramLabel = "N", split = ",", description = "Only this partition; several with commas.")
    private List<Integer> partitions = List.of();

    @Option(names = "--from", paramLabel = "POSITION", defaultValue = "earliest", description = "Where each partition begins (default ${DEFAULT-VALUE}).")
    private String from;

    @Option(names = "--to", paramLabel = "POSITION", defaultValue = "end", description = "Where each partition ends, exclusive (default ${DEFAULT-VALUE}).")
    private String to;

    @Option(names = "--read-committed", description = "Without records of aborted transactions, and up to the first one of which the bucket does not know how it ended.")
    private boolean readCommitted;

    @Option(names = "--format", paramLabel = "json|raw", defaultValue = "json", description = "json: an object a line. raw: the values, a line each (default ${DEFAULT-VALUE}).")
    private ReplayFormat format;

    @Option(names = "--to-dir", paramLabel = "DIR", description = "Into a file a partition, below this directory.")
    private Optional<Path> toDirectory = Optional.empty();

    @Option(names = "--to-cluster", paramLabel = "HOST:PORT", description = "Into a topic of a Kafka cluster, which has to be there with as many partitions.")
    private Optional<String> toCluster = Optional.empty();

    @Option(names = "--to-topic", paramLabel = "TOPIC", description = "Name of the topic there; the same if not given.")
    private Optional<String> toTopic = Optional.empty();

    @Option(names = "--client-config", paramLabel = "KEY=VALUE", description = "Any setting of the Java producer, with --to-cluster. Repeatable.")
    private Map<String, String> clientConfig = Map.of();

    @Option(names = "--parallel", paramLabel = "N", defaultValue = "4", description = "Partitions read at the same time, at most one for four chunks of cold.cache.bytes (default ${DEFAULT-VALUE}).")
    private int parallel;

    @Mixin
    private BucketOptions bucket;

    private final OutputStream output;

    ReplayCommand() {
        this(new FileOutputStream(FileDescriptor.out));
    }

    ReplayCommand(OutputStream output) {
        this.output = output;
    }

    @Override
    public Integer call() throws InterruptedException {
        checkOptions();
        ColdPosition start = ReplayPosition.parse("--from", from);
        ColdPosition end = ReplayPosition.parse("--to", to);
        ColdBucket configured = bucket.bucket();
        MeterRegistry meters = new SimpleMeterRegistry();
        try (ColdLogReader reader = ColdLogReader.open(configured.reader(), configured.openToRead(meters), InstantSource.system(), meters)) {
            ColdTopic found = find(reader);
            List<ColdStream> streams = wanted(found).stream().map(number -> reader.stream(found.partition(number), start, end, readCommitted)).toList().stream().map(ReplayCommand::await).toList();
            replay(streams, atOnce(parallel, configured.reader()));
            return Main.OK;
        }
    }

    static int atOnce(int parallel, ColdReaderConfig reader) {
        return (int) Math.max(1, Math.min(parallel, reader.cacheBytes() / CHUNKS_A_PARTITION / reader.chunkBytes()));
    }

    private void checkOptions() {
        if (toDirectory.isPresent() && toCluster.isPresent()) {
            throw new CliFailure(Main.USAGE, "--to-dir and --to-cluster exclude each other");
        }
        if (toCluster.isEmpty() && (toTopic.isPresent() || !clientConfig.isEmpty())) {
            throw new CliFailure(Main.USAGE, "--to-topic and --client-config go with --to-cluster");
        }
        if (parallel < 1 || parallel > 256) {
            throw new CliFailure(Main.USAGE, "--parallel must be 1 to 256");
        }
    }

    private ColdTopic find(ColdLogReader reader) {
        if (topicId.isEmpty()) {
            return await(reader.topic(topic));
        }
        return await(reader.topics()).stream().filter(each -> each.name().equals(topic) && each.id().toString().equals(topicId.get())).findFirst()
                .orElseThrow(() -> new CliFailure(Main.FAILED, "the bucket has no topic " + topic + " of the id " + topicId.get()));
    }

    private List<Integer> wanted(ColdTopic found) {
        for (int number : partitions) {
            if (!found.partitions().contains(number)) {
                throw new CliFailure(Main.FAILED, "the bucket has nothing of partition " + number + " of topic " + topic + ", only of " + found.partitions());
            }
        }
        return partitions.isEmpty() ? found.partitions() : partitions.stream().distinct().toList();
    }

    private static <T> T await(CompletableFuture<T> answer) {
        try {
            return answer.join();
        } catch (CompletionException failed) {
            throw ColdStoreException.unwrap(failed) instanceof RuntimeException bare ? bare : failed;
        }
    }

    private void replay(List<ColdStream> streams, int atOnce) throws InterruptedException {
        long total = streams.stream().mapToLong(ColdStream::remainingBytes).sum();
        try (ReplayTarget target = target(streams)) {
            BooleanSupplier enough = target instanceof ReplayToStream stream ? stream::readerGone : () -> false;
            long records = WatchedWork.run("replayed", total, System.err::println, new ReplayRun(streams, target, atOnce, enough)::run);
            if (!enough.getAsBoolean()) {
                System.err.println("replayed " + Figures.count(records) + " record(s) of " + streams.size() + " partition(s), " + Figures.megabytes(total) + " MB in the bucket");
                streams.forEach(this::tellUndecided);
            }
        }
    }

    /** A reader of committed records is told why it got less than there is. */
    private void tellUndecided(ColdStream stream) {
        if (readCommitted && to.equals("end") && stream.limitOffset() < stream.boundaryOffset()) {
            System.err.println("partition " + stream.partition().partition() + ": left out from offset " + stream.limitOffset() + " on, where a transaction begins whose end is not in the bucket; there are records up to offset "
                    + (stream.boundaryOffset() - 1));
        }
    }

    private ReplayTarget target(List<ColdStream> streams) throws InterruptedException {
        if (toDirectory.isPresent()) {
            ReplayToFiles files = new ReplayToFiles(toDirectory.get(), topic, format);
            files.requireFree(streams.stream().map(stream -> stream.partition().partition()).toList());
            return files;
        }
        if (toCluster.isEmpty()) {
            return new ReplayToStream(output, format);
        }
        BootstrapAddress.requireOneListening(toCluster.get());
        requireTopic(streams.stream().mapToInt(stream -> stream.partition().partition()).max().orElse(0) + 1);
        return new ReplayToCluster(new KafkaProducer<>(producer(), new ByteArraySerializer(), new ByteArraySerializer()), targetTopic());
    }

    private String targetTopic() {
        return toTopic.orElse(topic);
    }

    /** Asked before a producer asks for it, to which a cluster may answer by making the topic. */
    private void requireTopic(int partitions) throws InterruptedException {
        Map<String, Object> properties = new HashMap<>(Map.of(AdminClientConfig.BOOTSTRAP_SERVERS_CONFIG, toCluster.orElseThrow(), AdminClientConfig.CLIENT_ID_CONFIG, "firn-replay",
                AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, ClientOptions.TIME_LIMIT_MS, AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ClientOptions.TIME_LIMIT_MS,
                AdminClientConfig.METRIC_REPORTER_CLASSES_CONFIG, "", AdminClientConfig.ENABLE_METRICS_PUSH_CONFIG, false));
        properties.putAll(clientConfig);
        properties.keySet().retainAll(AdminClientConfig.configNames());
        try (Admin admin = Admin.create(properties)) {
            int there = AdminCall.await("cannot replay into topic " + targetTopic(), admin.describeTopics(List.of(targetTopic())).allTopicNames()).get(targetTopic()).partitions().size();
            if (there < partitions) {
                throw new CliFailure(Main.USAGE, "topic " + targetTopic() + " of the target has " + there + " partition(s), but " + partitions + " are needed to keep the records in order");
            }
        }
    }

    private Map<String, Object> producer() {
        Map<String, Object> properties = new HashMap<>(Map.of(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, toCluster.orElseThrow(), ProducerConfig.CLIENT_ID_CONFIG, "firn-replay",
                ProducerConfig.ACKS_CONFIG, "all", ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true, ProducerConfig.LINGER_MS_CONFIG, 5, ProducerConfig.BATCH_SIZE_CONFIG, 256 << 10,
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG, MAX_REQUEST_BYTES, ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_LIMIT_MS, ProducerConfig.METRIC_REPORTER_CLASSES_CONFIG, "",
                ProducerConfig.ENABLE_METRICS_PUSH_CONFIG, false));
        properties.putAll(clientConfig);
        return properties;
    }
}
