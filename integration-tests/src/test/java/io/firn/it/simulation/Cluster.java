package io.firn.it.simulation;

import io.firn.cold.ObjectStore;
import io.firn.gateway.partition.Partition;
import io.firn.hot.replication.Brokers;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.MetadataPeers;
import io.firn.membership.MetadataTimes;
import io.firn.membership.PartitionView;
import io.firn.membership.SimStore;
import io.firn.membership.SimTime;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;

/** Brokers, clients and the world around them through one life under faults; then everything heals, and all of it has to agree and work. */
final class Cluster {

    static final MetadataTimes TIMES = new MetadataTimes(2_000, 500, 300, 400, 150, 1_000, 3_000, 5_000);
    private static final long SETTLE_MS = 60_000;
    private static final long HEALTHY_MS = 3_000;

    final long seed;
    final Mistake mistake;
    /** Whether there is a partition that may be led by who was not in sync. */
    final boolean unclean;
    final Random random;
    final SimTime time;
    final Shape shape;
    final Trace trace = new Trace();
    final Network network;
    final SimStore store;
    final Bucket bucket;
    final Observed observed;
    final Peers peers;
    private final List<Broker> brokers = new ArrayList<>();
    private final Map<String, Uuid> topics = new TreeMap<>();
    final Clients clients;
    final Faults faults;

    Cluster(long seed, Mistake mistake, boolean unclean) {
        this.seed = seed;
        this.mistake = mistake;
        this.unclean = unclean;
        this.random = new Random(seed * 0x9E3779B97F4A7C15L);
        this.shape = Shape.random(random);
        this.time = new SimTime(random);
        this.network = new Network(time);
        this.store = new SimStore(time);
        this.observed = new Observed(this);
        this.bucket = new Bucket(time, observed::bucketChanged);
        this.peers = new Peers(this);
        topics.put(Shape.EVENTS, uuid());
        topics.put(Shape.OFFSETS, uuid());
        if (unclean) {
            topics.put(Shape.RISKY, uuid());
        }
        this.clients = new Clients(this);
        for (int id = 0; id < shape.brokers(); id++) {
            brokers.add(new Broker(this, id));
        }
        this.faults = new Faults(this);
    }

    /** A whole life; throws what must never be. */
    void live(long troubleMs) {
        live(() -> {
            faults.begin();
            run(troubleMs);
            faults.end();
        });
    }

    /** The same with this trouble, after which everything is healed. */
    void live(Runnable trouble) {
        note("seed " + seed + " " + mistake + (unclean ? " with unclean elections " : " ") + shape);
        brokers.forEach(Broker::start);
        createTopics();
        runUntil("the cluster serves", 60_000, () -> partitions().allMatch(partition -> leader(partition).isPresent()) && partitions().count() == shape.partitions() + topics.size() - 1);
        clients.begin();
        trouble.run();
        run(HEALTHY_MS);
        clients.end();
        runUntil("everything that was sent is answered", SETTLE_MS, clients::idle);
        runUntil("everything agrees in the end", SETTLE_MS, this::settled);
        clients.readAll();
        runUntil("everything is read", SETTLE_MS, clients::allRead);
        observed.atEnd();
    }

    private void createTopics() {
        topics.forEach((name, id) -> {
            int partitions = name.equals(Shape.EVENTS) ? shape.partitions() : 1;
            boolean risky = name.equals(Shape.RISKY);
            createTopic(new Command.CreateTopic(id, name, partitions, risky ? Shape.RISKY_REPLICAS : shape.replicas(), Map.of(), risky ? Map.of("unclean.leader.election.enable", "true") : Map.of()));
        });
    }

    private void createTopic(Command.CreateTopic command) {
        time.after(100, () -> brokers.get(0).life.ifPresentOrElse(life -> life.submit(command).whenComplete((view, failure) -> {
            if (failure != null) {
                createTopic(command);
            }
        }), () -> createTopic(command)));
    }

    void run(long ms) {
        time.runUntil(time.nowMs() + ms, this::check);
    }

    void runUntil(String what, long ms, BooleanSupplier holds) {
        long endMs = time.nowMs() + ms;
        while (!holds.getAsBoolean()) {
            if (time.nowMs() >= endMs) {
                throw new Violation("liveness", "not within " + ms + " ms: " + what + "\n" + this);
            }
            run(50);
        }
    }

    private void check() {
        brokers.forEach(Broker::check);
        observed.afterEvent();
    }

    /** Every broker is there, all replicas are in sync and have the same. */
    private boolean settled() {
        return brokers.stream().allMatch(broker -> broker.running() && broker.life.get().brokerEpoch() != Brokers.UNKNOWN) && partitions().allMatch(this::settled);
    }

    private boolean settled(TopicIdPartition partition) {
        Optional<Partition> leader = leader(partition);
        if (leader.isEmpty()) {
            return false;
        }
        PartitionView view = newest().partition(partition.topic(), partition.partition()).orElseThrow();
        long end = leader.get().log().hot().logEndOffset();
        return view.isr().size() == view.replicas().size() && !view.reassigning() && view.replicas().stream().allMatch(id -> {
            Optional<Partition> replica = broker(id).life.get().held(partition);
            return replica.isPresent() && replica.get().log().hot().logEndOffset() == end && replica.get().replica().highWatermark() == end;
        });
    }

