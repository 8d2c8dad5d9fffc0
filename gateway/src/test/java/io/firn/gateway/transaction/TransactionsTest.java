package io.firn.gateway.transaction;

import static io.firn.gateway.rig.Await.until;
import static io.firn.gateway.transaction.TransactionRig.T0;
import static io.firn.gateway.transaction.TransactionRig.T1;
import static io.firn.gateway.transaction.TransactionRig.asked;
import static io.firn.gateway.transaction.TransactionRig.await;
import static io.firn.gateway.transaction.TransactionRig.both;
import static io.firn.gateway.transaction.TransactionRig.error;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.coordinator.TransactionAdmission.Mode;
import io.firn.membership.Command;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.message.ListTransactionsRequestData;
import org.apache.kafka.common.message.ListTransactionsResponseData;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.transaction.TransactionCoordinatorRecordSerde;
import org.apache.kafka.coordinator.transaction.TransactionState;
import org.apache.kafka.server.common.TransactionVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The coordinator's promises, over its own log and the partitions it ends transactions in. */
class TransactionsTest {
    private static final TransactionSettings SETTINGS = new TransactionSettings(900_000, 1_000_000, 3_600_000, 3_600_000, 5_000);
    private static final TransactionVersion V0 = TransactionVersion.TV_0;
    private static final TransactionVersion V2 = TransactionVersion.TV_2;

    @TempDir
    Path directory;
    private TransactionRig rig;

