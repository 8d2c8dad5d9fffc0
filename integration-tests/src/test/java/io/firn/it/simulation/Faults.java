package io.firn.it.simulation;

import io.firn.membership.Command;
import io.firn.membership.PartitionView;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.TopicIdPartition;

/** Everything that goes wrong, one after the other and at the same time. */
final class Faults {

    /** What is done to a leader that was elected unclean and waits for the bucket. */
    enum WhileRecovering { STOP, SHUT_DOWN, REASSIGN }

    private static final long LOOK_MS = 50;
    private static final int MOST_LOOKS = 60;

    private final Cluster cluster;
    private boolean over = true;

    Faults(Cluster cluster) {
        this.cluster = cluster;
    }

    void begin() {
        over = false;
        fail();
    }

    boolean over() {
        return over;
    }

    private Broker any() {
        return cluster.broker(cluster.random.nextInt(cluster.brokers().size()));
    }

    private long upTo(long ms) {
        return 1 + cluster.random.nextLong(ms);
    }

    private boolean power() {
        return cluster.shape.powerLoss() && cluster.random.nextBoolean();
    }

    private void did(String what) {
        cluster.trace.count(what);
        cluster.note("fault: " + what);
    }

    private void fail() {
        if (over) {
            return;
        }
        if (cluster.unclean && cluster.random.nextInt(6) == 0) {
            lagAndLose();
            cluster.time.after(1_000 + upTo(2_500), this::fail);
            return;
        }
        Broker broker = any();
        switch (cluster.random.nextInt(25)) {
            case 0, 1 -> restart(broker, power());
            case 2 -> leader().ifPresent(leader -> restart(leader, power()));
            case 3 -> restartAll();
            case 4 -> cutPower(broker);
            case 5, 6 -> partition();
            case 7 -> isolate(broker);
            case 8 -> leader().ifPresent(this::isolate);
            case 9, 10 -> pause(cluster.random.nextBoolean() ? broker : leader().orElse(broker));
            case 11 -> noise();
            case 12 -> losesMajority();
            case 13 -> cutFromStore(broker);
            case 14 -> storeNoise();
            case 15 -> bucketDown();
            case 16 -> bucketNoise();
            case 17 -> bucketSlow();
            case 18 -> slowDisk(broker);
            case 19 -> fullDisk(broker);
            case 20, 21 -> moveLeaders();
            case 22 -> reassign();
            case 23 -> shutDown(broker);
            default -> expireSession();
        }
        cluster.time.after(50 + upTo(1_200), this::fail);
    }

    private void restart(Broker broker, boolean power) {
        did(power ? "power loss" : "kill");
        broker.restartAfter(3_000, power, !power || cluster.random.nextBoolean());
    }

    private void shutDown(Broker broker) {
        did("controlled shutdown");
        broker.life.ifPresent(Life::shutDown);
    }

    private void restartAll() {
        boolean power = power();
        did(power ? "power loss of all" : "kill of all");
        cluster.brokers().forEach(broker -> broker.restartAfter(2_000, power, !power));
    }

    private void cutPower(Broker broker) {
        if (cluster.shape.powerLoss()) {
            did("power loss in the middle of a write");
            broker.cutPowerSoon();
        }
    }

    private Optional<Broker> leader() {
        int leader = cluster.newest().partition(Shape.EVENTS, cluster.random.nextInt(cluster.shape.partitions())).orElseThrow().leader();
        return leader < 0 ? Optional.empty() : Optional.of(cluster.broker(leader));
    }

    /** A follower is down until it is out of sync, and back when its leader is gone: it is elected nevertheless, where that is allowed. Now and then the bucket is away then, and something is done to who waits for it. */
    private void lagAndLose() {
        Optional<PartitionView> placed = risky().filter(found -> found.leader() >= 0);
        placed.flatMap(found -> found.replicas().stream().filter(id -> id != found.leader()).findFirst()).map(cluster::broker).ifPresent(follower -> {
            boolean bucketAway = cluster.random.nextInt(3) == 0;
            did("follower out of sync, then its leader lost" + (bucketAway ? ", and the bucket" : ""));
            follower.stop(power(), true);
            cluster.time.after(700 + upTo(2_000), () -> {
                cluster.broker(placed.get().leader()).restartAfter(4_000, power(), true);
                follower.start();
                if (bucketAway) {
                    cluster.bucket.down(2_000 + upTo(4_000));
                    lookWhetherItRecovers(follower, MOST_LOOKS);
                }
            });
        });
    }

    private Optional<PartitionView> risky() {
        return cluster.newest().partition(Shape.RISKY, 0);
    }

    private void lookWhetherItRecovers(Broker elected, int looks) {
        if (recovers(elected)) {
            cluster.time.after(upTo(800), () -> {
                if (!over && recovers(elected)) {
                    disturb(elected, WhileRecovering.values()[cluster.random.nextInt(WhileRecovering.values().length)]);
                }
            });
        } else if (!over && looks > 0) {
            cluster.time.after(LOOK_MS, () -> lookWhetherItRecovers(elected, looks - 1));
        }
    }

    private static boolean recovers(Broker elected) {
        return elected.life.filter(Life::recovers).isPresent();
    }

