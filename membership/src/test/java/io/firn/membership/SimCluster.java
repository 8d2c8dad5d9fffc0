package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.membership.controller.Policy;
import io.firn.membership.journal.Journal;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/**
 * Brokers with the real metadata on simulated disks, network and store, and what must hold after every event:
 *
 * <ul>
 *   <li>There is one history: whatever broker shows version n, shows the same view; and its versions only grow.
 *   <li>Nothing is shown before a head covers it.
 *   <li>Versions and epochs of the head only grow, and when it is set a majority of keepers has forced its entry.
 *   <li>A command is decided once.
 *   <li>An answer is the view of the history at its version, and the broker that answered shows it.
 * </ul>
 */
final class SimCluster {

    static final MetadataTimes TIMES = new MetadataTimes(2_000, 500, 300, 400, 150, 1_000, 3_000, 5_000);

    final SimTime time;
    final SimNetwork network;
    final SimStore store;
    final Map<Integer, Node> nodes = new TreeMap<>();
    final Set<Integer> keepers;
    private final JournalLimits limits;
    private final TreeMap<Long, ClusterView> history = new TreeMap<>();
    private final Map<Long, Long> allocated = new TreeMap<>();
    private int allocations;
    private long rebuiltVersion;
    private Optional<Head> lastHead = Optional.empty();
    private Optional<AssertionError> violation = Optional.empty();
    int answered;
    int refused;
    int unavailable;

    SimCluster(long seed, int brokers, Set<Integer> keepers, int snapshotEntries) {
        this.time = new SimTime(Seeds.random(seed));
        this.network = new SimNetwork(time);
        this.store = new SimStore(time);
        this.keepers = keepers;
        this.limits = new JournalLimits(snapshotEntries, 1 << 20);
        for (int id = 0; id < brokers; id++) {
            nodes.put(id, new Node(id));
        }
    }

    void startAll() {
        nodes.values().forEach(Node::start);
    }

    void run(long ms) {
        time.runUntil(time.nowMs() + ms, this::check);
    }

    /** Runs until it holds, at most so long. */
    void runUntil(long ms, String what, java.util.function.BooleanSupplier holds) {
        long endMs = time.nowMs() + ms;
        while (!holds.getAsBoolean()) {
            assertThat(time.nowMs()).as("%s; head %s, views %s", what, store.head(), views()).isLessThan(endMs);
            run(10);
        }
    }

    Map<Integer, Long> views() {
        return nodes.values().stream().filter(Node::running).collect(Collectors.toMap(node -> node.id, node -> node.metadata.view().version()));
    }

    /** Whether every running broker shows what the head covers, and that is something. */
    boolean agreed() {
        return store.head().filter(head -> head.version() > 0 && nodes.values().stream().allMatch(node -> !node.running() || node.metadata.view().version() == head.version())).isPresent();
    }

    /** The broker that is the controller of the newest epoch, as far as anybody knows. */
    Optional<Node> controller() {
        return nodes.values().stream().filter(node -> node.running() && node.metadata.isController()).findFirst();
    }

    private void check() {
        violation.ifPresent(error -> {
            throw error;
        });
        nodes.values().forEach(Node::check);
        if (!store.head().equals(lastHead)) {
            store.head().ifPresent(this::checkHead);
            lastHead = store.head();
        }
    }

    private void checkHead(Head head) {
        lastHead.ifPresent(last -> assertThat(head.version() >= last.version() && head.controllerEpoch() >= last.controllerEpoch()).as("head %s after %s", head, last).isTrue());
        long have = keepers.stream().filter(keeper -> nodes.get(keeper).hasForced(head)).count();
        boolean claim = lastHead.filter(last -> last.version() == head.version()).isPresent() || head.version() == 0 || head.version() == rebuiltVersion;
        assertThat(have >= keepers.size() / 2 + 1 || claim).as("head %s is forced by %s of %s keepers", head, have, keepers.size()).isTrue();
    }

    /** Called by the metadata, which takes any error for its own and stops: so it is kept for the next check. */
    private void shown(int broker, ClusterView view) {
        try {
            ClusterView before = history.putIfAbsent(view.version(), view);
            assertThat(before == null || before.equals(view)).as("broker %s shows another view %s:\n%s\nthan was shown before:\n%s", broker, view.version(), view, before).isTrue();
            assertDecidedOnce(view);
            assertThat(Math.max(rebuiltVersion, store.head().map(Head::version).orElse(0L))).as("broker %s shows a view the head does not cover", broker).isGreaterThanOrEqualTo(view.version());
        } catch (AssertionError e) {
            violation = violation.or(() -> Optional.of(e));
        }
    }

    /** Each block of producer ids that is asked for has its own size. */
    private void assertDecidedOnce(ClusterView view) {
        long block = view.nextProducerId() - Optional.ofNullable(history.get(view.version() - 1)).orElse(view).nextProducerId();
        if (block > 0) {
            assertThat(Optional.ofNullable(allocated.put(block, view.version())).orElse(view.version())).as("version at which block %s was allocated", block).isEqualTo(view.version());
        }
    }

    Command allocation() {
        return new Command.AllocateProducerIds(++allocations);
    }

