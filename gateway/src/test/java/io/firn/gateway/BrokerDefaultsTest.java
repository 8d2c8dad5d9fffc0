package io.firn.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.firn.gateway.config.ConfigLoader;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.ManualClock;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a broker does by itself of which nobody has told it anything but where its data lie and that its ports are free ones. */
class BrokerDefaultsTest {

    private static final int RECORDS = 30;
    private static final int RECORD_BYTES = 100_000;

    @TempDir
    Path directory;
    private final ManualClock clock = new ManualClock();

    private Broker start() {
        Broker broker = new Broker(ConfigLoader.of(Map.of("data.dir", directory.toString(), "kafka.port", "0", "http.port", "0")), false, clock);
        broker.start();
        return broker;
    }

    @Test
    void itComparesTheBucketWithItsManifestsWithinTheHourAndReadsAllOfItWithinThirtyDays() throws Exception {
        try (Broker broker = start()) {
            fill(broker);
            Await.until("a segment is in the bucket", this::holdsSegments);
            clock.advanceMs(Duration.ofHours(1).toMillis());
            Await.until("a sweep", () -> metric(broker, "firn_cold_sweeps_total") > 0);
            clock.advanceMs(Duration.ofDays(30).toMillis());
            Await.until("a scrub", () -> metric(broker, "firn_cold_scrub_segments_total") > 0);
        }
    }

    /** A topic of one partition, whose records are kept for ever, with some segments. */
    private void fill(Broker broker) throws Exception {
        Map<String, Object> client = Map.of("bootstrap.servers", "127.0.0.1:" + broker.kafkaPort());
        try (Admin admin = Admin.create(client); KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(client, new ByteArraySerializer(), new ByteArraySerializer())) {
            admin.createTopics(List.of(new NewTopic("logs", 1, (short) 1).configs(Map.of("segment.bytes", "1048576", "retention.ms", "-1")))).all().get();
            for (int i = 0; i < RECORDS; i++) {
                producer.send(new ProducerRecord<>("logs", 0, clock.millis(), null, new byte[RECORD_BYTES])).get();
            }
        }
    }

    private boolean holdsSegments() throws IOException {
        try (Stream<Path> bucket = Files.walk(directory.resolve("cold"))) {
            return bucket.anyMatch(object -> object.toString().endsWith(".segment") && Files.isRegularFile(object));
        }
    }

    private static double metric(Broker broker, String name) throws IOException {
        try (var page = URI.create("http://127.0.0.1:" + broker.httpPort() + "/metrics").toURL().openStream()) {
            return new String(page.readAllBytes(), UTF_8).lines().filter(line -> line.startsWith(name + " ")).mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1))).sum();
        }
    }
}
