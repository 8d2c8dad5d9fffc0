package io.firn.it.harness;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** A stock share consumer over numbers as values. For one thread. */
public final class ShareMember implements AutoCloseable {
    private final KafkaShareConsumer<byte[], byte[]> consumer;

    private ShareMember(KafkaShareConsumer<byte[], byte[]> consumer) {
        this.consumer = consumer;
    }

    /** @param mode implicit or explicit */
    public static ShareMember of(String bootstrap, String group, String topic, String mode, Map<String, Object> more) {
        Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", group, "share.acknowledgement.mode", mode, "reconnect.backoff.ms", 20,
                "reconnect.backoff.max.ms", 200, "enable.metrics.push", false));
        settings.putAll(more);
        KafkaShareConsumer<byte[], byte[]> consumer = new KafkaShareConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        consumer.subscribe(List.of(topic));
        return new ShareMember(consumer);
    }

    /** Sets configs of a group, before its first member comes. */
    public static void configure(Admin admin, String group, Map<String, String> configs) throws ExecutionException, InterruptedException {
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group),
                configs.entrySet().stream().map(entry -> new AlterConfigOp(new ConfigEntry(entry.getKey(), entry.getValue()), AlterConfigOp.OpType.SET)).toList())).all().get();
    }

    public static int number(ConsumerRecord<byte[], byte[]> record) {
        return Integer.parseInt(new String(record.value()));
    }

    public KafkaShareConsumer<byte[], byte[]> consumer() {
        return consumer;
    }

    public ConsumerRecords<byte[], byte[]> poll() {
        return consumer.poll(Duration.ofMillis(100));
    }

    /** Whether everything since the last commit was accepted by the broker. */
    public boolean commit() {
        return consumer.commitSync().values().stream().allMatch(Optional::isEmpty);
    }

    @Override
    public void close() {
        consumer.close(Duration.ofSeconds(5));
    }
}
