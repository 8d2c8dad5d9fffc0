package io.firn.membership;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.membership.Command.AllocateProducerIds;
import io.firn.membership.Command.CreateTopic;
import io.firn.membership.Command.RegisterBroker;
import io.firn.membership.CommandRefused.Reason;
import io.firn.membership.SimMetadataStore.Fault;
import io.firn.membership.controller.Policy;
import io.firn.membership.journal.JournalLimits;
import io.firn.membership.storage.SimFolder;
import io.firn.membership.storage.SimFolder.Loss;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.Test;

/** The commit over a metadata store that is slow, silent, lost or taken by another. */
class MetadataCommitTest {

    private final SimMetadataStore.Cluster cluster = new SimMetadataStore.Cluster();
    private final StepExecutor executor = new StepExecutor();
    private SimFolder folder = new SimFolder(Seeds.random(0));
    private SimMetadataStore store;

    private Metadata open() {
        store = cluster.connect();
        return open(executor);
    }

    private Metadata open(StepExecutor on) {
        return Metadata.open(folder, given -> store, Policy.SINGLE_BROKER, JournalLimits.DEFAULT, InstantSource.fixed(Instant.EPOCH), Seeds.random(1), on);
    }

    private Metadata reopen() {
        folder = folder.afterCrash(Loss.EVERYTHING);
        cluster.depose();
        store = cluster.connect();
        return open(new StepExecutor());
    }

    private CompletableFuture<ClusterView> register(Metadata metadata) {
        CompletableFuture<ClusterView> answer = metadata.submit(new RegisterBroker(1, "h", 1, Optional.empty()));
        executor.run();
        return answer;
    }

    @Test
    void nothingIsShownOrAnsweredBeforeTheHeadIsSet() {
        Metadata metadata = open();
        ClusterView before = metadata.view();
        List<Long> seen = new ArrayList<>();
        metadata.subscribe((previous, next) -> seen.add(next.version()));
        store.then(Fault.HELD);
        CompletableFuture<ClusterView> answer = register(metadata);
        assertThat(answer).isNotDone();
        assertThat(metadata.view()).isSameAs(before);
        assertThat(seen).isEmpty();
        store.answerHeld();
        executor.run();
        assertThat(answer).isCompleted();
        assertThat(seen).containsExactly(metadata.view().version());
        assertThat(cluster.head()).map(Head::version).contains(metadata.view().version());
    }

    @Test
    void aLostReplyIsSettledByAskingAgain() {
        for (Fault fault : List.of(Fault.REPLY_LOST, Fault.REQUEST_LOST, Fault.REFUSED, Fault.LATE)) {
            Metadata metadata = open();
            store.then(fault);
            assertThat(register(metadata)).as("%s", fault).isCompleted();
            cluster.deliverLate();
            assertThat(register(metadata)).isCompleted();
            assertThat(cluster.head()).map(Head::version).contains(metadata.view().version());
            cluster.depose();
        }
    }

    @Test
    void aStoreThatNeverSaysEndsTheMetadataAfterALimitedNumberOfAttempts() {
        Metadata metadata = open();
        store.then(Fault.REQUEST_LOST, Fault.REPLY_LOST, Fault.REQUEST_LOST, Fault.REQUEST_LOST, Fault.REQUEST_LOST, Fault.NONE);
        CompletableFuture<ClusterView> answer = register(metadata);
        assertThatThrownBy(answer::join).hasCauseInstanceOf(MetadataUnavailable.class);
        assertThat(metadata.view().brokers()).isEmpty();
        assertThatThrownBy(() -> register(metadata).join()).hasCauseInstanceOf(MetadataUnavailable.class);
        assertThat(reopen().view().brokers()).as("the second attempt had taken effect").containsOnlyKeys(1);
    }

    @Test
    void aSetThatWasDoneAndSupersededIsNotCalledRefused() {
        Metadata metadata = open();
        store.then(Fault.REPLY_LOST, Fault.HELD);
        CompletableFuture<ClusterView> answer = register(metadata);
        assertThat(answer).isNotDone();
        Head ours = cluster.head().orElseThrow();
        cluster.connect().compareAndSetHead(Optional.of(ours), new Head(ours.version() + 1, 2, EntryHash.NONE), 1).join();
        store.answerHeld();
        executor.run();
        assertThatThrownBy(answer::join).hasCauseInstanceOf(MetadataUnavailable.class);
    }

    @Test
    void aDeposedControllerCannotCommitAndRefusesFromThenOn() {
        Metadata old = open();
        register(old).join();
        ClusterView before = old.view();
        SimMetadataStore oldStore = store;
        folder = folder.afterCrash(Loss.NOTHING);
        cluster.depose();
        store = cluster.connect();
        Metadata successor = open(new StepExecutor());
        assertThat(successor.view().controllerEpoch()).isGreaterThan(before.controllerEpoch());
        assertThat(MetadataTest.refusal(register(old))).isEqualTo(Reason.NOT_CONTROLLER);
        assertThat(MetadataTest.refusal(register(old))).isEqualTo(Reason.NOT_CONTROLLER);
        assertThat(old.view()).isSameAs(before);
        assertThat(oldStore.readHead(1).join()).map(Head::version).contains(successor.view().version());
    }

    @Test
    void anotherHolderOfTheLockKeepsItFromOpening() {
        open();
        store = cluster.connect();
        assertThatThrownBy(() -> open(new StepExecutor()))
                .isInstanceOfSatisfying(MetadataOpenFailed.class, error -> assertThat(error.reason()).isEqualTo(MetadataOpenFailed.Reason.IN_USE));
    }

