package io.firn.gateway.share;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendOrigin;
import io.firn.hot.AppendResult;
import io.firn.hot.Durability;
import io.firn.hot.RecordBuffers;
import io.firn.hot.batch.Batches;
import io.firn.membership.Command;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.TopicView;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.message.ShareAcknowledgeRequestData;
import org.apache.kafka.common.message.ShareAcknowledgeResponseData;
import org.apache.kafka.common.message.ShareFetchRequestData;
import org.apache.kafka.common.message.ShareFetchRequestData.AcknowledgementBatch;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchPartition;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchPartitionCollection;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchTopic;
import org.apache.kafka.common.message.ShareFetchRequestData.FetchTopicCollection;
import org.apache.kafka.common.message.ShareFetchResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Share fetches and acknowledgements through a real listener, over real logs on a simulated disk and bucket. */
class ShareFetchPathTest {
    private static final String GROUP = "g";
    private static final int VERSION = 2;

    @TempDir
    Path directory;

    private final LeakWatch leaks = new LeakWatch();
    private final SimShareState state = new SimShareState();
    private final ManualTimer locks = new ManualTimer();
    private StorageRig rig;
    private TopicView topic;
    private ShareGroups groups;

    @AfterEach
    void everythingWasGivenBack() {
        try (leaks) {
            Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
            rig.close();
            leaks.assertNoLeak();
        }
    }

    private void start(int loops, int count) {
        start(loops, count, Map.of());
    }

    private void start(int loops, int count, Map<String, String> settings) {
        rig = StorageRig.started(directory, loops, Durability.FSYNC, made -> {
            Coordination<ShareCoordinator> none = ShareCoordination.of(StorageRig.BROKER, 3, () -> ShareSettings.of(Map.of()), made.metadata, made.partitions, made.clock);
            groups = new ShareGroups(new ShareGroups.Ground(made.partitions, made.metadata::view, () -> GroupSettings.of(new BrokerConfig.Group(3, 3, 1, settings)), none,
                    new StateTopic(made.metadata, any -> CompletableFuture.completedFuture(null), 3, view -> 1), () -> state, locks, made.clock, locks::nowMs));
            return groups.apis();
        });
        topic = rig.createTopic("t", count, Map.of("local.retention.ms", "1", "retention.ms", "-1"));
        configure("share.auto.offset.reset", "earliest");
    }

    private void configure(String name, String value) {
        rig.metadata.submit(new Command.AlterConfigs(ConfigScope.GROUP, GROUP, new HashMap<>(Map.of(name, Optional.of(value))))).join();
    }

    private void append(int partition, ByteBuffer batch, AppendOrigin origin) {
        Partition owner = rig.partition("t", partition);
        ByteBuffer bytes = ByteBuffer.allocateDirect(batch.remaining()).put(batch.duplicate()).flip();
        CompletableFuture<AppendResult> done = new CompletableFuture<>();
        owner.loop().execute(() -> owner.append(RecordBuffers.of(bytes), origin, done::complete));
        AppendResult.Appended appended = (AppendResult.Appended) Await.get(done);
        Await.get(StorageRig.onLoop(owner, () -> TestPartitions.whenCommitted(owner, appended.lastOffset() + 1)));
    }

    private void append(int partition, int count) {
        append(partition, Batches.plain(0, count, rig.clock.millis()), AppendOrigin.CLIENT);
    }

    // Members

    /** One member with its connection and session. */
    private final class Member implements AutoCloseable {
        private final WireClient client = rig.client();
        private final String id;
        private int epoch;

        Member(String id) {
            this.id = id;
        }

        ShareFetchRequestData wish(int maxWaitMs, int... partitions) {
            FetchPartitionCollection wanted = new FetchPartitionCollection();
            IntStream.of(partitions).forEach(partition -> wanted.add(new FetchPartition().setPartitionIndex(partition)));
            FetchTopicCollection topics = new FetchTopicCollection();
            if (partitions.length > 0) {
                topics.add(new FetchTopic().setTopicId(topic.id()).setPartitions(wanted));
            }
            return new ShareFetchRequestData().setGroupId(GROUP).setMemberId(id).setMaxWaitMs(maxWaitMs).setMinBytes(1).setMaxBytes(1 << 20).setMaxRecords(500).setBatchSize(500)
                    .setTopics(topics);
        }

