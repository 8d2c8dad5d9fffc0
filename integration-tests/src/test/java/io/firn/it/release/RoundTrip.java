package io.firn.it.release;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.it.harness.KafkaClients;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Records that go in and come out by the stock Java client: that what was installed serves. */
final class RoundTrip {

    private static final int RECORDS = 200;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private RoundTrip() {}

    static void through(String bootstrap, String topic) {
        produce(bootstrap, topic);
        assertAllThere(bootstrap, topic);
    }

    static void produce(String bootstrap, String topic) {
        try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(bootstrap, Map.of("compression.type", "zstd"))) {
            expected().forEach(value -> producer.send(new ProducerRecord<>(topic, value.getBytes(StandardCharsets.UTF_8))));
        }
    }

    static void assertAllThere(String bootstrap, String topic) {
        List<String> read = new ArrayList<>();
        long deadline = System.nanoTime() + LIMIT.toNanos();
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap, Map.of("group.id", "readers-of-" + topic))) {
            consumer.subscribe(List.of(topic));
            while (read.size() < RECORDS && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(200)).forEach(one -> read.add(new String(one.value(), StandardCharsets.UTF_8)));
            }
        }
        assertThat(read).isEqualTo(expected());
    }

    private static List<String> expected() {
        return IntStream.range(0, RECORDS).mapToObj(number -> "record " + number).toList();
    }
}
