package io.firn.it.cluster;

import io.firn.it.harness.Await;
import io.firn.it.harness.KafkaClients;
import io.firn.it.harness.Reading;
import io.firn.it.harness.Topics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * Stock clients that work on a cluster while things go wrong with it, and tell a {@link HistoryChecker} what they did and saw:
 *
 * <pre>
 *  producers 0, 1 ──▶ numbered ──▶ groups classic, modern (two members each)
 *  producer 2 ──▶ moving ──▶ a mover a partition ══ transactions ══▶ moved-a, moved-b
 *  a watch asks what the groups have committed
 * </pre>
 *
 * <p>Rates are small, so that what has to be remembered of half an hour stays small; the subject is not speed. Threading: {@link #awaitProgress} and {@link #finish} are the test's; the clients
 * have a thread each.
 */
final class Workload implements AutoCloseable {

    static final String NUMBERED = "numbered";
    static final String MOVING = "moving";
    /**
     * Metadata name the brokers that are alive, as Apache Kafka's do. A client that asked when only one was left knows no other, and if that one goes silent before it has asked again, it is left with its bootstrap
     * servers, which it turns to after this time (KIP-1102): by default 5 min, longer than the faults here.
     */
    static final String REBOOTSTRAP = "metadata.recovery.rebootstrap.trigger.ms";
    static final int REBOOTSTRAP_MS = 60_000;

    private static final int NUMBERED_PARTITIONS = 6;
    private static final int MOVING_PARTITIONS = 2;
    private static final int NUMBERED_PER_SECOND = 300;
    private static final int MOVING_PER_SECOND = 60;
    private static final int NOTES_LIMIT = 200;
    private static final Duration JOIN_LIMIT = Duration.ofMinutes(4);
    private static final Map<String, String> CONFIGS = Map.of("segment.bytes", "1048576", "local.retention.bytes", "1", "retention.ms", "-1", "retention.bytes", "-1");

    private final ClusterHarness cluster;
    private final HistoryChecker checker = new HistoryChecker();
    private final List<NumberedProducer> producers = new ArrayList<>();
    private final List<GroupMember> members = new ArrayList<>();
    private final List<Mover> movers = new ArrayList<>();
    private final List<Thread> producing = new ArrayList<>();
    private final List<Thread> consuming = new ArrayList<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private final AtomicInteger notes = new AtomicInteger();
    private volatile boolean producersStop;
    private volatile boolean consumersStop;

    private Workload(ClusterHarness cluster) {
        this.cluster = cluster;
    }

    static Workload start(ClusterHarness cluster, Random random) {
        Workload workload = new Workload(cluster);
        List<TopicPartition> numbered = workload.create(NUMBERED, NUMBERED_PARTITIONS);
        List<TopicPartition> moving = workload.create(MOVING, MOVING_PARTITIONS);
        Stream.of(HistoryChecker.OUTPUTS).forEach(output -> workload.create(output, MOVING_PARTITIONS));
        workload.producers.add(new NumberedProducer(0, numbered, NUMBERED_PER_SECOND, workload));
        workload.producers.add(new NumberedProducer(1, numbered, NUMBERED_PER_SECOND, workload));
        workload.producers.add(new NumberedProducer(2, moving, MOVING_PER_SECOND, workload));
        for (int number = 0; number < 2; number++) {
            workload.members.add(new GroupMember("classic", number, "classic", NUMBERED, workload));
            workload.members.add(new GroupMember("modern", number, "consumer", NUMBERED, workload));
        }
        moving.forEach(input -> workload.movers.add(new Mover(input, new Random(random.nextLong()), workload)));
        workload.begin();
        return workload;
    }

    private List<TopicPartition> create(String topic, int partitions) {
        Map<String, String> configs = new HashMap<>(CONFIGS);
        configs.put("min.insync.replicas", Integer.toString(cluster.minInSync()));
        try (Topics topics = Topics.of(cluster.bootstrap())) {
            Topics.done(topics.admin().createTopics(List.of(new NewTopic(topic, Optional.of(partitions), Optional.of(cluster.replicationFactor())).configs(configs))).all());
        }
        return Topics.partitions(topic, partitions);
    }

    private void begin() {
        producers.forEach(producer -> producing.add(thread("load-producer", producer)));
        members.forEach(member -> consuming.add(thread("load-member", member)));
        movers.forEach(mover -> consuming.add(thread("load-mover", mover)));
        Map<String, List<TopicPartition>> watched = new HashMap<>();
        members.forEach(member -> watched.put(member.group(), Topics.partitions(NUMBERED, NUMBERED_PARTITIONS)));
        movers.forEach(mover -> watched.put(mover.group(), List.of(mover.input())));
        consuming.add(thread("load-watch", new CommitWatch(watched, this)));
        Stream.concat(producing.stream(), consuming.stream()).forEach(Thread::start);
    }

    private Thread thread(String name, Runnable work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (RuntimeException | AssertionError failure) {
                failed(Thread.currentThread().getName(), failure);
            }
        }, name);
        thread.setDaemon(true);
        return thread;
    }

    String bootstrap() {
        return cluster.bootstrap();
    }

    HistoryChecker checker() {
        return checker;
    }

    boolean producing() {
        return !producersStop;
    }

    boolean consuming() {
        return !consumersStop;
    }

    /** What should not have happened, whatever went wrong with the cluster. */
    void failed(String what, Throwable failure) {
        failures.add(what + ": " + failure);
    }

    /** What may happen, and is worth knowing when something else should not have. */
    void note(String what) {
        if (notes.incrementAndGet() <= NOTES_LIMIT) {
            System.out.println("  note: " + what);
        }
    }

    /** Waits until every producer has had a record of every partition acknowledged that was not when this was called. */
    void awaitProducers(Duration limit) {
        List<long[]> before = producers.stream().map(producer -> IntStream.range(0, producer.partitions().size()).mapToLong(producer::acknowledged).toArray()).toList();
        awaitOrFail("acknowledgements of every partition to every producer", limit, () -> {
            List<String> waiting = new ArrayList<>();
            for (int i = 0; i < producers.size(); i++) {
                for (int index = 0; index < before.get(i).length; index++) {
                    if (producers.get(i).acknowledged(index) <= before.get(i)[index]) {
                        waiting.add(producers.get(i).partitions().get(index) + " of producer " + i);
                    }
                }
            }
            return waiting;
        });
    }

    /** The same, and until every group has confirmed a commit and every mover a transaction. */
    void awaitProgress(Duration limit) {
        Supplier<List<String>> groups = groups();
        Supplier<List<String>> transactions = transactions();
        awaitProducers(limit);
        awaitOrFail("commits of every group, transactions of every mover", limit, () -> Stream.of(groups, transactions).flatMap(waiting -> waiting.get().stream()).toList());
    }

    /** Without the movers. */
    void awaitGroups(Duration limit) {
        Supplier<List<String>> groups = groups();
        awaitProducers(limit);
        awaitOrFail("commits of every group", limit, groups);
    }

    /** Groups that have confirmed no commit since this was called. */
    private Supplier<List<String>> groups() {
        Map<String, Long> before = commits();
        return () -> commits().entrySet().stream().filter(now -> now.getValue() <= before.get(now.getKey())).map(now -> "group " + now.getKey()).toList();
    }

    /** Movers that have committed no transaction since this was called. */
    private Supplier<List<String>> transactions() {
        Map<Mover, Long> before = movers.stream().collect(Collectors.toMap(mover -> mover, Mover::committed));
        return () -> movers.stream().filter(mover -> mover.committed() <= before.get(mover)).map(Mover::group).toList();
    }

    private Map<String, Long> commits() {
        Map<String, Long> commits = new HashMap<>();
        members.forEach(member -> commits.merge(member.group(), member.confirmed(), Long::sum));
        return commits;
    }

    private void awaitOrFail(String what, Duration limit, Supplier<List<String>> waiting) {
        Await.until(what, limit, () -> {
            if (!failures.isEmpty()) {
                throw new AssertionError("the load failed: " + failures);
            }
            List<String> left = waiting.get();
            if (!left.isEmpty()) {
                throw new IllegalStateException("waiting for " + left + "; " + members.stream().map(GroupMember::state).toList() + "; committed " + members.stream().map(GroupMember::group).distinct()
                        .flatMap(group -> Topics.partitions(NUMBERED, NUMBERED_PARTITIONS).stream().map(partition -> group + " " + partition + "=" + checker.committed(group, partition))).toList());
            }
            return true;
        });
    }

    /** Waits until every group and mover has come to where its partitions end now. */
    void awaitCaughtUp(Duration limit) {
        try (Topics topics = Topics.of(bootstrap())) {
            Map<TopicPartition, Long> numbered = topics.ends(Topics.partitions(NUMBERED, NUMBERED_PARTITIONS));
            Map<TopicPartition, Long> moving = topics.ends(Topics.partitions(MOVING, MOVING_PARTITIONS));
            awaitOrFail("the end of what was sent", limit, () -> {
                List<String> left = new ArrayList<>();
                members.stream().map(GroupMember::group).distinct().forEach(group -> numbered.forEach((partition, end) -> {
                    if (checker.committed(group, partition) < end) {
                        left.add(group + ": " + partition + " at " + checker.committed(group, partition) + " of " + end);
                    }
                }));
                movers.stream().filter(mover -> mover.position() < moving.get(mover.input())).forEach(mover -> left.add(mover.group() + " at " + mover.position() + " of " + moving));
                return left;
            });
        }
    }

    /** Sends no more, lets the consumers come to the end, and ends them. */
    void finish() {
        producersStop = true;
        join(producing);
        awaitCaughtUp(JOIN_LIMIT);
        consumersStop = true;
        join(consuming);
    }

    private static void join(List<Thread> threads) {
        Await.until("ended: " + threads.get(0).getName(), JOIN_LIMIT, () -> threads.stream().noneMatch(Thread::isAlive));
    }

    /** After {@link #finish}: reads everything, and says which promises were broken and what else should not have happened. */
    List<String> verdict() {
        read(NUMBERED, NUMBERED_PARTITIONS);
        read(MOVING, MOVING_PARTITIONS);
        for (String output : HistoryChecker.OUTPUTS) {
            Reading.each(bootstrap(), Topics.partitions(output, MOVING_PARTITIONS), Map.of("isolation.level", "read_committed"), record -> {
                Mover.Moved moved = Mover.Moved.of(record.value());
                checker.moved(moved.id(), record.topic(), record.offset(), moved.input());
            });
        }
        movers.forEach(mover -> checker.inputCommitted(mover.input().partition(), committed(mover)));
        List<String> verdict = new ArrayList<>(failures);
        checker.end().forEach(violation -> verdict.add(violation.toString()));
        return verdict;
    }

    private void read(String topic, int partitions) {
        Reading.each(bootstrap(), Topics.partitions(topic, partitions), Map.of(),
                record -> checker.logged(new TopicPartition(record.topic(), record.partition()), record.offset(), Mark.of(record.value())));
    }

    private long committed(Mover mover) {
        try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(bootstrap(), Map.of("group.id", mover.group(), "isolation.level", "read_committed"))) {
            OffsetAndMetadata committed = consumer.committed(Set.of(mover.input())).get(mover.input());
            return committed == null ? 0 : committed.offset();
        }
    }

    String summary() {
        return checker.acknowledgedRecords() + " records acknowledged, " + checker.shownRecords() + " shown to groups, " + checker.committedTransactions() + " transactions committed";
    }

    /** Tells the clients to end, and does not wait: a client of a cluster that does not answer takes its time. */
    @Override
    public void close() {
        producersStop = true;
        consumersStop = true;
    }
}
