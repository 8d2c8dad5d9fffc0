package io.firn.gateway.peer;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.Timer;
import io.firn.gateway.quota.ThrottleQuota;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.HotLog;
import io.firn.hot.HotLogConfig;
import io.firn.hot.LogReads;
import io.firn.hot.ProducerView;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.hot.SteppedStore;
import io.firn.hot.batch.Batches;
import io.firn.hot.replication.Authority;
import io.firn.hot.replication.Brokers;
import io.firn.hot.replication.IsrProposal;
import io.firn.hot.replication.Placement;
import io.firn.hot.replication.Replica;
import io.firn.hot.replication.ReplicaListener;
import io.firn.hot.replication.ReplicaSettings;
import io.firn.hot.replication.TierBoundary;
import io.firn.membership.ClusterView;
import io.firn.membership.PartitionView;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.requests.FetchRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two brokers in one thread: a leader's replicas and a follower's, the fetcher between them, and forces that come when the test says so. */
final class FollowerFetcherTest {

    private static final int LEADER = 1;
    private static final int FOLLOWER = 2;
    private static final int EPOCH = 3;
    private static final HotLogConfig CONFIG = new HotLogConfig(4000, Long.MAX_VALUE, 0, 10 << 20, 200, 1 << 20, false, Long.MAX_VALUE, Long.MAX_VALUE, false);

    private final SteppedStore leaders = new SteppedStore(new SimDisk(1), Durability.FSYNC);
    private final SteppedStore followers = new SteppedStore(new SimDisk(2), Durability.FSYNC);
    private final LoopbackPeers peers = new LoopbackPeers(followers.executor());
    private final List<Runnable> timers = new ArrayList<>();
    private final Timer timer = (delayMs, task) -> {
        timers.add(task);
        return () -> timers.remove(task);
    };
    private ClusterView view = ClusterView.EMPTY;
    private final ThrottleQuota throttle = new ThrottleQuota(ThrottleQuota.Side.FOLLOWER, FOLLOWER, () -> view, this::now);
    private final FollowerFetcher fetcher = new FollowerFetcher(FOLLOWER, () -> 20, LEADER, peers, new FetchLimits(1 << 20, 3000, 500), throttle, timer, followers.executor());
    private final Map<Integer, Replica> leading = new HashMap<>();
    private final Map<Integer, Replica> following = new HashMap<>();
    private long nowMs = 1000;

    private long now() {
        return nowMs;
    }

    private static final Brokers BROKERS = new Brokers() {
        @Override
        public long epochOf(int brokerId) {
            return brokerId * 10L;
        }

        @Override
        public boolean mayJoin(int brokerId) {
            return true;
        }
    };

    private final class Listener implements ReplicaListener {
        @Override
        public void onHighWatermark(long offset) {
            // Looked at by the test.
        }

        @Override
        public void onProposal(IsrProposal proposal) {
            throw new AssertionError("all are in sync: " + proposal);
        }

        @Override
        public void onRole() {
            // Looked at by the test.
        }

        @Override
        public void onReadyToFetch() {
            fetcher.onReady();
        }

        @Override
        public void onTickWanted(long delayMs) {
            throw new AssertionError("nobody was elected unclean");
        }
    }

    private static TopicIdPartition id(int partition) {
        return new TopicIdPartition(new Uuid(7, 7), partition, "topic");
    }

    private void open(int partition) {
        leading.put(partition, replica(leaders, partition, LEADER));
        following.put(partition, replica(followers, partition, FOLLOWER));
        place(partition);
    }

    private void place(int partition) {
        Placement placement = new Placement(LEADER, EPOCH, 1, List.of(LEADER, FOLLOWER), Set.of(LEADER, FOLLOWER));
        leading.get(partition).onPlacement(placement);
        peers.lead(id(partition), leading.get(partition));
        following.get(partition).onPlacement(placement);
        fetcher.add(id(partition), following.get(partition));
    }

    private Replica replica(SteppedStore store, int partition, int broker) {
        HotLog log = store.open(id(partition), CONFIG);
        Replica replica = new Replica(log, new ReplicaSettings(broker, 2, 10_000, false), BROKERS, Authority.ALWAYS, TierBoundary.NONE, new Listener(), () -> nowMs, () -> nowMs);
        log.onDurable(replica::onDurable);
        return replica;
    }

