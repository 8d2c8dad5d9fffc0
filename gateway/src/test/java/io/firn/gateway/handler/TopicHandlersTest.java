package io.firn.gateway.handler;

import static io.firn.gateway.handler.AdminFixture.ask;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.firn.gateway.api.Timer;
import io.firn.membership.Command;
import io.firn.membership.TopicView;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.CreatePartitionsRequestData;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsAssignment;
import org.apache.kafka.common.message.CreatePartitionsRequestData.CreatePartitionsTopic;
import org.apache.kafka.common.message.CreatePartitionsResponseData;
import org.apache.kafka.common.message.CreateTopicsRequestData;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableReplicaAssignment;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.CreateTopicsResponseData;
import org.apache.kafka.common.message.CreateTopicsResponseData.CreatableTopicResult;
import org.apache.kafka.common.message.DeleteTopicsRequestData;
import org.apache.kafka.common.message.DeleteTopicsRequestData.DeleteTopicState;
import org.apache.kafka.common.message.DeleteTopicsResponseData;
import org.apache.kafka.common.message.DeleteTopicsResponseData.DeletableTopicResult;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopicHandlersTest {
    @TempDir
    Path directory;
    private AdminFixture admin;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private CreateTopicsHandler creating(TopicCreation creation) {
        return new CreateTopicsHandler(admin.metadata, admin.newTopics, admin.entries, creation, admin.charging);
    }

    private CreatableTopicResult create(CreatableTopic topic, boolean validateOnly) throws Exception {
        return create(validateOnly, topic).topics().find(topic.name());
    }

    private CreateTopicsResponseData create(boolean validateOnly, CreatableTopic... topics) throws Exception {
        CreateTopicsRequestData body = new CreateTopicsRequestData().setTimeoutMs(10_000).setValidateOnly(validateOnly);
        for (CreatableTopic topic : topics) {
            body.topics().add(topic);
        }
        return ask(creating(admin.creation()), ApiKeys.CREATE_TOPICS, 7, body, CreateTopicsResponseData.class);
    }

    private static CreatableTopic topic(String name, int partitions, int factor) {
        return new CreatableTopic().setName(name).setNumPartitions(partitions).setReplicationFactor((short) factor);
    }

    private static CreatableTopic configured(String name, String config, String value) {
        CreatableTopic topic = topic(name, 1, 1);
        topic.configs().add(new CreatableTopicConfig().setName(config).setValue(value));
        return topic;
    }

    private static CreatableTopic assigned(String name, Map<Integer, List<Integer>> replicas) {
        CreatableTopic topic = topic(name, -1, -1);
        replicas.forEach((partition, brokers) -> topic.assignments().add(new CreatableReplicaAssignment().setPartitionIndex(partition).setBrokerIds(brokers)));
        return topic;
    }

    @Test
    void aTopicIsCreatedWithDefaultsAndDescribedInTheAnswer() throws Exception {
        CreatableTopicResult result = create(topic("new", -1, -1), false);

        assertThat(result.errorCode()).isZero();
        assertThat(result.numPartitions()).isEqualTo(2);
        assertThat(result.replicationFactor()).isEqualTo((short) 1);
        assertThat(result.configs()).anySatisfy(config -> {
            assertThat(config.name()).isEqualTo("remote.storage.enable");
            assertThat(config.value()).isEqualTo("true");
        });
        TopicView topic = admin.view().topic("new").orElseThrow();
        assertThat(topic.id()).isEqualTo(result.topicId());
        assertThat(topic.partitions()).hasSize(2);
    }

    @Test
    void validateOnlyChangesNothing() throws Exception {
        CreatableTopicResult result = create(topic("dry", 3, 1), true);

        assertThat(result.errorCode()).isZero();
        assertThat(result.numPartitions()).isEqualTo(3);
        assertThat(admin.view().topic("dry")).isEmpty();
    }

    @Test
    void manualAssignmentsAreKept() throws Exception {
        assertThat(create(assigned("manual", Map.of(0, List.of(1), 1, List.of(1))), false).errorCode()).isZero();

        assertThat(admin.view().topic("manual").orElseThrow().partitions()).hasSize(2);
    }

    @Test
    void whatCannotBeCreatedIsRefusedWithKafkasError() throws Exception {
        admin.topic("a.b", 1);
        Map<CreatableTopic, Errors> refused = Map.ofEntries(
                Map.entry(topic("a.b", 1, 1), Errors.TOPIC_ALREADY_EXISTS),
                Map.entry(topic("a_b", 1, 1), Errors.INVALID_TOPIC_EXCEPTION),
                Map.entry(topic("bad name", 1, 1), Errors.INVALID_TOPIC_EXCEPTION),
                Map.entry(topic("x".repeat(250), 1, 1), Errors.INVALID_TOPIC_EXCEPTION),
                Map.entry(topic("..", 1, 1), Errors.INVALID_TOPIC_EXCEPTION),
                Map.entry(topic("zero", 0, 1), Errors.INVALID_PARTITIONS),
                Map.entry(topic("minus", -2, 1), Errors.INVALID_PARTITIONS),
                Map.entry(topic("nofactor", 1, 0), Errors.INVALID_REPLICATION_FACTOR),
                Map.entry(topic("three", 1, 3), Errors.INVALID_REPLICATION_FACTOR),
                Map.entry(topic("__cluster_metadata", 1, 1), Errors.INVALID_REQUEST),
                Map.entry(configured("badconfig", "segment.bytes", "tiny"), Errors.INVALID_CONFIG),
                Map.entry(configured("unknownconfig", "nope", "1"), Errors.INVALID_CONFIG),
                Map.entry(configured("nullconfig", "retention.ms", null), Errors.INVALID_CONFIG),
                Map.entry(assigned("gap", Map.of(0, List.of(1), 2, List.of(1))), Errors.INVALID_REPLICA_ASSIGNMENT),
                Map.entry(assigned("ghost", Map.of(0, List.of(9))), Errors.INVALID_REPLICA_ASSIGNMENT),
                Map.entry(assigned("twice", Map.of(0, List.of(1, 1))), Errors.INVALID_REPLICA_ASSIGNMENT),
                Map.entry(assigned("nobody", Map.of(0, List.of())), Errors.INVALID_REPLICA_ASSIGNMENT),
                Map.entry(assigned("both", Map.of(0, List.of(1))).setNumPartitions(1), Errors.INVALID_REQUEST));

        CreateTopicsResponseData response = create(false, refused.keySet().toArray(CreatableTopic[]::new));

        refused.forEach((topic, error) -> assertThat(Errors.forCode(response.topics().find(topic.name()).errorCode())).as(topic.name()).isEqualTo(error));
        assertThat(admin.view().topics()).containsOnlyKeys("a.b");
    }

    @Test
    void aTopicNamedTwiceIsRefusedAndTheOthersAreCreated() throws Exception {
        CreateTopicsResponseData response = create(false, topic("twin", 1, 1), topic("twin", 2, 1), topic("single", 1, 1));

        assertThat(response.topics().findAll("twin")).extracting(CreatableTopicResult::errorCode).containsExactly(Errors.INVALID_REQUEST.code());
        assertThat(admin.view().topics()).containsOnlyKeys("single");
    }

    @Test
    void tooManyPartitionsInOneRequestAreRefusedAsAWhole() throws Exception {
        CreateTopicsResponseData response = create(false, topic("large", 9_999, 1), topic("small", 2, 1));

        assertThat(response.topics()).extracting(CreatableTopicResult::errorCode).containsOnly(Errors.POLICY_VIOLATION.code());
        assertThat(admin.view().topics()).isEmpty();
    }

    @Test
    void creationWaitsForService() throws Exception {
        CompletableFuture<Void> serving = new CompletableFuture<>();
        CreateTopicsHandler handler = creating(admin.creation(topic -> serving));
        CreateTopicsRequestData body = new CreateTopicsRequestData().setTimeoutMs(60_000);
        body.topics().add(topic("slow", 1, 1));
        TestRequest request = TestRequest.of(ApiKeys.CREATE_TOPICS, 7, body);

        handler.handle(request);
        admin.metadata.submit(new Command.AllocateProducerIds(1)).join();
        assertThat(request.answered()).isFalse();
        serving.complete(null);
        assertThat(request.answer(CreateTopicsResponseData.class).topics().find("slow").errorCode()).isZero();
    }

    @Test
    void aTopicThatIsCreatedButNotServedInTimeIsReportedAsCreated() throws Exception {
        BlockingQueue<Runnable> timers = new LinkedBlockingQueue<>();
        Timer byHand = (delayMs, task) -> {
            timers.add(task);
            return () -> {};
        };
        CreateTopicsHandler handler = creating(new TopicCreation(admin.metadata, admin.commands, topic -> new CompletableFuture<>(), byHand));
        CreateTopicsRequestData body = new CreateTopicsRequestData().setTimeoutMs(60_000);
        body.topics().add(topic("never", 1, 1));
        TestRequest request = TestRequest.of(ApiKeys.CREATE_TOPICS, 7, body);

        handler.handle(request);
        timers.poll(30, TimeUnit.SECONDS).run();

        assertThat(request.answer(CreateTopicsResponseData.class).topics().find("never").errorCode()).isZero();
    }

    // Deleting

    private List<DeletableTopicResult> delete(DeleteTopicState... topics) throws Exception {
        DeleteTopicsRequestData body = new DeleteTopicsRequestData().setTimeoutMs(10_000).setTopics(List.of(topics));
        return List.copyOf(ask(new DeleteTopicsHandler(admin.metadata, admin.commands, admin.charging), ApiKeys.DELETE_TOPICS, 6, body, DeleteTopicsResponseData.class).responses());
    }

    private static DeleteTopicState named(String name) {
        return new DeleteTopicState().setName(name);
    }

    private static DeleteTopicState identified(Uuid id) {
        return new DeleteTopicState().setName(null).setTopicId(id);
    }

    @Test
    void topicsAreDeletedByNameAndById() throws Exception {
        admin.topic("first", 1);
        TopicView second = admin.topic("second", 1);

        List<DeletableTopicResult> results = delete(named("first"), identified(second.id()));

        assertThat(results).extracting(DeletableTopicResult::errorCode).containsOnly((short) 0);
        assertThat(results).extracting(DeletableTopicResult::name).containsExactlyInAnyOrder("first", "second");
        assertThat(admin.view().topics()).isEmpty();
    }

    @Test
    void whatCannotBeDeletedIsRefusedWithKafkasError() throws Exception {
        TopicView kept = admin.topic("kept", 1);

        assertThat(delete(named("nope"))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        assertThat(delete(identified(Uuid.randomUuid()))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.UNKNOWN_TOPIC_ID.code());
        assertThat(delete(named("kept"), named("kept"))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.INVALID_REQUEST.code());
        assertThat(delete(identified(Uuid.ZERO_UUID))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.INVALID_REQUEST.code());
        assertThat(delete(named("kept").setTopicId(kept.id()))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.INVALID_REQUEST.code());
        assertThat(admin.view().topic("kept")).isPresent();
    }

    @Test
    void aTopicAskedForByNameAndByIdStaysAndIsRefusedOnce() throws Exception {
        TopicView topic = admin.topic("both", 1);

        List<DeletableTopicResult> results = delete(named("both"), identified(topic.id()));

        assertThat(results).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.INVALID_REQUEST.code());
        assertThat(results).extracting(DeletableTopicResult::name).containsExactly("both");
        assertThat(admin.view().topic("both")).isPresent();
    }

    @Test
    void oldVersionsDeleteByName() throws Exception {
        admin.topic("old", 1);
        DeleteTopicsRequestData body = new DeleteTopicsRequestData().setTimeoutMs(10_000).setTopicNames(List.of("old"));

        DeleteTopicsResponseData response = ask(new DeleteTopicsHandler(admin.metadata, admin.commands, admin.charging), ApiKeys.DELETE_TOPICS, 1, body, DeleteTopicsResponseData.class);

        assertThat(response.responses().find("old").errorCode()).isZero();
    }

    // Growing

    private Errors grow(CreatePartitionsTopic topic, boolean validateOnly) throws Exception {
        CreatePartitionsRequestData body = new CreatePartitionsRequestData().setTimeoutMs(10_000).setValidateOnly(validateOnly);
        body.topics().add(topic);
        CreatePartitionsResponseData response = ask(new CreatePartitionsHandler(admin.metadata, admin.creation(), admin.charging), ApiKeys.CREATE_PARTITIONS, 3, body, CreatePartitionsResponseData.class);
        return Errors.forCode(response.results().get(0).errorCode());
    }

    private static CreatePartitionsTopic to(int count) {
        return new CreatePartitionsTopic().setName("grown").setCount(count).setAssignments(null);
    }

    @Test
    void aTopicGrows() throws Exception {
        admin.topic("grown", 2);

        assertThat(grow(to(4), true)).isEqualTo(Errors.NONE);
        assertThat(admin.view().topic("grown").orElseThrow().partitions()).hasSize(2);
        assertThat(grow(to(4), false)).isEqualTo(Errors.NONE);
        assertThat(admin.view().topic("grown").orElseThrow().partitions()).hasSize(4);
        assertThat(grow(to(5).setAssignments(List.of(new CreatePartitionsAssignment().setBrokerIds(List.of(1)))), false)).isEqualTo(Errors.NONE);
    }

    @Test
    void aTopicThatCannotGrowSoIsRefused() throws Exception {
        admin.topic("grown", 2);

        assertThat(grow(to(2), false)).isEqualTo(Errors.INVALID_PARTITIONS);
        assertThat(grow(to(1), false)).isEqualTo(Errors.INVALID_PARTITIONS);
        assertThat(grow(new CreatePartitionsTopic().setName("nope").setCount(2).setAssignments(null), false)).isEqualTo(Errors.UNKNOWN_TOPIC_OR_PARTITION);
        assertThat(grow(to(4).setAssignments(List.of(new CreatePartitionsAssignment().setBrokerIds(List.of(1)))), false)).isEqualTo(Errors.INVALID_REPLICA_ASSIGNMENT);
        assertThat(grow(to(3).setAssignments(List.of(new CreatePartitionsAssignment().setBrokerIds(List.of(7)))), false)).isEqualTo(Errors.INVALID_REPLICA_ASSIGNMENT);
        assertThat(grow(to(20_000), false)).isEqualTo(Errors.POLICY_VIOLATION);
    }

    // Quotas

    private CreateTopicsResponseData createAs(int version, String... names) throws Exception {
        CreateTopicsRequestData body = new CreateTopicsRequestData().setTimeoutMs(10_000);
        for (String name : names) {
            body.topics().add(new CreatableTopic().setName(name).setNumPartitions(6).setReplicationFactor((short) 1));
        }
        return ask(creating(admin.creation()), ApiKeys.CREATE_TOPICS, version, body, CreateTopicsResponseData.class);
    }

    @Test
    void whatGoesOverTheQuotaForChangesIsRefusedTopicByTopicUntilItsTimeIsUp() throws Exception {
        admin.limitMutations(1);

        CreateTopicsResponseData over = createAs(7, "a", "b", "c", "d");

        assertThat(over.topics()).extracting(CreatableTopicResult::name, topic -> Errors.forCode(topic.errorCode())).containsExactly(
                tuple("a", Errors.NONE), tuple("b", Errors.NONE), tuple("c", Errors.THROTTLING_QUOTA_EXCEEDED), tuple("d", Errors.THROTTLING_QUOTA_EXCEEDED));
        assertThat(over.topics().find("c").errorMessage()).isEqualTo("The throttling quota has been exceeded.");
        assertThat(over.throttleTimeMs()).as("twelve partitions, eleven at once, one a second").isEqualTo(1_000);
        assertThat(admin.view().topics()).containsOnlyKeys("a", "b");
        admin.clock.advanceMs(999);
        assertThat(createAs(7, "c").throttleTimeMs()).isEqualTo(1);
        admin.clock.advanceMs(1);
        CreateTopicsResponseData later = createAs(7, "c");
        assertThat(later.topics().find("c").errorCode()).isZero();
        assertThat(later.throttleTimeMs()).as("the next has to wait, not this one").isZero();
    }

    @Test
    void whatCannotBeDoneCostsNothingAndWhatIsOnlyTriedDoes() throws Exception {
        admin.topic("there", 1);
        admin.limitMutations(1);
        for (int i = 0; i < 10; i++) {
            assertThat(Errors.forCode(createAs(7, "there").topics().find("there").errorCode())).isEqualTo(Errors.TOPIC_ALREADY_EXISTS);
            assertThat(delete(named("nope"))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.UNKNOWN_TOPIC_OR_PARTITION.code());
        }
        assertThat(create(true, new CreatableTopic().setName("tried").setNumPartitions(12).setReplicationFactor((short) 1)).throttleTimeMs()).isZero();
        assertThat(create(true, new CreatableTopic().setName("tried").setNumPartitions(12).setReplicationFactor((short) 1)).throttleTimeMs()).isEqualTo(1_000);
    }

    @Test
    void clientsOfOlderVersionsGetItDoneAndAreToldToWait() throws Exception {
        admin.limitMutations(2);

        CreateTopicsResponseData over = createAs(5, "a", "b", "c", "d", "e");

        assertThat(over.topics()).extracting(CreatableTopicResult::errorCode).containsOnly((short) 0);
        assertThat(over.throttleTimeMs()).as("thirty partitions, twenty-two at once").isEqualTo(4_000);
        assertThat(admin.view().topics()).hasSize(5);
        DeleteTopicsRequestData body = new DeleteTopicsRequestData().setTimeoutMs(10_000).setTopicNames(List.of("a"));
        DeleteTopicsHandler deleting = new DeleteTopicsHandler(admin.metadata, admin.commands, admin.charging);
        assertThat(ask(deleting, ApiKeys.DELETE_TOPICS, 4, body, DeleteTopicsResponseData.class).throttleTimeMs()).isEqualTo(7_000);
        DeleteTopicsResponseData refused = ask(deleting, ApiKeys.DELETE_TOPICS, 5, new DeleteTopicsRequestData().setTimeoutMs(10_000).setTopicNames(List.of("b")), DeleteTopicsResponseData.class);
        assertThat(Errors.forCode(refused.responses().find("b").errorCode())).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(refused.throttleTimeMs()).isEqualTo(7_000);
        assertThat(admin.view().topics()).containsOnlyKeys("b", "c", "d", "e");
    }

    @Test
    void partitionsOfTopicsThatAreDeletedOrGrowCountToo() throws Exception {
        admin.topic("grown", 2);
        admin.topic("gone", 13);
        admin.limitMutations(1);

        assertThat(grow(to(3), false)).isEqualTo(Errors.NONE);
        assertThat(delete(named("gone"))).extracting(DeletableTopicResult::errorCode).containsExactly((short) 0);
        assertThat(grow(to(4), false)).isEqualTo(Errors.THROTTLING_QUOTA_EXCEEDED);
        assertThat(grow(to(3), false)).as("asked first whether it could be done at all").isEqualTo(Errors.INVALID_PARTITIONS);
        assertThat(delete(named("grown"))).extracting(DeletableTopicResult::errorCode).containsExactly(Errors.THROTTLING_QUOTA_EXCEEDED.code());
        assertThat(admin.view().topic("grown").orElseThrow().partitions()).hasSize(3);
        admin.clock.advanceMs(3_000);
        assertThat(delete(named("grown"))).extracting(DeletableTopicResult::errorCode).containsExactly((short) 0);
    }
}