        int send(ShareFetchRequestData body) {
            return client.send(ApiKeys.SHARE_FETCH, VERSION, body.setShareSessionEpoch(epoch++));
        }

        ShareFetchResponseData receive(int correlation) {
            return client.receive(correlation, ShareFetchResponseData.class);
        }

        ShareFetchResponseData ask(ShareFetchRequestData body) {
            return receive(send(body));
        }

        /** Asks until something was given. */
        ShareFetchResponseData take(int... partitions) {
            ShareFetchResponseData answer = ask(wish(10_000, epoch == 0 ? partitions : new int[0]));
            for (int i = 0; i < 20 && given(answer).isEmpty(); i++) {
                answer = ask(wish(10_000));
            }
            return answer;
        }

        ShareAcknowledgeResponseData acknowledge(int partition, long first, long last, int... types) {
            return client.ask(ApiKeys.SHARE_ACKNOWLEDGE, VERSION, acknowledgement(partition, first, last, types).setShareSessionEpoch(epoch++), ShareAcknowledgeResponseData.class);
        }

        ShareAcknowledgeRequestData acknowledgement(int partition, long first, long last, int... types) {
            ShareAcknowledgeRequestData.AcknowledgePartitionCollection partitions = new ShareAcknowledgeRequestData.AcknowledgePartitionCollection();
            partitions.add(new ShareAcknowledgeRequestData.AcknowledgePartition().setPartitionIndex(partition).setAcknowledgementBatches(List.of(
                    new ShareAcknowledgeRequestData.AcknowledgementBatch().setFirstOffset(first).setLastOffset(last).setAcknowledgeTypes(bytes(types)))));
            ShareAcknowledgeRequestData.AcknowledgeTopicCollection topics = new ShareAcknowledgeRequestData.AcknowledgeTopicCollection();
            topics.add(new ShareAcknowledgeRequestData.AcknowledgeTopic().setTopicId(topic.id()).setPartitions(partitions));
            return new ShareAcknowledgeRequestData().setGroupId(GROUP).setMemberId(id).setTopics(topics);
        }

        @Override
        public void close() {
            client.close();
        }
    }

    private static List<Byte> bytes(int... types) {
        return IntStream.of(types).mapToObj(type -> (byte) type).toList();
    }

    private static Errors error(ShareAcknowledgeResponseData answer) {
        return Errors.forCode(answer.errorCode() != 0 ? answer.errorCode() : answer.responses().iterator().next().partitions().get(0).errorCode());
    }

    private static List<ShareFetchResponseData.PartitionData> parts(ShareFetchResponseData answer) {
        assertThat(Errors.forCode(answer.errorCode())).isEqualTo(Errors.NONE);
        return answer.responses().stream().flatMap(one -> one.partitions().stream()).toList();
    }

    /** Offset and delivery count of everything acquired in the only partition that gave something, or in all. */
    private static Map<Long, Integer> given(ShareFetchResponseData answer) {
        Map<Long, Integer> given = new TreeMap<>();
        parts(answer).forEach(part -> part.acquiredRecords().forEach(range ->
                LongStream.rangeClosed(range.firstOffset(), range.lastOffset()).forEach(offset -> given.put(offset, (int) range.deliveryCount()))));
        return given;
    }

    private static List<Long> sent(ShareFetchResponseData.PartitionData part) {
        return StreamSupport.stream(((MemoryRecords) part.records()).records().spliterator(), false).map(record -> record.offset()).toList();
    }

    private static List<Long> range(long from, long to) {
        return LongStream.range(from, to).boxed().toList();
    }

    // Giving

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void everyRecordIsGivenToOneOfTwoMembersAndNotAgainOnceItIsAccepted(int loops) {
        start(loops, 3);
        IntStream.range(0, 3).forEach(partition -> append(partition, 10));
        try (Member one = new Member("one"); Member two = new Member("two")) {
            Map<Integer, List<Long>> taken = new TreeMap<>();
            for (Member member : List.of(one, two, one, two, one)) {
                ShareFetchResponseData answer = member.ask(member.wish(member.epoch < 2 ? 300 : 0, member.epoch == 0 ? new int[] {0, 1, 2} : new int[0]));
                parts(answer).forEach(part -> part.acquiredRecords().forEach(range -> {
                    assertThat(sent(part)).containsAll(range(range.firstOffset(), range.lastOffset() + 1));
                    taken.computeIfAbsent(part.partitionIndex(), any -> new ArrayList<>()).addAll(range(range.firstOffset(), range.lastOffset() + 1));
                    assertThat(error(member.acknowledge(part.partitionIndex(), range.firstOffset(), range.lastOffset(), 1))).isEqualTo(Errors.NONE);
                }));
            }
            assertThat(taken).isEqualTo(Map.of(0, range(0, 10), 1, range(0, 10), 2, range(0, 10)));
        }
        assertThat(state.writes().get(state.writes().size() - 1).deliveryCompleteCount()).isEqualTo(10);
    }

