package io.firn.gateway.peer;

import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.records;
import static io.firn.gateway.rig.StorageRig.id;
import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.ClusterRig;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.WireClient;
import io.firn.gateway.wire.PeerReply;
import io.firn.hot.FileRange;
import io.firn.hot.ReadResult;
import io.firn.membership.ClusterView;
import io.firn.membership.TopicView;
import io.firn.retention.ReplicaLogs;
import io.firn.retention.ReplicaLogs.Answer;
import io.firn.retention.ReplicaLogs.Question;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.FetchResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a leader gets to read of its followers' disks, over real listeners, and what others get. */
class ReplicaReadsTest {

    private static final int ALL = -1;
    private static final int BATCHES = 20;
    private static final int LENGTH_AT = 8;
    private static final int OVERHEAD_BYTES = 12;

    private ClusterRig rig;
    private TopicView topic;

    @BeforeEach
    void start() {
        rig = ClusterRig.started(3);
        topic = rig.createTopic("logs", Map.of(0, List.of(1, 2, 3)), Map.of("remote.storage.enable", "false"));
        try (WireClient client = rig.node(1).client()) {
            for (int i = 0; i < BATCHES; i++) {
                assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, Requests.produce(ALL, topic, 0, records(rig.clock.millis(), "one " + i, "two " + i)), ProduceResponseData.class))).isEqualTo(Errors.NONE);
            }
        }
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private Partition follower(int broker) {
        return rig.followed(broker, topic, 0);
    }

    private Question question(int broker, long offset, int maxBytes) {
        return new Question(broker, id(topic, 0), rig.placed("logs", 0).leaderEpoch(), offset, maxBytes);
    }

    private static ByteBuffer batches(Answer answer) {
        assertThat(answer).isInstanceOf(Answer.Batches.class);
        return ((Answer.Batches) answer).bytes();
    }

    private static void refused(Answer answer, String why) {
        assertThat(answer).isInstanceOfSatisfying(Answer.None.class, none -> assertThat(none.why()).contains(why));
    }

    private void awaitWatermark(int broker) {
        Await.until("broker " + broker + " knows what is committed", () -> onLoop(follower(broker), follower(broker)::highWatermark) == 2L * BATCHES);
    }

    private byte[] leadersBytes() throws IOException {
        Partition led = rig.led("logs", 0);
        FileRange range = ((ReadResult.Range) onLoop(led, () -> led.log().hot().read(0, 1 << 20, Long.MAX_VALUE, true))).range();
        ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
        range.read(0, bytes);
        range.release();
        return bytes.array();
    }

    @Test
    void aFollowersBatchesComeWholeAndAreTheLeadersBytes() throws IOException {
        awaitWatermark(2);
        ReplicaLogs logs = rig.node(1).replicaLogs();
        byte[] all = leadersBytes();
        int batchBytes = OVERHEAD_BYTES + ByteBuffer.wrap(all).getInt(LENGTH_AT);
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        for (long offset = 0; offset < 2L * BATCHES; ) {
            ByteBuffer some = batches(Await.get(logs.read(question(2, offset, 5 * batchBytes + 7))));
            assertThat(some.remaining()).isPositive().isLessThanOrEqualTo(5 * batchBytes + 7);
            read.writeBytes(some.array());
            offset += 2 * count(some);
        }
        assertThat(read.toByteArray()).isEqualTo(all);
    }

    private static int count(ByteBuffer batches) {
        int count = 0;
        for (int at = 0; at < batches.limit(); at += OVERHEAD_BYTES + batches.getInt(at + LENGTH_AT)) {
            count++;
        }
        return count;
    }

    @Test
    void aBatchLargerThanWhatWasAskedForComesAlone() {
        awaitWatermark(2);
        assertThat(count(batches(Await.get(rig.node(1).replicaLogs().read(question(2, 6, 1)))))).isOne();
    }

    @Test
    void nothingComesThatIsNotCommitted() {
        awaitWatermark(2);
        rig.node(3).disk.hold(Op.FORCE);
        try (WireClient client = rig.node(1).client()) {
            client.send(ApiKeys.PRODUCE, PRODUCE, Requests.produce(ALL, topic, 0, records(1, "one more")));
            Await.until("the follower has it", () -> onLoop(follower(2), () -> follower(2).log().hot().logEndOffset()) == 2L * BATCHES + 1);
            assertThat(batches(Await.get(rig.node(1).replicaLogs().read(question(2, 2L * BATCHES, 1 << 20)))).remaining()).isZero();
            rig.node(3).disk.release(Op.FORCE);
        }
    }

    @Test
    void aDiskThatDoesNotReachBackSoFarSaysSoAndNothingIsReadFromElsewhere() {
        awaitWatermark(2);
        Partition follower = follower(2);
        Await.get(onLoop(follower, () -> follower.log().hot().roll()));
        Await.until("local copies gone", () -> {
            Await.get(onLoop(follower, () -> follower.log().hot().deleteLocalBefore(2L * BATCHES)));
            return onLoop(follower, () -> follower.log().hot().localLogStartOffset()) == 2L * BATCHES;
        });
        int requests = rig.node(2).bucketRequests();
        refused(Await.get(rig.node(1).replicaLogs().read(question(2, 0, 1 << 20))), "OFFSET_MOVED_TO_TIERED_STORAGE");
        assertThat(rig.node(2).bucketRequests()).isEqualTo(requests);
    }

    @Test
    void onlyTheLeaderOfTheEpochInWhichTheFollowerFollowsIsAnswered() {
        awaitWatermark(2);
        int epoch = rig.placed("logs", 0).leaderEpoch();
        ReplicaLogs leaders = rig.node(1).replicaLogs();
        refused(Await.get(leaders.read(new Question(2, id(topic, 0), epoch - 1, 0, 1 << 20))), "FENCED_LEADER_EPOCH");
        refused(Await.get(leaders.read(new Question(2, id(topic, 0), epoch + 1, 0, 1 << 20))), "UNKNOWN_LEADER_EPOCH");
        refused(Await.get(rig.node(3).replicaLogs().read(question(2, 0, 1 << 20))), "NOT_LEADER_OR_FOLLOWER");
        refused(Await.get(rig.node(2).replicaLogs().read(question(1, 0, 1 << 20))), "NOT_LEADER_OR_FOLLOWER");
        assertThat(batches(Await.get(leaders.read(question(2, 0, 1 << 20)))).remaining()).isPositive();
    }

    @Test
    void whatIsAskedCountsForNothingAtTheFollower() {
        awaitWatermark(2);
        Await.get(rig.node(1).replicaLogs().read(question(2, 0, 1 << 20)));
        assertThat(onLoop(follower(2), follower(2)::highWatermark)).isEqualTo(2L * BATCHES);
        assertThat(onLoop(follower(2), follower(2)::watermarkListeners)).isZero();
        rig.awaitIsr("logs", 0, 1, 2, 3);
    }

    @Test
    void aBrokerThatIsNotReachedIsNoAnswer() {
        rig.node(2).isolate();
        assertThat(Await.get(rig.node(1).replicaLogs().read(question(2, 0, 1 << 20)))).isInstanceOf(Answer.None.class);
    }

    @Test
    void theOthersAreAskedThoseInSyncFirstAndTheDeadNotAtAll() {
        assertThat(rig.node(1).replicaLogs().holders(id(topic, 0))).containsExactly(2, 3);
        rig.node(2).isolate();
        rig.node(2).fence();
        Await.until("it is known", () -> rig.node(1).replicaLogs().holders(id(topic, 0)).equals(List.of(3)));
    }

    /** One from before this was asked takes the request for a consumer's, and refuses those on its brokers' listener; one that knows no broker epochs is not asked. */
    @Test
    void anOlderBrokerRefusesClearly() {
        EventLoop loop = new DefaultEventLoop();
        AtomicInteger released = new AtomicInteger();
        PeerReply invalid = new PeerReply(FetchResponse.of(Errors.INVALID_REQUEST, 0, 0, new LinkedHashMap<>(), List.of()), released::incrementAndGet);
        refused(Await.get(asking((broker, any, request, timeoutMs) -> CompletableFuture.completedFuture(invalid), loop).read(question(2, 0, 1))), "INVALID_REQUEST");
        assertThat(released).hasValue(1);
        refused(Await.get(asking((broker, any, request, timeoutMs) -> CompletableFuture.failedFuture(new UnsupportedVersionException("serves no version")), loop).read(question(2, 0, 1))), "serves no version");
        loop.shutdownGracefully();
    }

    @Test
    void aSilentBrokerIsPassedOverWithinALimit() {
        EventLoop loop = new DefaultEventLoop();
        PeerTransport silent = (broker, any, request, timeoutMs) -> timeoutMs > 60_000 ? new CompletableFuture<>() : CompletableFuture.failedFuture(new TimeoutException("no answer"));
        refused(Await.get(asking(silent, loop).read(question(2, 0, 1))), "no answer");
        loop.shutdownGracefully();
    }

    @Test
    void anAnswerThatMakesNoSenseIsNone() {
        EventLoop loop = new DefaultEventLoop();
        PeerReply empty = new PeerReply(FetchResponse.of(Errors.NONE, 0, 0, new LinkedHashMap<>(), List.of()), () -> {});
        refused(Await.get(asking((broker, any, request, timeoutMs) -> CompletableFuture.completedFuture(empty), loop).read(question(2, 0, 1))), "0 partitions");
        loop.shutdownGracefully();
    }

    private static ReplicaLogs asking(PeerTransport transport, EventLoop loop) {
        return new ReplicaReads(new Peers(1, () -> ClusterView.EMPTY, transport, loop), () -> 5);
    }
}
