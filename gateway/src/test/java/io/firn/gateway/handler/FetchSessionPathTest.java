package io.firn.gateway.handler;

import static io.firn.gateway.rig.Requests.FETCH;
import static io.firn.gateway.rig.Requests.error;
import static io.firn.gateway.rig.Requests.fetch;
import static io.firn.gateway.rig.Requests.only;
import static io.firn.gateway.rig.Requests.partitions;
import static io.firn.gateway.rig.Requests.values;
import static io.firn.gateway.rig.Requests.want;
import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.Await;
import io.firn.gateway.rig.Requests;
import io.firn.gateway.rig.StorageRig;
import io.firn.gateway.rig.WireClient;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import org.apache.kafka.common.message.FetchRequestData;
import org.apache.kafka.common.message.FetchRequestData.ForgottenTopic;
import org.apache.kafka.common.message.FetchResponseData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Incremental fetches (KIP-227): what is remembered, what is left out, and what ends a session. */
class FetchSessionPathTest {

    @TempDir
    Path directory;

    private StorageRig rig;
    private TopicView topic;
    private WireClient client;
    private int session;
    private int epoch;

    @BeforeEach
    void start() {
        rig = StorageRig.started(directory, 2);
        topic = rig.createTopic("logs", 3);
        client = rig.client();
    }

    @AfterEach
    void stop() {
        client.close();
        rig.close();
    }

    private FetchResponseData ask(FetchRequestData body) {
        return client.ask(ApiKeys.FETCH, FETCH, body, FetchResponseData.class);
    }

    private void produce(int partition, String value) {
        client.ask(ApiKeys.PRODUCE, Requests.PRODUCE, Requests.produce(-1, topic, partition, Requests.records(rig.clock.millis(), value)), ProduceResponseData.class);
    }

    private FetchResponseData open() {
        FetchRequestData full = fetch(0, 1).setSessionEpoch(0);
        for (int partition = 0; partition < 3; partition++) {
            want(full, topic, partition, 0);
        }
        FetchResponseData answer = ask(full);
        session = answer.sessionId();
        epoch = 1;
        return answer;
    }

    private FetchRequestData next(int maxWaitMs) {
        return fetch(maxWaitMs, 1).setSessionId(session).setSessionEpoch(epoch++);
    }

    @Test
    void sessionRemembersThePartitionsAndAnswersOnlyWhatChanged() {
        assertThat(partitions(open())).hasSize(3);
        assertThat(session).isNotZero();
        assertThat(ask(next(0)).responses()).isEmpty();
        produce(1, "news");
        FetchResponseData.PartitionData news = only(ask(next(600_000)));
        assertThat(news.partitionIndex()).isEqualTo(1);
        assertThat(values(news)).containsExactly("news");
        FetchRequestData moved = next(0);
        want(moved, topic, 1, 1);
        assertThat(ask(moved).responses()).isEmpty();
    }

    @Test
    void forgottenPartitionIsAskedForNoMore() {
        open();
        FetchRequestData forgetting = next(0);
        forgetting.setForgottenTopicsData(List.of(new ForgottenTopic().setTopicId(topic.id()).setPartitions(List.of(1))));
        ask(forgetting);
        produce(1, "unseen");
        assertThat(ask(next(0)).responses()).isEmpty();
        produce(2, "seen");
        assertThat(partitions(ask(next(600_000)))).extracting(FetchResponseData.PartitionData::partitionIndex).containsExactly(2);
    }

    @Test
    void epochOutOfOrderAndUnknownSessionAreErrorsOfTheWholeAnswer() {
        open();
        FetchResponseData skipped = ask(fetch(600_000, 1).setSessionId(session).setSessionEpoch(5));
        assertThat(Errors.forCode(skipped.errorCode())).isEqualTo(Errors.INVALID_FETCH_SESSION_EPOCH);
        FetchResponseData unknown = ask(fetch(600_000, 1).setSessionId(session + 1).setSessionEpoch(1));
        assertThat(Errors.forCode(unknown.errorCode())).isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND);
        assertThat(unknown.responses()).isEmpty();
    }

    @Test
    void sessionThatWasClosedIsGone() {
        open();
        ask(fetch(0, 1).setSessionId(session).setSessionEpoch(-1));
        assertThat(Errors.forCode(ask(next(600_000)).errorCode())).isEqualTo(Errors.FETCH_SESSION_ID_NOT_FOUND);
    }

    @Test
    void topicThatIsDeletedBecomesUnknownWithinTheSession() {
        open();
        rig.deleteTopic(topic);
        Await.until("all partitions have left service", () -> rig.partitions.all().isEmpty());
        assertThat(partitions(ask(next(600_000)))).allSatisfy(one ->
                assertThat(error(one)).isEqualTo(Errors.UNKNOWN_TOPIC_ID)).hasSize(3);
    }

    @Test
    void partitionsThatAreLeftOutForLackOfRoomComeFirstNextTime() {
        produce(0, "zero");
        produce(1, "one");
        produce(2, "two");
        FetchRequestData full = fetch(0, 1).setSessionEpoch(0).setMaxBytes(1);
        for (int partition = 0; partition < 3; partition++) {
            want(full, topic, partition, 0);
        }
        FetchResponseData first = ask(full);
        session = first.sessionId();
        epoch = 1;
        List<Integer> served = new java.util.ArrayList<>();
        FetchResponseData answer = first;
        for (int i = 0; i < 3; i++) {
            FetchResponseData.PartitionData one = partitions(answer).stream().filter(part -> part.records().sizeInBytes() > 0).findFirst().orElseThrow();
            served.add(one.partitionIndex());
            FetchRequestData following = next(0).setMaxBytes(1);
            want(following, topic, one.partitionIndex(), 1);
            answer = ask(following);
        }
        assertThat(served).containsExactlyInAnyOrder(0, 1, 2);
    }
}
