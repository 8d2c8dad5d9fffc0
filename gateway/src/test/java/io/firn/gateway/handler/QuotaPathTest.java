package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ServedApi;
import io.firn.gateway.quota.ClientQuotas;
import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.GatedDisk.Op;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.hot.Durability;
import io.firn.membership.Command.AlterClientQuotas;
import io.firn.membership.QuotaEntity;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.message.ApiVersionsRequestData;
import org.apache.kafka.common.message.ApiVersionsResponseData;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client over its quota, from the wire to the wire: what it is told, and that it has to wait whether it listens or not. */
class QuotaPathTest {
    /** In eleven windows of a second a client may have ten seconds' worth at once. */
    private static final double BYTES_PER_SECOND = 1_000;
    private static final int AT_ONCE = 10_000;

    @TempDir
    Path directory;
    private StorageRig rig;
    private TopicView topic;

    @BeforeEach
    void open() {
        rig = StorageRig.started(directory, 1, Durability.FSYNC, broker -> List.of(ServedApi.of(ApiKeys.DELETE_TOPICS, new DeleteTopicsHandler(broker.metadata,
                new Commands(broker.metadata, (delayMs, task) -> () -> {}),
                new Mutations.Charging(new ClientQuotas(broker.metadata::view, broker.clock), broker.clock)))));
        topic = rig.createTopic("t", 1);
    }

    @AfterEach
    void close() {
        rig.close();
    }

    private void limit(String quota) {
        limit(quota, BYTES_PER_SECOND);
    }

    private void limit(String quota, double perSecond) {
        rig.metadata.submit(new AlterClientQuotas(new QuotaEntity(Map.of("client-id", Optional.of("greedy"))), Map.of(quota, Optional.of(perSecond)))).join();
    }

    private ProduceResponseData produce(WireClient client, int bytes) {
        return client.ask(ApiKeys.PRODUCE, Requests.PRODUCE, Requests.produce(-1, topic, 0, Requests.records(1, "x".repeat(bytes))), ProduceResponseData.class);
    }

    private static long msUntilAnswered(WireClient client) {
        long sentNanos = System.nanoTime();
        client.ask(ApiKeys.API_VERSIONS, 4, new ApiVersionsRequestData().setClientSoftwareName("test").setClientSoftwareVersion("1"), ApiVersionsResponseData.class);
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sentNanos);
    }

    @Test
    void aProducerOverItsQuotaIsToldAndNotReadFromUntilItsTimeIsUp() {
        limit("producer_byte_rate");
        try (WireClient greedy = new WireClient(rig.port()).as("greedy"); WireClient other = new WireClient(rig.port()).as("other")) {
            assertThat(produce(greedy, AT_ONCE / 2).throttleTimeMs()).isZero();
            ProduceResponseData over = produce(greedy, AT_ONCE / 2 + 300);
            assertThat(over.throttleTimeMs()).isBetween(200, 5_000);
            assertThat(Requests.error(over).code()).as("it was appended all the same").isZero();
            assertThat(produce(other, 2 * AT_ONCE).throttleTimeMs()).isZero();
            assertThat(msUntilAnswered(greedy)).isGreaterThan(over.throttleTimeMs() / 2);
        }
    }

    @Test
    void aConsumerOverItsQuotaIsToldAndNotReadFromUntilItsTimeIsUp() {
        try (WireClient greedy = new WireClient(rig.port()).as("greedy")) {
            produce(greedy, AT_ONCE + 500);
            limit("consumer_byte_rate");
            FetchResponseData over = greedy.ask(ApiKeys.FETCH, Requests.FETCH, Requests.fetch(topic, 0, 0), FetchResponseData.class);
            assertThat(over.throttleTimeMs()).isBetween(200, 5_000);
            assertThat(Requests.values(Requests.only(over))).hasSize(1);
            assertThat(msUntilAnswered(greedy)).isGreaterThan(over.throttleTimeMs() / 2);
        }
    }

    @Test
    void aClientThatChangedMoreOfTheMetadataThanItsQuotaIsNotReadFromUntilItsTimeIsUp() {
        limit("controller_mutation_rate", 4);
        rig.createTopic("gone", 56);
        rig.createTopic("kept", 1);
        try (WireClient greedy = new WireClient(rig.port()).as("greedy"); WireClient other = new WireClient(rig.port()).as("other")) {
            assertThat(delete(greedy, "gone")).extracting(DeleteTopicsResponseData::throttleTimeMs).isEqualTo(0);
            DeleteTopicsResponseData over = delete(greedy, "kept");
            assertThat(Errors.forCode(over.responses().find("kept").errorCode())).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
            assertThat(over.throttleTimeMs()).as("a debt of 12 partitions").isEqualTo(3_000);
            assertThat(msUntilAnswered(greedy)).isGreaterThan(over.throttleTimeMs() / 2);
            assertThat(delete(other, "kept").responses().find("kept").errorCode()).isZero();
        }
    }

    private static DeleteTopicsResponseData delete(WireClient client, String topic) {
        return client.ask(ApiKeys.DELETE_TOPICS, 5, new DeleteTopicsRequestData().setTimeoutMs(30_000).setTopicNames(List.of(topic)), DeleteTopicsResponseData.class);
    }

    /** It would keep what it has of the loop's budget for request bytes, or the first place among those that wait for some, for as long as it is not read. */
    @Test
    void aRequestThatHasBegunIsReadToItsEndAllTheSame() {
        limit("producer_byte_rate");
        rig.disk.hold(Op.FORCE);
        try (WireClient greedy = new WireClient(rig.port()).as("greedy")) {
            int first = greedy.send(ApiKeys.PRODUCE, Requests.PRODUCE, Requests.produce(-1, topic, 0, Requests.records(1, "x".repeat(AT_ONCE + 5_000))));
            Await.until("it is appended", () -> StorageRig.<Long>onLoop(rig.partition("t", 0), () -> rig.partition("t", 0).log().hot().logEndOffset()) == 1);
            Await.until("its bytes were given back", () -> rig.meter("firn.requests.inflight") == 0);
            ProduceResponseData[] over = new ProduceResponseData[1];

            int second = greedy.sendInTwo(ApiKeys.PRODUCE, Requests.PRODUCE, Requests.produce(-1, topic, 0, Requests.records(1, "y".repeat(1_000))), 500, () -> {
                Await.until("the second request has begun", () -> rig.meter("firn.requests.inflight") > 0);
                rig.disk.release(Op.FORCE);
                over[0] = greedy.receive(first, ProduceResponseData.class);
            });

            assertThat(over[0].throttleTimeMs()).isGreaterThan(3_000);
            long fromNanos = System.nanoTime();
            assertThat(Requests.error(greedy.receive(second, ProduceResponseData.class)).code()).isZero();
            assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - fromNanos)).isLessThan(over[0].throttleTimeMs() / 2);
            assertThat(rig.meter("firn.requests.inflight")).isZero();
        }
    }
}
