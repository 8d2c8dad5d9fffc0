package io.firn.gateway.cli;

import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code firn topic recover}: a topic of the bucket that this cluster does not know comes back, up to what was offloaded. */
@Command(name = "recover", mixinStandardHelpOptions = true, sortOptions = false,
        description = {"Brings a topic back that another cluster has left in the bucket, with its id, its configs and every record that was offloaded, and says up to which offset and time.",
            "The bucket has to belong to this cluster: see firn bucket takeover."})
final class TopicRecover implements Callable<Integer> {

    @Parameters(paramLabel = "TOPIC")
    private String topic;

    @Option(names = "--replication-factor", paramLabel = "N", description = "Replicas of each partition; the cluster's default if not given.")
    private Optional<Integer> replicationFactor = Optional.empty();

    @Mixin
    private ClusterDoor door;

    @Override
    public Integer call() throws InterruptedException {
        JsonObject recovered = door.actOnTopic("cannot recover topic " + topic, topic, "recover?replication.factor=" + replicationFactor.orElse(-1));
        System.out.println("recovered topic " + topic + ", id " + recovered.getString("id") + ", " + recovered.getInteger("partitionCount") + " partition(s), configs " + recovered.getJsonObject("configs").getMap());
        if (!recovered.getBoolean("described")) {
            System.out.println("the bucket does not say which configs it had, nor of partitions without records in it; nothing of it is deleted until its configs are set");
        }
        recovered.getJsonArray("partitions").stream().map(JsonObject.class::cast).forEach(TopicRecover::print);
        return Main.OK;
    }

    private static void print(JsonObject partition) {
        long start = partition.getLong("start");
        long end = partition.getLong("end");
        long newest = partition.getLong("newest");
        System.out.println("partition " + partition.getInteger("partition") + ": " + (end > start ? "offsets " + start + " to " + (end - 1) : "no records, next offset " + end)
                + (newest < 0 ? "" : ", newest record " + Instant.ofEpochMilli(newest)));
        if (partition.getLong("open") >= 0) {
            System.out.println("partition " + partition.getInteger("partition") + ": the transaction at offset " + partition.getLong("open") + " has no end in the bucket: readers of committed records wait there until it is aborted"
                    + " (kafka-transactions.sh abort)");
        }
    }
}
