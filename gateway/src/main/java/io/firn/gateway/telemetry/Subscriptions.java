package io.firn.gateway.telemetry;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.server.metrics.ClientMetricsConfigs;

/** All subscriptions of the cluster as of one view, ready to be matched. Immutable. */
final class Subscriptions {

    /** Looks at a character that all patterns together may take for one client: milliseconds. */
    private static final int MAX_LOOKS = 1_000_000;

    static final Subscriptions NONE = new Subscriptions(List.of());

    private final List<Subscription> all;

    private Subscriptions(List<Subscription> all) {
        this.all = all;
    }

    private record Subscription(List<String> metrics, int intervalMs, Map<String, Pattern> match) {}

    /**
     * What one client is asked for.
     *
     * @param metrics prefixes of names, in order; "*" alone for all; none when nothing is wanted
     * @param pushIntervalMs the shortest any subscription asks for
     * @param id changes when one of the others does
     */
    record Wanted(List<String> metrics, int pushIntervalMs, int id) {}

    /** @param configs of each subscription; they were checked before they were stored */
    static Subscriptions of(Map<String, Map<String, String>> configs) {
        List<Subscription> all = new ArrayList<>();
        configs.values().forEach(overrides -> {
            Properties properties = new Properties();
            properties.putAll(overrides);
            ClientMetricsConfigs parsed = new ClientMetricsConfigs(properties);
            all.add(new Subscription(parsed.getList(ClientMetricsConfigs.METRICS_CONFIG), parsed.getInt(ClientMetricsConfigs.INTERVAL_MS_CONFIG),
                    ClientMetricsConfigs.parseMatchingPatterns(parsed.getList(ClientMetricsConfigs.MATCH_CONFIG))));
        });
        return new Subscriptions(all);
    }

    Wanted wantedOf(Uuid instance, ClientAttributes client) {
        Set<String> metrics = new TreeSet<>();
        int intervalMs = ClientMetricsConfigs.INTERVAL_MS_DEFAULT;
        Effort effort = new Effort(MAX_LOOKS);
        for (Subscription subscription : all) {
            if (client.match(subscription.match(), effort)) {
                metrics.addAll(subscription.metrics());
                intervalMs = Math.min(intervalMs, subscription.intervalMs());
            }
        }
        List<String> asked = metrics.contains(ClientMetricsConfigs.ALL_SUBSCRIBED_METRICS) ? List.of(ClientMetricsConfigs.ALL_SUBSCRIBED_METRICS) : List.copyOf(metrics);
        return new Wanted(asked, intervalMs, id(instance, asked, intervalMs));
    }

    /** As KIP-714 proposes: a checksum of what is asked for, mixed with the client's id. */
    private static int id(Uuid instance, List<String> metrics, int intervalMs) {
        CRC32C checksum = new CRC32C();
        checksum.update((metrics.toString() + intervalMs).getBytes(StandardCharsets.UTF_8));
        return (int) checksum.getValue() ^ instance.hashCode();
    }
}
