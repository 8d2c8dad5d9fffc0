package io.firn.gateway.group;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.firn.gateway.config.BrokerConfig;
import io.firn.gateway.coordinator.Caller;
import io.firn.gateway.coordinator.Coordination;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.peer.Peers;
import io.firn.gateway.rig.Await;
import io.firn.membership.Metadata;
import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.common.message.JoinGroupRequestData;
import org.apache.kafka.common.message.ListGroupsRequestData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The life of the coordinator on a broker that leads no partition of the offsets topic; with partitions, see GroupsIT. */
class GroupCoordinationTest {
    private static final Caller CALLER = new Caller("test", InetAddress.getLoopbackAddress(), ApiKeys.JOIN_GROUP.id, 9, 1);

    @TempDir
    Path directory;
    private final AtomicInteger started = new AtomicInteger();
    private final EventLoop loop = new DefaultEventLoop();
    private Metadata metadata;
    private Coordination<GroupCoordinator> coordination;

    @BeforeEach
    void open() {
        metadata = Metadata.openSingleBroker(directory, InstantSource.system(), new Random(1));
        coordination = GroupCoordination.of(Peers.none(1, metadata::view, loop), 7, this::settings, NoOpStatePersister::new, metadata, new Partitions(metadata::view), TransactionAdmission.NONE, InstantSource.system());
        coordination.start();
    }

    @AfterEach
    void close() {
        coordination.close();
        metadata.close();
        loop.shutdownGracefully();
    }

    private GroupSettings settings() {
        if (started.incrementAndGet() == 1 && failFirst) {
            throw new IllegalStateException("no settings yet");
        }
        return GroupSettings.of(new BrokerConfig.Group(7, 3, 1, Map.of("group.initial.rebalance.delay.ms", "0")));
    }

    private boolean failFirst;

    private GroupCoordinator serving() {
        return Await.until(coordination::serving, Optional::isPresent).orElseThrow();
    }

    @Test
    void nothingIsStartedBeforeSomebodyAsksForAGroup() {
        assertThat(started).hasValue(0);
        assertThat(coordination.serving()).isEmpty();
    }

    @Test
    void theCoordinatorServesAndAnswersForPartitionsItDoesNotLead() throws Exception {
        GroupCoordinator serving = serving();

        assertThat(Errors.forCode(serving.joinGroup(CALLER, new JoinGroupRequestData().setGroupId("g").setSessionTimeoutMs(10_000), BufferSupplier.NO_CACHING)
                .get(30, TimeUnit.SECONDS).errorCode())).isEqualTo(Errors.NOT_COORDINATOR);
        assertThat(serving.listGroups(CALLER, new ListGroupsRequestData()).get(30, TimeUnit.SECONDS).groups()).isEmpty();
    }

    @Test
    void theOffsetsTopicWillHaveAsManyPartitionsAsSet() throws Exception {
        assertThat(List.of("a", "b", "group", "x-1")).allSatisfy(group -> assertThat(serving().partitionFor(group)).isBetween(0, 6));
    }

    @Test
    void aFailedStartIsTriedAgainAtTheNextRequest() throws Exception {
        failFirst = true;

        assertThat(serving()).isNotNull();
        assertThat(started.get()).isGreaterThanOrEqualTo(2);
    }

    @Test
    void allThreadsEndWithIt() throws Exception {
        serving();
        assertThat(threads()).isNotEmpty();

        coordination.close();

        Await.until("the threads end", () -> threads().isEmpty());
        assertThat(coordination.serving()).isEmpty();
    }

    @Test
    void settingsThatKafkaRefusesAreRefused() {
        assertThatThrownBy(() -> GroupSettings.of(new BrokerConfig.Group(7, 3, 1, Map.of("group.initial.rebalance.delay.ms", "soon"))))
                .isInstanceOf(org.apache.kafka.common.config.ConfigException.class);
    }

    private static List<String> threads() {
        return Thread.getAllStackTraces().keySet().stream().map(Thread::getName)
                .filter(name -> name.startsWith("group-coordinator") || name.startsWith("firn-group")).toList();
    }
}
