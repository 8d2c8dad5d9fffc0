package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.PRODUCE;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.produce;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.coordinator.TransactionAdmission.Mode;
import io.firn.gateway.partition.Partition;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.LeakWatch;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.AppendOrigin;
import io.firn.hot.RecordBuffers;
import io.firn.hot.TransactionTerms;
import io.firn.membership.TopicView;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Transactional produce requests from a socket to the log, with a transaction coordinator that answers when and what the test says. */
class TransactionalProducePathTest {
    private static final int PRODUCER = 77;
    private static final int VERIFYING = 11;

    @TempDir
    Path directory;

    private final LeakWatch leaks = new LeakWatch();
    private final Queue<Asked> asked = new ConcurrentLinkedQueue<>();
    private StorageRig rig;
    private TopicView topic;

    private record Asked(String id, long producerId, short epoch, Set<TopicPartition> partitions, Mode mode, CompletableFuture<Map<TopicPartition, Errors>> answer) {
        void answer(Errors error) {
            Map<TopicPartition, Errors> answers = new HashMap<>();
            partitions.forEach(partition -> answers.put(partition, error));
            answer.complete(answers);
        }
    }

    private void start(int loops) {
        rig = StorageRig.started(directory, loops);
        rig.admission = (id, producerId, epoch, partitions, mode) -> {
            Asked one = new Asked(id, producerId, epoch, Set.copyOf(partitions), mode, new CompletableFuture<>());
            asked.add(one);
            return one.answer();
        };
        topic = rig.createTopic("t", 3);
    }

    @AfterEach
    void everythingWasGivenBack() {
        try (leaks) {
            Await.until("no request bytes are held", () -> rig.meter("firn.requests.inflight") == 0);
            rig.close();
            leaks.assertNoLeak();
        }
    }

    private MemoryRecords batch(int epoch, int sequence) {
        return MemoryRecords.withTransactionalRecords(Compression.NONE, PRODUCER, (short) epoch, sequence, new SimpleRecord(rig.clock.millis(), ("s" + sequence).getBytes()));
    }

    private ProduceRequestData transactional(int partition, MemoryRecords records) {
        return produce(-1, topic, partition, records).setTransactionalId("tx");
    }

    private Asked question() {
        Await.until("the coordinator was asked", () -> !asked.isEmpty());
        return asked.remove();
    }

    private static ProduceResponseData answer(WireClient client, int sent) {
        return client.receive(sent, ProduceResponseData.class);
    }

