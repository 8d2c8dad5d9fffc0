package io.firn.gateway.partition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.cold.ColdStore;
import io.firn.cold.ColdStoreConfig;
import io.firn.cold.DeadTopics;
import io.firn.cold.DeadTopics.Grave;
import io.firn.cold.sim.SimObjectStore;
import io.firn.membership.Command;
import io.firn.membership.CommandRefused;
import io.firn.membership.Metadata;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.apache.kafka.common.TopicIdPartition;
import org.apache.kafka.common.Uuid;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KnownTopicsTest {

    private static final Uuid RIVERS = new Uuid(1, 2);

    @TempDir
    Path directory;
    private Metadata metadata;
    private KnownTopics topics;

    @BeforeEach
    void open() {
        metadata = Metadata.openSingleBroker(directory, InstantSource.system(), new Random(1));
        metadata.submit(new Command.RegisterBroker(1, "localhost", 9092, Optional.empty())).join();
        topics = new KnownTopics(metadata);
    }

    @AfterEach
    void close() {
        metadata.close();
    }

    private void create() {
        metadata.submit(new Command.CreateTopic(RIVERS, "rivers", 1, 1, Map.of(), Map.of())).join();
    }

    @Test
    void aTopicThatWasDeletedIsToldFromOneThatWasNeverKnownAfterARestartToo() {
        assertThat(topics.exists(RIVERS)).isFalse();
        assertThat(topics.deleted(RIVERS)).isEmpty();
        create();
        assertThat(topics.exists(RIVERS)).isTrue();
        assertThat(topics.deleted(RIVERS)).isEmpty();
        long version = metadata.submit(new Command.DeleteTopic(RIVERS)).join().version();
        metadata.close();
        open();
        assertThat(topics.exists(RIVERS)).isFalse();
        assertThat(topics.deleted(RIVERS)).contains(new Grave(version, 0));
        metadata.submit(new Command.RestoreTopic(RIVERS, "rivers", 1, 1, 5, Map.of())).join();
        assertThat(topics.deleted(RIVERS)).as("brought back").isEmpty();
    }

    @Test
    void onlyWhatWasDeletedIsBuriedAndThenItNeverComesBack() {
        create();
        Uuid stranger = new Uuid(3, 4);
        assertThat(topics.bury(List.of(RIVERS, stranger)).join()).isEmpty();
        long version = metadata.submit(new Command.DeleteTopic(RIVERS)).join().version();
        assertThat(topics.bury(List.of(RIVERS, stranger)).join()).isEqualTo(Map.of(RIVERS, new Grave(version, 0)));
        assertThat(topics.bury(List.of(RIVERS)).join()).as("again").containsKey(RIVERS);
        assertThatThrownBy(() -> metadata.submit(new Command.RestoreTopic(RIVERS, "rivers", 1, 1, 5, Map.of())).join()).hasCauseInstanceOf(CommandRefused.class);
    }

    @Test
    void whatWasRestoredIsNotBuried() {
        create();
        metadata.submit(new Command.DeleteTopic(RIVERS)).join();
        metadata.submit(new Command.RestoreTopic(RIVERS, "rivers", 1, 1, 5, Map.of())).join();
        assertThat(topics.bury(List.of(RIVERS)).join()).isEmpty();
        assertThat(topics.exists(RIVERS)).isTrue();
    }

    /** The data directory went back to between a topic's deletion and its restoring; a leader of after that has written to the bucket. */
    @Test
    void aTopicThatTheBucketKnowsToLiveCanBeRestoredThoughTheMetadataHaveForgottenIt() {
        create();
        metadata.submit(new Command.DeleteTopic(RIVERS)).join();
        ColdStoreConfig config = new ColdStoreConfig("", metadata.view().clusterId(), 1 << 20, 16 << 20, 2, 1 << 20, 1, 5_000, 2, 1_000, false);
        try (ColdStore store = ColdStore.open(config, new SimObjectStore(), InstantSource.system(), new SimpleMeterRegistry())) {
            TopicIdPartition partition = new TopicIdPartition(RIVERS, 0, "rivers");
            store.openLog(partition, 5).join().claim().join();
            assertThat(new DeadTopics(store, topics, 0).look(() -> false)).isEqualTo(new DeadTopics.Outcome(0, 0, 1, 0, Optional.empty()));
            metadata.submit(new Command.RestoreTopic(RIVERS, "rivers", 1, 1, 6, Map.of())).join();
            store.openLog(partition, 6).join().claim().join();
        }
        assertThat(topics.exists(RIVERS)).isTrue();
    }

    @Test
    void withoutACommitNothingIsKnown() {
        create();
        metadata.submit(new Command.DeleteTopic(RIVERS)).join();
        metadata.close();
        assertThatThrownBy(() -> topics.bury(List.of(RIVERS)).join()).isNotNull();
        assertThat(topics.inCharge()).isFalse();
    }
}