    @Test
    void onlyTheBatchesThatHoldWhatIsGivenAreSent() {
        start(1, 1);
        IntStream.range(0, 20).forEach(batch -> append(0, 5));
        try (Member member = new Member("m")) {
            ShareFetchResponseData.PartitionData part = parts(member.ask(member.wish(10_000, 0).setMaxRecords(12))).get(0);
            assertThat(part.acquiredRecords()).singleElement().satisfies(range -> assertThat(range.lastOffset()).isEqualTo(14));
            assertThat(sent(part)).isEqualTo(range(0, 15));
            ShareFetchResponseData.PartitionData exact = parts(member.ask(member.wish(10_000).setMaxRecords(7).setShareAcquireMode((byte) 1))).get(0);
            assertThat(exact.acquiredRecords()).singleElement().satisfies(range -> assertThat(range.lastOffset()).isEqualTo(21));
            assertThat(sent(exact)).isEqualTo(range(15, 25));
        }
    }

    @Test
    void recordsThatOnlyTheBucketHasAreGivenToo() {
        start(1, 1);
        IntStream.range(0, 6).forEach(batch -> append(0, 5));
        rig.settleCold(rig.partition("t", 0));
        append(0, 5);
        try (Member member = new Member("m")) {
            ShareFetchResponseData answer = member.ask(member.wish(10_000, 0).setMaxRecords(7));
            assertThat(given(answer).keySet()).containsExactlyElementsOf(range(0, 10));
            assertThat(sent(parts(answer).get(0))).isEqualTo(range(0, 10));
            assertThat(given(member.take()).keySet()).containsExactlyElementsOf(range(10, 30));
            assertThat(given(member.take()).keySet()).containsExactlyElementsOf(range(30, 35));
        }
    }

