package io.firn.gateway.cli;

import io.firn.cold.BucketInspection;
import io.firn.cold.ColdStoreException;
import java.util.concurrent.Callable;
import org.apache.kafka.common.TopicIdPartition;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code firn manifest show}: what the newest manifests say. */
@Command(name = "show", mixinStandardHelpOptions = true, sortOptions = false, description = "Prints the newest manifest of each partition.")
final class ManifestShow implements Callable<Integer> {

    @Mixin
    private BucketScope scope;

    @Option(names = "--segments", description = "Every segment and every pending deletion too.")
    private boolean segments;

    @Override
    public Integer call() {
        boolean all = true;
        try (BucketInspection inspection = scope.open()) {
            System.out.println("cluster   " + inspection.cluster());
            for (TopicIdPartition partition : scope.partitions(inspection)) {
                all &= show(inspection, partition);
            }
        }
        return all ? Main.OK : Main.FAILED;
    }

    /** False if it cannot be read; the others are shown all the same. */
    private boolean show(BucketInspection inspection, TopicIdPartition partition) {
        try {
            inspection.show(partition, segments, System.out::println);
            return true;
        } catch (ColdStoreException.Missing deleted) {
            System.out.println("partition " + partition.topic() + "-" + partition.partition() + ", topic id " + partition.topicId() + " is deleted");
            return true;
        } catch (ColdStoreException.Corrupt | ColdStoreException.Misconfigured damaged) {
            System.out.println("DAMAGED   " + partition.topic() + "-" + partition.partition() + ", topic id " + partition.topicId() + ": " + damaged.getMessage());
            return false;
        }
    }
}
