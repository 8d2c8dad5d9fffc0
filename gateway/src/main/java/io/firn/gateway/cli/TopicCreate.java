package io.firn.gateway.cli;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.NewTopic;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code firn topic create}. */
@Command(name = "create", mixinStandardHelpOptions = true, sortOptions = false, description = "Creates a topic.")
final class TopicCreate implements Callable<Integer> {

    @Parameters(paramLabel = "TOPIC")
    private String topic;

    @Option(names = "--partitions", paramLabel = "N", description = "Number of partitions; the broker's default if not given.")
    private Optional<Integer> partitions = Optional.empty();

    @Option(names = "--replication-factor", paramLabel = "N", description = "Replicas of each partition; the broker's default if not given.")
    private Optional<Short> replicationFactor = Optional.empty();

    @Option(names = "--config", paramLabel = "KEY=VALUE", description = "Topic config by Kafka's name: local.retention.ms=60000. Repeatable.")
    private Map<String, String> configs = Map.of();

    @Mixin
    private ClientOptions client;

    @Override
    public Integer call() throws InterruptedException {
        try (AdminCall call = new AdminCall(client)) {
            NewTopic wanted = new NewTopic(topic, partitions, replicationFactor).configs(configs);
            CreateTopicsResult result = call.admin().createTopics(List.of(wanted));
            AdminCall.await("cannot create topic " + topic, result.all());
            System.out.println("created topic " + topic + ", " + AdminCall.await("created, but cannot describe " + topic, result.numPartitions(topic)) + " partition(s)");
            return Main.OK;
        }
    }
}
