package io.firn.gateway.group;

import com.yammer.metrics.core.MetricsRegistry;
import io.firn.gateway.partition.Partitions;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.group.GroupConfigManager;
import org.apache.kafka.coordinator.group.GroupCoordinator;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;
import org.apache.kafka.coordinator.group.GroupCoordinatorService;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorMetrics;
import org.apache.kafka.coordinator.group.metrics.GroupCoordinatorRuntimeMetrics;
import org.apache.kafka.server.share.persister.NoOpStatePersister;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;

/**
 * Kafka's group coordinator with everything it stands on here, from start to stop. Making one loads a thousand classes and starts its threads.
 *
 * <p>Its metrics go to registries of its own, so that two brokers in one process do not share them.
 *
 * <p>Threading: confined to the control thread, except {@link #api()}, which is thread-safe.
 */
final class CoordinatorService {
    private final GroupCoordinatorService service;
    private final Metrics metrics = new Metrics();
    private final MetricsRegistry yammer = new MetricsRegistry();

    private CoordinatorService(int brokerId, GroupSettings settings, Partitions partitions, InstantSource clock, LogLoader.Outcome loads) {
        this.service = new GroupCoordinatorService.Builder(brokerId, settings.coordinator())
                .withTime(Time.SYSTEM)
                .withTimer(new SystemTimerReaper("group-coordinator-reaper", new SystemTimer("group-coordinator")))
                .withLoader(new LogLoader(partitions, new GroupCoordinatorRecordSerde(), clock, loads))
                .withWriter(new LogWriter(partitions))
                .withCoordinatorRuntimeMetrics(new GroupCoordinatorRuntimeMetrics(metrics))
                .withGroupCoordinatorMetrics(new GroupCoordinatorMetrics(yammer, metrics))
                .withGroupConfigManager(new GroupConfigManager(settings.groupDefaults(), settings.coordinator(), settings.share()))
                // Share groups are not served yet: their requests never get here.
                .withPersister(new NoOpStatePersister())
                .withAuthorizerPlugin(Optional.empty())
                .withPartitionMetadataClient(new LatestOffsets(partitions))
                .build();
    }

    /** @param offsetsPartitions partitions of {@code __consumer_offsets}, fixed for the service's life */
    static CoordinatorService start(int brokerId, GroupSettings settings, Partitions partitions, InstantSource clock, LogLoader.Outcome loads, int offsetsPartitions) {
        CoordinatorService started = new CoordinatorService(brokerId, settings, partitions, clock, loads);
        started.service.startup(() -> offsetsPartitions);
        return started;
    }

    GroupCoordinator api() {
        return service;
    }

    /** May block until pending writes of groups that used a deleted topic are committed, or time out. */
    void metadata(MetadataMirror.Step step) {
        service.onMetadataUpdate(step.delta(), step.image());
    }

    void elected(int partition, int leaderEpoch) {
        service.onElection(partition, leaderEpoch);
    }

    void resigned(int partition) {
        service.onResignation(partition, OptionalInt.empty());
    }

    void groupConfig(String group, Map<String, String> configs) {
        Properties properties = new Properties();
        properties.putAll(configs);
        service.updateGroupConfig(group, properties);
    }

    /** Stops all threads. */
    void stop() {
        service.shutdown();
        metrics.close();
        yammer.shutdown();
    }
}
