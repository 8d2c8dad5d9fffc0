package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.PRODUCE_BY_NAME;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.produce;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.ManualClock;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.RecordBuffers;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a producer's later batches may do after an earlier one was refused for the time being. */
class RefusedBatchesTest {

    private static final long PRODUCER = 77;

    private static MemoryRecords batch(long producer, int epoch, int sequence) {
        return MemoryRecords.withIdempotentRecords(Compression.NONE, producer, (short) epoch, sequence, new SimpleRecord(1, ("s" + sequence).getBytes()));
    }

    /** Over a socket, five batches on their way as a producer has them, into a partition that is not served when the first comes. */
    @Nested
    class OnTheirWay {

        @TempDir
        Path directory;

        private StorageRig rig;
        private WireClient client;

        private void with(int loops, Runnable test) {
            try (LeakWatch leaks = new LeakWatch(); StorageRig started = StorageRig.started(directory, loops); WireClient connected = started.client()) {
                rig = started;
                client = connected;
                test.run();
                Await.until("no request bytes are held", () -> rig.meter("firn.requests.inflight") == 0);
            }
        }

        private Errors send(int version, String name, Uuid id, int sequence) {
            return error(client.ask(ApiKeys.PRODUCE, version, body(name, id, sequence), ProduceResponseData.class));
        }

        private static ProduceRequestData body(String name, Uuid id, int sequence) {
            return Requests.with(produce(-1, 30_000), name, id, 0, batch(PRODUCER, 0, sequence));
        }

        private void create(String name, Uuid id) {
            TopicView topic = rig.metadata.submit(new Command.CreateTopic(id, name, 1, 1, Map.of(), Map.of())).join().topic(name).orElseThrow();
            Await.get(rig.keeper.whenInService(topic));
        }

        private void assertSentAgainInOrder(int version, String name, Uuid id) {
            for (int sequence = 0; sequence < 5; sequence++) {
                ProduceResponseData answer = client.ask(ApiKeys.PRODUCE, version, body(name, id, sequence), ProduceResponseData.class);
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(only(answer).baseOffset()).isEqualTo(sequence);
            }
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void noneOvertakesTheFirstOfATopicThatWasNotKnownYet(int loops) {
            with(loops, () -> {
                Uuid id = Uuid.randomUuid();
                assertThat(send(PRODUCE, "t", id, 0)).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
                create("t", id);
                for (int sequence = 1; sequence < 5; sequence++) {
                    assertThat(send(PRODUCE, "t", id, sequence)).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
                }
                assertSentAgainInOrder(PRODUCE, "t", id);
            });
        }

        @Test
        void norWhereTheClientNamesTopics() {
            with(1, () -> {
                Uuid id = Uuid.randomUuid();
                assertThat(send(PRODUCE_BY_NAME, "t", id, 0)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
                create("t", id);
                assertThat(send(PRODUCE_BY_NAME, "t", id, 1)).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
                assertSentAgainInOrder(PRODUCE_BY_NAME, "t", id);
            });
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void noneOvertakesTheFirstThatItsLogRefused(int loops) {
            with(loops, () -> {
                Uuid id = Uuid.randomUuid();
                create("t", id);
                MemoryRecords damaged = batch(PRODUCER, 0, 0);
                damaged.buffer().put(damaged.sizeInBytes() - 2, (byte) 'x');
                assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, Requests.with(produce(-1, 30_000), "t", id, 0, damaged), ProduceResponseData.class))).isEqualTo(Errors.CORRUPT_MESSAGE);
                assertThat(send(PRODUCE, "t", id, 1)).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
                assertSentAgainInOrder(PRODUCE, "t", id);
            });
        }

        /** Both wait in the partition's queue when the first is refused. */
        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void noneOvertakesTheFirstThatCouldNotBeRewritten(int loops) {
            with(loops, () -> {
                TopicView topic = rig.createTopic("t", 1, Map.of("compression.type", "gzip"));
                MemoryRecords damaged = batch(PRODUCER, 0, 0);
                damaged.buffer().put(damaged.sizeInBytes() - 2, (byte) 'x');
                ProduceRequestData both = Requests.with(Requests.with(produce(-1, 30_000), "t", topic.id(), 0, damaged), "t", topic.id(), 0, batch(PRODUCER, 0, 1));
                assertThat(client.ask(ApiKeys.PRODUCE, PRODUCE, both, ProduceResponseData.class).responses().iterator().next().partitionResponses())
                        .extracting(part -> Errors.forCode(part.errorCode())).containsExactly(Errors.CORRUPT_MESSAGE, Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
                assertSentAgainInOrder(PRODUCE, "t", topic.id());
            });
        }

        /** As the Java client does when its retries are used up: the epoch stays, and the sequence goes on. */
        @Test
        void aProducerThatGaveTheFirstUpGoesOn() {
            with(1, () -> {
                Uuid id = Uuid.randomUuid();
                assertThat(send(PRODUCE, "t", id, 0)).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
                create("t", id);
                assertThat(send(PRODUCE, "t", id, 1)).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
                assertThat(send(PRODUCE, "t", id, 2)).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);
                for (int sequence = 1; sequence < 5; sequence++) {
                    assertThat(send(PRODUCE, "t", id, sequence)).isEqualTo(Errors.NONE);
                }
            });
        }