    @BeforeEach
    void open() {
        rig = new TransactionRig(directory, SETTINGS);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void reopen(TransactionSettings settings) {
        rig.close();
        rig = new TransactionRig(directory.resolve("again"), settings);
    }

    private Errors add(Reply producer, TransactionVersion version) {
        return error(() -> rig.transactions.addPartitions("tx", producer.producerId(), producer.epoch(), both(), version));
    }

    private Reply end(Reply producer, boolean commit, TransactionVersion version) {
        return asked(() -> rig.transactions.end("tx", producer.producerId(), producer.epoch(), commit, version));
    }

    /** A transaction with a record in both partitions, not ended. */
    private Reply begun(TransactionVersion version) {
        Reply producer = rig.initialize("tx");
        assertThat(add(producer, version)).isEqualTo(Errors.NONE);
        rig.produce(T0, producer, 0, "a");
        rig.produce(T1, producer, 0, "b");
        return producer;
    }

    // Life

    @Test
    void eachStartOfAProducerGetsAHigherEpoch() {
        Reply first = rig.initialize("tx");
        Reply second = rig.initialize("tx");

        assertThat(first).isEqualTo(new Reply(Errors.NONE, first.producerId(), (short) 0));
        assertThat(second).isEqualTo(new Reply(Errors.NONE, first.producerId(), (short) 1));
        assertThat(rig.initialize("other").producerId()).isNotEqualTo(first.producerId());
        assertThat(add(first, V2)).isEqualTo(Errors.PRODUCER_FENCED);
    }

    @Test
    void aCommitEndsTheTransactionInEachPartitionAndRaisesTheEpoch() throws Exception {
        Reply producer = begun(V2);
        assertThat(rig.isStable(T0)).isFalse();

        Reply ended = end(producer, true, V2);

        assertThat(ended).isEqualTo(new Reply(Errors.NONE, producer.producerId(), (short) 1));
        rig.untilState("tx", "CompleteCommit");
        assertThat(rig.isStable(T0) && rig.isStable(T1)).isTrue();
        assertThat(rig.markers(T0)).containsExactly("commit 1");
        assertThat(rig.markers(T1)).containsExactly("commit 1");
        assertThat(end(producer, true, V2)).as("asked again").isEqualTo(ended);
        assertThat(end(producer, false, V2).error()).isEqualTo(Errors.INVALID_TXN_STATE);
    }

    @Test
    void underVersion0TheEpochStays() throws Exception {
        Reply producer = begun(V0);

        assertThat(end(producer, false, V0)).isEqualTo(Reply.of(Errors.NONE));

        rig.untilState("tx", "CompleteAbort");
        assertThat(rig.markers(T0)).containsExactly("abort 0");
        assertThat(add(producer, V0)).isEqualTo(Errors.NONE);
    }

    @Test
    void aProducerThatStartsAgainFencesTheOldOneAndAbortsItsTransaction() throws Exception {
        Reply zombie = begun(V2);

        Reply next = rig.initialize("tx");

        assertThat(next.producerId()).isEqualTo(zombie.producerId());
        assertThat(next.epoch()).isEqualTo((short) 2);
        assertThat(rig.markers(T0)).containsExactly("abort 1");
        assertThat(end(zombie, true, V2).error()).isEqualTo(Errors.PRODUCER_FENCED);
        assertThat(await(rig.transactions.verifyPartitions("tx", zombie.producerId(), zombie.epoch(), Set.of(T0)))).containsValue(Errors.PRODUCER_FENCED);
    }

    @Test
    void verificationKnowsWhatWasAdded() {
        Reply producer = rig.initialize("tx");
        assertThat(error(() -> rig.transactions.addPartitions("tx", producer.producerId(), producer.epoch(), Set.of(T0), V0))).isEqualTo(Errors.NONE);

        assertThat(await(rig.transactions.verifyPartitions("tx", producer.producerId(), producer.epoch(), both()))).isEqualTo(Map.of(T0, Errors.NONE, T1, Errors.TRANSACTION_ABORTABLE));
        assertThat(await(rig.transactions.verifyPartitions("tx", producer.producerId() + 1, producer.epoch(), Set.of(T0)))).containsValue(Errors.INVALID_PRODUCER_ID_MAPPING);
    }

    @Test
    void admissionSpeaksAsTheClientUnderstands() {
        Reply producer = rig.initialize("tx");
        rig.initialize("other");
        assertThat(admitted(producer, Mode.VERIFY)).isEqualTo(Errors.TRANSACTION_ABORTABLE);
        assertThat(admitted(producer, Mode.VERIFY_LEGACY)).isEqualTo(Errors.INVALID_TXN_STATE);
        assertThat(admitted(producer, Mode.ADD)).isEqualTo(Errors.NONE);
        assertThat(admitted(producer, Mode.VERIFY)).isEqualTo(Errors.NONE);
        assertThat(admitted(new Reply(Errors.NONE, producer.producerId(), (short) 9), Mode.ADD)).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
    }

    private Errors admitted(Reply producer, Mode mode) {
        return await(rig.transactions.admit("tx", producer.producerId(), producer.epoch(), Set.of(T0), mode)).get(T0);
    }

    @Test
    void timeoutsAreThoseAllowed() {
        assertThat(await(rig.transactions.initialize("tx", 900_001, -1, (short) -1)).error()).isIn(Errors.INVALID_TRANSACTION_TIMEOUT, Errors.COORDINATOR_NOT_AVAILABLE);
        rig.initialize("tx");
        assertThat(await(rig.transactions.initialize("tx", 900_001, -1, (short) -1)).error()).isEqualTo(Errors.INVALID_TRANSACTION_TIMEOUT);
        assertThat(await(rig.transactions.initialize("tx", 0, -1, (short) -1)).error()).isEqualTo(Errors.INVALID_TRANSACTION_TIMEOUT);
    }

    // Restarts between any two steps

    /** Sends markers into the first {@code partitions} of T0 and T1, and never says so. */
    private MarkerSender silentAfter(int partitions) {
        return marker -> {
            List<TopicPartition> reached = List.of(T0, T1).subList(0, partitions);
            if (!reached.isEmpty()) {
                await(rig.local().send(marker.at(Set.copyOf(reached))));
            }
            stopped.complete(null);
            return new CompletableFuture<>();
        };
    }

    private final CompletableFuture<Void> stopped = new CompletableFuture<>();

    @ParameterizedTest
    @CsvSource({"0,true,2", "1,true,2", "2,true,2", "0,false,2", "1,false,2", "2,false,2", "0,true,0", "1,true,0", "2,true,0", "1,false,0"})
    void whatIsPreparedIsCarriedOutAfterARestartHoweverFarItCame(int markersWritten, boolean commit, short version) throws Exception {
        TransactionVersion transactionVersion = TransactionVersion.fromFeatureLevel(version);
        Reply producer = begun(transactionVersion);
        rig.markers = silentAfter(markersWritten);
        assertThat(end(producer, commit, transactionVersion).error()).isEqualTo(Errors.NONE);
        await(stopped);
        assertThat(rig.state("tx")).isEqualTo(commit ? "PrepareCommit" : "PrepareAbort");

        rig.restart();

        rig.untilState("tx", commit ? "CompleteCommit" : "CompleteAbort");
        assertThat(rig.isStable(T0) && rig.isStable(T1)).isTrue();
        String marker = (commit ? "commit " : "abort ") + (version == 2 ? 1 : 0);
        if (version == 2) {
            assertThat(rig.markers(T0)).as("exactly once").containsExactly(marker);
            assertThat(rig.markers(T1)).as("exactly once").containsExactly(marker);
        } else {
            assertThat(rig.markers(T0)).isNotEmpty().containsOnly(marker);
            assertThat(rig.markers(T1)).isNotEmpty().containsOnly(marker);
        }
        Reply next = version == 2 ? new Reply(Errors.NONE, producer.producerId(), (short) 1) : producer;
        assertThat(add(next, transactionVersion)).as("the next transaction").isEqualTo(Errors.NONE);
    }

    @Test
    void anOpenTransactionIsOpenAfterARestartAndMayBeCommitted() throws Exception {
        Reply producer = begun(V2);

        rig.restart();

        assertThat(rig.state("tx")).isEqualTo("Ongoing");
        assertThat(rig.isStable(T0)).isFalse();
        assertThat(end(producer, true, V2).error()).isEqualTo(Errors.NONE);
        rig.untilState("tx", "CompleteCommit");
        assertThat(rig.markers(T1)).containsExactly("commit 1");
    }

    @Test
    void aCompleteTransactionStaysCompleteAfterARestart() throws Exception {
        Reply producer = begun(V2);
        Reply ended = end(producer, true, V2);
        rig.untilState("tx", "CompleteCommit");

        rig.restart();

        assertThat(rig.state("tx")).isEqualTo("CompleteCommit");
        assertThat(rig.sent).isEmpty();
        assertThat(end(producer, true, V2)).as("asked again").isEqualTo(ended);
    }

    // Markers

    @Test
    void markersAreSentAgainToPartitionsThatRefuseThem() throws Exception {
        Reply producer = begun(V2);
        AtomicInteger refusals = new AtomicInteger();
        rig.markers = marker -> refusals.getAndIncrement() < 3
                ? await(rig.local().send(marker.at(Set.of(T0)))).containsKey(T0) ? CompletableFuture.completedFuture(Map.of(T0, Errors.NONE, T1, Errors.NOT_LEADER_OR_FOLLOWER)) : null
                : rig.local().send(marker);
        end(producer, true, V2);

        rig.untilState("tx", "CompleteCommit");

        assertThat(rig.sent.get(0).partitions()).isEqualTo(both());
        assertThat(rig.sent.subList(1, rig.sent.size())).isNotEmpty().allSatisfy(marker -> assertThat(marker.partitions()).containsExactly(T1));
        assertThat(rig.markers(T1)).containsExactly("commit 1");
    }

    @Test
    void aDeletedTopicNeedsNoMarker() {
        Reply producer = begun(V2);
        rig.markers = marker -> CompletableFuture.completedFuture(Map.of(T0, Errors.UNKNOWN_TOPIC_OR_PARTITION, T1, Errors.UNKNOWN_TOPIC_OR_PARTITION));
        end(producer, true, V2);
        until(() -> rig.sent.size(), sent -> sent > 1);
        assertThat(rig.state("tx")).isEqualTo("PrepareCommit");

        rig.broker.metadata.submit(new Command.DeleteTopic(rig.broker.metadata.view().topic("t").orElseThrow().id())).join();

        rig.untilState("tx", "CompleteCommit");
    }

    @Test
    void aPartitionThatHasSeenALaterEpochIsDone() {
        Reply producer = begun(V2);
        rig.markers = marker -> CompletableFuture.completedFuture(Map.of(T0, Errors.INVALID_PRODUCER_EPOCH, T1, Errors.NONE));

        end(producer, true, V2);

        rig.untilState("tx", "CompleteCommit");
    }

    @Test
    void manyTransactionsInARowLeaveNothingOpen() throws Exception {
        Reply producer = rig.initialize("tx");
        for (int i = 0; i < 50; i++) {
            Reply present = producer;
            assertThat(add(present, V2)).isEqualTo(Errors.NONE);
            rig.produce(T0, present, 0, "v" + i);
            producer = end(present, i % 3 > 0, V2);
            assertThat(producer.error()).isEqualTo(Errors.NONE);
            assertThat(producer.epoch()).isEqualTo((short) (i + 1));
        }
        until(() -> rig.isStable(T0), stable -> stable);
        assertThat(rig.markers(T0)).hasSize(50);
        assertThat(rig.sent).as("nothing waited for a sweep or was sent twice").hasSize(50);
    }

    // By itself

    @Test
    void aTransactionThatIsOpenTooLongIsAbortedAndItsProducerFenced() throws Exception {
        reopen(new TransactionSettings(900_000, 1_000_000, 20, 3_600_000, 5_000));
        Reply producer = asked(() -> rig.transactions.initialize("tx", 100, -1, (short) -1));
        assertThat(add(producer, V2)).isEqualTo(Errors.NONE);
        rig.produce(T0, producer, 0, "a");

        rig.untilState("tx", "CompleteAbort");

        assertThat(rig.markers(T0)).containsExactly("abort 1");
        assertThat(add(producer, V2)).isEqualTo(Errors.PRODUCER_FENCED);
    }

    @Test
    void anUnusedTransactionalIdIsForgottenForGoodUnlessATransactionIsOpen() throws Exception {
        reopen(new TransactionSettings(900_000, 50, 3_600_000, 20, 5_000));
        Reply idle = rig.initialize("idle");
        begun(V2);

        until(() -> await(rig.transactions.describe("idle")).errorCode(), code -> code == Errors.TRANSACTIONAL_ID_NOT_FOUND.code());
        assertThat(rig.state("tx")).isEqualTo("Ongoing");
        assertThat(await(rig.transactions.addPartitions("idle", idle.producerId(), idle.epoch(), Set.of(T0), V2))).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING);

        rig.restart();

        assertThat(rig.state("tx")).isEqualTo("Ongoing");
        assertThat(until(() -> await(rig.transactions.describe("idle")).errorCode(), code -> code == Errors.TRANSACTIONAL_ID_NOT_FOUND.code())).isNotZero();
    }

