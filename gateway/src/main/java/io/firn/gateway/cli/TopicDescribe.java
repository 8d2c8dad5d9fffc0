package io.firn.gateway.cli;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConfigEntry.ConfigSource;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code firn topic describe}: per partition its leader and which offsets lie in which tier. */
@Command(name = "describe", mixinStandardHelpOptions = true, sortOptions = false,
        description = "Describes topics: configs that were set, and per partition its leader and the offsets of each tier.")
final class TopicDescribe implements Callable<Integer> {

    private static final String ROW = "%-10s %-7s %-12s %14s %14s %14s %14s%n";

    @Parameters(paramLabel = "TOPIC", arity = "1..*")
    private List<String> topics;

    @Mixin
    private ClientOptions client;

    @Override
    public Integer call() throws InterruptedException {
        try (AdminCall call = new AdminCall(client)) {
            for (String topic : topics) {
                describe(call.admin(), topic);
            }
            return Main.OK;
        }
    }

    private static void describe(Admin admin, String topic) throws InterruptedException {
        String attempt = "cannot describe topic " + topic;
        TopicDescription description = AdminCall.await(attempt, admin.describeTopics(List.of(topic)).allTopicNames()).get(topic);
        System.out.println("topic " + topic + "  id " + description.topicId() + "  partitions " + description.partitions().size());
        System.out.println("configs set: " + configs(admin, topic, attempt));
        System.out.printf(ROW, "partition", "leader", "isr", "first", "cold up to", "local from", "end");
        Map<TopicPartition, Long> first = offsets(admin, description, OffsetSpec.earliest(), attempt);
        Map<TopicPartition, Long> cold = offsets(admin, description, OffsetSpec.latestTiered(), attempt);
        Map<TopicPartition, Long> local = offsets(admin, description, OffsetSpec.earliestLocal(), attempt);
        Map<TopicPartition, Long> end = offsets(admin, description, OffsetSpec.latest(), attempt);
        for (TopicPartitionInfo info : description.partitions()) {
            TopicPartition partition = new TopicPartition(topic, info.partition());
            // Kafka tells the last offset that is tiered, -1 for none; all else here is an exclusive end or a first offset.
            System.out.printf(ROW, info.partition(), info.leader() == null ? "none" : info.leader().id(),
                    info.isr().stream().map(Node::idString).collect(Collectors.joining(",")),
                    first.get(partition), cold.get(partition) + 1, local.get(partition), end.get(partition));
        }
    }

    private static Map<TopicPartition, Long> offsets(Admin admin, TopicDescription topic, OffsetSpec which, String attempt) throws InterruptedException {
        Map<TopicPartition, OffsetSpec> wanted = topic.partitions().stream()
                .collect(Collectors.toMap(info -> new TopicPartition(topic.name(), info.partition()), info -> which));
        return AdminCall.await(attempt, admin.listOffsets(wanted).all()).entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().offset()));
    }

    private static String configs(Admin admin, String topic, String attempt) throws InterruptedException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config = AdminCall.await(attempt, admin.describeConfigs(List.of(resource)).all()).get(resource);
        String set = config.entries().stream().filter(entry -> entry.source() == ConfigSource.DYNAMIC_TOPIC_CONFIG)
                .map(TopicDescribe::text).sorted().collect(Collectors.joining(", "));
        return set.isEmpty() ? "none" : set;
    }

    private static String text(ConfigEntry entry) {
        return entry.name() + '=' + (entry.isSensitive() ? "<hidden>" : entry.value());
    }
}
