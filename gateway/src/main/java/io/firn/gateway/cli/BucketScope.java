package io.firn.gateway.cli;

import io.firn.cold.BucketInspection;
import io.firn.gateway.ColdBucket;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which partitions of which bucket a command is about: all, those of a topic, or one. */
final class BucketScope {

    @Parameters(paramLabel = "TOPIC", arity = "0..1", description = "Only this topic; all if not given.")
    private Optional<String> topic = Optional.empty();

    @Option(names = "--partition", paramLabel = "N", description = "Only this partition of the topic.")
    private Optional<Integer> partition = Optional.empty();

    @Mixin
    private BucketOptions bucket;

    BucketInspection open() {
        if (partition.isPresent() && topic.isEmpty()) {
            throw new CliFailure(Main.USAGE, "--partition goes with a topic");
        }
        ColdBucket configured = bucket.bucket();
        return BucketInspection.open(configured.openToRead(new SimpleMeterRegistry()), configured.prefix());
    }

    /** Those there are; at least one, unless the whole bucket was asked for. */
    List<TopicIdPartition> partitions(BucketInspection inspection) {
        List<TopicIdPartition> found = inspection.partitions(topic).stream().filter(each -> partition.isEmpty() || partition.get() == each.partition()).toList();
        if (found.isEmpty() && topic.isPresent()) {
            throw new CliFailure(Main.FAILED, "the bucket has nothing of topic " + topic.get() + partition.map(number -> ", partition " + number).orElse(""));
        }
        return found;
    }
}