    private void append(int partition, int batches) {
        HotLog log = leading.get(partition).log();
        for (int i = 0; i < batches; ) {
            AppendResult result = log.append(RecordBuffers.of(Batches.plain(0, 5, 1)), EPOCH, AppendOrigin.CLIENT, nowMs);
            i += result instanceof AppendResult.Appended ? 1 : 0;
            leaders.run();
        }
    }

    /** Two replicas without a role yet. */
    private void openWithoutRoles() {
        leading.put(0, replica(leaders, 0, LEADER));
        following.put(0, replica(followers, 0, FOLLOWER));
    }

    private static void write(SteppedStore store, HotLog log, int leaderEpoch, long producerId, long end) {
        for (int sequence = 0; log.logEndOffset() < end; sequence += 5) {
            assertThat(log.append(RecordBuffers.of(Batches.data(0, producerId, (short) 0, sequence, 5, false, 1)), leaderEpoch, AppendOrigin.CLIENT, 1)).isInstanceOf(AppendResult.Appended.class);
        }
        store.run();
    }

    private static List<Long> producers(Replica replica) {
        return replica.log().activeProducers().stream().map(ProducerView::producerId).toList();
    }

    /** Up to 10 they have the same; then the follower got what nobody else did, and was away when the rest was written and its beginning deleted. */
    @ParameterizedTest
    @ValueSource(longs = {20, 30, 40})
    void aFollowerOfAHistoryThatTheLeaderHasDeletedKeepsNothingOfIt(long followersEnd) throws Exception {
        openWithoutRoles();
        write(leaders, leading.get(0).log(), 0, 70, 10);
        write(followers, following.get(0).log(), 0, 70, 10);
        write(leaders, leading.get(0).log(), 2, 72, 30);
        write(followers, following.get(0).log(), 1, 71, followersEnd);
        leaders.finish(leading.get(0).log().advanceLogStart(20));

        place(0);
        settle();

        HotLog from = leading.get(0).log();
        HotLog to = following.get(0).log();
        assertThat(LogReads.records(to, 20, 30, 900)).isEqualTo(LogReads.records(from, 20, 30, 900)).isNotEmpty();
        assertThat(to.localLogStartOffset()).as("where the other history would be").isEqualTo(20);
        assertThat(to.logStartOffset()).isEqualTo(20);
        assertThat(producers(following.get(0))).as("a retry of producer 71 would be taken for a duplicate").containsExactly(72L);
        assertThat(following.get(0).highWatermark()).isEqualTo(30);
        assertThat(leading.get(0).highWatermark()).isEqualTo(30);
    }

    @Test
    void aFollowerOfALeaderThatKnowsNothingOfWhatWasDeletedKeepsNothingOfIt() {
        openWithoutRoles();
        leaders.finish(leading.get(0).log().truncateFullyAndStartAt(20).thenCompose(done -> leading.get(0).log().advanceLogStart(20)));
        write(leaders, leading.get(0).log(), 2, 72, 30);
        write(followers, following.get(0).log(), 1, 71, 20);
        place(0);
        settle();
        assertThat(following.get(0).log().localLogStartOffset()).isEqualTo(20);
        assertThat(producers(following.get(0))).containsExactly(72L);
        assertThat(leading.get(0).highWatermark()).isEqualTo(30);
    }

    @ParameterizedTest
    @ValueSource(longs = {20, 30})
    void whereAllWasDeletedBeforeTheLeaderWasElectedAFollowerKeepsTheProducersItKnows(long followersEnd) {
        openWithoutRoles();
        write(leaders, leading.get(0).log(), 1, 71, 20);
        write(followers, following.get(0).log(), 1, 71, followersEnd);
        leaders.finish(leading.get(0).log().advanceLogStart(20));
        place(0);
        settle();
        assertThat(following.get(0).log().logEndOffset()).isEqualTo(20);
        assertThat(following.get(0).log().logStartOffset()).isEqualTo(20);
        assertThat(producers(following.get(0))).containsExactly(71L);
        assertThat(leading.get(0).highWatermark()).isEqualTo(20);
    }

