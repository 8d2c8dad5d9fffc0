package io.firn.it.simulation;

import io.firn.gateway.coordinator.TransactionAdmission;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.protocol.Errors;

/** All clients of a cluster. They outlive everything. */
final class Clients {

    private static final int IDEMPOTENT = 2;

    final Cluster cluster;
    private final List<Producer> producers = new ArrayList<>();
    private final TransactionalWriter writer;
    private final GroupMember member;
    private final List<Consumer> consumers = new ArrayList<>();
    private final List<Consumer> readers = new ArrayList<>();
    private final RecordsDeletion deletion;
    private final RiskyWriter risky;
    boolean over;
    /** Answers to fetches with bytes from the cold tier. */
    long coldReads;

    Clients(Cluster cluster) {
        this.cluster = cluster;
        IntStream.range(0, IDEMPOTENT).forEach(number -> producers.add(new Producer(this, 1 + number)));
        this.writer = new TransactionalWriter(this, 100);
        this.member = new GroupMember(this, 200);
        this.deletion = new RecordsDeletion(this);
        this.risky = new RiskyWriter(this, 1_000);
    }

    void begin() {
        producers.forEach(Producer::begin);
        writer.begin();
        member.begin();
        deletion.begin();
        if (cluster.unclean) {
            risky.begin();
        }
        partitions().forEach(partition -> {
            consumers.add(new Consumer(this, partition, false));
            consumers.add(new Consumer(this, partition, true));
        });
        consumers.forEach(Consumer::begin);
    }

    List<TopicIdPartition> partitions() {
        return cluster.partitions().filter(partition -> !UncleanElectionInvariant.concerns(partition)).toList();
    }

    TopicIdPartition anyEvents() {
        return cluster.partition(Shape.EVENTS, cluster.random.nextInt(cluster.shape.partitions()));
    }

    /** Who leads, as some broker knows that the client can reach. */
    OptionalInt leader(TopicIdPartition partition) {
        Broker asked = cluster.broker(cluster.random.nextInt(cluster.brokers().size()));
        Optional<Integer> leader = asked.life.flatMap(life -> life.metadata.view().partition(partition.topic(), partition.partition())).map(found -> found.leader());
        return leader.filter(id -> id >= 0).map(OptionalInt::of).orElse(OptionalInt.empty());
    }

    void later(long ms, Runnable task) {
        cluster.time.after(1 + cluster.random.nextLong(ms), task);
    }

    /** What was asked to be deleted lies below. */
    long deletedUpTo(TopicIdPartition partition) {
        return deletion.limit(partition);
    }

    /** Nobody begins anything new. */
    void end() {
        over = true;
    }

    boolean idle() {
        return producers.stream().allMatch(Producer::idle) && writer.idle() && member.idle() && risky.idle();
    }

    /** Everything is read anew from the beginning, both ways. */
    void readAll() {
        partitions().forEach(partition -> {
            readers.add(new Consumer(this, partition, false));
            readers.add(new Consumer(this, partition, true));
        });
        if (cluster.unclean) {
            readers.add(new Consumer(this, cluster.partition(Shape.RISKY, 0), false));
        }
        readers.forEach(Consumer::begin);
    }

    boolean allRead() {
        return readers.stream().allMatch(Consumer::atEnd);
    }

    /** The way from a broker to the transaction coordinator, which is among the clients here. */
    TransactionAdmission admission(Life life) {
        return (transactionalId, producerId, epoch, asked, mode) -> {
            CompletableFuture<Map<TopicPartition, Errors>> answer = new CompletableFuture<>();
            cluster.network.carry(life.id, Network.CLIENTS, () -> {
                Errors error = writer.admit(producerId, epoch);
                cluster.network.carry(Network.CLIENTS, life.id, () -> life.thread.execute(() -> answer.complete(asked.stream().collect(Collectors.toMap(Function.identity(), partition -> error)))));
            });
            cluster.time.after(1_000, () -> life.thread.execute(() -> answer.completeExceptionally(new IllegalStateException("no answer"))));
            return answer;
        };
    }

    long coldReads() {
        return coldReads;
    }

    @Override
    public String toString() {
        return "clients: " + producers + " " + writer + " " + member + " " + risky + " " + consumers + " " + readers;
    }
}
