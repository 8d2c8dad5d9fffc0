package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** The few administrative calls the benchmark needs, on Kafka's own client. */
final class Admins {

    private static final Duration READY_LIMIT = Duration.ofSeconds(120);
    private static final Duration OFFLOAD_LIMIT = Duration.ofMinutes(5);

    private Admins() {}

    private static Admin connect(String bootstrap) {
        return Admin.create(Map.of("bootstrap.servers", bootstrap, "reconnect.backoff.ms", "20", "reconnect.backoff.max.ms", "20"));
    }

    /** Waits until the broker names itself in its own cluster. */
    static void awaitReady(BrokerProcess broker) throws IOException, InterruptedException {
        try (Admin admin = connect(broker.bootstrap())) {
            long limit = System.nanoTime() + READY_LIMIT.toNanos();
            while (System.nanoTime() < limit && broker.process().isAlive()) {
                try {
                    if (!admin.describeCluster().nodes().get(1, TimeUnit.SECONDS).isEmpty()) {
                        return;
                    }
                } catch (ExecutionException | java.util.concurrent.TimeoutException e) {
                    Thread.onSpinWait();
                }
            }
        }
        throw new IOException("broker did not come up: " + Files.readString(broker.log()));
    }

    static void create(String bootstrap, String topic, int partitions, Map<String, String> configs) throws InterruptedException {
        try (Admin admin = connect(bootstrap)) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.empty()).configs(configs))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    static void delete(String bootstrap, String topic) throws InterruptedException {
        try (Admin admin = connect(bootstrap)) {
            admin.deleteTopics(List.of(topic)).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Lets the share group named {@code group} begin at the first record, as no consumer setting can. */
    static void readShareGroupFromStart(String bootstrap, String group) throws InterruptedException {
        try (Admin admin = connect(bootstrap)) {
            AlterConfigOp earliest = new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET);
            admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.GROUP, group), List.of(earliest))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Waits until all but {@code hotShare} of the topic's only partition is gone from the local disk; says the share of records that is cold. */
    static double awaitCold(String bootstrap, String topic, double hotShare) throws InterruptedException, IOException {
        TopicPartition partition = new TopicPartition(topic, 0);
        long limit = System.nanoTime() + OFFLOAD_LIMIT.toNanos();
        try (Admin admin = connect(bootstrap)) {
            while (System.nanoTime() < limit) {
                long end = offset(admin, partition, OffsetSpec.latest());
                long local = offset(admin, partition, OffsetSpec.earliestLocal());
                double cold = (double) local / Math.max(1, end);
                if (end > 0 && cold >= 1 - hotShare) {
                    return cold;
                }
                TimeUnit.MILLISECONDS.sleep(200);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        throw new IOException("data did not leave the local disk in " + OFFLOAD_LIMIT);
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws ExecutionException, InterruptedException {
        ListOffsetsResultInfo found = admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get();
        return found.offset();
    }
}