    @Test
    void abortedRecordsAreNotGivenToAGroupThatWantsCommittedOnes() {
        start(1, 1);
        configure("share.isolation.level", "read_committed");
        append(0, 2);
        append(0, Batches.data(0, 7, (short) 0, 0, 3, true, rig.clock.millis()), AppendOrigin.CLIENT);
        append(0, Batches.data(0, 8, (short) 0, 0, 2, true, rig.clock.millis()), AppendOrigin.CLIENT);
        try (Member member = new Member("m")) {
            assertThat(given(member.take(0)).keySet()).as("nothing of open transactions").containsExactly(0L, 1L);
            append(0, Batches.marker(0, 7, (short) 0, false, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            append(0, Batches.marker(0, 8, (short) 0, true, 0, rig.clock.millis()), AppendOrigin.COORDINATOR);
            append(0, 1);
            Map<Long, Integer> later = given(member.take());
            assertThat(later.keySet()).contains(5L, 6L, 9L).doesNotContain(2L, 3L, 4L);
        }
    }

    // Waiting

    @Test
    void aWaitingFetchIsWokenByNewRecordsByReleasedOnesAndByLocksThatRunOut() {
        start(1, 1);
        try (Member one = new Member("one"); Member two = new Member("two")) {
            int waiting = one.send(one.wish(60_000, 0));
            two.ask(two.wish(0, 0));
            append(0, 4);
            ShareFetchResponseData first = one.receive(waiting);
            assertThat(given(first)).isEqualTo(Map.of(0L, 1, 1L, 1, 2L, 1, 3L, 1));

            int released = two.send(two.wish(60_000));
            assertThat(error(one.acknowledge(0, 0, 1, 2))).isEqualTo(Errors.NONE);
            assertThat(given(two.receive(released))).isEqualTo(Map.of(0L, 2, 1L, 2));

            int expired = two.send(two.wish(60_000));
            Await.until("the second fetch waits", () -> locks.pending() > 0);
            locks.advanceMs(30_001);
            assertThat(given(two.receive(expired)).keySet()).contains(2L, 3L);
        }
    }

    @Test
    void whatAMemberHadIsGivenToOthersWhenItsConnectionEnds() {
        start(2, 1);
        append(0, 4);
        try (Member two = new Member("two")) {
            Member one = new Member("one");
            assertThat(given(one.take(0))).hasSize(4);
            int waiting = two.send(two.wish(60_000, 0));
            one.close();
            assertThat(given(two.receive(waiting))).isEqualTo(Map.of(0L, 2, 1L, 2, 2L, 2, 3L, 2));
        }
        Await.until("the share partition is let go with the last member", () -> groups.shares().count() == 0);
    }

    @Test
    void aFetchWithAMinimumWaitsForThatMany() {
        start(1, 1);
        append(0, 1);
        try (Member member = new Member("m")) {
            int waiting = member.send(member.wish(60_000, 0).setMinBytes(200));
            append(0, 1);
            append(0, 1);
            append(0, 1);
            assertThat(given(member.receive(waiting))).hasSizeGreaterThan(1);
            append(0, 1);
            assertThat(given(member.ask(member.wish(50).setMinBytes(1 << 20)))).as("what is there at the end").isNotEmpty();
        }
    }

    @Test
    void nothingMoreIsGivenThanMayBeInFlight() {
        start(1, 1, Map.of("group.share.partition.max.record.locks", "100", "group.share.min.partition.max.record.locks", "100"));
        IntStream.range(0, 30).forEach(batch -> append(0, 5));
        try (Member member = new Member("m")) {
            assertThat(given(member.take(0))).hasSize(100);
            assertThat(given(member.ask(member.wish(50)))).isEmpty();
            assertThat(error(member.acknowledge(0, 0, 19, 1))).isEqualTo(Errors.NONE);
            assertThat(given(member.take())).hasSize(20);
        }
    }

    @Test
    void acknowledgementsThatComeDuringAWriteLeaveTogether() {
        start(1, 1);
        append(0, 4);
        try (Member member = new Member("m")) {
            assertThat(given(member.take(0))).hasSize(4);
            int before = state.writes().size();
            state.hold();
            List<Integer> sent = new ArrayList<>();
            for (int offset = 0; offset < 4; offset++) {
                sent.add(member.client.send(ApiKeys.SHARE_ACKNOWLEDGE, VERSION, member.acknowledgement(0, offset, offset, 1).setShareSessionEpoch(member.epoch++)));
            }
            // The fetch is read after the acknowledgements; when it is answered they have been carried out.
            int behind = member.send(member.wish(0));
            Await.until("a write is under way", () -> state.heldBack() == 1);
            StorageRig.onLoop(rig.partition("t", 0), () -> true);
            state.letGo();
            sent.forEach(correlation -> assertThat(error(member.client.receive(correlation, ShareAcknowledgeResponseData.class))).isEqualTo(Errors.NONE));
            member.receive(behind);
            assertThat(state.writes()).hasSizeLessThan(before + 4);
            assertThat(state.writes().stream().skip(before).mapToLong(write -> write.startOffset()).toArray()).isSorted();
        }
    }

    // What may go wrong

    @Test
    void anAcknowledgementThatIsNotWrittenLeavesTheRecordsWithTheirMember() {
        start(1, 1);
        append(0, 4);
        try (Member one = new Member("one"); Member two = new Member("two")) {
            assertThat(given(one.take(0))).hasSize(4);
            state.fail(Errors.COORDINATOR_NOT_AVAILABLE);
            assertThat(error(one.acknowledge(0, 0, 3, 1))).isEqualTo(Errors.COORDINATOR_NOT_AVAILABLE);
            assertThat(given(two.ask(two.wish(50, 0)))).isEmpty();
            assertThat(error(one.acknowledge(0, 0, 3, 1))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void aStateThatAnotherHasTakenOverIsLoadedAnew() {
        start(1, 1);
        append(0, 4);
        try (Member member = new Member("m")) {
            assertThat(given(member.take(0))).hasSize(4);
            state.takeOver(GROUP, topic.id(), 0);
            assertThat(error(member.acknowledge(0, 0, 3, 1))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(given(member.take())).as("given anew").hasSize(4);
            assertThat(error(member.acknowledge(0, 0, 3, 1))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void aShareStateThatCannotBeReadIsAnErrorOfItsPartition() {
        start(1, 1);
        append(0, 1);
        state.fail(Errors.GROUP_ID_NOT_FOUND);
        try (Member member = new Member("m")) {
            ShareFetchResponseData.PartitionData part = parts(member.ask(member.wish(60_000, 0))).get(0);
            assertThat(Errors.forCode(part.errorCode())).isEqualTo(Errors.GROUP_ID_NOT_FOUND);
            state.fail(Errors.COORDINATOR_NOT_AVAILABLE);
            assertThat(parts(member.ask(member.wish(60_000)))).extracting(ShareFetchResponseData.PartitionData::errorCode).containsExactly(Errors.OFFSET_NOT_AVAILABLE.code());
            state.fail(Errors.INVALID_REQUEST);
            ShareFetchResponseData.PartitionData unexpected = parts(member.ask(member.wish(60_000))).get(0);
            assertThat(Errors.forCode(unexpected.errorCode())).isEqualTo(Errors.UNKNOWN_SERVER_ERROR);
            assertThat(given(member.take())).hasSize(1);
        }
    }

    @Test
    void deletingTheTopicEndsAWaitingFetch() {
        start(1, 1);
        try (Member member = new Member("m")) {
            int waiting = member.send(member.wish(60_000, 0));
            Await.until("the share partition is there", () -> groups.shares().count() == 1);
            rig.deleteTopic(topic);
            assertThat(parts(member.receive(waiting))).extracting(ShareFetchResponseData.PartitionData::errorCode).containsExactly(Errors.NOT_LEADER_OR_FOLLOWER.code());
        }
        assertThat(groups.shares().count()).isZero();
    }

    @Test
    void whatTheMemberDoesNotHaveCannotBeAcknowledged() {
        start(1, 1);
        append(0, 4);
        try (Member one = new Member("one"); Member two = new Member("two")) {
            assertThat(given(one.take(0))).hasSize(4);
            two.ask(two.wish(0, 0));
            assertThat(error(two.acknowledge(0, 0, 3, 1))).isEqualTo(Errors.INVALID_RECORD_STATE);
            assertThat(error(one.acknowledge(0, 0, 9, 1))).isEqualTo(Errors.INVALID_REQUEST);
            assertThat(error(one.acknowledge(0, 3, 0, 1))).isEqualTo(Errors.INVALID_REQUEST);
            assertThat(error(one.acknowledge(0, 0, 3, 1, 1))).isEqualTo(Errors.INVALID_REQUEST);
            assertThat(error(one.acknowledge(0, 0, 3, 5))).isEqualTo(Errors.INVALID_REQUEST);
            assertThat(error(one.acknowledge(0, 0, 3, 4))).as("renewal in a request that is none").isEqualTo(Errors.INVALID_REQUEST);
            assertThat(error(one.acknowledge(0, 0, 3, 1, 2, 3, 0))).isEqualTo(Errors.NONE);
            assertThat(error(one.acknowledge(0, 0, 0, 1))).as("finished already, the start has moved on").isEqualTo(Errors.NONE);
            assertThat(given(two.take())).isEqualTo(Map.of(1L, 2));
        }
    }

    @Test
    void renewedLocksRunOutLater() {
        start(1, 1);
        append(0, 2);
        try (Member one = new Member("one"); Member two = new Member("two")) {
            assertThat(given(one.take(0))).hasSize(2);
            locks.advanceMs(20_000);
            ShareFetchRequestData renewal = one.wish(0, 0).setMaxBytes(0).setMinBytes(0).setMaxRecords(0).setIsRenewAck(true);
            renewal.topics().iterator().next().partitions().iterator().next()
                    .setAcknowledgementBatches(List.of(new AcknowledgementBatch().setFirstOffset(0).setLastOffset(0).setAcknowledgeTypes(bytes(4))));
            ShareFetchResponseData renewed = one.ask(renewal);
            assertThat(parts(renewed).get(0).acknowledgeErrorCode()).isZero();
            assertThat(renewed.acquisitionLockTimeoutMs()).isEqualTo(30_000);
            int waiting = two.send(two.wish(60_000, 0));
            locks.advanceMs(10_001);
            assertThat(given(two.receive(waiting))).isEqualTo(Map.of(1L, 2));
            assertThat(error(one.acknowledge(0, 0, 0, 1))).isEqualTo(Errors.NONE);
            ShareFetchRequestData withFetch = one.wish(10, 0).setIsRenewAck(true);
            assertThat(Errors.forCode(one.ask(withFetch).errorCode())).isEqualTo(Errors.INVALID_REQUEST);
        }
    }

    @Test
    void acknowledgementsInAFetchAreAnsweredWithIt() {
        start(1, 1);
        append(0, 2);
        try (Member member = new Member("m")) {
            member.take(0);
            append(0, 1);
            ShareFetchRequestData next = member.wish(10_000, 0);
            next.topics().iterator().next().partitions().iterator().next()
                    .setAcknowledgementBatches(List.of(new AcknowledgementBatch().setFirstOffset(0).setLastOffset(1).setAcknowledgeTypes(bytes(1))));
            ShareFetchResponseData.PartitionData part = parts(member.ask(next)).get(0);
            assertThat(part.acknowledgeErrorCode()).isZero();
            assertThat(part.acquiredRecords()).singleElement().satisfies(range -> assertThat(range.firstOffset()).isEqualTo(2));
        }
    }

    @Test
    void sessionsAreNumberedAndLimited() {
        start(1, 1, Map.of("group.share.max.share.sessions", "1", "group.share.max.size", "1"));
        try (Member one = new Member("one"); Member two = new Member("two")) {
            assertThat(Errors.forCode(one.ask(one.wish(0, 0)).errorCode())).isEqualTo(Errors.NONE);
            int refused = two.send(two.wish(1_000, 0));
            Await.until("the refusal waits as long as the member would", () -> locks.pending() > 0);
            locks.advanceMs(1_000);
            assertThat(Errors.forCode(two.receive(refused).errorCode())).isEqualTo(Errors.SHARE_SESSION_LIMIT_REACHED);
            assertThat(Errors.forCode(two.ask(two.wish(0)).errorCode())).isEqualTo(Errors.SHARE_SESSION_NOT_FOUND);
            one.epoch = 5;
            assertThat(Errors.forCode(one.ask(one.wish(0)).errorCode())).isEqualTo(Errors.INVALID_SHARE_SESSION_EPOCH);
            one.epoch = -1;
            assertThat(Errors.forCode(one.ask(one.wish(0)).errorCode())).as("its last request").isEqualTo(Errors.NONE);
            one.epoch = 2;
            assertThat(Errors.forCode(one.ask(one.wish(0)).errorCode())).isEqualTo(Errors.SHARE_SESSION_NOT_FOUND);
            two.epoch = 0;
            assertThat(Errors.forCode(two.ask(two.wish(0, 0)).errorCode())).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void aConnectionHasOneSessionSoThatNoneOutlivesIt() {
        start(1, 1, Map.of("group.share.max.share.sessions", "2", "group.share.max.size", "2"));
        append(0, 1);
        try (Member waiting = new Member("waiting")) {
            try (Member one = new Member("m0")) {
                assertThat(given(one.take(0))).hasSize(1);
                int parked = waiting.send(waiting.wish(60_000, 0));
                for (int i = 1; i <= 3; i++) {
                    ShareFetchRequestData other = one.wish(0, 0).setMemberId("m" + i).setShareSessionEpoch(0);
                    assertThat(Errors.forCode(one.client.ask(ApiKeys.SHARE_FETCH, VERSION, other, ShareFetchResponseData.class).errorCode())).isEqualTo(Errors.NONE);
                }
                assertThat(given(waiting.receive(parked))).as("what the first of them had").containsOnlyKeys(0L);
            }
        }
        Await.until("the share partition is let go with the last member", () -> groups.shares().count() == 0);
    }

    /** A connection's last session is in another group than the one before, which has ended regularly. */
    @Test
    void aGroupThatHasNobodyHereAnyMoreIsLetGoAlsoWhenItsMembersConnectionGoesOn() {
        start(1, 1);
        try (Member one = new Member("one")) {
            one.ask(one.wish(0, 0));
            one.epoch = -1;
            one.ask(one.wish(0));
            assertThat(Errors.forCode(one.client.ask(ApiKeys.SHARE_FETCH, VERSION, one.wish(0, 0).setGroupId("another").setMemberId("two").setShareSessionEpoch(0),
                    ShareFetchResponseData.class).errorCode())).isEqualTo(Errors.NONE);
            Await.until("the first group's share partition is let go", () -> groups.shares().count() <= 1 && groups.shares().peek(key()).isEmpty());
        }
        Await.until("the other's, too", () -> groups.shares().count() == 0);
    }

    private ShareKey key() {
        return new ShareKey(GROUP, new TopicIdPartition(topic.id(), 0, "t"));
    }
}
