package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.FETCH;
import static io.firn.gateway.rig.Requests.FETCH_BY_NAME;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.fetch;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.partitions;
import static io.firn.gateway.rig.Requests.values;
import static io.firn.gateway.rig.Requests.want;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.Batches;
import io.firn.membership.TopicView;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetch requests of records that are hot, as Apache Kafka answers them; over one event loop and several. */
class FetchPathTest {

    private static final int LONG_MS = 600_000;

    /** Longer than a fetch that has enough waits for the cold tier. */
    private static final long AFTER_MOMENT_MS = 50;

    @TempDir
    Path directory;

    private final LeakWatch leaks = new LeakWatch();
    private StorageRig rig;
    private TopicView topic;

    @AfterEach
    void everythingWasGivenBack() {
        try (leaks) {
            Await.until("no request bytes are held", () -> rig.meter("firn.requests.inflight") == 0);
            Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
            rig.metadata.view().topics().values().forEach(rig::deleteTopic);
            Await.until("every file is closed", () -> rig.disk.openFiles() == 0);
            rig.close();
            leaks.assertNoLeak();
        }
    }

    private void start(int loops, int partitions) {
        rig = StorageRig.started(directory, loops);
        topic = rig.createTopic("logs", partitions);
    }

    private FetchResponseData ask(WireClient client, FetchRequestData body) {
        return client.ask(ApiKeys.FETCH, FETCH, body, FetchResponseData.class);
    }

    /** Appends one batch and waits for its commitment. Returns its size. */
    private int append(int partition, String... values) {
        MemoryRecords records = Requests.records(rig.clock.millis(), values);
        append(partition, records.buffer(), AppendOrigin.CLIENT);
        return records.sizeInBytes();
    }

    private void append(int partition, ByteBuffer batch, AppendOrigin origin) {
        Partition owner = rig.partition("logs", partition);
        ByteBuffer bytes = ByteBuffer.allocateDirect(batch.remaining()).put(batch.duplicate()).flip();
        CompletableFuture<AppendResult> done = new CompletableFuture<>();
        owner.loop().execute(() -> owner.append(RecordBuffers.of(bytes), origin, done::complete));
        AppendResult.Appended appended = (AppendResult.Appended) Await.get(done);
        Await.get(StorageRig.onLoop(owner, () -> TestPartitions.whenCommitted(owner, appended.lastOffset() + 1)));
    }

    // Waiting

