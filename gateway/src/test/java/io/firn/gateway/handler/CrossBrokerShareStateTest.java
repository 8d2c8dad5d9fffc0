package io.firn.gateway.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.firn.gateway.api.ApiTable;
import io.firn.gateway.api.ServedApi;
import io.firn.gateway.api.Timer;
import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.group.GroupSettings;
import io.firn.gateway.partition.TestPartitions;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.rig.Await;
import io.firn.gateway.share.ShareCoordination;
import io.firn.gateway.share.ShareGroups;
import io.firn.gateway.share.ShareSettings;
import io.firn.gateway.share.StatePersister;
import io.firn.gateway.share.StateTopic;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.server.share.persister.GroupTopicPartitionData;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateParameters;
import org.apache.kafka.server.share.persister.InitializeShareGroupStateResult;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.apache.kafka.server.share.persister.PartitionAllData;
import org.apache.kafka.server.share.persister.PartitionFactory;
import org.apache.kafka.server.share.persister.PersisterStateBatch;
import org.apache.kafka.server.share.persister.ReadShareGroupStateParameters;
import org.apache.kafka.server.share.persister.TopicData;
import org.apache.kafka.server.share.persister.WriteShareGroupStateParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The state of share groups kept with a coordinator on another broker: broker 1 leads all of it, broker 2 asks. */
class CrossBrokerShareStateTest {
    private static final int OTHER = 2;

    @TempDir
    Path directory;
    private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(1);
    private final Timer timer = Timer.on(scheduler);
    private final EventLoop loop = new DefaultEventLoop();
    private final HandlerPeers peers = new HandlerPeers();
    private final List<AutoCloseable> open = new ArrayList<>();
    private TestPartitions broker;
    private StatePersister persister;
    private Uuid topic;

    @BeforeEach
    void open() {
        broker = new TestPartitions(directory);
        broker.createTopic("t", 40, Map.of());
        topic = broker.metadata.view().topic("t").orElseThrow().id();
        StateTopic state = new StateTopic(broker.metadata, any -> CompletableFuture.completedFuture(null), 2, view -> 1);
        Coordination<ShareCoordinator> here = coordination(broker);
        ShareGroups groups = new ShareGroups(new ShareGroups.Ground(broker.partitions, broker.metadata::view, () -> GroupSettings.of(new BrokerConfig.Group(1, 1, 1, Map.of())), here, state,
                NoOpStatePersister::new, timer, InstantSource.system(), () -> 0));
        List<ServedApi> served = groups.stateApis();
        peers.put(TestPartitions.BROKER, new ApiTable(served));
        Coordination<ShareCoordinator> elsewhere = ShareCoordination.of(OTHER, 2, () -> {
            throw new AssertionError("nothing is coordinated there");
        }, broker.metadata, broker.elsewhere(), InstantSource.system());
        open.add(elsewhere);
        persister = new StatePersister(elsewhere, state, new Peers(OTHER, broker.metadata::view, peers, loop), timer);
    }

    private Coordination<ShareCoordinator> coordination(TestPartitions of) {
        Coordination<ShareCoordinator> made = ShareCoordination.of(TestPartitions.BROKER, 2, () -> ShareSettings.of(Map.of()), of.metadata, of.partitions, InstantSource.system());
        made.start();
        open.add(made);
        return made;
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable one : open) {
            one.close();
        }
        broker.close();
        scheduler.shutdownNow();
        loop.shutdownGracefully();
        assertThat(peers.held).as("answers not given back").hasValue(0);
    }

    private InitializeShareGroupStateResult initialize(int partitions) {
        return Await.get(persister.initializeState(new InitializeShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g", List.of(new TopicData<>(topic,
                IntStream.range(0, partitions).mapToObj(partition -> PartitionFactory.newPartitionStateData(partition, 0, 5)).toList())))).build()));
    }

    private Errors write(long start) {
        return Errors.forCode(Await.get(persister.writeState(new WriteShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g", List.of(new TopicData<>(topic,
                List.of(PartitionFactory.newPartitionStateBatchData(0, 0, start, 0, 0, List.of(new PersisterStateBatch(start, start + 4, (byte) 0, (short) 1)))))))).build()))
                .topicsData().get(0).partitions().get(0).errorCode());
    }

    private PartitionAllData read() {
        return Await.get(persister.readState(new ReadShareGroupStateParameters.Builder().setGroupTopicPartitionData(new GroupTopicPartitionData<>("g",
                List.of(new TopicData<>(topic, List.of(PartitionFactory.newPartitionIdLeaderEpochData(0, 0)))))).build())).topicsData().get(0).partitions().get(0);
    }

    @Test
    void stateIsKeptByTheCoordinatorOnTheOtherBroker() {
        assertThat(initialize(40).topicsData()).singleElement().satisfies(topicData -> assertThat(topicData.partitions()).hasSize(40).allMatch(partition -> partition.errorCode() == 0));
        assertThat(write(9)).isEqualTo(Errors.NONE);

        PartitionAllData state = read();

        assertThat(Errors.forCode(state.errorCode())).isEqualTo(Errors.NONE);
        assertThat(state.startOffset()).isEqualTo(9);
        assertThat(state.stateBatches()).singleElement().satisfies(batch -> assertThat(batch.lastOffset()).isEqualTo(13));
    }

    @Test
    void aQuestionThatIsLostIsAskedAgain() {
        initialize(1);
        peers.requestsToLose.set(2);
        assertThat(write(9)).isEqualTo(Errors.NONE);
        peers.repliesToLose.set(1);
        assertThat(write(10)).isEqualTo(Errors.NONE);
        assertThat(read().startOffset()).isEqualTo(10);
    }
}
