package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.FETCH;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.fetch;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.partitions;
import static io.firn.gateway.rig.Requests.values;
import static io.firn.gateway.rig.Requests.want;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.cold.sim.SimFault;
import io.firn.cold.sim.SimFault.Operation;
import io.firn.gateway.partition.LateReads;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.Batches;
import io.firn.membership.TopicView;
import io.netty.channel.EventLoop;
import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Fetch requests of records that only the bucket has, while the bucket is quick, slow, down and back. */
class ColdFetchPathTest {

    /** Longer than a fetch that has enough waits for more. */
    private static final long AFTER_MOMENT_MS = 50;

    /** Longer than anything here takes: an answer that comes sooner has not waited for its end. A cold read that is held fails after some seconds, which its partition's error tells. */
    private static final int LONG_MS = 600_000;

    @TempDir
    Path directory;

    private final LeakWatch leaks = new LeakWatch();
    private StorageRig rig;
    private TopicView topic;
    private int loopCount;

    @AfterEach
    void everythingWasGivenBack() {
        try (leaks) {
            rig.objects.clearFaults();
            Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
            Await.until("no read holds memory", () -> heldBytes() == 0);
            rig.close();
            leaks.assertNoLeak();
        }
    }

    /** Every partition holds two cold segments of two records each. */
    private void start(int loops, int count) {
        rig = StorageRig.started(directory, loops);
        loopCount = loops;
        topic = rig.createTopic("logs", count, Map.of("local.retention.ms", "1", "retention.ms", "-1"));
        for (int partition = 0; partition < count; partition++) {
            Partition owner = rig.partition("logs", partition);
            for (int segment = 0; segment < 2; segment++) {
                append(owner, Requests.records(rig.clock.millis(), "p" + partition + " r" + segment * 2, "p" + partition + " r" + (segment * 2 + 1)).buffer(), AppendOrigin.CLIENT);
                rig.settleCold(owner);
            }
        }
    }

