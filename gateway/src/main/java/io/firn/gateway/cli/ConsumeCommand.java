package io.firn.gateway.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code firn consume}: writes a topic's records to standard output. With {@code --group} it joins that group and commits what was written;
 * without it reads all partitions, or the one that is named, and leaves no trace.
 */
@Command(name = "firn consume", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "Writes a topic's records to standard output, one a line.")
final class ConsumeCommand implements Callable<Integer> {

    @Parameters(paramLabel = "TOPIC")
    private String topic;

    @Option(names = "--from-beginning", description = "Begin with the oldest record kept, cold ones included, where no offset is committed.")
    private boolean fromBeginning;

    @Option(names = "--group", paramLabel = "NAME", description = "Join this consumer group, and commit.")
    private Optional<String> group = Optional.empty();

    @Option(names = "--partition", paramLabel = "N", description = "Only this partition.")
    private Optional<Integer> partition = Optional.empty();

    @Option(names = "--offset", paramLabel = "N", description = "Begin at this offset of --partition.")
    private Optional<Long> offset = Optional.empty();

    @Option(names = "--max-messages", paramLabel = "N", description = "End after so many records.")
    private Optional<Long> maxMessages = Optional.empty();

    @Option(names = "--exit-at-end", description = "End when everything that was there at the start has been written.")
    private boolean exitAtEnd;

    @Option(names = "--print-key", description = "Write KEY and a tab before the value.")
    private boolean printKey;

    @Option(names = "--print-headers", description = "Write NAME=VALUE,... and a tab before the rest.")
    private boolean printHeaders;

    @Option(names = "--isolation", paramLabel = "LEVEL", defaultValue = "read_committed",
            description = "read_committed or read_uncommitted (default ${DEFAULT-VALUE}).")
    private String isolation;

    @Mixin
    private ClientOptions client;

    private final OutputStream output;

    ConsumeCommand() {
        this(new FileOutputStream(FileDescriptor.out));
    }

    ConsumeCommand(OutputStream output) {
        this.output = output;
    }

    @Override
    public Integer call() throws InterruptedException {
        checkOptions();
        try (Consumer<byte[], byte[]> consumer = new KafkaConsumer<>(configuration(), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            ConsumeLoop loop = new ConsumeLoop(consumer, new RecordOutput(output, printHeaders, printKey),
                    new ConsumeLoop.Ends(maxMessages.orElse(Long.MAX_VALUE), exitAtEnd), group.isPresent());
            ShutdownHook hook = ShutdownHook.quiet(loop::stop);
            try {
                begin(consumer);
                loop.run();
            } finally {
                loop.ended();
                hook.remove();
            }
            return Main.OK;
        }
    }

    private void checkOptions() {
        if (group.isPresent() && partition.isPresent()) {
            throw new CliFailure(Main.USAGE, "--group and --partition exclude each other: a group shares out the partitions itself");
        }
        if (offset.isPresent() && (partition.isEmpty() || fromBeginning)) {
            throw new CliFailure(Main.USAGE, "--offset goes with --partition, and not with --from-beginning");
        }
        if (maxMessages.orElse(1L) < 1 || offset.orElse(0L) < 0 || partition.orElse(0) < 0) {
            throw new CliFailure(Main.USAGE, "--max-messages must be at least 1, --offset and --partition at least 0");
        }
    }

    private void begin(Consumer<byte[], byte[]> consumer) {
        List<PartitionInfo> existing = consumer.partitionsFor(topic);
        if (existing == null || existing.isEmpty()) {
            throw new CliFailure(Main.FAILED, "topic " + topic + " does not exist");
        }
        if (group.isPresent()) {
            consumer.subscribe(List.of(topic));
            return;
        }
        List<TopicPartition> wanted = existing.stream().map(info -> new TopicPartition(topic, info.partition()))
                .filter(each -> partition.isEmpty() || partition.get() == each.partition()).toList();
        if (wanted.isEmpty()) {
            throw new CliFailure(Main.FAILED, "topic " + topic + " has no partition " + partition.orElseThrow() + ", only 0 to " + (existing.size() - 1));
        }
        consumer.assign(wanted);
        seek(consumer, wanted);
    }

    private void seek(Consumer<byte[], byte[]> consumer, Collection<TopicPartition> wanted) {
        if (offset.isPresent()) {
            wanted.forEach(each -> seek(consumer, each, offset.get()));
        } else if (fromBeginning) {
            consumer.seekToBeginning(wanted);
        } else {
            consumer.seekToEnd(wanted);
        }
    }

    private static void seek(Consumer<byte[], byte[]> consumer, TopicPartition wanted, long offset) {
        long first = consumer.beginningOffsets(List.of(wanted)).get(wanted);
        long end = consumer.endOffsets(List.of(wanted)).get(wanted);
        if (offset < first || offset > end) {
            throw new CliFailure(Main.FAILED, "offset " + offset + " is not in " + wanted + ", which has " + first + " up to (not including) " + end);
        }
        consumer.seek(wanted, offset);
    }

    private Map<String, Object> configuration() {
        Map<String, Object> properties = client.connect();
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, isolation);
        // An offset that is out of range is an error when it was asked for.
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, offset.isPresent() ? "none" : fromBeginning ? "earliest" : "latest");
        group.ifPresent(name -> properties.put(ConsumerConfig.GROUP_ID_CONFIG, name));
        return client.complete(properties);
    }
}
