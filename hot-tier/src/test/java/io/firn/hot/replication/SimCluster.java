package io.firn.hot.replication;

import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.FileRange;
import io.firn.hot.HotLog;
import io.firn.hot.HotLogConfig;
import io.firn.hot.LogReads;
import io.firn.hot.ReadResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.hot.SteppedStore;
import io.firn.hot.batch.Batches;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.apache.kafka.common.record.internal.Record;

/**
 * Brokers with one replica each of one partition, their controller and producers, in one thread on virtual time: the real {@link Replica} over real logs on {@link SimDisk}s, over a network that delays, reorders,
 * drops, doubles and cuts. What must hold is checked as it happens; {@link Violation} says what did not.
 */
final class SimCluster {

    /** Something that must never be. */
    static final class Violation extends AssertionError {
        Violation(String what) {
            super(what);
        }
    }

    /** Known ways to do it wrong. */
    enum Bug {
        NONE,
        /** Acknowledges what the leader alone has. */
        ACK_BEFORE_ISR,
        /** A follower of a new epoch cuts its log at its high watermark first, as Kafka did before KIP-101. */
        TRUNCATE_TO_HIGH_WATERMARK,
        /** A replica vouches for bytes that a power loss may take. */
        COUNT_UNFORCED,
        /** A follower does not say of which epoch its last record is. */
        NO_DIVERGENCE_CHECK
    }

    private static final int CONTROLLER = -1;
    private static final long MAX_LAG_MS = 300;
    private static final long REQUEST_TIMEOUT_MS = 250;