    private void append(Partition owner, ByteBuffer batch, AppendOrigin origin) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(batch.remaining()).put(batch.duplicate()).flip();
        CompletableFuture<AppendResult> done = new CompletableFuture<>();
        owner.loop().execute(() -> owner.append(RecordBuffers.of(bytes), origin, done::complete));
        AppendResult.Appended appended = (AppendResult.Appended) Await.get(done);
        Await.get(StorageRig.onLoop(owner, () -> TestPartitions.whenCommitted(owner, appended.lastOffset() + 1)));
    }

    private FetchResponseData ask(WireClient client, FetchRequestData body) {
        return client.ask(ApiKeys.FETCH, FETCH, body, FetchResponseData.class);
    }

    private FetchRequestData all(int maxWaitMs) {
        FetchRequestData body = fetch(maxWaitMs, 1);
        for (int partition = 0; partition < topic.partitions().size(); partition++) {
            want(body, topic, partition, 0);
        }
        return body;
    }

    /** The second one before the first: it has no other before it. */
    private FetchRequestData secondAndFirst(int maxBytes) {
        FetchRequestData body = fetch(LONG_MS, Integer.MAX_VALUE).setMaxBytes(maxBytes);
        want(body, topic, 1, 0);
        want(body, topic, 0, 0);
        return body;
    }

    /** Asks for the second one before the first, and is answered with the first; the read of the second goes on. */
    private FetchResponseData.PartitionData leavingSecond(WireClient client, int itsMaxBytes) {
        FetchRequestData body = secondAndFirst(Integer.MAX_VALUE).setMinBytes(1);
        body.topics().get(0).partitions().get(0).setPartitionMaxBytes(itsMaxBytes);
        List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
        assertThat(error(answers.get(0))).isEqualTo(Errors.NONE);
        assertThat(values(answers.get(0))).isEmpty();
        return answers.get(1);
    }

    private FetchRequestData onlySecond() {
        FetchRequestData body = fetch(LONG_MS, 1);
        want(body, topic, 1, 0);
        return body;
    }

    /** Memory for chunks that reads hold, those whose answer has left without them as well. */
    private double heldBytes() {
        return rig.meter("firn.cold.cache.reserved.bytes");
    }

    /** Holds what is asked of one partition: the indexes of its segment, and its chunk. */
    private SimFault holding(int partition) {
        return rig.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(key -> isOf(key, partition)));
    }

    /** Whether no read of the second partition is left to the next fetch. */
    private boolean noneIsLate() {
        Partition second = rig.partition("logs", 1);
        return StorageRig.onLoop(second, second.lateReads()::isEmpty);
    }

    /** Lets the indexes pass, and holds the chunks, for which a read has reserved memory. */
    private SimFault holdingChunks(int partition) {
        Set<String> indexes = ConcurrentHashMap.newKeySet();
        return rig.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(key -> isOf(key, partition) && !indexes.add(key)));
    }

    /** Everything that the loops were to do within the next {@value #AFTER_MOMENT_MS} ms has been done: timers of a loop run in the order of their times. */
    private void afterAMoment() {
        Set<EventLoop> loops = IntStream.range(0, loopCount).mapToObj(next -> rig.loops.loopOf(StorageRig.id(topic, next))).collect(Collectors.toSet());
        loops.forEach(loop -> {
            CompletableFuture<Void> passed = new CompletableFuture<>();
            loop.schedule(() -> passed.complete(null), AFTER_MOMENT_MS, TimeUnit.MILLISECONDS);
            Await.get(passed);
        });
    }

    private boolean isOf(String key, int partition) {
        return key.contains("/" + partition + "/") && key.endsWith(".segment");
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void severalColdPartitionsAreAnsweredTogether(int loops) {
        start(loops, 3);
        try (WireClient client = rig.client()) {
            assertThat(partitions(ask(client, all(LONG_MS).setMinBytes(Integer.MAX_VALUE)))).extracting(Requests::values)
                    .allSatisfy(values -> assertThat(values).hasSizeGreaterThanOrEqualTo(2)).hasSize(3);
            FetchResponseData.PartitionData later = only(ask(client, fetch(topic, 1, 3)));
            assertThat(values(later)).contains("p1 r3");
        }
    }

    @Test
    void slowColdReadIsAnsweredWithWhatIsThereWhenTimeIsUpAlthoughTheClientWantsMore() {
        start(2, 3);
        SimFault slow = holding(1);
        try (WireClient client = rig.client()) {
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, all(0).setMinBytes(Integer.MAX_VALUE)));
            assertThat(answers).allMatch(one -> one.errorCode() == 0);
            assertThat(answers).extracting(one -> values(one).isEmpty()).containsExactly(false, true, false);
            slow.release();
            assertThat(values(only(ask(client, fetch(topic, 1, 0))))).startsWith("p1 r0");
        }
    }

    @ParameterizedTest
    @ValueSource(bytes = {0, 1})
    void whatIsThereLeavesWithoutAColdReadThatIsSlowAndTheNextFetchFindsThat(byte isolation) {
        start(2, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, all(LONG_MS).setIsolationLevel(isolation)));
            assertThat(values(answers.get(0))).startsWith("p0 r0");
            assertThat(error(answers.get(1))).isEqualTo(Errors.NONE);
            assertThat(values(answers.get(1))).isEmpty();
            Await.until("the read goes on, and holds memory", () -> slow.heldCount() > 0 && heldBytes() > 0);
            slow.release();
            Await.until("the late read has given its memory back", () -> heldBytes() == 0);
            int requests = rig.objects.requests(Operation.GET);
            assertThat(values(only(ask(client, fetch(topic, 1, 0).setIsolationLevel(isolation))))).startsWith("p1 r0");
            assertThat(rig.objects.requests(Operation.GET)).as("what came late is kept").isEqualTo(requests);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aFetchThatComesWhileTheReadIsStillSlowWaitsForItAndMakesNoRequestOfItsOwn(int loops) {
        start(loops, 2);
        SimFault slow = holding(1);
        try (WireClient client = rig.client()) {
            leavingSecond(client, 1 << 20);
            Await.until("both are held", () -> slow.heldCount() == 2);
            int sent = client.send(ApiKeys.FETCH, FETCH, onlySecond());
            afterAMoment();
            assertThat(client.hasAnswer()).isFalse();
            int requests = rig.objects.requests(Operation.GET);
            slow.release();
            assertThat(values(only(client.receive(sent, FetchResponseData.class)))).startsWith("p1 r0");
            assertThat(slow.heldCount()).isZero();
            assertThat(rig.objects.requests(Operation.GET)).isEqualTo(requests);
        }
    }

    /** It waits for more than is there: an answer would leave without what was brought into the cache only. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void whatALateReadBringsIsTheAnswerOfTheFetchThatWaitsForItBesideWhatElseThereIs(int loops) {
        start(loops, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            assertThat(values(partitions(ask(client, all(LONG_MS))).get(1))).isEmpty();
            int sent = client.send(ApiKeys.FETCH, FETCH, all(LONG_MS).setMinBytes(Integer.MAX_VALUE));
            afterAMoment();
            assertThat(client.hasAnswer()).isFalse();
            slow.release();
            assertThat(partitions(client.receive(sent, FetchResponseData.class))).extracting(answer -> values(answer).get(0)).containsExactly("p0 r0", "p1 r0");
        }
    }

    @Test
    void whatALateReadBringsCountsInTheMostBytesOfTheAnswerAndComesBeforeWhatIsBehindItInTheOrder() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            int size = leavingSecond(client, 1).records().sizeInBytes();
            LateReads behind = rig.partition("logs", 0).lateReads();
            behind.wasted(0);
            behind.wasted(0);
            int sent = client.send(ApiKeys.FETCH, FETCH, secondAndFirst(size + 1));
            Await.until("it waits for the late read", this::noneIsLate);
            slow.release();
            List<FetchResponseData.PartitionData> answers = partitions(client.receive(sent, FetchResponseData.class));
            assertThat(values(answers.get(0))).startsWith("p1 r0");
            assertThat(answers.get(1).records().sizeInBytes()).isZero();
            assertThat(error(answers.get(1))).isEqualTo(Errors.NONE);
            assertThat(answers.get(1).highWatermark()).isEqualTo(4);
            assertThat(behind.wantsPatience(0)).as("what came for it came to nobody").isTrue();
        }
    }

    /** As long as it has not come: it may be long in coming, and there would be no room for those that are there. */
    @Test
    void aLateReadTakesNoRoomFromThoseBehindIt() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            leavingSecond(client, 1 << 20);
            FetchRequestData body = secondAndFirst(1 << 20).setMinBytes(1);
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
            assertThat(values(answers.get(1))).startsWith("p0 r0");
            assertThat(error(answers.get(0))).as("it has not come to the read's own end").isEqualTo(Errors.NONE);
            slow.release();
        }
    }

    @Test
    void aReaderThatTakesLessThanALateReadMayBringHasOneOfItsOwn() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            leavingSecond(client, 1 << 20);
            FetchRequestData body = fetch(LONG_MS, 1);
            want(body, topic, 1, 0).setPartitionMaxBytes(1 << 10);
            int sent = client.send(ApiKeys.FETCH, FETCH, body);
            afterAMoment();
            assertThat(noneIsLate()).as("the late one is left").isFalse();
            slow.release();
            assertThat(values(only(client.receive(sent, FetchResponseData.class)))).startsWith("p1 r0");
        }
    }

    /** A batch that is too large for the room that was left over comes in no read that was begun for that room. */
    @Test
    void aFetchThatIsToHaveAtLeastOneBatchDoesNotWaitForAReadThatMayBringNone() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            int size = partitions(ask(client, all(LONG_MS).setMaxBytes(1))).get(0).records().sizeInBytes();
            FetchRequestData body = fetch(LONG_MS, 1).setMaxBytes(size + 1);
            want(body, topic, 0, 0).setPartitionMaxBytes(size);
            want(body, topic, 1, 0);
            ask(client, body);
            assertThat(noneIsLate()).as("a read for the room of one byte is left").isFalse();
            int sent = client.send(ApiKeys.FETCH, FETCH, onlySecond());
            afterAMoment();
            slow.release();
            assertThat(values(only(client.receive(sent, FetchResponseData.class)))).startsWith("p1 r0");
        }
    }

    @Test
    void whatALateReadBringsIsNotMoreThanTheFetchMayHaveInAll() {
        start(1, 2);
        Partition second = rig.partition("logs", 1);
        for (int more = 0; more < 20; more++) {
            append(second, Requests.records(rig.clock.millis(), "more " + more).buffer(), AppendOrigin.CLIENT);
        }
        rig.settleCold(second);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, 1);
            want(body, topic, 0, 0);
            want(body, topic, 1, 4);
            ask(client, body);
            assertThat(noneIsLate()).as("a read of much is left").isFalse();
            FetchRequestData little = fetch(LONG_MS, 1).setMaxBytes(200);
            want(little, topic, 1, 4);
            int sent = client.send(ApiKeys.FETCH, FETCH, little);
            afterAMoment();
            slow.release();
            FetchResponseData.PartitionData answer = only(client.receive(sent, FetchResponseData.class));
            assertThat(values(answer)).startsWith("more 0");
            assertThat(answer.records().sizeInBytes()).isLessThanOrEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void aReaderWhoseLimitIsNothingTakesOverWhatItBeganItself(int partitionMaxBytes) {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, 1);
            want(body, topic, 0, 0);
            want(body, topic, 1, 0).setPartitionMaxBytes(partitionMaxBytes);
            ask(client, body);
            Await.until("the read goes on, and holds memory", () -> slow.heldCount() > 0 && heldBytes() > 0);
            afterAMoment();
            double one = heldBytes();
            for (int again = 0; again < 10; again++) {
                ask(client, body);
                assertThat(heldBytes()).as("bytes that reads hold: of the slow one, and perhaps of what was sent just now").isLessThanOrEqualTo(3 * one);
            }
            slow.release();
        }
    }

    @Test
    void aLateReadThatFailsIsToldToTheFetchThatWaitsForIt() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            leavingSecond(client, 1 << 20);
            int sent = client.send(ApiKeys.FETCH, FETCH, onlySecond()); // until the read's own end
            Await.until("it waits for the late read", this::noneIsLate);
            assertThat(error(only(client.receive(sent, FetchResponseData.class)))).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            slow.release();
        }
    }

    @Test
    void whoAsksForRecordsThatWereDeletedIsToldSoAtOnceAlthoughAReadOfThemIsUnderWay() {
        start(1, 2);
        Partition second = rig.partition("logs", 1);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            leavingSecond(client, 1 << 20);
            Await.get(StorageRig.onLoop(second, () -> second.deleteRecordsBefore(2)));
            assertThat(error(only(ask(client, onlySecond())))).isEqualTo(Errors.OFFSET_OUT_OF_RANGE);
            assertThat(noneIsLate()).as("nobody has claimed it").isFalse();
            slow.release();
            Await.until("the late read has given its memory back", () -> heldBytes() == 0);
            Await.until("and is forgotten", this::noneIsLate);
        }
    }

    /** It may go on for minutes after that has been answered. */
    @ParameterizedTest
    @ValueSource(bytes = {0, 1})
    void aReadThatIsLeftHoldsNothingOfTheFetchThatBeganIt(byte isolation) {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        WeakReference<TestRequest> begun = answered(all(LONG_MS).setIsolationLevel(isolation));
        Await.until("its request is gone", () -> {
            System.gc();
            return begun.refersTo(null);
        });
        assertThat(noneIsLate()).as("the read goes on").isFalse();
        slow.release();
    }

    private WeakReference<TestRequest> answered(FetchRequestData body) {
        TestRequest request = TestRequest.on(rig.loops.first(), ApiKeys.FETCH, FETCH, body);
        rig.loops.first().execute(() -> new FetchHandler(rig.partitions, rig.metadata::view, rig.clock).handle(request));
        Await.until("it is answered", request::answered);
        return new WeakReference<>(request);
    }

    /** At a stop, when the loops end one by one. */
    @Test
    void aFetchThatCannotLeaveItsReadsIsAnsweredWithAnErrorAndGivesAllBack() {
        start(1, 3);
        AtomicBoolean ended = new AtomicBoolean();
        Partition moved = rig.partition("logs", 1);
        TestPartitions.move(moved, rig.partitions, task -> {
            if (ended.get()) {
                throw new RejectedExecutionException("the loop has ended");
            }
            moved.loop().execute(task);
        });
        SimFault first = holdingChunks(0);
        SimFault second = holdingChunks(1);
        SimFault third = holdingChunks(2);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, 1);
            want(body, topic, 1, 0);
            want(body, topic, 2, 0);
            want(body, topic, 0, 0);
            int sent = client.send(ApiKeys.FETCH, FETCH, body);
            Await.until("all are held", () -> first.heldCount() > 0 && second.heldCount() > 0 && third.heldCount() > 0);
            ended.set(true);
            first.release();
            assertThat(Errors.forCode(client.receive(sent, FetchResponseData.class).errorCode())).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
            second.release();
            third.release();
        }
    }

    @Test
    void readsOfAPartitionThatLeavesServiceAreTheFetchesThatWaitForThemOrReleased() {
        start(1, 2);
        Partition second = rig.partition("logs", 1);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client(); WireClient other = rig.client()) {
            leavingSecond(client, 1 << 20);
            int sent = other.send(ApiKeys.FETCH, FETCH, onlySecond());
            Await.until("the other waits for the late read", this::noneIsLate);
            FetchRequestData behind = fetch(LONG_MS, 1);
            want(behind, topic, 0, 0);
            want(behind, topic, 1, 2);
            ask(client, behind);
            assertThat(noneIsLate()).as("for one behind it nobody does").isFalse();
            rig.deleteTopic(topic);
            Await.until("the partition is out of service", second::retired);
            assertThat(error(only(ask(client, onlySecond())))).isNotEqualTo(Errors.NONE);
            slow.release();
            assertThat(values(only(other.receive(sent, FetchResponseData.class)))).startsWith("p1 r0");
            Await.until("all late reads have given their memory back", () -> heldBytes() == 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aClientThatGoesAwayLeavesTheReadToTheNextThatComes(int loops) {
        start(loops, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            client.send(ApiKeys.FETCH, FETCH, onlySecond());
            Await.until("the read is held up", () -> slow.heldCount() > 0 && heldBytes() > 0);
        }
        Await.until("the connection is gone", () -> rig.meter("firn.connections") == 0);
        double one = heldBytes();
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.FETCH, FETCH, onlySecond());
            afterAMoment();
            assertThat(heldBytes()).as("bytes that reads hold: of the one there is").isEqualTo(one);
            slow.release();
            assertThat(values(only(client.receive(sent, FetchResponseData.class)))).startsWith("p1 r0");
        }
    }

    @Test
    void whatComesAfterItsClientHasGoneIsReleased() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client(); WireClient other = rig.client()) {
            leavingSecond(client, 1 << 20);
            other.send(ApiKeys.FETCH, FETCH, onlySecond());
            Await.until("the other waits for the late read", this::noneIsLate);
        }
        Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
        slow.release();
        Await.until("the late read has given its memory back", () -> heldBytes() == 0);
    }

    /** Its chunk is there, but the transactions among its records are told by a later segment. */
    @Test
    void howeverOftenACommittedReaderAsksAgainMeanwhileOneReadThatWaitsForItsAbortedTransactionsHoldsMemory() {
        start(1, 2);
        Partition second = rig.partition("logs", 1);
        append(second, Batches.data(0, 7, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        append(second, Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
        rig.settleCold(second);
        SimFault slow = rig.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(key -> isOf(key, 1) && key.contains("/00000000000000000004-")));
        try (WireClient client = rig.client()) {
            FetchRequestData committed = all(LONG_MS).setIsolationLevel((byte) 1);
            ask(client, committed);
            Await.until("the read waits for a later segment, and holds memory", () -> slow.heldCount() > 0 && heldBytes() > 0);
            afterAMoment();
            double one = heldBytes();
            for (int again = 0; again < 20; again++) {
                List<FetchResponseData.PartitionData> answers = partitions(ask(client, committed));
                assertThat(values(answers.get(0))).startsWith("p0 r0");
                assertThat(values(answers.get(1))).isEmpty();
                assertThat(heldBytes()).as("bytes that reads hold: of the slow one, and perhaps of what was sent just now").isLessThanOrEqualTo(3 * one);
            }
            int sent = client.send(ApiKeys.FETCH, FETCH, onlySecond().setIsolationLevel((byte) 1));
            slow.release();
            assertThat(values(only(client.receive(sent, FetchResponseData.class)))).startsWith("p1 r0");
        }
    }

    @Test
    void howeverOftenAClientAsksAgainMeanwhileOneSlowReadHoldsMemory() {
        start(1, 2);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            ask(client, all(LONG_MS));
            Await.until("the read goes on, and holds memory", () -> slow.heldCount() > 0 && heldBytes() > 0);
            afterAMoment();
            double one = heldBytes();
            for (int again = 0; again < 20; again++) {
                List<FetchResponseData.PartitionData> answers = partitions(ask(client, all(LONG_MS)));
                assertThat(values(answers.get(0))).startsWith("p0 r0");
                assertThat(values(answers.get(1))).isEmpty();
                assertThat(heldBytes()).as("bytes that reads hold: of the slow one, and perhaps of what was sent just now").isLessThanOrEqualTo(3 * one);
            }
            slow.release();
            assertThat(values(Await.until(() -> partitions(ask(client, all(LONG_MS))).get(1), answer -> !values(answer).isEmpty()))).startsWith("p1 r0");
        }
    }

    @Test
    void aPartitionWhoseReadsCameToNobodyAgainAndAgainIsWaitedFor() {
        start(1, 2);
        LateReads left = rig.partition("logs", 1).lateReads();
        left.wasted(0);
        left.wasted(0);
        SimFault slow = holdingChunks(1);
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.FETCH, FETCH, all(LONG_MS));
            Await.until("it is held", () -> slow.heldCount() > 0);
            afterAMoment();
            assertThat(client.hasAnswer()).isFalse();
            slow.release();
            assertThat(partitions(client.receive(sent, FetchResponseData.class))).extracting(Requests::values).allSatisfy(values -> assertThat(values).isNotEmpty());
            assertThat(left.wantsPatience(0)).isFalse();
        }
    }

    @Test
    void lessThanTheClientAsksForWaitsForTheSlowColdRead() {
        start(1, 1);
        TopicView hot = rig.createTopic("hot", 1);
        append(rig.partition("hot", 0), Requests.records(rig.clock.millis(), "hot").buffer(), AppendOrigin.CLIENT);
        SimFault slow = holding(0);
        try (WireClient client = rig.client()) {
            FetchRequestData body = all(LONG_MS).setMinBytes(100_000);
            want(body, hot, 0, 0);
            int sent = client.send(ApiKeys.FETCH, FETCH, body);
            Await.until("it is held up", () -> slow.heldCount() > 0);
            afterAMoment();
            assertThat(client.hasAnswer()).isFalse();
            slow.release();
            List<FetchResponseData.PartitionData> answers = partitions(client.receive(sent, FetchResponseData.class));
            assertThat(values(answers.get(0))).startsWith("p0 r0");
            assertThat(values(answers.get(1))).containsExactly("hot");
        }
    }

    @Test
    void moreThanOneAnswerMayHoldIsNotWaitedFor() {
        start(2, 2);
        SimFault slow = holding(1);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, Integer.MAX_VALUE).setMaxBytes(2);
            want(body, topic, 0, 0).setPartitionMaxBytes(1);
            want(body, topic, 1, 0).setPartitionMaxBytes(1);
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
            assertThat(values(answers.get(0))).startsWith("p0 r0");
            assertThat(error(answers.get(1))).as("it has not come to the read's own end").isEqualTo(Errors.NONE);
            assertThat(values(answers.get(1))).isEmpty();
            slow.release();
        }
    }

    @Test
    void anErrorLeavesWithoutTheColdReadThatIsSlow() {
        start(2, 2);
        SimFault slow = holding(0);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, Integer.MAX_VALUE);
            want(body, topic, 0, 0);
            want(body, topic, 1, 1_000);
            assertThat(partitions(ask(client, body))).extracting(Requests::error).containsExactly(Errors.NONE, Errors.OFFSET_OUT_OF_RANGE);
            slow.release();
        }
    }

    @Test
    void aReaderThatHasRecordsWhichTheLogHasNotIsToldWithoutTheColdReadThatIsSlow() {
        start(2, 2);
        SimFault slow = holding(0);
        try (WireClient client = rig.client()) {
            FetchRequestData body = fetch(LONG_MS, Integer.MAX_VALUE);
            want(body, topic, 0, 0);
            want(body, topic, 1, 1_000).setLastFetchedEpoch(rig.partition("logs", 1).leaderEpoch());
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, body));
            assertThat(answers.get(1).divergingEpoch().endOffset()).isEqualTo(4);
            assertThat(error(answers.get(0))).as("it has not come to the read's own end").isEqualTo(Errors.NONE);
            slow.release();
        }
    }

    @Test
    void coldReadsThatAreAllSlowAreAnsweredByTheFirstThatEnds() {
        start(1, 2);
        SimFault first = rig.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(key -> isOf(key, 0)));
        SimFault second = rig.objects.inject(SimFault.holdingReplies().on(Operation.GET).forKeys(key -> isOf(key, 1)));
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.FETCH, FETCH, all(0));
            Await.until("both are held up", () -> first.heldCount() > 0 && second.heldCount() > 0);
            assertThat(client.hasAnswer()).isFalse();
            second.release();
            assertThat(values(partitions(client.receive(sent, FetchResponseData.class)).get(1))).startsWith("p1 r0");
            first.release();
        }
    }

    @Test
    void bucketThatIsDownIsAStorageErrorForItsPartitionsOnlyAndItsReturnIsNoticed() {
        start(2, 2);
        TopicView hot = rig.createTopic("hot", 1);
        append(rig.partition("hot", 0), Requests.records(rig.clock.millis(), "hot").buffer(), AppendOrigin.CLIENT);
        rig.objects.inject(SimFault.outage().on(Operation.GET));
        try (WireClient client = rig.client()) {
            FetchRequestData body = all(0);
            want(body, hot, 0, 0);
            List<FetchResponseData.PartitionData> answers = Await.until(() -> partitions(ask(client, body)), // an answer with one error need not wait for the other
                    all -> all.stream().map(Requests::error).toList().equals(List.of(Errors.KAFKA_STORAGE_ERROR, Errors.KAFKA_STORAGE_ERROR, Errors.NONE)));
            assertThat(values(answers.get(2))).containsExactly("hot");
            rig.objects.clearFaults();
            Await.until("the bucket is read again", () -> error(only(ask(client, fetch(topic, 0, 0)))) == Errors.NONE);
            assertThat(values(only(ask(client, fetch(topic, 0, 0))))).startsWith("p0 r0");
        }
    }

    @Test
    void clientThatGoesAwayDuringAColdReadLeavesNothingBehind() {
        start(2, 2);
        SimFault slow = rig.objects.inject(SimFault.holdingReplies().on(Operation.GET));
        try (WireClient client = rig.client()) {
            client.send(ApiKeys.FETCH, FETCH, all(600_000));
            Await.until("the read is held up", () -> slow.heldCount() > 0);
        }
        Await.until("the connection is gone", () -> rig.meter("firn.connections") == 0);
        slow.release();
        try (WireClient client = rig.client()) {
            assertThat(values(only(ask(client, fetch(topic, 0, 0))))).startsWith("p0 r0");
        }
    }

    @Test
    void committedReadersOfColdRecordsAreToldOfAbortedTransactions() {
        start(2, 1);
        Partition owner = rig.partition("logs", 0);
        append(owner, Batches.data(0, 7, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        append(owner, Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
        rig.settleCold(owner);
        try (WireClient client = rig.client()) {
            FetchResponseData.PartitionData answer = only(ask(client, fetch(topic, 0, 4).setIsolationLevel((byte) 1)));
            assertThat(values(answer)).hasSizeGreaterThanOrEqualTo(2);
            assertThat(answer.abortedTransactions()).singleElement().satisfies(one -> assertThat(one.firstOffset()).isEqualTo(4));
        }
    }

    @Test
    void maxBytesHoldOverBothTiersAndTheFirstBatchMayExceedThem() {
        start(1, 2);
        try (WireClient client = rig.client()) {
            List<FetchResponseData.PartitionData> answers = partitions(ask(client, all(0).setMaxBytes(1)));
            assertThat(values(answers.get(0))).hasSize(2);
            assertThat(answers.get(1).records().sizeInBytes()).isZero();
        }
    }
}
