package io.firn.gateway.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code firn produce}: one record a line of standard input, as bytes.
 *
 * <p>Ends with 0 only when every record was acknowledged; at the first that was not, it stops reading and says so.
 */
@Command(name = "firn produce", mixinStandardHelpOptions = true, versionProvider = Version.class, sortOptions = false,
        description = "Produces each line of standard input as a record.")
final class ProduceCommand implements Callable<Integer> {

    /** Longest line, as long as a broker's largest request. */
    private static final int MAX_LINE_BYTES = 100 << 20;
    /** Before it a record was given up by the client. */
    private static final int DELIVERY_LIMIT_MS = 30_000;

    @Parameters(paramLabel = "TOPIC")
    private String topic;

    @Option(names = "--key-separator", paramLabel = "TEXT", description = "What is before the first TEXT of a line is the key; a line without it has none.")
    private Optional<String> keySeparator = Optional.empty();

    @Option(names = "--header", paramLabel = "KEY=VALUE", description = "Header of every record. Repeatable.")
    private List<String> headers = List.of();

    @Option(names = "--acks", paramLabel = "all|1|0", defaultValue = "all", description = "When a record counts as written (default ${DEFAULT-VALUE}).")
    private String acks;

    @Option(names = "--compression", paramLabel = "none|gzip|snappy|lz4|zstd", defaultValue = "none", description = "Compression of the batches (default ${DEFAULT-VALUE}).")
    private String compression;

    @Mixin
    private ClientOptions client;

    private final InputStream input;
    private final AtomicReference<Exception> failure = new AtomicReference<>();

    ProduceCommand() {
        this(System.in);
    }

    ProduceCommand(InputStream input) {
        this.input = input;
    }

    @Override
    public Integer call() throws IOException {
        LineFormat format = new LineFormat(keySeparator.map(text -> text.getBytes(StandardCharsets.UTF_8)));
        List<Header> parsed = parseHeaders();
        try (Producer<byte[], byte[]> producer = new KafkaProducer<>(configuration(), new ByteArraySerializer(), new ByteArraySerializer());
                Progress progress = new Progress(System.err, Terminal.isErrorStream(), "produced", 0, System::nanoTime)) {
            LineReader lines = new LineReader(input, MAX_LINE_BYTES);
            sendAll(producer, lines, format, parsed, progress);
            producer.flush();
        }
        if (failure.get() != null) {
            throw CliFailure.of("not every record was acknowledged by topic " + topic, failure.get());
        }
        return Main.OK;
    }

    private void sendAll(Producer<byte[], byte[]> producer, LineReader lines, LineFormat format, List<Header> parsed, Progress progress) throws IOException {
        long bytes = 0;
        for (Optional<byte[]> line = lines.next(); line.isPresent() && failure.get() == null; line = lines.next()) {
            LineFormat.KeyAndValue record = format.split(line.get());
            producer.send(new ProducerRecord<>(topic, null, record.key(), record.value(), parsed), (metadata, error) -> {
                if (error != null) {
                    failure.compareAndSet(null, error);
                }
            });
            bytes += line.get().length;
            if (Terminal.isErrorStream() && !lines.wouldWait()) {
                progress.update(bytes, Figures.count(lines.lines()) + " records");
            }
        }
    }

    private List<Header> parseHeaders() {
        List<Header> parsed = new ArrayList<>();
        for (String header : headers) {
            int equals = header.indexOf('=');
            if (equals <= 0) {
                throw new CliFailure(Main.USAGE, "--header takes KEY=VALUE, not '" + header + "'");
            }
            parsed.add(new RecordHeader(header.substring(0, equals), header.substring(equals + 1).getBytes(StandardCharsets.UTF_8)));
        }
        return parsed;
    }

    private Map<String, Object> configuration() {
        Map<String, Object> properties = client.connect();
        properties.put(ProducerConfig.ACKS_CONFIG, acks);
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, acks.equals("all") || acks.equals("-1"));
        properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, compression);
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, ClientOptions.TIME_LIMIT_MS);
        properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_LIMIT_MS);
        return client.complete(properties);
    }
}