    @Test
    void aStoreThatFailsKeepsItFromOpeningAndEverythingIsGivenBack() {
        for (Fault[] faults : new Fault[][] {{Fault.REFUSED}, {Fault.REQUEST_LOST}, {Fault.NONE, Fault.REFUSED},
            {Fault.NONE, Fault.NONE, Fault.REFUSED, Fault.REFUSED, Fault.REFUSED, Fault.REFUSED, Fault.REFUSED}}) {
            StepExecutor mine = new StepExecutor();
            folder = new SimFolder(Seeds.random(0));
            store = cluster.connect().then(faults);
            assertThatThrownBy(() -> open(mine))
                    .isInstanceOfSatisfying(MetadataOpenFailed.class, error -> assertThat(error.reason()).isEqualTo(MetadataOpenFailed.Reason.UNAVAILABLE));
            assertThat(folder.closed()).isTrue();
            assertThat(mine.isShutdown()).isTrue();
        }
    }

    @Test
    void commandsThatWaitTogetherShareOneForceAndOneHead() {
        Metadata metadata = open();
        register(metadata).join();
        List<CompletableFuture<ClusterView>> answers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            answers.add(metadata.submit(new CreateTopic(Uuid.randomUuid(), "t" + i / 2, 1, 1, Map.of(), Map.of())));
        }
        int forces = folder.forces();
        long version = metadata.view().version();
        executor.run();
        assertThat(folder.forces() - forces).isEqualTo(1);
        assertThat(metadata.view().version()).isEqualTo(version + 50);
        for (int i = 0; i < 100; i++) {
            if (i % 2 == 0) {
                assertThat(answers.get(i).join().version()).as("each answer is the view after its own command").isEqualTo(version + 1 + i / 2);
            } else {
                assertThat(MetadataTest.refusal(answers.get(i))).isEqualTo(Reason.TOPIC_EXISTS);
            }
        }
    }

    @Test
    void aRefusalThatRestsOnAnUncommittedChangeFailsWithIt() {
        Metadata metadata = open();
        register(metadata).join();
        store.then(Fault.REQUEST_LOST, Fault.REQUEST_LOST, Fault.REQUEST_LOST, Fault.REQUEST_LOST, Fault.REQUEST_LOST);
        metadata.submit(new CreateTopic(Uuid.randomUuid(), "t", 1, 1, Map.of(), Map.of()));
        CompletableFuture<ClusterView> second = metadata.submit(new CreateTopic(Uuid.randomUuid(), "t", 1, 1, Map.of(), Map.of()));
        executor.run();
        assertThatThrownBy(second::join).hasCauseInstanceOf(MetadataUnavailable.class);
    }

    @Test
    void aFullQueueRefusesAndWhatWaitedIsStillServedInOrder() {
        Metadata metadata = open();
        store.then(Fault.HELD);
        CompletableFuture<ClusterView> first = metadata.submit(new AllocateProducerIds(1));
        executor.run();
        List<CompletableFuture<ClusterView>> waiting = new ArrayList<>();
        for (int i = 0; i < Metadata.MAX_WAITING; i++) {
            waiting.add(metadata.submit(new AllocateProducerIds(1)));
        }
        executor.run();
        assertThat(MetadataTest.refusal(metadata.submit(new AllocateProducerIds(1)))).isEqualTo(Reason.OVERLOADED);
        store.answerHeld();
        executor.run();
        long next = first.join().nextProducerId();
        for (CompletableFuture<ClusterView> answer : waiting) {
            assertThat(answer.join().nextProducerId()).isEqualTo(++next);
        }
    }

    @Test
    void onAFullDiskChangesAreRefusedUntilThereIsRoomAgain() {
        Metadata metadata = open();
        register(metadata).join();
        long version = metadata.view().version();
        int operations = folder.operations();
        folder.usableBytes(Metadata.MIN_ROOM_BYTES - 1);
        CompletableFuture<ClusterView> refused = metadata.submit(new AllocateProducerIds(1));
        CompletableFuture<ClusterView> refusedToo = metadata.submit(new AllocateProducerIds(1));
        executor.run();
        assertThat(MetadataTest.refusal(refused)).isEqualTo(Reason.OVERLOADED);
        assertThat(MetadataTest.refusal(refusedToo)).isEqualTo(Reason.OVERLOADED);
        assertThat(metadata.view().version()).isEqualTo(version);
        assertThat(folder.operations()).as("writes").isEqualTo(operations);
        folder.usableBytes(Metadata.MIN_ROOM_BYTES);
        CompletableFuture<ClusterView> taken = metadata.submit(new AllocateProducerIds(1));
        executor.run();
        assertThat(taken.join().version()).isEqualTo(version + 1);
    }

    @Test
    void closingLetsTheCurrentGroupFinishAndFailsWhatWaits() {
        Metadata metadata = open();
        store.then(Fault.HELD);
        CompletableFuture<ClusterView> current = register(metadata);
        CompletableFuture<ClusterView> waiting = metadata.submit(new AllocateProducerIds(1));
        metadata.close();
        assertThat(current).isNotDone();
        assertThat(folder.closed()).isFalse();
        store.answerHeld();
        executor.run();
        assertThat(current).isCompleted();
        assertThatThrownBy(waiting::join).hasCauseInstanceOf(MetadataUnavailable.class);
        assertThat(folder.closed()).isTrue();
        assertThat(executor.isShutdown()).isTrue();
        assertThat(cluster.connect().acquireController(1).join()).as("the lock is free").isPresent();
    }
}
