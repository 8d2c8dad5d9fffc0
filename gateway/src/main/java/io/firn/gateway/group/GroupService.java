package io.firn.gateway.group;

import com.yammer.metrics.core.MetricsRegistry;
import io.firn.gateway.coordinator.CoordinatorService;
import io.firn.gateway.coordinator.LogLoader;
import io.firn.gateway.coordinator.LogWriter;
import io.firn.gateway.coordinator.MetadataMirror;
import io.firn.gateway.coordinator.TransactionAdmission;
import io.firn.gateway.partition.Partitions;
import io.firn.gateway.peer.Peers;
import io.firn.membership.ClusterView;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorService;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorRuntimeMetrics;
import org.apache.kafka.server.share.persister.Persister;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;

/**
 * Kafka's group coordinator with everything it stands on here, from start to stop. Making one loads a thousand classes and starts its threads.
 *
 * <p>Its metrics go to registries of its own, so that two brokers in one process do not share them.
 *
 * <p>Threading: confined to the control thread, except {@link #api()}, which is thread-safe.
 */
final class GroupService implements CoordinatorService<GroupCoordinator> {
    private final GroupCoordinatorService service;
    private final Metrics metrics = new Metrics();
    private final MetricsRegistry yammer = new MetricsRegistry();
    private final MetadataMirror mirror;
    private final LogLoader loader;
    private Map<String, Map<String, String>> groupConfigs = Map.of();

    private GroupService(Peers peers, GroupSettings settings, Persister shareState, Partitions partitions, TransactionAdmission admission, InstantSource clock, LogLoader.Outcome loads) {
        this.mirror = new MetadataMirror(clock::millis);
        this.loader = new LogLoader("firn-group-loader", partitions, new GroupCoordinatorRecordSerde(), clock, loads);
        this.service = new GroupCoordinatorService.Builder(peers.brokerId(), settings.coordinator())
                .withTime(Time.SYSTEM)
                .withTimer(new SystemTimerReaper("group-coordinator-reaper", new SystemTimer("group-coordinator")))
                .withLoader(loader)
                .withWriter(new LogWriter(partitions, GroupSettings.BATCH_BYTES, admission))
                .withCoordinatorRuntimeMetrics(new GroupCoordinatorRuntimeMetrics(metrics))
                .withGroupCoordinatorMetrics(new GroupCoordinatorMetrics(yammer, metrics))
                .withGroupConfigManager(new GroupConfigManager(settings.groupDefaults(), settings.coordinator(), settings.share()))
                .withPersister(shareState)
                .withAuthorizerPlugin(Optional.empty())
                .withPartitionMetadataClient(new LatestOffsets(partitions, peers))
                .build();
    }

    /** @param offsetsPartitions partitions of {@code __consumer_offsets}, fixed for the service's life */
    static GroupService start(Peers peers, GroupSettings settings, Persister shareState, Partitions partitions, TransactionAdmission admission, InstantSource clock,
            LogLoader.Outcome loads, int offsetsPartitions) {
        GroupService started = new GroupService(peers, settings, shareState, partitions, admission, clock, loads);
        started.service.startup(() -> offsetsPartitions);
        return started;
    }

    @Override
    public GroupCoordinator api() {
        return service;
    }

    @Override
    public LogLoader loader() {
        return loader;
    }

    @Override
    public void follow(ClusterView view) {
        mirror.advance(view).ifPresent(step -> service.onMetadataUpdate(step.delta(), step.image()));
        applyGroupConfigs(view.groupConfigs());
    }

    private void applyGroupConfigs(Map<String, Map<String, String>> next) {
        if (next == groupConfigs) {
            return;
        }
        Set<String> groups = new HashSet<>(groupConfigs.keySet());
        groups.addAll(next.keySet());
        for (String group : groups) {
            Map<String, String> configs = next.getOrDefault(group, Map.of());
            if (!configs.equals(groupConfigs.getOrDefault(group, Map.of()))) {
                Properties properties = new Properties();
                properties.putAll(configs);
                service.updateGroupConfig(group, properties);
            }
        }
        groupConfigs = next;
    }

    @Override
    public void elected(int partition, int leaderEpoch) {
        service.onElection(partition, leaderEpoch);
    }

    @Override
    public void resigned(int partition) {
        service.onResignation(partition, OptionalInt.empty());
    }

    @Override
    public void stop() {
        service.shutdown();
        metrics.close();
        yammer.shutdown();
    }
}