    /** What was shown from this version on does not bind any more: the metadata was rebuilt. */
    void forget(long version) {
        history.tailMap(version, true).clear();
        rebuiltVersion = version;
    }

    /** A broker through its lives. */
    final class Node {
        final int id;
        SimFolder folder = new SimFolder(time.random());
        Metadata metadata;
        SimThread thread;
        SimStore.Connection connection;
        private final List<SimFolder> lost = new ArrayList<>();
        private long lastVersion;
        private final List<CompletableFuture<ClusterView>> asked = new ArrayList<>();

        Node(int id) {
            this.id = id;
        }

        boolean running() {
            return thread != null;
        }

        void start() {
            if (running()) {
                return;
            }
            thread = new SimThread(time);
            connection = store.connect(thread);
            lastVersion = 0;
            ClusterPlan plan = new ClusterPlan(id, keepers, TIMES);
            Policy policy = new Policy(nodes.size(), 1, 100, 1000, 20, 100, 100, 100);
            try {
                metadata = Metadata.open(folder, plan, policy, limits, connection, network.of(id), () -> Instant.ofEpochMilli(time.nowMs()), time.random(), thread, thread);
                SimThread life = thread;
                metadata.subscribe((previous, next) -> {
                    assertThat(life.alive()).isTrue();
                    shown(id, next);
                });
                shown(id, metadata.view());
            } catch (MetadataOpenFailed e) {
                assertThat(e.reason()).as("only its disk may keep broker %s from opening: %s", id, e.getMessage()).isEqualTo(MetadataOpenFailed.Reason.UNAVAILABLE);
                stop(Loss.ANY_PART, true);
            }
        }

        /** Ends this life at once. */
        void stop(Loss loss, boolean noticed) {
            if (!running()) {
                return;
            }
            thread.die();
            thread = null;
            network.dead(id, noticed);
            asked.clear();
            folder = folder.afterCrash(loss);
            SimStore.Connection dead = connection;
            if (noticed) {
                time.after(300 + time.random().nextLong(500), dead::closeSession);
            }
        }

        void pauseFor(long ms) {
            if (running()) {
                thread.pause(ms);
            }
        }

        void cutFromStore(long ms) {
            if (running()) {
                connection.cut(ms);
            }
        }

        void close() {
            metadata.close();
            run(100);
            assertThat(folder.closed()).isTrue();
            thread.die();
            thread = null;
            network.dead(id, true);
            folder = folder.afterCrash(Loss.NOTHING);
        }

        CompletableFuture<ClusterView> submit(Command asked) {
            Command command = asked instanceof Command.AllocateProducerIds ? allocation() : asked;
            CompletableFuture<ClusterView> answer = metadata.submit(command);
            SimThread life = thread;
            this.asked.add(answer);
            answer.whenComplete((view, error) -> {
                if (life.alive() && life == thread) {
                    this.asked.remove(answer);
                    answered(command, view, error);
                }
            });
            return answer;
        }

        List<CompletableFuture<ClusterView>> asked() {
            return asked;
        }

        private void answered(Command command, ClusterView view, Throwable error) {
            if (error instanceof CommandRefused) {
                refused++;
            } else if (error != null) {
                assertThat(error).isInstanceOf(MetadataUnavailable.class);
                unavailable++;
            } else {
                answered++;
                if (metadata.view().version() < view.version()) {
                    violation = violation.or(() -> Optional.of(new AssertionError("broker " + id + " answers with view " + view.version() + " but shows " + metadata.view().version())));
                }
                shown(id, view);
                if (command instanceof Command.AllocateProducerIds allocate && allocated.getOrDefault((long) allocate.count(), view.version()) != view.version()) {
                    violation = violation.or(() -> Optional.of(new AssertionError("broker " + id + " answers with view " + view.version() + ", which is not the one its command left")));
                }
            }
        }

        /** The disk lost power in the middle of a write, or the process was killed there. */
        void check() {
            if (running() && folder.crashed()) {
                stop(Loss.values()[time.random().nextInt(Loss.values().length)], false);
            } else if (running()) {
                assertThat(metadata.view().version()).isGreaterThanOrEqualTo(lastVersion);
                lastVersion = metadata.view().version();
            }
        }

        /** Its disk is gone. What was on it counts as forced where the head is set by then: keepers are asked before, and one may lose its disk in between. */
        void loseDisk() {
            lost.add(folder.afterCrash(Loss.EVERYTHING));
            folder = new SimFolder(time.random());
        }

        boolean hasForced(Head head) {
            return holds(folder.afterCrash(Loss.EVERYTHING), head) || lost.stream().anyMatch(disk -> holds(disk.afterCrash(Loss.NOTHING), head));
        }

        private boolean holds(SimFolder disk, Head head) {
            try {
                Journal journal = Journal.openUnproven(disk, limits);
                return journal.openedView().version() > head.version() || journal.openedView().version() == head.version() && journal.openedHash().equals(head.hash())
                        || journal.openedTail().stream().anyMatch(record -> record.version() == head.version() && record.hash().equals(head.hash()));
            } catch (IOException e) {
                throw new AssertionError(e);
            }
        }
    }
}
