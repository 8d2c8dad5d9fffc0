package io.firn.membership.entry;

import io.firn.membership.BrokerView;
import io.firn.membership.ClusterView;
import io.firn.membership.Command.ConfigScope;
import io.firn.membership.QuotaEntity;
import io.firn.membership.TopicView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * A view as the shortest list of entries that builds it, so that snapshots and journal share one format. Pure; the order is fixed, so equal views give
 * equal lists.
 */
public final class ViewEntries {

    private ViewEntries() {}

    /** Applying these in order to {@link ClusterView#EMPTY} gives the view, but for version and controller epoch. */
    public static List<Entry> of(ClusterView view) {
        List<Entry> entries = new ArrayList<>();
        if (!view.clusterId().isEmpty()) {
            entries.add(new Entry.ClusterFormed(view.clusterId()));
        }
        view.brokers().values().stream().sorted(Comparator.comparingInt(BrokerView::id)).map(Entry.BrokerRegistered::new).forEach(entries::add);
        view.topics().values().stream().sorted(Comparator.comparing(TopicView::name)).map(Entry.TopicCreated::new).forEach(entries::add);
        if (!view.deleted().all().isEmpty()) {
            entries.add(new Entry.DeletionsKnown(List.copyOf(view.deleted().all())));
        }
        new TreeMap<>(view.brokerConfigs()).forEach((id, configs) -> entries.add(configs(ConfigScope.BROKER, id < 0 ? "" : id.toString(), configs)));
        new TreeMap<>(view.groupConfigs()).forEach((group, configs) -> entries.add(configs(ConfigScope.GROUP, group, configs)));
        new TreeMap<>(view.clients().metrics()).forEach((name, configs) -> entries.add(configs(ConfigScope.CLIENT_METRICS, name, configs)));
        view.clients().quotas().entrySet().stream().sorted(Comparator.comparing(quotas -> order(quotas.getKey())))
                .forEach(quotas -> entries.add(new Entry.ClientQuotasChanged(quotas.getKey(), present(quotas.getValue()))));
        new TreeMap<>(view.clients().scram()).forEach((user, credentials) -> new TreeMap<>(credentials).forEach(
                (mechanism, credential) -> entries.add(new Entry.ScramCredentialChanged(user, mechanism, Optional.of(credential)))));
        if (view.nextProducerId() > 0) {
            entries.add(new Entry.ProducerIdsAllocated(view.nextProducerId()));
        }
        return entries;
    }

    private static Entry configs(ConfigScope scope, String name, Map<String, String> configs) {
        return new Entry.ConfigsChanged(scope, name, present(configs));
    }

    private static <V> Map<String, Optional<V>> present(Map<String, V> settings) {
        return settings.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, e -> Optional.of(e.getValue())));
    }

    /** Some order that depends on nothing but the entity. */
    private static String order(QuotaEntity entity) {
        return new TreeMap<>(entity.parts()).toString();
    }
}
