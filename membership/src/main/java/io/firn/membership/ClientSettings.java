package io.firn.membership;

import java.util.Map;
import org.pcollections.HashTreePMap;
import org.pcollections.PMap;

/**
 * What the cluster has agreed on about its clients. Immutable; its maps are persistent ones, as in {@link ClusterView}.
 *
 * @param metrics configs of client metrics subscriptions (KIP-714) by the subscription's name
 * @param quotas limits by their name, by whose they are
 * @param scram credentials by user
 */
public record ClientSettings(Map<String, Map<String, String>> metrics, Map<QuotaEntity, Map<String, Double>> quotas,
        Map<String, Map<ScramMechanism, ScramCredential>> scram) {

    public static final ClientSettings EMPTY = new ClientSettings(Map.of(), Map.of(), Map.of());

    public ClientSettings {
        metrics = persistent(metrics);
        quotas = persistent(quotas);
        scram = persistent(scram);
    }

    private static <K, V> PMap<K, V> persistent(Map<K, V> map) {
        return map instanceof PMap<K, V> already ? already : HashTreePMap.from(map);
    }
}
