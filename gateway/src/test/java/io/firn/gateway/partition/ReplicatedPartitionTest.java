package io.firn.gateway.partition;

import static io.firn.gateway.rig.Requests.FETCH;
import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.fetch;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.partitions;
import static io.firn.gateway.rig.Requests.records;
import static io.firn.gateway.rig.Requests.values;
import static io.firn.gateway.rig.Requests.want;
import static io.firn.gateway.rig.StorageRig.id;
import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.ClusterRig;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendError;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.SimDisk;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Partitions with replicas on two or three brokers, whom the test cuts off, stops and brings back. */
class ReplicatedPartitionTest {

    private static final int ALL = -1;
    private static final Map<String, String> HOT_ONLY = Map.of("remote.storage.enable", "false");

    private ClusterRig rig;

    @AfterEach
    void stop() {
        rig.close();
    }

    private TopicView topic(List<Integer> replicas, Map<String, String> configs) {
        return rig.createTopic("logs", Map.of(0, replicas), configs);
    }

    private Errors produce(int broker, int acks, TopicView topic, String... values) {
        try (WireClient client = rig.node(broker).client()) {
            return error(client.ask(ApiKeys.PRODUCE, PRODUCE, Requests.produce(acks, topic, 0, records(rig.clock.millis(), values)), ProduceResponseData.class));
        }
    }

