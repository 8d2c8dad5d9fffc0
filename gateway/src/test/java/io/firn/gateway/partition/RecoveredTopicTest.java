package io.firn.gateway.partition;

import static io.firn.gateway.rig.StorageRig.onLoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStoreException;
import io.firn.cold.ColdTopic;
import io.firn.cold.ColdTopicDescription;
import io.firn.cold.ColdTopicHistory;
import io.firn.cold.sim.SimFault;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.RecordBuffers;
import io.firn.membership.ClusterView;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A cluster that knows nothing, over a bucket in which another one has left a topic: disks and metadata are gone. */
class RecoveredTopicTest {

    private static final Map<String, String> CONFIGS = Map.of("remote.storage.enable", "true", "local.retention.ms", "1", "retention.ms", "-1");

    @TempDir
    Path directory;
    private StorageRig rig;
    private Uuid id;

    @BeforeEach
    void loseEverythingButTheBucket() {
        StorageRig old = new StorageRig(directory.resolve("old"), 1, Durability.FSYNC);
        old.start();
        id = old.createTopic("logs", 2, CONFIGS).id();
        Partition before = old.partition("logs", 0);
        assertThat(append(before)).isInstanceOf(AppendResult.Appended.class);
        old.settleCold(before);
        old.close();

        rig = new StorageRig(directory.resolve("new"), 1, Durability.FSYNC);
        rig.objects = old.objects.reopened();
        rig.start();
    }

    @AfterEach
    void stop() {
        rig.close();
    }

    private static AppendResult append(Partition partition) {
        CompletableFuture<AppendResult> result = new CompletableFuture<>();
        partition.loop().execute(() -> partition.append(RecordBuffers.of(Requests.records(1, "a", "b").buffer()), AppendOrigin.CLIENT, result::complete));
        return Await.get(result);
    }

    private ColdTopicHistory history() {
        return new ColdTopicHistory(new ColdTopic("logs", id, List.of(0)), Optional.of(new ColdTopicDescription(id, "logs", 2, CONFIGS, "cluster", 1)), List.of(new ColdTopicHistory.Partition(0, 0, 2, 1, 0, OptionalLong.empty())));
    }

    private TopicRecovery recovery() {
        return new TopicRecovery(name -> CompletableFuture.completedFuture(history()), rig.metadata::submit, rig.keeper::whenInService);
    }

    private TopicView restore() {
        ClusterView view = rig.metadata.submit(new Command.RestoreTopic(id, "logs", 2, 1, 1, CONFIGS)).join();
        return view.topic("logs").orElseThrow();
    }

    private List<String> values(TopicView topic, long offset) {
        try (WireClient client = rig.client()) {
            FetchRequestData body = Requests.fetch(30_000, 1);
            Requests.want(body, topic, 0, offset);
            return Requests.values(Requests.partitions(client.ask(ApiKeys.FETCH, Requests.FETCH, body, FetchResponseData.class)).get(0));
        }
    }

    @Test
    void itComesBackWithItsIdConfigsAndRecordsAndGoesOn() {
        Await.get(recovery().recover("logs", -1));
        TopicView topic = rig.metadata.view().topic("logs").orElseThrow();
        assertThat(topic.id()).isEqualTo(id);
        assertThat(topic.configs()).isEqualTo(CONFIGS);
        assertThat(topic.partitions()).hasSize(2).allMatch(partition -> partition.leaderEpoch() == 1);
        Partition partition = rig.partition("logs", 0);
        assertThat(onLoop(partition, () -> partition.log().hot().logEndOffset())).isEqualTo(2);
        assertThat(onLoop(partition, () -> partition.log().logStartOffset())).isZero();
        Await.until("the bucket is open", () -> values(topic, 0).equals(List.of("a", "b")));
        assertThat(append(partition)).isInstanceOfSatisfying(AppendResult.Appended.class, appended -> assertThat(appended.baseOffset()).isEqualTo(2));
        assertThat(append(rig.partition("logs", 1))).isInstanceOfSatisfying(AppendResult.Appended.class, appended -> assertThat(appended.baseOffset()).isZero());
        rig.settleCold(partition);
        assertThat(values(topic, 2)).containsExactly("a", "b");
        assertThat(onLoop(partition, () -> partition.log().latestTieredOffset())).isEqualTo(3);
    }