    /** Until nobody has anything to do or to ask but for what the leader has not. */
    private void settle() {
        for (int i = 0; i < 200; i++) {
            followers.run();
            if (peers.isAsked()) {
                peers.serve();
            }
            leaders.run();
        }
        followers.run();
    }

    private void runTimers() {
        List<Runnable> due = List.copyOf(timers);
        timers.clear();
        due.forEach(Runnable::run);
    }

    @Test
    void recordsReachTheFollowerAndAreCommittedWhenItHasForcedThem() throws Exception {
        open(0);
        open(1);
        append(0, 30);
        append(1, 3);
        settle();
        for (int partition : new int[] {0, 1}) {
            HotLog from = leading.get(partition).log();
            HotLog to = following.get(partition).log();
            assertThat(LogReads.records(to, 0, to.logEndOffset(), 900)).isEqualTo(LogReads.records(from, 0, from.logEndOffset(), 900)).isNotEmpty();
            assertThat(leading.get(partition).highWatermark()).isEqualTo(from.logEndOffset());
            assertThat(following.get(partition).highWatermark()).isEqualTo(from.logEndOffset());
        }
        assertThat(peers.held).as("answers not let go").isZero();
    }

    @Test
    void nothingIsCommittedNorAskedForBeforeTheFollowerHasForced() {
        open(0);
        append(0, 2);
        followers.run();
        peers.serve();
        followers.runWithoutForcing();
        assertThat(following.get(0).log().logEndOffset()).isEqualTo(10);
        assertThat(peers.isAsked()).isFalse();
        assertThat(leading.get(0).highWatermark()).isZero();
        followers.run();
        peers.serve();
        assertThat(leading.get(0).highWatermark()).isEqualTo(10);
    }

    @Test
    void thoseThatAreReadyDoNotWaitLongForOneThatIsBusy() {
        open(0);
        open(1);
        followers.run();
        append(0, 2);
        peers.serve();
        followers.runWithoutForcing();
        assertThat(peers.isAsked()).as("partition 0 is being forced").isFalse();
        runTimers();
        followers.runWithoutForcing();
        assertThat(peers.isAsked()).isTrue();
        FetchRequest request = peers.requests.get(peers.requests.size() - 1);
        assertThat(request.data().forgottenTopicsData()).anySatisfy(topic -> assertThat(topic.partitions()).contains(0));
        assertThat(request.maxWait()).isEqualTo(FollowerFetcher.PATIENCE_MS);
        settle();
        assertThat(leading.get(0).highWatermark()).isEqualTo(10);
    }

    @Test
    void aReplicaThatIsSlowedDownIsNotAskedForUntilTheAverageIsBelowItsLimitAgain() {
        TopicView slowed = new TopicView(new Uuid(7, 7), "topic", List.of(new PartitionView(0, LEADER, EPOCH, 1, List.of(LEADER, FOLLOWER), List.of(LEADER))),
                Map.of("follower.replication.throttled.replicas", "0:" + FOLLOWER));
        view = new ClusterView(1, 1, "c", Map.of(), Map.of("topic", slowed), Map.of(slowed.id(), "topic"), Map.of(FOLLOWER, Map.of("follower.replication.throttled.rate", "100")), Map.of(), 0);
        open(0);
        append(0, 1);
        settle();
        assertThat(following.get(0).log().logEndOffset()).as("the first comes before anything was counted").isEqualTo(5);
        append(0, 1);
        settle();
        runTimers();
        settle();
        assertThat(following.get(0).log().logEndOffset()).isEqualTo(5);
        assertThat(peers.isAsked()).isFalse();

        nowMs += 60_000;
        runTimers();
        settle();

        assertThat(following.get(0).log().logEndOffset()).isEqualTo(10);
    }

    @Test
    void aSessionNamesOnlyWhatHasChanged() {
        for (int partition = 0; partition < 4; partition++) {
            open(partition);
        }
        settle();
        append(2, 1);
        int before = peers.requests.size();
        settle();
        assertThat(peers.requests.subList(before, peers.requests.size())).allSatisfy(request ->
                assertThat(request.data().topics().stream().mapToInt(topic -> topic.partitions().size()).sum()).isLessThanOrEqualTo(1));
        assertThat(following.get(2).highWatermark()).isEqualTo(5);
    }