    /** The one that leads as far as it knows itself and the newest view says. */
    Optional<Partition> leader(TopicIdPartition partition) {
        Optional<PartitionView> view = newest().partition(partition.topic(), partition.partition());
        return view.filter(found -> found.leader() >= 0).flatMap(found -> broker(found.leader()).life.flatMap(life -> life.partitions.find(partition.topic(), partition.partition())))
                .filter(held -> held.leaderEpoch() == view.get().leaderEpoch());
    }

    Stream<TopicIdPartition> partitions() {
        return topicsOf(newest()).stream().flatMap(topic -> topic.partitions().stream().map(partition -> new TopicIdPartition(topic.id(), partition.partition(), topic.name())));
    }

    List<TopicView> topicsOf(ClusterView view) {
        return topics.keySet().stream().flatMap(name -> view.topic(name).stream()).toList();
    }

    TopicIdPartition partition(String topic, int number) {
        return new TopicIdPartition(topics.get(topic), number, topic);
    }

    /** The newest view that anybody has shown. */
    ClusterView newest() {
        return observed.metadata.newest();
    }

    boolean healed() {
        return faults.over();
    }

    Broker broker(int id) {
        return brokers.get(id);
    }

    List<Broker> brokers() {
        return brokers;
    }

    Stream<Life> lives() {
        return brokers.stream().flatMap(broker -> broker.life.stream());
    }

    ObjectStore bucketOf(Life life) {
        ObjectStore link = bucket.of(life.thread);
        return mistake == Mistake.DELETE_BEFORE_MANIFEST_COMMIT || mistake == Mistake.DELETE_LOCAL_BEFORE_COMMIT ? new HastyBucket(link, life, bucket.objects) : link;
    }

    MetadataPeers peersOf(Life life) {
        return peers.of(life);
    }

    /** A process is dead. */
    void ended(Life dead, boolean noticed) {
        peers.forget(dead);
        if (noticed) {
            lives().toList().forEach(other -> network.carry(dead.id, other.id, () -> {
                if (other.thread.alive()) {
                    peers.lost(other, dead.id);
                    other.connectionEnded(dead.id, dead.brokerEpoch());
                }
            }));
            time.after(300 + random.nextLong(500), dead.connection::closeSession);
        }
    }

    /** Asks the process that a broker is now. @param from empty for a client; the answer comes on its thread */
    <T> CompletableFuture<T> call(Life from, int to, long timeoutMs, Function<Life, CompletableFuture<T>> handler) {
        return call(Optional.of(from), to, timeoutMs, handler);
    }

    <T> CompletableFuture<T> call(Optional<Life> from, int to, long timeoutMs, Function<Life, CompletableFuture<T>> handler) {
        int sender = from.map(life -> life.id).orElse(Network.CLIENTS);
        Optional<Life> target = broker(to).life;
        CompletableFuture<T> reply = new CompletableFuture<>();
        network.carry(sender, to, () -> {
            if (target.isPresent() && target.get().thread.alive()) {
                target.get().thread.execute(() -> handler.apply(target.get()).whenComplete((value, failure) -> network.carry(to, sender, () -> onThread(from, () -> complete(reply, value, failure)))));
            } else {
                network.carry(to, sender, () -> onThread(from, () -> reply.completeExceptionally(new IllegalStateException("connection refused"))));
            }
        });
        time.after(timeoutMs, () -> onThread(from, () -> reply.completeExceptionally(new IllegalStateException("no answer"))));
        return reply;
    }

    private static void onThread(Optional<Life> from, Runnable task) {
        from.ifPresentOrElse(life -> life.thread.execute(task), task);
    }

    private static <T> void complete(CompletableFuture<T> reply, T value, Throwable failure) {
        if (failure == null) {
            reply.complete(value);
        } else {
            reply.completeExceptionally(failure instanceof CompletionException ? failure.getCause() : failure);
        }
    }

    /** Whether the machine of a broker says that nobody listens there: asked by another one. */
    CompletableFuture<Boolean> refused(Life from, int broker) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        network.carry(from.id, broker, () -> {
            boolean refused = !broker(broker).running();
            network.carry(broker, from.id, () -> from.thread.execute(() -> answer.complete(refused)));
        });
        time.after(1_000, () -> from.thread.execute(() -> answer.complete(false)));
        return answer;
    }

    Uuid uuid() {
        return new Uuid(random.nextLong() >>> 1, random.nextLong());
    }

    void note(String what) {
        trace.note(time.nowMs(), what);
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("at " + time.nowMs() + ", head " + store.head() + ", view " + newest().version() + ", brokers " + newest().brokers().values() + "\n");
        topicsOf(newest()).forEach(topic -> topic.partitions().forEach(partition -> text.append(topic.name()).append(' ').append(partition).append('\n')));
        brokers.forEach(broker -> {
            text.append("broker ").append(broker.id).append(broker.life.map(life -> " view " + life.metadata.view().version() + " epoch " + life.brokerEpoch()).orElse(" down")).append('\n');
            broker.life.ifPresent(life -> life.held().forEach(held -> text.append("  ").append(Life.text(held)).append('\n')));
        });
        return text.append(clients).toString();
    }
}