        @Test
        void aProducerThatNobodyRefusedBeginsWhereItLikes() {
            with(1, () -> {
                Uuid id = Uuid.randomUuid();
                create("t", id);
                assertThat(send(PRODUCE, "t", id, 41)).isEqualTo(Errors.NONE);
            });
        }
    }

    @Nested
    class Rule {

        private final ManualClock clock = new ManualClock();
        private final RefusedBatches refused = new RefusedBatches(clock);
        private final TopicIdPartition partition = new TopicIdPartition(Uuid.randomUuid(), 0, null);

        private void note(long producer, int epoch, int sequence, Errors why) {
            refused.note(partition, RecordBuffers.of(batch(producer, epoch, sequence).buffer()), why);
        }

        private boolean overtakes(long producer, int epoch, int sequence) {
            return refused.overtaking(partition, RecordBuffers.of(batch(producer, epoch, sequence).buffer()), known -> false).isPresent();
        }

        @Test
        void theLowestRefusedComesFirst() {
            note(PRODUCER, 0, 15, Errors.NOT_LEADER_OR_FOLLOWER);
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            note(PRODUCER, 0, 30, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER, 0, 15)).isTrue();
            assertThat(overtakes(PRODUCER, 0, 0)).isFalse();
            assertThat(refused.size()).as("it is with the log now").isZero();
            assertThat(overtakes(PRODUCER, 0, 15)).isFalse();
        }

        @Test
        void anotherProducerAnotherPartitionAndTheNextEpochAreFree() {
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER + 1, 0, 15)).isFalse();
            assertThat(refused.overtaking(new TopicIdPartition(partition.topicId(), 1, null), RecordBuffers.of(batch(PRODUCER, 0, 15).buffer()), known -> false)).isEmpty();
            assertThat(overtakes(PRODUCER, 0, 15)).isTrue();
            assertThat(overtakes(PRODUCER, 1, 15)).isFalse();
        }

        @Test
        void sequencesGoOnAtZero() {
            int last = Integer.MAX_VALUE;
            note(PRODUCER, 0, last, Errors.NOT_LEADER_OR_FOLLOWER);
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER, 0, 0)).isTrue();
            assertThat(overtakes(PRODUCER, 0, last)).isFalse();
            assertThat(refused.size()).isZero();
        }

        @Test
        void whatIsLeftOfAnEpochBeforeChangesNothing() {
            note(PRODUCER, 1, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            note(PRODUCER, 0, 90, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER, 0, 105)).as("it is for the log to refuse").isFalse();
            assertThat(overtakes(PRODUCER, 1, 15)).isTrue();
        }

        /** Another leader may have taken what was refused here. */
        @Test
        void ofAProducerThatTheLogKnowsTheLogDecides() {
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(refused.overtaking(partition, RecordBuffers.of(batch(PRODUCER, 0, 150).buffer()), known -> known == PRODUCER)).isEmpty();
        }

        @Test
        void whatIsNotSentAgainHoldsNobodyUp() {
            note(PRODUCER, 0, 0, Errors.MESSAGE_TOO_LARGE);
            refused.note(partition, RecordBuffers.of(MemoryRecords.withRecords(Compression.NONE, new SimpleRecord(1, new byte[1])).buffer()), Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(refused.size()).isZero();
        }

        @Test
        void eachIsHeldBackOnceForARefusal() {
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER, 0, 15)).isTrue();
            assertThat(overtakes(PRODUCER, 0, 30)).isTrue();
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER, 0, 15)).as("the first was refused again").isTrue();
            note(PRODUCER, 0, 15, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(overtakes(PRODUCER, 0, 30)).isTrue();
            assertThat(overtakes(PRODUCER, 0, 15)).isFalse();
            assertThat(refused.size()).isZero();
        }

        @Test
        void isForgottenWhenTheProducerHasGivenUp() {
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            clock.advanceMs(RefusedBatches.KEPT_MS - 1);
            assertThat(overtakes(PRODUCER, 0, 15)).isTrue();
            clock.advanceMs(1);
            assertThat(overtakes(PRODUCER, 0, 30)).isFalse();
        }

        @Test
        void namesThatNoTopicHasAreNotKept() {
            RecordBuffers bytes = RecordBuffers.of(batch(PRODUCER, 0, 0).buffer());
            refused.note(new TopicIdPartition(Uuid.ZERO_UUID, 0, "t".repeat(250)), bytes, Errors.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(refused.size()).isZero();
            refused.note(new TopicIdPartition(Uuid.ZERO_UUID, 0, "t".repeat(249)), bytes, Errors.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(refused.size()).isEqualTo(1);
        }

        @Test
        void noMoreAreNotedThanTheLimitUntilOldOnesAreForgotten() {
            clock.advanceMs(1_000_000);
            IntStream.range(0, RefusedBatches.MAX_NOTED + 10).forEach(producer -> note(producer, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER));
            assertThat(refused.size()).isEqualTo(RefusedBatches.MAX_NOTED);
            assertThat(overtakes(RefusedBatches.MAX_NOTED, 0, 15)).isFalse();
            clock.advanceMs(RefusedBatches.KEPT_MS);
            note(PRODUCER, 0, 0, Errors.NOT_LEADER_OR_FOLLOWER);
            assertThat(refused.size()).isEqualTo(1);
            assertThat(overtakes(PRODUCER, 0, 15)).isTrue();
        }
    }
}