    @Test
    void aBrokenConnectionIsTriedAgainAfterAWhile() {
        open(0);
        append(0, 2);
        followers.run();
        peers.fail();
        followers.run();
        assertThat(peers.isAsked()).isFalse();
        runTimers();
        followers.run();
        assertThat(peers.isAsked()).as("too early").isFalse();
        nowMs += 100;
        runTimers();
        settle();
        assertThat(following.get(0).highWatermark()).isEqualTo(10);
        assertThat(peers.held).isZero();
    }

    @Test
    void aLeaderThatKnowsNoSessionGetsAFullRequest() {
        open(0);
        settle();
        append(0, 2);
        peers.forgetSessions();
        settle();
        nowMs += 100;
        runTimers();
        settle();
        assertThat(following.get(0).highWatermark()).isEqualTo(10);
    }

    @Test
    void anAnswerNobodyCanMakeSenseOfIsAsGoodAsNone() {
        open(0);
        append(0, 2);
        followers.run();
        peers.garble();
        followers.run();
        assertThat(peers.held).isZero();
        nowMs += 100;
        runTimers();
        settle();
        assertThat(following.get(0).highWatermark()).isEqualTo(10);
    }

    @Test
    void aLinkThatThrowsIsTriedAgain() {
        peers.broken = true;
        open(0);
        append(0, 2);
        followers.run();
        peers.broken = false;
        nowMs += 100;
        runTimers();
        settle();
        assertThat(following.get(0).highWatermark()).isEqualTo(10);
    }

    @Test
    void aReplicaThatLeavesWhileItsReplyIsUnderWayIsNotWrittenTo() {
        open(0);
        open(1);
        append(0, 2);
        append(1, 2);
        followers.run();
        fetcher.remove(id(0));
        following.get(0).onPlacement(new Placement(FOLLOWER, EPOCH + 1, 2, List.of(LEADER, FOLLOWER), Set.of(LEADER, FOLLOWER)));
        settle();
        assertThat(following.get(0).log().logEndOffset()).isZero();
        assertThat(following.get(1).log().logEndOffset()).isEqualTo(10);
        assertThat(peers.held).isZero();
    }

    /** The answer with the high watermark is of an epoch that is over by when it comes, and the session has told it. */
    @Test
    void aReplicaThatFollowsTheSameLeaderInANewEpochIsToldTheHighWatermarkAgain() {
        open(0);
        open(1);
        append(0, 2);
        followers.run();
        peers.serve();
        followers.run();
        peers.serve();
        assertThat(leading.get(0).highWatermark()).isEqualTo(10);

        Placement next = new Placement(LEADER, EPOCH + 1, 2, List.of(LEADER, FOLLOWER), Set.of(LEADER, FOLLOWER));
        leading.get(0).onPlacement(next);
        fetcher.remove(id(0));
        following.get(0).onPlacement(next);
        fetcher.add(id(0), following.get(0));
        settle();

        assertThat(following.get(0).highWatermark()).isEqualTo(10);
        assertThat(peers.held).isZero();
    }

    @Test
    void theOnlyReplicaIsNamedAnewAsWell() {
        open(0);
        append(0, 2);
        followers.run();
        peers.serve();
        followers.run();
        peers.serve();
        fetcher.remove(id(0));
        Placement next = new Placement(LEADER, EPOCH + 1, 2, List.of(LEADER, FOLLOWER), Set.of(LEADER, FOLLOWER));
        leading.get(0).onPlacement(next);
        following.get(0).onPlacement(next);
        fetcher.add(id(0), following.get(0));
        settle();
        assertThat(following.get(0).highWatermark()).isEqualTo(10);
        assertThat(peers.held).as("answers not let go").isZero();
    }

    @Test
    void aClosedFetcherAsksNoMore() {
        open(0);
        settle();
        int before = peers.requests.size();
        fetcher.close();
        append(0, 2);
        settle();
        assertThat(peers.requests.size()).isEqualTo(before);
    }
}
