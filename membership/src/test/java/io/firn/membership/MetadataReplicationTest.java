package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.SimCluster.Node;
import io.firn.membership.replication.Message;
import io.firn.membership.replication.MessageCodec;
import io.firn.membership.storage.SimFolder.Loss;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A cluster of brokers, one situation at a time, on virtual time. */
class MetadataReplicationTest {

    private SimCluster cluster = started(new SimCluster(1, 4, Set.of(0, 1, 2), 1_000));

    private static SimCluster started(SimCluster cluster) {
        cluster.startAll();
        settle(cluster);
        return cluster;
    }

    private static void settle(SimCluster cluster) {
        cluster.runUntil(20_000, "there is a controller and all agree", () -> cluster.agreed() && cluster.controller().isPresent());
    }

    private Node controller() {
        return cluster.controller().orElseThrow();
    }

    private Node otherKeeper() {
        return cluster.nodes.values().stream().filter(node -> node != controller() && cluster.keepers.contains(node.id)).findFirst().orElseThrow();
    }

    private ClusterView ask(Node node) {
        CompletableFuture<ClusterView> answer = node.submit(new AllocateProducerIds(1));
        cluster.runUntil(10_000, "the command is answered", answer::isDone);
        return answer.join();
    }

    private Message request(int from, int to, Message message) {
        CompletableFuture<byte[]> reply = cluster.network.of(from).request(to, MetadataPeers.Way.NEWS, MessageCodec.encode(message), 2_000);
        cluster.runUntil(3_000, "the request is answered", reply::isDone);
        return MessageCodec.decode(reply.join());
    }

    @Test
    void aClusterIsFormedOnceAndEveryBrokerShowsIt() {
        assertThat(cluster.nodes.values()).extracting(node -> node.metadata.view().clusterId()).doesNotContain("").containsOnly(controller().metadata.view().clusterId());
        assertThat(cluster.nodes.values().stream().filter(node -> node.metadata.isController())).hasSize(1);
    }

