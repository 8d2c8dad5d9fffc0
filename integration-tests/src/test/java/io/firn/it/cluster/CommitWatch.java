package io.firn.it.cluster;

import io.firn.it.harness.KafkaClients;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Asks again and again what groups have committed: it never goes back, whoever is asked. A thread of its own. */
final class CommitWatch implements Runnable {

    private static final long EVERY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int ANSWER_LIMIT_S = 30;

    /** Offsets of a transaction are the group's when its markers are written, which is a moment after its commit was confirmed: an answer must not come in between. */
    private static final ListConsumerGroupOffsetsOptions SETTLED = new ListConsumerGroupOffsetsOptions().requireStable(true);

    private final Map<String, List<TopicPartition>> groups;
    private final Workload workload;

    CommitWatch(Map<String, List<TopicPartition>> groups, Workload workload) {
        this.groups = groups;
        this.workload = workload;
    }

    @Override
    public void run() {
        try (Admin admin = KafkaClients.admin(workload.bootstrap(), Map.of("request.timeout.ms", 10_000))) {
            while (workload.consuming()) {
                groups.forEach((group, partitions) -> ask(admin, group, partitions));
                LockSupport.parkNanos(EVERY_NANOS);
            }
        }
    }

    private void ask(Admin admin, String group, List<TopicPartition> partitions) {
        HistoryChecker checker = workload.checker();
        Map<TopicPartition, Long> floors = new HashMap<>();
        partitions.forEach(partition -> floors.put(partition, checker.committed(group, partition)));
        try {
            ListConsumerGroupOffsetsSpec all = new ListConsumerGroupOffsetsSpec().topicPartitions(partitions);
            Map<TopicPartition, OffsetAndMetadata> found = admin.listConsumerGroupOffsets(Map.of(group, all), SETTLED).partitionsToOffsetAndMetadata(group).get(ANSWER_LIMIT_S, TimeUnit.SECONDS);
            // Without a key: its transaction is not settled, ask again. With a key and no value: nothing is committed.
            found.forEach((partition, offset) -> checker.committedIs(group, partition, offset == null ? 0 : offset.offset(), floors.get(partition)));
        } catch (ExecutionException | TimeoutException notNow) {
            return; // a coordinator that is gone: the next question says more
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