    private List<String> read(int broker, TopicView topic) {
        List<String> all = new ArrayList<>();
        try (WireClient client = rig.node(broker).client()) {
            for (long offset = 0; ; offset = all.size()) {
                FetchResponseData.PartitionData found = only(client.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, offset), FetchResponseData.class));
                assertThat(error(found)).isEqualTo(Errors.NONE);
                List<String> more = values(found);
                if (more.isEmpty()) {
                    return all;
                }
                all.addAll(more);
            }
        }
    }

    private static long end(Partition partition) {
        return onLoop(partition, () -> partition.log().hot().logEndOffset());
    }

    private static AppendResult append(Partition partition, AppendOrigin origin) {
        CompletableFuture<AppendResult> done = new CompletableFuture<>();
        ByteBuffer batch = records(1, "coordinator's").buffer();
        partition.loop().execute(() -> partition.append(RecordBuffers.of(batch), origin, done::complete));
        return Await.get(done);
    }

    // Commitment

    @Test
    void acksAllWaitsUntilEveryReplicaInSyncHasForcedTheRecords() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        rig.node(3).disk.hold(Op.FORCE);
        try (WireClient client = rig.node(1).client()) {
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, Requests.produce(ALL, topic, 0, records(1, "one")));
            Await.until("the third replica has the record, but not on its disk", () -> end(rig.followed(3, topic, 0)) == 1 && rig.node(3).disk.waiting() > 0);
            Await.until("the second vouches for it", () -> onLoop(rig.led("logs", 0), () -> rig.led("logs", 0).log().hot().durableOffset()) == 1 && end(rig.followed(2, topic, 0)) == 1);
            assertThat(client.hasAnswer()).isFalse();
            assertThat(onLoop(rig.led("logs", 0), rig.led("logs", 0)::highWatermark)).isZero();
            rig.node(3).disk.release(Op.FORCE);
            assertThat(error(client.receive(sent, ProduceResponseData.class))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void aReplicaThatStopsFetchingLeavesThoseInSyncAndComesBack() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        rig.node(3).silent(true);
        assertThat(produce(1, ALL, topic, "two")).as("waits until it is out").isEqualTo(Errors.NONE);
        rig.awaitIsr("logs", 0, 1, 2);
        rig.node(3).silent(false);
        rig.awaitIsr("logs", 0, 1, 2, 3);
        Await.until("it has all", () -> end(rig.followed(3, topic, 0)) == 2);
    }

    @Test
    void withFewerInSyncThanAskedForAcksAllIsRefusedAndSoAreCoordinators() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), Map.of("remote.storage.enable", "false", "min.insync.replicas", "2"));
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        rig.node(2).silent(true);
        assertThat(produce(1, 1, topic, "two")).isEqualTo(Errors.NONE);
        rig.awaitIsr("logs", 0, 1);
        assertThat(produce(1, ALL, topic, "refused")).isEqualTo(Errors.NOT_ENOUGH_REPLICAS);
        Partition partition = rig.led("logs", 0);
        assertThat(append(partition, AppendOrigin.COORDINATOR)).isInstanceOfSatisfying(AppendResult.Rejected.class, refused -> assertThat(refused.error()).isEqualTo(AppendError.NOT_ENOUGH_REPLICAS));
        long before = onLoop(partition, partition::highWatermark);
        assertThat(produce(1, 1, topic, "three")).isEqualTo(Errors.NONE);
        assertThat(onLoop(partition, partition::highWatermark)).as("KIP-966").isEqualTo(before);
        rig.node(2).silent(false);
        rig.awaitIsr("logs", 0, 1, 2);
        assertThat(produce(1, ALL, topic, "four")).isEqualTo(Errors.NONE);
    }

    // Leadership

    @Test
    void anotherLeaderHasAllThatWasAcknowledgedAndTheOldOneGivesUpWhatWasNot() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        List<String> acknowledged = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            assertThat(produce(1, ALL, topic, "kept " + i)).isEqualTo(Errors.NONE);
            acknowledged.add("kept " + i);
        }
        rig.node(1).isolate();
        Partition old = rig.node(1).partitions.find("logs", 0).orElseThrow();
        assertThat(produce(1, 1, topic, "in doubt")).as("it does not know yet").isEqualTo(Errors.NONE);
        rig.node(1).loseAuthority();
        rig.node(1).fence();
        Partition next = rig.led("logs", 0);
        int leader = rig.placed("logs", 0).leader();
        assertThat(leader).isNotEqualTo(1);
        assertThat(produce(leader, ALL, topic, "later")).isEqualTo(Errors.NONE);
        acknowledged.add("later");
        assertThat(read(leader, topic)).isEqualTo(acknowledged);

        rig.node(1).heal();
        Partition following = rig.followed(1, topic, 0);
        assertThat(old.retired()).isTrue();
        rig.awaitIsr("logs", 0, 1, 2, 3);
        Await.until("it ends where the leader does", () -> end(following) == end(next));
        assertThat(read(1, topic)).as("from the replica that led before").isEqualTo(acknowledged);
    }

    @Test
    void aLeaderWhoseLeaseIsOverAcknowledgesNothing() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        rig.node(2).disk.hold(Op.FORCE);
        try (WireClient client = rig.node(1).client()) {
            int waiting = client.send(ApiKeys.PRODUCE, PRODUCE, Requests.produce(ALL, topic, 0, records(1, "one")));
            Await.until("appended", () -> end(rig.led("logs", 0)) == 1);
            rig.node(1).loseAuthority();
            assertThat(error(client.receive(waiting, ProduceResponseData.class))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        }
        rig.node(2).disk.release(Op.FORCE);
        assertThat(produce(1, 1, topic, "two")).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(end(rig.led("logs", 0))).isEqualTo(1);
        assertThat(onLoop(rig.led("logs", 0), rig.led("logs", 0)::highWatermark)).isZero();
    }

    @Test
    void eachLeadershipComesAndGoesForThoseWhoListen() {
        rig = ClusterRig.started(2);
        List<String> seen = new CopyOnWriteArrayList<>();
        rig.node(1).partitions.onAdded(partition -> seen.add("led " + partition.leaderEpoch()));
        rig.node(1).partitions.onRemoved(partition -> seen.add("gone " + partition.leaderEpoch()));
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        int first = rig.placed("logs", 0).leaderEpoch();
        rig.submit(new Command.FenceBroker(1, rig.node(1).epoch()));
        rig.led("logs", 0);
        rig.followed(1, topic, 0);
        rig.node(1).heal();
        rig.awaitIsr("logs", 0, 1, 2);
        rig.submit(new Command.ElectLeaders(Command.Election.PREFERRED, Optional.of(List.of(new TopicPartition("logs", 0)))));
        rig.led("logs", 0);
        int last = rig.placed("logs", 0).leaderEpoch();
        assertThat(seen).containsExactly("led " + first, "gone " + first, "led " + last);
        assertThat(rig.node(1).partitions.followed()).isEmpty();
    }

    @Test
    void whatWasCommittedIsKnownAgainAfterAStop() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one", "two")).isEqualTo(Errors.NONE);
        Await.until("the follower knows", () -> onLoop(rig.followed(2, topic, 0), rig.followed(2, topic, 0)::highWatermark) == 2);
        Await.until("saved, not only when it stops", () -> rig.node(2).disk.exists(Path.of("/data/hot/high-watermarks")));
        rig.node(2).stop();
        rig.node(2).fence();
        rig.node(1).isolate();
        rig.node(2).start();
        assertThat(onLoop(rig.followed(2, topic, 0), rig.followed(2, topic, 0)::highWatermark)).as("without a word from the leader").isEqualTo(2);
    }

    @Test
    void aLeaderWhoseLogFailsSaysSoAsOnlyAnotherCanLead() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        assertThat(rig.node(1).lost).isEmpty();
        rig.node(1).sim.fail(SimDisk.Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("failed on purpose by a test"));
        produce(1, 1, topic, "two");
        Await.until("told", () -> !rig.node(1).lost.isEmpty());
        assertThat(rig.node(1).lost).singleElement().asString().contains("logs-0").contains("failed on purpose");
        assertThat(rig.node(2).lost).isEmpty();
    }

    private void failInTheMiddleOfTheNextAppend(int broker) {
        rig.node(broker).sim.fail(SimDisk.Op.APPEND, path -> {
            if (path.toString().contains("logs-0") && path.toString().endsWith(".log")) {
                throw new IllegalStateException("thrown on purpose by a test");
            }
            return false;
        }, 1, new IOException());
    }

    @Test
    void aLeaderThatFailsByAnErrorOfOursGivesThatPartitionUpAndLivesOn() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        TopicView other = rig.createTopic("other", Map.of(0, List.of(1, 2, 3)), HOT_ONLY);
        Partition led = rig.led("logs", 0);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        CompletableFuture<Void> waiting = onLoop(led, () -> TestPartitions.whenCommitted(led, 1_000));
        failInTheMiddleOfTheNextAppend(1);
        assertThat(produce(1, 1, topic, "two")).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        assertThat(onLoop(led, () -> led.replica().failure().orElseThrow())).contains("on purpose");
        Await.until("who waits is told", waiting::isCompletedExceptionally);
        Await.until("given up", () -> rig.placed("logs", 0).leader() == 2);
        assertThat(rig.placed("logs", 0).isr()).containsExactly(2, 3);
        assertThat(rig.node(1).lost).isEmpty();
        rig.led("logs", 0);
        assertThat(produce(2, ALL, topic, "three")).isEqualTo(Errors.NONE);
        assertThat(produce(1, ALL, other, "one")).isEqualTo(Errors.NONE);
        assertThat(read(2, topic)).containsExactly("one", "three");
        Await.until("shown", () -> rig.node(1).failedReplicas() == 1);
        assertThat(rig.node(2).failedReplicas()).isZero();
        rig.submit(new Command.DeleteTopic(topic.id()));
        Await.until("gone with the replica", () -> rig.node(1).failedReplicas() == 0);
    }

    /** Where it may not give up it goes on leading, and its disk may fail yet. */
    @Test
    void aLeaderThatFailedByAnErrorOfOursSaysSoWhenItsLogFailsToo() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        rig.node(3).fence();
        rig.awaitIsr("logs", 0, 1, 2);
        rig.node(1).disk.hold(Op.FORCE);
        produce(1, 1, topic, "two");
        Partition led = rig.led("logs", 0);
        CompletableFuture<Void> waiting = onLoop(led, () -> TestPartitions.whenCommitted(led, 1_000));
        failInTheMiddleOfTheNextAppend(1);
        assertThat(produce(1, 1, topic, "three")).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        Await.until("the tick has come, which says so", waiting::isCompletedExceptionally);
        assertThat(rig.node(1).lost).isEmpty();
        rig.node(1).sim.fail(SimDisk.Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("failed on purpose by a test"));
        rig.node(1).disk.release(Op.FORCE);
        Await.until("told", () -> !rig.node(1).lost.isEmpty());
        assertThat(rig.node(1).lost).singleElement().asString().contains("logs-0").contains("failed on purpose");
    }

    /** Sent the same batch, it fails the same way: then the others are to be left alone. */
    @Test
    void aSecondLeaderThatFailsByAnErrorOfOursLeavesThePartitionUnserved() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        failInTheMiddleOfTheNextAppend(1);
        assertThat(produce(1, ALL, topic, "poison")).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        Await.until("given up", () -> rig.placed("logs", 0).leader() == 2);
        Partition second = rig.led("logs", 0);
        CompletableFuture<Void> waiting = onLoop(second, () -> TestPartitions.whenCommitted(second, 1_000));
        failInTheMiddleOfTheNextAppend(2);
        assertThat(produce(2, ALL, topic, "poison")).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        Await.until("the tick has come, which would give it up", waiting::isCompletedExceptionally);
        assertThat(produce(2, ALL, topic, "poison")).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
        assertThat(rig.placed("logs", 0).leader()).isEqualTo(2);
        assertThat(rig.placed("logs", 0).isr()).containsExactly(2, 3);
        rig.node(2).fence();
        rig.led("logs", 0);
        assertThat(produce(3, ALL, topic, "three")).isEqualTo(Errors.NONE);
        assertThat(read(3, topic)).containsExactly("one", "three");
    }

    @Test
    void aBatchThatFailsByAnErrorOfOursBeforeAnythingIsWrittenIsRefusedAlone() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        Partition led = rig.led("logs", 0);
        CompletableFuture<AppendResult> done = new CompletableFuture<>();
        RecordBuffers notToBePatched = RecordBuffers.of(records(1, "one").buffer().asReadOnlyBuffer());
        led.loop().execute(() -> led.append(notToBePatched, AppendOrigin.CLIENT, done::complete));
        assertThat(Await.get(done)).isInstanceOfSatisfying(AppendResult.Rejected.class, refused -> assertThat(refused.error()).isEqualTo(AppendError.UNEXPECTED));
        assertThat(onLoop(led, () -> led.replica().failure())).isEmpty();
        assertThat(produce(1, ALL, topic, "two")).isEqualTo(Errors.NONE);
        assertThat(read(1, topic)).containsExactly("two");
        assertThat(rig.node(1).lost).isEmpty();
    }

    @Test
    void aFollowerWhoseLogHasFailedSaysSoWhenItIsElected() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        rig.node(2).sim.fail(SimDisk.Op.FORCE, path -> path.toString().endsWith(".log"), 1, new IOException("failed on purpose by a test"));
        produce(1, 1, topic, "two");
        Partition failed = rig.followed(2, topic, 0);
        Await.until("its log is offline", () -> onLoop(failed, () -> failed.log().offlineReason().isPresent()));
        Await.until("shown", () -> rig.node(2).failedReplicas() == 1);
        assertThat(rig.node(2).lost).as("others lead").isEmpty();
        rig.node(1).fence();
        Await.until("told", () -> !rig.node(2).lost.isEmpty());
        assertThat(rig.node(2).lost).singleElement().asString().contains("failed on purpose");
    }

    // Readers

    @Test
    void aFollowerWhoseLogFailedSaysSoInLaterEpochsToo() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        rig.node(2).sim.fail(SimDisk.Op.FORCE, path -> path.toString().contains("logs-0"), Integer.MAX_VALUE, new IOException("failed on purpose by a test"));
        assertThat(produce(1, 1, topic, "one")).isEqualTo(Errors.NONE);
        Partition failed = rig.followed(2, topic, 0);
        Await.until("its log is offline", () -> onLoop(failed, () -> failed.log().offlineReason().isPresent()));
        rig.awaitIsr("logs", 0, 1, 3);
        rig.submit(new Command.FenceBroker(1, rig.node(1).epoch()));
        Partition later = rig.followed(2, topic, 0);
        assertThat(later.leaderEpoch()).isGreaterThan(failed.leaderEpoch());
        assertThat(onLoop(later, () -> later.log().offlineReason())).isPresent();
    }

    @Test
    void aConsumerIsSentToTheReplicaInItsRackWhichAnswersUpToWhatIsCommitted() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one", "two")).isEqualTo(Errors.NONE);
        FetchRequestData from = fetch(topic, 0, 0).setRackId("r2");
        try (WireClient leader = rig.node(1).client(); WireClient near = rig.node(2).client()) {
            FetchResponseData.PartitionData sent = only(leader.ask(ApiKeys.FETCH, FETCH, from, FetchResponseData.class));
            assertThat(sent.preferredReadReplica()).isEqualTo(2);
            assertThat(sent.highWatermark()).isEqualTo(2);
            assertThat(values(sent)).isEmpty();
            Await.until("the follower knows", () -> onLoop(rig.followed(2, topic, 0), rig.followed(2, topic, 0)::highWatermark) == 2);
            assertThat(values(only(near.ask(ApiKeys.FETCH, FETCH, from, FetchResponseData.class)))).containsExactly("one", "two");
            assertThat(values(only(leader.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, 0).setRackId("r1"), FetchResponseData.class)))).hasSize(2);
            assertThat(values(only(leader.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, 0).setRackId("r9"), FetchResponseData.class)))).hasSize(2);
            assertThat(error(only(near.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, 7), FetchResponseData.class)))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
            assertThat(error(only(near.ask(ApiKeys.FETCH, 10, fetchByName(topic), FetchResponseData.class)))).as("before KIP-392").isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        }
    }

    @Test
    void aConsumerIsSentToTheReplicaInItsRackWithoutTheColdReadThatIsSlow() {
        rig = ClusterRig.started(2);
        TopicView far = coldTopic(List.of(1));
        awaitLocalTail("the leader", rig.led("logs", 0));
        TopicView near = rig.createTopic("near", Map.of(0, List.of(1, 2)), HOT_ONLY);
        assertThat(produce(1, ALL, near, "one")).isEqualTo(Errors.NONE);
        SimFault slow = rig.node(1).inject(SimFault.holdingReplies().on(SimFault.Operation.GET));
        try (WireClient leader = rig.node(1).client()) {
            FetchRequestData body = fetch(600_000, 1).setRackId("r2");
            want(body, far, 0, 0);
            want(body, near, 0, 0);
            List<FetchResponseData.PartitionData> answers = partitions(leader.ask(ApiKeys.FETCH, FETCH, body, FetchResponseData.class));
            assertThat(answers.get(1).preferredReadReplica()).isEqualTo(2);
            assertThat(error(answers.get(0))).as("it has not come to the read's own end").isEqualTo(Errors.NONE);
            assertThat(values(answers.get(0))).isEmpty();
            Await.until("the read goes on", () -> slow.heldCount() > 0);
            slow.release();
            assertThat(values(only(leader.ask(ApiKeys.FETCH, FETCH, fetch(far, 0, 0), FetchResponseData.class)))).isNotEmpty();
        }
    }

    private static FetchRequestData fetchByName(TopicView topic) {
        return fetch(topic, 0, 0);
    }

    @Test
    void whatIsNotCommittedIsShownByNoReplica() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        rig.node(3).disk.hold(Op.FORCE);
        assertThat(produce(1, 1, topic, "one")).isEqualTo(Errors.NONE);
        Await.until("the second has it", () -> end(rig.followed(2, topic, 0)) == 1);
        assertThat(read(1, topic)).isEmpty();
        assertThat(read(2, topic)).isEmpty();
        rig.node(3).disk.release(Op.FORCE);
        Await.until("all is shown", () -> read(1, topic).size() == 1 && read(2, topic).size() == 1);
    }

    @Test
    void eachListenerRefusesTheOthersFetches() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        FetchRequestData replica = fetch(topic, 0, 0).setReplicaState(new FetchRequestData.ReplicaState().setReplicaId(2).setReplicaEpoch(rig.node(2).epoch()));
        try (WireClient client = rig.node(1).client(); WireClient peer = rig.node(1).peer()) {
            assertThat(client.ask(ApiKeys.FETCH, FETCH, replica, FetchResponseData.class).errorCode()).isEqualTo(Errors.CLUSTER_AUTHORIZATION_FAILED.code());
            assertThat(peer.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, 0), FetchResponseData.class).errorCode()).isEqualTo(Errors.INVALID_REQUEST.code());
            assertThat(error(only(peer.ask(ApiKeys.FETCH, FETCH, replica, FetchResponseData.class)))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void aFetchOfAReplicaThatWaitsIsAnsweredByAnAppend() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), HOT_ONLY);
        rig.node(3).silent(true);
        FetchRequestData waiting = fetch(600_000, 1).setReplicaState(new FetchRequestData.ReplicaState().setReplicaId(3).setReplicaEpoch(rig.node(3).epoch()));
        want(waiting, topic, 0, 0);
        rig.node(2).disk.hold(Op.FORCE);
        try (WireClient peer = rig.node(1).peer()) {
            Partition leader = rig.led("logs", 0);
            Await.until("the third's own requests are over", () -> onLoop(leader, leader::endListeners) <= 1);
            int sent = peer.send(ApiKeys.FETCH, FETCH, waiting);
            Await.until("it waits", () -> onLoop(leader, leader::endListeners) == 2);
            assertThat(produce(1, 1, topic, "one")).isEqualTo(Errors.NONE);
            FetchResponseData.PartitionData answer = only(peer.receive(sent, FetchResponseData.class));
            assertThat(values(answer)).as("though nothing is committed").containsExactly("one");
            assertThat(answer.highWatermark()).isZero();
        }
        rig.node(2).disk.release(Op.FORCE);
    }

    @Test
    void aLeaderGivesAThrottledReplicaThatIsNotInSyncNoMoreThanTheRate() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2, 3), Map.of("remote.storage.enable", "false", "leader.replication.throttled.replicas", "0:1"));
        rig.submit(new Command.AlterConfigs(Command.ConfigScope.BROKER, "1", Map.of("leader.replication.throttled.rate", Optional.of("100"))));
        rig.node(3).silent(true);
        for (int i = 0; i < 4; i++) {
            assertThat(produce(1, ALL, topic, i + PAYLOAD)).isEqualTo(Errors.NONE);
        }
        rig.awaitIsr("logs", 0, 1, 2);
        try (WireClient peer = rig.node(1).peer()) {
            assertThat(copied(peer, topic, 3, 0)).as("one in sync has used the rate up").isEmpty();
            rig.clock.advanceMs(20_000);
            assertThat(copied(peer, topic, 3, 0)).as("below the rate it takes what it asks for").hasSize(4);
            assertThat(produce(1, ALL, topic, 4 + PAYLOAD)).as("the one in sync is not slowed down").isEqualTo(Errors.NONE);
            assertThat(copied(peer, topic, 3, 4)).isEmpty();
            rig.clock.advanceMs(20_000);
            assertThat(copied(peer, topic, 3, 4)).hasSize(1);
        }
    }

    private List<String> copied(WireClient peer, TopicView topic, int replica, long offset) {
        FetchRequestData fetch = fetch(0, 1).setReplicaState(new FetchRequestData.ReplicaState().setReplicaId(replica).setReplicaEpoch(rig.node(replica).epoch()));
        want(fetch, topic, 0, offset);
        return values(only(peer.ask(ApiKeys.FETCH, FETCH, fetch, FetchResponseData.class)));
    }

    /** KIP-903: what an earlier process of the broker had may be lost. */
    @Test
    void aFetchOfAnEarlierLifeOfAReplicaDoesNotCount() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        FetchRequestData late = fetch(500, 1).setReplicaState(new FetchRequestData.ReplicaState().setReplicaId(2).setReplicaEpoch(rig.node(2).epoch() - 1));
        want(late, topic, 0, 0);
        try (WireClient peer = rig.node(1).peer()) {
            FetchResponseData.PartitionData answer = only(peer.ask(ApiKeys.FETCH, FETCH, late, FetchResponseData.class));
            assertThat(error(answer)).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(answer.highWatermark()).as("which its session would not tell it again").isEqualTo(-1);
        }
    }

    /** When it has cut its log there may be nothing more to tell it. */
    @Test
    void aReplicaWhoseLogDivergesIsToldNoHighWatermarkThatItsSessionWouldNotTellItAgain() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        assertThat(produce(1, 1, topic, "one")).isEqualTo(Errors.NONE);
        FetchRequestData diverging = fetch(500, 1).setReplicaState(new FetchRequestData.ReplicaState().setReplicaId(2).setReplicaEpoch(rig.node(2).epoch()));
        want(diverging, topic, 0, 5);
        diverging.topics().get(0).partitions().get(0).setLastFetchedEpoch(rig.led("logs", 0).leaderEpoch());
        try (WireClient peer = rig.node(1).peer()) {
            FetchResponseData.PartitionData answer = only(peer.ask(ApiKeys.FETCH, FETCH, diverging, FetchResponseData.class));
            assertThat(answer.divergingEpoch().endOffset()).isEqualTo(1);
            assertThat(answer.highWatermark()).isEqualTo(-1);
        }
    }

    // Files and objects

    @Test
    void aReplicaThatIsMovedAwayLosesItsFilesAndADeletedTopicAllOfThem() {
        rig = ClusterRig.started(3);
        TopicView topic = topic(List.of(1, 2), HOT_ONLY);
        assertThat(produce(1, ALL, topic, "one")).isEqualTo(Errors.NONE);
        rig.submit(new Command.ReassignPartitions(List.of(new Command.Reassignment(new TopicPartition("logs", 0), Optional.of(List.of(3, 1)))), true));
        Await.until("moved", () -> rig.placed("logs", 0).replicas().equals(List.of(3, 1)) && rig.node(2).hot.onDisk().isEmpty());
        assertThat(read(1, topic)).containsExactly("one");
        rig.submit(new Command.DeleteTopic(topic.id()));
        Await.until("all are gone", () -> rig.node(1).hot.onDisk().isEmpty() && rig.node(3).hot.onDisk().isEmpty());
        assertThat(rig.node(1).partitions.all()).isEmpty();
        assertThat(rig.node(3).partitions.followed()).isEmpty();
    }

    // Two tiers

    private static final Map<String, String> COLD = Map.of("segment.bytes", "2000", "local.retention.ms", "1");
    private static final String PAYLOAD = "0123456789".repeat(150);

    /** Twenty segments or so, all in the bucket and off the leader's disk but for the last. */
    private TopicView coldTopic(List<Integer> replicas) {
        TopicView topic = topic(replicas, COLD);
        for (int i = 0; i < 20; i++) {
            assertThat(produce(replicas.get(0), ALL, topic, i + PAYLOAD)).isEqualTo(Errors.NONE);
        }
        return topic;
    }

    private static long localStart(Partition partition) {
        return onLoop(partition, () -> partition.log().hot().localLogStartOffset());
    }

    private void awaitLocalTail(String who, Partition partition) {
        Await.until("what the cold tier has is gone from the disk of " + who, () -> {
            rig.clock.advanceMs(60_000);
            return localStart(partition) == 19;
        });
    }

    @Test
    void aReplicaThatIsAddedCopiesOnlyWhatTheColdTierHasNot() {
        rig = ClusterRig.started(2);
        TopicView topic = coldTopic(List.of(1));
        awaitLocalTail("the leader", rig.led("logs", 0));
        rig.submit(new Command.ReassignPartitions(List.of(new Command.Reassignment(new TopicPartition("logs", 0), Optional.of(List.of(2)))), true));
        Await.until("moved", () -> rig.placed("logs", 0).replicas().equals(List.of(2)) && rig.placed("logs", 0).leader() == 2);
        Partition moved = rig.led("logs", 0);
        assertThat(onLoop(moved, () -> moved.log().hot().sizeBytes())).as("copied bytes of " + 20 * PAYLOAD.length()).isLessThan(2 * PAYLOAD.length());
        assertThat(localStart(moved)).isEqualTo(19);
        Await.until("files of the old replica are gone", () -> rig.node(1).hot.onDisk().isEmpty());
        Await.until("the new leader reads the cold tier", () -> onLoop(moved, () -> moved.log().latestTieredOffset()) == 18);
        assertThat(read(2, topic)).hasSize(20).allMatch(value -> value.endsWith(PAYLOAD));
    }

    @Test
    void aFollowerLetsGoLocallyOfWhatItsLeaderHasOffloadedAndServesItFromTheBucket() {
        rig = ClusterRig.started(2);
        TopicView topic = coldTopic(List.of(1, 2));
        Partition follower = rig.followed(2, topic, 0);
        awaitLocalTail("the follower", follower);
        Await.until("the follower knows", () -> onLoop(follower, follower::highWatermark) == 20);
        Await.until("it reads all", () -> tryRead(2, topic) == 20);
        assertThat(rig.node(2).uploads()).as("what the follower has sent to the bucket").isZero();
        assertThat(rig.node(1).uploads()).isPositive();
    }

    private int tryRead(int broker, TopicView topic) {
        int count = 0;
        try (WireClient client = rig.node(broker).client()) {
            FetchResponseData.PartitionData found;
            do {
                found = only(client.ask(ApiKeys.FETCH, FETCH, fetch(topic, 0, count), FetchResponseData.class));
                count += error(found) == Errors.NONE ? values(found).size() : 0;
            } while (error(found) == Errors.NONE && !values(found).isEmpty());
        }
        return count;
    }

    @Test
    void whoLeadsNextGoesOnOffloadingAndTheOldOneDoesNotAnyMore() {
        rig = ClusterRig.started(2);
        TopicView topic = coldTopic(List.of(1, 2));
        awaitLocalTail("the leader", rig.led("logs", 0));
        rig.node(1).fence();
        rig.node(1).loseAuthority();
        Partition next = rig.led("logs", 0);
        for (int i = 0; i < 5; i++) {
            assertThat(produce(2, ALL, topic, i + PAYLOAD)).isEqualTo(Errors.NONE);
        }
        Await.until("offloaded by the new leader", () -> onLoop(next, () -> next.log().latestTieredOffset()) == 23);
        rig.node(1).heal();
        rig.awaitIsr("logs", 0, 1, 2);
        assertThat(read(2, topic)).hasSize(25);
    }

    /** Broker 1 led alone, and has one record that was not offloaded; broker 2 has five of twenty. Broker 1 is gone, as far as the others know. */
    private TopicView aloneWithTheColdTier() {
        rig = ClusterRig.started(2);
        TopicView topic = topic(List.of(1, 2), COLD);
        for (int i = 0; i < 5; i++) {
            assertThat(produce(1, ALL, topic, i + PAYLOAD)).isEqualTo(Errors.NONE);
        }
        rig.node(2).silent(true);
        for (int i = 5; i < 20; i++) {
            assertThat(produce(1, ALL, topic, i + PAYLOAD)).isEqualTo(Errors.NONE);
        }
        rig.awaitIsr("logs", 0, 1);
        awaitLocalTail("the leader", rig.led("logs", 0));
        rig.node(1).isolate();
        rig.node(1).loseAuthority();
        rig.node(1).fence();
        return topic;
    }

    private void electUnclean() {
        rig.submit(new Command.ElectLeaders(Command.Election.UNCLEAN, Optional.of(List.of(new TopicPartition("logs", 0)))));
        assertThat(rig.placed("logs", 0).leader()).isEqualTo(2);
        assertThat(rig.placed("logs", 0).recovering()).isTrue();
    }

    @Test
    void aLeaderThatWasNotInSyncBeginsWhereTheColdTierEndsAndTheOldOneFallsInWithIt() {
        TopicView topic = aloneWithTheColdTier();
        electUnclean();
        Partition leader = rig.led("logs", 0);
        assertThat(localStart(leader)).isEqualTo(19);
        Await.until("the controller knows that it has recovered", () -> !rig.placed("logs", 0).recovering());
        Await.until("all that was offloaded is read", () -> tryRead(2, topic) == 19);
        assertThat(produce(2, ALL, topic, "twenty", "and one")).isEqualTo(Errors.NONE);
        rig.node(1).heal();
        rig.node(2).silent(false);
        rig.awaitIsr("logs", 0, 1, 2);
        Partition old = rig.followed(1, topic, 0);
        Await.until("the old leader has the new one's records", () -> end(old) == 21 && onLoop(old, old::highWatermark) == 21);
        Await.until("and serves them", () -> read(1, topic).size() == 21);
        assertThat(read(1, topic)).isEqualTo(read(2, topic)).endsWith("twenty", "and one").startsWith(0 + PAYLOAD, 1 + PAYLOAD);
    }

    @Test
    void whileTheBucketIsAwayALeaderThatWasNotInSyncTakesNothingAndShowsNothing() {
        TopicView topic = aloneWithTheColdTier();
        rig.node(2).bucketAway(true);
        electUnclean();
        int before = rig.node(2).bucketRequests();
        Await.until("it asks again and again", () -> rig.node(2).bucketRequests() > before + 3);
        assertThat(rig.node(2).partitions.find("logs", 0)).isEmpty();
        assertThat(produce(2, 1, topic, "lost")).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
        assertThat(rig.placed("logs", 0).recovering()).isTrue();
        rig.node(2).bucketAway(false);
        rig.led("logs", 0);
        Await.until("all that was offloaded is read", () -> tryRead(2, topic) == 19);
    }

    @Test
    void aDeletedTopicIsGoneFromAllDisksAndFromTheBucket() {
        rig = ClusterRig.started(2);
        TopicView topic = coldTopic(List.of(1, 2));
        awaitLocalTail("the leader", rig.led("logs", 0));
        assertThat(rig.objects.keys()).anyMatch(key -> key.contains("segment") || key.endsWith(".seg") || key.contains("logs"));
        int before = rig.objects.keys().size();
        rig.submit(new Command.DeleteTopic(topic.id()));
        Await.until("the files are gone", () -> rig.node(1).hot.onDisk().isEmpty() && rig.node(2).hot.onDisk().isEmpty());
        Await.until("the objects are gone", () -> rig.objects.keys().size() < before - 15);
    }
}
