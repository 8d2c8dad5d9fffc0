package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.PRODUCE_BY_NAME;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.produce;
import static io.firn.gateway.rig.Requests.records;
import static io.firn.gateway.rig.Requests.with;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.membership.TopicView;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Produce requests from a socket to the disk and back, over one event loop and several. */
class ProducePathTest {

    @TempDir
    Path directory;

    private final LeakWatch leaks = new LeakWatch();
    private StorageRig rig;

    @AfterEach
    void everythingWasGivenBack() {
        try (leaks) {
            Await.until("no request bytes are held", () -> rig.meter("firn.requests.inflight") == 0);
            rig.close();
            leaks.assertNoLeak();
        }
    }

    private ProduceResponseData ask(WireClient client, ProduceRequestData body) {
        return client.ask(ApiKeys.PRODUCE, PRODUCE, body, ProduceResponseData.class);
    }

    private MemoryRecords one(String value) {
        return records(rig.clock.millis(), value);
    }

    private List<String> everything(WireClient client, TopicView topic, int partition) {
        List<String> values = new ArrayList<>();
        Partition served = rig.partition(topic.name(), partition);
        long end = StorageRig.onLoop(served, () -> served.log().hot().logEndOffset());
        Await.until("all is committed", () -> StorageRig.onLoop(served, served::highWatermark) == end);
        while (values.size() < end) {
            FetchRequestData body = Requests.fetch(topic, partition, values.size());
            values.addAll(Requests.values(Requests.only(client.ask(ApiKeys.FETCH, Requests.FETCH, body, FetchResponseData.class))));
        }
        return values;
    }