    private void append(int partition, int epoch, boolean commit, int transactionVersion) {
        Partition target = rig.partition("t", partition);
        ByteBuffer marker = MemoryRecords.withEndTransactionMarker(rig.clock.millis(), PRODUCER, (short) epoch, new EndTransactionMarker(commit ? ControlRecordType.COMMIT : ControlRecordType.ABORT, 0))
                .buffer();
        CompletableFuture<Object> done = new CompletableFuture<>();
        target.loop().execute(() -> target.append(RecordBuffers.of(marker), AppendOrigin.COORDINATOR, TransactionTerms.marker(transactionVersion), done::complete));
        Await.get(done);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void theFirstBatchesOfATransactionAreAdmittedTogetherAndLaterOnesUnasked(int loops) {
        start(loops);
        try (WireClient client = rig.client()) {
            ProduceRequestData first = transactional(0, batch(0, 0));
            Requests.with(first, topic.name(), topic.id(), 2, batch(0, 0));
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, first);
            Asked question = question();
            assertThat(question.id()).isEqualTo("tx");
            assertThat(question.producerId()).isEqualTo(PRODUCER);
            assertThat(question.mode()).isEqualTo(Mode.ADD);
            assertThat(question.partitions()).containsExactlyInAnyOrder(new TopicPartition("t", 0), new TopicPartition("t", 2));
            assertThat(client.hasAnswer()).isFalse();

            question.answer(Errors.NONE);

            assertThat(answer(client, sent).responses().iterator().next().partitionResponses()).hasSize(2).allSatisfy(part -> assertThat(part.errorCode()).isZero());
            for (int i = 1; i < 20; i++) {
                assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, transactional(i % 2 == 0 ? 0 : 2, batch(0, (i + 1) / 2)), ProduceResponseData.class))).isEqualTo(Errors.NONE);
            }
            assertThat(asked).isEmpty();
        }
    }

    /** No client does so, but one that did must not hold up its producer id for ever. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void aPartitionThatARequestNamesTwiceIsAskedForOnce(int loops) {
        start(loops);
        try (WireClient client = rig.client()) {
            ProduceRequestData twice = transactional(0, batch(0, 0));
            Requests.with(twice, topic.name(), topic.id(), 0, batch(0, 1));
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, twice);
            Asked question = question();
            assertThat(question.partitions()).containsExactly(new TopicPartition("t", 0));
            question.answer(Errors.NONE);

            assertThat(answer(client, sent).responses().iterator().next().partitionResponses()).hasSize(2).allSatisfy(part -> assertThat(part.errorCode()).isZero());
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(0, 2)), ProduceResponseData.class))).isEqualTo(Errors.NONE);
        }
    }

    @Test
    void recordsWithoutATransactionAreNobodysQuestion() {
        start(1);
        try (WireClient client = rig.client()) {
            MemoryRecords idempotent = MemoryRecords.withIdempotentRecords(Compression.NONE, PRODUCER, (short) 0, 0, new SimpleRecord(rig.clock.millis(), "x".getBytes()));
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 0, idempotent), ProduceResponseData.class))).isEqualTo(Errors.NONE);
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, produce(-1, topic, 1, Requests.records(rig.clock.millis(), "y")), ProduceResponseData.class))).isEqualTo(Errors.NONE);
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void transactionalRecordsNeedATransactionalId() {
        start(1);
        try (WireClient client = rig.client()) {
            ProduceRequestData body = produce(-1, topic, 0, Requests.records(rig.clock.millis(), "plain"));
            Requests.with(body, topic.name(), topic.id(), 1, batch(0, 0));

            ProduceResponseData refused = client.ask(ApiKeys.PRODUCE, PRODUCE, body, ProduceResponseData.class);

            assertThat(refused.responses().iterator().next().partitionResponses()).hasSize(2)
                    .allSatisfy(part -> assertThat(Errors.forCode(part.errorCode())).isEqualTo(Errors.TRANSACTIONAL_ID_AUTHORIZATION_FAILED));
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void oneRequestIsOfOneProducer() {
        start(1);
        try (WireClient client = rig.client()) {
            ProduceRequestData body = transactional(0, batch(0, 0));
            Requests.with(body, topic.name(), topic.id(), 1, batch(1, 0));

            ProduceResponseData refused = client.ask(ApiKeys.PRODUCE, PRODUCE, body, ProduceResponseData.class);

            assertThat(refused.responses().iterator().next().partitionResponses())
                    .allSatisfy(part -> assertThat(Errors.forCode(part.errorCode())).isEqualTo(Errors.INVALID_PRODUCER_ID_MAPPING));
        }
    }

    @ParameterizedTest
    @CsvSource({"9,COORDINATOR_LOAD_IN_PROGRESS,NOT_ENOUGH_REPLICAS", "12,NOT_COORDINATOR,NOT_ENOUGH_REPLICAS", "11,CONCURRENT_TRANSACTIONS,NOT_ENOUGH_REPLICAS",
        "11,TRANSACTION_ABORTABLE,TRANSACTION_ABORTABLE", "9,INVALID_TXN_STATE,INVALID_TXN_STATE", "12,INVALID_PRODUCER_EPOCH,INVALID_PRODUCER_EPOCH",
        "12,INVALID_PRODUCER_ID_MAPPING,INVALID_PRODUCER_ID_MAPPING"})
    void whatTheCoordinatorRefusesIsNotAppended(int version, Errors said, Errors told) {
        start(1);
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.PRODUCE, version, transactional(0, batch(0, 0)));
            Asked question = question();
            assertThat(question.mode()).isEqualTo(Mode.ofProduce(version));
            question.answer(said);

            assertThat(error(answer(client, sent))).isEqualTo(told);
            Partition partition = rig.partition("t", 0);
            assertThat(StorageRig.<Long>onLoop(partition, () -> partition.log().hot().logEndOffset())).isZero();
        }
    }

    /** Version 2 begins each transaction at sequence 0 anyway. */
    @Test
    void whatIsRefusedBeforeTheQuestionIsNotOvertakenEither() {
        start(1);
        try (WireClient client = rig.client()) {
            Partition failed = rig.partition("t", 0);
            StorageRig.<Boolean>onLoop(failed, () -> {
                failed.replica().fail("as the test wants it");
                return true;
            });
            assertThat(error(client.ask(ApiKeys.PRODUCE, VERIFYING, transactional(0, batch(0, 0)), ProduceResponseData.class))).isEqualTo(Errors.KAFKA_STORAGE_ERROR);
            rig.deleteTopic(topic);
            topic = rig.createTopic("t", 1);

            int second = client.send(ApiKeys.PRODUCE, VERIFYING, transactional(0, batch(0, 1)));
            question().answer(Errors.NONE);
            assertThat(error(answer(client, second))).isEqualTo(Errors.OUT_OF_ORDER_SEQUENCE_NUMBER);

            for (int sequence = 0; sequence < 2; sequence++) {
                int again = client.send(ApiKeys.PRODUCE, VERIFYING, transactional(0, batch(0, sequence)));
                if (sequence == 0) {
                    question().answer(Errors.NONE);
                }
                assertThat(error(answer(client, again))).isEqualTo(Errors.NONE);
            }
        }
    }

    @Test
    void whileTheTransactionBeforeEndsTheQuestionIsAskedAgain() {
        start(1);
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(1, 0)));
            question().answer(Errors.CONCURRENT_TRANSACTIONS);
            question().answer(Errors.CONCURRENT_TRANSACTIONS);
            question().answer(Errors.NONE);

            assertThat(error(answer(client, sent))).isEqualTo(Errors.NONE);

            append(0, 2, true, 2);
            int later = client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(2, 0)));
            Asked question = question();
            rig.clock.advanceMs(TransactionalAppends.RETRY_FOR_MS);
            question.answer(Errors.CONCURRENT_TRANSACTIONS);
            assertThat(error(answer(client, later))).as("after a while the client is told").isEqualTo(Errors.CONCURRENT_TRANSACTIONS);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void laterRequestsOfTheProducerDoNotOvertakeTheFirst(int loops) {
        start(loops);
        try (WireClient client = rig.client()) {
            List<Integer> sent = List.of(client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(0, 0))), client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(0, 1))),
                    client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(0, 2))));
            question().answer(Errors.CONCURRENT_TRANSACTIONS);
            question().answer(Errors.NONE);

            for (int i = 0; i < 3; i++) {
                ProduceResponseData answer = answer(client, sent.get(i));
                assertThat(error(answer)).isEqualTo(Errors.NONE);
                assertThat(Requests.only(answer).baseOffset()).isEqualTo(i);
            }
            assertThat(asked).as("the open transaction needs no question").isEmpty();
        }
    }

    /** The transaction is verified, aborted, and only then the batch comes: it must not open it again. */
    @Test
    void aBatchThatComesAfterTheMarkerOfItsTransactionIsRefused() {
        start(1);
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.PRODUCE, VERIFYING, transactional(0, batch(0, 0)));
            Asked question = question();
            append(0, 0, false, 0);
            question.answer(Errors.NONE);

            assertThat(error(answer(client, sent))).isEqualTo(Errors.INVALID_TXN_STATE);
            Partition partition = rig.partition("t", 0);
            Await.until("the marker is committed, and no transaction open", () -> StorageRig.<Boolean>onLoop(partition, () -> partition.lastStableOffset() == partition.log().hot().logEndOffset()));
        }
    }

    /** Under version 2 that marker was of the transaction before: the question is asked anew. */
    @Test
    void aBatchOfTheNextTransactionIsAdmittedAgainWhenTheMarkerOfTheLastOneCameBetween() {
        start(1);
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(1, 0)));
            Asked question = question();
            append(0, 1, true, 2);
            question.answer(Errors.NONE);
            question().answer(Errors.NONE);

            ProduceResponseData answer = answer(client, sent);
            assertThat(error(answer)).isEqualTo(Errors.NONE);
            assertThat(Requests.only(answer).baseOffset()).isEqualTo(1);
        }
    }

    @Test
    void aFencedProducerIsToldWithoutAQuestion() {
        start(1);
        append(0, 5, true, 2);
        try (WireClient client = rig.client()) {
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(4, 0)), ProduceResponseData.class))).isEqualTo(Errors.INVALID_PRODUCER_EPOCH);
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void internalTopicsAreNotForClientsTransactionalOrNot() {
        start(1);
        topic = rig.createTopic("__transaction_state", 1, Map.of("cleanup.policy", "compact"));
        try (WireClient client = rig.client()) {
            assertThat(error(client.ask(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(0, 0)), ProduceResponseData.class))).isEqualTo(Errors.INVALID_TOPIC_EXCEPTION);
            assertThat(asked).isEmpty();
        }
    }

    @Test
    void transactionalRecordsOfACompactedTopicNeedKeysAsAllOthers() {
        start(1);
        topic = rig.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
        try (WireClient client = rig.client()) {
            int sent = client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, batch(0, 0)));
            question().answer(Errors.NONE);
            assertThat(error(answer(client, sent))).isEqualTo(Errors.INVALID_RECORD);

            MemoryRecords keyed = MemoryRecords.withTransactionalRecords(Compression.NONE, PRODUCER, (short) 0, 0, new SimpleRecord(rig.clock.millis(), "k".getBytes(), "v".getBytes()));
            int again = client.send(ApiKeys.PRODUCE, PRODUCE, transactional(0, keyed));
            question().answer(Errors.NONE);
            assertThat(error(answer(client, again))).isEqualTo(Errors.NONE);
        }
    }
}