    @Test
    void aCommandGivenToAnyBrokerIsAnsweredWithTheViewItLeft() {
        List<CompletableFuture<ClusterView>> answers = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            answers.add(cluster.nodes.get(i % 4).submit(new AllocateProducerIds(1)));
        }
        cluster.runUntil(10_000, "all are answered", () -> answers.stream().allMatch(CompletableFuture::isDone));
        assertThat(answers).allMatch(answer -> !answer.isCompletedExceptionally());
        assertThat(answers.stream().map(answer -> answer.join().nextProducerId())).as("no two commands got the same block").doesNotHaveDuplicates();
    }

    @Test
    void everyBrokerKnowsTheControllerAndNobodyNamesOneThatHasClosed() {
        Node first = controller();
        assertThat(cluster.nodes.values()).allMatch(node -> node.metadata.controller().equals(OptionalInt.of(first.id)));
        Metadata closed = first.metadata;
        first.close();
        cluster.runUntil(5_000, "another broker is the controller", () -> cluster.controller().isPresent());
        ask(cluster.nodes.get(3));
        assertThat(cluster.nodes.get(3).metadata.controller()).hasValue(controller().id);
        assertThat(closed.controller()).isEmpty();
    }

    @Test
    void aControllerReckonsWithWhatMayBeCommittedThoughItWasNotTold() {
        Node controller = controller();
        CompletableFuture<ClusterView> answer = controller.submit(new AllocateProducerIds(1));
        long before = controller.metadata.view().version();
        while (cluster.store.head().orElseThrow().version() == before) {
            cluster.run(1);
        }
        assertThat(controller.metadata.view().version()).as("the store's answer is under way").isEqualTo(before);
        assertThat(controller.metadata.committedAtMost()).isEqualTo(before + 1);
        cluster.runUntil(10_000, "the command is answered", answer::isDone);
        assertThat(controller.metadata.committedAtMost()).isEqualTo(before + 1).isEqualTo(answer.join().version());
        assertThat(otherKeeper().metadata.committedAtMost()).isEqualTo(otherKeeper().metadata.view().version());
    }

    @Test
    void metadataWhoseDiskFailsSaysSoAndMetadataThatIsClosedDoesNot() {
        Node failing = otherKeeper();
        Node closing = controller();
        CompletableFuture<Throwable> failed = failing.metadata.failure();
        CompletableFuture<Throwable> closed = closing.metadata.failure();
        failing.metadata.fail(new java.io.IOException("injected"));
        assertThat(failed.join()).hasMessage("injected");
        closing.close();
        assertThat(closed).isNotDone();
    }

    @Test
    void aRefusalIsToldToTheBrokerThatForwarded() {
        CompletableFuture<ClusterView> answer = cluster.nodes.get(3).submit(new Command.DeleteTopic(new org.apache.kafka.common.Uuid(1, 9)));
        cluster.runUntil(10_000, "the command is answered", answer::isDone);
        assertThat(MetadataTest.refusal(answer)).isEqualTo(Reason.UNKNOWN_TOPIC);
    }

    @Test
    void aForwardedCommandThatChangesNothingIsAnsweredWithThePresentView() {
        Node asking = cluster.nodes.get(3);
        ClusterView present = asking.metadata.view();
        CompletableFuture<ClusterView> answer = asking.submit(new Command.ElectLeaders(Command.Election.PREFERRED, Optional.empty()));
        cluster.runUntil(10_000, "the command is answered", answer::isDone);
        assertThat(answer.join()).isEqualTo(present);
    }

    @Test
    void anotherKeeperIsControllerSoonAfterTheLockIsFree() {
        long epoch = controller().metadata.view().controllerEpoch();
        long atMs = cluster.time.nowMs();
        controller().close();
        cluster.runUntil(1_000, "another broker is the controller", () -> cluster.controller().isPresent());
        assertThat(cluster.time.nowMs() - atMs).isLessThan(1_000);
        assertThat(ask(cluster.nodes.get(3)).controllerEpoch()).isGreaterThan((int) epoch);
    }

    @Test
    void withoutAMajorityOfKeepersNothingIsAnsweredAndAfterwardsItIs() {
        Node lonely = controller();
        cluster.nodes.values().stream().filter(node -> node != lonely).forEach(node -> node.stop(Loss.NOTHING, true));
        ClusterView before = lonely.metadata.view();
        CompletableFuture<ClusterView> answer = lonely.submit(new AllocateProducerIds(1));
        cluster.run(1_000);
        assertThat(answer).isNotDone();
        assertThat(lonely.metadata.view()).isSameAs(before);
        cluster.startAll();
        cluster.runUntil(20_000, "the command is answered", answer::isDone);
        settle(cluster);
        ask(lonely);
    }

    @Test
    void aCommandThatFindsNoControllerIsRefusedInTheEnd() {
        cluster.store.lose(100_000);
        cluster.run(3_000);
        assertThat(cluster.controller()).as("it stepped down by its own clock").isEmpty();
        CompletableFuture<ClusterView> answer = cluster.nodes.get(3).submit(new AllocateProducerIds(1));
        cluster.run(SimCluster.TIMES.commandMs() + 100);
        assertThat(MetadataTest.refusal(answer)).isEqualTo(Reason.NOT_CONTROLLER);
    }

    @Test
    void aControllerThatIsCutOffFromTheStoreStepsDownBeforeItsSessionEnds() {
        Node cut = controller();
        cut.cutFromStore(20_000);
        cluster.run(SimCluster.TIMES.leaseMs() + 100);
        assertThat(cut.metadata.isController()).isFalse();
        cluster.runUntil(5_000, "another broker is the controller", () -> cluster.controller().filter(node -> node != cut).isPresent());
        assertThat(ask(cut)).as("its commands go to the new one").isNotNull();
    }

    @Test
    void aControllerWhoseThreadStandsStillKnowsByTheClockThatItsLeaseIsOver() {
        Node stalled = controller();
        stalled.pauseFor(60_000);
        cluster.run(SimCluster.TIMES.leaseMs() + 100);
        assertThat(stalled.metadata.isController()).as("whoever asks, on another thread").isFalse();
    }

    @Test
    void aControllerOfALowerEpochIsNotFollowed() {
        int epoch = store().controllerEpoch();
        Node keeper = otherKeeper();
        int stranger = cluster.keepers.stream().filter(id -> id != keeper.id && id != controller().id).findFirst().orElseThrow();
        assertThat(request(stranger, keeper.id, new Message.Announce(epoch - 1))).isEqualTo(new Message.Pointer(epoch, controller().id));
        keeper.stop(Loss.EVERYTHING, false);
        cluster.nodes.values().stream().filter(node -> node.id == stranger || node == controller()).toList().forEach(node -> node.stop(Loss.EVERYTHING, false));
        cluster.store.lose(1_000_000);
        keeper.start();
        cluster.run(10);
        assertThat(request(stranger, keeper.id, new Message.Announce(epoch - 1))).as("its journal remembers").isEqualTo(new Message.Pointer(epoch, -1));
    }

    private Head store() {
        return cluster.store.head().orElseThrow();
    }

    @Test
    void onlyTheControllerOfTheEpochAnswersFollowers() {
        Message.Follow follow = new Message.Follow(store().controllerEpoch(), 0, List.of(new Message.Position(0, EntryHash.NONE)));
        assertThat(request(3, controller().id, follow)).isInstanceOf(Message.Entries.class);
        assertThat(request(3, controller().id, new Message.Follow(follow.epoch() - 1, 0, follow.positions()))).isInstanceOf(Message.Pointer.class);
        assertThat(request(3, otherKeeper().id, follow)).isInstanceOf(Message.Pointer.class);
    }

    private Progress progress(Node node) {
        CompletableFuture<Progress> answer = node.metadata.progress();
        cluster.runUntil(2_000, "it is known how far all are", answer::isDone);
        return answer.join();
    }

    @Test
    void everyBrokerCanTellHowFarAllAre() {
        ask(controller());
        settle(cluster);
        cluster.run(SimCluster.TIMES.parkMs());
        long version = store().version();
        for (Node node : cluster.nodes.values()) {
            Progress progress = progress(node);
            assertThat(progress.controller()).isEqualTo(controller().id);
            assertThat(progress.controllerEpoch()).isEqualTo(store().controllerEpoch());
            assertThat(progress.lastVersion()).isEqualTo(version);
            assertThat(progress.committed()).isEqualTo(version);
            assertThat(progress.nowMs()).isBetween(cluster.time.nowMs() - SimCluster.TIMES.requestMs(), cluster.time.nowMs());
            assertThat(progress.followers().keySet()).as("all but the controller").isEqualTo(cluster.nodes.keySet().stream().filter(id -> id != controller().id).collect(Collectors.toSet()));
            long soon = SimCluster.TIMES.parkMs() + SimCluster.TIMES.requestMs();
            assertThat(progress.followers().values()).allSatisfy(follower -> {
                assertThat(follower.version()).isEqualTo(version);
                assertThat(follower.askedMs()).isGreaterThan(progress.nowMs() - soon);
                assertThat(follower.caughtUpMs()).isEqualTo(follower.askedMs());
            });
        }
    }

    /** Any client may ask, and the same connection carries the news. */
    @Test
    void manyWhoAskAtOnceHowFarAllAreCostTheControllerOneQuestion() {
        ask(controller());
        settle(cluster);
        long before = cluster.network.messages();
        List<CompletableFuture<Progress>> answers = IntStream.range(0, 1_000).mapToObj(i -> otherKeeper().metadata.progress()).toList();
        cluster.runUntil(2_000, "all are answered", () -> answers.stream().allMatch(CompletableFuture::isDone));
        assertThat(answers).allSatisfy(answer -> assertThat(answer.join().controller()).isEqualTo(controller().id));
        assertThat(cluster.network.messages() - before).isLessThan(100);
    }

    @Test
    void ofABrokerThatIsDownItIsToldHowFarItWasAndSinceWhen() {
        ask(controller());
        settle(cluster);
        Node down = cluster.nodes.values().stream().filter(node -> node != controller() && !cluster.keepers.contains(node.id)).findFirst().orElseThrow();
        cluster.run(SimCluster.TIMES.parkMs());
        long version = store().version();
        long beforeMs = cluster.time.nowMs();
        down.stop(Loss.NOTHING, true);
        for (int i = 0; i < 3; i++) {
            ask(controller());
        }
        cluster.run(2_000);
        Progress.Follower said = progress(otherKeeper()).followers().get(down.id);
        assertThat(said.version()).isEqualTo(version).isLessThan(progress(controller()).lastVersion());
        assertThat(said.askedMs()).isLessThanOrEqualTo(beforeMs);
        assertThat(said.caughtUpMs()).isLessThanOrEqualTo(beforeMs).isPositive();
    }

    @Test
    void nobodyTellsHowFarAllAreWithoutAController() {
        cluster.store.lose(100_000);
        cluster.run(3_000);
        assertThat(cluster.controller()).isEmpty();
        for (Node node : cluster.nodes.values()) {
            CompletableFuture<Progress> answer = node.metadata.progress();
            cluster.runUntil(2_000, "it fails", answer::isDone);
            assertThatThrownBy(answer::join).hasCauseInstanceOf(MetadataUnavailable.class);
        }
        Metadata closed = cluster.nodes.get(3).metadata;
        cluster.nodes.get(3).close();
        assertThatThrownBy(closed.progress()::join).hasCauseInstanceOf(MetadataUnavailable.class);
    }

    @Test
    void aFollowerIsCaughtUpWhenItHasWhatThereWasAtItsQuestionBefore() {
        Progress.Follower first = Progress.Follower.UNHEARD.asks(3, 5, 5, 1_000);
        assertThat(first).isEqualTo(new Progress.Follower(3, 1_000, Progress.UNKNOWN));
        Progress.Follower second = first.asks(5, 5, 8, 2_000);
        assertThat(second).as("always behind, and keeping up").isEqualTo(new Progress.Follower(5, 2_000, 1_000));
        assertThat(second.asks(6, 8, 9, 3_000)).as("falling behind").isEqualTo(new Progress.Follower(6, 3_000, 1_000));
        assertThat(second.asks(9, 8, 9, 3_000)).isEqualTo(new Progress.Follower(9, 3_000, 3_000));
        assertThat(second.asks(Progress.UNKNOWN, 8, 9, 3_000)).as("of another history").isEqualTo(new Progress.Follower(5, 3_000, 1_000));
    }

    @Test
    void aCommandThatArrivesTwiceIsDecidedOnce() {
        Message.Submit submit = new Message.Submit(5, 1, new AllocateProducerIds(7_777));
        Message first = request(3, controller().id, submit);
        assertThat(first).isInstanceOf(Message.Done.class);
        assertThat(request(3, controller().id, submit)).isEqualTo(first);
        assertThat(request(3, otherKeeper().id, submit)).as("of others nothing is decided").isInstanceOf(Message.Pointer.class);
    }

    @Test
    void anEmptyBrokerAndOneThatWasAwayForLongGetASnapshot() {
        cluster = started(new SimCluster(2, 4, Set.of(0, 1, 2), 5));
        Node away = cluster.nodes.get(3);
        Node empty = otherKeeper();
        away.stop(Loss.NOTHING, true);
        for (int i = 0; i < 60; i++) {
            ask(controller());
        }
        controller().stop(Loss.EVERYTHING, true);
        cluster.startAll();
        settle(cluster);
        assertThat(away.metadata.view()).isEqualTo(controller().metadata.view());
        if (empty == controller()) {
            empty = otherKeeper();
        }
        empty.stop(Loss.EVERYTHING, true);
        empty.loseDisk();
        empty.start();
        settle(cluster);
        assertThat(empty.metadata.view()).isEqualTo(controller().metadata.view());
        assertThat(empty.hasForced(store())).isTrue();
    }

    @Test
    void afterATotalPowerLossTheHeadsEntryIsWaitedForAndFetchedFromWhoHasIt() {
        Node lagging = otherKeeper();
        lagging.stop(Loss.NOTHING, true);
        ClusterView before = ask(controller());
        cluster.nodes.values().forEach(node -> node.stop(Loss.EVERYTHING, false));
        lagging.start();
        cluster.nodes.get(3).start();
        cluster.run(20_000);
        assertThat(cluster.controller()).as("nobody in reach that may be controller has the newest entry").isEmpty();
        assertThat(lagging.metadata.view().version()).isLessThan(before.version());
        cluster.startAll();
        settle(cluster);
        assertThat(controller().metadata.view().nextProducerId()).isEqualTo(before.nextProducerId());
        assertThat(lagging.metadata.view().clusterId()).isEqualTo(before.clusterId());
    }

    @Test
    void aStoreThatLostItsHeadIsNotTakenForAnEmptyCluster() {
        ask(controller());
        cluster.nodes.values().forEach(node -> node.stop(Loss.NOTHING, false));
        cluster.store.forget();
        Node keeper = cluster.nodes.get(0);
        keeper.start();
        cluster.run(10_000);
        assertThat(cluster.store.head()).isEmpty();
        CompletableFuture<ClusterView> answer = keeper.metadata.submit(new AllocateProducerIds(1));
        cluster.run(6_000);
        assertThatThrownBy(answer::join).hasCauseInstanceOf(MetadataException.class);
    }

    @Test
    void aBrokerWhoseDiskFailsAsControllerGivesTheLockBack() {
        Node failing = controller();
        failing.folder.failAt(1);
        CompletableFuture<ClusterView> answer = failing.submit(new AllocateProducerIds(1));
        cluster.runUntil(5_000, "another broker is the controller", () -> cluster.controller().filter(node -> node != failing).isPresent());
        assertThatThrownBy(answer::join).hasCauseInstanceOf(MetadataUnavailable.class);
        assertThatThrownBy(() -> ask(failing)).hasCauseInstanceOf(MetadataUnavailable.class);
        ask(cluster.nodes.get(3));
    }

    @Test
    void aBrokerWhoseDiskFailsWhileItTakesOverGivesTheLockBack() {
        Node former = controller();
        Node failing = otherKeeper();
        Node other = cluster.nodes.values().stream().filter(node -> cluster.keepers.contains(node.id) && node != former && node != failing).findFirst().orElseThrow();
        failing.stop(Loss.NOTHING, true);
        ask(former);
        settle(cluster);
        former.stop(Loss.NOTHING, true);
        other.cutFromStore(5_000);
        failing.start();
        failing.folder.failAt(1);
        cluster.runUntil(5_000, "its disk has failed", () -> failing.submit(new AllocateProducerIds(1)).isCompletedExceptionally());
        former.start();
        cluster.runUntil(20_000, "another broker is the controller", () -> cluster.controller().filter(node -> node != failing).isPresent());
        ask(other);
    }

    @Test
    void aControllerThatIsClosedWithoutAMajorityEndsWhenItHasSteppedDown() {
        Node lonely = controller();
        cluster.nodes.values().stream().filter(node -> node != lonely).forEach(node -> node.stop(Loss.NOTHING, true));
        CompletableFuture<ClusterView> answer = lonely.submit(new AllocateProducerIds(1));
        cluster.run(100);
        lonely.metadata.close();
        cluster.runUntil(10_000, "it has closed", lonely.folder::closed);
        assertThat(answer).isCompletedExceptionally();
    }

    @Test
    void aLockThatWasLostBeforeItsAnswerCameIsNotTakenForThatOfAnotherStore() {
        Node former = controller();
        Node late = otherKeeper();
        Node other = cluster.nodes.values().stream().filter(node -> cluster.keepers.contains(node.id) && node != former && node != late).findFirst().orElseThrow();
        cluster.network.cut(other.id, late.id);
        other.cutFromStore(1_000);
        late.connection.delayAnswers(350);
        former.stop(Loss.NOTHING, true);
        cluster.runUntil(2_000, "the lock is on its way", () -> cluster.store.isHeldBy(late.connection));
        Head head = store();
        Head later = new Head(head.version(), head.controllerEpoch() + 50, head.hash());
        cluster.store.depose();
        cluster.store.setHead(later);
        assertThat(request(3, late.id, new Message.CatchUp(later, List.of(new Message.Position(head.version(), head.hash()))))).isInstanceOf(Message.Entries.class);
        late.connection.delayAnswers(0);
        cluster.run(1_000);
        assertThat(late.submit(new AllocateProducerIds(1))).as("its metadata goes on").isNotDone();
    }
}