    /** By its own wish it would wait for a month. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void fetchThatWaitsEndsWithItsConnection(int loops) {
        start(loops, 3);
        try (WireClient client = rig.client()) {
            for (int i = 0; i < 2; i++) {
                FetchRequestData body = fetch(Integer.MAX_VALUE, 1);
                for (int partition = 0; partition < 3; partition++) {
                    want(body, topic, partition, 0);
                }
                client.send(ApiKeys.FETCH, FETCH, body);
            }
            Await.until("both wait", () -> waiting() == 6);
        }
        Await.until("nobody waits", () -> waiting() == 0);
    }

    private int waiting() {
        int waiting = 0;
        for (int partition = 0; partition < 3; partition++) {
            Partition one = rig.partition("logs", partition);
            waiting += StorageRig.<Integer>onLoop(one, one::watermarkListeners);
        }
        return waiting;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void fetchThatWaitsIsAnsweredByTheFirstRecordOfAnyOfItsPartitions(int loops) {
        start(loops, 6);
        try (WireClient client = rig.client()) {
            for (int round = 0; round < 50; round++) {
                FetchRequestData body = fetch(LONG_MS, 1);
                for (int partition = 0; partition < 6; partition++) {
                    want(body, topic, partition, round / 6 + (partition < round % 6 ? 1 : 0));
                }
                int sent = client.send(ApiKeys.FETCH, FETCH, body);
                append(round % 6, "round " + round);
                FetchResponseData answer = client.receive(sent, FetchResponseData.class);
                assertThat(partitions(answer).stream().filter(one -> one.records().sizeInBytes() > 0).toList()).singleElement()
                        .satisfies(one -> assertThat(values(one)).hasSize(1));
            }
        }
    }

    /** The rig's clock stands still: the wait has to end by the timer alone. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void fetchWithoutDataIsAnsweredEmptyAfterItsMaxWaitWhateverTheWallClockDoes(int loops) {
        start(loops, 3);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(20, 1);
            for (int partition = 0; partition < 3; partition++) {
                want(body, topic, partition, 0);
            }
            assertThat(partitions(ask(client, body))).hasSize(3).allMatch(one -> one.errorCode() == 0 && one.records().sizeInBytes() == 0 && one.highWatermark() == 0);
        }
    }

    @Test
    void aBrokerThatIsCutOffServesWhatItHasAndLetsNobodyWaitForMore() {
        start(2, 2);
        append(0, "first");
        rig.cutOff = true;
        try (WireClient client = rig.client()) {
            FetchResponseData.PartitionData read = only(ask(client, wanting(LONG_MS, 0)));
            assertThat(error(read)).isEqualTo(Errors.NONE);
            assertThat(values(read)).containsExactly("first");
            assertThat(error(only(ask(client, wanting(LONG_MS, 1))))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
            rig.cutOff = false;
            assertThat(error(only(ask(client, wanting(20, 1))))).isEqualTo(Errors.NONE);
        }
    }

    private FetchRequestData wanting(int maxWaitMs, long offset) {
        FetchRequestData body = fetch(maxWaitMs, 1);
        want(body, topic, 0, offset);
        return body;
    }

    @Test
    void fetchWaitsUntilItsMinBytesAreThere() {
        start(2, 2);
        int size = append(0, "first");
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, size + 1);
            want(body, topic, 0, 0);
            want(body, topic, 1, 0);
            int sent = client.send(ApiKeys.FETCH, FETCH, body);
            Partition owner = rig.partition("logs", 0);
            StorageRig.onLoop(owner, () -> null);
            assertThat(client.hasAnswer()).isFalse();
            append(1, "second");
            assertThat(partitions(client.receive(sent, FetchResponseData.class))).extracting(Requests::values).containsExactly(List.of("first"), List.of("second"));
        }
    }

    @Test
    void minBytesBeyondMaxBytesWaitForMaxBytesOnly() {
        start(1, 1);
        append(0, "first");
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, 1 << 20).setMaxBytes(10);
            want(body, topic, 0, 0);
            assertThat(values(only(ask(client, body)))).containsExactly("first");
        }
    }

    @Test
    void topicThatIsDeletedAnswersThoseWhoWaitForItsRecords() {
        start(2, 2);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, 1);
            want(body, topic, 0, 0);
            want(body, topic, 1, 0);
            int sent = client.send(ApiKeys.FETCH, FETCH, body);
            rig.deleteTopic(topic);
            assertThat(partitions(client.receive(sent, FetchResponseData.class))).anyMatch(one -> one.errorCode() == Errors.NOT_LEADER_OR_FOLLOWER.code()
                    || one.errorCode() == Errors.UNKNOWN_TOPIC_ID.code());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void clientThatGoesAwayWhileItsFetchWaitsLeavesNothingBehind(int loops) {
        start(loops, 3);
        for (int i = 0; i < 10; i++) {
            try (WireClient client = rig.client()) {
                FetchRequestData body = fetch(LONG_MS, 1 << 20);
                for (int partition = 0; partition < 3; partition++) {
                    append(partition, "value");
                    want(body, topic, partition, 0);
                }
                client.send(ApiKeys.FETCH, FETCH, body);
            }
        }
        Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
        append(0, "the next record finds nobody");
    }

    // Bytes

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void firstBatchMayExceedMaxBytesAndNothingElseMay(int loops) {
        start(loops, 3);
        for (int partition = 0; partition < 3; partition++) {
            append(partition, "x".repeat(1_000));
            append(partition, "y".repeat(1_000));
        }
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(0, 1).setMaxBytes(10);
            for (int partition = 0; partition < 3; partition++) {
                want(body, topic, partition, 0);
            }
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
            assertThat(answers.stream().map(Requests::values).filter(values -> !values.isEmpty()).toList()).singleElement()
                    .satisfies(values -> assertThat(values).containsExactly("x".repeat(1_000)));
        }
    }

    /** The Java consumer takes bytes without a whole batch for a broker that does not know KIP-74, and throws. */
    @Test
    void partitionForWhichTooLittleRoomIsLeftIsAnsweredEmptyAndNotWithAPartOfABatch() {
        start(1, 2);
        int size = append(0, "x".repeat(1_000));
        append(1, "y".repeat(1_000));
        try (WireClient client = rig.client()) {
            for (int room : new int[] {1, 60, 61, size - 1}) {
                FetchRequestData body = fetch(0, 1).setMaxBytes(size + room);
                want(body, topic, 0, 0);
                want(body, topic, 1, 0);
                List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
                assertThat(values(answers.get(0))).hasSize(1);
                assertThat(answers.get(1).records().sizeInBytes()).as("bytes of the second partition with room for " + room).isZero();
            }
        }
    }