    /** Small segments, so that requests queue behind rolls; more requests than a connection may have in flight, so that answers let it read on. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void pipelinedRequestsOfOneConnectionReachEachPartitionOnceAndInOrder(int loops) {
        rig = StorageRig.started(directory, loops);
        TopicView topic = rig.createTopic("logs", 4, Map.of("segment.bytes", "400"));
        int count = 400;
        try (WireClient client = rig.client()) {
            List<Integer> sent = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                sent.add(client.send(ApiKeys.PRODUCE, PRODUCE, produce(i % 3 == 0 ? -1 : 1, topic, i % 4, one("value " + i))));
            }
            for (int i = 0; i < count; i++) {
                ProduceResponseData answer = client.receive(sent.get(i), ProduceResponseData.class);
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(only(answer).baseOffset()).as("offset of value " + i).isEqualTo(i / 4);
            }
            for (int partition = 0; partition < 4; partition++) {
                int mine = partition;
                assertThat(everything(client, topic, partition)).containsExactlyElementsOf(
                        IntStream.range(0, count).filter(i -> i % 4 == mine).mapToObj(i -> "value " + i).toList());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void requestForManyPartitionsIsAnsweredOnceForEach(int loops) {
        rig = StorageRig.started(directory, loops);
        TopicView topic = rig.createTopic("logs", 12);
        try (WireClient client = rig.client()) {
            ProduceRequestData body = produce(-1, 30_000);
            for (int partition = 0; partition < 12; partition++) {
                with(body, topic.name(), topic.id(), partition, one("value " + partition));
            }
            with(body, topic.name(), topic.id(), 12, one("beyond"));
            var answers = ask(client, body).responses().iterator().next().partitionResponses();
            assertThat(answers).extracting(one -> one.index()).containsExactlyElementsOf(IntStream.rangeClosed(0, 12).boxed().toList());
            assertThat(answers.subList(0, 12)).allMatch(one -> one.errorCode() == 0 && one.baseOffset() == 0 && one.logStartOffset() == 0);
            assertThat(Errors.forCode(answers.get(12).errorCode())).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        }
    }

    @Test
    void withoutAcksNothingIsAnsweredAndWhatFollowsIs() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1);
        try (WireClient client = rig.client()) {
            client.send(ApiKeys.PRODUCE, PRODUCE, produce(0, topic, 0, one("silent")));
            assertThat(only(ask(client, produce(1, topic, 0, one("loud")))).baseOffset()).isEqualTo(1);
        }
    }

    @Test
    void withoutAcksAnErrorClosesTheConnection() {
        rig = StorageRig.started(directory, 1);
        try (WireClient client = rig.client()) {
            client.send(ApiKeys.PRODUCE, PRODUCE_BY_NAME, with(produce(0, 30_000), "nowhere", Uuid.ZERO_UUID, 0, one("lost")));
            client.assertClosedByBroker();
        }
    }

    @Test
    void acksAllIsAnsweredWhenForcedAndAcksOneBefore() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1);
        rig.disk.hold(Op.FORCE);
        try (WireClient all = rig.client(); WireClient one = rig.client()) {
            int waiting = all.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, one("to be forced")));
            Await.until("the force is held up", () -> rig.disk.waiting() == 1);
            assertThat(error(ask(one, produce(1, topic, 0, one("not to be forced"))))).isEqualTo(Errors.NONE);
            assertThat(all.hasAnswer()).isFalse();
            rig.disk.release(Op.FORCE);
            assertThat(error(all.receive(waiting, ProduceResponseData.class))).isEqualTo(Errors.NONE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void commitmentThatTakesLongerThanTheTimeoutIsAnsweredAsTimedOut(int loops) {
        rig = StorageRig.started(directory, loops);
        TopicView topic = rig.createTopic("logs", 3);
        rig.disk.hold(Op.FORCE);
        try (WireClient client = rig.client()) {
            ProduceRequestData body = produce(-1, 1_000);
            for (int partition = 0; partition < 3; partition++) {
                with(body, topic.name(), topic.id(), partition, one("slow"));
            }
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, body);
            Await.until("the force is held up", () -> rig.disk.waiting() == 1);
            Await.until("all is appended", () -> IntStream.range(0, 3).allMatch(p -> StorageRig.onLoop(rig.partition("logs", p),
                    () -> rig.partition("logs", p).log().hot().logEndOffset()) == 1));
            rig.clock.advanceMs(1_500);
            ProduceResponseData answer = client.receive(sent, ProduceResponseData.class);
            assertThat(answer.responses().iterator().next().partitionResponses()).allMatch(one -> one.errorCode() == Errors.REQUEST_TIMED_OUT.code());
            rig.disk.release(Op.FORCE);
            assertThat(everything(client, topic, 1)).containsExactly("slow");
        }
    }

    @Test
    void diskBeyondItsWatermarkRefusesWithARetriableErrorUntilThereIsRoom() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1);
        try (WireClient client = rig.client()) {
            rig.usableBytes.set(0);
            Await.until("the watermark is noticed", () -> rig.retention.rejectsProduce());
            assertThat(error(ask(client, produce(1, topic, 0, one("refused"))))).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            rig.usableBytes.set(Long.MAX_VALUE / 4);
            Await.until("the room is noticed", () -> !rig.retention.rejectsProduce());
            assertThat(error(ask(client, produce(1, topic, 0, one("taken"))))).isEqualTo(Errors.NONE);
            assertThat(everything(client, topic, 0)).containsExactly("taken");
        }
    }

    @Test
    void fullDiskRefusesWithARetriableErrorUntilThereIsRoom() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1);
        try (WireClient client = rig.client()) {
            rig.sim.capacityBytes(0);
            assertThat(error(ask(client, produce(-1, topic, 0, one("refused"))))).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            rig.sim.capacityBytes(Long.MAX_VALUE);
            Await.until("appends are taken again", () -> {
                rig.clock.advanceMs(1_000);
                return error(ask(client, produce(-1, topic, 0, one("taken")))) == Errors.NONE;
            });
            assertThat(everything(client, topic, 0)).containsExactly("taken");
        }
    }

    @Test
    void clientsDoNotWriteToInternalTopicsButTheAdminClientMay() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("__consumer_offsets", 1);
        try (WireClient client = rig.client(); WireClient admin = rig.client().as("__admin_client")) {
            assertThat(error(ask(client, produce(1, topic, 0, one("x"))))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
            assertThat(error(ask(admin, produce(1, topic, 0, one("x"))))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void whatIsNotThereIsAnsweredAsApacheKafkaDoes() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1);
        try (WireClient client = rig.client()) {
            assertThat(error(ask(client, with(produce(1, 1_000), "", Uuid.randomUuid(), 0, one("x"))))).isEqualTo(Errors.UNKNOWN_TOPIC_ID);
            assertThat(error(ask(client, produce(1, topic, 1, one("x"))))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(error(ask(client, produce(1, topic, -1, one("x"))))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE_BY_NAME, with(produce(1, 1_000), "nowhere", Uuid.ZERO_UUID, 0, one("x")),
                    ProduceResponseData.class))).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
            assertThat(error(ask(client, produce(2, topic, 0, one("x"))))).isEqualTo(Errors.INVALID_REQUIRED_ACKS);
            assertThat(error(ask(client, produce(1, topic, 0, null)))).isEqualTo(Errors.INVALID_RECORD);
        }
    }

    @Test
    void damagedBatchIsRefusedAndTheOthersOfTheRequestAreTaken() {
        rig = StorageRig.started(directory, 2);
        TopicView topic = rig.createTopic("logs", 2);
        MemoryRecords damaged = one("damaged");
        damaged.buffer().put(damaged.sizeInBytes() - 2, (byte) 99);
        try (WireClient client = rig.client()) {
            ProduceRequestData body = with(with(produce(-1, 30_000), topic.name(), topic.id(), 0, damaged), topic.name(), topic.id(), 1, one("sound"));
            var answers = ask(client, body).responses().iterator().next().partitionResponses();
            assertThat(answers).extracting(one -> Errors.forCode(one.errorCode())).containsExactly(Errors.CORRUPT_MESSAGE, Errors.NONE);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void clientThatGoesAwayAtAnyPointLeavesNoBytesBehind(int loops) {
        rig = StorageRig.started(directory, loops);
        TopicView topic = rig.createTopic("logs", 3, Map.of("segment.bytes", "400"));
        rig.disk.hold(Op.CREATE);
        for (int part : new int[] {2, 4, 20, 90, 5_000}) {
            try (WireClient client = rig.client()) {
                client.sendPart(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, one("x".repeat(10_000))), part);
            }
        }
        try (WireClient client = rig.client()) {
            for (int i = 0; i < 30; i++) {
                client.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, i % 3, one("y".repeat(200))));
            }
            Await.until("appends wait for a roll", () -> rig.disk.waiting() > 0);
        }
        Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
        rig.disk.release(Op.CREATE);
    }

    /** As port scanners and health checks of load balancers do. */
    @Test
    void connectionsThatAreResetAtOnceAreNotCountedForEver() throws IOException {
        rig = StorageRig.started(directory, 2);
        for (int i = 0; i < 90; i++) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), rig.port())) {
                socket.setSoLinger(true, 0);
            }
        }
        TopicView topic = rig.createTopic("logs", 1);
        try (WireClient client = rig.client()) {
            assertThat(error(ask(client, produce(-1, topic, 0, one("still served"))))).isEqualTo(Errors.NONE);
        }
        Await.until("the connections are gone", () -> rig.meter("firn.connections") == 0);
    }

    @Test
    void topicThatIsDeletedAnswersThoseWhoWaitForItsCommitment() {
        rig = StorageRig.started(directory, 1);
        TopicView topic = rig.createTopic("logs", 1);
        rig.disk.hold(Op.FORCE);
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, one("x")));
            Await.until("the force is held up", () -> rig.disk.waiting() == 1);
            rig.deleteTopic(topic);
            assertThat(error(client.receive(sent, ProduceResponseData.class))).isEqualTo(Errors.NOT_LEADER_OR_FOLLOWER);
            rig.disk.release(Op.FORCE);
        }
    }
}
