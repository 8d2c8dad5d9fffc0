package io.firn.it.cluster;

import io.firn.it.harness.KafkaClients;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.RetriableException;

/**
 * A stock consumer of a group that commits what it was shown. When its client gives up, another one takes its place, as applications do.
 *
 * <p>Threading: a thread of its own, which owns the client.
 */
final class GroupMember implements Runnable, ConsumerRebalanceListener {

    private static final Duration POLL = Duration.ofMillis(200);
    /**
     * A race within AsyncKafkaConsumer 4.3.1, whatever the broker: poll finds a partition fetchable and takes its records, while the client's other thread hears of a new leader and has the position
     * validated first; {@code SubscriptionState.position} then throws. What poll had taken of other partitions is gone with it, their positions moved on: the client is of no further use.
     */
    private static final String VALIDATED_MEANWHILE = "Cannot set a new position without a valid current position";

    private final String group;
    private final String member;
    private final String topic;
    private final Map<String, Object> settings;
    private final Workload workload;
    private final AtomicLong confirmed = new AtomicLong();
    private KafkaConsumer<byte[], byte[]> consumer;
    private volatile Doing doing = new Doing("starting", 0, "");

    /**
     * For the message of a failure.
     *
     * @param trouble how the last step failed that did, and when
     */
    private record Doing(String what, long sinceNanos, String trouble) {}

    GroupMember(String group, int number, String protocol, String topic, Workload workload) {
        this.group = group;
        this.member = group + "-" + number;
        this.topic = topic;
        this.workload = workload;
        this.settings = new HashMap<>(Map.of("group.id", group, "group.protocol", protocol, "request.timeout.ms", 20_000, "default.api.timeout.ms", 60_000, "metadata.max.age.ms", 30_000,
                Workload.REBOOTSTRAP, Workload.REBOOTSTRAP_MS));
        if (protocol.equals("classic")) {
            settings.putAll(Map.of("session.timeout.ms", 15_000, "heartbeat.interval.ms", 1_000));
        }
    }

    /** Commits that were confirmed, over all its clients. */
    long confirmed() {
        return confirmed.get();
    }

    String group() {
        return group;
    }

    /** What it is at, for how long, and what last went wrong. From any thread. */
    String state() {
        Doing now = doing;
        return member + ": " + now.what() + " for " + (System.nanoTime() - now.sinceNanos()) / 1_000_000 + " ms" + now.trouble();
    }

    private void begin(String what) {
        doing = new Doing(what, System.nanoTime(), doing.trouble());
    }

    @Override
    public void run() {
        while (workload.consuming()) {
            try (KafkaConsumer<byte[], byte[]> client = KafkaClients.consumer(workload.bootstrap(), settings)) {
                consumer = client;
                client.subscribe(List.of(topic), this);
                while (workload.consuming()) {
                    step();
                }
            } catch (KafkaException gaveUp) {
                workload.note(member + " starts anew after " + gaveUp);
            } catch (IllegalStateException raced) {
                if (!VALIDATED_MEANWHILE.equals(raced.getMessage())) {
                    throw raced;
                }
                workload.note(member + " starts anew after " + raced);
            }
        }
    }

    private void step() {
        try {
            begin("polling");
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            for (ConsumerRecord<byte[], byte[]> record : records) {
                workload.checker().shown(group, member, new TopicPartition(record.topic(), record.partition()), record.offset(), Mark.of(record.value()));
            }
            if (!records.isEmpty()) {
                begin("committing " + records.nextOffsets().entrySet().stream().map(next -> next.getKey() + "=" + next.getValue().offset()).toList());
                commit(records.nextOffsets());
            }
        } catch (CommitFailedException | RebalanceInProgressException | RetriableException later) {
            doing = new Doing(doing.what(), doing.sinceNanos(), ", before that " + doing.what() + " ended at " + Instant.now() + " with " + later);
            return; // others have its partitions now, or nobody took the commit: the next one says more
        }
    }

    private void commit(Map<TopicPartition, OffsetAndMetadata> offsets) {
        consumer.commitSync(offsets);
        offsets.forEach((partition, offset) -> workload.checker().commitConfirmed(group, partition, offset.offset()));
        confirmed.incrementAndGet();
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        begin("taking " + partitions);
        for (TopicPartition partition : partitions) {
            long floor = workload.checker().committed(group, partition);
            workload.checker().assigned(group, member, partition, consumer.position(partition), floor);
        }
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        // everything shown is committed, or was tried to
    }
}