    @Test
    void maxBytesOfAPartitionHoldForItAlone() {
        start(1, 2);
        for (int i = 0; i < 5; i++) {
            append(0, "x".repeat(1_000));
            append(1, "y".repeat(1_000));
        }
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(0, 1);
            want(body, topic, 0, 0).setPartitionMaxBytes(2_500);
            want(body, topic, 1, 0);
            assertThat(partitions(ask(client, body))).extracting(one -> values(one).size()).containsExactly(2, 5);
        }
    }

    // Places

    @Test
    void offsetsOutsideTheLogAreOutOfRangeAlsoWhenThereIsNoRoomForRecords() {
        start(1, 2);
        append(0, "a");
        append(1, "b");
        try (WireClient client = rig.client()) {
            for (long outside : new long[] {2, -2}) {
                FetchRequestData body = fetch(LONG_MS, 1).setMaxBytes(0);
                want(body, topic, 0, 0);
                want(body, topic, 1, outside);
                List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
                assertThat(values(answers.get(0))).containsExactly("a");
                assertThat(error(answers.get(1))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
            }
        }
    }

    @Test
    void offsetsOutsideTheLogAreOutOfRangeAndItsEndIsNot() {
        start(1, 1);
        append(0, "a", "b", "c");
        try (WireClient client = rig.client()) {
            for (long outside : new long[] {4, Long.MAX_VALUE, -2}) {
                FetchResponseData.PartitionData answer = only(ask(client, fetch(topic, 0, outside)));
                assertThat(error(answer)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
                assertThat(answer.records().sizeInBytes()).isZero();
            }
            assertThat(error(only(ask(client, fetch(topic, 0, 3))))).isEqualTo(Errors.NONE);
            Partition partition = rig.partition("logs", 0);
            Await.get(StorageRig.onLoop(partition, () -> partition.deleteRecordsBefore(2)));
            FetchResponseData.PartitionData deleted = only(ask(client, fetch(topic, 0, 1)));
            assertThat(error(deleted)).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
            assertThat(deleted.logStartOffset()).isEqualTo(2);
        }
    }

    @Test
    void recordsThatAreNotCommittedAreNeitherShownNorAnError() {
        start(1, 1);
        append(0, "committed");
        rig.disk.hold(Op.FORCE);
        try (WireClient producer = rig.client(); WireClient client = rig.client()) {
            producer.ask(ApiKeys.PRODUCE, Requests.PRODUCE, Requests.produce(1, topic, 0, Requests.records(rig.clock.millis(), "pending")),
                    org.apache.kafka.common.message.ProduceResponseData.class);
            for (long offset : new long[] {1, 2}) {
                FetchResponseData.PartitionData answer = only(ask(client, fetch(topic, 0, offset)));
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(values(answer)).isEmpty();
                assertThat(answer.highWatermark()).isEqualTo(1);
            }
            assertThat(values(only(ask(client, fetch(topic, 0, 0))))).containsExactly("committed");
            int waiting = client.send(ApiKeys.FETCH, FETCH, fetch(topic, 0, 1).setMaxWaitMs(LONG_MS));
            rig.disk.release(Op.FORCE);
            assertThat(values(only(client.receive(waiting, FetchResponseData.class)))).containsExactly("pending");
        }
    }

    @Test
    void whatIsNotThereIsAnsweredAsApacheKafkaDoes() {
        start(1, 1);
        try (WireClient client = rig.client()) {
            FetchRequestData unknownId = fetch(LONG_MS, 1);
            unknownId.topics().add(new FetchRequestData.FetchTopic().setTopicId(Uuid.randomUuid()).setPartitions(List.of(new FetchRequestData.FetchPartition())));
            assertThat(error(only(ask(client, unknownId)))).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
            assertThat(error(only(ask(client, fetch(topic, 7, 0).setMaxWaitMs(LONG_MS))))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
            FetchRequestData unknownName = fetch(LONG_MS, 1);
            unknownName.topics().add(new FetchRequestData.FetchTopic().setTopic("nowhere").setPartitions(List.of(new FetchRequestData.FetchPartition())));
            assertThat(error(only(client.ask(ApiKeys.FETCH, FETCH_BY_NAME, unknownName, FetchResponseData.class)))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        }
    }

    @Test
    void recordsOutsideTheMemoryAreReadAheadAndServedAfterARestart() {
        start(2, 2);
        for (int i = 0; i < 50; i++) {
            append(i % 2, "value " + i);
        }
        rig.restart();
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(0, 1);
            want(body, topic, 0, 0);
            want(body, topic, 1, 10);
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
            assertThat(values(answers.get(0))).hasSize(25).startsWith("value 0");
            assertThat(values(answers.get(1))).as("nothing before the record asked for").hasSize(15).startsWith("value 21").endsWith("value 49");
        }
    }

    /** Longer than a fetch waits for the cold tier when it has something; the next one would have the disk read the same pages again. */
    @Test
    void pagesThatTheDiskStillReadsAreWaitedForThoughThereAreOthers() {
        start(1, 2);
        append(0, "quick");
        append(1, "slow");
        rig.restart();
        rig.disk.hold(Op.READ, file -> file.toString().contains("logs-1"));
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, 1);
            want(body, topic, 0, 0);
            want(body, topic, 1, 0);
            int sent = client.send(ApiKeys.FETCH, FETCH, body);
            Await.until("the disk is slow", () -> rig.disk.waiting() > 0);
            afterAMoment();
            assertThat(client.hasAnswer()).isFalse();
            rig.disk.release(Op.READ);
            assertThat(partitions(client.receive(sent, FetchResponseData.class))).extracting(Requests::values).containsExactly(List.of("quick"), List.of("slow"));
        }
    }

    /** Everything that the only loop was to do within the next {@value #AFTER_MOMENT_MS} ms has been done: timers of a loop run in the order of their times. */
    private void afterAMoment() {
        CompletableFuture<Void> passed = new CompletableFuture<>();
        rig.loops.first().schedule(() -> passed.complete(null), AFTER_MOMENT_MS, TimeUnit.MILLISECONDS);
        Await.get(passed);
    }

    /** Kafka's consumer goes back to the end of an aborted batch, wherever it has asked to begin, and would take what follows twice. */
    @Test
    void anAbortedTransactionBeforeTheOffsetAskedForIsNotShownAfterARestart() {
        start(1, 1);
        append(0, Batches.data(0, 7, (short) 0, 0, 1, true, rig.clock.millis()), AppendOrigin.CLIENT);
        append(0, Batches.marker(0, 7, (short) 1, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
        append(0, "seen before");
        append(0, "asked for");
        rig.restart();
        try (WireClient client = rig.client()) {
            FetchResponseData.PartitionData answer = only(ask(client, fetch(topic, 0, 3).setIsolationLevel((byte) 1)));
            assertThat(values(answer)).containsExactly("asked for");
            assertThat(answer.abortedTransactions()).isEmpty();
        }
    }

    /** Where the open transaction begins in the file is not known until pages are read; no new record comes that would wake the fetch. */
    @Test
    void recordsBelowAnOpenTransactionAreFoundAfterARestartWithoutWaitingForNews() {
        start(1, 1);
        for (int i = 0; i < 50; i++) {
            append(0, "value " + i);
        }
        append(0, Batches.data(0, 7, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        rig.restart();
        try (WireClient client = rig.client()) {
            FetchResponseData.PartitionData answer = only(ask(client, fetch(topic, 0, 49).setIsolationLevel((byte) 1).setMaxWaitMs(LONG_MS)));
            assertThat(values(answer)).endsWith("value 49");
            assertThat(answer.lastStableOffset()).isEqualTo(50);
        }
    }

    // Epochs (KIP-320, KIP-595)

    @Test
    void leaderEpochsThatTheClientMistakesAreFencedOrUnknown() {
        start(1, 1);
        append(0, "a");
        int epoch = rig.partition("logs", 0).leaderEpoch();
        try (WireClient client = rig.client()) {
            FetchRequestData newer = fetch(LONG_MS, 1);
            want(newer, topic, 0, 0).setCurrentLeaderEpoch(epoch + 1);
            assertThat(error(only(ask(client, newer)))).isEqualTo(Errors.UNKNOWN_LEADER_EPOCH);
            FetchRequestData older = fetch(LONG_MS, 1);
            want(older, topic, 0, 0).setCurrentLeaderEpoch(epoch - 1);
            assertThat(error(only(ask(client, older)))).isEqualTo(epoch == 0 ? Errors.NONE : Errors.FENCED_LEADER_EPOCH);
            FetchRequestData right = fetch(0, 1);
            want(right, topic, 0, 0).setCurrentLeaderEpoch(epoch);
            assertThat(values(only(ask(client, right)))).containsExactly("a");
        }
    }

    @Test
    void readerWhoseEpochEndedEarlierHereLearnsItAtOnce() {
        start(1, 1);
        append(0, "a");
        int epoch = rig.partition("logs", 0).leaderEpoch();
        try (WireClient client = rig.client()) {
            FetchRequestData further = fetch(LONG_MS, 1);
            want(further, topic, 0, 5).setLastFetchedEpoch(epoch);
            FetchResponseData.PartitionData answer = only(ask(client, further));
            assertThat(error(answer)).isEqualTo(Errors.NONE);
            assertThat(answer.divergingEpoch().epoch()).isEqualTo(epoch);
            assertThat(answer.divergingEpoch().endOffset()).isEqualTo(1);
            FetchRequestData unknown = fetch(LONG_MS, 1);
            want(unknown, topic, 0, 0).setLastFetchedEpoch(epoch + 9);
            assertThat(error(only(ask(client, unknown)))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
        }
    }

    // Transactions

    @Test
    void committedReadersSeeNoOpenTransactionAndAreToldOfAbortedOnes() {
        start(2, 1);
        append(0, Batches.data(0, 7, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        append(0, Batches.data(0, 8, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        try (WireClient client = rig.client()) {
            FetchRequestData committed = fetch(topic, 0, 0).setIsolationLevel((byte) 1);
            FetchResponseData.PartitionData open = only(ask(client, committed));
            assertThat(values(open)).isEmpty();
            assertThat(open.lastStableOffset()).isZero();
            assertThat(open.highWatermark()).isEqualTo(4);
            assertThat(values(only(ask(client, fetch(topic, 0, 0))))).hasSize(4);

            int waiting = client.send(ApiKeys.FETCH, FETCH, fetch(topic, 0, 0).setIsolationLevel((byte) 1).setMaxWaitMs(LONG_MS));
            append(0, Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            FetchResponseData.PartitionData half = only(client.receive(waiting, FetchResponseData.class));
            assertThat(half.lastStableOffset()).isEqualTo(2);
            assertThat(values(half)).hasSize(2);
            assertThat(half.abortedTransactions()).singleElement().satisfies(one -> {
                assertThat(one.producerId()).isEqualTo(7);
                assertThat(one.firstOffset()).isZero();
            });
            append(0, Batches.marker(0, 8, (short) 0, true, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            FetchResponseData.PartitionData whole = only(ask(client, committed));
            assertThat(whole.lastStableOffset()).isEqualTo(6);
            assertThat(whole.abortedTransactions()).hasSize(1);
            assertThat(only(ask(client, fetch(topic, 0, 0))).abortedTransactions()).as("for uncommitted readers").isNull();
        }
    }

    @Test
    void anOpenTransactionWhoseFirstRecordsWereDeletedHoldsBackFromTheLogsStartOn() {
        start(1, 1);
        append(0, Batches.data(0, 7, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        append(0, "a");
        Partition partition = rig.partition("logs", 0);
        Await.get(StorageRig.onLoop(partition, () -> partition.deleteRecordsBefore(1)));
        try (WireClient client = rig.client()) {
            FetchResponseData.PartitionData open = only(ask(client, fetch(topic, 0, 1).setIsolationLevel((byte) 1)));
            assertThat(error(open)).isEqualTo(Errors.NONE);
            assertThat(open.logStartOffset()).isEqualTo(1);
            assertThat(open.lastStableOffset()).isEqualTo(1);
            assertThat(values(open)).isEmpty();
        }
    }
}