    @Test
    void whenTheEpochsAreUsedUpANewProducerIdTakesOver() throws Exception {
        Reply first = rig.initialize("tx");
        short last = Short.MAX_VALUE - 1;
        Transaction nearlyOut = new Transaction(first.producerId(), first.producerId(), -1, last, (short) -1, 60_000, TransactionState.EMPTY, Set.of(), -1, System.currentTimeMillis(), V2);
        CoordinatorRecord record = TransactionRecords.record("tx", nearlyOut);
        TransactionCoordinatorRecordSerde serde = new TransactionCoordinatorRecordSerde();
        rig.restartWith("tx", new SimpleRecord(System.currentTimeMillis(), serde.serializeKey(record), serde.serializeValue(record)));
        Reply producer = new Reply(Errors.NONE, first.producerId(), last);
        assertThat(add(producer, V2)).isEqualTo(Errors.NONE);
        rig.produce(T0, producer, 0, "a");

        Reply next = end(producer, true, V2);

        assertThat(next.epoch()).isZero();
        assertThat(next.producerId()).isNotEqualTo(first.producerId());
        assertThat(add(next, V2)).isEqualTo(Errors.NONE);
        assertThat(rig.markers(T0)).containsExactly("commit " + Short.MAX_VALUE);
        assertThat(rig.state("tx")).isEqualTo("Ongoing");
    }