    private void disturb(Broker elected, WhileRecovering what) {
        did(counted(what));
        switch (what) {
            case STOP -> elected.restartAfter(3_000, power(), true);
            case SHUT_DOWN -> elected.life.ifPresent(Life::shutDown);
            case REASSIGN -> move(cluster.partition(Shape.RISKY, 0), Shape.RISKY_REPLICAS);
        }
    }

    /** As it is counted in the trace. */
    static String counted(WhileRecovering what) {
        return "unclean leader waits for the bucket: " + what;
    }

    /** Until a broker is elected that was out of sync, and the bucket is away. */
    Broker waitsForTheBucket() {
        PartitionView placed = risky().orElseThrow();
        Broker follower = cluster.broker(placed.replicas().stream().filter(id -> id != placed.leader()).findFirst().orElseThrow());
        cluster.run(upTo(4_000));
        follower.stop(power(), true);
        cluster.runUntil("the follower is out of sync", 20_000, () -> risky().orElseThrow().isr().equals(List.of(placed.leader())));
        cluster.run(upTo(2_000));
        cluster.bucket.down(Long.MAX_VALUE / 4);
        cluster.broker(placed.leader()).stop(power(), true);
        follower.start();
        cluster.runUntil("it is elected and waits for the bucket", 20_000, () -> recovers(follower));
        return follower;
    }

    void whileItWaitsForTheBucket(WhileRecovering what) {
        disturb(waitsForTheBucket(), what);
        cluster.run(5_000);
        end();
    }

    /** Single directions, clients' among them. */
    private void partition() {
        did("one-way partitions");
        for (int i = 1 + cluster.random.nextInt(8); i > 0; i--) {
            int from = cluster.random.nextInt(cluster.brokers().size() + 1) - 1;
            cluster.network.cut(from, any().id, upTo(3_000));
        }
    }

    /** From all other brokers, both ways; perhaps from the metadata store, too. */
    private void isolate(Broker broker) {
        did("isolated broker");
        long ms = upTo(4_000);
        for (Broker other : cluster.brokers()) {
            cluster.network.cut(broker.id, other.id, ms);
            cluster.network.cut(other.id, broker.id, ms);
        }
        if (cluster.random.nextBoolean()) {
            broker.life.ifPresent(life -> life.connection.cut(ms));
        }
    }

    private void pause(Broker broker) {
        did("pause");
        broker.life.ifPresent(life -> life.thread.pause(upTo(4_000)));
    }

    private void noise() {
        did("network noise");
        cluster.network.faultOneIn(cluster.random.nextBoolean() ? 10 + cluster.random.nextInt(40) : 1_000);
    }

    private void losesMajority() {
        did("metadata store without majority");
        cluster.store.lose(upTo(3_500));
    }

    private void cutFromStore(Broker broker) {
        did("cut from the metadata store");
        broker.life.ifPresent(life -> life.connection.cut(upTo(5_000)));
    }

    private void storeNoise() {
        did("lost answers of the metadata store");
        cluster.store.lossOneIn(cluster.random.nextBoolean() ? 5 : 1_000);
    }

    private void expireSession() {
        did("session of the controller ends");
        cluster.store.depose();
    }

    private void bucketDown() {
        did("object store down");
        cluster.bucket.down(upTo(6_000));
    }

    private void bucketNoise() {
        did("object store with 503, lost answers, stalled writes");
        cluster.bucket.faultOneIn(cluster.random.nextInt(4) > 0 ? 4 + cluster.random.nextInt(20) : Integer.MAX_VALUE);
    }

    private void bucketSlow() {
        did("slow object store");
        cluster.bucket.delayMs(1 + cluster.random.nextInt(400));
    }

    private void slowDisk(Broker broker) {
        did("slow disk");
        broker.diskDelayMs = cluster.random.nextInt(3) == 0 ? 0 : cluster.random.nextInt(40);
    }

    private void fullDisk(Broker broker) {
        did("full disk");
        broker.fillDiskFor(upTo(3_000));
    }

    private void moveLeaders() {
        did("leaders moved");
        any().life.ifPresent(life -> life.submit(new Command.ElectLeaders(Command.Election.PREFERRED, Optional.empty())));
    }

    private void reassign() {
        did("reassignment");
        List<TopicIdPartition> partitions = cluster.partitions().toList();
        move(partitions.get(cluster.random.nextInt(partitions.size())), cluster.shape.replicas());
    }

    private void move(TopicIdPartition moved, int replicas) {
        List<Integer> target = new ArrayList<>(cluster.brokers().stream().map(broker -> broker.id).toList());
        Collections.shuffle(target, cluster.random);
        Command.Reassignment reassignment = new Command.Reassignment(moved.topicPartition(), Optional.of(target.subList(0, replicas)));
        any().life.ifPresent(life -> life.submit(new Command.ReassignPartitions(List.of(reassignment), false)));
    }

    /** Everything heals. */
    void end() {
        over = true;
        cluster.note("everything heals");
        cluster.network.heal();
        cluster.bucket.heal();
        cluster.store.lossOneIn(Integer.MAX_VALUE);
        cluster.brokers().forEach(broker -> {
            broker.diskDelayMs = 0;
            broker.disk.capacityBytes(Long.MAX_VALUE);
            cluster.time.after(upTo(3_000), broker::start);
        });
    }
}
