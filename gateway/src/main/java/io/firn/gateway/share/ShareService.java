package io.firn.gateway.share;

import io.firn.gateway.coordinator.CoordinatorService;
import io.firn.gateway.coordinator.LogLoader;
import io.firn.gateway.coordinator.LogWriter;
import io.firn.gateway.coordinator.MetadataMirror;
import io.firn.gateway.partition.Partitions;
import io.firn.membership.ClusterView;
import java.time.InstantSource;
import java.util.OptionalInt;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.coordinator.share.ShareCoordinator;
import org.apache.kafka.coordinator.share.ShareCoordinatorRecordSerde;
import org.apache.kafka.coordinator.share.ShareCoordinatorService;
import org.apache.kafka.coordinator.share.metrics.ShareCoordinatorMetrics;
import org.apache.kafka.coordinator.share.metrics.ShareCoordinatorRuntimeMetrics;
import org.apache.kafka.server.util.timer.SystemTimer;
import org.apache.kafka.server.util.timer.SystemTimerReaper;
import org.apache.kafka.server.util.timer.Timer;

/**
 * Kafka's share coordinator with everything it stands on here, from start to stop. Making one starts its threads.
 *
 * <p>Threading: confined to the control thread, except {@link #api()}, which is thread-safe.
 */
final class ShareService implements CoordinatorService<ShareCoordinator> {
    private final ShareCoordinatorService service;
    private final Metrics metrics = new Metrics();
    private final MetadataMirror mirror;
    private final LogLoader loader;

    private ShareService(int brokerId, ShareSettings settings, Partitions partitions, InstantSource clock, LogLoader.Outcome loads) {
        Timer timer = new SystemTimerReaper("share-coordinator-reaper", new SystemTimer("share-coordinator"));
        this.mirror = new MetadataMirror(clock::millis);
        this.loader = new LogLoader("firn-share-loader", partitions, new ShareCoordinatorRecordSerde(), clock, loads);
        this.service = new ShareCoordinatorService.Builder(brokerId, settings.coordinator())
                .withTime(Time.SYSTEM)
                .withTimer(timer)
                .withLoader(loader)
                .withWriter(new LogWriter(partitions, ShareSettings.BATCH_BYTES))
                .withCoordinatorMetrics(new ShareCoordinatorMetrics(metrics))
                .withCoordinatorRuntimeMetrics(new ShareCoordinatorRuntimeMetrics(metrics))
                .build();
    }

    /** @param statePartitions partitions of {@code __share_group_state}, fixed for the service's life */
    static ShareService start(int brokerId, ShareSettings settings, Partitions partitions, InstantSource clock, LogLoader.Outcome loads, int statePartitions) {
        ShareService started = new ShareService(brokerId, settings, partitions, clock, loads);
        started.service.startup(() -> statePartitions);
        return started;
    }

    @Override
    public ShareCoordinator api() {
        return service;
    }

    @Override
    public LogLoader loader() {
        return loader;
    }

    @Override
    public void follow(ClusterView view) {
        mirror.advance(view).ifPresent(step -> service.onMetadataUpdate(step.delta(), step.image()));
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
    }
}