    private record Event(long atMs, long number, Runnable what) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return atMs != other.atMs ? Long.compare(atMs, other.atMs) : Long.compare(number, other.number);
        }
    }

    private record Wait(int leaderEpoch, long baseOffset, long nextOffset, long firstNumber) {}

    private final Random random;
    private final Bug bug;
    private final int minInSync;
    private final boolean powerLoss;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final List<Node> nodes = new ArrayList<>();
    private final SimController controller;
    private final Set<String> cut = new HashSet<>();
    private final HotLogConfig config;

    /** Number of each record that was shown or acknowledged, by offset. */
    private final TreeMap<Long, Long> committed = new TreeMap<>();
    private final TreeMap<Long, Long> acknowledged = new TreeMap<>();
    private final Map<Integer, Integer> leaders = new HashMap<>();

    /** Largest high watermark of each leader epoch. */
    private final TreeMap<Integer, Long> shown = new TreeMap<>();

    private long nowMs = 1000;
    private long nextEvent;
    private long nextNumber = 1;
    private double dropRate;
    private boolean faults = true;
    int faultCount;
    final StringBuilder trace = new StringBuilder();

    SimCluster(Random random, Bug bug) {
        this.random = random;
        this.bug = bug;
        int brokers = 3 + random.nextInt(3);
        this.minInSync = 1 + random.nextInt(2);
        this.powerLoss = bug == Bug.COUNT_UNFORCED || random.nextInt(3) > 0;
        this.config = new HotLogConfig(1500 + random.nextInt(4000), Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);
        this.controller = new SimController(IntStream.range(0, brokers).boxed().toList());
        this.dropRate = random.nextInt(3) == 0 ? 0.1 : 0.01;
        for (int id = 0; id < brokers; id++) {
            nodes.add(new Node(id));
        }
        nodes.forEach(Node::start);
        controllerTick();
    }

    /** Lives on under faults for so long, then heals and settles. */
    void run(long durationMs) {
        long end = nowMs + durationMs;
        after(random.nextInt(100), this::produce);
        after(random.nextInt(200), this::fault);
        runUntil(end);
        faults = false;
        cut.clear();
        dropRate = 0;
        nodes.stream().filter(node -> !node.alive).forEach(Node::start);
        long deadline = nowMs + 60_000;
        while (!settled()) {
            if (nowMs > deadline) {
                throw new Violation("not settled: " + controller.placement() + " " + nodes);
            }
            runUntil(nowMs + 100);
        }
        checkEnd();
    }

    private boolean settled() {
        Placement placement = controller.placement();
        if (placement.leader() < 0 || placement.isr().size() < nodes.size()) {
            return false;
        }
        long end = nodes.get(placement.leader()).log.logEndOffset();
        return nodes.stream().allMatch(node -> node.log.logEndOffset() == end && node.replica.highWatermark() == end);
    }

    private void checkEnd() {
        for (Node node : nodes) {
            long end = node.log.logEndOffset();
            Map<Long, Long> all = node.numbers(0, end);
            acknowledged.forEach((offset, number) -> {
                if (!number.equals(all.get(offset))) {
                    throw new Violation("acknowledged record " + number + " is not at offset " + offset + " of " + node);
                }
            });
            if (!all.equals(nodes.get(0).numbers(0, end))) {
                throw new Violation("logs differ in the end: " + node);
            }
        }
    }

    int acknowledgedRecords() {
        return acknowledged.size();
    }

    // Time and network

    private void runUntil(long untilMs) {
        while (!events.isEmpty() && events.peek().atMs() <= untilMs) {
            Event event = events.poll();
            nowMs = event.atMs();
            event.what().run();
            nodes.forEach(Node::check);
        }
        nowMs = untilMs;
    }

    private void after(long delayMs, Runnable what) {
        events.add(new Event(nowMs + delayMs, nextEvent++, what));
    }

    private void send(int from, int to, Runnable delivery) {
        if (random.nextDouble() < dropRate || cut.contains(from + ">" + to)) {
            return;
        }
        long delay = random.nextInt(20) == 0 ? random.nextInt(150) : random.nextInt(6);
        after(delay, delivery);
        if (faults && random.nextInt(40) == 0) {
            after(delay + random.nextInt(100), delivery);
        }
    }

    private void note(String what) {
        trace.append(nowMs).append(' ').append(what).append('\n');
    }

    // Controller

    private void controllerTick() {
        long before = controller.view().version();
        controller.tick(nowMs);
        if (faults && random.nextInt(60) == 0) {
            controller.move();
        }
        broadcastIfNew(before);
        after(40, this::controllerTick);
    }

    private void broadcastIfNew(long before) {
        if (controller.view().version() != before) {
            SimController.View view = controller.view();
            note("view " + view.placement() + " live " + view.live());
            nodes.forEach(node -> send(CONTROLLER, node.id, () -> node.onView(view)));
        }
    }

    // Clients

    private void produce() {
        if (!faults) {
            return;
        }
        Node node = nodes.get(random.nextInt(nodes.size()));
        if (node.alive && node.replica.leader().isPresent()) {
            node.produce();
        }
        after(random.nextInt(15), this::produce);
    }

    // Faults

    private void fault() {
        if (!faults) {
            return;
        }
        faultCount++;
        Node node = nodes.get(random.nextInt(nodes.size()));
        switch (random.nextInt(8)) {
            case 0, 1 -> node.die();
            case 2 -> cutBoth(node.id, CONTROLLER);
            case 3 -> {
                int other = random.nextInt(nodes.size() + 1) - 1;
                cutOne(random.nextBoolean() ? node.id : other, random.nextBoolean() ? node.id : other);
            }
            case 4 -> nodes.forEach(other -> cutBoth(node.id, other.id));
            case 5 -> {
                if (random.nextInt(4) == 0) {
                    nodes.forEach(Node::die);
                }
            }
            case 6 -> node.diskDelayMs = random.nextInt(30);
            default -> node.killLeader();
        }
        after(random.nextInt(500), this::fault);
    }

    private void cutBoth(int a, int b) {
        cutOne(a, b);
        cutOne(b, a);
    }

    private void cutOne(int from, int to) {
        if (from != to) {
            note("cut " + from + ">" + to);
            cut.add(from + ">" + to);
            after(random.nextInt(1200), () -> cut.remove(from + ">" + to));
        }
    }

    // One broker

    private final class Node implements Brokers, ReplicaListener {
        final int id;
        private final SimDisk disk;
        private SteppedStore store;
        private HotLog log;
        private Replica replica;
        private Lease lease;
        private boolean alive;
        private int life;
        private long brokerEpoch;
        private SimController.View view;
        private final List<Wait> waits = new ArrayList<>();
        private long verifiedTo;
        private boolean pumping;
        private long diskDelayMs;

        Node(int id) {
            this.id = id;
            this.disk = new SimDisk(random.nextLong());
        }

        void start() {
            if (alive) {
                return;
            }
            alive = true;
            life++;
            Durability durability = powerLoss && bug != Bug.COUNT_UNFORCED || random.nextBoolean() && bug != Bug.COUNT_UNFORCED ? Durability.FSYNC : Durability.OS;
            store = new SteppedStore(disk, SteppedStore.DIRECTORY, durability, 1 << 20);
            log = store.open(config);
            lease = new Lease(SimController.LEASE_MS);
            Authority authority = lease;
            replica = new Replica(log, new ReplicaSettings(id, minInSync, MAX_LAG_MS, false), this, authority, TierBoundary.NONE, this, () -> nowMs, () -> nowMs);
            log.onDurable(ofThisLife(() -> {
                replica.onDurable();
                answerWaits();
            }));
            verifiedTo = 0;
            long before = controller.view().version();
            brokerEpoch = controller.register(id, nowMs);
            view = controller.view();
            broadcastIfNew(before);
            note("start " + this);
            onView(view);
            beat();
            tick();
        }

        void die() {
            if (!alive) {
                return;
            }
            alive = false;
            store.die();
            waits.clear();
            boolean power = powerLoss && random.nextInt(3) > 0;
            if (power) {
                disk.crash();
            } else {
                disk.kill();
            }
            note((power ? "power loss " : "kill ") + this);
            after(random.nextInt(1500), () -> {
                if (faults) {
                    start();
                }
            });
        }

        void killLeader() {
            int leader = controller.placement().leader();
            if (leader >= 0) {
                nodes.get(leader).die();
            }
        }

        private Runnable ofThisLife(Runnable what) {
            int mine = life;
            return () -> {
                if (alive && life == mine) {
                    what.run();
                    pump();
                }
            };
        }

        /** Lets the store's loop, pool and flusher do one thing after the other. */
        private void pump() {
            if (!pumping) {
                pumping = true;
                int mine = life;
                after(random.nextInt(3) + (diskDelayMs > 0 ? random.nextLong(diskDelayMs + 1) : 0), () -> {
                    pumping = false;
                    if (alive && life == mine && store.step()) {
                        pump();
                    }
                });
            }
        }

        private void beat() {
            long sentMs = nowMs;
            long epoch = brokerEpoch;
            send(id, CONTROLLER, () -> {
                long before = controller.view().version();
                boolean welcome = controller.heartbeat(id, epoch, nowMs);
                broadcastIfNew(before);
                SimController.View answer = controller.view();
                send(CONTROLLER, id, ofThisLife(() -> {
                    onView(answer);
                    if (welcome && epoch == brokerEpoch) {
                        lease.renew(sentMs);
                    }
                }));
            });
            after(60, ofThisLife(this::beat));
        }

        private void tick() {
            store.nowMs = nowMs;
            log.tick(nowMs);
            replica.tick();
            fetch();
            if (random.nextInt(20) == 0) {
                try {
                    store.store().saveHighWatermarks();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
            after(25, ofThisLife(this::tick));
        }

        void onView(SimController.View newer) {
            if (!alive || newer.version() < view.version()) {
                return;
            }
            view = newer;
            Placement placement = newer.placement();
            if (bug == Bug.TRUNCATE_TO_HIGH_WATERMARK && placement.leaderEpoch() > replica.leaderEpoch() && placement.leader() >= 0 && placement.leader() != id) {
                log.truncateTo(replica.highWatermark()).thenRun(ofThisLife(() -> replica.onPlacement(placement)));
            } else {
                replica.onPlacement(placement);
            }
            answerWaits();
            pump();
        }

        // Producing

        void produce() {
            LeaderState leading = replica.leader().get();
            if (!leading.mayAcknowledge(nowMs) || !leading.hasEnoughInSync()) {
                return;
            }
            int count = 1 + random.nextInt(4);
            AppendResult result = log.append(RecordBuffers.of(Batches.plain(0, count, nextNumber)), leading.leaderEpoch(), AppendOrigin.CLIENT, nowMs);
            if (result instanceof AppendResult.Appended appended) {
                waits.add(new Wait(leading.leaderEpoch(), appended.baseOffset(), appended.lastOffset() + 1, nextNumber));
                nextNumber += count;
            }
            replica.onDurable();
            answerWaits();
            pump();
        }

        private void answerWaits() {
            waits.removeIf(wait -> {
                boolean leads = replica.leader().isPresent() && replica.leader().get().leaderEpoch() == wait.leaderEpoch();
                Commitment commitment = leads ? replica.leader().get().commitment(wait.nextOffset()) : Commitment.NOT_LEADER;
                if (bug == Bug.ACK_BEFORE_ISR && log.durableOffset() >= wait.nextOffset()) {
                    commitment = Commitment.COMMITTED;
                }
                if (commitment == Commitment.COMMITTED) {
                    for (long offset = wait.baseOffset(); offset < wait.nextOffset(); offset++) {
                        acknowledged.put(offset, wait.firstNumber() + offset - wait.baseOffset());
                        show(offset, wait.firstNumber() + offset - wait.baseOffset());
                    }
                }
                return commitment != Commitment.PENDING;
            });
        }

        private void show(long offset, long number) {
            Long before = committed.putIfAbsent(offset, number);
            if (before != null && before != number) {
                throw new Violation("offset " + offset + " was shown as record " + before + ", now as " + number + " by " + this);
            }
        }

        // Replicating

        @Override
        public void onRole() {
            // It shows in what the replica says and does.
        }

        @Override
        public void onReadyToFetch() {
            after(0, ofThisLife(this::fetch));
        }

        @Override
        public void onTickWanted(long delayMs) {
            after(delayMs, ofThisLife(replica::tick));
        }

        private void fetch() {
            Optional<FetchPosition> next = replica.nextFetch();
            if (next.isEmpty()) {
                return;
            }
            FetchPosition position = next.get();
            boolean[] answered = new boolean[1];
            int lastEpoch = bug == Bug.NO_DIVERGENCE_CHECK ? ReplicaFetch.NO_EPOCH : position.lastEpoch();
            ReplicaFetch fetch = new ReplicaFetch(id, brokerEpoch, position.leaderEpoch(), position.offset(), lastEpoch, position.logStartOffset());
            Node leader = nodes.get(position.leader());
            send(id, leader.id, () -> leader.onFetch(fetch, position, this, answered, life));
            after(REQUEST_TIMEOUT_MS, ofThisLife(() -> {
                if (!answered[0]) {
                    replica.onLost(position);
                }
            }));
        }

        private void onFetch(ReplicaFetch fetch, FetchPosition position, Node from, boolean[] answered, int fromLife) {
            if (!alive) {
                return;
            }
            FetchVerdict verdict = replica.onFetch(fetch);
            answerWaits();
            boolean empty = verdict instanceof FetchVerdict.Read && fetch.offset() == log.logEndOffset();
            after(empty ? random.nextInt(20) : 0, ofThisLife(() -> {
                FetchReply reply = reply(verdict, position);
                send(id, from.id, () -> {
                    if (from.alive && from.life == fromLife) {
                        answered[0] = true;
                        from.replica.onReply(reply, () -> {});
                        from.pump();
                    }
                });
            }));
            pump();
        }

        private FetchReply reply(FetchVerdict verdict, FetchPosition position) {
            if (verdict instanceof FetchVerdict.Refused refused) {
                return new FetchReply.Failed(position, refused.error(), log.logStartOffset());
            }
            if (verdict instanceof FetchVerdict.Diverging diverging) {
                return new FetchReply.Diverging(position, diverging.end(), log.logStartOffset());
            }
            if (replica.leader().isEmpty() || replica.leaderEpoch() != position.leaderEpoch()) {
                return new FetchReply.Failed(position, FetchError.NOT_LEADER, -1);
            }
            ReadResult read = log.read(position.offset(), 200 + random.nextInt(2000), log.logEndOffset(), true);
            RecordBuffers bytes = read instanceof ReadResult.Range range ? FetchedBatches.usable(RecordBuffers.of(copy(range.range())), position.offset()) : RecordBuffers.of();
            return new FetchReply.Records(position, bytes, replica.highWatermark(), log.logStartOffset());
        }

        private static ByteBuffer copy(FileRange range) {
            try {
                ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
                range.read(0, bytes);
                return bytes.flip();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } finally {
                range.release();
            }
        }

        @Override
        public void onProposal(IsrProposal proposal) {
            note("proposal of " + id + ": " + proposal);
            boolean[] answered = new boolean[1];
            send(id, CONTROLLER, () -> {
                long before = controller.view().version();
                ProposalOutcome outcome = controller.propose(proposal);
                broadcastIfNew(before);
                send(CONTROLLER, id, ofThisLife(() -> {
                    answered[0] = true;
                    replica.onOutcome(proposal, outcome);
                    answerWaits();
                }));
            });
            after(REQUEST_TIMEOUT_MS, ofThisLife(() -> {
                if (!answered[0]) {
                    replica.onOutcome(proposal, new ProposalOutcome.Unknown());
                    answerWaits();
                }
            }));
        }

        @Override
        public void onHighWatermark(long offset) {
            if (replica.leader().isPresent()) {
                int epoch = replica.leader().get().leaderEpoch();
                if (offset < shown.getOrDefault(epoch, 0L)) {
                    throw new Violation("the high watermark of epoch " + epoch + " went back to " + offset);
                }
                shown.put(epoch, offset);
                long earlier = shown.headMap(epoch).values().stream().mapToLong(Long::longValue).max().orElse(0);
                if (offset >= replica.leader().get().epochStartOffset() && offset < earlier) {
                    throw new Violation("epoch " + epoch + " shows " + offset + " as the end, an earlier one " + earlier);
                }
            }
        }

        // What must hold

        void check() {
            if (!alive) {
                return;
            }
            if (log.offlineReason().isPresent()) {
                throw new Violation(this + " is offline: " + log.offlineReason().get());
            }
            if (replica.leader().isPresent()) {
                Integer other = leaders.putIfAbsent(replica.leader().get().leaderEpoch(), id);
                if (other != null && other != id) {
                    throw new Violation("two leaders of epoch " + replica.leader().get().leaderEpoch() + ": " + other + " and " + id);
                }
            }
            long end = replica.highWatermark();
            if (end > log.logEndOffset() || end < verifiedTo && verifiedTo > log.logEndOffset()) {
                throw new Violation("committed records were cut off: " + this);
            }
            if (end > verifiedTo) {
                numbers(verifiedTo, end).forEach(this::show);
                verifiedTo = end;
            }
        }

        /** Number of each record in {@code [from, to)}, by offset. */
        Map<Long, Long> numbers(long from, long to) {
            Map<Long, Long> numbers = new HashMap<>();
            try {
                for (Record record : from < to ? LogReads.records(log, from, to, 4000, store::runWithoutForcing) : List.<Record>of()) {
                    if (record.offset() >= from && record.offset() < to) {
                        numbers.put(record.offset(), record.timestamp());
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return numbers;
        }

        // Brokers

        @Override
        public long epochOf(int brokerId) {
            return view.epochs().getOrDefault(brokerId, Brokers.UNKNOWN);
        }

        @Override
        public boolean mayJoin(int brokerId) {
            return view.live().contains(brokerId);
        }

        @Override
        public String toString() {
            return "broker " + id + (alive ? "" : " (down)") + (replica == null ? "" : ", epoch " + replica.leaderEpoch() + (replica.leader().isPresent() ? " leading" : "") + ", log end " + log.logEndOffset()
                    + ", durable " + log.durableOffset() + ", high watermark " + replica.highWatermark());
        }
    }
}
