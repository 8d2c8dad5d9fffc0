package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.rig.ManualClock;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopic;
import org.apache.kafka.common.message.CreateTopicsRequestData.CreatableTopicConfig;
import org.apache.kafka.common.message.StreamsGroupHeartbeatRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StreamsTopicsTest {
    private static final long FAILURE_MS = 10_000;

    @TempDir
    Path directory;
    private final ManualClock clock = new ManualClock();
    private AdminFixture admin;
    private StreamsTopics topics;

    @BeforeEach
    void open() {
        admin = new AdminFixture(directory);
        topics = new StreamsTopics(admin.metadata, admin.newTopics, admin.creation(), clock);
    }

    @AfterEach
    void close() {
        admin.close();
    }

    private static CreatableTopic topic(String name, int partitions) {
        return new CreatableTopic().setName(name).setNumPartitions(partitions).setReplicationFactor((short) -1);
    }

    private Mutations mutations() {
        return admin.charging.strict(TestRequest.of(ApiKeys.STREAMS_GROUP_HEARTBEAT, 0, new StreamsGroupHeartbeatRequestData()));
    }

    /** The metadata thread decides in order: what was asked before is done. */
    private void done() {
        admin.topic("marker" + admin.view().version(), 1);
    }

    @Test
    void internalTopicsAreCreatedAsTheGroupNeedsThem() {
        CreatableTopic changelog = topic("app-store-changelog", 3);
        changelog.configs().add(new CreatableTopicConfig().setName("cleanup.policy").setValue("compact"));
        topics.create(List.of(changelog, topic("app-x-repartition", 2)), mutations(), FAILURE_MS);
        done();
        assertThat(admin.view().topic("app-store-changelog").orElseThrow().partitions()).hasSize(3);
        assertThat(admin.view().topic("app-store-changelog").orElseThrow().configs()).containsEntry("cleanup.policy", "compact");
        assertThat(admin.view().topic("app-x-repartition").orElseThrow().partitions()).hasSize(2);
        topics.create(List.of(changelog), mutations(), FAILURE_MS);
        done();
        assertThat(topics.failures(List.of("app-store-changelog"))).as("that it exists is no failure").isEmpty();
    }

    @Test
    void aFailureIsToldAndNotTriedAgainUntilItsTimeIsUp() {
        topics.create(List.of(topic("t", 0)), mutations(), FAILURE_MS);
        assertThat(topics.failures(List.of("t", "u"))).isEqualTo(Map.of("t", "Number of partitions was set to an invalid non-positive value."));
        topics.create(List.of(topic("t", 1)), mutations(), FAILURE_MS);
        done();
        assertThat(admin.view().topic("t")).isEmpty();
        clock.advanceMs(FAILURE_MS);
        assertThat(topics.failures(List.of("t"))).isEmpty();
        topics.create(List.of(topic("t", 1)), mutations(), FAILURE_MS);
        done();
        assertThat(admin.view().topic("t")).isPresent();
    }

    @Test
    void aTopicIsCreatedByOneHeartbeatAtATime() {
        List<String> waiting = new ArrayList<>();
        StreamsTopics slow = new StreamsTopics(admin.metadata, admin.newTopics, admin.creation(topic -> {
            waiting.add(topic.name());
            return new CompletableFuture<>();
        }), clock);
        slow.create(List.of(topic("t", 1)), mutations(), FAILURE_MS);
        slow.create(List.of(topic("t", 1)), mutations(), FAILURE_MS);
        done();
        assertThat(waiting).containsExactly("t");
        assertThat(slow.failures(List.of("t"))).isEmpty();
    }

    @Test
    void onlySoManyFailuresAreRemembered() {
        List<String> names = IntStream.range(0, StreamsTopics.MAX_FAILURES + 1).mapToObj(i -> "t" + i).toList();
        topics.create(names.stream().map(name -> topic(name, 0)).toList(), mutations(), FAILURE_MS);
        assertThat(topics.failures(names)).hasSize(StreamsTopics.MAX_FAILURES);
        clock.advanceMs(FAILURE_MS);
        topics.create(List.of(topic("other", 0)), mutations(), FAILURE_MS);
        assertThat(topics.failures(List.of("other"))).as("those that are over make room").hasSize(1);
    }

    @Test
    void aClientOverItsQuotaForChangesGetsNoInternalTopicsAndIsToldWhy() {
        admin.limitMutations(1);
        topics.create(List.of(topic("first", 20), topic("second", 1)), mutations(), FAILURE_MS);
        done();
        assertThat(admin.view().topic("first")).isPresent();
        assertThat(admin.view().topic("second")).isEmpty();
        assertThat(topics.failures(List.of("first", "second"))).isEqualTo(Map.of("second", "The throttling quota has been exceeded."));
    }
}
