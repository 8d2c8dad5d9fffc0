package io.firn.it.cold;

import io.firn.it.harness.Await;
import io.firn.it.harness.Topics;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** A topic of one partition that a broker is killed over, by way of the admin client. For one thread. */
record TrialTopic(ProxiedBroker broker, TopicPartition partition) {

    /** A batch each, sealed by the timestamps of the next one's records, the last one by age; on the local disk until it is offloaded. */
    private static final Map<String, String> SMALL_SEGMENTS = Map.of("segment.ms", "10", "local.retention.bytes", "1", "retention.ms", "-1");

    static TrialTopic create(ProxiedBroker broker, String name, Map<String, String> configs) {
        Map<String, String> all = new HashMap<>(SMALL_SEGMENTS);
        all.putAll(configs);
        try (Topics topics = Topics.of(broker.bootstrap())) {
            return new TrialTopic(broker, topics.create(name, 1, all).get(0));
        }
    }

    private <T> T ask(Function<Topics, T> question) {
        try (Topics topics = Topics.of(broker.bootstrap())) {
            return question.apply(topics);
        }
    }

    String name() {
        return partition.topic();
    }

    long offset(OffsetSpec spec) {
        return ask(topics -> topics.offset(partition, spec));
    }

    /** All of it, as the last segment is sealed by age. */
    void awaitOffloaded() {
        try (Topics topics = Topics.of(broker.bootstrap())) {
            Await.until("offloaded", () -> topics.offset(partition, OffsetSpec.latestTiered()) == topics.offset(partition, OffsetSpec.latest()) - 1);
        }
    }

    void set(String config, String value) {
        ask(topics -> Topics.done(topics.admin().incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, name()),
                List.of(new AlterConfigOp(new ConfigEntry(config, value), AlterConfigOp.OpType.SET)))).all()));
    }

    void deleteRecordsBefore(long offset) {
        ask(topics -> Topics.done(topics.admin().deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(offset))).all()));
    }

    void delete() {
        ask(topics -> Topics.done(topics.admin().deleteTopics(List.of(name())).all()));
    }

    /** Where all lies that the bucket has of it. */
    String prefix() {
        return "topics/" + name() + "-";
    }

    void awaitNothingLeftOfIt() {
        Await.until("nothing left of " + name(), () -> broker.keys(prefix()).isEmpty() && broker.leaks().gaugesAreZero());
    }
}
