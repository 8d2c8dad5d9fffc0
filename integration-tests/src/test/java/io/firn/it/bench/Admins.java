package io.firn.it.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;

/** The few administrative calls the benchmark needs, on Kafka's own client. */
final class Admins {

    private static final Duration READY_LIMIT = Duration.ofSeconds(120);
    private static final Duration OFFLOAD_LIMIT = Duration.ofMinutes(5);
    private static final Duration WHOLE_LIMIT = Duration.ofMinutes(10);
    private static final int CALL_S = 10;

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
                } catch (ExecutionException | TimeoutException e) {
                    Thread.onSpinWait();
                }
            }
        }
        throw new IOException("broker did not come up: " + Files.readString(broker.log()));
    }

    /** Returns when each partition answers: what is sent to one that does not yet is sent again, and the second batch may come before the first. */
    static void create(String bootstrap, String topic, int partitions, Map<String, String> configs) throws InterruptedException {
        try (Admin admin = connect(bootstrap)) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.empty()).configs(configs))).all().get();
            admin.listOffsets(IntStream.range(0, partitions).boxed().collect(Collectors.toMap(partition -> new TopicPartition(topic, partition), partition -> OffsetSpec.earliest()))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** The same on three brokers, two of which have to have what is acknowledged. */
    static void createReplicated(String bootstrap, String topic, int partitions, Map<String, String> configs) throws InterruptedException {
        Map<String, String> all = new HashMap<>(configs);
        all.put("min.insync.replicas", "2");
        try (Admin admin = connect(bootstrap)) {
            admin.createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.of((short) 3)).configs(all))).all().get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Waits until so many brokers are there and every replica of every partition is in sync. */
    static void awaitWhole(String bootstrap, int brokers) throws InterruptedException, IOException {
        awaitTopics(bootstrap, "no whole cluster of " + brokers + " brokers", (admin, topics) -> admin.describeCluster().nodes().get(CALL_S, TimeUnit.SECONDS).size() == brokers
                && topics.stream().flatMap(topic -> topic.partitions().stream()).allMatch(partition -> led(partition) && partition.isr().size() == partition.replicas().size()));
    }

    /** Waits until so many brokers are there, whatever has become of the partitions. */
    static void awaitBrokers(String bootstrap, int brokers) throws InterruptedException, IOException {
        awaitTopics(bootstrap, "no " + brokers + " brokers", (admin, topics) -> admin.describeCluster().nodes().get(CALL_S, TimeUnit.SECONDS).size() == brokers);
    }

    /** Gives leadership back to where it was placed, so that every broker leads its share. */
    static void electPreferred(String bootstrap) throws InterruptedException, IOException {
        awaitTopics(bootstrap, "preferred leaders were not elected", (admin, topics) -> {
            admin.electLeaders(ElectionType.PREFERRED, null).partitions().get(CALL_S, TimeUnit.SECONDS);
            return topics.stream().flatMap(topic -> topic.partitions().stream()).allMatch(partition -> led(partition) && partition.leader().id() == partition.replicas().get(0).id());
        });
    }

    /** Moves all replicas of a broker to another, and waits until they are in sync there. */
    static void replace(String bootstrap, int broker, int successor) throws InterruptedException, IOException {
        awaitTopics(bootstrap, "replicas were not moved", (admin, topics) -> {
            Map<TopicPartition, Optional<NewPartitionReassignment>> moves = new HashMap<>();
            topics.forEach(topic -> topic.partitions().stream().filter(partition -> partition.replicas().stream().anyMatch(node -> node.id() == broker))
                    .forEach(partition -> moves.put(new TopicPartition(topic.name(), partition.partition()),
                            Optional.of(new NewPartitionReassignment(partition.replicas().stream().map(node -> node.id() == broker ? successor : node.id()).toList())))));
            admin.alterPartitionReassignments(moves).all().get(CALL_S, TimeUnit.SECONDS);
            return true;
        });
        awaitTopics(bootstrap, "moved replicas are not in sync", (admin, topics) -> admin.listPartitionReassignments().reassignments().get(CALL_S, TimeUnit.SECONDS).isEmpty()
                && topics.stream().flatMap(topic -> topic.partitions().stream())
                        .allMatch(partition -> led(partition) && partition.isr().size() == partition.replicas().size() && partition.replicas().stream().noneMatch(node -> node.id() == broker)));
    }

    /** Partitions of a topic by the broker that leads them. */
    static Map<Integer, List<Integer>> leaders(String bootstrap, String topic) throws InterruptedException {
        try (Admin admin = connect(bootstrap)) {
            return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
                    .collect(Collectors.groupingBy(partition -> partition.leader().id(), Collectors.mapping(TopicPartitionInfo::partition, Collectors.toList())));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private interface Condition {
        boolean holds(Admin admin, Collection<TopicDescription> topics) throws ExecutionException, InterruptedException, TimeoutException;
    }

    private static void awaitTopics(String bootstrap, String otherwise, Condition condition) throws InterruptedException, IOException {
        Exception last = null;
        try (Admin admin = connect(bootstrap)) {
            long limit = System.nanoTime() + WHOLE_LIMIT.toNanos();
            while (System.nanoTime() < limit) {
                try {
                    Set<String> names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get(CALL_S, TimeUnit.SECONDS);
                    if (condition.holds(admin, admin.describeTopics(names).allTopicNames().get(CALL_S, TimeUnit.SECONDS).values())) {
                        return;
                    }
                } catch (ExecutionException | TimeoutException e) {
                    last = e;
                }
                TimeUnit.MILLISECONDS.sleep(20);
            }
        }
        throw new IOException(otherwise + " in " + WHOLE_LIMIT, last);
    }

    private static boolean led(TopicPartitionInfo partition) {
        return partition.leader() != null && !partition.leader().isEmpty();
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

    /** Waits until the cold tier has each of the topic's partitions but for the newest records, at most so many. */
    static void awaitTiered(String bootstrap, String topic, int partitions, long newest) throws InterruptedException, IOException {
        long limit = System.nanoTime() + OFFLOAD_LIMIT.toNanos();
        try (Admin admin = connect(bootstrap)) {
            for (int number = 0; number < partitions; number++) {
                TopicPartition partition = new TopicPartition(topic, number);
                while (offset(admin, partition, OffsetSpec.latest()) - offset(admin, partition, OffsetSpec.latestTiered()) > newest) {
                    if (System.nanoTime() - limit > 0) {
                        throw new IOException("data did not reach the cold tier in " + OFFLOAD_LIMIT);
                    }
                    TimeUnit.MILLISECONDS.sleep(200);
                }
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    /** Waits until no partition has offsets below that on the local disk; says below which none has. */
    static long awaitLocalStarts(String bootstrap, String topic, int partitions, long wanted) throws InterruptedException, IOException {
        long limit = System.nanoTime() + OFFLOAD_LIMIT.toNanos();
        long lowest = Long.MAX_VALUE;
        try (Admin admin = connect(bootstrap)) {
            for (int number = 0; number < partitions; number++) {
                long start = offset(admin, new TopicPartition(topic, number), OffsetSpec.earliestLocal());
                while (start < wanted) {
                    if (System.nanoTime() - limit > 0) {
                        throw new IOException("data did not leave the local disk in " + OFFLOAD_LIMIT + ": it begins at " + start + " of partition " + number);
                    }
                    TimeUnit.MILLISECONDS.sleep(200);
                    start = offset(admin, new TopicPartition(topic, number), OffsetSpec.earliestLocal());
                }
                lowest = Math.min(lowest, start);
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
        return lowest;
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws ExecutionException, InterruptedException {
        ListOffsetsResultInfo found = admin.listOffsets(Map.of(partition, spec)).partitionResult(partition).get();
        return found.offset();
    }
}