    // Questions

    @Test
    void transactionsAreDescribedAndListed() {
        Reply producer = begun(V2);
        Reply other = rig.initialize("other");

        var described = await(rig.transactions.describe("tx"));
        assertThat(described.producerId()).isEqualTo(producer.producerId());
        assertThat(described.transactionState()).isEqualTo("Ongoing");
        assertThat(described.topics().find("t").partitions()).containsExactlyInAnyOrder(0, 1);
        assertThat(Errors.forCode(await(rig.transactions.describe("nope")).errorCode())).isEqualTo(Errors.TRANSACTIONAL_ID_NOT_FOUND);
        assertThat(Errors.forCode(await(rig.transactions.describe("")).errorCode())).isEqualTo(Errors.INVALID_REQUEST);

        assertThat(listed(new ListTransactionsRequestData())).containsExactly("other", "tx");
        assertThat(listed(new ListTransactionsRequestData().setStateFilters(List.of("Ongoing")))).containsExactly("tx");
        assertThat(listed(new ListTransactionsRequestData().setProducerIdFilters(List.of(other.producerId())))).containsExactly("other");
        assertThat(listed(new ListTransactionsRequestData().setDurationFilter(3_600_000))).containsExactly("other");
        assertThat(listed(new ListTransactionsRequestData().setTransactionalIdPattern("t.*"))).containsExactly("tx");
        ListTransactionsResponseData unknown = await(rig.transactions.list(new ListTransactionsRequestData().setStateFilters(List.of("Sleeping"))));
        assertThat(unknown.unknownStateFilters()).containsExactly("Sleeping");
        assertThat(unknown.transactionStates()).isEmpty();
        assertThat(Errors.forCode(await(rig.transactions.list(new ListTransactionsRequestData().setTransactionalIdPattern("("))).errorCode())).isEqualTo(Errors.INVALID_REGULAR_EXPRESSION);
    }

    /** With what only a backtracking matcher knows, a client could keep the coordinator's thread busy for ever. Kafka's answer is the same. */
    @Test
    void patternsThatNeedBacktrackingAreRefused() {
        rig.initialize("aa");

        assertThat(listed(new ListTransactionsRequestData().setTransactionalIdPattern("(a|aa)+"))).containsExactly("aa");
        assertThat(Errors.forCode(await(rig.transactions.list(new ListTransactionsRequestData().setTransactionalIdPattern("(a)\\1"))).errorCode())).isEqualTo(Errors.INVALID_REGULAR_EXPRESSION);
    }

    private List<String> listed(ListTransactionsRequestData filter) {
        List<String> ids = new ArrayList<>();
        await(rig.transactions.list(filter)).transactionStates().forEach(state -> ids.add(state.transactionalId()));
        return ids;
    }
}
