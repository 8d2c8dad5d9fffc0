package io.firn.it.harness;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.slf4j.LoggerFactory;

/** The Java client of these tests' own version, over bytes. Settings given override the ones here. */
public final class KafkaClients {

    static {
        // Clients whose broker is killed on purpose would fill pages; a failing test shows its own exception.
        for (String library : List.of("org.apache.kafka", "org.gaul", "org.eclipse.jetty", "org.jclouds")) {
            ((Logger) LoggerFactory.getLogger(library)).setLevel(Level.OFF);
        }
    }

    private KafkaClients() {}

    public static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, Object> settings) {
        Map<String, Object> all = common(bootstrap);
        all.put("acks", "all");
        all.put("delivery.timeout.ms", 180_000);
        all.put("request.timeout.ms", 30_000);
        all.put("retry.backoff.ms", 50);
        all.putAll(settings);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    public static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, Map<String, Object> settings) {
        Map<String, Object> all = common(bootstrap);
        all.put("auto.offset.reset", "earliest");
        all.put("enable.auto.commit", false);
        all.putAll(settings);
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    public static Admin admin(String bootstrap) {
        return admin(bootstrap, Map.of());
    }

    public static Admin admin(String bootstrap, Map<String, Object> settings) {
        Map<String, Object> all = common(bootstrap);
        all.putAll(settings);
        return Admin.create(all);
    }

    private static Map<String, Object> common(String bootstrap) {
        Map<String, Object> all = new HashMap<>();
        all.put("bootstrap.servers", bootstrap);
        all.put("reconnect.backoff.ms", 20);
        all.put("reconnect.backoff.max.ms", 200);
        all.put("enable.metrics.push", false);
        return all;
    }
}
