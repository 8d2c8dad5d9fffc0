package io.firn.it.bench;

import io.firn.it.harness.FreePorts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Time from starting a broker's process to its first acknowledged record, on a data directory that has the topic. */
final class FirstAck {

    private static final int VALUE_BYTES = 100;

    private FirstAck() {}

    /** In milliseconds. The producer exists before the broker, so that the time is the broker's. */
    static double measureMs(Layout layout, Peer peer, Path data, Peer.Mode mode, String topic) throws IOException, InterruptedException {
        int port = FreePorts.next();
        List<String> command = peer.prepare(layout, data, mode, port);
        Map<String, Object> settings = Map.of("bootstrap.servers", "127.0.0.1:" + port, "acks", "all", "linger.ms", "0", "reconnect.backoff.ms", "20",
                "reconnect.backoff.max.ms", "20", "retry.backoff.ms", "10", "retry.backoff.max.ms", "10", "max.block.ms", "60000");
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            long start = System.nanoTime();
            try (BrokerProcess broker = BrokerProcess.start(command, "127.0.0.1:" + port, layout.work().resolve("first-ack.log"))) {
                producer.send(new ProducerRecord<>(topic, new byte[VALUE_BYTES])).get(60, TimeUnit.SECONDS);
                return (System.nanoTime() - start) / 1e6;
            }
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("no acknowledgement from " + peer, e);
        }
    }
}