    @Test
    void aRestartAfterwardsChangesNothing() {
        restore();
        Await.get(rig.keeper.whenInService(rig.metadata.view().topic("logs").orElseThrow()));
        append(rig.partition("logs", 0));
        rig.restart();
        Await.get(rig.keeper.whenInService(rig.metadata.view().topic("logs").orElseThrow())); // it may still have to recover, and then asks the bucket
        Partition partition = rig.partition("logs", 0);
        assertThat(onLoop(partition, () -> partition.log().hot().logEndOffset())).isEqualTo(4);
    }

    @Test
    void aBucketThatIsAwayIsWaitedForBeforeAnythingIsServed() {
        rig.objects.inject(SimFault.outage());
        TopicView topic = restore();
        CompletableFuture<Void> inService = rig.keeper.whenInService(topic);
        Await.until("it was tried", () -> rig.objects.requests(SimFault.Operation.LIST) + rig.objects.requests(SimFault.Operation.GET_SMALL) > 0);
        assertThat(rig.partitions.find("logs", 0)).isEmpty();
        rig.objects.clearFaults();
        Await.get(inService);
        Partition partition = rig.partition("logs", 0);
        assertThat(onLoop(partition, () -> partition.log().hot().logEndOffset())).isEqualTo(2);
    }

    @Test
    void oneThatIsDeletedWhileItWaitsForTheBucketIsGone() {
        rig.objects.inject(SimFault.outage());
        TopicView topic = restore();
        Await.until("it was tried", () -> rig.objects.requests(SimFault.Operation.LIST) + rig.objects.requests(SimFault.Operation.GET_SMALL) > 0);
        rig.deleteTopic(topic);
        Await.until("nothing is left", () -> rig.hot.onDisk().isEmpty());
    }

    @Test
    void oneOfWhichSomethingIsDeletedMeanwhileIsNotCalledRecovered() {
        ColdTopicHistory whole = history();
        for (ColdTopicHistory later : List.of(new ColdTopicHistory(whole.topic(), whole.description(), List.of()),
                new ColdTopicHistory(whole.topic(), whole.description(), List.of(new ColdTopicHistory.Partition(0, 0, 1, 1, 1, OptionalLong.empty()))))) {
            assertThatThrownBy(() -> Await.get(recovery(CompletableFuture.completedFuture(later)).recover("logs", -1))).rootCause().isInstanceOf(ColdStoreException.Missing.class).hasMessageContaining("[0]");
            rig.deleteTopic(rig.metadata.view().topic("logs").orElseThrow());
        }
        assertThatThrownBy(() -> Await.get(recovery(CompletableFuture.failedFuture(new ColdStoreException.Missing("deleted"))).recover("logs", -1))).rootCause().isInstanceOf(ColdStoreException.Missing.class).hasMessageContaining("[0]");
    }

    @Test
    void whetherAllIsThereHasToBeKnown() {
        assertThatThrownBy(() -> Await.get(recovery(CompletableFuture.failedFuture(new ColdStoreException.Unavailable("away", null))).recover("logs", -1)))
                .hasStackTraceContaining("is there again").hasStackTraceContaining("away");
        assertThat(rig.metadata.view().topic("logs")).isPresent();
    }

    /** What the bucket says before, and then. */
    private TopicRecovery recovery(CompletableFuture<ColdTopicHistory> then) {
        AtomicInteger asked = new AtomicInteger();
        return new TopicRecovery(name -> asked.incrementAndGet() == 1 ? CompletableFuture.completedFuture(history()) : then, rig.metadata::submit, rig.keeper::whenInService);
    }

    @Test
    void aNameOrIdThatIsThereIsRefusedAndNothingDone() {
        rig.createTopic("logs", 1);
        assertThatThrownBy(() -> Await.get(recovery().recover("logs", -1))).hasRootCauseInstanceOf(CommandRefused.class);
        assertThat(rig.metadata.view().topic("logs").orElseThrow().id()).isNotEqualTo(id);
        TopicRecovery nothing = new TopicRecovery(name -> CompletableFuture.failedFuture(new ColdStoreException.Missing("no topic " + name)), rig.metadata::submit, rig.keeper::whenInService);
        assertThatThrownBy(() -> Await.get(nothing.recover("lakes", -1))).hasRootCauseInstanceOf(ColdStoreException.Missing.class);
        assertThat(rig.metadata.view().topic("lakes")).isEmpty();
    }
}
