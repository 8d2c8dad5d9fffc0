package io.firn.gateway.share;

import io.firn.gateway.group.GroupSettings;
import io.firn.membership.ClusterView;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.coordinator.group.GroupConfig;
import org.apache.kafka.coordinator.group.ShareGroupAutoOffsetResetStrategy;

/**
 * The configs of share groups, as the cluster view has them over {@code group.settings}.
 *
 * <p>Limit: what was worked out is kept for at most {@value #KEPT} groups; then all is forgotten and worked out anew. Thread-safe.
 */
final class GroupConfigs {
    private static final int KEPT = 1_000;

    private final Supplier<GroupSettings> settings;
    private final Supplier<ClusterView> view;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    private record Known(Map<String, String> configs, GroupConfig parsed) {}

    GroupConfigs(Supplier<GroupSettings> settings, Supplier<ClusterView> view) {
        this.settings = settings;
        this.view = view;
    }

    private GroupConfig of(String group) {
        Map<String, String> configs = view.get().groupConfigs().getOrDefault(group, Map.of());
        Known last = known.get(group);
        if (last == null || !last.configs().equals(configs)) {
            if (known.size() >= KEPT) {
                known.clear();
            }
            last = new Known(configs, settings.get().of(group, configs));
            known.put(group, last);
        }
        return last.parsed();
    }

    ShareLimits limits(String group) {
        GroupConfig config = of(group);
        return new ShareLimits(config.sharePartitionMaxRecordLocks(), config.shareDeliveryCountLimit(), config.shareRecordLockDurationMs(), config.shareRenewAcknowledgeEnable());
    }

    boolean committedOnly(String group) {
        return of(group).shareIsolationLevel() == IsolationLevel.READ_COMMITTED;
    }

    ShareGroupAutoOffsetResetStrategy reset(String group) {
        return of(group).shareAutoOffsetReset();
    }

    int maxSessions() {
        return settings.get().maxShareSessions();
    }
}
