package io.firn.it.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How long a group of 50 consumers takes until one more member has its share, and until the shares of one that left are with others. Every member is a consumer of its own, on a thread of its own, in this process.
 *
 * <p>Threading: members tell their assignments to the measuring thread under one lock.
 */
final class Rebalance implements AutoCloseable {

    private static final int MEMBERS = 50;
    private static final int PARTITIONS = 2 * MEMBERS;
    private static final Duration LIMIT = Duration.ofMinutes(3);

    private final String bootstrap;
    private final String topic;
    private final String protocol;
    private final List<Member> members = new ArrayList<>();
    private final Map<Member, Integer> assigned = new HashMap<>();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    private Rebalance(String bootstrap, String topic, String protocol) {
        this.bootstrap = bootstrap;
        this.topic = topic;
        this.protocol = protocol;
    }

    /** What one run measured, in milliseconds. */
    record Took(double joinMs, double leaveMs) {}

    /** @param protocol {@code classic} or {@code consumer} */
    static Took measure(String bootstrap, String topic, String protocol) throws IOException, InterruptedException {
        Admins.create(bootstrap, topic, PARTITIONS, Map.of());
        try (Rebalance group = new Rebalance(bootstrap, topic, protocol)) {
            for (int i = 1; i < MEMBERS; i++) {
                group.join();
            }
            group.awaitAll(MEMBERS - 1);
            double joinMs = group.time(group::join, MEMBERS);
            double leaveMs = group.time(group::leave, MEMBERS - 1);
            return new Took(joinMs, leaveMs);
        }
    }

    private double time(Runnable change, int membersThen) throws IOException, InterruptedException {
        long start = System.nanoTime();
        change.run();
        awaitAll(membersThen);
        return (System.nanoTime() - start) / 1e6;
    }

    private void join() {
        Member member = new Member();
        members.add(member);
        member.thread.start();
    }

    private void leave() {
        Member member = members.remove(members.size() - 1);
        member.consumer.wakeup();
    }

    /** Every partition is with one of so many members, and every member has at least one. */
    private void awaitAll(int count) throws IOException, InterruptedException {
        long left = LIMIT.toNanos();
        lock.lock();
        try {
            while (assigned.size() != count || assigned.values().stream().anyMatch(partitions -> partitions < 1) || assigned.values().stream().mapToInt(Integer::intValue).sum() != PARTITIONS) {
                if (left <= 0) {
                    throw new IOException("no stable group of " + count + " members in " + LIMIT + ": " + assigned.values());
                }
                left = changed.awaitNanos(left);
            }
        } finally {
            lock.unlock();
        }
    }

    private void tell(Member member, int partitions) {
        lock.lock();
        try {
            if (partitions < 0) {
                assigned.remove(member);
            } else {
                assigned.put(member, partitions);
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() throws InterruptedException {
        members.forEach(member -> member.consumer.wakeup());
        for (Member member : members) {
            member.thread.join(TimeUnit.SECONDS.toMillis(30));
        }
    }

    /** One consumer. Its thread owns it, but for {@code wakeup}. */
    private final class Member implements Runnable, ConsumerRebalanceListener {

        private final KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(settings(), new ByteArrayDeserializer(), new ByteArrayDeserializer());
        private final Thread thread = new Thread(this, "member");
        private final Set<TopicPartition> owned = ConcurrentHashMap.newKeySet();

        private Map<String, Object> settings() {
            Map<String, Object> settings = new HashMap<>(Map.of("bootstrap.servers", bootstrap, "group.id", topic, "group.protocol", protocol, "enable.auto.commit", false, "enable.metrics.push", false,
                    "auto.offset.reset", "earliest"));
            if (protocol.equals("classic")) {
                settings.putAll(Map.of("heartbeat.interval.ms", 500, "partition.assignment.strategy", "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"));
            }
            return settings;
        }

        @Override
        public void run() {
            try (consumer) {
                consumer.subscribe(List.of(topic), this);
                while (!Thread.currentThread().isInterrupted()) {
                    consumer.poll(Duration.ofMillis(100));
                }
            } catch (WakeupException leaving) {
                thread.setName("member that left");
            } finally {
                tell(this, -1);
            }
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            owned.addAll(partitions);
            tell(this, owned.size());
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            owned.removeAll(partitions);
            tell(this, owned.size());
        }
    }
}
