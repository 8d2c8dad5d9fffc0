package io.firn.gateway.cli;

import io.firn.cold.BucketInspection;
import io.firn.cold.ColdStoreException;
import java.util.HashSet;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code firn manifest show}: what the newest manifests say. */
@Command(name = "show", mixinStandardHelpOptions = true, sortOptions = false, description = "Prints the newest manifest of each partition.")
final class ManifestShow implements Callable<Integer> {

    @Mixin
    private BucketScope scope;

    @Option(names = "--segments", description = "Every segment and every pending deletion too, and what each manifest page lists.")
    private boolean segments;

    @Override
    public Integer call() {
        boolean all = true;
        try (BucketInspection inspection = scope.open()) {
            StandardOutput.line("cluster   " + inspection.cluster());
            Set<Uuid> told = new HashSet<>();
            for (TopicIdPartition partition : scope.partitions(inspection)) {
                if (told.add(partition.topicId())) {
                    all &= showTopic(inspection, partition);
                }
                all &= show(inspection, partition);
            }
        }
        return all ? Main.OK : Main.FAILED;
    }

    private static boolean showTopic(BucketInspection inspection, TopicIdPartition partition) {
        String head = "topic     " + partition.topic() + ", topic id " + partition.topicId() + ": ";
        try {
            StandardOutput.line(head + inspection.topic(partition.topic(), partition.topicId()).map(topic -> topic.partitions() + " partition(s), configs " + new TreeMap<>(topic.configs())
                    + ", as of version " + topic.metadataVersion() + " of the metadata of cluster " + topic.clusterId()).orElse("not described"));
            return true;
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured damaged) {
            StandardOutput.line("DAMAGED   " + head + damaged.getMessage());
            return false;
        }
    }

    /** False if it cannot be read; the others are shown all the same. */
    private boolean show(BucketInspection inspection, TopicIdPartition partition) {
        try {
            return inspection.show(partition, segments, StandardOutput::line) == 0;
        } catch (ColdStoreException.Missing deleted) {
            StandardOutput.line("partition " + partition.topic() + "-" + partition.partition() + ", topic id " + partition.topicId() + " is deleted");
            return true;
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured damaged) {
            StandardOutput.line("DAMAGED   " + partition.topic() + "-" + partition.partition() + ", topic id " + partition.topicId() + ": " + damaged.getMessage());
            return false;
        }
    }
}
